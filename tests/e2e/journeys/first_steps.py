#!/usr/bin/python3
"""The first hour with vmspawn."""
from journey import GUESTS, Journey, main


class FirstSteps(Journey):
    def test_first_boot(self):
        shell, file = self.shell, f"{self.name}.vmspawn"
        said = shell.tells("vmspawn init", 0)
        self.assertIn(f"{file} written", said)
        self.assertIn(f"`vmspawn run {file}`", said)
        self.assertEqual("", shell.tells(f"vmspawn check {file}", 0))
        said = shell.tells(f"vmspawn run {file}", 2)
        self.assertRegex(said, rf"{file}:\d+:\d+: error: .*vmlinuz")
        self.assert_points_at(said, '"vmlinuz"')
        self.bring_guest()
        shell.says(f"""sed -i 's/"quiet"/"quiet", "test.cmd=powerbutton"/' {file}""")
        said = shell.tells(f"vmspawn plan {file}", 0)
        self.assertIn("qemu-system-x86_64", said)
        shell.begin(f"vmspawn run {file}").wait_for("T: waiting")
        shell.keys("C-]", "C-]", "?")
        shell.wait_for(r"\^\]\^\]p asks the guest to power off")
        shell.keys("C-]", "C-]", "p")
        said = shell.ends_with(0)
        self.assertIn("T: button", said)
        shell.begin(f"vmspawn run {file}").wait_for("T: waiting")
        shell.keys("C-]", "C-]", "C-]")
        shell.ends_with(143)
        self.home()

    def test_typo(self):
        shell = self.shell
        self.bring_guest()
        self.tiny("echo")
        shell.says("sed -i 's/^initrd/intird/; s/256M/256MB/' web.vmspawn")
        said = shell.tells("vmspawn run web.vmspawn", 22)
        self.assertRegex(said, r"web\.vmspawn:\d+:1: error: unknown key 'intird' in \[boot\]")
        self.assertIn("did you mean 'initrd'?", said)
        self.assertIn("web.vmspawn:2:7: error: ram = \"256MB\" is not a size", said)
        self.assertIn("2 problems in web.vmspawn", said)
        self.assert_points_at(said, "intird = ")
        self.assert_points_at(said, '"256MB"')
        shell.says("sed -i 's/^intird/initrd/; s/256MB/256M/' web.vmspawn")
        said = shell.tells("vmspawn run wbe.vmspawn", 2)
        self.assertIn("did you mean 'web.vmspawn'?", said)
        said = shell.tells("vmspawn rnu web.vmspawn", 22)
        self.assertIn("did you mean 'run'?", said)
        said = shell.tells("vmspawn run --cpsu=2 web.vmspawn", 22)
        self.assertIn("did you mean '--cpus'?", said)
        shell.begin("vmspawn run web.vmspawn").wait_for("T: up")
        shell.type("quit")
        self.assertIn("T: end", shell.ends_with(0))
        self.home()

    def test_forgotten_image(self):
        shell = self.shell
        shell.says("vmspawn init web --template=image")
        said = shell.tells("vmspawn run web.vmspawn", 2)
        self.assertRegex(said, r"web\.vmspawn:\d+:\d+: error: .*web\.raw")
        self.assert_points_at(said, '"web.raw"')
        self.write(f'name = "{self.name}"\nram = "64M"\n')
        said = shell.tells("vmspawn run web.vmspawn", 22)
        self.assertIn("image.path", said)
        self.assertIn("boot.linux", said)
        (self.project / "web.raw").write_bytes((GUESTS / "poweroff.img").read_bytes())
        shell.says("printf '[image]\\npath = \"wed.raw\"\\n[boot]\\nfirmware = \"bios\"\\n' >>web.vmspawn")
        said = shell.tells("vmspawn run web.vmspawn", 2)
        self.assertIn("did you mean 'web.raw'?", said)
        shell.says("sed -i s/wed.raw/web.raw/ web.vmspawn")
        shell.tells("vmspawn run web.vmspawn", 0)
        self.home()

    def test_no_kvm(self):
        if '"usable": true' in self.vmspawn("host", "--format=json").text:
            self.skipTest("KVM works here")
        shell = self.shell
        self.bring_guest()
        self.tiny("echo")
        said = shell.tells("vmspawn run --kvm=yes web.vmspawn", 95)
        self.assertIn("--kvm=yes: error: ", said)
        self.assertIn("/dev/kvm", said)
        self.assert_points_at(said, "yes\n")
        self.assertIn("kvm", shell.tells("vmspawn host", 0).lower())
        shell.begin("vmspawn run web.vmspawn").wait_for("T: up")
        shell.type("quit")
        self.assertRegex(shell.ends_with(0), r"KVM is not used: .*/dev/kvm")
        self.home()


if __name__ == "__main__":
    main()
