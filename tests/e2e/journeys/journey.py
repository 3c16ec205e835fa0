"""A journey: somebody at a shell, in a directory of their own, types what a person would and judges what stands there."""
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import GUESTS, PATIENCE, Case, main  # noqa: E402,F401
from screen import Shell, Tmux  # noqa: E402

KERNEL = '[boot]\nlinux = "vmlinuz"\ninitrd = ["initrd.img"]\n'
SMALL = 'ram = "256M"\ntpm.enabled = false\n'


class Journey(Case):
    """To be derived from before a case that has a guest of its own."""

    patience = PATIENCE

    def setUp(self):
        super().setUp()
        self.project = self.dir / self.name  # which machines without a name are called after
        self.project.mkdir()
        state = pathlib.Path("/var/lib/vmspawn") / self.name
        self.addCleanup(shutil.rmtree, state, ignore_errors=True)
        self.tmux = Tmux(self, self.patience)
        self.shells = []
        self.shell = self.another_shell("first")

    def another_shell(self, name="second"):
        self.shells.append(Shell(self.tmux, name, self.project))
        return self.shells[-1]

    def bring_guest(self):
        """The tiny guest's kernel and initrd, as somebody would have got them."""
        for name in ("vmlinuz", "initrd.img"):
            (self.project / name).symlink_to(GUESTS / name)

    def write(self, text, file="web.vmspawn"):
        (self.project / file).write_text(text)

    def tiny(self, command, head="", words="", file="web.vmspawn"):
        """A definition of the tiny guest, which does what the command says."""
        self.write(f'name = "{self.name}"\n{SMALL}{head}\n{KERNEL}cmdline = ["quiet", "cryptomgr.notests", "test.cmd={command}"{words}]\n', file)

    def assert_points_at(self, said, word):
        """A caret stands below the word, in a line of the definition that is shown."""
        lines = said.splitlines(keepends=True)
        places = [(line.find(word), below.find("^")) for line, below in zip(lines, lines[1:])]
        self.assertTrue(any(place == caret >= 0 for place, caret in places), said)

    def home(self):
        """The journey's end: every shell still obeys, and nothing of it stays."""
        for shell in self.shells:
            self.assertEqual("here", shell.says("echo here"))
            shell.close()
        self.tmux.wait_for_end()
        self.assert_nothing_left()
