#!/usr/bin/python3
"""Machines that run: several, one that gets nowhere, one whose definition is newer than it is, and one whose disk is too small."""
from journey import Journey, main


class Running(Journey):
    def test_two_machines_at_once(self):
        shell, second = self.shell, self.another_shell()
        one, two = self.name, f"{self.name}-b"
        self.bring_guest()
        self.tiny("powerbutton")
        self.write((self.project / "web.vmspawn").read_text().replace(one, two), "db.vmspawn")
        shell.begin("vmspawn run web.vmspawn").wait_for("T: waiting")
        said = second.tells("vmspawn run --detach db.vmspawn", 0)
        self.assertIn(f"{two} is in the background", said)
        self.assertIn(f"vmspawn console {two}", said)
        said = second.tells("vmspawn list", 0)
        self.assertRegex(said, rf"(?m)^{one} +running .*/web\.vmspawn$")
        self.assertRegex(said, rf"(?m)^{two} +running .*/db\.vmspawn$")
        said = second.tells("vmspawn run web.vmspawn", 16)
        self.assertIn(f"'{one}'", said)
        self.assertRegex(said, r"in use by vmspawn, pid \d+")
        second.begin(f"vmspawn console {two}").wait_for("T: waiting")
        second.keys("C-]", "C-]", "]")
        second.ends_with(0)
        second.tells(f"vmspawn stop {two}", 0)
        second.tells(f"vmspawn stop {one}", 0)
        self.assertIn("T: button", shell.ends_with(0))
        self.assertNotIn(one, second.tells("vmspawn list", 0))
        self.home()

    def test_nothing_to_boot(self):
        """The firmware finds nothing on the disk and does not say so where it is looked for."""
        shell, second = self.shell, self.another_shell()
        (self.project / "empty.raw").write_bytes(bytes(1 << 20))
        self.write(f'name = "{self.name}"\nram = "128M"\ntpm.enabled = false\n[image]\npath = "empty.raw"\n[boot]\nfirmware = "bios"\n')
        shell.begin("vmspawn run web.vmspawn").wait_for(r"\^\] three times ends the machine")
        second.tells(f"vmspawn wait {self.name}", 0)
        shell.keys("C-]", "C-]", "?")
        shell.wait_for(r'the guest has shown nothing yet; .*console\.transport = "serial"')
        shell.keys("C-]", "C-]", "C-]")
        shell.ends_with(143)
        shell.begin("vmspawn run --console-transport=serial web.vmspawn").wait_for("No bootable device")
        shell.keys("C-]", "C-]", "C-]")
        self.assertNotIn("nothing yet", shell.ends_with(143))
        self.assertEqual("7".zfill(150), shell.says("echo $(printf %0150d 7)"), "lines wrap again, which SeaBIOS turns off")
        shell.begin("vmspawn run --console-transport=serial --firmware=uefi web.vmspawn").wait_for("Boot0001.*Not Found")
        shell.keys("C-]", "C-]", "C-]")
        shell.ends_with(143)
        self.home()

    def test_definition_is_changed(self):
        shell, second = self.shell, self.another_shell()
        self.bring_guest()
        self.tiny("powerbutton")
        shell.begin("vmspawn run web.vmspawn").wait_for("T: waiting")
        second.says("cp web.vmspawn old.vmspawn")
        second.says("sed -i 's/256M/320M/; 1a flavour = \"new\"' web.vmspawn")
        self.assertIn("web.vmspawn (changed since the start)", second.tells(f"vmspawn status {self.name}", 0))
        said = second.tells("vmspawn check web.vmspawn", 22)
        self.assertIn("web.vmspawn:2:1: error: unknown key 'flavour'", said)
        self.assert_points_at(said, "flavour")
        second.says("sed -i /flavour/d web.vmspawn")
        self.assertEqual("", second.tells("vmspawn check web.vmspawn", 0))
        said = second.tells("vmspawn diff old.vmspawn web.vmspawn", 0)
        self.assertIn("ram", said)
        self.assertIn("320M", said)
        second.tells(f"vmspawn stop {self.name}", 0)
        shell.ends_with(0)
        shell.begin("vmspawn run web.vmspawn").wait_for("T: waiting")
        self.assertNotIn("changed since", second.tells(f"vmspawn status {self.name}", 0))
        self.assertIn("of 320M", second.says(f"vmspawn status {self.name}"))
        second.tells(f"vmspawn stop {self.name}", 0)
        shell.ends_with(0)
        self.home()

    def test_disk_gets_larger(self):
        shell, image = self.shell, self.project / "disk.raw"
        image.write_bytes(b"what was there".ljust(4 << 20, b"\0"))
        self.bring_guest()
        self.tiny("disks", '[image]\npath = "disk.raw"\n', words=', "root=/dev/vda"')
        self.assertIn("T: disk vda serial=disk.raw sectors=8192 ", shell.tells("vmspawn run web.vmspawn", 0))
        said = shell.tells("vmspawn run --grow-image=8MB web.vmspawn", 22)
        self.assert_points_at(said, "8MB")
        self.assertIn("T: disk vda serial=disk.raw sectors=16384 ", shell.tells("vmspawn run --grow-image=8M web.vmspawn", 0))
        self.assertIn("8388608 bytes", shell.tells("vmspawn plan --grow-image=6M web.vmspawn | grep 'does nothing'", 0))
        self.assertIn("T: disk vda serial=disk.raw sectors=16384 ", shell.tells("vmspawn run --grow-image=6M web.vmspawn", 0))
        self.assertEqual(b"what was there".ljust(8 << 20, b"\0"), image.read_bytes())
        self.home()


if __name__ == "__main__":
    main()
