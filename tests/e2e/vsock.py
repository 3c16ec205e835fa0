"""What guest and host tell each other over VSOCK: readiness, exit status, ssh, the journal. The device is the user-space one."""
import hashlib
import os
import re
import signal
import socket
import subprocess
import threading
import time

from harness import GUESTS, PROGRAM, Case, Run, children_of, main, program_of
from systemd_guest import DIRECT, PATIENCE, SystemdCase


class Manager:
    """The service manager's end of $NOTIFY_SOCKET."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.setblocking(False)
        self.heard = []

    def listen(self):
        try:
            while True:
                self.heard += self.socket.recv(4096).decode().split("\n")
        except BlockingIOError:
            return self.heard


def answer_to_lies(stranger):
    try:
        stranger.sendall(b"READY=1\nEXIT_STATUS=0")
        return stranger.recv(1)
    except (BrokenPipeError, ConnectionResetError):
        return b""


class Vsock(SystemdCase):
    def setUp(self):
        super().setUp()
        self.env["PATH"] += f":{GUESTS}"
        self.manager = Manager(self.dir / "notify")
        self.env["NOTIFY_SOCKET"] = str(self.dir / "notify")
        self.addCleanup(self.manager.socket.close)
        self.addCleanup((self.dir / "notify").unlink, missing_ok=True)

    def machine(self, more=""):
        """A guest that stays up until it is told to go."""
        self.copy()
        return self.definition(f'ram = "512M"\nkvm = false\n[console]\nmode = "read-only"\n[image]\npath = "disk.raw"\n{DIRECT}{more}')

    def wait_until(self, run, true, what):
        end = time.monotonic() + PATIENCE
        while not true():
            run.pump(0.1)
            self.assertLess(time.monotonic(), end, f"{what} did not happen\n{self.manager.heard}\n{run.everything()}")
            self.assertIsNone(run.process.poll(), run.everything())

    def start_ready(self, *words):
        run = self.start("run", *words)
        self.wait_until(run, lambda: "READY=1" in self.manager.listen(), "READY=1")
        return run

    def ssh(self, *command, **options):
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run([PROGRAM, "ssh", self.name, "--", *command], env=self.env, capture_output=True, timeout=PATIENCE, **options)

    def runtime(self):
        return self.runtime_directories()[0]

    def helper(self, run, program):
        for pid in children_of(run.pid):
            if program in program_of(pid):
                return pid
        self.fail(f"no {program} below vmspawn")

    def stop(self, run, status=0):
        """The guest goes by itself, with this status."""
        self.ssh("systemctl", "exit", str(status))
        self.assertEqual(status, run.finish(PATIENCE), run.everything())
        self.assert_nothing_left()

    def test_readiness_and_exit_status_are_the_guests_alone(self):
        run = self.start("run", self.machine())
        run.wait_for("T: initrd")
        stranger = socket.socket(socket.AF_UNIX)
        stranger.connect(str(self.runtime() / "vsock_9999"))
        self.assertEqual(b"", answer_to_lies(stranger), "closed without a hearing")
        self.wait_until(run, lambda: "was not heard" in run.errors, "the word about a stranger")
        self.assertNotIn("READY=1", self.manager.listen())
        self.wait_until(run, lambda: "READY=1" in self.manager.listen(), "READY=1")
        run.wait_for("T: multi-user")  # the console may be behind
        self.stop(run, 42)
        self.assertIn("EXIT_STATUS=42", self.manager.listen())
        self.assertEqual(1, run.errors.count("was not heard"), run.errors)

    def test_ssh_is_a_clean_pipe_with_a_pinned_key(self):
        run = self.start_ready(self.machine())
        self.assertEqual(7, self.ssh("exit 7").returncode)
        data = os.urandom(1 << 20) * 100
        answer = self.ssh("sha256sum", stdin=None, input=data)
        self.assertEqual(hashlib.sha256(data).hexdigest(), answer.stdout.split()[0].decode(), answer.stderr)
        self.assertEqual(b"", answer.stderr)
        known = self.runtime() / "known_hosts"
        real = known.read_text()
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.dir / "other"], check=True)
        known.write_text("vmspawn " + (self.dir / "other.pub").read_text())
        refused = self.ssh("true")
        self.assertEqual(255, refused.returncode)
        self.assertIn(b"verification failed", refused.stderr)
        known.write_text(real)
        key = next(self.runtime().parent.glob(f"machine-????????-{self.name}-ed25519"))
        plain = subprocess.run(["ssh", "-i", key, "-o", f"ProxyCommand={PROGRAM} ssh-proxy {self.name}", "-o", "ProxyUseFdpass=yes",
                                "-o", f"UserKnownHostsFile={known}", "-o", "HostKeyAlias=vmspawn", "-o", "StrictHostKeyChecking=yes", "root@x", "hostname"],
                               env=self.env, capture_output=True, stdin=subprocess.DEVNULL, timeout=PATIENCE)
        self.assertEqual((0, b"guest\n"), (plain.returncode, plain.stdout), plain.stderr)
        self.stop(run)

    def test_another_key_type_and_a_journal_for_each_host(self):
        journals = self.dir / "journals"
        journals.mkdir()
        run = self.start_ready(self.machine(), "--ssh-key-type=rsa", f"--forward-journal={journals}")
        self.assertTrue((self.runtime() / "rsa.pub").read_text().startswith("ssh-rsa "))
        self.assertEqual(0, self.ssh("logger", "split-by-host").returncode)
        self.stop(run)
        self.assertTrue(list(journals.glob("remote-*.journal")), list(journals.iterdir()))

    def test_the_journal_comes_with_its_early_kernel_messages(self):
        journal = self.dir / "guest.journal"
        run = self.start_ready(self.machine(), f"--forward-journal={journal}", "--pass-ssh-key=yes")
        self.assertEqual(0, self.ssh("logger", "a-word-from-the-guest").returncode)
        self.stop(run)
        text = subprocess.run(["journalctl", "--file", journal, "-o", "short", "--no-pager"], capture_output=True, text=True, check=True).stdout
        self.assertIn("a-word-from-the-guest", text)
        self.assertRegex(text, r"kernel: Linux version")

    def test_credentials_arrive_bit_by_bit(self):
        values = {"every.byte": bytes(range(256)), "empty": b"", "large": os.urandom(48 << 10)}
        values |= {f"small.{n}": os.urandom(n) for n in range(1, 61)}
        for name, value in values.items():
            (self.dir / name).write_bytes(value)
        by_socket = os.urandom(1000)
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(self.dir / "server"))
        server.listen(1)

        def serve():
            peer, _ = server.accept()
            peer.sendall(by_socket)
            peer.close()

        threading.Thread(target=serve, daemon=True).start()
        flags = [f"--load-credential={name}:./{name}" for name in values]
        run = self.start_ready(self.machine(), *flags, "--load-credential=by.socket:./server", r"--set-credential=escaped:a\x00\tb")
        server.close()
        values |= {"by.socket": by_socket, "escaped": b"a\0\tb"}
        sums = self.ssh("cd /run/credentials/@system && sha256sum *").stdout.decode().splitlines()
        seen = {line.split()[1]: line.split()[0] for line in sums}
        for name, value in values.items():
            self.assertEqual(hashlib.sha256(value).hexdigest(), seen.get(name), name)
        self.stop(run)

    def test_without_a_key_nobody_logs_in(self):
        run = self.start_ready(self.machine(), "--pass-ssh-key=no")
        refused = self.ssh("true")
        self.assertEqual(2, refused.returncode)
        self.assertIn(b"no ssh key was passed", refused.stderr)
        self.assertEqual([], list(self.runtime().glob("*.pub")))
        run.kill(signal.SIGTERM)
        self.assertEqual(0, run.finish(PATIENCE), run.everything())
        told = self.manager.listen()
        self.assertIn("STOPPING=1", told)
        self.assertTrue(any(re.fullmatch(r"EXTEND_TIMEOUT_USEC=\d+", word) for word in told), told)
        self.assert_nothing_left()

    def test_a_helper_that_dies_early_ends_the_machine(self):
        run = self.start("run", self.machine())
        run.wait_for("T: initrd")
        os.kill(self.helper(run, "vhost-device-vsock"), signal.SIGKILL)
        self.assertEqual(5, run.finish(PATIENCE), run.everything())
        self.assertIn("vsock (vsock.enabled) was killed by SIGKILL; the guest cannot go on without it", run.errors)
        self.assert_nothing_left()

    def test_a_helper_that_dies_late_is_only_told(self):
        run = self.start_ready(self.machine(), f"--forward-journal={self.dir}/guest.journal")
        os.kill(self.helper(run, "systemd-journal-remote"), signal.SIGKILL)
        run.wait_for("journal", "errors").wait_for("was killed by SIGKILL", "errors")
        self.stop(run, 3)

    def test_a_guest_that_is_late_shows_why(self):
        run = self.vmspawn("run", self.linux(command="hang", words=""), "--ready-timeout=20s")  # a busy machine shows the first line after ten
        self.assert_status(110, run)
        self.assertIn("the guest was not ready after 20 s (ready.timeout)", run.errors)
        self.assertIn("the end of its console:", run.errors)
        self.assert_nothing_left()


    def test_helpers_that_die_late_and_cannot_be_done_without(self):
        """Each says something when it starts, which are its last words when it is killed after READY."""
        self.TPM = ()
        real = next(path for path in ("/usr/libexec/virtiofsd", "/usr/lib/qemu/virtiofsd") if os.path.exists(path))
        for program, path in (("virtiofsd", real), ("swtpm", "/usr/bin/swtpm")):
            self.fake(program, f'echo {program} starts >&2; exec {path} "$@"')
        self.use_virtiofsd(self.dir / "bin/virtiofsd")
        machine = self.machine('[mount.src]\nsource = "."\ntarget = "/src"\nread-only = true\n[tpm]\nenabled = true\nstate = "./tpm"\n')
        for id, program, origin in (("mount.src", "virtiofsd", r".*m\.vmspawn:\d+:\d+, mount\.src\.source"),
                                    ("tpm", "swtpm", r".*m\.vmspawn:\d+:\d+, tpm\.enabled")):
            self.manager.heard.clear()
            run = self.start_ready(machine)
            os.kill(self.helper(run, program), signal.SIGKILL)
            self.assertEqual(5, run.finish(PATIENCE), run.everything())
            self.assertRegex(run.errors, rf"{id} \({origin}\) was killed by SIGKILL; the guest cannot go on without it\n  {program} starts\n")
            self.assertIn("EXIT_STATUS=5", self.manager.listen())
            self.assert_nothing_left()


class Told(Case):
    def test_the_service_manager_knows_the_process_of_qemu(self):
        manager = Manager(self.dir / "notify")
        self.addCleanup(manager.socket.close)
        self.env["NOTIFY_SOCKET"] = str(self.dir / "notify")
        run = self.start("run", self.sector("halt", "[ready]\nnotify = false\n"))
        end = time.monotonic() + PATIENCE
        while "READY=1" not in manager.listen():
            self.assertLess(time.monotonic(), end, run.everything())
            run.pump(0.1)
        self.assertIn(f"X_VMSPAWN_LEADER_PID={run.qemu()}", manager.heard)
        run.kill(signal.SIGTERM)
        run.wait_for("asked the guest to power off", "errors")
        run.kill(signal.SIGTERM)
        self.assert_status(128 + 15, run)
        self.assertFalse(any(word.startswith("EXTEND_TIMEOUT_USEC=") for word in manager.heard[:manager.listen().index("STOPPING=1")]),
                         "a short start asks for nothing")
        self.assert_nothing_left()


class Late(Case):
    def test_the_service_manager_gives_the_time_of_the_definition(self):
        """A boot sector is never ready."""
        self.env["PATH"] += f":{GUESTS}"
        manager = Manager(self.dir / "notify")
        self.addCleanup(manager.socket.close)
        self.env["NOTIFY_SOCKET"] = str(self.dir / "notify")
        run = self.start("run", self.sector("halt", '[vsock]\nenabled = true\n[ready]\ntimeout = "2s"\n'))
        self.assert_status(110, run)
        told = manager.listen()
        up = told.index("STATUS=VM started.")
        self.assertRegex(told[up + 1], r"^X_VMSPAWN_LEADER_PID=[1-9]\d*$")
        self.assertEqual("EXTEND_TIMEOUT_USEC=14000000", told[up + 2], told)
        self.assertLess(up, told.index("STOPPING=1"), told)
        self.assert_nothing_left()


class NeverThere(Case):
    def test_a_device_that_never_listens_is_to_blame(self):
        """QEMU runs by then and waits for it."""
        for last, end in (("exit 3", "ended with status 3"), ("kill -9 $$", "was killed by SIGKILL")):
            self.fake("vhost-device-vsock", f"echo no device today; {last}")
            run = self.vmspawn("run", self.linux())
            self.assert_status(5, run)
            self.assertRegex(run.errors, rf"could not start '.*/vhost-device-vsock' \(vsock\.enabled\): it {end} before the machine was up\n  no device today\n")
            self.assert_nothing_left()


    def test_a_device_that_only_hangs_does_not_hold_vmspawn(self):
        self.fake("vhost-device-vsock", "exec sleep 1000")
        run = self.start("run", self.linux())
        run.qemu()
        run.kill(signal.SIGTERM)
        self.assert_status(143, run)
        self.assert_nothing_left()

    def test_a_key_that_is_never_made_is_to_blame(self):
        self.env["PATH"] += f":{GUESTS}"
        self.fake("ssh-keygen", "echo no key today; kill -9 $$")
        run = self.vmspawn("run", self.linux())
        self.assert_status(5, run)
        self.assertRegex(run.errors, r"could not start '.*/ssh-keygen' \(ssh\.pass-key\): no key today\n  it was killed by SIGKILL\n")
        self.assert_nothing_left()

    def test_a_journal_that_is_lost_before_the_guest_is_ready(self):
        self.env["PATH"] += f":{GUESTS}"
        run = self.start("run", self.linux("hang"), f"--forward-journal={self.dir}/guest.journal")
        run.wait_for("T: hanging")
        pid = next(pid for pid in children_of(run.pid) if "systemd-journal-remote" in program_of(pid))
        os.kill(pid, signal.SIGKILL)
        self.assert_status(5, run)
        self.assertRegex(run.errors, r"journal \(--forward-journal=.*, journal\.forward\) was killed by SIGKILL; the guest cannot go on without it")
        self.assert_nothing_left()


class Together(Case):
    TPM = ()  # as a user has it

    def test_helpers_work_at_the_same_time(self):
        """A trace shows that nothing waits for what it does not need: all are at work while the TPM is made."""
        self.env["PATH"] += f":{GUESTS}"
        definition = self.linux(command="hang", more='[tpm]\nenabled = true\nstate = "./tpm"\n[mount.src]\nsource = "."\ntarget = "/src"\n')
        self.vmspawn("plan", definition)  # what is known of QEMU is kept: that is no part of a start
        trace = self.dir / "trace"
        run = Run(["strace", "-f", "-ttt", "-qq", "-s", "80", "-e", "trace=execve,exit_group", "-o", trace, PROGRAM, "run", definition], self.env, self.dir)
        self.runs.append(run)
        run.wait_for("T: hanging")
        os.kill(next(pid for pid in children_of(run.pid) if PROGRAM in program_of(pid)), signal.SIGTERM)
        os.kill(run.qemu(), signal.SIGTERM)
        run.finish(PATIENCE)
        starts, ends = {}, {}
        for line in trace.read_text().splitlines():
            pid, when, what = line.split(None, 2)
            found = re.match(r'execve\("([^"]*/)?(ssh-keygen|swtpm_setup|virtiofsd|qemu-system-x86_64)"', what)
            if found and " = -1 " not in what:  # a call that another interrupts in the trace ends on another line
                starts.setdefault(found[2], (pid, float(when)))
            if what.startswith("exit_group"):
                ends[pid] = float(when)
        last = max(ends.values())
        spans = {name: (when, ends.get(pid, last)) for name, (pid, when) in starts.items()}
        begin, end = spans["swtpm_setup"]  # the slowest: a second and more
        for name in ("ssh-keygen", "virtiofsd", "qemu-system-x86_64"):
            self.assertLess(spans[name][0], end, spans)
            self.assertLess(begin, spans[name][1], spans)


if __name__ == "__main__":
    main()
