#include "run/supervisor.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace vmspawn {

bool qemu_failed(const Facts& facts) {
    if (facts.broken || facts.helper)
        return true;
    if (!facts.qemu)
        return false;
    if (facts.qemu->signalled)
        return !facts.killed || (facts.qemu->code != SIGTERM && facts.qemu->code != SIGKILL);
    // A panic may make QEMU end with 1 (-action panic=exit-failure): that is the guest's failure.
    if (facts.qemu->code != 0)
        return !facts.panicked;
    return !facts.orderly && !facts.killed;
}

int verdict(const Facts& facts) {
    if (facts.bring_up_error)
        return std::clamp(*facts.bring_up_error, 1, 255);
    if (qemu_failed(facts))
        return EIO;
    if (facts.panicked)
        return 255;
    if (facts.timed_out)
        return ETIMEDOUT;
    if (facts.command_status)
        return *facts.command_status;
    if (facts.has_command)
        return facts.asked_by ? 128 + *facts.asked_by : EIO;
    if (facts.guest_status)
        return *facts.guest_status;
    const bool powered_off = facts.orderly && !(facts.qemu && facts.qemu->signalled);
    if (facts.asked_by && !powered_off)
        return 128 + *facts.asked_by;
    return 0;
}

}  // namespace vmspawn
