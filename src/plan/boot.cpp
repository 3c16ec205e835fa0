// Kernel, initrds, kernel words, and which firmware starts it all.
#include "base/text.hpp"
#include "plan/contributors.hpp"
#include "plan/firmware.hpp"
#include "plan/kernel.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace vmspawn {

namespace {

void add_file(Planning& p, const ResourceId& id, std::string_view option, Action action, const std::string& key) {
    p.add({.id = id, .up = std::move(action), .because = p.origin(key), .because_key = key});
    Word word;
    word += Late{id, Late::What::path};
    p.qemu.option(std::string(option), std::move(word));
}

/// One is handed over as it is; several are joined, each on a boundary of four bytes as the kernel wants them.
Action initrd_action(const std::vector<std::string>& paths, const std::vector<Piece>& credentials) {
    if (paths.size() == 1 && credentials.empty())
        return OpenFile{.path = paths.front()};
    MakeMemory memory;
    for (const std::string& path : paths) {
        if (!memory.pieces.empty())
            memory.pieces.emplace_back(Align{4});
        memory.pieces.emplace_back(FileContent{.path = path});
    }
    if (!memory.pieces.empty() && !credentials.empty())
        memory.pieces.emplace_back(Align{4});
    memory.pieces.insert(memory.pieces.end(), credentials.begin(), credentials.end());
    return memory;
}

void add_initrds(Planning& p, const DirectKernel& kernel) {
    if (!kernel.initrds.empty() || !p.initrd_credentials.empty())
        add_file(p, "initrd", "-initrd", initrd_action(kernel.initrds, p.initrd_credentials),
                 p.machine.boot.initrds.empty() ? kernel.key : "boot.initrd");
}

/// A boot entry's words, then vmspawn's own, then the user's, so that they win where the kernel takes the last, but for those of
/// plan_root that callers of systemd-vmspawn find last. They are joined as they are: a value with blanks is quoted by whoever writes it, as
/// the kernel wants it.
std::string kernel_command_line(const Planning& p) {
    std::vector<std::string> words = p.kernel_words;
    if (p.kernel && !p.kernel->options.empty())
        words.insert(words.begin(), p.kernel->options);
    words.insert(words.end(), p.machine.boot.cmdline.begin(), p.machine.boot.cmdline.end());
    words.insert(words.end(), p.last_kernel_words.begin(), p.last_kernel_words.end());
    return fmt::format("{}", fmt::join(words, " "));
}

/// At start an x86 kernel counts the ticks of its timer against the clock of the processor, and hangs when they are few. On a busy host
/// an emulated machine loses ticks; under KVM the kernel skips the test by itself.
void trust_timer(Planning& p) {
    if (p.kvm || p.arch.name != "x86_64")
        return;
    p.kernel_words.emplace_back("no_timer_check");
    p.reason(
        "no_timer_check among the kernel words because an emulated timer may lose ticks on a busy host, and the kernel would not start");
}

void warn_of_credentials(Planning& p) {
    const std::vector<std::string>& words = p.machine.boot.cmdline;
    for (std::size_t i = 0; i < words.size(); ++i)
        if (words[i].find("systemd.set_credential") != std::string::npos) {
            const std::string key = element_key("boot.cmdline", i);
            p.found.add(warning("a credential among the kernel words can be read by every user of this host", p.origin(key))
                            .with_hint("[credentials] keeps it secret"));
        }
}

/// A kernel that starts as an EFI program takes its own words and those of two strings: systemd-stub reads the one in a unified kernel
/// image, systemd-boot the other for its own entries.
void add_by_smbios(Planning& p, const std::string& line) {
    constexpr std::string_view channels[] = {"stub", "boot"};
    for (const std::string_view channel : channels)
        add_smbios_string(p, fmt::format("smbios.{}-words", channel),
                          {Text{fmt::format("io.systemd.{}.kernel-cmdline-extra={}", channel, line)}}, "boot.cmdline");
}

/// By the channel that the boot path reads.
void add_command_line(Planning& p, bool direct) {
    const std::string line = kernel_command_line(p);
    warn_of_credentials(p);
    if (line.size() >= p.arch.command_line)
        p.found.add(error(fmt::format("the kernel's words are {} bytes long", line.size()), p.origin("boot.cmdline"))
                        .with_hint(fmt::format("a kernel of {} takes {}", p.arch.name, p.arch.command_line - 1)));
    if (line.empty())
        return;
    if (direct)
        p.qemu.option("-append", line);
    else if (has_smbios(p))
        add_by_smbios(p, line);
    else if (!p.machine.boot.cmdline.empty())
        miss(p, error("boot.cmdline does not reach the kernel", p.origin("boot.cmdline"))
                    .with_hint(fmt::format("a guest of {} has no SMBIOS, which would carry it", p.arch.name)));
    else
        p.reason(fmt::format("the guest is not told \"{}\" because a guest of {} has no SMBIOS, which would carry it", line, p.arch.name));
}

}  // namespace

void plan_boot(Planning& p) {
    const Boot& boot = p.machine.boot;
    if (p.kernel) {
        add_file(p, "kernel", "-kernel", kernel_action(p, p.host.files.at(p.kernel->path)), p.kernel->key);
        add_initrds(p, *p.kernel);
        if (!p.kernel->devicetree.empty())
            add_file(p, "devicetree", "-dtb", OpenFile{.path = p.kernel->devicetree}, p.kernel->key);
        trust_timer(p);
        add_command_line(p, p.kernel->format != "uki");  // a unified kernel image would lose its own words to those of -append
        return;
    }
    if (boot.linux_image || p.machine.image.directory)
        return;  // plan_kernel said why there is none
    if (p.firmware) {
        trust_timer(p);
        return add_command_line(p, false);
    }
    if (may_need_uefi(p.machine))
        return;  // it could not be had, which is said already
    if (!boot.cmdline.empty())
        miss(p, error("boot.cmdline does not reach a disk's own boot loader", p.origin("boot.cmdline"))
                    .with_hint("set boot.linux, or put the words into the image"));
    else if (!p.kernel_words.empty())
        p.reason(fmt::format("the guest is not told \"{}\" because a disk's own boot loader takes no words from outside",
                             fmt::join(p.kernel_words, " ")));
}

}  // namespace vmspawn
