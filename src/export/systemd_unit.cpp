// A service of systemd that runs the definition, systemd.service(5). It reads the same file, so only what a service cannot have is lost.
#include "base/text.hpp"
#include "export/ledger.hpp"

#include <fmt/format.h>

#include <set>

namespace vmspawn {

namespace {

/// A value that stands for itself: no specifiers, one line and none that goes on.
std::string plain_text(std::string_view text) {
    std::string out;
    for (const char c : text)
        if (c == '%')
            out += "%%";
        else
            out += static_cast<unsigned char>(c) < ' ' || c == '\x7f' ? ' ' : c;
    while (out.ends_with('\\'))
        out.pop_back();
    return out;
}

/// One word of a command line, or one path of several, as systemd.syntax(7) has it.
std::string quoted(std::string_view word, bool has_variables) {
    std::string out;
    bool plain = !word.empty();
    for (const char c : word) {
        plain = plain && c != ' ' && c != ';' && c != '\'';
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7f')
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        else if (c == '"' || c == '\\')
            out += {'\\', c};
        else if (c == '%' || (c == '$' && has_variables))
            out += {c, c};
        else
            out += c;
    }
    plain = plain && out.find('\\') == std::string::npos;
    return plain ? out : '"' + out + '"';
}

/// The machine has a scope of its own where the definition says what is to be in it.
bool has_own_scope(const Machine& machine) {
    return machine.said("unit.slice") || machine.said("unit.properties") || machine.said("unit.keep");
}

std::string command(const Machine& machine, const ExportContext& context) {
    std::vector<std::string> words{context.program.string(), "run", "--quiet"};
    if (machine.console.mode != ConsoleMode::headless)
        words.emplace_back("--console=read-only");
    if (!has_own_scope(machine))
        words.emplace_back("--keep-unit");
    if (!context.profile.empty())
        words.push_back("--profile=" + context.profile);
    words.push_back(context.definition.string());
    std::string line;
    for (const std::string& word : words)
        line += (line.empty() ? "" : " ") + quoted(word, !line.empty());  // variables have no place in the program's own path
    return line;
}

/// The mount points below which these files lie are there first.
std::string paths_needed(const Machine& machine, const ExportContext& context) {
    std::set<std::string> paths{context.definition.parent_path()};
    const auto add = [&](const std::optional<Path>& path) {
        if (path && !path->native().starts_with("/dev/"))
            paths.insert(path->parent_path());
    };
    add(machine.image.path);
    add(machine.image.directory);
    add(machine.boot.linux_image);
    for (const Path& initrd : machine.boot.initrds)
        add(initrd);
    for (const Mount& mount : machine.mounts)
        add(mount.source);
    for (const Drive& drive : machine.drives)
        add(drive.path);
    std::string line;
    for (const std::string& path : paths)
        line += (line.empty() ? "" : " ") + quoted(path, false);
    return line;
}

/// vmspawn itself gives up at ready.timeout; the service manager is there for when it does not.
std::string start_timeout(const Machine& machine) {
    constexpr std::uint64_t second = 1'000'000, patience = 60;
    if (!machine.ready.notify || !machine.ready.timeout_us)
        return "2min";
    return *machine.ready.timeout_us == UINT64_MAX ? "infinity" : fmt::format("{}s", *machine.ready.timeout_us / second + patience);
}

void settle(const Machine& machine, Ledger& ledger) {
    const ConsoleMode mode = machine.console.mode;
    for (const auto& [key, origin] : machine.origins) {
        const bool by_flag = std::holds_alternative<FromArgument>(origin);
        if (by_flag)
            ledger.lost(key, "a flag says it, and the service reads the definition: say it there, or in a profile");
        else
            ledger.kept(key);
    }
    if (mode != ConsoleMode::read_only && mode != ConsoleMode::headless)
        ledger.lost("console.mode", mode == ConsoleMode::gui ? "a service has no graphical session: the console goes to the journal"
                                                             : "a service has no terminal: the console goes to the journal");
    ledger.lost("console.background", "the journal has no colours");
}

std::string unit_text(const Machine& machine, const ExportContext& context) {
    const bool user = machine.unit.scope == Scope::user;
    const std::string folder = user ? "~/.config/systemd/user" : "/etc/systemd/system";
    const std::string about = machine.description.empty() ? "Virtual machine " + machine.name : machine.description;
    std::string text = fmt::format(
        "# The machine {0} in the background: put this into {1}/{0}.service.\n"
        "[Unit]\nDescription={2}\nDocumentation=man:vmspawn(1)\n",
        machine.name, folder, plain_text(about));
    if (!user)
        text +=
            "Wants=network-online.target modprobe@tun.service modprobe@vhost_vsock.service\n"
            "After=network-online.target modprobe@tun.service modprobe@vhost_vsock.service\n";
    text += fmt::format("RequiresMountsFor={}\n\n[Service]\nType=notify\nExecStart={}\nTimeoutStartSec={}\n",
                        paths_needed(machine, context), command(machine, context), start_timeout(machine));
    text += "# vmspawn powers the guest off on SIGTERM, waits, and only then kills: let it.\nKillMode=mixed\nTimeoutStopSec=60\n";
    if (!user)
        text += "Slice=machine.slice\n";
    return text + fmt::format("\n[Install]\nWantedBy={}\n", user ? "default.target" : "multi-user.target");
}

}  // namespace

Export export_systemd_unit(const Machine& machine, const ExportContext& context) {
    Ledger ledger(machine);
    settle(machine, ledger);
    Export exported{.losses = ledger.losses("a service has nothing for it")};
    for (const Loss& loss : exported.losses)
        exported.text += printable(fmt::format("# lost: {}: {}", loss.key, loss.reason)) + "\n";
    exported.text += unit_text(machine, context);
    return exported;
}

}  // namespace vmspawn
