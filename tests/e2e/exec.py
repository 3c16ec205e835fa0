#!/usr/bin/python3
"""`run --exec`: a command in the guest as if it were a local process. Each boot of Debian takes half a minute, so each does what it can."""
import fcntl
import os
import shutil
import signal
import struct
import subprocess
import termios

from harness import PROGRAM, Case, main
from systemd_guest import DIRECT, PATIENCE, QUIET, SYSTEMD, SystemdCase, digest


class Exec(SystemdCase):
    def machine(self):
        return self.definition('ram = "512M"\nkvm = false\n[tpm]\nenabled = false\n'
                               f'[image]\npath = "{SYSTEMD}/disk.raw"\nephemeral = true\n{DIRECT}')

    def begin(self, command, *flags, **streams):
        """A process whose streams are the caller's to choose."""
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
        words = [PROGRAM, "run", self.machine(), f"--exec={command}", f"--timeout={PATIENCE}s", *flags]
        return subprocess.Popen(words, env=self.env, cwd=self.dir, **streams)

    def test_a_hundred_megabytes_each_way(self):
        size = 100_000_000
        given, taken = self.dir / "given", self.dir / "taken"
        given.write_bytes(os.urandom(size))
        command = 'cat; echo "$USER $HOME $PWD ${JOURNAL_STREAM-none}" >&2; cat /dev/stdin; echo last >/dev/stderr; sleep 1000 & exit 42'
        with open(given, "rb") as stdin, open(taken, "wb") as stdout:
            process = self.begin(command, stdin=stdin, stdout=stdout)
            errors = process.communicate(timeout=PATIENCE)[1].decode()
        self.assertEqual((42, "root /root /root none\nlast\n"), (process.returncode, errors))
        self.assertEqual((size, digest(given)), (taken.stat().st_size, digest(taken)))
        self.assert_nothing_left()

    def test_statuses(self):
        """Two machines at once: they take no longer than one."""
        commands = {0: 'printf "%s|" "$HOME" "%i" \'"ü\\\'; printf "\\n"', 1: "false", 126: "/etc/passwd", 127: "no-such-program", 137: "kill -9 $$"}
        outputs = {0: '/root|%i|"ü\\|\n'}
        errors = {126: "Permission denied", 127: "not found"}
        waiting = dict(commands)
        running = {}
        while waiting or running:
            while waiting and len(running) < 2:
                status, command = waiting.popitem()
                running[status] = self.begin(command, f"--machine={self.name}-{status}")
            status, process = running.popitem()
            out, err = (text.decode() for text in process.communicate(timeout=PATIENCE))
            self.assertEqual((status, outputs.get(status, "")), (process.returncode, out), err)
            self.assertIn(errors.get(status, ""), err)
            self.assertEqual(status in errors, err != "", err)

    def test_signals_and_a_reader_that_goes(self):
        interrupted = self.begin('trap "echo heard >&2; exit 9" INT; echo ready; sleep 1000 & wait')
        piped = self.begin("yes", f"--machine={self.name}-yes")
        self.assertEqual(b"y\n", piped.stdout.readline())
        piped.stdout.close()
        self.assertEqual(b"ready\n", interrupted.stdout.readline())
        interrupted.send_signal(signal.SIGINT)
        self.assertEqual((b"", b"heard\n"), interrupted.communicate(timeout=PATIENCE))
        self.assertEqual((9, 128 + signal.SIGPIPE), (interrupted.returncode, piped.wait(PATIENCE)))
        self.assertEqual(b"", piped.stderr.read())

    def test_a_terminal(self):
        command = 'tty; echo $TERM; read -r line; stty size; echo "got $line"; sleep 1000'
        run = self.start("run", self.machine(), f"--exec={command}", f"--timeout={PATIENCE}s", terminal=True)
        fcntl.ioctl(run.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
        run.wait_for("vt220\r\n", patience=PATIENCE)
        self.assertIn("/dev/pts/", run.text)
        run.send(b"word\r")
        run.wait_for("got word\r\n", patience=PATIENCE)
        self.assertIn("33 99\r\n", run.text)
        while run.process.poll() is None:  # as one who types it again: a shell that just starts a program may miss it
            run.send(b"\x03")
            run.pump(5)
        self.assertEqual(128 + signal.SIGINT, run.finish(PATIENCE), run.everything())
        self.assert_nothing_left()

    def test_by_a_user(self):
        """Who may go nowhere but to this case's directory, and brings input along."""
        self.need_root()
        self.copy()
        for file in ("vmlinuz", "initrd.img"):
            shutil.copy(SYSTEMD / file, self.dir)
        before = digest(self.dir / "disk.raw")
        definition = self.definition('ram = "512M"\nkvm = false\n[image]\npath = "disk.raw"\nephemeral = true\n'
                                     '[boot]\nlinux = "vmlinuz"\ninitrd = ["initrd.img"]\n' + QUIET)
        (self.dir / "given").write_text("from the user\n")
        self.as_user()
        with open(self.dir / "given", "rb") as given:
            run = self.vmspawn("run", definition, "--exec=cat; id -u; echo heard >&2; exit 7", f"--timeout={PATIENCE}s", preexec=self.drop,
                               stdin=given, patience=PATIENCE + 20)
        self.assertEqual((7, "from the user\n0\n", "heard\n"), (run.status, run.text, run.errors))
        self.assertEqual(before, digest(self.dir / "disk.raw"))
        self.assert_nothing_left()


class Failing(Case):
    """Guests without systemd, or without luck."""

    def test_a_guest_that_does_not_know_how(self):
        run = self.vmspawn("run", self.linux(), "--exec=true")
        self.assert_status(5, run)
        self.assertEqual("", run.text)
        self.assertRegex(run.errors, r"vmspawn: the guest powered off without running the command\n  the end of its console:\n(.*\n)*.*T: end")
        self.assert_nothing_left()

    def test_a_guest_that_panics(self):
        run = self.vmspawn("run", self.linux("panic"), "--exec=true")
        self.assert_status(255, run)
        self.assertRegex(run.errors, r"vmspawn: the guest panicked without running the command\n  the end of its console:\n(  \[ .*\n)*.* RIP: ")
        self.assert_nothing_left()

    def test_a_guest_that_takes_too_long(self):
        run = self.vmspawn("run", self.linux("hang"), "--exec=true", "--timeout=20s")
        self.assert_status(110, run)
        self.assertEqual("", run.text)
        self.assertRegex(run.errors, r"vmspawn: the machine has had its time \(--timeout\)\n(.*\n)*  the end of its console:\n(.*\n)*.*T: hanging")
        self.assert_nothing_left()

    def test_a_signal_before_the_command_runs(self):
        run = self.start("run", self.linux("hang"), "--exec=true", f"--console-log={self.dir}/console")
        console = self.dir / "console"
        while not console.exists() or "T: hanging" not in console.read_text():
            run.pump(0.1)
        run.kill(signal.SIGTERM)
        run.pump(1)  # a second one that came too early would be one with the first
        run.kill(signal.SIGTERM)
        self.assertEqual(143, run.finish(), run.everything())
        self.assert_nothing_left()

    def test_no_script(self):
        run = self.vmspawn("plan", self.linux(), "--exec=true", "--format=script")
        self.assert_status(95, run)
        self.assertIn("'exec-input' (a channel of vmspawn's own) has no shell form", run.errors)


if __name__ == "__main__":
    main()
