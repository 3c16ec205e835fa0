#include "host/kvm.hpp"

#include "base/fd.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <linux/kvm.h>
#include <pwd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vmspawn {

namespace {

constexpr const char* kvm_device = "/dev/kvm";

std::string no_hardware_fix(const KvmLook& look) {
    if (look.hypervisor)
        return "this is a virtual machine: enable nested virtualisation for it on its host";
    return "enable virtualisation (VT-x, AMD-V, SVM) in the firmware's setup";
}

Kvm judge_missing(const KvmLook& look) {
    const std::string reason = "there is no /dev/kvm";
    if (!look.x86)
        return {false, reason, "use a kernel with KVM, booted at the hypervisor's exception level"};
    if (look.cpu.empty())
        return {false, reason + ", and this CPU shows no vmx or svm", no_hardware_fix(look)};
    return {false, reason, look.cpu == "vmx" ? "modprobe kvm_intel" : "modprobe kvm_amd"};
}

Kvm judge_denied(const KvmLook& look) {
    if (look.open_error != EACCES && look.open_error != EPERM)
        return {false, fmt::format("/dev/kvm cannot be opened: {}", std::strerror(look.open_error)), ""};
    if (look.group.empty())
        return {false, "/dev/kvm may be opened by its owner alone", fmt::format("setfacl -m u:{}:rw /dev/kvm", look.user)};
    if (look.member)
        return {false, fmt::format("/dev/kvm belongs to group {}, which this session is not in yet", look.group), "log out and in again"};
    return {false, fmt::format("/dev/kvm belongs to group {}, which {} is not in", look.group, look.user),
            fmt::format("usermod -aG {} {}   (as root; then log in again)", look.group, look.user)};
}

std::string read_cpuinfo() {
    // one read gives the beginning: the first CPU, and not the slow walk over all
    const Fd file(open("/proc/cpuinfo", O_RDONLY | O_CLOEXEC));
    std::array<char, 8192> buffer;
    const ssize_t got = file ? read(file.get(), buffer.data(), buffer.size()) : -1;
    return {buffer.data(), got < 0 ? 0 : static_cast<std::size_t>(got)};
}

std::string user_name() {
    const passwd* entry = getpwuid(geteuid());
    return entry != nullptr ? entry->pw_name : fmt::format("{}", geteuid());
}

void look_at_group(KvmLook& look) {
    look.user = user_name();
    struct stat found {};
    if (stat(kvm_device, &found) < 0 || found.st_gid == 0 || (found.st_mode & (S_IRGRP | S_IWGRP)) != (S_IRGRP | S_IWGRP))
        return;
    const group* entry = getgrgid(found.st_gid);
    look.group = entry != nullptr ? entry->gr_name : fmt::format("{}", found.st_gid);
    for (char** name = entry != nullptr ? entry->gr_mem : nullptr; name != nullptr && *name != nullptr; name++)
        look.member = look.member || look.user == *name;
}

std::set<std::string> confidential_technologies() {
    constexpr std::pair<const char*, const char*> parameters[] = {
        {"sev-snp", "/sys/module/kvm_amd/parameters/sev_snp"},
        {"tdx", "/sys/module/kvm_intel/parameters/tdx"},
    };
    std::set<std::string> technologies;
    for (const auto& [technology, path] : parameters) {
        const Fd file(open(path, O_RDONLY | O_CLOEXEC));
        char answer = 0;
        if (file && read(file.get(), &answer, 1) == 1 && is_switched_on({&answer, 1}))
            technologies.insert(technology);
    }
    return technologies;
}

/// Whether what was opened is KVM, and makes machines.
void look_at(int kvm, KvmLook& look) {
    look.exists = true;
    look.api = ioctl(kvm, KVM_GET_API_VERSION, 0);
    if (look.api != KVM_API_VERSION || (look.x86 && look.cpu.empty()))
        return;
    const Fd machine(ioctl(kvm, KVM_CREATE_VM, 0));
    look.create_error = machine ? 0 : errno;
}

void look_at_device(KvmLook& look) {
    if (const Fd kvm(open(kvm_device, O_RDWR | O_CLOEXEC)); kvm)
        return look_at(kvm.get(), look);
    look.exists = errno != ENOENT;
    look.open_error = errno;
    if (errno == EACCES || errno == EPERM)
        look_at_group(look);
}

}  // namespace

Kvm judge_kvm(const KvmLook& look) {
    if (!look.exists)
        return judge_missing(look);
    // before the question of rights: leave to open it would not help
    if (look.x86 && look.cpu.empty())
        return {false, look.device + " has no hardware behind it (this CPU shows no vmx or svm)", no_hardware_fix(look)};
    if (look.open_error != 0)
        return judge_denied(look);
    if (look.api != KVM_API_VERSION)
        return {false, look.device + " does not answer as KVM does", ""};
    if (look.create_error == EBUSY)
        return {false, "KVM cannot make a machine while another hypervisor holds the CPU", "end the other hypervisor (such as VirtualBox)"};
    if (look.create_error != 0)
        return {false, fmt::format("KVM cannot make a machine: {}", std::strerror(look.create_error)), ""};
    return {true, "", ""};
}

bool has_cpu_flag(std::string_view cpuinfo, std::string_view flag) {
    std::size_t line = cpuinfo.starts_with("flags") ? 0 : cpuinfo.find("\nflags");
    if (line == std::string_view::npos)
        return false;
    std::string_view flags = cpuinfo.substr(line + 1);
    flags = flags.substr(0, flags.find('\n'));
    flags.remove_prefix(std::min(flags.find(':') + 1, flags.size()));
    while (!flags.empty()) {
        const std::size_t end = std::min(flags.find(' '), flags.size());
        if (flags.substr(0, end) == flag)
            return true;
        flags.remove_prefix(std::min(end + 1, flags.size()));
    }
    return false;
}

std::string virtualisation_flag(std::string_view cpuinfo) {
    for (const std::string_view flag : {"vmx", "svm"})
        if (has_cpu_flag(cpuinfo, flag))
            return std::string(flag);
    return {};
}

bool is_switched_on(std::string_view parameter) {
    return parameter.starts_with('Y') || parameter.starts_with('1');
}

Kvm probe_kvm(std::string_view arch, int passed) {
    KvmLook look;
    look.x86 = arch == "x86_64" || arch == "i686" || arch == "i586" || arch == "i386";
    if (look.x86) {
        const std::string cpuinfo = read_cpuinfo();
        look.cpu = virtualisation_flag(cpuinfo);
        look.hypervisor = has_cpu_flag(cpuinfo, "hypervisor");
    }
    if (passed >= 0) {
        look.device = "the passed descriptor kvm";
        look_at(passed, look);
    } else {
        look_at_device(look);
    }
    Kvm kvm = judge_kvm(look);
    if (kvm.usable && look.x86)
        kvm.confidential = confidential_technologies();
    return kvm;
}

}  // namespace vmspawn
