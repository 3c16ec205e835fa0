// A command in the guest: a unit for the guest's systemd, which needs no agent there, and ports for its streams.
#include "base/text.hpp"
#include "plan/contributors.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <optional>

namespace vmspawn {

namespace {

constexpr const char* flag = "--exec";

// $1 is the command; $2 says that it wants a terminal, which script(1) makes where the guest has it. Pipes lie between it and the ports, as
// a port can be opened only once. It has a control group of its own: signals are for all who are in there (one that just ends is listed as
// 0), and nobody is left there when it has ended. What the shell itself says does not go where the command's errors go.
constexpr std::string_view runner = R"(ports=/dev/virtio-ports/vmspawn
IFS=: read -r _ _ group </proc/self/cgroup
group=/sys/fs/cgroup$group
mkdir "$group/input" "$group/command" && exec 3<>$ports.control || exit
unset JOURNAL_STREAM INVOCATION_ID SYSTEMD_EXEC_PID MEMORY_PRESSURE_WATCH MEMORY_PRESSURE_WRITE
to_end() { cat; printf '\036\004vmspawn: %s\004\036' 'end of stream'; }
[ -z "$2" ] || read -r _ rows columns <&3
while read -r word rows columns; do
    while read -r process; do
        case $process,$word in
        0,*) ;;
        *,size) stty rows "$rows" cols "$columns" <"/proc/$process/fd/0" 2>/dev/null ;;
        *) kill -s "$word" "$process" 2>/dev/null ;;
        esac
    done <"$group/command/cgroup.procs"
done <&3 &
[ -z "$2" ] || command -v script >/dev/null || set -- "$1"
echo "started $2" >&3
{
    {
        (echo 0 >"$group/input/cgroup.procs"; exec cat <$ports.input 3>&- 4>&- 5>&-) | {
            (
                echo 0 >"$group/command/cgroup.procs"
                cd; unset OLDPWD
                exec 2>&5 3>&- 4>&- 5>&-
                [ -z "$2" ] || SHELL=/bin/sh exec script -qefc "stty rows $rows cols $columns; $1" /dev/null
                exec sh -c "$1"
            )
            echo "ended $?" >&3
            echo 1 >"$group/command/cgroup.kill"
            echo 1 >"$group/input/cgroup.kill"
        }
    } 5>&1 >&4 | to_end >$ports.errors 3>&- 4>&-
} 4>&1 | to_end >$ports.output 3>&-
wait
)";

/// One argument of a unit's ExecStart=, where variables are not replaced.
std::string unit_quote(std::string_view text) {
    std::string quoted = "\"";
    for (const unsigned char c : text) {
        if (c == '\n')
            quoted += "\\n";
        else if (c < ' ' || c >= 0x7f)
            quoted += fmt::format("\\x{:02x}", c);
        else
            quoted += (c == '"' || c == '\\' || c == '%' ? std::string(1, c == '%' ? '%' : '\\') : "") + static_cast<char>(c);
    }
    return quoted + '"';
}

std::string unit(const std::string& command, const std::optional<std::string>& terminal) {
    std::string devices;
    for (const char* port : {"input", "output", "errors", "control"})
        devices += fmt::format(" dev-virtio\\x2dports-vmspawn.{}.device", port);
    return fmt::format(R"([Unit]
Description=Command of the host
Wants={0}
After=multi-user.target network-online.target{0}
SuccessAction=poweroff
FailureAction=poweroff
[Service]
Type=exec
User=root
IgnoreSIGPIPE=no
Delegate=yes
OOMPolicy=continue
StandardOutput=journal+console
StandardError=journal+console
{3}
ExecStart=:/bin/sh -c {1} vmspawn-exec {2}{4}
)",
                       devices, unit_quote(runner), unit_quote(command),
                       terminal ? "Environment=TERM=" + *terminal : "UnsetEnvironment=TERM", terminal ? " terminal" : "");
}

ResourceId add_port(Planning& p, const std::string& stream) {
    ResourceId id = "exec-" + stream;
    p.add({.id = id, .up = MakeChannel{}, .because = p.errand.command_at, .because_key = flag});
    Word chardev(fmt::format("socket,id={},", id));
    chardev += Late{id, Late::What::chardev};
    p.qemu.option("-chardev", std::move(chardev));
    p.qemu.device(
        {{"driver", "virtserialport"}, {"id", id + "-port"}, {"bus", "exec-serial.0"}, {"chardev", id}, {"name", "vmspawn." + stream}});
    return id;
}

}  // namespace

void plan_command(Planning& p) {
    if (!p.errand.command)
        return;
    if (!has_smbios(p)) {
        p.found.add(error(fmt::format("{}: the guest cannot be told a command", flag), p.errand.command_at)
                        .with_hint(fmt::format("a guest of {} has no SMBIOS without UEFI", p.arch.name))
                        .with_error(EOPNOTSUPP));
        return;
    }
    // A queue each way for every port, for the first, which is a console's alone, and for control; and one interrupt for each.
    constexpr int ports = 5;
    p.qemu.device({{"driver", "virtio-serial-pci"}, {"id", "exec-serial"}, {"max_ports", ports}, {"vectors", 2 * (ports + 1) + 1}});
    CommandPlan command{.text = *p.errand.command, .input = {}, .output = {}, .errors = {}, .control = {}};
    command.input = add_port(p, "input");
    command.output = add_port(p, "output");
    command.errors = add_port(p, "errors");
    command.control = add_port(p, "control");
    p.plan.command = std::move(command);
    const std::optional<std::string> terminal = caller_terminal(p);
    if (terminal)
        p.reason("the command has a terminal because standard input and output are one");
    p.plan.command->terminal = terminal.has_value();
    add_credential(p, "systemd.extra-unit.vmspawn-exec.service", {Text{unit(*p.errand.command, terminal)}}, flag);
    add_credential(p, "systemd.unit-dropin.default.target~vmspawn-exec", {Text{"[Unit]\nWants=vmspawn-exec.service\n"}}, flag);
    p.reason("the command is a unit of the guest's own systemd, of version 256 or newer: it is told by credentials");
}

}  // namespace vmspawn
