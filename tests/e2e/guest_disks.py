#!/usr/bin/python3
"""Debian with systemd on disks of all kinds, its kernel booted directly and no root= said: vmspawn finds the root."""
import subprocess

from harness import main
from systemd_guest import DIRECT, ROOT_UUID, SystemdCase, digest

WHERE = 'echo "T: cmdline $(cat /proc/cmdline)"; echo "T: source $(findmnt -no SOURCE,FSTYPE /)"\n'
DIRTY = 'date >/var/written; sync; echo "T: wrote $(wc -c </var/written)"\n'
SIZE = 'echo "T: sectors $(cat /sys/class/block/vda/size)"\n'
GROWN = 800 << 20
ROOT_MIB = 41, 288  # where the root partition of disk.raw begins, and its size


class GuestDisks(SystemdCase):
    def assert_root(self, run, source):
        self.assertIn(f"root=PARTUUID={ROOT_UUID}", self.fact(run, "cmdline").split())
        self.assertEqual(f"{source} ext4", " ".join(self.fact(run, "source").split()))

    def qcow2(self):
        path = self.dir / "disk.qcow2"
        subprocess.run(["qemu-img", "convert", "-O", "qcow2", self.copy(), path], check=True)
        return path

    def raw_of(self, qcow2):
        path = self.dir / "again.raw"
        subprocess.run(["qemu-img", "convert", "-O", "raw", qcow2, path], check=True)
        return path

    def assert_table_is_clean(self, image):
        verify = subprocess.run(["/usr/sbin/sfdisk", "--verify", image], capture_output=True, text=True, check=False)
        self.assertEqual(0, verify.returncode, verify.stdout + verify.stderr)
        self.assertNotRegex(verify.stdout + verify.stderr, "(?i)corrupt|not at the end|mismatch|overlap")
        self.assertIn("No errors detected", verify.stdout)

    def test_direct_boot(self):
        self.copy()
        self.assert_root(self.boot(self.guest(f'[image]\npath = "disk.raw"\n{DIRECT}', WHERE)), "/dev/vda2")

    def test_qcow2(self):
        self.qcow2()
        self.assert_root(self.boot(self.guest(f'[image]\npath = "disk.qcow2"\nformat = "qcow2"\n{DIRECT}', WHERE)), "/dev/vda2")

    def test_nvme(self):
        self.copy()
        self.assert_root(self.boot(self.guest(f'[image]\npath = "disk.raw"\ndisk-type = "nvme"\n{DIRECT}', WHERE)), "/dev/nvme0n1p2")

    def test_scsi(self):
        self.copy()
        self.assert_root(self.boot(self.guest(f'[image]\npath = "disk.raw"\ndisk-type = "virtio-scsi"\n{DIRECT}', WHERE)), "/dev/sda2")

    def test_cd(self):
        """A file system without a partition table on a CD: nothing can be written, and the system comes up all the same."""
        self.copy()
        subprocess.run(["dd", "if=disk.raw", "of=root.iso", "bs=1M", f"skip={ROOT_MIB[0]}", f"count={ROOT_MIB[1]}", "conv=sparse"], cwd=self.dir,
                       check=True, capture_output=True)
        run = self.boot(self.guest(f'[image]\npath = "root.iso"\ndisk-type = "scsi-cd"\n{DIRECT}', WHERE + DIRTY))
        self.assertEqual("/dev/sr0 ext4", " ".join(self.fact(run, "source").split()))
        self.assertIn("Read-only file system", run.text)

    def test_ephemeral(self):
        """The guest writes and sees what it wrote; the image is the same bit for bit."""
        image = self.copy()
        before = digest(image)
        run = self.boot(self.guest(f'[image]\npath = "disk.raw"\nephemeral = true\n{DIRECT}', DIRTY))
        self.assertGreater(int(self.fact(run, "wrote")), 10)
        self.assertEqual(before, digest(image))
        self.assertEqual(["disk.raw", "m.vmspawn", "tmp"], sorted(p.name for p in self.dir.iterdir() if p.name != "cache"))

    def test_grow_raw(self):
        image = self.copy()
        run = self.boot(self.guest(f'[image]\npath = "disk.raw"\ngrow = "800M"\n{DIRECT}', SIZE))
        self.assertEqual(GROWN // 512, int(self.fact(run, "sectors")))
        self.assertEqual(GROWN, image.stat().st_size)
        self.assert_table_is_clean(image)

    def test_grow_qcow2(self):
        image = self.qcow2()
        run = self.boot(self.guest(f'[image]\npath = "disk.qcow2"\nformat = "qcow2"\ngrow = "800M"\n{DIRECT}', SIZE))
        self.assertEqual(GROWN // 512, int(self.fact(run, "sectors")))
        self.assert_table_is_clean(self.raw_of(image))


if __name__ == "__main__":
    main()
