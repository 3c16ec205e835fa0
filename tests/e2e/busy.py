#!/usr/bin/python3
"""Names and images that are in use."""
import os
import signal
import shutil
import subprocess

from harness import GUESTS, Case, main


class Busy(Case):
    def running(self, *words):
        run = self.start("run", self.sector("halt"), *words)
        self.holder = run.qemu()
        return run

    def end(self, run):
        for _ in range(3):
            if run.process.poll() is None:
                run.kill(signal.SIGTERM)
                run.pump(0.2)
        run.finish()
        self.assert_nothing_left()

    def definition_beside(self, image, name):
        path = self.dir / "second.vmspawn"
        path.write_text(f'name = "{name}"\nram = "64M"\nkvm = false\n[image]\npath = "{image}"\n[boot]\nfirmware = "bios"\n[console]\nmode = "headless"\n')
        return path

    def test_same_name(self):
        run = self.running()
        shutil.copyfile(GUESTS / "poweroff.img", self.dir / "other.img")
        second = self.vmspawn("run", self.definition_beside("other.img", self.name))
        self.assert_status(16, second)
        self.assertIn(self.name, second.errors)
        self.assertIn(str(run.pid), second.errors, "the holder is not named")
        self.assertIsNone(run.process.poll(), "the first machine suffered")
        self.end(run)

    def test_same_image(self):
        run = self.running()
        second = self.vmspawn("run", self.definition_beside("halt.img", self.name + "-second"))
        self.assert_status(16, second)
        self.assertIn("halt.img", second.errors)
        self.assertIn(str(self.holder), second.errors, "the holder is not named")
        self.assertIsNone(run.process.poll(), "the first machine suffered")
        self.end(run)

    def test_image_under_another_name(self):
        run = self.running()
        os.link(self.dir / "halt.img", self.dir / "alias.img")
        second = self.vmspawn("run", self.definition_beside("alias.img", self.name + "-second"))
        self.assert_status(16, second)
        self.end(run)

    def test_image_held_by_a_plain_qemu(self):
        image = shutil.copyfile(GUESTS / "halt.img", self.dir / "halt.img")
        other = subprocess.Popen(["qemu-system-x86_64", "-accel", "tcg", "-m", "64M", "-nodefaults", "-display", "none", "-qmp", "stdio",
                                  "-drive", f"file={image},format=raw,if=virtio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        other.stdin.write(b'{"execute":"qmp_capabilities"}')
        other.stdin.flush()
        for _ in range(2):  # its greeting, and the answer of its main loop: by now it holds its locks
            other.stdout.readline()
        second = self.vmspawn("run", self.definition_beside("halt.img", self.name))
        other.kill()
        other.communicate()
        self.assert_status(16, second)
        self.assertIn(str(other.pid), second.errors)
        self.assert_nothing_left()

    def test_read_only_drives_are_shared(self):
        shutil.copyfile(GUESTS / "halt.img", self.dir / "data.img")
        drive = '[drive.data]\npath = "data.img"\nread-only = true\n'
        first = self.start("run", self.sector("halt", drive))
        first.qemu()
        shutil.copyfile(GUESTS / "poweroff.img", self.dir / "poweroff.img")
        path = self.definition_beside("poweroff.img", self.name + "-second")
        path.write_text(path.read_text() + drive)
        self.assert_status(0, self.vmspawn("run", path))
        self.end(first)

    def test_image_is_free_afterwards(self):
        for _ in range(2):
            self.assert_status(0, self.vmspawn("run", self.sector("poweroff")))
        self.assert_nothing_left()


if __name__ == "__main__":
    main()
