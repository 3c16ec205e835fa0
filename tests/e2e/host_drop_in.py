"""systemd-vmspawn's own scenarios with machined, and its unit, on a host whose process 1 is systemd."""
import os
import shutil
import signal
import subprocess

from harness import GUESTS, PATIENCE, ROOT, Run, children_of, main, program_of
from host import LAB, OURS, Host

UNIT = ROOT / "src/app/systemd-vmspawn@.service.in"
FIRMWARE = {"/usr/share/OVMF": ["/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"],
            "/usr/share/qemu/firmware": ["/usr/share/qemu/firmware/60-edk2-x86_64.json"]}


class Called(Host):
    def setUp(self):
        super().setUp()
        self.on_host("ln", "-sf", "vmspawn", "/usr/bin/systemd-vmspawn")

    def begin(self, *words, name="vm-1", **_):
        """The tests' small guest beside an empty disk, waiting for its button."""
        with open(self.work / f"{name}.raw", "wb") as file:
            file.truncate(1 << 20)
        run = Run([str(LAB), "srun", str(self.lab), *self.machine(name, *words)], self.env, self.dir)
        self.runs.append(run)
        return run

    def machine(self, name, *words, console="read-only"):
        return ["systemd-vmspawn", "-M", name, "-i", f"/etc/vmspawn/{name}.raw", "--linux=/guests/vmlinuz", "--initrd=/guests/initrd.img",
                "--ram=256M", "--kvm=no", "--tpm=no", f"--console={console}", *words, "root=/dev/vda", "quiet", "cryptomgr.notests",
                "test.cmd=powerbutton"]

    def begin_waiting(self, *words, **options):
        return self.begin(*words, **options).wait_for("T: waiting")

    def listed(self):
        return sorted(line.split()[0] for line in self.on_host("machinectl", "list", "--no-legend").splitlines() if line.strip())

    def assert_gone(self, run, status=0):
        super().assert_gone(run, status)
        self.assertEqual([], self.pids("systemd-vmspawn"))


class Machines(Called):
    def test_it_registers_the_machine_and_has_a_scope(self):
        run = self.begin_waiting("--register=yes", "--slice=tests", "--property=MemoryMax=3G", "--property=CPUWeight=50")
        entry = self.shown(["machinectl", "show", "vm-1"], "Class", "Service", "Unit", "State")
        unit = "machine-vm\\x2d1.scope"
        self.assertEqual({"Class": "vm", "Service": "systemd-vmspawn", "Unit": unit, "State": "running"}, entry)
        self.assertEqual({"Slice": "tests.slice", "MemoryMax": str(3 << 30), "CPUWeight": "50"},
                         self.shown(["systemctl", "show", unit], "Slice", "MemoryMax", "CPUWeight"))
        self.on_host("machinectl", "poweroff", "vm-1")
        self.assert_gone(run)
        self.assertIn("T: button", run.text, run.everything())

    def test_two_machines_are_powered_off_together(self):
        runs = [self.begin_waiting(name=name) for name in ("vm-1", "vm-2")]
        self.assertEqual(["vm-1", "vm-2"], self.listed())
        self.on_host("machinectl", "poweroff", "vm-1", "vm-2")
        for run in runs:
            self.assertEqual(0, run.finish(), run.everything())
            self.assertIn("T: button", run.text)
        self.assert_gone(runs[0])

    def test_five_rounds(self):
        for _ in range(5):
            run = self.begin_waiting("--register=yes")
            self.assertEqual(["vm-1"], self.listed())
            self.on_host("machinectl", "terminate", "vm-1")
            self.assertEqual(0, run.finish(), f"{run.everything()}\n{self.journal()}")
            self.assertEqual([], self.listed())
        self.assert_gone(run)

    def test_keep_unit_stays_in_the_unit(self):
        run = self.begin_waiting("--register=yes", "--keep-unit", "--slice=tests")
        self.assertIn("--slice=tests: warning: unit.slice has no effect", run.errors)
        self.assertRegex(self.shown(["machinectl", "show", "vm-1"], "Unit")["Unit"], r"^run-.*\.service$")
        self.assertEqual([], self.scopes())
        self.on_host("machinectl", "poweroff", "vm-1")
        self.assert_gone(run)


class Questions(Called):
    AGENT = ("#!/bin/sh\necho \"agent $*\" >/tmp/agent\nexec 3>&-\n"
             "trap 'kill $!; echo gone >>/tmp/agent; exit 0' TERM\nsleep 1000 &\nwait\n")

    def ask_the_system(self, *words):
        """The user tester, at a terminal, wants a scope of the system's manager, which refuses without polkit. What the agent and the bus saw."""
        (self.work / "agent").write_text(self.AGENT)
        self.on_host("install", "-m", "755", "/etc/vmspawn/agent", "/usr/bin/pkttyagent")
        self.on_host("systemd-run", "--quiet", "--unit=monitor", "sh", "-c", "exec busctl monitor org.freedesktop.systemd1 >/tmp/bus")
        with open(self.work / "vm-1.raw", "wb") as file:
            file.truncate(1 << 20)
        (self.work / "vm-1.raw").chmod(0o666)
        run = Run([str(LAB), "run", str(self.lab), "setpriv", "--reuid", "tester", "--regid", "tester", "--init-groups", "env", "HOME=/home/tester",
                   "XDG_RUNTIME_DIR=/run/user/1000", *self.machine("vm-1", "--system", "--register=no", *words, console="interactive")],
                  self.env, self.dir, terminal=True)
        self.runs.append(run)
        run.wait_for("T: waiting")
        seen = self.on_host("sh", "-c", "cat /tmp/agent 2>/dev/null || true")
        calls = self.on_host("grep", "-B2", "Member=StartTransientUnit", "/tmp/bus")
        here = next(pid for pid in children_of(run.pid) if program_of(pid) == "systemd-vmspawn")
        os.kill(here, signal.SIGTERM)
        self.assertEqual(0, run.finish(), run.everything())
        return seen, calls

    def test_polkit_may_ask_until_the_guest_has_the_terminal(self):
        seen, calls = self.ask_the_system()
        self.assertEqual("agent --notify-fd=3 --fallback\ngone\n", seen)
        self.assertIn("Flags=4", calls, "interactive authorization is allowed")

    def test_without_asking_for_passwords(self):
        seen, calls = self.ask_the_system("--no-ask-password")
        self.assertEqual("", seen)
        self.assertIn("Flags=0", calls)


class Unit(Called):
    def state(self):
        return self.shown(["systemctl", "show", "systemd-vmspawn@web"], "ActiveState", "Result", "StatusText")

    def install(self):
        """The unit and UEFI firmware for the host, an image that boots by it, and a VSOCK device."""
        (self.work / "unit").write_text(UNIT.read_text().replace("@bindir@", "/usr/bin"))
        self.on_host("cp", "/etc/vmspawn/unit", "/etc/systemd/system/systemd-vmspawn@.service")
        for directory, files in FIRMWARE.items():
            self.on_host("mkdir", "-p", directory)
            for file in files:
                name = file.rsplit("/", 1)[1]
                shutil.copyfile(file, self.work / name)
                self.on_host("mv", f"/etc/vmspawn/{name}", directory)
        self.on_host("ln", "-s", "/opt/vhost-device-vsock", "/usr/bin/vhost-device-vsock")
        subprocess.run(["cp", "--sparse=always", GUESTS / "systemd/disk.raw", self.work / "web.raw"], check=True)
        self.on_host("ln", "-s", "/etc/vmspawn/web.raw", "/var/lib/machines/web.raw")
        self.on_host("systemctl", "daemon-reload")

    def test_the_unit_runs_the_image_of_its_name(self):
        """By machinectl start, as users of the peer do: up when the guest says so, with a tap, registered, and stopped in order."""
        if not (GUESTS / "systemd").exists():
            self.skipTest("there is no systemd guest: tests/guests/systemd makes it")
        self.install()
        starter = Run([str(LAB), "run", str(self.lab), "machinectl", "start", "--runner=vmspawn", "web"], self.env, self.dir)
        self.runs.append(starter)
        self.assertEqual(0, starter.finish(2 * PATIENCE), starter.everything() + self.journal())
        self.assertIn("T: initrd", self.on_host("journalctl", "-u", "systemd-vmspawn@web", "--no-pager", "-o", "cat"), "it waited for the guest")
        state = self.state()
        self.assertEqual("active", state["ActiveState"], self.journal())
        self.assertRegex(state["StatusText"], "^VM running")
        self.assertEqual("systemd-vmspawn@web.service", self.shown(["machinectl", "show", "web"], "Unit")["Unit"])
        self.assertIn("vt-web", self.on_host("networkctl", "list", "--no-pager"))
        self.on_host("systemctl", "stop", "systemd-vmspawn@web")
        state = self.state()
        self.assertEqual(("inactive", "success"), (state["ActiveState"], state["Result"]), self.journal())
        self.assertEqual([], self.machines())
        self.assertEqual([], self.pids(*OURS, "systemd-vmspawn"))


class Mkosi(Called):
    tree = "systemd-host-mkosi"

    def test_mkosi_of_debian_13_boots_an_image(self):
        """It asks for the version, takes its own lock of the image, and says credentials and words its own way."""
        if not (GUESTS / "systemd").exists():
            self.skipTest("there is no systemd guest: tests/guests/systemd makes it")
        subprocess.run(["cp", "--sparse=always", GUESTS / "systemd/disk.raw", self.work / "image.raw"], check=True)
        (self.work / "image").symlink_to("image.raw")
        (self.work / "mkosi.conf").write_text("[Distribution]\nDistribution=custom\n[Output]\nFormat=disk\nOutput=image\n")
        run = Run([str(LAB), "srun", str(self.lab), "mkosi", "--debug", "-C", "/etc/vmspawn", "--vmm=vmspawn", "--kvm=no", "--ram=512M", "--tpm=no",
                   "--console=read-only", "--register=yes", "--credential=test.script=cat</proc/cmdline", "vm",
                   "word=of-the-caller"], self.env, self.dir)
        self.runs.append(run)
        run.wait_for("T: initrd", patience=2 * PATIENCE)
        self.assertEqual(["image"], self.listed())
        self.assertEqual(0, run.finish(2 * PATIENCE), run.everything())
        self.assertIn("+ systemd-vmspawn --cpus ", run.everything())
        self.assertIn(" word=of-the-caller ", run.text, run.everything())
        self.assertIn("T: end", run.text, run.everything())
        self.assertEqual([], self.pids(*OURS, "systemd-vmspawn"))


if __name__ == "__main__":
    main()
