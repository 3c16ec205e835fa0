// The console: what the guest prints and, unless read-only, what the user types.
#include "base/text.hpp"
#include "plan/contributors.hpp"
#include "plan/files.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>

namespace vmspawn {

namespace {

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

/// Without a word about it, it is interactive where there is a terminal to type on and to look at.
ConsoleMode effective_mode(Planning& p) {
    const ConsoleMode mode = p.machine.console.mode;
    if (p.errand.command && kind(mode) != ConsoleKind::none) {
        p.reason("the console is not shown because standard input and output are the command's");
        return ConsoleMode::read_only;
    }
    if (mode != ConsoleMode::interactive || p.host.console == "terminal")
        return mode;
    if (p.host.console == "background") {
        p.reason("no terminal has the console because of --detach; vmspawn console attaches one");
        return ConsoleMode::read_only;
    }
    if (p.machine.said("console.mode"))
        return mode;
    p.reason("console.mode = read-only because standard input and output are not both terminals");
    return ConsoleMode::read_only;
}

/// As systemd reads a variable: what is no word for "no" is one for "yes".
bool is_off(const Planning& p, const std::string& variable) {
    constexpr std::string_view words[] = {"0", "no", "n", "false", "f", "off"};
    const auto found = p.host.environment.find(variable);
    return found != p.host.environment.end() && std::ranges::find(words, found->second) != std::end(words);
}

bool is_set(const Planning& p, const std::string& variable) {
    const auto found = p.host.environment.find(variable);
    return found != p.host.environment.end() && !found->second.empty();
}

/// Why the caller's terminal shows nothing but the guest's output; empty: it does.
std::string objection_to_looks(const Planning& p) {
    if (p.host.console != "terminal")
        return "there is no terminal";
    if (!is_set(p, "TERM") || p.host.environment.at("TERM") == "dumb")
        return "$TERM says that the terminal is a simple one";
    return "";
}

std::string objection_to_colours(const Planning& p) {
    if (is_off(p, "SYSTEMD_COLORS"))
        return "$SYSTEMD_COLORS says so";
    return is_set(p, "NO_COLOR") && !is_set(p, "SYSTEMD_COLORS") ? "$NO_COLOR is set" : "";
}

void plan_look(Planning& p, ConsoleMode mode) {
    const std::optional<std::string>& said = p.machine.console.background;
    const std::string no_look = objection_to_looks(p);
    const std::string no_colour = no_look.empty() ? objection_to_colours(p) : no_look;
    if (!no_colour.empty() && said && !said->empty())
        p.reason(fmt::format("no background colour, although console.background = {}, because {}", *said, no_colour));
    if (!no_look.empty())
        return;
    ConsoleLook look{.machine = p.machine.name, .title = !is_off(p, "SYSTEMD_ADJUST_TERMINAL_TITLE"), .background = ""};
    if (p.name_is_drawn())
        look.machine = Word() += Late{"runtime-dir", Late::What::name};
    const bool is_coloured = no_colour.empty() && (mode == ConsoleMode::interactive || mode == ConsoleMode::read_only);
    if (is_coloured)
        look.background = said.value_or("");
    look.tint = is_coloured && !said && !is_off(p, "SYSTEMD_TINT_BACKGROUND");
    p.plan.console.look = std::move(look);
}

/// Letters, digits and a little punctuation: nothing that could become a second kernel word.
bool is_terminal_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 &&
           std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '+' || c == '_' || c == '.'; });
}

void add_kernel_words(Planning& p, const std::string& device) {
    if (const auto terminal = caller_terminal(p)) {
        p.kernel_words.push_back("TERM=" + *terminal);
        p.kernel_words.push_back("systemd.tty.term." + device + "=" + *terminal);
        if (p.host.rows > 0 && p.host.columns > 0) {
            // Neither device can tell the guest; systemd gives programs on the console this size, and not 80 by 24.
            p.kernel_words.push_back(fmt::format("systemd.tty.rows.{}={}", device, p.host.rows));
            p.kernel_words.push_back(fmt::format("systemd.tty.columns.{}={}", device, p.host.columns));
        }
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

std::optional<std::string> caller_terminal(const Planning& p) {
    const auto term = p.host.environment.find("TERM");
    const bool known = p.host.console == "terminal" && term != p.host.environment.end() && is_terminal_name(term->second);
    return known ? std::optional(term->second) : std::nullopt;
}

void plan_console(Planning& p) {
    const ConsoleMode mode = effective_mode(p);
    p.plan.console.kind = kind(mode);
    p.plan.console.types = kind(p.machine.console.mode) == ConsoleKind::interactive || mode == ConsoleMode::native;
    if (p.errand.command && p.plan.console.kind != ConsoleKind::none)
        p.plan.console.kind = ConsoleKind::kept;
    if (p.plan.console.kind == ConsoleKind::interactive) {
        if (p.host.console == "terminal")
            p.plan.notices.emplace_back("^] three times ends the machine, and ^]^]? shows the other keys");
        if (p.machine.console.transport == ConsoleTransport::virtio)
            p.plan.console.when_blank = "firmware, boot loaders and the kernel's first words show only with console.transport = \"serial\"";
    }
    if (mode == ConsoleMode::gui)
        add_window(p);
    else
        add_display(p);
    if (p.plan.console.kind == ConsoleKind::none && !p.machine.console.log)
        return;

    if (p.plan.console.kind != ConsoleKind::none && p.plan.console.kind != ConsoleKind::kept)
        plan_look(p, mode);
    add_chardev(p, mode == ConsoleMode::native);
    if (p.machine.console.transport == ConsoleTransport::serial) {
        p.qemu.option("-serial", "chardev:console");
        add_kernel_words(p, std::string(p.arch.serial_console));
    } else {
        // One port, and an interrupt for each of its queues: Linux turns one off that too much output made look spurious, and typing with
        // it.
        p.qemu.device({{"driver", "virtio-serial-pci"}, {"id", "virtio-serial0"}, {"max_ports", 2}, {"vectors", 7}});
        p.qemu.device({{"driver", "virtconsole"}, {"id", "console0"}, {"chardev", "console"}});
        add_kernel_words(p, "hvc0");
    }
}

}  // namespace vmspawn
