// A small machine, a host that can run it, and ways to look at the plan they make.
#pragma once

#include "plan/planner.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

/// "test" in /defs, home /home/u: /defs/vmlinuz booted directly, a console on the serial port.
Machine direct_machine();
/// "test" in /defs: /defs/disk.raw started by a BIOS.
Machine disk_machine();
/// x86_64 without KVM, QEMU 7.2 with the usual features, standard input a terminal, TERM=xterm.
Host plain_host();
Host aarch64_host();
/// With KVM, SEV-SNP and TDX, a plain kernel at /defs/vmlinuz and the firmware "usual", "snp" and "tdx".
Host confidential_host();

FileAnswer regular_file(std::string identity, std::uint64_t size = 1000);
/// The origin of a value that stands in line 3 of /defs/test.vmspawn.
Origin said_here();

struct Planned {
    Plan plan;
    Diagnostics found;

    /// Of QEMU's words, the values that follow `flag`, in the spelling of golden files.
    [[nodiscard]] std::vector<std::string> values(std::string_view flag) const;
    [[nodiscard]] bool has_word(std::string_view word) const;
    [[nodiscard]] std::vector<std::string> reasons() const;
    [[nodiscard]] std::vector<std::string> summaries() const;
    [[nodiscard]] const Resource& at(std::string_view id) const;
};

/// The arguments of the program that a resource starts, in the spelling of golden files.
std::vector<std::string> words_of(const Plan& plan, std::string_view id);
std::vector<std::string> words_of(const Planned& made, std::string_view id);

inline const Virtiofsd modern_virtiofsd{
    "/usr/libexec/virtiofsd", "1.13.2", {"announce-submounts", "modcaps", "readonly", "shared-dir", "translate-uid"}};
inline const Virtiofsd old_virtiofsd{"/usr/lib/qemu/virtiofsd", "7.2.22", {}};

/// A split flash with raw files, for x86_64 and aarch64.
Firmware firmware_of(std::string name, std::set<std::string> features);

/// Every file that the machine names and `host` does not know is a regular one, state is missing and could be made, and the firmware
/// is 10-enrolled, 20-plain and 30-secure.
Planned planned(const Machine& machine, Host host = plain_host(), const Errand& errand = {});

}  // namespace vmspawn
