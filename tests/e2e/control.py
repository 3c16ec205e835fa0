#!/usr/bin/python3
"""The control socket of a running machine, spoken to as varlinkctl and machinectl do."""
import array
import json
import os
import re
import socket
import subprocess
import sys
import time

import drop_in
from harness import PATIENCE, USER, Case, main

MACHINE = "io.systemd.MachineInstance."
DONE = {"parameters": {}}
MIB = 1 << 20


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(str(path))
        self.heard = b""

    def send(self, method, parameters=None, descriptors=(), **flags):
        text = json.dumps({"method": MACHINE + method if "." not in method else method, "parameters": parameters or {}} | flags)
        passed = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        self.socket.sendmsg([text.encode() + b"\0"], passed)

    def answer(self):
        """None when the connection is closed."""
        while b"\0" not in self.heard:
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                return None
            self.heard += data
        message, self.heard = self.heard.split(b"\0", 1)
        return json.loads(message)

    def call(self, *words, **flags):
        self.send(*words, **flags)
        return self.answer()

    def event(self):
        message = self.answer()
        return message and message["parameters"]["event"]


class Control(Case):
    first = "vda"  # the first that comes

    def machine(self, command, name, ports):
        """The words that start it."""
        return ["run", self.linux(command, **({"console": ""} if command == "shell" else {})), f"--machine={name}",
                *([f"--hotplug-ports={ports}"] if ports else [])]

    def begin(self, command="powerbutton", *flags, name=None, ports=0):
        """A machine that runs, and a client."""
        name = name or self.name
        run = self.start(*self.machine(command, name, ports), *flags, terminal=command == "shell")
        run.wait_for("# " if command == "shell" else "T: waiting")
        [directory] = [path for path in self.runtime_directories() if path.name == name]
        self.path = directory / "control"
        return run, Client(self.path)

    def end(self, run, status=0):
        self.assert_status(status, run)
        self.assert_nothing_left()

    def error(self, name, answer):
        self.assertEqual(name, answer.get("error", "").removeprefix(MACHINE), answer)

    def errno(self, name, answer):
        self.assertEqual(("io.systemd.System", name), (answer.get("error"), answer["parameters"].get("errnoName")), answer)

    def test_pause_and_resume(self):
        run, client = self.begin()
        for verb, state in (("Resume", (True, "running")), ("Pause", (False, "paused")), ("Resume", (True, "running"))):
            self.assertEqual(DONE, client.call(verb))
            self.assertEqual(state, tuple(client.call("Describe")["parameters"][key] for key in ("running", "status")))
        self.assertEqual(DONE, client.call("PowerOff"))
        self.end(run)
        self.assertIn("T: button", run.text)

    def state(self, client):
        return client.call("Describe")["parameters"]["status"]

    def test_five_rounds_of_pauses(self):
        for _ in range(5):
            run, client = self.begin()
            for _ in range(3):
                for verb, state in (("Pause", "paused"), ("Resume", "running")):
                    self.assertEqual(DONE, client.call(verb))
                    self.assertEqual(state, self.state(client))
            self.assertEqual(DONE, client.call("Terminate"))
            self.end(run)

    def test_two_machines_are_paused_each_by_its_own(self):
        machines = [self.begin(name=f"{self.name}-{which}") for which in "ab"]
        first, second = (client for _, client in machines)
        for verb, client, states in (("Pause", first, ["paused", "running"]), ("Pause", second, ["paused", "paused"]),
                                     ("Resume", first, ["running", "paused"]), ("Resume", second, ["running", "running"])):
            self.assertEqual(DONE, client.call(verb))
            self.assertEqual(states, [self.state(client) for _, client in machines])
        for _, client in machines:
            self.assertEqual(DONE, client.call("Terminate"))
        for run, _ in machines:
            self.assert_status(0, run)
        self.assert_nothing_left()

    def test_events_with_and_without_a_filter(self):
        run, client = self.begin()
        everything, stops = Client(self.path), Client(self.path)
        everything.send("SubscribeEvents", more=True)
        stops.send("SubscribeEvents", {"filter": ["STOP", "SHUTDOWN"]}, more=True)
        self.assertEqual(("READY", "READY"), (everything.event(), stops.event()))
        self.error("org.varlink.service.ExpectedMore", client.call("SubscribeEvents"))
        client.call("Pause")
        client.call("Resume")
        self.assertEqual(("STOP", "RESUME"), (everything.event(), everything.event()))
        self.assertEqual("STOP", stops.event())
        client.call("PowerOff")
        seen = []
        while (event := everything.answer()) is not None:
            seen.append(event["parameters"])
        self.assertIn({"guest": True, "reason": "guest-shutdown"}, [event.get("data") for event in seen if event["event"] == "SHUTDOWN"])
        self.assertEqual(("SHUTDOWN", None), (stops.event(), stops.answer()), "the link is closed with QEMU's")
        self.end(run)

    def test_terminate_is_at_once_and_clean(self):
        run, client = self.begin()
        began = time.monotonic()
        self.assertEqual(DONE, client.call("Terminate"))
        self.end(run)
        self.assertLess(time.monotonic() - began, 5)
        self.assertNotIn("T: button", run.text)
        self.assertIn("Terminate on the control socket", run.errors)

    def test_terminate_of_a_paused_machine(self):
        run, client = self.begin()
        client.call("Pause")
        self.assertEqual(DONE, client.call("Terminate"))
        self.end(run)

    def test_poweroff_of_a_paused_machine(self):
        run, client = self.begin()
        client.call("Pause")
        self.assertEqual(DONE, client.call("PowerOff"))
        self.assertEqual(DONE, client.call("PowerOff"), "a second time is no impatience")
        self.end(run)
        self.assertIn("T: button", run.text)

    def test_reboot_is_orderly(self):
        run, client = self.begin()
        events = Client(self.path)
        events.send("SubscribeEvents", {"filter": ["RESET"]}, more=True)
        self.assertEqual("READY", events.event())
        self.assertEqual(DONE, client.call("Reboot"))
        self.assertEqual("RESET", events.event())
        end = time.monotonic() + PATIENCE
        while run.text.count("T: waiting") < 2:
            run.pump(0.1)
            self.assertLess(time.monotonic(), end, run.everything())
        self.assertEqual(1, run.text.count("T: button"), "the guest was asked")
        client.call("PowerOff")
        self.end(run)

    def test_who_talks_nonsense_is_cut_off_alone(self):
        run, client = self.begin()
        half = Client(self.path)
        half.socket.sendall(b'{"method":"io.systemd.Mach')
        for bytes_ in (b"GET / HTTP/1.1\r\n\r\n\0", b"\0", b"[]\0", b"\xff" * 70000, b"[" * 60000 + b"\0"):
            bad = Client(self.path)
            try:
                bad.socket.sendall(bytes_)
            except (BrokenPipeError, ConnectionResetError):
                pass
            self.assertIsNone(bad.answer(), bytes_[:20])
        self.error("org.varlink.service.MethodNotFound", client.call("Explode"))
        self.error("org.varlink.service.InterfaceNotFound", client.call("org.example.Explode"))
        self.error("org.varlink.service.InvalidParameter", client.call("Pause", {"hard": True}))
        half.socket.sendall(b'ineInstance.Describe"}\0')
        self.assertTrue(half.answer()["parameters"]["running"])
        client.call("Terminate")
        self.end(run)

    def test_a_thousand_calls(self):
        run, client = self.begin()
        for _ in range(1000):
            self.assertTrue(client.call("Describe")["parameters"]["running"])
        for _ in range(1000):
            client.send("org.varlink.service.GetInfo")
        for _ in range(1000):
            self.assertIn("io.systemd.MachineInstance", client.answer()["parameters"]["interfaces"])
        for _ in range(200):
            self.assertIn("running", Client(self.path).call("Describe")["parameters"])
        silent = Client(self.path)
        silent.send("SubscribeEvents", more=True)
        for _ in range(1500):  # more than the socket and we hold for who does not read
            client.call("Pause")
            client.call("Resume")
        self.assertEqual("READY", silent.event())
        client.call("Terminate")
        self.end(run)

    def test_another_user_cannot_connect(self):
        self.need_root()
        run, client = self.begin()
        script = f"import os, socket\nos.setgid({USER}); os.setuid({USER})\nsocket.socket(socket.AF_UNIX).connect({str(self.path)!r})"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        self.assertIn("PermissionError", done.stderr)
        self.assertEqual((0o644, 0o700), (self.path.stat().st_mode & 0o7777, self.path.parent.stat().st_mode & 0o7777))
        self.path.parent.chmod(0o755)
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        self.assertIn("PermissionError", done.stderr, "the socket's own mode keeps them out, too")
        client.call("Terminate")
        self.end(run)

    def test_a_machine_without_ports_says_why_it_takes_no_disk(self):
        run, client = self.begin("powerbutton", "--vsock=no")
        answer = client.call("AddStorage", {"name": "v", "fileDescriptorIndex": 0}, [os.open(self.image("v", 1), os.O_RDWR)])
        self.error("NotSupported", answer)
        self.assertIn("qemu.hotplug-ports", answer["parameters"]["reason"])
        client.call("Terminate")
        self.end(run)

    # --- disks ---

    def image(self, name, mebibytes, text=""):
        path = self.dir / f"{name}.raw"
        path.write_bytes(text.encode().ljust(mebibytes * MIB, b"\0"))
        return path

    def ask(self, run, command, pattern):
        """What the guest's shell answers to the command, asked again until it is what is expected: disks come and go in their own time."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            begin = len(run.text)
            mark = f"m{begin}"
            run.send(f"{command}; echo {mark}-$((6*7))\r".encode())
            while f"{mark}-42" not in run.text[begin:]:
                self.assertLess(time.monotonic(), end, run.everything())
                run.pump(0.1)
            if found := re.search(pattern, run.text[begin:]):
                return found
        raise AssertionError(f"{command}: no {pattern}\n{run.everything()}")

    def test_disks_come_and_go_before_the_guests_eyes(self):
        run, client = self.begin("shell", ports=3)
        disk = f"/dev/{self.first}"
        first, second = self.image("first", 8, "first"), self.image("second", 16, "second")

        def add(name, path, flags=os.O_RDWR, config=None):
            descriptor = os.open(path, flags)
            answer = client.call("AddStorage", {"name": name, "fileDescriptorIndex": 0} | ({"config": config} if config else {}), [descriptor])
            os.close(descriptor)
            return answer

        self.assertEqual(DONE, add("fs:v", first))
        self.ask(run, f"cd /sys/block/{self.first}; head -c 5 {disk}; cat size ro serial; cd /", r"first16384\s+0\s+fs:v")
        self.ask(run, f"echo hello >{disk}; sync", r"-42")
        self.assertEqual(b"hello", first.read_bytes()[:5])
        self.assertEqual(DONE, add("ro", second, os.O_RDONLY, "virtio-scsi"))
        self.ask(run, "head -c 6 /dev/sda; cat /sys/block/sda/ro", r"second1")
        self.error("StorageExists", add("fs:v", second, os.O_RDONLY))
        self.error("BadConfig", add("w", second, config="floppy"))
        self.errno("EBADF", add("w", second, os.O_WRONLY))
        self.errno("EBADF", add("w", second, os.O_PATH))
        self.errno("EISDIR", add("w", self.dir, os.O_RDONLY))
        self.errno("EBUSY", add("w", first))

        with (open(self.image("third", 8, "third"), "r+b") as third, open(self.image("between", 8), "r+b") as between,
              open(second, "rb") as reader):
            self.errno("EROFS", client.call("ReplaceStorage", {"name": "fs:v", "fileDescriptorIndex": 0}, [reader.fileno()]))
            self.error("NoSuchStorage", client.call("ReplaceStorage", {"name": "other", "fileDescriptorIndex": 0}, [third.fileno()]))
            for writer in (between, third):
                self.assertEqual(DONE, client.call("ReplaceStorage", {"name": "fs:v", "fileDescriptorIndex": 0}, [writer.fileno()]))
        self.ask(run, f"echo 3 >/proc/sys/vm/drop_caches; head -c 5 {disk}", r"third")
        self.assertEqual(DONE, add("nvme", first, config="nvme"))
        self.ask(run, "head -c 5 /dev/nvme0n1", r"hello")

        gone = Client(self.path)
        gone.send("SubscribeEvents", {"filter": ["DEVICE_DELETED"]}, more=True)
        self.assertEqual("READY", gone.event())
        self.assertEqual(DONE, client.call("RemoveStorage", {"name": "ro"}))
        self.assertEqual(DONE, client.call("RemoveStorage", {"name": "fs:v"}))
        self.error("NoSuchStorage", client.call("RemoveStorage", {"name": "other"}))
        self.ask(run, f"ls /sys/block {disk}", rf"{disk}: No such file")
        self.ask(run, "ls /dev/sda", r"/dev/sda: No such file")
        while gone.answer()["parameters"]["data"].get("device") != "hot1-disk":  # a guest's own view of it comes before
            pass
        end = time.monotonic() + PATIENCE
        while (answer := add("fs:v", second)) != DONE:  # QEMU's own part of the removal
            self.errno("EBUSY", answer)
            self.assertLess(time.monotonic(), end)
        self.ask(run, f"head -c 6 {disk}", r"second")
        run.send(b"exit\r")
        self.end(run)

    def test_disks_from_the_start_stay(self):
        image = self.image("data", 4)
        run, client = self.begin("powerbutton", f"--extra-drive=virtio-scsi:{image}")
        self.error("StorageImmutable", client.call("RemoveStorage", {"name": "drive.cli0"}))
        with open(self.image("more", 4), "r+b") as more, open(image, "r+b") as again:
            self.error("StorageImmutable", client.call("ReplaceStorage", {"name": "drive.cli0", "fileDescriptorIndex": 0}, [more.fileno()]))
            self.errno("EBUSY", client.call("AddStorage", {"name": "again", "fileDescriptorIndex": 0, "config": "virtio-scsi"}, [again.fileno()]))
            self.assertIn("storage again: ", run.pump(0.5) and run.errors, "QEMU's words about the lock")
            self.assertEqual(DONE, client.call("AddStorage", {"name": "more", "fileDescriptorIndex": 0, "config": "virtio-scsi"}, [more.fileno()]),
                             "the controller is there: no port is needed")
        client.call("Terminate")
        self.end(run)


class CalledControl(drop_in.Caller, Control):
    """Emulated, without a vsock, and called as who knows of no setting for it: disks may come all the same."""
    first = "vdb"
    test_a_machine_without_ports_says_why_it_takes_no_disk = None  # it has some

    def machine(self, command, name, _):
        return [*self.tiny(command, image=self.disk(f"{name}.raw"), name=name),
                *(["--console=interactive"] if command == "shell" else [])]


if __name__ == "__main__":
    main()
