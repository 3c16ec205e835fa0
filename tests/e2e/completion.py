#!/usr/bin/python3
"""Completions by the Tab key, in the shells themselves, as the terminal shows them."""
import re

from harness import ROOT, Case, main
from screen import Screen, Tmux

COMPLETIONS = ROOT / "completions"


class Completion(Case):
    def begin(self, *command, rc=None, text=""):
        """A shell with the prompt "$ ", beside two files, that has read this."""
        project = self.dir / "project"
        project.mkdir()
        for name in ("web.vmspawn", "disk.raw"):
            (project / name).touch()
        if rc:
            (self.dir / rc).write_text(text)
        self.screen = Screen(Tmux(self), ["env", "PS1=$ ", f"ZDOTDIR={self.dir}", *command], directory=project)
        self.screen.wait_until(lambda: self.screen.page() == "$", "the prompt")

    def start_over(self):
        """An empty line on an empty screen."""
        self.screen.keys("C-u", "C-l")
        self.screen.wait_until(lambda: self.screen.page() == "$", "an empty line")

    def becomes(self, typed, line):
        """After Tab, and one more letter: it shows what has become of the line by then, a space at its end too."""
        self.screen.type(typed, "Tab", "x")
        self.screen.wait_until(lambda: self.screen.page().split("\n")[0] == f"$ {line}x", f"'$ {line}x'")
        self.start_over()

    def offers(self, typed, *words):
        """These stand below the line after two."""
        self.screen.type(typed, "Tab", "Tab")
        for word in words:
            self.screen.wait_until(lambda word=word: re.search(rf"(?<!\w){re.escape(word)}(?![\w-])", self.screen.page().partition("\n")[2]), word)
        self.start_over()

    def completes_as_everywhere(self):
        self.becomes("vmspawn ch", "vmspawn check ")
        self.becomes("vmspawn run w", "vmspawn run web.vmspawn ")
        self.becomes("vmspawn run --kvm=y", "vmspawn run --kvm=yes ")
        self.becomes("vmspawn run --image=d", "vmspawn run --image=disk.raw ")
        self.becomes("vmspawn run -i d", "vmspawn run -i disk.raw ")
        self.becomes("vmspawn explain tpm.e", "vmspawn explain tpm.enabled ")
        self.becomes("vmspawn run --unset tpm.s", "vmspawn run --unset tpm.state ")
        self.becomes("vmspawn check --tp", "vmspawn check --tp")
        self.offers("vmspawn run --console=", *(f"{self.before}{word}" for word in ("interactive", "read-only", "native", "gui", "headless")))
        self.offers("vmspawn co", "completion", "console")

    before = ""  # what stands before each value that is offered

    def test_bash(self):
        self.begin("bash", "--noprofile", "--rcfile", self.dir / "bashrc", rc="bashrc", text=f"source {COMPLETIONS}/vmspawn.bash\nPS1='$ '\n")
        self.completes_as_everywhere()
        self.becomes("vmspawn run --cp", "vmspawn run --cpus=")
        self.offers("vmspawn run --tpm", "--tpm=", "--tpm-state=")

    def test_zsh(self):
        self.begin("zsh", "--no-global-rcs", rc=".zshrc", text=f"fpath=({COMPLETIONS} $fpath)\nautoload -U compinit\ncompinit -u -D\n")
        self.completes_as_everywhere()
        self.becomes("vmspawn run --cp", "vmspawn run --cpus=")
        self.becomes("vmspawn run --set image.ep", "vmspawn run --set image.ephemeral=")
        self.offers("vmspawn run --tpm", "--tpm", "--tpm-state")
        self.offers("vmspawn st", "Power a machine off in order, and wait for its end.")

    def test_fish(self):
        self.before = "console="
        self.begin("fish", "--no-config", "--init-command",
                   f"function fish_prompt; printf '$ '; end; set -g fish_autosuggestion_enabled 0; source {COMPLETIONS}/vmspawn.fish")
        self.completes_as_everywhere()
        self.becomes("vmspawn run --cp", "vmspawn run --cpus ")
        self.offers("vmspawn st", "status", "stop")


if __name__ == "__main__":
    main()
