#!/usr/bin/python3
"""The console inside tmux, a terminal that draws."""
import fcntl
import hashlib
import os
import signal
import struct
import termios

from harness import Case, children_of, main, program_of
from screen import Shell, Tmux


class Console(Case):
    def begin(self, command):
        self.shell = Shell(Tmux(self))
        self.linux(command, console="")
        return self.shell.begin("vmspawn run --tpm=no m.vmspawn")

    def process(self, program):
        """The first below the shell."""
        return next(pid for pid in children_of(os.getpid()) if os.path.basename(program_of(pid)).startswith(program))

    def end(self, status):
        """How it ended, and the shell obeys afterwards."""
        said = self.shell.ends_with(status)
        self.assertNotIn("Virtual Machine", self.shell.title())
        self.assertEqual("here", self.shell.says("echo here"))
        return said

    def go(self):
        self.shell.close()
        self.shell.tmux.wait_for_end()
        self.assert_nothing_left()

    def test_typing_title_and_end(self):
        shell = self.begin("echo").wait_for("T: up")
        self.assertIn(f"Virtual Machine {self.name}", shell.title())
        shell.type("grüße aus tmux")
        shell.wait_for("T: heard grüße aus tmux")
        shell.resize(120, 40)
        shell.type("still here")
        shell.wait_for("T: heard still here")
        shell.keys("C-]", "C-]", "C-]")
        self.end(143)
        self.go()

    def test_a_paste_of_64_kib(self):
        """tmux pastes as fast as it is read."""
        shell = self.begin("swallow,echo").wait_for("T: swallowing")
        text = "".join(f"{n:08}" for n in range(8192))
        shell.paste(text)
        shell.wait_for("T: swallowed " + hashlib.sha256(text.encode()).hexdigest())
        shell.type("typed after it")
        shell.wait_for("T: heard typed after it")
        shell.type("quit")
        self.end(0)
        self.go()

    def test_the_window_gets_another_size(self):
        shell = self.begin("powerbutton").wait_for("T: waiting")
        qemu = self.process("qemu-system")
        path = next(link for link in (os.readlink(f"/proc/{qemu}/fd/{fd}") for fd in os.listdir(f"/proc/{qemu}/fd")) if link.startswith("/dev/pts/"))
        guest = os.open(path, os.O_RDWR | os.O_NOCTTY)
        self.addCleanup(os.close, guest)

        def size():
            return struct.unpack("HHHH", fcntl.ioctl(guest, termios.TIOCGWINSZ, bytes(8)))[1::-1]

        for wanted in ((132, 50), (40, 10), (100, 30)):
            shell.resize(*wanted)
            shell.wait_until(lambda wanted=wanted: size() == wanted, f"a console of {wanted}")
        shell.keys("C-]", "C-]", "p")
        shell.wait_for("T: button")
        self.end(0)
        self.go()

    def test_keys_of_the_shell_are_the_guests(self):
        """Ctrl-C, Ctrl-Z and Ctrl-D."""
        shell = self.begin("shell").wait_for("^/ #$")
        shell.type("echo copy-$((1+1)); cat")
        shell.wait_for("^copy-2$")  # from now on the kernel shows what is typed, not the shell
        shell.type("first")
        shell.wait_for("^first$\n^first$")
        shell.keys("C-z")
        shell.wait_for("Stopped.*\n/ #$")
        shell.type("echo again-$((1+1)); fg")
        shell.wait_for("^again-2$\n^cat$")
        shell.type("second")
        shell.wait_for("^second$\n^second$")
        shell.keys("C-c")
        shell.wait_for(r"\^C\n/ #$")
        shell.type("echo after-$((6*7))")
        shell.wait_for("^after-42\n/ #$")
        shell.keys("C-d")
        self.end(0)
        self.go()

    def test_after_qemu_was_killed(self):
        self.begin("hang").wait_for("T: hanging")
        os.kill(self.process("qemu-system"), signal.SIGKILL)
        self.assertIn("SIGKILL", self.end(5))
        self.go()

    def test_after_a_crash_of_vmspawn(self):
        for number in (signal.SIGSEGV, signal.SIGABRT):
            shell = self.begin("hang") if number == signal.SIGSEGV else self.shell.begin("vmspawn run --tpm=no m.vmspawn")
            shell.wait_for("T: hanging")
            os.kill(self.process("vmspawn"), number)
            self.end(128 + number)
        self.assertNotIn(self.name, self.shell.says("vmspawn list"))  # sweeps what a crashed one left
        self.go()


if __name__ == "__main__":
    main()
