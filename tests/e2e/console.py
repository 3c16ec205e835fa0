#!/usr/bin/python3
"""The console on a terminal and on pipes."""
import os
import signal
import subprocess
import termios
import time

from harness import PATIENCE, PROGRAM, Case, main


class Console(Case):
    def interactive(self, command):
        run = self.start("run", self.linux(command, console=""), terminal=True)
        self.before = termios.tcgetattr(run.inner)
        return run

    def assert_restored(self, run):
        self.assertEqual(self.before, termios.tcgetattr(run.inner), "the terminal was not put back")
        self.assert_nothing_left()

    def test_typing_reaches_the_guest(self):
        run = self.interactive("echo")
        run.wait_for("T: up")
        self.assertEqual(0, termios.tcgetattr(run.inner)[3] & (termios.ECHO | termios.ICANON | termios.ISIG), "the terminal is not raw")
        time.sleep(0.3)
        run.send("grüße\r".encode())
        run.wait_for("T: heard grüße")
        run.send(b"quit\r")
        self.assert_status(0, run)
        self.assert_restored(run)

    def test_control_c_goes_to_the_guest(self):
        run = self.interactive("shell")
        run.wait_for("# ")
        run.send(b"sleep 1000; echo ended with $?\r")
        run.wait_for("\n", patience=10)
        time.sleep(1)
        run.send(b"\x03")
        run.send(b"echo after-$((6*7))\r")
        run.wait_for("after-42")
        self.assertIsNone(run.process.poll())
        run.send(b"exit\r")
        self.assert_status(0, run)
        self.assert_restored(run)

    def test_escape_keys_end_it(self):
        """At once, without asking the guest."""
        run = self.interactive("hang")
        run.wait_for("T: hanging")
        run.send(b"\x1d\x1d\x1d")
        began = time.monotonic()
        self.assert_status(128 + 15, run)
        self.assertLess(time.monotonic() - began, 8)
        self.assert_restored(run)

    def test_keys_press_the_buttons(self):
        run = self.interactive("powerbutton")
        run.wait_for("T: waiting")
        run.send(b"\x1d\x1d?")
        run.wait_for("^]^]p asks the guest to power off")
        run.send(b"\x1d\x1dr")
        run.wait_for("the guest starts again")
        end = time.monotonic() + PATIENCE
        while run.text.count("T: waiting") < 2 and time.monotonic() < end:
            run.pump(0.5)
        run.send(b"\x1d\x1dp")
        self.assert_status(0, run)
        self.assert_restored(run)

    def test_log_is_the_console_again(self):
        """With a console and without one; the second run goes on where the first ended."""
        log = self.dir / "console.log"
        run = self.vmspawn("run", self.linux(console='mode = "read-only"\nlog = "console.log"\n'))
        self.assert_status(0, run)
        self.assertEqual(run.text.replace("\r\n", "\n"), log.read_text().replace("\r\n", "\n"))
        self.assertEqual(0o600, log.stat().st_mode & 0o777)
        self.assert_status(0, self.vmspawn("run", self.linux(console='mode = "headless"\nlog = "console.log"\n')))
        self.assertEqual(2, log.read_text().count("T: up"))
        self.assert_nothing_left()

    def test_slow_escape_keys_do_nothing(self):
        run = self.interactive("echo")
        run.wait_for("T: up")
        for _ in range(3):
            run.send(b"\x1d")
            time.sleep(0.7)
        self.assertIsNone(run.process.poll())
        run.send(b"\rquit\r")
        self.assert_status(0, run)
        self.assert_restored(run)

    def test_restored_after_a_panic(self):
        run = self.interactive("panic")
        self.assert_status(255, run)
        self.assert_restored(run)

    def test_restored_after_a_signal(self):
        run = self.interactive("powerbutton")
        run.wait_for("T: waiting")
        run.kill(signal.SIGTERM)
        self.assert_status(0, run)
        self.assert_restored(run)

    def test_restored_after_qemu_was_killed(self):
        run = self.interactive("hang")
        run.wait_for("T: hanging")
        os.kill(run.qemu(), signal.SIGKILL)
        self.assert_status(5, run)
        self.assert_restored(run)

    def test_restored_after_a_crash_of_vmspawn(self):
        for number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS):
            run = self.interactive("hang")
            run.wait_for("T: hanging")
            run.kill(number)
            self.assertEqual(-number, run.finish())
            self.assertEqual(self.before, termios.tcgetattr(run.inner), f"not restored after {number}")
            time.sleep(1)  # QEMU leaves by its death signal
        # the runtime directory of a crashed vmspawn is swept by the next start
        self.assert_status(0, self.vmspawn("run", self.sector("poweroff")))
        self.assert_nothing_left()

    def test_closed_terminal(self):
        run = self.interactive("powerbutton")
        run.wait_for("T: waiting")
        os.close(run.inner)
        os.close(run.terminal)
        run.streams.clear()
        self.assertIn(run.finish(), (0, 128 + 1))
        self.assert_nothing_left()

    def test_read_only_takes_no_input(self):
        run = self.start("run", self.linux("powerbutton", console='mode = "read-only"\n'), terminal=True)
        run.wait_for("T: waiting")
        run.send(b"\x03")
        self.assert_status(0, run)
        self.assertIn("T: button", run.text)

    def test_native(self):
        run = self.start("run", self.linux("echo", console='mode = "native"\n'), terminal=True)
        before = termios.tcgetattr(run.inner)
        run.wait_for("T: up")
        time.sleep(0.3)
        run.send(b"quit\r")
        self.assert_status(0, run)
        self.assertEqual(before, termios.tcgetattr(run.inner))
        self.assert_nothing_left()

    def test_pipe_that_closes_early(self):
        """A reader that leaves is no reason to end a machine: its output is dropped and the guest goes on."""
        definition = self.linux("flood")
        run = subprocess.Popen([PROGRAM, "run", *self.TPM, definition], env=self.env, cwd=self.dir, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
        run.stdout.read(2000)
        run.stdout.close()
        _, errors = run.communicate(timeout=90)
        self.assertEqual(0, run.returncode, errors)
        self.assert_nothing_left()

    def test_no_standard_streams(self):
        """Started with 0, 1 and 2 closed, nothing of it lands in a descriptor that QEMU or a file uses."""
        run = subprocess.Popen([PROGRAM, "run", *self.TPM, self.sector("poweroff")], env=self.env, cwd=self.dir, close_fds=True,
                               preexec_fn=lambda: [os.close(fd) for fd in (0, 1, 2)])
        self.assertEqual(0, run.wait(90))
        self.assert_nothing_left()


if __name__ == "__main__":
    main()
