// Kernel, initrds, kernel words, and which firmware starts it all.
#include "base/text.hpp"
#include "plan/contributors.hpp"
#include "plan/kernel.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace vmspawn {

namespace {

void refuse_uefi(Planning& p, std::string_view because, std::string_view key) {
    p.found.add(error(fmt::format("{}, and UEFI firmware is not supported yet", because),
                      p.origin(p.machine.said("boot.firmware") ? "boot.firmware" : key))
                    .with_hint(p.machine.boot.linux_image ? "give a plain kernel"
                                                          : "boot.firmware = \"bios\" starts a disk with a BIOS boot loader")
                    .with_error(EOPNOTSUPP));
}

void refuse_bios(Planning& p) {
    p.found.add(error(fmt::format("boot.firmware = \"bios\": there is no BIOS for {} guests", p.arch.name), p.origin("boot.firmware"))
                    .with_error(EOPNOTSUPP));
}

void check_kernel_firmware(Planning& p, const DirectKernel& kernel) {
    const FirmwareKind wanted = p.machine.boot.firmware;
    if (kernel.format == "uki")
        refuse_uefi(p, fmt::format("{} is a unified kernel image: it starts from UEFI", kernel.key), kernel.key);
    else if (wanted == FirmwareKind::uefi || wanted == FirmwareKind::descriptor)
        refuse_uefi(p, "boot.firmware asks for UEFI", "boot.firmware");
    else if (wanted == FirmwareKind::automatic)
        p.reason("firmware = none because a plain kernel is booted directly and boot.firmware = auto");
    else if (wanted == FirmwareKind::bios && !p.arch.bios)
        refuse_bios(p);
}

void check_disk_firmware(Planning& p) {
    switch (p.machine.boot.firmware) {
        case FirmwareKind::automatic:
            refuse_uefi(p, "a disk boots from UEFI under boot.firmware = auto", "image.path");
            break;
        case FirmwareKind::uefi:
        case FirmwareKind::descriptor:
            refuse_uefi(p, "boot.firmware asks for UEFI", "boot.firmware");
            break;
        case FirmwareKind::none:
            p.found.add(error("boot.firmware = \"none\" leaves nothing that could boot the disk", p.origin("boot.firmware"))
                            .with_hint("set boot.linux, or boot.firmware = \"bios\""));
            break;
        case FirmwareKind::bios:
            if (!p.arch.bios)
                refuse_bios(p);
            break;
    }
}

void add_file(Planning& p, const ResourceId& id, std::string_view option, Action action, const std::string& key) {
    p.add({.id = id, .up = std::move(action), .because = p.origin(key), .because_key = key});
    Word word;
    word += Late{id, Late::What::path};
    p.qemu.option(std::string(option), std::move(word));
}

/// One is handed over as it is; several are joined, each on a boundary of four bytes as the kernel wants them.
Action initrd_action(const std::vector<std::string>& paths) {
    if (paths.size() == 1)
        return OpenFile{.path = paths.front()};
    MakeMemory memory;
    for (const std::string& path : paths) {
        if (!memory.pieces.empty())
            memory.pieces.emplace_back(Align{4});
        memory.pieces.emplace_back(FileContent{.path = path});
    }
    return memory;
}

void add_initrds(Planning& p, const DirectKernel& kernel) {
    if (!kernel.initrds.empty())
        add_file(p, "initrd", "-initrd", initrd_action(kernel.initrds), p.machine.boot.initrds.empty() ? kernel.key : "boot.initrd");
}

/// A boot entry's words, then vmspawn's own, then the user's, so that they win where the kernel takes the last. They are joined as they
/// are: a value with blanks is quoted by whoever writes it, as the kernel wants it.
std::string command_line(const Planning& p) {
    std::vector<std::string> words = p.kernel_words;
    if (p.kernel && !p.kernel->options.empty())
        words.insert(words.begin(), p.kernel->options);
    words.insert(words.end(), p.machine.boot.cmdline.begin(), p.machine.boot.cmdline.end());
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

void add_command_line(Planning& p) {
    const std::string line = command_line(p);
    warn_of_credentials(p);
    if (line.size() >= p.arch.command_line)
        p.found.add(error(fmt::format("the kernel's words are {} bytes long", line.size()), p.origin("boot.cmdline"))
                        .with_hint(fmt::format("a kernel of {} takes {}", p.arch.name, p.arch.command_line - 1)));
    if (!line.empty())
        p.qemu.option("-append", line);
}

}  // namespace

void plan_boot(Planning& p) {
    const Boot& boot = p.machine.boot;
    if (p.kernel) {
        check_kernel_firmware(p, *p.kernel);
        add_file(p, "kernel", "-kernel", kernel_action(p, p.host.files.at(p.kernel->path)), p.kernel->key);
        add_initrds(p, *p.kernel);
        if (!p.kernel->devicetree.empty())
            add_file(p, "devicetree", "-dtb", OpenFile{.path = p.kernel->devicetree}, p.kernel->key);
        trust_timer(p);
        add_command_line(p);
        return;
    }
    if (boot.linux_image || p.machine.image.directory)
        return;  // plan_kernel said why there is none
    check_disk_firmware(p);
    if (!boot.cmdline.empty())
        p.found.add(error("boot.cmdline does not reach a disk's own boot loader", p.origin("boot.cmdline"))
                        .with_hint("set boot.linux, or put the words into the image"));
    else if (!p.kernel_words.empty())
        p.reason(fmt::format("the guest is not told \"{}\" because a disk's own boot loader takes no words from outside",
                             fmt::join(p.kernel_words, " ")));
}

}  // namespace vmspawn
