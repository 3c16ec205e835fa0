#!/usr/bin/python3
"""The console inside tmux, a terminal that draws."""
import re
import subprocess
import time

from harness import PATIENCE, PROGRAM, Case, main


class Tmux(Case):
    def setUp(self):
        super().setUp()
        self.addCleanup(lambda: self.tmux("kill-server", check=False))

    def tmux(self, *words, check=True):
        done = subprocess.run(["tmux", "-S", self.dir / "tmux", "-f", "/dev/null", *words], env=self.env, cwd=self.dir, capture_output=True,
                              text=True, timeout=30)
        if check:
            self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def open(self, command):
        """A shell that runs the machine and says how it ended and whether the terminal is as before."""
        script = self.dir / "session"
        script.write_text(f'stty -g >before\n"{PROGRAM}" run --tpm=no "{self.linux(command, console="")}"\n'
                          'echo "status $?"\nstty -g | cmp - before && echo "settings of before"\nread end\n')
        self.tmux("new-session", "-d", "-x", "100", "-y", "30", f"sh {script}")

    def screen(self):
        return self.tmux("capture-pane", "-p", "-J")

    def wait_for(self, text):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if re.search(text, self.screen()):
                return
            time.sleep(0.1)
        self.fail(f"{text} is not on the screen:\n{self.screen()}")

    def title(self):
        return self.tmux("display-message", "-p", "#{pane_title}").strip()

    def test_typing_title_and_end(self):
        self.open("echo")
        self.wait_for("T: up")
        self.assertIn(f"Virtual Machine {self.name}", self.title())
        self.tmux("send-keys", "-l", "grüße aus tmux")
        self.tmux("send-keys", "Enter")
        self.wait_for("T: heard grüße aus tmux")
        self.tmux("resize-window", "-x", "120", "-y", "40")
        self.tmux("send-keys", "-l", "still here")
        self.tmux("send-keys", "Enter")
        self.wait_for("T: heard still here")
        self.tmux("send-keys", "C-]", "C-]", "C-]")
        self.wait_for("status 143")
        self.wait_for("settings of before")
        self.assertNotIn("Virtual Machine", self.title())
        self.tmux("send-keys", "Enter")

    def test_a_long_paste(self):
        """tmux pastes as fast as it is read."""
        self.open("echo")
        self.wait_for("T: up")
        text = "".join(f"{n:04}" for n in range(500))
        buffer = self.dir / "buffer"
        buffer.write_text(text + "\r")
        self.tmux("load-buffer", str(buffer))
        self.tmux("paste-buffer")
        end = time.monotonic() + PATIENCE
        while f"T: heard {text}" not in self.screen().replace("\n", "") and time.monotonic() < end:
            time.sleep(0.1)
        self.assertIn(f"T: heard {text}", self.screen().replace("\n", ""))
        self.tmux("send-keys", "-l", "quit")
        self.tmux("send-keys", "Enter")
        self.wait_for("status 0")
        self.wait_for("settings of before")


if __name__ == "__main__":
    main()
