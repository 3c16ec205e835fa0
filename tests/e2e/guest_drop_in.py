#!/usr/bin/python3
"""Command lines as mkosi gives them to systemd-vmspawn, with Debian and its systemd as the guest."""
import fcntl
import json
import pathlib
import shutil
import subprocess

from harness import GUESTS, PROGRAM, Run, main
from systemd_guest import PATIENCE, SYSTEMD, SystemdCase

CREDENTIALS = {"test.script": "", "firstboot.locale": "C.UTF-8", "agetty.autologin": "root"}
FACTS = 'echo "T: source $(findmnt -no SOURCE,FSTYPE / | tr -s " ")"; echo "T: cmdline $(cat /proc/cmdline)"\n' \
        'echo "T: credential $(cat /run/credentials/@system/agetty.autologin)"\n'
SECURE = 'echo "T: secure-boot $(od -An -tu1 -j4 /sys/firmware/efi/efivars/SecureBoot-* | tr -d " ")"\n'
SHARED = 'echo "T: shared $(cat /work/src/from-the-host)"; echo guest >/work/src/new && echo "T: wrote there"\n'


class Mkosi(SystemdCase):
    def setUp(self):
        super().setUp()
        self.program = self.dir / "bin/systemd-vmspawn"
        self.program.parent.mkdir()
        self.program.symlink_to(pathlib.Path(PROGRAM).resolve())
        self.env["PATH"] = f"{self.program.parent}:{self.env['PATH']}"

    def call(self, *words, cwd=None):
        run = Run(["systemd-vmspawn", *map(str, words)], self.env, cwd or self.dir)
        self.runs.append(run)
        run.status = run.finish(PATIENCE)
        return run

    def common(self, script, *features):
        """What mkosi says of every machine, each value in a word of its own as it does. auto is the empty word."""
        directory = self.dir / "credentials"
        directory.mkdir()
        for name, value in (CREDENTIALS | {"test.script": script}).items():
            (directory / name).write_text(value)
        words = ["--cpus", "2", "--ram", str(512 << 20), "--kvm", "no", "--vsock", "", "--tpm", "", "--tpm-state=off", "--console", "interactive",
                 "--register", "no"]
        words += ["--firmware-features", ",".join(features)] if features else []
        return words, [f"--load-credential={path.name}:{path}" for path in directory.iterdir()]

    def nvram_template(self, *features):
        """It asks which firmware would be taken, and makes variables of its own from that one's."""
        described = self.call("--firmware=describe", *(["--firmware-features", ",".join(features)] if features else []))
        self.assert_status(0, described)
        return json.loads(described.text)["mapping"]["nvram-template"]["filename"]

    def shared(self):
        source = self.dir / "sources"
        source.mkdir()
        (source / "from-the-host").write_text("from the host\n")
        return source

    def test_a_disk_by_its_firmware(self):
        """The image is locked by mkosi itself while its machine runs."""
        image = self.copy()
        variables = self.dir / "variables.fd"
        shutil.copyfile(self.nvram_template(), variables)
        words, credentials = self.common(FACTS + SHARED)
        with open(image, "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            run = self.call(*words, "--grow-image", str(800 << 20), "--network-user-mode", "--efi-nvram-template", variables, *credentials,
                            "--bind", f"{self.shared()}:/work/src", "--image", image, "systemd.hostname=of-mkosi", "word=two words")
        self.assert_booted(run)
        self.assertEqual("/dev/vda2 ext4", self.fact(run, "source"))
        self.assertTrue(self.fact(run, "cmdline").endswith("systemd.hostname=of-mkosi word=two words"), self.fact(run, "cmdline"))
        self.assertEqual("root", self.fact(run, "credential"))
        self.assertEqual("from the host", self.fact(run, "shared"))
        self.assertEqual("guest\n", (self.dir / "sources/new").read_text())
        self.assertEqual(800 << 20, image.stat().st_size)
        self.assertTrue((self.dir / "disk.raw.efinvramstate").exists(), "variables are kept beside the image")
        self.assertFalse((self.dir / "disk.raw.tpmstate").exists())

    def test_a_disk_with_secure_boot(self):
        self.copy()
        words, credentials = self.common(FACTS + SECURE, "secure-boot")
        self.nvram_template("secure-boot")
        run = self.call(*words, "--efi-nvram-template", "/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd", *credentials, "--ephemeral",
                        "--image", self.dir / "disk.raw")
        self.assert_booted(run)
        self.assertEqual("1", self.fact(run, "secure-boot"))
        self.assertFalse((self.dir / "disk.raw.efinvramstate").exists(), "an ephemeral machine keeps nothing")

    def test_a_disk_by_its_kernel(self):
        words, credentials = self.common(FACTS)
        run = self.call(*words, *credentials, "--ephemeral", "--linux", SYSTEMD / "vmlinuz", "--initrd", SYSTEMD / "initrd.img", "--image",
                        self.copy(), "--image-disk-type", "nvme", "quiet", "cryptomgr.notests")
        self.assert_booted(run)
        self.assertEqual("/dev/nvme0n1p2 ext4", self.fact(run, "source"))

    def tree(self):
        """Called as no other test's, as the machine is called after it."""
        self.need_root()
        tree = self.dir / self.name
        subprocess.run(["cp", "-a", "--reflink=auto", SYSTEMD / "tree", tree], check=True)
        return tree

    def test_a_directory(self):
        words, credentials = self.common(FACTS + SHARED)
        run = self.call(*words, *credentials, "--bind", f"{self.shared()}:/work/src", "--linux", SYSTEMD / "vmlinuz", "--initrd",
                        SYSTEMD / "initrd.img", "--directory", self.tree(), "quiet", "cryptomgr.notests")
        self.assert_booted(run)
        self.assertEqual("root virtiofs", self.fact(run, "source"))
        self.assertEqual("from the host", self.fact(run, "shared"))

    def test_a_unified_kernel_image_alone(self):
        """The working directory is then the tree, for nothing else was said."""
        shutil.copyfile(self.nvram_template(), self.dir / "variables.fd")
        words, credentials = self.common(FACTS)
        run = self.call(*words, "--efi-nvram-template", self.dir / "variables.fd", *credentials, "--linux", SYSTEMD / "uki.efi", cwd=self.tree())
        self.assert_booted(run)
        self.assertEqual("root virtiofs", self.fact(run, "source"))

    def test_the_journal_is_forwarded(self):
        """Without limits, which need systemd 261 on the host."""
        self.env["PATH"] += f":{GUESTS}"
        words, credentials = self.common(FACTS + "journalctl --sync\n")
        run = self.call(*words, *credentials, "--ephemeral", "--linux", SYSTEMD / "vmlinuz", "--initrd", SYSTEMD / "initrd.img", "--image",
                        self.copy(), "--forward-journal", self.dir / "guest.journal", "quiet", "cryptomgr.notests")
        self.assert_booted(run)
        entries = subprocess.run(["journalctl", "--file", self.dir / "guest.journal", "-o", "cat"], capture_output=True, text=True, check=True)
        self.assertIn("Linux version", entries.stdout)


if __name__ == "__main__":
    main()
