#!/usr/bin/python3
"""With Debian in the guest: a shell over ssh, and a project's tests in continuous integration."""
import textwrap

from journey import GUESTS, Journey, main  # first: it finds the modules of the folder above
from systemd_guest import DIRECT, PATIENCE, SYSTEMD, SystemdCase


class Debian(Journey, SystemdCase):
    patience = PATIENCE

    def machine(self, more="", file="web.vmspawn"):
        self.write(f'name = "{self.name}"\nram = "512M"\ntpm.enabled = false\n[image]\npath = "{SYSTEMD}/disk.raw"\nephemeral = true\n{DIRECT}{more}', file)

    def test_ssh_in(self):
        self.machine('[vsock]\nbackend = "user"\n')
        shell, second = self.shell, self.another_shell()
        for each in (shell, second):
            each.says(f"PATH=$PATH:{GUESTS}")  # of vhost-device-vsock
        shell.begin("vmspawn run web.vmspawn").wait_for("T: initrd")
        second.tells(f"vmspawn wait {self.name} --for=ssh", 0)
        self.assertEqual("Linux guest", second.tells(f"vmspawn ssh {self.name} -- uname -sn", 0))
        self.assertEqual("", second.tells(f"vmspawn ssh {self.name} -- exit 7", 7))
        second.begin(f"vmspawn ssh {self.name}").wait_for(r"^root@guest:~#$")
        second.type("tty; stty size")
        second.wait_for(r"^/dev/pts/\d+\n30 100$")
        second.keys("C-d")
        second.ends_with(0)
        said = second.tells(f"vmspawn ssh {self.name}x", 2)
        self.assertIn(f"did you mean {self.name}?", said)
        second.tells(f"vmspawn stop {self.name}", 0)
        shell.ends_with(0)
        self.home()

    def ci(self):
        """The project, and the script of its CI."""
        (self.project / "run-tests").write_text(textwrap.dedent("""\
            #!/bin/sh
            echo "in $(hostname): $(cat greeting)"
            [ "$(cat greeting)" != hang ] || sleep 1000
            [ "$(cat greeting)" = hello ] || { echo 'greeting: wrong' >&2; exit 3; }
            """))
        (self.project / "run-tests").chmod(0o755)
        self.machine('[mount.project]\nsource = "."\ntarget = "/src"\nread-only = true\n', "ci.vmspawn")
        (self.project / "ci.sh").write_text("vmspawn run --quiet ci.vmspawn --exec 'cd /src && ./run-tests' \"$@\"\n")
        return self.shell

    def test_tests_of_a_project(self):
        """What they print and their status."""
        shell = self.ci()
        shell.says("echo hello >greeting")
        self.assertEqual("in guest: hello", shell.tells("sh ci.sh", 0))
        shell.says("echo hallo >greeting")
        self.assertEqual("in guest: hallo\ngreeting: wrong", shell.tells("sh ci.sh", 3))
        self.home()

    def test_tests_that_take_too_long(self):
        shell = self.ci()
        shell.says("echo hang >greeting")
        said = shell.tells("sh ci.sh --timeout=50s", 110)
        self.assertIn("in guest: hang", said)
        self.assertIn("the machine has had its time (--timeout)", said)
        self.home()


if __name__ == "__main__":
    main()
