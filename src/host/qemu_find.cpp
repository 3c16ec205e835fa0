#include "host/qemu_find.hpp"

#include "host/search_path.hpp"

#include <array>
#include <utility>

namespace vmspawn {

std::string qemu_arch(std::string_view arch) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 12> names{{
        {"i486", "i386"},
        {"i586", "i386"},
        {"i686", "i386"},
        {"armv6l", "arm"},
        {"armv7l", "arm"},
        {"armv8l", "arm"},
        {"parisc", "hppa"},
        {"parisc64", "hppa"},
        {"ppc64le", "ppc64"},
        {"mips64", "mips64el"},
        {"mips", "mipsel"},
        {"s390", "s390x"},
    }};
    for (const auto& [machine, qemu] : names)
        if (machine == arch)
            return std::string(qemu);
    return std::string(arch);
}

std::vector<std::string> qemu_candidates(std::string_view arch, std::string_view native) {
    std::vector<std::string> candidates;
    if (arch == native)
        candidates = {"qemu", "qemu-kvm", "/usr/libexec/qemu-kvm"};
    candidates.push_back("qemu-system-" + qemu_arch(arch));
    return candidates;
}

std::string find_qemu(std::string_view arch, std::string_view native) {
    const std::string path = executable_path();
    for (const std::string& candidate : qemu_candidates(arch, native))
        if (std::string found = search_path(candidate, path); !found.empty())
            return found;
    return {};
}

}  // namespace vmspawn
