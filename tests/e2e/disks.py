#!/usr/bin/python3
"""Disks of every kind and format, as the guest sees them and as they are afterwards."""
import hashlib
import os
import re
import shutil
import stat
import subprocess

from harness import GUESTS, PROGRAM, Case, main


class Disks(Case):
    def raw(self, name, mebibytes=4):
        path = self.dir / name
        path.write_bytes(bytes(mebibytes << 20))
        return path

    def gpt(self, name, mebibytes=8):
        path = self.raw(name, mebibytes)
        self.tool("sfdisk", "-q", "--no-tell-kernel", path, input=b"label: gpt\nstart=2048, size=4096, name=one\n")
        return path

    def tool(self, *words, **options):
        env = self.env | {"PATH": self.env["PATH"] + ":/sbin:/usr/sbin"}
        done = subprocess.run(list(map(str, words)), env=env, cwd=self.dir, capture_output=True, check=False, **options)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout.decode() + done.stderr.decode()

    def hash(self, name):
        return hashlib.sha256((self.dir / name).read_bytes()).hexdigest()

    def direct(self, command, image, more=""):
        """The test guest booted directly, with an image as its root disk."""
        return self.linux(command, f"[image]\n{image}\n{more}", words=', "root=/dev/vda"')  # the initrd is the whole system: it needs no root

    def disks(self, run):
        """What the guest says of its disks, by serial number."""
        found = {}
        for name, facts in re.findall(r"T: disk (\w+) (.*)", run.text):
            facts = dict(fact.split("=", 1) for fact in facts.split())
            found[facts.pop("serial")] = facts | {"name": name}
        return found

    def test_each_kind_of_disk(self):
        drives = ""
        for number, kind in enumerate(["virtio-blk", "virtio-scsi", "nvme", "scsi-cd"]):
            self.raw(f"{kind}.raw", 4 + number)
            drives += f'[drive.{kind}]\npath = "{kind}.raw"\ndisk-type = "{kind}"\n'
        run = self.vmspawn("run", self.linux("disks,write", drives))
        self.assert_status(0, run)
        disks = self.disks(run)
        kinds = {serial: (re.sub("[0-9].*|[a-z]$", "", facts["name"]), int(facts["sectors"]) >> 11) for serial, facts in disks.items()}
        self.assertEqual({"virtio-blk.raw": ("vd", 4), "virtio-scsi.raw": ("sd", 5), "nvme.raw": ("nvme", 6), "-": ("sr", 7)}, kinds,
                         run.everything())
        for kind in ["virtio-blk", "virtio-scsi", "nvme"]:
            self.assertTrue((self.dir / f"{kind}.raw").read_bytes().startswith(f"written to {kind}.raw\n".encode()), run.everything())
        self.assertEqual(bytes(7 << 20), (self.dir / "scsi-cd.raw").read_bytes())
        self.assertIn("T: refused sr0", run.text)
        self.assert_nothing_left()

    def test_boot_from_each_kind(self):
        for kind in ["virtio-scsi", "nvme"]:
            with self.subTest(kind):
                self.assert_status(0, self.vmspawn("run", self.sector("poweroff"), f"--image-disk-type={kind}"))
        self.assert_nothing_left()

    def test_discard_can_be_turned_off(self):
        self.raw("on.raw")
        self.raw("off.raw")
        drives = '[drive.on]\npath = "on.raw"\n[drive.off]\npath = "off.raw"\ndiscard = false\n'
        run = self.vmspawn("run", self.linux("discard", drives))
        self.assert_status(0, run)
        self.assertEqual(0, (self.dir / "on.raw").stat().st_blocks, run.everything())
        self.assertEqual(4 << 11, (self.dir / "off.raw").stat().st_blocks, run.everything())

    # --- qcow2 ---

    def test_qcow2_root(self):
        self.tool("qemu-img", "convert", "-O", "qcow2", GUESTS / "reset-once.img", "root.qcow2")
        definition = self.definition('ram = "64M"\nkvm = false\n[image]\npath = "root.qcow2"\nformat = "qcow2"\n[boot]\nfirmware = "bios"\n'
                                     '[console]\nmode = "headless"\n')
        self.assert_status(0, self.vmspawn("run", definition))
        self.tool("qemu-img", "convert", "-O", "raw", "root.qcow2", "root.raw")
        self.assertEqual(0x55, (self.dir / "root.raw").read_bytes()[512], "what the guest wrote is not there")
        self.assert_nothing_left()

    def test_formats_are_not_guessed(self):
        self.tool("qemu-img", "create", "-q", "-f", "qcow2", "a.qcow2", "1M")
        self.raw("b.raw")
        for image, fix in [('path = "a.qcow2"', 'set image.format = "qcow2"'), ('path = "b.raw"\nformat = "qcow2"', 'set image.format = "raw"')]:
            run = self.vmspawn("run", self.direct("", image))
            self.assert_status(22, run)
            self.assertIn(fix, run.errors)

    def chain(self):
        """top.qcow2 on elsewhere/base.raw, which starts with bytes of its own."""
        (self.dir / "elsewhere").mkdir()
        (self.dir / "images").mkdir()
        (self.dir / "elsewhere/base.raw").write_bytes(b"base" * (1 << 20))
        self.tool("qemu-img", "create", "-q", "-f", "qcow2", "-b", "../elsewhere/base.raw", "-F", "raw", "images/top.qcow2", "8M")

    def test_backing_chain(self):
        self.chain()
        before = self.hash("elsewhere/base.raw")
        image = 'path = "images/top.qcow2"\nformat = "qcow2"\n'
        refused = self.vmspawn("run", self.direct("disks,write", image))
        self.assert_status(22, refused)
        self.assertIn(f'image.backing = ["{self.dir}/elsewhere/base.raw"] allows it', refused.errors)
        run = self.vmspawn("run", self.direct("disks,write", image + 'backing = ["elsewhere/base.raw"]\n'))
        self.assert_status(0, run)
        self.assertEqual(8 << 11, int(self.disks(run)["top.qcow2"]["sectors"]), run.everything())
        self.assertEqual(before, self.hash("elsewhere/base.raw"))
        self.tool("qemu-img", "convert", "-O", "raw", "images/top.qcow2", "out.raw")
        inside = (self.dir / "out.raw").read_bytes()
        self.assertTrue(inside.startswith(b"written to top.qcow2\n"), inside[:40])
        self.assertEqual(b"base" * 1024, inside[1 << 20:][:4096])
        self.assert_nothing_left()

    def test_a_base_that_is_written_is_in_use(self):
        self.chain()
        shutil.copyfile(GUESTS / "halt.img", self.dir / "halt.img")
        holder = self.start("run", self.sector("halt", '[drive.base]\npath = "elsewhere/base.raw"\n'))
        pid = holder.qemu()
        path = self.dir / "second.vmspawn"
        path.write_text(f'name = "{self.name}-second"\nram = "64M"\n[image]\npath = "images/top.qcow2"\nformat = "qcow2"\n'
                        'backing = ["elsewhere/base.raw"]\n[boot]\nfirmware = "bios"\n[console]\nmode = "headless"\n')
        second = self.vmspawn("run", path)
        self.assert_status(16, second)
        self.assertIn(f"pid {pid}", second.errors)
        holder.process.kill()
        holder.finish()

    # --- ephemeral ---

    def test_ephemeral_leaves_the_image_as_it_is(self):
        shutil.copyfile(GUESTS / "reset-once.img", self.dir / "reset-once.img")
        before = self.hash("reset-once.img")
        (self.dir / "reset-once.img").chmod(0o444)
        for _ in range(2):  # the guest finds what it wrote after its reset, and not in the next run
            self.assert_status(0, self.vmspawn("run", self.sector("reset-once"), "--ephemeral"))
        self.assertEqual(before, self.hash("reset-once.img"))
        self.assert_nothing_left()

    def test_ephemeral_linux_and_its_drive(self):
        self.raw("root.raw")
        self.raw("data.raw", 5)
        before = self.hash("root.raw")
        run = self.vmspawn("run", self.direct("disks,write,discard", 'path = "root.raw"\nephemeral = true\ngrow = "16M"\n',
                                              '[drive.data]\npath = "data.raw"\n'))
        self.assert_status(0, run)
        self.assertEqual(16 << 11, int(self.disks(run)["root.raw"]["sectors"]), run.everything())
        self.assertIn("T: wrote vda", run.text)
        self.assertEqual(before, self.hash("root.raw"))
        self.assertEqual(4 << 20, (self.dir / "root.raw").stat().st_size)
        self.assert_nothing_left()

    def test_two_ephemeral_runs_share_an_image(self):
        first = self.start("run", self.sector("halt"), "-x")
        first.qemu()
        path = self.dir / "second.vmspawn"
        path.write_text((self.dir / "m.vmspawn").read_text().replace("halt.img", "link.img").replace(self.name, self.name + "-second"))
        (self.dir / "link.img").symlink_to("halt.img")
        second = self.start("run", path, "-x")
        second.qemu()
        self.assertIsNone(first.process.poll())
        third = self.vmspawn("run", self.sector("halt"), f"--machine={self.name}-third")
        self.assert_status(16, third)
        for run in (first, second):
            run.process.kill()
            run.finish()

    def test_ephemeral_machines_without_a_name_run_at_once(self):
        shutil.copyfile(GUESTS / "halt.img", self.dir / f"{self.name}.img")
        words = ["run", f"--image={self.name}.img", "-x", "--firmware=bios", "--ram=64M", "--kvm=no", "--console=headless"]
        runs = [self.start(*words) for _ in range(2)]
        for run in runs:
            run.qemu()
        names = [path.name for path in self.runtime_directories()]
        self.assertEqual(2, len(set(names)), names)
        for name in names:
            self.assertRegex(name, rf"^{self.name}-[0-9a-f]{{16}}$")
        for run in runs:
            run.process.kill()
            run.finish()

    # --- grow ---

    def test_grow_moves_the_partition_table(self):
        self.gpt("root.raw")
        run = self.vmspawn("run", self.direct("disks", 'path = "root.raw"\ngrow = "64M"\n'))
        self.assert_status(0, run)
        self.assertEqual(64 << 11, int(self.disks(run)["root.raw"]["sectors"]), run.everything())
        self.assertRegex(run.text, r"T: partition vda1 sectors=4096")
        self.assertNotIn("T: gpt", run.text, "the guest's kernel is not content with the table")
        self.assertIn("No errors detected", self.tool("sfdisk", "--verify", "root.raw"))
        self.assert_nothing_left()

    def test_grow_of_qcow2(self):
        self.gpt("root.raw")
        self.tool("qemu-img", "convert", "-O", "qcow2", "root.raw", "root.qcow2")
        definition = self.direct("disks", 'path = "root.qcow2"\nformat = "qcow2"\ngrow = "64M"\n')
        plan = self.vmspawn("plan", definition)
        run = self.vmspawn("run", definition)
        self.assert_status(0, run)
        self.assertEqual(64 << 11, int(self.disks(run)["root.qcow2"]["sectors"]), run.everything())
        self.assertRegex(run.text, r"T: partition vda1 sectors=4096")
        self.tool("qemu-img", "convert", "-O", "raw", "root.qcow2", "after.raw")
        if "left to the guest" in plan.text:
            self.skipTest("no FUSE here: the plan leaves the table to the guest")
        self.assertIn("No errors detected", self.tool("sfdisk", "--verify", "after.raw"))
        self.assertNotIn("T: gpt", run.text)
        self.assert_nothing_left()

    def test_an_image_in_use_does_not_grow(self):
        holder = self.start("run", self.sector("halt"))
        pid = holder.qemu()
        size = (self.dir / "halt.img").stat().st_size
        second = self.vmspawn("run", self.sector("halt"), f"--machine={self.name}-second", "--grow-image=64M")
        self.assert_status(16, second)
        self.assertIn(f"pid {pid}", second.errors)
        self.assertEqual(size, (self.dir / "halt.img").stat().st_size)
        holder.process.kill()
        holder.finish()

    def test_a_full_disk_does_not_grow(self):
        self.need_root()
        self.gpt("root.raw")
        before = self.hash("root.raw")
        (self.dir / "small").mkdir()
        definition = self.direct("", 'path = "small/root.raw"\ngrow = "64M"\n')
        script = ("mount -t tmpfs -o size=8200k none small && cat root.raw >small/root.raw && { cat /dev/zero >small/filler || :; } 2>/dev/null && "
                  f"{{ '{PROGRAM}' run '{definition}'; echo status $?; }} && sha256sum small/root.raw")
        done = subprocess.run(["unshare", "-m", "sh", "-c", script], env=self.env, cwd=self.dir, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        text = done.stdout.decode() + done.stderr.decode()
        self.assertIn("status 28", text)  # ENOSPC
        self.assertIn("No space left on device", text)
        self.assertIn(before, text)

    # --- odd paths ---

    def named(self, name):
        """A definition whose image is a boot sector of this name."""
        shutil.copyfile(GUESTS / "poweroff.img", self.dir / name)
        path = self.dir / "odd.vmspawn"
        quoted = "'" + name + "'"
        path.write_text(f'name = "{self.name}"\nram = "64M"\nkvm = false\n[image]\npath = {quoted}\n[boot]\nfirmware = "bios"\n'
                        '[console]\nmode = "headless"\n')
        return path

    def test_odd_names(self):
        for name in ['a,b "c"\\d%.img', "n" * 196 + ".img"]:
            with self.subTest(name):
                self.assert_status(0, self.vmspawn("run", self.named(name)))
                self.assert_status(0, self.vmspawn("run", self.named(name), "-x"))
        self.assert_nothing_left()

    def test_a_link_to_an_image(self):
        definition = self.named("link.img")
        (self.dir / "link.img").rename(self.dir / "real.img")
        (self.dir / "link.img").symlink_to("real.img")
        self.assert_status(0, self.vmspawn("run", definition))

    def test_what_is_no_image(self):
        definition = self.named("a.img")
        (self.dir / "a.img").unlink()
        os.mkfifo(self.dir / "a.img")
        run = self.vmspawn("run", definition)
        self.assert_status(22, run)
        self.assertIn("a.img is a FIFO", run.errors)
        (self.dir / "a.img").unlink()
        (self.dir / "a.img").mkdir()
        run = self.vmspawn("run", definition)
        self.assert_status(22, run)
        self.assertIn("a.img is a directory", run.errors)
        (self.dir / "a.img").rmdir()
        run = self.vmspawn("run", definition)
        self.assert_status(2, run)
        self.assertIn("a.img does not exist", run.errors)

    def test_an_image_without_permission(self):
        definition = self.named("a.img")
        (self.dir / "a.img").chmod(0 if os.getuid() else stat.S_IRUSR)
        words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []
        done = subprocess.run([*words, PROGRAM, "run", str(definition)], env=self.env | {"HOME": "/nonexistent"}, cwd="/", stdin=subprocess.DEVNULL,
                              capture_output=True, check=False)
        self.assertEqual(13, done.returncode, done.stderr)
        self.assertIn("no permission to read", done.stderr.decode())


if __name__ == "__main__":
    main()
