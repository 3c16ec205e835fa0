// Console, TPM and vsock.
#include "export/libvirt.hpp"

namespace vmspawn {

namespace {

/// Both speak on the same pseudo terminal: `virsh console`.
void add_pty(Domain& d) {
    const Console& console = d.machine.console;
    const auto add_log = [&](pugi::xml_node node) {
        if (console.log)
            append(node, "log", {{"file", d.path("console.log", *console.log)}, {"append", "on"}});
        return node;
    };
    if (console.transport == ConsoleTransport::serial) {
        append(add_log(append(d.devices, "serial", {{"type", "pty"}})), "target", {{"port", "0"}});
        append(append(d.devices, "console", {{"type", "pty"}}), "target", {{"type", "serial"}, {"port", "0"}});
        d.words.push_back("console=" + serial_device(d.arch));
    } else {
        append(add_log(append(d.devices, "console", {{"type", "pty"}})), "target", {{"type", "virtio"}, {"port", "0"}});
        d.words.emplace_back("console=hvc0");
    }
}

/// A window of virt-viewer's.
void add_window(Domain& d) {
    append(d.devices, "input", {{"type", "tablet"}, {"bus", "usb"}});
    append(d.devices, "input", {{"type", "keyboard"}, {"bus", "usb"}});
    append(d.devices, "graphics", {{"type", "vnc"}, {"autoport", "yes"}, {"listen", "127.0.0.1"}});
    append(append(d.devices, "video"), "model", {{"type", "virtio"}, {"heads", "1"}});
}

/// The host could read and change that of a confidential guest.
bool has_tpm(const Domain& d) {
    const bool may_have = d.arch != Arch::riscv64 && d.machine.boot.confidential == Confidential::no;
    return d.machine.tpm.enabled != Want::no && may_have;
}

void add_tpm(Domain& d) {
    const Tpm& tpm = d.machine.tpm;
    if (has_tpm(d)) {
        pugi::xml_node backend =
            append(append(d.devices, "tpm", {{"model", "tpm-tis"}}), "backend", {{"type", "emulator"}, {"version", "2.0"}});
        if (tpm.state.kind == StateKind::at)
            append(backend, "source", {{"type", "dir"}, {"path", d.path("tpm.state", tpm.state.path)}});
    }
    d.ledger.settle("tpm.enabled", tpm.enabled != Want::if_possible && has_tpm(d) == (tpm.enabled == Want::yes),
                    has_tpm(d) ? "libvirt has no auto: the machine has a TPM, or does not start"
                               : "neither a guest of riscv64 nor a confidential one has an emulated TPM");
    d.ledger.settle("tpm.state", has_tpm(d) && tpm.state.kind == StateKind::at,
                    "libvirt keeps the TPM's state in a place of its own, until `virsh undefine --tpm`");
}

void add_vsock(Domain& d) {
    const Vsock& vsock = d.machine.vsock;
    if (vsock.enabled != Want::no)
        append(append(d.devices, "vsock", {{"model", "virtio"}}), "cid",
               {{"auto", vsock.cid ? "no" : "yes"}, {"address", vsock.cid ? std::to_string(*vsock.cid) : ""}});
    d.ledger.settle("vsock.enabled", vsock.enabled != Want::if_possible, "libvirt has no auto: the machine has a vsock, or does not start");
    d.ledger.settle("vsock.cid", vsock.enabled != Want::no, "there is no vsock");
    d.ledger.settle("vsock.backend", vsock.backend == VsockBackend::kernel, "libvirt has the kernel's vsock only");
}

}  // namespace

void add_console(Domain& d) {
    const Console& console = d.machine.console;
    const ConsoleMode mode = console.mode;
    // As vmspawn: a console that nobody looks at is there for its log. The log hangs on the pseudo terminal.
    const bool has_console = (mode != ConsoleMode::headless && mode != ConsoleMode::gui) || console.log;
    if (has_console)
        add_pty(d);
    append(d.devices, "controller", {{"type", "usb"}, {"model", mode == ConsoleMode::gui ? "qemu-xhci" : "none"}});
    if (mode == ConsoleMode::gui)
        add_window(d);
    else
        append(append(d.devices, "video"), "model", {{"type", "none"}});
    d.ledger.settle("console.mode", mode != ConsoleMode::read_only && mode != ConsoleMode::native,
                    "`virsh console` has one way to show a console, and also sends what is typed");
    d.ledger.settle("console.transport", has_console, "there is no console");
    d.ledger.lost("console.background", "`virsh console` leaves the terminal's colours alone");
    d.ledger.kept("console.log");
}

void add_tpm_and_vsock(Domain& d) {
    add_tpm(d);
    add_vsock(d);
}

}  // namespace vmspawn
