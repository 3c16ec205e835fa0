// The console: what the guest prints and, unless read-only, what the user types.
#include "plan/contributors.hpp"
#include "plan/files.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>

namespace vmspawn {

namespace {

/// Interactive needs a terminal to type on.
ConsoleMode effective_mode(Planning& p) {
    const ConsoleMode mode = p.machine.console.mode;
    if (mode != ConsoleMode::interactive || p.host.console == "terminal")
        return mode;
    p.reason("console.mode = read-only because standard input is no terminal");
    if (p.machine.said("console.mode"))
        p.plan.notices.emplace_back("the console is read-only: standard input is no terminal");
    return ConsoleMode::read_only;
}

ConsoleKind kind(ConsoleMode mode) {
    switch (mode) {
        case ConsoleMode::interactive:
            return ConsoleKind::interactive;
        case ConsoleMode::read_only:
            return ConsoleKind::read_only;
        case ConsoleMode::native:
            return ConsoleKind::transparent;
        case ConsoleMode::gui:
        case ConsoleMode::headless:
            return ConsoleKind::none;
    }
    return ConsoleKind::none;
}

/// Letters, digits and a little punctuation: nothing that could become a second kernel word.
bool is_terminal_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '_' || c == '.';
    });
}

void add_kernel_words(Planning& p, const std::string& device) {
    const auto term = p.host.environment.find("TERM");
    if (p.host.console == "terminal" && term != p.host.environment.end() && is_terminal_name(term->second)) {
        p.kernel_words.push_back("TERM=" + term->second);
        p.kernel_words.push_back("systemd.tty.term." + device + "=" + term->second);
    }
    p.kernel_words.push_back("console=" + device);
}

/// No display either way; -nographic also makes SeaBIOS and a disk's boot loader talk on the serial port. For a kernel booted
/// directly they would only clear the user's screen.
void add_display(Planning& p) {
    if (p.machine.console.transport == ConsoleTransport::serial && !p.machine.boot.linux_image)
        p.qemu.option("-nographic");
    else
        p.qemu.option("-display", "none");
}

/// QEMU itself writes the log, so that there is one without a console too.
std::string log_words(Planning& p) {
    const std::string key = "console.log";
    p.add({.id = "console-log",
           .up = OpenFile{.path = p.machine.console.log->string(), .append = true},
           .because = p.origin(key),
           .because_key = key});
    return ",logfile=" + p.qemu.fdset("console-log") + ",logappend=on";
}

void add_chardev(Planning& p, bool with_monitor) {
    Word chardev("null,id=console");
    if (p.plan.console.kind != ConsoleKind::none) {
        p.add({.id = "console", .up = MakeTerminal{}, .because = p.origin("console.mode"), .because_key = "console.mode"});
        p.plan.console.terminal = "console";
        chardev = Word("serial,id=console,");
        chardev += Late{"console", Late::What::chardev};
    }
    if (with_monitor)
        chardev += ",mux=on";
    if (p.machine.console.log)
        chardev += log_words(p);
    p.qemu.option("-chardev", std::move(chardev));
    if (with_monitor)
        p.qemu.option("-mon", "chardev=console,mode=readline");
}

/// A window of QEMU's own, in the graphical session that vmspawn was started in.
void add_window(Planning& p) {
    for (const char* name : {"WAYLAND_DISPLAY", "DISPLAY", "XAUTHORITY"})
        if (const auto found = p.host.environment.find(name); found != p.host.environment.end())
            p.qemu_environment.push_back(found->first + "=" + found->second);
    if (!p.host.environment.contains("WAYLAND_DISPLAY") && !p.host.environment.contains("DISPLAY"))
        p.found.add(error("console.mode = gui needs a graphical session", p.origin("console.mode"))
                        .with_hint("neither $WAYLAND_DISPLAY nor $DISPLAY is set")
                        .with_error(EOPNOTSUPP));
    p.qemu.device({{"driver", p.has("device/virtio-vga") ? "virtio-vga" : "virtio-gpu-pci"}, {"id", "display0"}});
    p.qemu.device({{"driver", "qemu-xhci"}, {"id", "usb0"}});
    p.qemu.device({{"driver", "usb-kbd"}, {"id", "keyboard0"}, {"bus", "usb0.0"}});
    p.qemu.device({{"driver", "usb-tablet"}, {"id", "pointer0"}, {"bus", "usb0.0"}});
    if (!p.has("chardev/qemu-vdagent"))
        return p.reason(fmt::format("no clipboard shared with the guest because QEMU {} has no vdagent", p.qemu_facts.version));
    p.qemu.option("-chardev", "qemu-vdagent,id=vdagent,name=vdagent,clipboard=on");
    p.qemu.device({{"driver", "virtio-serial-pci"}, {"id", "vdagent-serial"}});
    p.qemu.device({{"driver", "virtserialport"},
                   {"id", "vdagent-port"},
                   {"bus", "vdagent-serial.0"},
                   {"chardev", "vdagent"},
                   {"name", "com.redhat.spice.0"}});
}

}  // namespace

void plan_console(Planning& p) {
    const ConsoleMode mode = effective_mode(p);
    p.plan.console.kind = kind(mode);
    if (p.plan.console.kind == ConsoleKind::interactive)
        p.plan.notices.emplace_back("^] three times ends the machine, and ^]^]? shows the other keys");
    if (mode == ConsoleMode::gui)
        add_window(p);
    else
        add_display(p);
    if (p.plan.console.kind == ConsoleKind::none && !p.machine.console.log)
        return;

    add_chardev(p, mode == ConsoleMode::native);
    if (p.machine.console.transport == ConsoleTransport::serial) {
        p.qemu.option("-serial", "chardev:console");
        add_kernel_words(p, std::string(p.arch.serial_console));
    } else {
        p.qemu.device({{"driver", "virtio-serial-pci"}, {"id", "virtio-serial0"}});
        p.qemu.device({{"driver", "virtconsole"}, {"id", "console0"}, {"chardev", "console"}});
        add_kernel_words(p, "hvc0");
    }
}

}  // namespace vmspawn
