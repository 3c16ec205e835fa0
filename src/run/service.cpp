#include "run/service.hpp"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include <cstdlib>
#include <fstream>

namespace vmspawn {

void tell_manager(const std::string& state) {
    sd_notify(0, state.c_str());
}

bool has_manager() {
    const char* socket = std::getenv("NOTIFY_SOCKET");
    return socket != nullptr && *socket != '\0';
}

bool is_machined(pid_t process) {
    std::ifstream file(fmt::format("/proc/{}/comm", process));
    std::string name;
    return std::getline(file, name) && name == "systemd-machine";  // the kernel keeps 15 letters
}

}  // namespace vmspawn
