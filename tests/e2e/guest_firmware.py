#!/usr/bin/python3
"""Debian with systemd booted by UEFI firmware from a unified kernel image in its EFI system partition, with and without secure boot."""
import signal

from harness import main
from systemd_guest import PATIENCE, SystemdCase

STATE = 'echo "T: efi $(ls -d /sys/firmware/efi)"\n' \
        'echo "T: secure-boot $(od -An -tu1 -j4 /sys/firmware/efi/efivars/SecureBoot-* | tr -d " ")"\n' \
        'echo "T: cmdline $(cat /proc/cmdline)"; echo "T: source $(findmnt -no SOURCE /)"\n'
# OVMF's variables with a test key in them, with which tests/guests/systemd signs
SECURE = '[boot]\nsecure-boot = true\nnvram-template = "/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd"\nnvram-state = "off"\n'


class GuestFirmware(SystemdCase):
    def test_disk(self):
        self.copy()
        run = self.boot(self.guest('[image]\npath = "disk.raw"\n[boot]\ncmdline = ["word=of-the-definition"]\n', STATE))
        self.assertEqual("/sys/firmware/efi", self.fact(run, "efi"))
        self.assertEqual("0", self.fact(run, "secure-boot"))
        self.assertEqual("/dev/vda2", self.fact(run, "source"))
        self.assertIn("word=of-the-definition", self.fact(run, "cmdline").split())

    def test_secure_boot_takes_what_is_signed(self):
        self.copy()
        run = self.boot(self.guest(f'[image]\npath = "disk.raw"\n{SECURE}', STATE))
        self.assertEqual("1", self.fact(run, "secure-boot"))

    def unsigned(self, boot):
        self.copy("unsigned.raw", "unsigned.raw")
        definition = self.definition('ram = "512M"\nkvm = false\n[image]\npath = "unsigned.raw"\n'
                                     f'[console]\nmode = "read-only"\ntransport = "serial"\n{boot}')
        return self.start("run", definition)

    def test_secure_boot_refuses_what_is_not(self):
        run = self.unsigned(SECURE)
        run.wait_for("Access Denied", patience=PATIENCE)
        run.kill(signal.SIGTERM)
        run.finish()
        self.assertNotIn("T: initrd", run.text)

    def test_the_refused_one_boots_without_secure_boot(self):
        """So it was the missing signature."""
        run = self.unsigned("[boot]\nsecure-boot = false\n")
        run.wait_for("T: initrd", patience=PATIENCE)
        run.kill(signal.SIGTERM)
        run.finish()


if __name__ == "__main__":
    main()
