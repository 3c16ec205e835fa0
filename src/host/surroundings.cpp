#include "host/surroundings.hpp"

#include "host/routes.hpp"
#include "host/seed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <linux/capability.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace vmspawn {

namespace {

/// What planning may read.
constexpr std::array planning_variables{"CREDENTIALS_DIRECTORY",
                                        "DISPLAY",
                                        "NO_COLOR",
                                        "RUNTIME_DIRECTORY",
                                        "SYSTEMD_ADJUST_TERMINAL_TITLE",
                                        "SYSTEMD_COLORS",
                                        "SYSTEMD_TINT_BACKGROUND",
                                        "SYSTEMD_VMSPAWN_NETWORK_MAC",
                                        "SYSTEMD_VMSPAWN_QEMU_EXTRA",
                                        "TERM",
                                        "WAYLAND_DISPLAY",
                                        "XAUTHORITY"};
constexpr std::array search_variables{"HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_DATA_DIRS", "XDG_RUNTIME_DIR", "XDG_STATE_HOME"};
constexpr std::array state_variables{"XDG_STATE_HOME", "HOME"};
constexpr std::array runtime_variables{"XDG_RUNTIME_DIR", "RUNTIME_DIRECTORY", "TMPDIR", "TEMP", "TMP"};

template <class Names>
std::map<std::string, std::string> variables(const Names& names) {
    std::map<std::string, std::string> found;
    for (const char* name : names)
        if (const char* value = secure_getenv(name))
            found[name] = value;
    return found;
}

std::uint32_t usable_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return static_cast<std::uint32_t>(CPU_COUNT(&set));
    const long online = sysconf(_SC_NPROCESSORS_ONLN);  // more CPUs than the set can hold
    return online > 0 ? static_cast<std::uint32_t>(online) : 1;
}

std::uint64_t physical_memory() {
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(size) : 0;
}

std::string absolute_or_empty(const std::map<std::string, std::string>& environment, const std::string& name) {
    const auto found = environment.find(name);
    if (found == environment.end() || !found->second.starts_with('/'))
        return {};
    std::string path = found->second;
    while (path.size() > 1 && path.ends_with('/'))
        path.pop_back();
    return path;
}

/// Of those in effect.
bool has_capability(unsigned number) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3]{};
    return syscall(SYS_capget, &header, sets) == 0 && (sets[CAP_TO_INDEX(number)].effective & CAP_TO_MASK(number)) != 0;
}

/// Its control group is there from its start to its end, in the one hierarchy or in systemd's own beside others.
bool runs_as_service(const char* name) {
    return std::ranges::any_of(std::array{"", "/unified", "/systemd"}, [name](const char* hierarchy) {
        return access(fmt::format("/sys/fs/cgroup{}/system.slice/{}.service", hierarchy, name).c_str(), F_OK) == 0;
    });
}

}  // namespace

std::string runtime_base(std::uint32_t uid, const std::map<std::string, std::string>& environment) {
    if (uid == 0)
        return "/run";
    if (std::string runtime = absolute_or_empty(environment, "XDG_RUNTIME_DIR"); !runtime.empty())
        return runtime;
    if (const std::string given = absolute_or_empty(environment, "RUNTIME_DIRECTORY");
        !given.empty())  // a service of a user without a login
        return given.substr(0, given.find(':'));
    std::string temporary = "/tmp";
    for (const char* name : {"TMP", "TEMP", "TMPDIR"})  // the last one that is set counts
        if (std::string value = absolute_or_empty(environment, name); !value.empty())
            temporary = value;
    return fmt::format("{}/vmspawn-{}", temporary == "/" ? "" : temporary, uid);
}

std::string state_base(std::uint32_t uid, const std::map<std::string, std::string>& environment) {
    if (uid == 0)
        return "/var/lib/vmspawn";
    if (const std::string state = absolute_or_empty(environment, "XDG_STATE_HOME"); !state.empty())
        return state + "/vmspawn";
    const std::string home = absolute_or_empty(environment, "HOME");
    return home.empty() ? "" : home + "/.local/state/vmspawn";
}

std::map<std::string, std::string> search_environment() {
    return variables(search_variables);
}

Host look_around() {
    Host host;
    utsname kernel{};
    uname(&kernel);
    host.arch = kernel.machine;
    host.uid = geteuid();
    host.gid = getegid();
    host.net_admin = has_capability(CAP_NET_ADMIN);
    host.cpus = usable_cpus();
    host.ram = physical_memory();
    host.seed = host_seed();
    host.runtime_base = runtime_base(host.uid, variables(runtime_variables));
    host.state_base = state_base(host.uid, variables(state_variables));
    host.console = isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0 ? "terminal" : "pipe";
    winsize size{};
    if (host.console == "terminal" && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
        host.rows = size.ws_row;
        host.columns = size.ws_col;
    }
    host.networkd = runs_as_service("systemd-networkd");
    host.routes = default_routes();
    host.environment = variables(planning_variables);
    return host;
}

}  // namespace vmspawn
