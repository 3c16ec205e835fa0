#include "run/service.hpp"

#include <systemd/sd-daemon.h>

namespace vmspawn {

void tell_manager(const std::string& state) {
    sd_notify(0, state.c_str());
}

}  // namespace vmspawn
