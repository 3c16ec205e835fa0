"""What somebody sees and types in tmux, a terminal that draws: a server of the case's own, and shells in its windows."""
import pathlib
import re
import subprocess
import time

from harness import PATIENCE, PROGRAM

COLUMNS, ROWS = 100, 30


class Tmux:
    """Ends with its case. Patience is the seconds that a reader waits for what is to come."""

    def __init__(self, case, patience=PATIENCE):
        self.case, self.patience = case, patience
        case.addCleanup(self.end)

    def call(self, *words, check=True):
        done = subprocess.run(["tmux", "-S", self.case.dir / "tmux", "-f", "/dev/null", *words], env=self.case.env, cwd=self.case.dir,
                              capture_output=True, text=True, timeout=PATIENCE, check=False)
        if check:
            self.case.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def end(self):
        self.call("kill-server", check=False)

    def wait_for_end(self):
        """All programs in its windows end."""
        end = time.monotonic() + self.patience
        while self.call("list-sessions", check=False):
            self.case.assertLess(time.monotonic(), end, "a shell does not end")
            time.sleep(0.1)


class Screen:
    """A window and the program in it."""

    def __init__(self, tmux, command, name="first", directory=None):
        self.tmux, self.name = tmux, name
        tmux.call("new-session", "-d", "-s", name, "-x", str(COLUMNS), "-y", str(ROWS), "-c", str(directory or tmux.case.dir), *command)

    def keys(self, *names):
        self.tmux.call("send-keys", "-t", self.name, *names)

    def type(self, text, *keys):
        """With Enter, or these keys instead."""
        self.tmux.call("send-keys", "-t", self.name, "-l", text)
        self.keys(*(keys or ["Enter"]))

    def paste(self, text):
        buffer = self.tmux.case.dir / "buffer"
        buffer.write_text(text)
        self.tmux.call("load-buffer", str(buffer))
        self.tmux.call("paste-buffer", "-t", self.name)

    def resize(self, columns, rows):
        self.tmux.call("resize-window", "-t", self.name, "-x", str(columns), "-y", str(rows))

    def title(self):
        return self.tmux.call("display-message", "-p", "-t", self.name, "#{pane_title}").strip()

    def text(self):
        """All that stands there, what has scrolled away too; a line that the terminal has broken is one again."""
        lines = self.tmux.call("capture-pane", "-p", "-J", "-S", "-", "-t", self.name).split("\n")
        return "\n".join(line.rstrip() for line in lines).rstrip("\n")

    def page(self):
        """Without what has scrolled away."""
        return "\n".join(line.rstrip() for line in self.tmux.call("capture-pane", "-p", "-t", self.name).split("\n")).rstrip("\n")

    def news(self):
        """Where the reader looks."""
        return self.text()

    def wait_until(self, seen, what):
        end = time.monotonic() + self.tmux.patience
        while not seen():
            self.tmux.case.assertLess(time.monotonic(), end, f"{what} did not come:\n{self.text()}")
            time.sleep(0.1)

    def wait_for(self, pattern):
        self.wait_until(lambda: re.search(pattern, self.news(), re.MULTILINE), pattern)
        return self


class Shell(Screen):
    """bash with the prompt "$ ", where vmspawn is a command."""

    def __init__(self, tmux, name="first", directory=None):
        commands = tmux.case.dir / "commands"
        if not commands.exists():
            commands.mkdir()
            (commands / "vmspawn").symlink_to(pathlib.Path(PROGRAM).resolve())
        path = f"{commands}:{tmux.case.env['PATH']}"
        super().__init__(tmux, ["env", f"PATH={path}", "PS1=$ ", "bash", "--noprofile", "--norc"], name, directory)
        self.line, self.times = "", 0
        self.wait_until(lambda: self.text() == "$", "the prompt")
        self.settings = self.says("stty -g")

    def begin(self, command):
        """Types it; what comes next is its output."""
        self.line = f"$ {command}\n"
        self.times = self.text().count(self.line)
        self.type(command)
        return self

    def news(self):
        """Since the last command."""
        parts = (self.text() + "\n").split(self.line)
        return self.line.join(parts[self.times + 1:]).removesuffix("\n") if len(parts) > self.times + 1 else ""

    def end(self):
        """What the command has said until the prompt stands there again, at the begin of a line."""
        self.wait_until(lambda: ("\n" + self.news()).endswith("\n$"), f"the prompt after '{self.line.strip()}'")
        return self.news().removesuffix("$").removesuffix("\n")

    def says(self, command):
        return self.begin(command).end()

    def ends_with(self, status):
        """The running command does; it leaves the terminal as it was. All that it has said."""
        said = self.end()
        case = self.tmux.case
        case.assertEqual(str(status), self.says("echo $?"), self.text())
        case.assertEqual(self.settings, self.says("stty -g"), "the terminal is not as before")
        return said

    def tells(self, command, status):
        """What it says, and then ends so."""
        return self.begin(command).ends_with(status)

    def close(self):
        self.type("exit")
