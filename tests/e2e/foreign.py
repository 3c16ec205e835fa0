#!/usr/bin/python3
"""Guests of other architectures than the host's, emulated."""
import platform
import re
import shutil

from harness import GUESTS, Case, main


class Foreign(Case):
    def guest(self, arch, more="", words='"quiet", "test.cmd=smbios"'):
        if platform.machine() == arch:
            self.skipTest(f"{arch} is this host's own architecture")
        if not shutil.which(f"qemu-system-{arch}"):
            self.skipTest(f"qemu-system-{arch} is not installed")
        return self.definition(f'arch = "{arch}"\nram = "256M"\n[boot]\nlinux = "{GUESTS}/vmlinuz-{arch}"\ninitrd = ["{GUESTS}/initrd-{arch}.img"]\n'
                               f'cmdline = [{words}]\n[console]\nmode = "read-only"\n{more}')

    def assert_boots(self, definition, *words):
        run = self.vmspawn("run", definition, *words, patience=200)
        self.assert_status(0, run)
        self.assertIn("T: up", run.text)
        self.assertIn("T: end", run.text)
        self.assert_nothing_left()
        return run

    def test_aarch64(self):
        run = self.assert_boots(self.guest("aarch64"))
        self.assertIn("KVM is not used: the guest is aarch64", run.errors)

    def test_aarch64_with_vsock_and_ssh_key(self):
        """Without UEFI it has no SMBIOS: keys go by fw_cfg, and what has no room there is among the kernel's words."""
        self.env["PATH"] += f":{GUESTS}"
        run = self.assert_boots(self.guest("aarch64", words='"test.cmd=words,fw_cfg"'))
        words = re.search(r"T: cmdline (.*)", run.text)[1].split()
        self.assertIn("systemd.set_credential_binary=systemd.unit-dropin.sshd-vsock@.service:", " ".join(words))
        for name in ("vmm.notify_socket", "vmspawn.ssh-key", "vmspawn.ssh-host-key"):
            self.assertRegex(run.text, rf"T: fw_cfg {name} [1-9]")

    def test_aarch64_on_the_serial_port(self):
        self.assert_boots(self.guest("aarch64"), "--console-transport=serial")

    def test_riscv64(self):
        run = self.assert_boots(self.guest("riscv64"))
        self.assertIn("KVM is not used: the guest is riscv64", run.errors)

    def test_riscv64_on_the_serial_port(self):
        self.assert_boots(self.guest("riscv64"), "--console-transport=serial")

    def test_aarch64_kernel_on_riscv64_is_refused(self):
        definition = self.guest("aarch64")
        run = self.vmspawn("run", definition, "--arch=riscv64")
        self.assert_status(22, run)
        self.assertIn("is a kernel for aarch64, and the guest is riscv64", run.errors)


if __name__ == "__main__":
    main()
