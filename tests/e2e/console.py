#!/usr/bin/python3
"""The console on a terminal and on pipes."""
import fcntl
import hashlib
import os
import pathlib
import re
import select
import signal
import struct
import subprocess
import termios
import time

from harness import PATIENCE, PROGRAM, Case, children_of, has_ended, main, program_of


class Console(Case):
    ASKED = "\033]11;?\033\\"  # the terminal, for its background
    ANSWER = b"\033]11;rgb:0000/0000/0000\033\\"
    POURED = 200_000_000

    def interactive(self, command, console=""):
        run = self.start("run", self.linux(command, console=console), terminal=True)
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

    def assert_closed(self, run):
        """Colour, title and context are those of before."""
        context = re.search("\033\\]3008;start=([0-9a-f]{32});type=vm;vm=" + self.name, run.text).group(1)
        end = "\033[23;0t\033]3008;end=" + context
        self.assertEqual(1, run.text.count(end), repr(run.text[-300:]))
        self.assertIn("\033[0m\033[J", run.text[run.text.rindex("\033[?7;25h"):])  # lines wrap, the cursor is seen

    def test_tint_title_and_context(self):
        run = self.interactive("echo")
        run.wait_for(self.ASKED)
        run.send(self.ANSWER)
        run.wait_for("T: up")
        tint = "\033[48;2;10;41;15m"
        run.wait_for(tint)
        self.assertIn(f"\033[22;0t\033]0;\U0001F7E2 Virtual Machine {self.name}\033\\", run.text)
        run.send(b"quit\r")
        self.assert_status(0, run)
        self.assertNotIn("heard", run.text)
        self.assert_restored(run)
        self.assert_closed(run)

    def test_a_console_that_is_only_read_has_the_tint_too(self):
        run = self.interactive("words", console='mode = "read-only"\n')
        run.wait_for(self.ASKED)
        run.send(self.ANSWER)
        run.wait_for("\033[48;2;10;41;15m")
        self.assert_status(0, run)
        self.assertNotIn("rgb:", run.text, "the answer is not echoed")
        self.assert_restored(run)
        self.assert_closed(run)

    def test_typing_around_the_answer_is_not_lost(self):
        run = self.interactive("echo")
        run.wait_for(self.ASKED)
        run.send(b"one" + self.ANSWER[:7])
        time.sleep(0.05)
        run.send(self.ANSWER[7:] + b" two\rquit\r")
        run.wait_for("T: heard one two")
        self.assert_status(0, run)
        self.assert_restored(run)

    def test_background_of_the_definition(self):
        run = self.interactive("echo", console='background = "44"\n')
        run.wait_for("T: up")
        self.assertIn("\033[44m\033[J", run.text)
        self.assertNotIn(self.ASKED, run.text)
        run.send(b"quit\r")
        self.assert_status(0, run)
        self.assert_closed(run)

    def test_without_colours_the_terminal_is_put_back_all_the_same(self):
        for name, value in (("NO_COLOR", "1"), ("SYSTEMD_COLORS", "no")):
            before = dict(self.env)
            self.env[name] = value
            run = self.interactive("", console='background = "44"\n')
            self.assert_status(0, run)
            self.assertNotIn("\033[44m", run.text)
            self.assertNotIn(self.ASKED, run.text)
            self.assertIn("\033[?1049l", run.text, "no other screen")
            self.assertIn("\033[23;0t\033]3008;end=", run.text)
            self.env = before

    def test_simple_terminals_get_the_guests_output_only(self):
        self.env["TERM"] = "dumb"
        run = self.interactive("", console='background = "44"\n')
        self.assert_status(0, run)
        self.assertNotIn("\033", run.text)
        piped = self.vmspawn("run", self.linux())
        self.assertNotIn("\033", piped.text)

    def test_a_paste_arrives_whole(self):
        run = self.interactive("swallow")
        run.wait_for("T: swallowing")
        pasted = os.urandom(32768).hex().encode()  # a control character could be a key of the kernel: ^O is its SysRq there
        rest = pasted
        while rest:
            ready = select.select([run.terminal], [run.terminal], [], 30)
            if ready[0]:
                run.pump(0)
            if ready[1]:
                rest = rest[os.write(run.terminal, rest[:1024]):]
        run.wait_for("T: swallowed " + hashlib.sha256(pasted).hexdigest())
        self.assert_status(0, run)
        self.assert_restored(run)

    def test_resizes_reach_the_guests_terminal(self):
        run = self.interactive("powerbutton")
        run.wait_for("T: waiting")
        links = [os.readlink(link) for link in pathlib.Path(f"/proc/{run.qemu()}/fd").iterdir()]
        path = next(link for link in links if link.startswith("/dev/pts/"))
        guest = os.open(path, os.O_RDWR | os.O_NOCTTY)

        def wait_for_size(rows, columns):
            fcntl.ioctl(run.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            end = time.monotonic() + PATIENCE
            while time.monotonic() < end:
                seen = struct.unpack("HHHH", fcntl.ioctl(guest, termios.TIOCGWINSZ, bytes(8)))[:2]
                if seen == (rows, columns):
                    return
                run.pump(0.05)
            self.fail(f"the guest's terminal has {seen}")

        wait_for_size(50, 132)
        wait_for_size(24, 80)
        os.close(guest)
        run.kill(signal.SIGTERM)
        self.assert_status(0, run)
        self.assert_restored(run)

    def poured(self):
        """Of what the guest pours."""
        line = b" ".join(str(n).encode() for n in range(1, 2001)) + b"\n"
        whole, rest = divmod(self.POURED, len(line))
        expected = hashlib.sha256()
        for _ in range(whole):
            expected.update(line)
        expected.update(line[:rest])
        return expected.hexdigest()

    def test_200_megabytes_arrive_whole_and_typing_still_works(self):
        outer, inner = os.openpty()
        run = subprocess.Popen([PROGRAM, "run", *self.TPM, self.linux("pour,echo", console="")], env=self.env | {"TERM": "dumb"}, cwd=self.dir, stdin=inner,
                               stdout=inner, stderr=subprocess.PIPE)
        shown = b""
        while not shown.endswith(b"\n"):
            shown += os.read(outer, 1)
        self.assertTrue(shown.startswith(b"T: up"), shown)
        got, left = hashlib.sha256(), self.POURED
        while left:
            self.assertTrue(select.select([outer], [], [], PATIENCE)[0], f"{left} bytes are missing")
            piece = os.read(outer, min(left, 1 << 20))
            got.update(piece)
            left -= len(piece)
        self.assertEqual(self.poured(), got.hexdigest())
        os.write(outer, b"on\nquit\n")
        run.stderr.read()
        self.assertEqual(0, run.wait())
        self.assertEqual(b"\r\nT: heard on\nT: end", os.read(outer, 1 << 16).rstrip())
        os.close(outer)
        os.close(inner)
        self.assert_nothing_left()

    def begin_pouring(self):
        """A guest that prints much, and a caller who reads nothing after the first line."""
        run = subprocess.Popen([PROGRAM, "run", *self.TPM, self.linux("pour")], env=self.env, cwd=self.dir, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, bufsize=0)
        first = b""
        while not first.endswith(b"\n"):
            first += run.stdout.read(1)
        self.assertTrue(first.startswith(b"T: up"), first)
        return run

    def test_a_guest_does_not_wait_for_a_caller_who_reads_late(self):
        """It prints all that it has and powers off, and then all is still there."""
        run = self.begin_pouring()
        [qemu] = [pid for pid in children_of(run.pid) if "qemu" in program_of(pid)]
        end = time.monotonic() + 2 * PATIENCE
        while not has_ended(qemu):
            self.assertLess(time.monotonic(), end, "the guest waits")
            time.sleep(0.1)
        got, left = hashlib.sha256(), self.POURED
        while left:
            piece = run.stdout.read(min(left, 1 << 20))
            self.assertTrue(piece, f"{left} bytes are missing")
            got.update(piece)
            left -= len(piece)
        self.assertEqual(self.poured(), got.hexdigest())
        _, errors = run.communicate(timeout=PATIENCE)
        self.assertEqual(0, run.returncode, errors)
        self.assert_nothing_left()

    def test_it_ends_although_nobody_reads_and_the_disk_is_full(self):
        """The guest has to wait then, and so does QEMU, which must hear us all the same."""
        self.need_root()
        small = self.dir / "small"
        small.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2M", "small", small], check=True)
        self.addCleanup(subprocess.run, ["umount", small], check=True)
        self.env["TMPDIR"] = str(small)
        run = self.begin_pouring()
        while b"the guest waits" not in run.stderr.readline():
            self.assertIsNone(run.poll())
        self.assertEqual(0, os.statvfs(small).f_bavail)
        run.send_signal(signal.SIGTERM)
        while b"asked the guest to power off" not in run.stderr.readline():
            self.assertIsNone(run.poll())
        began = time.monotonic()
        run.send_signal(signal.SIGTERM)
        while children_of(run.pid) and time.monotonic() < began + 20:
            time.sleep(0.1)
        self.assertLess(time.monotonic() - began, 8, "QEMU had to be killed")
        run.send_signal(signal.SIGTERM)  # what is left to be written is given up, too
        self.assertEqual(128 + 15, run.wait(20))
        run.stdout.close()
        run.stderr.close()
        self.assert_nothing_left()

    def test_control_c_goes_to_the_guest(self):
        run = self.interactive("shell")
        run.wait_for("# ")
        run.send(b"sleep 1000; echo ended with $?\r")
        run.wait_for("\n")
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
        self.assert_closed(run)

    def test_restored_after_a_crash_of_vmspawn(self):
        for number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS):
            run = self.interactive("hang")
            run.wait_for("T: hanging")
            run.kill(number)
            self.assertEqual(-number, run.finish())
            self.assertEqual(self.before, termios.tcgetattr(run.inner), f"not restored after {number}")
            self.assert_closed(run)
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
