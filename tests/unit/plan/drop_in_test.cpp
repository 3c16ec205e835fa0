// Command lines of systemd-vmspawn, planned: what cannot be had here is a warning for its callers, and they go without.
#include "config/arguments.hpp"
#include "config/decode.hpp"
#include "config/merge.hpp"
#include "planned.hpp"

#include <gmock/gmock.h>

namespace vmspawn {
namespace {

using testing::ElementsAre;

using Words = std::vector<const char*>;

Planned called(Words words, const Host& host = plain_host(), const char* program = "systemd-vmspawn") {
    words.insert(words.begin(), program);
    Diagnostics found;
    const Merged merged = merge(language(), {}, parse_arguments(language(), words, found), found);
    const Machine machine = decode(merged, {"/defs", "/home/u", "a-host"}, found).machine;
    EXPECT_FALSE(found.has_errors()) << found.begin()->summary;
    Planned made = planned(machine, host);
    found.append(std::move(made.found));
    made.found = std::move(found);
    return made;
}

/// The same flags, as vmspawn.
Planned ours(Words words, const Host& host = plain_host()) {
    words.insert(words.begin(), "run");
    return called(std::move(words), host, "vmspawn");
}

/// "warning --vsock=: …", the flag first.
std::vector<std::string> told(const Planned& made) {
    std::vector<std::string> lines;
    for (const Diagnostic& one : made.found)
        lines.push_back((one.severity == Severity::error ? "error " : "warning ") + to_string(one.at) + ": " + one.summary);
    return lines;
}


TEST(DropIn, KernelWordsThatReachNobodyAreLeftOut) {
    Host host = plain_host();
    host.arch = "riscv64";
    Firmware firmware = firmware_of("riscv", {});
    firmware.targets = {{"riscv64", {"virt*"}}};
    host.firmware = {firmware};
    host.qemu["riscv64"].machines = {{"virt", "virt-7.2"}};
    const Words words{"-i", "a.raw", "--console=headless", "my=word"};
    const Planned made = called(words, host);
    EXPECT_THAT(told(made), ElementsAre("warning my=word: boot.cmdline does not reach the kernel"));
    EXPECT_EQ(ours({"-i", "a.raw", "--console=headless", "--", "my=word"}, host).found.status(), EINVAL);
}

}  // namespace
}  // namespace vmspawn
