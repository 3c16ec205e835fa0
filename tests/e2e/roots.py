#!/usr/bin/python3
"""Kernels that are started directly find the root of an image by themselves."""
import os
import re
import shutil
import subprocess

from harness import GUESTS, Case, main

ROOT_X86_64 = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"
TOOLS = {"PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}


class Roots(Case):
    def tool(self, *command, **options):
        subprocess.run(list(map(str, command)), env=TOOLS, check=True, capture_output=True, text=True, **options)

    def file_system(self, image, hello, *options):
        """ext4 with a file "hello"."""
        (self.dir / "tree").mkdir(exist_ok=True)
        (self.dir / "tree/hello").write_text(hello)
        self.tool("mke2fs", "-q", "-t", "ext4", "-d", self.dir / "tree", *options, image, "8M")

    def partitioned(self, kind=ROOT_X86_64):
        image = self.dir / "disk.raw"
        with open(image, "wb") as file:
            file.truncate(32 << 20)
        self.tool("sfdisk", image, input=f"label: gpt\nstart=2048, size=4096, type=uefi\nstart=8192, size=32768, type={kind}, name=system\n")
        self.file_system(image, "found by its type", "-E", f"offset={8192 * 512}")
        return image

    def machine(self, image='path = "disk.raw"'):
        return self.definition(f'ram = "256M"\nkvm = false\n[image]\n{image}\n[boot]\nlinux = "{GUESTS}/vmlinuz"\n'
                               f'initrd = ["{GUESTS}/initrd-root.img"]\ncmdline = ["quiet", "cryptomgr.notests", "test.cmd=root"]\n'
                               '[console]\nmode = "read-only"\n')

    def test_partition(self):
        image = self.partitioned()
        uuid = re.search(r"uuid=([-0-9A-F]+), name", subprocess.run(["sfdisk", "-d", str(image)], env=TOOLS, check=True, capture_output=True,
                                                                   text=True).stdout).group(1).lower()
        run = self.vmspawn("run", self.machine())
        self.assert_status(0, run)
        self.assertIn(f"T: root PARTUUID={uuid}", run.text)
        self.assertIn("T: hello found by its type", run.text)
        self.assert_nothing_left()

    def test_partition_of_a_qcow2(self):
        self.tool("qemu-img", "convert", "-f", "raw", "-O", "qcow2", self.partitioned(), self.dir / "disk.qcow2")
        run = self.vmspawn("run", self.machine('path = "disk.qcow2"\nformat = "qcow2"'))
        self.assert_status(0, run)
        self.assertIn("T: root PARTUUID=", run.text)
        self.assertIn("T: hello found by its type", run.text)
        self.assert_nothing_left()

    def test_file_system_without_a_table(self):
        self.file_system(self.dir / "disk.raw", "the whole disk")
        run = self.vmspawn("run", self.machine())
        self.assert_status(0, run)
        self.assertIn("T: root /dev/disk/by-id/virtio-disk.raw", run.text)
        self.assertIn("T: hello the whole disk", run.text)
        self.assert_nothing_left()

    def test_no_root_is_refused(self):
        self.partitioned(kind="linux")
        run = self.vmspawn("run", self.machine())
        self.assert_status(22, run)
        self.assertIn("no partition of the types that mean the root", run.errors)
        self.assertIn("root=/dev/vda2", run.errors)
        run = self.vmspawn("run", self.machine(), "--", "root=/dev/vda2")
        self.assert_status(0, run)
        self.assertIn("T: hello found by its type", run.text)

    def test_unknown_name_lists_the_directories(self):
        run = self.vmspawn("run", f"--machine={self.name}", "--firmware=bios")
        self.assert_status(2, run)
        self.assertIn(f"there is no image of the name '{self.name}'", run.errors)
        self.assertIn("/var/lib/machines", run.errors)

    def test_image_by_name(self):
        """The user's own machine directory is found."""
        machines = self.dir / ".local/state/machines"
        machines.mkdir(parents=True)
        shutil.copyfile(GUESTS / "poweroff.img", machines / f"{self.name}.raw")
        self.as_user()
        run = self.vmspawn("run", f"--machine={self.name}", "--firmware=bios", "--console=headless", "--ram=64M", "--kvm=no", preexec=self.drop)
        self.assert_status(0, run)
        self.assert_nothing_left()


if __name__ == "__main__":
    main()
