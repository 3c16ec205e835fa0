#include "run/tap.hpp"

#include <cerrno>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <utility>

namespace vmspawn {

Result<TapInterface> make_tap(const std::string& name) {
    ifreq request{};
    if (name.size() >= sizeof request.ifr_name)
        return Failure{ENAMETOOLONG, "make the interface " + name, ""};
    Fd fd(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
    if (!fd)
        return failed("open /dev/net/tun");
    // TUN_EXCL: one that was there before, of somebody who made it to stay, is not ours to take.
    request.ifr_flags = static_cast<short>(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL);
    name.copy(request.ifr_name, name.size());
    if (ioctl(fd.get(), TUNSETIFF, &request) < 0)
        return failed("make the interface " + name);
    return TapInterface{.tap = std::move(fd), .name = name};
}

}  // namespace vmspawn
