#!/usr/bin/python3
"""VSOCK by the kernel's device, in a host that has it (tests/nested/run makes one): a guest of that host, and others who talk to vmspawn."""
import os
import pathlib
import re
import socket
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
from harness import GUESTS, PROGRAM, Case, main  # noqa: E402
from vsock import Manager, answer_to_lies  # noqa: E402

SLOW = 900  # seconds; this is an emulated machine, and its guest one in there


class Nested(Case):
    def inner(self, name, more=""):
        return self.definition(f'ram = "192M"\nkvm = false\ntpm.enabled = false\n[boot]\nlinux = "{GUESTS}/vmlinuz"\n'
                               f'initrd = ["{os.environ["VMSPAWN_NESTED"]}/inner.img"]\n'
                               'cmdline = ["quiet", "cryptomgr.notests", "test.cmd=script", "test.script=/guest"]\n'
                               f'[console]\nmode = "read-only"\n[vsock]\nbackend = "kernel"\n[ssh]\npass-key = false\n{more}', file=f"{name}.vmspawn")

    def assert_told(self, run, manager, word):
        while word not in manager.listen():
            run.pump(0.1)
            self.assertIsNone(run.process.poll(), run.everything())

    def proxied(self):
        """What the guest's port for ssh says over the connection that "vmspawn ssh" uses."""
        ours, theirs = socket.socketpair()
        subprocess.run([PROGRAM, "ssh-proxy", self.name], env=self.env, stdin=subprocess.DEVNULL, stdout=theirs, check=True, timeout=SLOW)
        _, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
        with socket.socket(fileno=descriptors[0]) as connection:
            return connection.recv(100)

    def test_guest_and_strangers(self):
        manager = Manager(self.dir / "notify")
        self.env["NOTIFY_SOCKET"] = str(self.dir / "notify")
        gate = socket.socket(socket.AF_VSOCK)
        gate.bind((socket.VMADDR_CID_ANY, 7001))
        gate.listen(1)
        run = self.start("run", self.inner("first"))
        run.wait_for("T: notify ", patience=SLOW).wait_for("\n", patience=SLOW)
        guest, (cid, _) = gate.accept()
        self.assertEqual(str(cid), (self.runtime_directories()[0] / "cid").read_text())

        stranger = socket.socket(socket.AF_VSOCK)
        stranger.connect((1, int(re.search(r"T: notify (\d+)", run.text)[1])))  # the local CID: a process of this host
        stranger.settimeout(SLOW)
        self.assertEqual(b"", answer_to_lies(stranger), "closed without a hearing")
        run.wait_for("was not heard", "errors", patience=SLOW)
        self.assertNotIn("READY=1", manager.listen())

        second = self.inner("second", f"[profile.other]\nname = \"{self.name}-b\"\n")
        other = self.start_passing({"vhost-vsock": "/dev/vhost-vsock"}, "run", second, "--profile=other", f"--vsock-cid={cid}")
        self.assertEqual(16, other.finish(SLOW), other.everything())
        self.assertIn(f"another machine has CID {cid}", other.errors)

        self.assertEqual(b"greetings from port 22", self.proxied())
        guest.close()
        self.assert_told(run, manager, "READY=1")
        self.assertEqual(42, run.finish(SLOW), run.everything())
        self.assertIn("EXIT_STATUS=42", manager.listen())
        (self.dir / "notify").unlink()
        self.assert_nothing_left()


if __name__ == "__main__":
    main()
