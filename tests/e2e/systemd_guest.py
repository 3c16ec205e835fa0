"""A case whose guest is Debian with systemd (tests/guests/systemd), steered by a script that comes in as a credential."""
import hashlib
import re
import subprocess

from harness import GUESTS, Case

SYSTEMD = GUESTS / "systemd"
SID = GUESTS / "systemd-sid"
ROOT_UUID = "7d6c1f0a-53b2-4c0e-9a35-0d6f2b8e4c11"  # the root partition's, of tests/guests/systemd
KERNEL = f'linux = "{SYSTEMD}/vmlinuz"\ninitrd = ["{SYSTEMD}/initrd.img"]\n'
QUIET = 'cmdline = ["quiet", "cryptomgr.notests"]\n'
DIRECT = f"[boot]\n{KERNEL}{QUIET}"  # a kernel and an initrd, and no word about the root
PATIENCE = 220  # seconds; such a guest needs ten, twenty with firmware, more where other tests run beside it


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class SystemdCase(Case):
    made = SYSTEMD

    def setUp(self):
        super().setUp()
        if not self.made.exists():
            self.skipTest(f"there is no {self.made.name} guest: tests/guests/systemd makes it, with root or sudo")

    def copy(self, image="disk.raw", name="disk.raw"):
        """An image of the guest for this case alone; holes stay holes."""
        subprocess.run(["cp", "--sparse=always", SYSTEMD / image, self.dir / name], check=True)
        return self.dir / name

    def guest(self, tables, script=""):
        """A definition with these tables, whose guest runs the script when it is up and then powers off."""
        return self.definition(f'ram = "512M"\nkvm = false\n[console]\nmode = "read-only"\n{tables}'
                               f"[credentials]\n\"test.script\" = '''\n{script}\n'''\n")

    def boot(self, definition, *flags):
        """Runs it to its end, which the guest reached by way of multi-user."""
        return self.assert_booted(self.vmspawn("run", definition, *flags, patience=PATIENCE))

    def assert_booted(self, run):
        self.assert_status(0, run)
        self.assertIn("T: multi-user", run.text, run.everything())
        self.assertIn("T: end", run.text, run.everything())
        self.assert_nothing_left()
        return run

    def fact(self, run, name):
        """The rest of the guest's line "T: NAME …"."""
        found = re.search(rf"^T: {name} (.*?)\r?$", run.text, re.MULTILINE)
        self.assertIsNotNone(found, run.everything())
        return found.group(1)
