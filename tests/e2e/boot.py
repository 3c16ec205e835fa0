#!/usr/bin/python3
"""Guests that boot and power off."""
import pathlib
import re
import shutil
import subprocess

from harness import PROGRAM, ROOT, Case, main


class Boot(Case):
    def hello(self):
        """A copy of the example, with paths and name of this case."""
        text = (ROOT / "examples/hello.vmspawn").read_text()
        shutil.copytree(ROOT / "examples/hello", self.dir / "hello")
        path = self.dir / "hello.vmspawn"
        path.write_text(text)
        return path

    def assert_greeted(self, run):
        self.assert_status(0, run)
        self.assertIn("Hello from vmspawn", run.text)
        text = (ROOT / "examples/hello.vmspawn").read_text()
        string = re.search(r'smbios = \["([^"]*)"\]', text).group(1)
        self.assertIn(f"smbios string: {string}", run.text)
        ident, value = re.search(r'\[credentials\]\n"([^"]*)" = "([^"]*)"', text).groups()
        self.assertIn(f"credential {ident}: {value}", run.text)
        self.assert_nothing_left()

    def test_hello(self):
        self.assert_greeted(self.vmspawn("run", self.hello(), f"--machine={self.name}"))

    def test_hello_on_the_serial_port(self):
        self.assert_greeted(self.vmspawn("run", self.hello(), f"--machine={self.name}", "--console-transport=serial"))

    def test_hello_by_flags_alone(self):
        run = self.vmspawn("run", f"--linux={ROOT}/examples/hello/vmlinuz", f"--initrd={ROOT}/examples/hello/initrd.img", "-M", self.name,
                           "--set-credential=hello.flag:by flag", "--smbios11=flag=string", "--ram=256M", "--", "quiet", "cryptomgr.notests")
        self.assert_status(0, run)
        self.assertIn("credential hello.flag: by flag", run.text)
        self.assertIn("smbios string: flag=string", run.text)
        self.assert_nothing_left()

    def test_machine_is_as_defined(self):
        definition = self.linux("devices", head='cpus = 2\nram = "320M"\nram-max = "1G"\nram-slots = 3\nkvm = false\nuuid = "a5c3c2b2-9d2e-4f6e-8c1b-6d1a2b3c4d5e"\n'
                                                'smbios = ["one", "two=2, and a comma"]\n')
        run = self.vmspawn("run", definition, "--", "more=words")
        self.assert_status(0, run)
        self.assertRegex(run.text, r"T: cpus 2\b")
        self.assertRegex(run.text, r"T: uuid a5c3c2b2-9d2e-4f6e-8c1b-6d1a2b3c4d5e")
        self.assertRegex(run.text, r"T: cmdline .*test\.cmd=devices.* more=words")
        self.assertIn("T: smbios one\r\n", run.text + "\r\n" if "\r\n" in run.text else run.text.replace("\n", "\r\n"))
        self.assertIn("T: smbios two=2, and a comma", run.text)
        self.assertEqual(3, run.text.count("PNP0C80:"), "slots for memory that is plugged in later")
        memory = int(re.search(r"T: memory (\d+) kB", run.text).group(1))
        self.assertTrue(200_000 < memory < 320 * 1024, memory)
        self.assert_nothing_left()

    def test_two_drives(self):
        (self.dir / "one.raw").write_bytes(bytes(4 << 20))
        (self.dir / "two.raw").write_bytes(bytes(8 << 20))
        definition = self.linux("devices,write", '[drive.one]\npath = "one.raw"\n[drive.two]\npath = "two.raw"\nread-only = true\n')
        run = self.vmspawn("run", definition)
        self.assert_status(0, run)
        disks = dict((sectors, (serial, ro)) for serial, sectors, ro in re.findall(r"T: disk \w+ serial=(\S*) sectors=(\d+) ro=(\d)", run.text))
        self.assertEqual({str(8 << 10): ("one.raw", "0"), str(16 << 10): ("two.raw", "1")}, disks, run.everything())
        self.assertTrue((self.dir / "one.raw").read_bytes().startswith(b"written to one.raw\n"))
        self.assertEqual(bytes(8 << 20), (self.dir / "two.raw").read_bytes())
        self.assert_nothing_left()

    def test_headless_shows_nothing(self):
        run = self.vmspawn("run", self.linux("", console='mode = "headless"\n'))
        self.assert_status(0, run)
        self.assertNotIn("T: up", run.text)
        self.assert_nothing_left()

    def test_boot_sector_powers_off(self):
        run = self.vmspawn("run", self.sector("poweroff"))
        self.assert_status(0, run)
        self.assert_nothing_left()

    def test_boot_sector_speaks_on_the_serial_port(self):
        run = self.vmspawn("run", self.sector("serial", console='mode = "read-only"\ntransport = "serial"\n'))
        self.assert_status(0, run)
        self.assertIn("HI", run.text)
        self.assert_nothing_left()

    def test_definition_beside_its_files_from_elsewhere(self):
        run = self.vmspawn("run", self.sector("poweroff"), cwd="/")
        self.assert_status(0, run)

    def test_odd_file_names(self):
        odd = 'a,b "c" 100%=ü.img'
        definition = pathlib.Path(self.sector("poweroff"))
        (self.dir / "poweroff.img").rename(self.dir / odd)
        definition.write_text(definition.read_text().replace('"poweroff.img"', f"'{odd}'"))
        self.assert_status(0, self.vmspawn("run", definition))
        self.assert_nothing_left()

    def test_second_start_runs_no_probe(self):
        """What QEMU can do is remembered: a warm start runs a single QEMU."""
        self.vmspawn("run", self.sector("poweroff"))
        run = self.vmspawn_traced("run", *self.TPM, self.sector("poweroff"))
        self.assertEqual(1, len(re.findall(r"execve\(\"[^\"]*qemu-system[^\n]* = 0", run)), run)

    def vmspawn_traced(self, *words):
        if not shutil.which("strace"):
            self.skipTest("strace is not installed")
        log = self.dir / "strace.log"
        subprocess.run(["strace", "-f", "-s", "100", "-e", "trace=execve", "-o", str(log), PROGRAM, *map(str, words)], env=self.env, cwd=self.dir,
                       stdin=subprocess.DEVNULL, capture_output=True, timeout=90, check=True)
        return log.read_text()


if __name__ == "__main__":
    main()
