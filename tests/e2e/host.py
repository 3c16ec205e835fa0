"""What the host's systemd does with a machine: scopes, systemd-machined, services. On a host of its own (tests/systemd-host)."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

from harness import GUESTS, PATIENCE, PROGRAM, ROOT, Case, Run, children_of, main

HOSTS = pathlib.Path(os.environ.get("VMSPAWN_HOSTS", ROOT / "build/hosts"))
LAB = ROOT / "tests/systemd-host/lab"
UNIT = ROOT / "src/app/vmspawn@.service.in"
OURS = ("vmspawn", "qemu-system", "vhost-device")
TINY = """ram = "256M"
kvm = false
tpm.enabled = false
console.mode = "read-only"
[boot]
linux = "/guests/vmlinuz"
initrd = ["/guests/initrd.img"]
cmdline = ["quiet", "cryptomgr.notests", "test.cmd=powerbutton"]
"""


def libraries(tree):
    """Those of the program that the tree lacks: Debian 12's and 13's differ."""
    said = subprocess.run(["ldd", PROGRAM], capture_output=True, text=True, check=True).stdout
    found = [pathlib.Path(path) for path in re.findall(r"=> (/\S+)", said)]
    return [f"{path.resolve()}:/usr/lib/{path.parent.name}/{path.name}:ro" for path in found
            if not (tree / "usr/lib" / path.parent.name / path.name).exists()]


class Host(Case):
    tree = "systemd-host"

    def setUp(self):
        super().setUp()
        self.need_root()
        tree = HOSTS / self.tree
        if not tree.exists():
            self.skipTest("there is no host to test on: tests/systemd-host/make makes it, with root or sudo")
        self.lab, self.work = self.dir / "lab", self.dir / "work"
        self.lab.mkdir()
        self.work.mkdir()
        unit = self.dir / "unit"
        unit.write_text(UNIT.read_text().replace("@bindir@", "/usr/bin"))
        places = [f"{PROGRAM}:/usr/bin/vmspawn:ro", f"{GUESTS.resolve()}:/guests:ro", f"{self.work}:/etc/vmspawn",
                  f"{unit}:/etc/systemd/system/vmspawn@.service:ro", *libraries(tree.resolve())]
        device = GUESTS / "vhost-device-vsock"
        if device.exists():
            places.append(f"{device.resolve()}:/opt/vhost-device-vsock:ro")
        self.addCleanup(self.down)
        subprocess.run([LAB, "up", self.lab, tree, *places], check=True, timeout=PATIENCE)

    def down(self):
        """Fails when something stayed behind."""
        if (self.lab / "outer").exists():
            subprocess.run([LAB, "down", self.lab], check=True, timeout=PATIENCE)

    def on_host(self, *words, check=True):
        done = subprocess.run([LAB, "run", self.lab, *words], capture_output=True, text=True, timeout=PATIENCE)
        if check:
            self.assertEqual(0, done.returncode, f"{words}\n{done.stdout}{done.stderr}\n{self.journal()}")
        return done.stdout

    def journal(self):
        return subprocess.run([LAB, "run", self.lab, "journalctl", "-b", "--no-pager", "-n", "100"], capture_output=True, text=True).stdout

    def pids(self, *names):
        """Of the processes on the host that are called so, as this machine numbers them."""
        found = []
        for pid in children_of(int((self.lab / "outer").read_text())):
            try:
                if pathlib.Path(f"/proc/{pid}/comm").read_text().startswith(names):
                    found.append(pid)
            except OSError:
                pass
        return found

    def define(self, text="", head=TINY, name="vm-1"):
        (self.work / f"{name}.vmspawn").write_text(f'name = "{name}"\n{head}{text}')
        return f"/etc/vmspawn/{name}.vmspawn"

    def begin(self, *words, user=None, login=None):
        """vmspawn as a service of its own, or as a user's, so that it is in a unit as whoever logs in is. `login`: a user whose unit is
        the system's, as it is after a login by ssh."""
        how = ["urun", self.lab, user] if user else ["srun", self.lab]
        if login:
            how += ["setpriv", "--reuid", login, "--regid", login, "--init-groups", "env", f"HOME=/home/{login}", "XDG_RUNTIME_DIR=/run/user/1000"]
        run = Run([str(LAB), *map(str, how), "vmspawn", *words], dict(os.environ), self.dir)
        self.runs.append(run)
        return run

    def begin_waiting(self, *words, **options):
        return self.begin("run", *words, **options).wait_for("T: waiting")

    def shown(self, words, *names):
        """Properties by name, as systemctl and machinectl show them."""
        said = self.on_host(*words, *(word for name in names for word in ("-p", name)))
        return dict(line.split("=", 1) for line in said.splitlines())

    def machines(self):
        return self.on_host("machinectl", "list", "--no-legend").split()[:1]

    def scopes(self, *how):
        return self.on_host("systemctl", *how, "list-units", "--all", "--no-legend", "--plain", "machine-*.scope").split()[:1]

    def assert_gone(self, run, status=0):
        self.assertEqual(status, run.finish(), run.everything())
        self.assertEqual([], self.pids(*OURS))
        self.assertEqual([], self.machines())
        end = time.monotonic() + PATIENCE
        while self.scopes() and time.monotonic() < end:
            time.sleep(0.05)
        self.assertEqual([], self.scopes())
        self.assertEqual("", self.on_host("sh", "-c", "ls /run/systemd/vmspawn 2>/dev/null || true"))


class Background(Host):
    def test_a_machine_outlives_the_unit_of_its_caller(self):
        """That has ended with vmspawn run, and all that was left there with it."""
        run = self.begin("run", "--detach", self.define())
        self.assertEqual(0, run.finish(), run.everything())
        self.assertIn("vm-1 is in the background", run.errors + run.text)
        self.assertEqual(["machine-vm\\x2d1.scope"], self.scopes())
        [pid] = self.pids("vmspawn")
        self.assertIn("/machine-vm\\x2d1.scope", pathlib.Path(f"/proc/{pid}/cgroup").read_text())
        self.assertEqual(["vm-1"], self.machines())
        end = time.monotonic() + PATIENCE
        while "T: waiting" not in self.on_host("vmspawn", "logs", "vm-1"):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.2)
        self.on_host("vmspawn", "stop", "vm-1")
        self.assert_gone(run)


class Registered(Host):
    def test_a_machine_has_a_scope_with_its_properties_and_an_entry(self):
        run = self.begin_waiting(self.define(
            '[unit]\nslice = "tests.slice"\nproperties = ["MemoryMax=3G", "CPUWeight=50", "TasksMax=10%", "AllowedCPUs=0", '
            '"DeviceAllow=/dev/null rw", "KillSignal=SIGINT", "After=tmp.mount"]\n',
            head='uuid = "00112233-4455-6677-8899-aabbccddeeff"\n' + TINY))
        entry = self.shown(["machinectl", "show", "vm-1"], "Class", "Service", "Unit", "Leader", "State", "Id")
        leader = entry.pop("Leader")
        unit = "machine-vm\\x2d1.scope"
        self.assertEqual({"Class": "vm", "Service": "systemd-vmspawn", "Unit": unit, "State": "running",
                          "Id": "00112233445566778899aabbccddeeff"}, entry)
        scope = self.shown(["systemctl", "show", unit], "Slice", "MemoryMax", "CPUWeight", "AllowedCPUs", "DeviceAllow", "KillSignal", "Description")
        self.assertEqual({"Slice": "tests.slice", "MemoryMax": str(3 << 30), "CPUWeight": "50", "AllowedCPUs": "0",
                          "DeviceAllow": "/dev/null rw", "KillSignal": "2", "Description": "Virtual machine vm-1"}, scope)
        inside = self.on_host("cat", f"/sys/fs/cgroup/tests.slice/{unit}/cgroup.procs").split()
        names = {pid: self.on_host("cat", f"/proc/{pid}/comm").strip() for pid in inside}
        self.assertEqual("vmspawn", names.pop(leader))
        self.assertEqual(["qemu-system-x86"], list(names.values()))
        self.on_host("machinectl", "poweroff", "vm-1")
        self.assert_gone(run)
        self.assertIn("T: button", run.text, run.everything())

    def test_a_scope_has_properties_of_every_kind(self):
        """As systemd itself shows them afterwards."""
        wanted = ["IPAddressAllow=localhost 10.0.0.0/8", "IPAddressDeny=any", "RestrictNetworkInterfaces=~eth7", "SocketBindAllow=ipv4:tcp:80-90",
                  "SocketBindDeny=any", "ManagedOOMMemoryPressureLimit=50%", "IODeviceLatencyTargetSec=/dev/null 25ms", "DisableControllers=pids",
                  "DefaultMemoryLow=1M", "RequiresMountsFor=/tmp", "OnFailure=tell@vm.service", "OnSuccess=tell@vm.service", "DefaultDependencies=no",
                  "Documentation=man:vmspawn(1)", "MemoryMax=3G", "MemoryMax=", "DeviceAllow=/dev/null rw", "DeviceAllow=", "SuccessAction=none",
                  "FailureActionExitStatus=3", "CPUQuota=", "CPUWeight=50", "CPUWeight="]
        run = self.begin_waiting(self.define(f"[unit]\nproperties = {json.dumps(wanted)}\n"))
        shown = self.shown(["systemctl", "show", "machine-vm\\x2d1.scope"], "IPAddressAllow", "IPAddressDeny", "RestrictNetworkInterfaces",
                           "SocketBindAllow", "SocketBindDeny", "ManagedOOMMemoryPressureLimit", "IODeviceLatencyTargetUSec", "DisableControllers",
                           "DefaultMemoryLow", "RequiresMountsFor", "OnFailure", "OnSuccess", "DefaultDependencies", "Documentation", "MemoryMax",
                           "DeviceAllow", "FailureActionExitStatus", "CPUQuotaPerSecUSec", "CPUWeight")
        self.assertEqual({"127.0.0.0/8", "::1/128", "10.0.0.0/8"}, set(shown.pop("IPAddressAllow").split()))
        self.assertEqual({"0.0.0.0/0", "::/0"}, set(shown.pop("IPAddressDeny").split()))
        self.assertIn("eth7", shown.pop("RestrictNetworkInterfaces"))
        self.assertIn("/tmp", shown.pop("RequiresMountsFor"))
        self.assertIn(shown.pop("ManagedOOMMemoryPressureLimit"), ("50%", "50.00%", str(1 << 31)))  # as its version has it
        self.assertEqual("", shown.pop("DeviceAllow", ""))
        self.assertEqual("man:vmspawn(1)", shown.pop("Documentation").strip('"'))
        self.assertIn(shown.pop("SocketBindAllow"), ("ipv4:tcp:80-90", "ipv4:tcp80-90"))  # systemctl leaves a colon out
        self.assertEqual({"SocketBindDeny": "any", "IODeviceLatencyTargetUSec": "/dev/null 25ms",
                          "DisableControllers": "pids", "DefaultMemoryLow": str(1 << 20), "OnFailure": "tell@vm.service",
                          "OnSuccess": "tell@vm.service", "DefaultDependencies": "no", "MemoryMax": "infinity",
                          "FailureActionExitStatus": "3", "CPUQuotaPerSecUSec": "infinity",
                          "CPUWeight": "[not set]"}, shown)
        self.on_host("machinectl", "poweroff", "vm-1")
        self.assert_gone(run)

    def test_terminate_and_stop_power_the_guest_off(self):
        definition = self.define()
        for command in (["machinectl", "terminate", "vm-1"], ["systemctl", "stop", "machine-vm\\x2d1.scope"], ["machinectl", "poweroff", "vm-1"]):
            run = self.begin_waiting(definition)  # at once after the one before: its scope is just going
            self.on_host(*command)
            self.assertEqual(0, run.finish(), f"{command}\n{run.everything()}\n{self.journal()}")
            self.assertIn("T: button", run.text, run.everything())
        self.assert_gone(run)

    def test_reboot_powers_off_and_starts_again(self):
        run = self.begin_waiting(self.define())
        self.on_host("machinectl", "reboot", "vm-1")
        end = time.monotonic() + PATIENCE
        while run.text.count("T: waiting") < 2:
            run.pump(0.1)
            self.assertLess(time.monotonic(), end, run.everything())
            self.assertIsNone(run.process.poll(), run.everything())
        self.assertEqual(1, run.text.count("T: button"), "the guest was asked")
        self.assertEqual(["vm-1"], self.machines(), "the machine is still the same")
        self.on_host("machinectl", "poweroff", "vm-1")
        self.assert_gone(run)

    def test_a_killed_vmspawn_leaves_nothing_at_machined(self):
        run = self.begin_waiting(self.define())
        os.kill(self.pids("vmspawn")[0], signal.SIGKILL)
        end = time.monotonic() + PATIENCE
        while (self.machines() or self.scopes() or self.pids(*OURS)) and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(([], [], []), (self.machines(), self.scopes(), self.pids(*OURS)))
        self.assertNotEqual(0, run.finish())
        again = self.begin_waiting(self.define())
        self.on_host("machinectl", "terminate", "vm-1")
        self.assert_gone(again)

    def test_a_name_that_machined_has_already_is_refused(self):
        self.on_host("systemd-run", "--unit=other", "sleep", "1000")
        leader = self.shown(["systemctl", "show", "other"], "MainPID")["MainPID"]
        self.on_host("busctl", "call", "org.freedesktop.machine1", "/org/freedesktop/machine1", "org.freedesktop.machine1.Manager",
                     "RegisterMachine", "sayssus", "vm-1", "0", "test", "vm", leader, "")
        run = self.begin("run", self.define())
        self.assertEqual(16, run.finish(), run.everything())
        self.assertRegex(run.errors, r"could not register the machine with systemd-machined \(.*\): systemd-machined has a machine vm-1 already, "
                                     rf"of test, with the leader sleep, pid {leader}\n")
        self.assertEqual(["vm-1"], self.machines(), "the other's")
        self.on_host("systemctl", "stop", "other")
        self.assert_gone(run, 16)

    def test_a_machine_without_its_scope_is_not_registered(self):
        """machined would take the unit that vmspawn was started in for the machine's, and stop that."""
        scope = "machine-vm\\x2d1.scope"
        self.on_host("systemd-run", "--unit=other", "systemd-run", "--scope", f"--unit={scope}", "sleep", "1000")
        end = time.monotonic() + PATIENCE
        while not self.scopes():
            self.assertLess(time.monotonic(), end, self.journal())
            time.sleep(0.05)
        run = self.begin_waiting(self.define())
        run.wait_for("is not registered", "errors")
        self.assertRegex(run.errors, r"could not make a scope for the machine.*: there is a machine-vm\S+ already, in use by sleep, pid \d+\n")
        self.assertEqual([], self.machines())
        os.kill(self.pids("vmspawn")[0], signal.SIGTERM)
        self.assertEqual(0, run.finish(), run.everything())
        self.on_host("systemctl", "stop", scope)
        self.assert_gone(run)

    def test_a_scope_that_systemd_refuses_ends_the_start(self):
        run = self.begin("run", self.define('[unit]\nproperties = ["Requires=not-there.service"]\n'))
        self.assertNotEqual(0, run.finish(), run.everything())
        self.assertRegex(run.errors, r"could not make a scope for the machine \(/etc/vmspawn/vm-1.vmspawn:\d+:\d+, unit.properties\)")
        self.assert_gone(run, run.process.returncode)

    def test_a_machine_that_starts_once_more_is_still_in_its_scope(self):
        swtpm = self.work / "swtpm"
        swtpm.write_text("#!/bin/sh\nsleep 1\nexit 1\n")  # by then the scope is made
        swtpm.chmod(0o755)
        self.on_host("ln", "-s", "/etc/vmspawn/swtpm", "/usr/bin/swtpm")
        run = self.begin_waiting(self.define(head=TINY.replace("tpm.enabled = false\n", "")))
        self.assertIn("QEMU starts once more, and the guest has no TPM", run.errors)
        self.assertEqual("machine-vm\\x2d1.scope", self.shown(["machinectl", "show", "vm-1"], "Unit")["Unit"])
        inside = self.on_host("cat", "/sys/fs/cgroup/machine.slice/machine-vm\\x2d1.scope/cgroup.procs").split()
        self.assertEqual(2, len(inside), "vmspawn and the second QEMU")
        self.on_host("systemctl", "stop", "machine-vm\\x2d1.scope")
        self.assert_gone(run)
        self.assertIn("T: button", run.text, run.everything())

    def test_helpers_that_start_beside_qemu_are_in_the_scope(self):
        self.on_host("ln", "-s", "/opt/vhost-device-vsock", "/usr/bin/vhost-device-vsock")
        run = self.begin_waiting(self.define("[vsock]\nbackend = \"user\"\n[ready]\nnotify = false\n"))
        inside = self.on_host("cat", "/sys/fs/cgroup/machine.slice/machine-vm\\x2d1.scope/cgroup.procs").split()
        names = sorted(self.on_host("cat", f"/proc/{pid}/comm").strip() for pid in inside)
        self.assertEqual(["qemu-system-x86", "vhost-device-vs", "vmspawn"], names)
        self.on_host("machinectl", "poweroff", "vm-1")
        self.assert_gone(run)

    def test_without_registration_and_scope_the_machine_stays_in_its_unit(self):
        run = self.begin_waiting(self.define("[unit]\nregister = false\nkeep = true\n"))
        self.assertEqual(([], []), (self.machines(), self.scopes()))
        os.kill(self.pids("vmspawn")[0], signal.SIGTERM)
        self.assert_gone(run)


class RegisteredByBus(Registered):
    """The same of Debian 12, whose machined does not speak varlink."""
    tree = "systemd-host-bookworm"

    def setUp(self):
        super().setUp()
        self.on_host("test", "!", "-e", "/run/systemd/machine/io.systemd.Machine")


class Networked(Host):
    def test_networkd_leases_an_address_to_a_tap(self):
        self.on_host("systemctl", "start", "systemd-networkd.service")
        head = TINY.replace("test.cmd=", "test.cmd=lease,")
        run = self.begin("run", self.define('[network.lan]\nkind = "tap"\n', head=head, name="a-machine-of-mine"))
        run.wait_for("T: waiting")
        interface = re.search(r"network lan: interface (vt-a-machin\S{4}) of this host", run.everything())
        self.assertIsNotNone(interface, run.everything())
        lease = re.search(r"T: lease ([0-9.]+)", run.text)
        self.assertIsNotNone(lease, f"{run.everything()}\n{self.journal()}")
        self.assertIn(lease[1], self.on_host("networkctl", "status", "--no-pager", interface[1]))
        self.assertNotIn("systemd-networkd does not run", run.everything())
        said = self.on_host("bash", "-c", f"cat </dev/tcp/{lease[1]}/7000")
        self.assertEqual("pong from the guest\n", said)
        self.on_host("machinectl", "poweroff", "a-machine-of-mine")
        self.assert_gone(run)
        self.assertNotIn("vt-", self.on_host("networkctl", "list", "--no-pager"))


class Users(Host):
    def test_a_user_who_has_logged_in_moves_to_their_own_manager(self):
        run = self.begin_waiting(self.define(), login="tester")
        inside = self.on_host("sh", "-c", "cat /sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/machine.slice/machine-*.scope/cgroup.procs")
        self.assertEqual(2, len(inside.split()), "vmspawn and QEMU")
        os.kill(self.pids("vmspawn")[0], signal.SIGTERM)
        self.assert_gone(run)
        self.assertIn("T: button", run.text, run.everything() + self.journal())

    def test_a_user_has_a_scope_in_their_own_manager(self):
        run = self.begin_waiting(self.define('[unit]\nproperties = ["MemoryMax=3G"]\n'), user="tester")
        def ask(*words):
            return subprocess.run([LAB, "urun", self.lab, "tester", *words], capture_output=True, text=True, check=True).stdout
        self.assertEqual(f"Slice=machine.slice\nMemoryMax={3 << 30}\n",
                         ask("systemctl", "--user", "show", "machine-vm\\x2d1.scope", "-p", "MemoryMax", "-p", "Slice"))
        ask("systemctl", "--user", "stop", "machine-vm\\x2d1.scope")
        self.assertNotIn("sleep", run.errors, "a user who may not make the host wait is not told so at each start")
        self.assert_gone(run)
        self.assertIn("T: button", run.text)

    def test_registration_that_a_user_asks_for_needs_their_own_machined(self):
        run = self.begin("run", self.define("[unit]\nregister = true\n"), user="tester")
        self.assertEqual(95, run.finish(), run.everything())
        self.assertIn("unit.register: the machine cannot be registered: users have no systemd-machined of their own", run.errors)


class NewestUsers(Host):
    tree = "systemd-host-sid"

    def test_a_user_registers_with_their_own_machined(self):
        run = self.begin_waiting(self.define("[unit]\nregister = true\n"), user="tester")
        def ask(*words):
            return subprocess.run([LAB, "urun", self.lab, "tester", *words], capture_output=True, text=True, check=True).stdout
        self.assertRegex(ask("machinectl", "--user", "list", "--no-legend"), r"^vm-1 +vm +systemd-vmspawn")
        self.assertNotIn("systemd-machined", run.errors, "that the system's may refuse is not told")
        ask("machinectl", "--user", "poweroff", "vm-1")
        self.assert_gone(run)
        self.assertIn("T: button", run.text, run.errors + self.journal())
        self.assertEqual("", ask("machinectl", "--user", "list", "--no-legend"))
        run = self.begin_waiting(self.define("[unit]\nregister = true\n"), user="tester")
        ask("machinectl", "--user", "terminate", "vm-1")
        self.assert_gone(run)
        self.assertNotIn("T: button", run.text)


class Service(Host):
    def state(self):
        return self.shown(["systemctl", "show", "vmspawn@hello"], "ActiveState", "Result", "StatusText")

    def wait_for_guest(self):
        end = time.monotonic() + PATIENCE
        while "T: waiting" not in self.on_host("journalctl", "-u", "vmspawn@hello", "--no-pager", "-o", "cat"):
            self.assertLess(time.monotonic(), end, self.journal())
            time.sleep(0.2)

    def leased(self, interface):
        """The address that networkd gives there."""
        end = time.monotonic() + PATIENCE
        while True:
            shown = self.on_host("networkctl", "status", "--no-pager", interface)
            found = re.search(r"Offered DHCP leases: ([0-9.]+)", shown)
            if found:
                return found[1]
            self.assertLess(time.monotonic(), end, shown)
            time.sleep(0.2)

    def test_a_service_is_active_when_its_guest_is_ready_and_stops_in_order(self):
        if not (GUESTS / "systemd").exists():
            self.skipTest("there is no systemd guest: tests/guests/systemd makes it")
        for name in ("vmlinuz", "initrd.img"):
            shutil.copyfile(GUESTS / "systemd" / name, self.work / name)
        subprocess.run(["cp", "--sparse=always", GUESTS / "systemd/disk.raw", self.work / "disk.raw"], check=True)
        self.on_host("systemctl", "start", "systemd-networkd.service")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.work / "key"], check=True)
        self.define('[image]\npath = "disk.raw"\n[boot]\nlinux = "vmlinuz"\ninitrd = ["initrd.img"]\n'
                    'cmdline = ["quiet", "cryptomgr.notests", "systemd.wants=ssh.service", "systemd.wants=systemd-networkd.service"]\n[network.lan]\nkind = "tap"\n'
                    f'[credentials]\n"ssh.authorized_keys.root" = "{(self.work / "key.pub").read_text().strip()}"\n',
                    head='ram = "512M"\nkvm = false\ntpm.enabled = false\nvsock.enabled = true\n', name="hello")
        self.on_host("ln", "-s", "/opt/vhost-device-vsock", "/usr/bin/vhost-device-vsock")
        began = time.monotonic()
        self.on_host("systemctl", "start", "--no-block", "vmspawn@hello")
        while (state := self.state())["ActiveState"] in ("inactive", "activating"):  # at first its job may still wait
            self.assertLess(time.monotonic() - began, PATIENCE * 2, self.journal())
            said = self.on_host("journalctl", "-u", "vmspawn@hello", "--no-pager", "-o", "cat")
            time.sleep(0.3)
        self.assertEqual("active", state["ActiveState"], self.journal())
        self.assertIn("T: initrd", said, "it was still activating when the guest had begun")
        self.assertRegex(state["StatusText"], "^VM running")
        entry = self.shown(["machinectl", "show", "hello"], "Unit", "SSHAddress", "SSHPrivateKeyPath")
        self.assertEqual({"Unit": "vmspawn@hello.service", "SSHAddress": "vsock-mux/run/systemd/vmspawn/hello/vsock",
                          "SSHPrivateKeyPath": "/run/systemd/vmspawn/hello/ed25519"}, entry)
        self.assertEqual("up\n", self.on_host("vmspawn", "ssh", "hello", "--", "echo", "up"))
        self.assertEqual("guest\n", self.on_host("ssh", "-i", "/etc/vmspawn/key", "-o", "StrictHostKeyChecking=no", "-o", "BatchMode=yes",
                                                 f"root@{self.leased('vt-hello')}", "hostname"), "by the network")
        self.on_host("systemctl", "stop", "vmspawn@hello")
        state = self.state()
        self.assertEqual(("inactive", "success"), (state["ActiveState"], state["Result"]), self.journal())
        self.assertEqual([], self.machines())
        self.assertEqual([], self.pids(*OURS))

    def test_messages_go_to_the_journal_when_they_are_to(self):
        definition = self.define(head=TINY.replace("powerbutton", "panic"))
        shown = self.on_host("env", "SYSTEMD_LOG_TARGET=journal", "vmspawn", "run", definition, check=False)
        self.assertIn("T: up", shown)
        ours = ["journalctl", "-b", "-t", "vmspawn", "_TRANSPORT=journal", "--no-pager", "-o"]
        said = self.on_host(*ours, "cat")
        self.assertIn("the guest panicked", said)
        self.assertEqual(len(said.splitlines()), len(self.on_host(*ours, "json", "--output-fields=CODE_FILE").splitlines()))
        self.assertIn('"CODE_FILE":"run/', self.on_host(*ours, "json", "--output-fields=CODE_FILE"))

    def test_errors_of_a_service_are_errors_in_the_journal(self):
        """Those of a definition, and those of a run."""
        self.define(head="cpus = 0\n" + TINY, name="hello")
        self.on_host("systemctl", "start", "vmspawn@hello", check=False)
        said = self.on_host("journalctl", "-b", "-u", "vmspawn@hello", "-p", "err", "--no-pager", "-o", "cat")
        self.assertIn("cpus = 0 is below", said)
        self.on_host("systemd-run", "--wait", "--unit=loud", "vmspawn", "run", "--timeout=1s", self.define(), check=False)
        self.on_host("journalctl", "--sync")
        said = self.on_host("journalctl", "-b", "-t", "vmspawn", "-p", "err", "--no-pager", "-o", "json", "--output-fields=PRIORITY,MESSAGE")
        self.assertIn("the machine has had its time (--timeout)", said)
        self.assertEqual({"3"}, {json.loads(line)["PRIORITY"] for line in said.splitlines()})

    def test_a_service_with_a_user_of_its_own(self):
        self.define("[ready]\nnotify = false\n", name="hello")
        self.on_host("groupadd", "--system", "kvm")  # udev's, which this host does not have
        self.on_host("mkdir", "-p", "/run/systemd/system/vmspawn@hello.service.d")
        shutil.copyfile(ROOT / "examples/own-user.conf", self.work / "own-user.conf")
        self.on_host("cp", "/etc/vmspawn/own-user.conf", "/run/systemd/system/vmspawn@hello.service.d/")
        self.on_host("systemctl", "daemon-reload")
        self.on_host("systemctl", "start", "vmspawn@hello")
        self.assertEqual("active", self.state()["ActiveState"], self.journal())
        pid = self.shown(["systemctl", "show", "vmspawn@hello"], "MainPID")["MainPID"]
        self.assertEqual("vmspawn-hello\n", self.on_host("stat", "-c", "%U", f"/proc/{pid}"))
        self.assertIn("hello", self.on_host("vmspawn", "list"))
        self.assertEqual("control\n", self.on_host("sh", "-c", "cd /run/vmspawn/hello/hello && ls control"))
        self.wait_for_guest()
        self.on_host("systemctl", "stop", "vmspawn@hello")
        state = self.state()
        self.assertEqual(("inactive", "success"), (state["ActiveState"], state["Result"]), self.journal())
        self.assertEqual([], self.pids(*OURS))

    def test_a_guest_that_cannot_tell_counts_as_ready_at_once(self):
        self.define("[ready]\nnotify = false\n", name="hello")
        self.on_host("systemctl", "start", "vmspawn@hello")
        self.assertEqual("active", self.state()["ActiveState"])
        self.assertEqual(["hello"], self.machines())
        self.wait_for_guest()
        self.on_host("machinectl", "terminate", "hello")
        end = time.monotonic() + PATIENCE
        while (state := self.state())["ActiveState"] not in ("inactive", "failed"):
            self.assertLess(time.monotonic(), end, self.journal())
            time.sleep(0.1)
        self.assertEqual(("inactive", "success"), (state["ActiveState"], state["Result"]), self.journal())
        self.assertIn("T: button", self.on_host("journalctl", "-u", "vmspawn@hello", "--no-pager", "-o", "cat"))


if __name__ == "__main__":
    main()
