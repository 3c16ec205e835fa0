#!/usr/bin/python3
"""UEFI: OVMF starts kernels and disks, words arrive by the channel that the boot path reads, and variables are kept."""
import ctypes
import json
import os
import shutil
import stat
import subprocess

from harness import GUESTS, Case, main

OVMF = "/usr/share/qemu/firmware/60-edk2-x86_64.json"  # without SMM: the quickest under emulation
CLONE_NEWNS, MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 0x20000, 1, 32, 4096, 16384, 1 << 18


def read_only(directory):
    """For preexec: a mount namespace in which `directory` cannot be written."""
    libc, path = ctypes.CDLL(None), str(directory).encode()

    def enter():
        steps = [libc.unshare(CLONE_NEWNS), libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None),
                 libc.mount(path, path, None, MS_BIND, None), libc.mount(None, path, None, MS_REMOUNT | MS_BIND | MS_RDONLY, None)]
        if any(steps):
            raise OSError("no mount namespace")
    return enter


class Firmware(Case):
    def setUp(self):
        super().setUp()
        if not os.path.exists(OVMF):
            self.skipTest("OVMF is not installed")

    def disk(self, more=""):
        """A disk whose EFI system partition holds a unified kernel image; its initrd looks for a root that is not there and powers off."""
        systemd_guest = GUESTS / "systemd"
        image = self.dir / "disk.raw"
        if not image.exists():
            shutil.copyfile(systemd_guest / "unsigned.raw", image)
        return self.definition(f'ram = "512M"\nkvm = false\n[image]\npath = "disk.raw"\n[boot]\nsecure-boot = false\n'
                               f'[console]\nmode = "read-only"\ntransport = "serial"\n{more}')

    def boot(self, *words, **options):
        run = self.vmspawn("run", self.disk(), *words, **options)
        self.assert_status(0, run)
        # It says so on the console that vmspawn's own word names: the word came through the stub.
        self.assertIn("T: initrd", run.text)
        self.assertIn("T: no root", run.text)
        self.assert_nothing_left()
        return run

    def test_disk_keeps_its_variables(self):
        state = self.dir / "disk.raw.efinvramstate"
        self.boot()
        with open(OVMF) as file:
            template = json.load(file)["mapping"]["nvram-template"]["filename"]
        first = state.stat()
        self.assertEqual(0o600, stat.S_IMODE(first.st_mode))
        self.assertEqual(os.path.getsize(template), first.st_size)
        with open(template, "rb") as file:
            self.assertNotEqual(file.read(), state.read_bytes(), "the firmware wrote nothing")
        self.boot()
        self.assertEqual(first.st_ino, state.stat().st_ino)

    def test_variables_forgotten_when_off(self):
        self.boot("--efi-nvram-state=off")
        self.assertEqual(["disk.raw", "m.vmspawn", "tmp"], sorted(os.listdir(self.dir)))

    def test_variables_forgotten_where_none_can_be_kept(self):
        self.need_root()
        shown = self.dir / "shown"
        shown.mkdir()
        self.disk()
        (shown / "link.raw").symlink_to("../disk.raw")
        run = self.boot(f"--image={shown}/link.raw", preexec=read_only(shown))
        self.assertIn("UEFI variables will be forgotten", run.errors)
        self.assertEqual(["link.raw"], os.listdir(shown))

    def secured(self):
        """Flags for secure boot with the keys of OVMF's tests."""
        return ["--secure-boot=yes", "--efi-nvram-template=/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd"]

    def test_secure_boot_takes_what_is_signed(self):
        self.disk()
        subprocess.run(["mcopy", "-o", "-i", f"{self.dir}/disk.raw@@1M", GUESTS / "systemd/uki-signed.efi", "::/EFI/BOOT/BOOTX64.EFI"], check=True)
        self.boot(*self.secured())

    def test_secure_boot_refuses_what_is_not(self):
        run = self.start("run", self.disk(), *self.secured())
        run.wait_for("Access Denied")
        self.assertNotIn("T: initrd", run.text)

    def test_kernel_by_uefi(self):
        state = self.dir / "deep/er/vars"
        definition = self.linux("", console='mode = "read-only"\ntransport = "serial"\n')
        run = self.vmspawn("run", definition, f"--firmware={OVMF}", f"--efi-nvram-state={state}", "--", "efi=debug")
        self.assert_status(0, run)
        self.assertIn("EFI stub: Loaded initrd", run.text)
        self.assertEqual(0o600, stat.S_IMODE(state.stat().st_mode))
        self.assertEqual(0o700, stat.S_IMODE(state.parent.stat().st_mode))
        self.assert_nothing_left()

    def test_list_and_describe(self):
        paths = self.vmspawn("run", "--firmware=list").text.split()
        self.assertIn(OVMF, paths)
        self.assertEqual(sorted(paths, key=os.path.basename), paths)
        features = self.vmspawn("run", "--firmware-features=list").text.split()
        self.assertIn("secure-boot", features)
        self.assertEqual(sorted(set(features)), features)
        for flags, has, lacks in [([], "", "enrolled-keys"), (["--secure-boot=no"], "", "secure-boot"), (["--secure-boot=yes"], "secure-boot", ""),
                                  (["--firmware-features=enrolled-keys"], "enrolled-keys", "")]:
            run = self.vmspawn("run", *flags, "--firmware=describe")
            self.assert_status(0, run)
            described = json.loads(run.text)
            self.assertIn("filename", described["mapping"]["nvram-template"])
            self.assertTrue(not has or has in described["features"], flags)
            self.assertFalse(lacks in described["features"], flags)
        run = self.vmspawn("run", "--firmware-features=no-such", "--firmware=describe")
        self.assert_status(95, run)
        self.assertIn("it lacks the feature no-such", run.errors)

    def test_masks_hide(self):
        own = self.dir / "config/qemu/firmware"
        own.mkdir(parents=True)
        (own / os.path.basename(OVMF)).write_text("")
        env = self.env | {"XDG_CONFIG_HOME": str(self.dir / "config")}
        self.assertNotIn(OVMF, self.vmspawn("run", "--firmware=list", env=env).text)


if __name__ == "__main__":
    main()
