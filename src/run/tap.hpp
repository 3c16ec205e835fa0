// A tap interface of the host.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <string>

namespace vmspawn {

struct TapInterface {
    Fd tap;
    std::string name;
};
/// Made anew, with vnet headers as QEMU's virtio-net wants them; it goes with the last copy of the descriptor. EPERM without
/// CAP_NET_ADMIN, EBUSY when another has that name.
Result<TapInterface> make_tap(const std::string& name);

}  // namespace vmspawn
