"""The control socket as the host's varlinkctl and machinectl use it, of machines of both callers."""
import json
import re
import subprocess
import time

from harness import PATIENCE, main
from host import LAB, Host
from host_drop_in import Called


class Controlled(Host):
    """By varlink, with the client of Debian 13's systemd."""
    address = "/run/systemd/vmspawn/vm-1/control"

    def up(self, name="vm-1", ports=0):
        """The tests' small guest, waiting for its button."""
        return self.begin_waiting(self.define(name=name), *([f"--hotplug-ports={ports}"] if ports else []))

    def call(self, method, parameters="{}", *options, name="vm-1"):
        address = self.address.replace("vm-1", name)
        return self.on_host("varlinkctl", *options, "call", address, f"io.systemd.MachineInstance.{method}", parameters)

    def status(self, name="vm-1"):
        return json.loads(self.call("Describe", name=name))

    def test_varlinkctl_speaks_to_a_machine(self):
        run = self.up()
        self.assertIn("vmspawn", self.on_host("varlinkctl", "info", self.address))
        for interface in ("io.systemd.MachineInstance", "io.systemd.VirtualMachineInstance", "io.systemd", "org.varlink.service"):
            self.assertIn(f"interface {interface}", self.on_host("varlinkctl", "introspect", self.address, interface))
        self.assertIn("method ReplaceStorage", self.on_host("varlinkctl", "introspect", self.address, "io.systemd.MachineInstance"))
        self.call("Pause")
        self.assertEqual({"running": False, "status": "paused"}, self.status())
        self.call("Resume")
        self.assertEqual({"running": True, "status": "running"}, self.status())
        self.on_host("sh", "-c", "mkfifo /run/heard && (varlinkctl call --more "
                                 f"{self.address} io.systemd.MachineInstance.SubscribeEvents '{{\"filter\":[\"RESUME\"]}}' >/run/heard 2>&1 &) && exec 3</run/heard "
                                 "&& while read -r line <&3; do echo \"$line\" >>/run/events; case $line in *READY*) break ;; esac; done; cat <&3 >>/run/events 2>&1 &")
        self.call("Pause")
        self.call("Resume")
        self.call("PowerOff")
        self.assert_gone(run)
        self.assertIn("T: button", run.text)
        events = self.on_host("cat", "/run/events")
        self.assertEqual(("READY", "RESUME"), tuple(re.findall(r'"event"\s*:\s*"(\w+)"', events)), events)

    def test_a_guest_stands_still_while_its_host_sleeps(self):
        # What would put this machine to sleep is replaced by a look at the guest, and logind is told that there is sleep to be had.
        service = self.work / "systemd-suspend.service"
        service.write_text("[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\n"
                           f"ExecStart=varlinkctl call {self.address} io.systemd.MachineInstance.Describe {{}}\n")
        self.on_host("cp", "/etc/vmspawn/systemd-suspend.service", "/etc/systemd/system/")
        self.on_host("sh", "-c", "echo freeze mem >/run/state && mount --bind /run/state /sys/power/state && systemctl daemon-reload && "
                                 "systemctl restart systemd-logind")
        run = self.up()
        self.assertRegex(self.on_host("systemd-inhibit", "--list", "--no-pager"), r"vmspawn vm-1 .* sleep .* delay")
        for times, paused in enumerate((False, True), 1):
            if paused:
                self.call("Pause")
            self.on_host("systemctl", "suspend", "--no-block")
            end = time.monotonic() + PATIENCE
            while self.journal().count("Operation 'suspend' finished") < times or self.status()["running"] is paused:
                self.assertLess(time.monotonic(), end, self.journal())
                time.sleep(0.2)
            seen = re.findall(r'"running"\s*:\s*(\w+)', self.on_host("journalctl", "-u", "systemd-suspend", "--no-pager", "-o", "cat"))
            self.assertEqual(["false"] * times, seen, "while the host slept")
        self.call("Terminate")
        self.assert_gone(run)


class NewestControlled(Controlled):
    tree = "systemd-host-sid"

    def test_machinectl_goes_to_the_control_socket(self):
        run = self.up()
        entry = json.loads(self.on_host("varlinkctl", "call", "/run/systemd/machine/io.systemd.Machine", "io.systemd.Machine.List", '{"name":"vm-1"}'))
        self.assertEqual(self.address, entry["controlAddress"])
        self.assertEqual("qemu-system-x86", self.on_host("cat", f"/proc/{entry['leader']['pid']}/comm").strip())
        self.on_host("machinectl", "pause", "vm-1")
        self.assertFalse(self.status()["running"])
        self.on_host("machinectl", "resume", "vm-1")
        self.assertTrue(self.status()["running"])
        self.on_host("machinectl", "reboot", "vm-1")
        end = time.monotonic() + PATIENCE
        while run.text.count("T: waiting") < 2:
            run.pump(0.1)
            self.assertLess(time.monotonic(), end, run.everything())
        self.assertEqual(1, run.text.count("T: button"), "the guest was asked")
        self.on_host("machinectl", "poweroff", "vm-1")
        self.assert_gone(run)
        self.assertEqual(2, run.text.count("T: button"))
        run = self.up()
        self.on_host("machinectl", "terminate", "vm-1")
        self.assert_gone(run)
        self.assertNotIn("T: button", run.text)

    def test_machinectl_binds_volumes_of_a_provider(self):
        run = self.up(ports=2)
        self.on_host("machinectl", "bind-volume", "vm-1", "fs:one::create=new,size=64M,template=sparse-file")
        self.on_host("machinectl", "bind-volume", "vm-1", "fs:two:virtio-scsi:create=new,size=32M,template=sparse-file")
        self.on_host("machinectl", "unbind-volume", "vm-1", "fs:two")
        refused = subprocess.run([LAB, "run", self.lab, "machinectl", "unbind-volume", "vm-1", "fs:none"], capture_output=True, text=True)
        self.assertIn("NoSuchStorage", refused.stderr)
        self.on_host("machinectl", "terminate", "vm-1")
        self.assert_gone(run)

    def test_a_disk_comes_by_varlinkctl(self):
        run = self.up(ports=1)
        self.on_host("truncate", "--size=8M", "/run/first.raw", "/run/second.raw", "/run/third.raw")
        for disk, method in (("first", "AddStorage"), ("second", "ReplaceStorage"), ("third", "ReplaceStorage")):
            self.on_host("sh", "-c", f"exec 3<>/run/{disk}.raw; varlinkctl --push-fd=3 call {self.address} io.systemd.MachineInstance.{method} "
                                     "'{\"name\":\"a\",\"fileDescriptorIndex\":0}'")
        self.call("RemoveStorage", '{"name":"a"}')
        self.call("Terminate")
        self.assert_gone(run)

    def test_five_rounds_of_pauses(self):
        for _ in range(5):
            run = self.up()
            for _ in range(3):
                for verb, running in (("pause", False), ("resume", True)):
                    self.on_host("machinectl", verb, "vm-1")
                    self.assertEqual(running, self.status()["running"])
            self.on_host("machinectl", "terminate", "vm-1")
            self.assert_gone(run)

    def test_two_machines_are_paused_and_ended_together(self):
        names = ["vm-1", "vm-2"]
        runs = [self.up(name) for name in names]
        for verb, state in (("pause", "paused"), ("resume", "running")):
            self.on_host("machinectl", verb, *names)
            self.assertEqual([state] * 2, [self.status(name)["status"] for name in names])
        self.on_host("machinectl", "terminate", *names)
        for run in runs:
            self.assertEqual(0, run.finish(), run.everything())
        self.assert_gone(runs[0])


class CalledControlled(Called, Controlled):
    """No setting but what systemd-vmspawn has: the guest is emulated and disks may come all the same."""

    def up(self, name="vm-1", ports=0):
        return self.begin_waiting("--register=yes", name=name)


class NewestCalledControlled(CalledControlled, NewestControlled):
    pass


if __name__ == "__main__":
    main()
