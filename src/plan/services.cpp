#include "plan/services.hpp"

namespace vmspawn {

const Services& services_of(bool user) {
    static const Services of_system{.user = false,
                                    .manager = "/run/systemd/system",
                                    .bus = "/run/dbus/system_bus_socket",
                                    .machined = "/usr/share/dbus-1/system-services/org.freedesktop.machine1.service",
                                    .machined_socket = "/run/systemd/machine/io.systemd.Machine",
                                    .logind = "/usr/share/dbus-1/system-services/org.freedesktop.login1.service",
                                    .nsresourced = "/run/systemd/io.systemd.NamespaceResource"};
    static const Services of_user{.user = true,
                                  .manager = "systemd/private",
                                  .bus = "bus",
                                  .machined = "/usr/share/dbus-1/services/org.freedesktop.machine1.service",
                                  .machined_socket = "systemd/machine/io.systemd.Machine"};
    return user ? of_user : of_system;
}

bool is_there(const Host& host, const std::string& subject) {
    const auto found = host.files.find(service_path(host, subject));
    return found != host.files.end() && found->second.type != FileAnswer::Type::missing;
}

}  // namespace vmspawn
