#!/usr/bin/python3
"""`vmspawn export`: what is printed, and how losses are told; and `vmspawn diff`."""
import json
import os
import pathlib
import shlex
import subprocess
import xml.etree.ElementTree

from harness import PROGRAM, ROOT, Case, main


class Export(Case):
    LOSING = '[boot]\nlinux = "vmlinuz"\ninitrd = ["initrd.img"]\n[ready]\ntimeout = "1min"\n'

    def test_losses_are_warnings_with_their_place(self):
        run = self.vmspawn("export", self.definition(self.LOSING), "--to=libvirt")
        self.assert_status(0, run)
        domain = xml.etree.ElementTree.fromstring(run.text)
        self.assertEqual(self.name, domain.findtext("name"))
        self.assertEqual(f"{self.dir}/vmlinuz", domain.findtext("os/kernel"))
        self.assertIn("m.vmspawn:6:11: warning: ready.timeout is lost on the way to libvirt\n", run.errors)
        self.assertIn("<!-- lost: ready.timeout: ", run.text)

    def test_strict_prints_nothing_that_loses(self):
        run = self.vmspawn("export", self.definition(self.LOSING), "--to=libvirt", "--strict")
        self.assert_status(95, run)
        self.assertEqual("", run.text)
        self.assertIn("m.vmspawn:6:11: error: ready.timeout is lost", run.errors)
        run = self.vmspawn("export", self.definition(self.LOSING), "--to=libvirt", "--strict", "--unset=ready.timeout")
        self.assert_status(0, run)
        self.assertEqual("", run.errors)

    def test_losses_as_data(self):
        run = self.vmspawn("export", self.definition(self.LOSING), "--to=libvirt", "--format=json")
        self.assert_status(0, run)
        self.assertEqual("", run.errors)
        said = json.loads(run.text)
        self.assertEqual((1, "libvirt"), (said["version"], said["target"]))
        self.assertEqual([("ready.timeout", 6)], [(loss["key"], loss["line"]) for loss in said["losses"]])
        strict = self.vmspawn("export", self.definition(self.LOSING), "--to=libvirt", "--format=json", "--strict")
        self.assert_status(95, strict)
        self.assertEqual(["error"], [problem["severity"] for problem in json.loads(strict.errors)["problems"]])

    def test_no_value_of_a_credential_is_shown(self):
        definition = self.definition('smbios = ["io.systemd.credential:a=hidden-1"]\n[boot]\nlinux = "vmlinuz"\ninitrd = ["initrd.img"]\n'
                                     '[credentials]\nb = "hidden-2"\nc = { file = "/some/file" }\n')
        for more in ([], ["--strict"], ["--format=json"], ["--format=json", "--strict"]):
            run = self.vmspawn("export", definition, "--to=libvirt", "--set-credential=d:hidden-3", "--set-credential", "e:hidden-4", *more)
            self.assertNotIn("hidden", run.text + run.errors)
            for key in ("smbios[0]", "credentials.b", "credentials.d", "credentials.e"):
                self.assertIn(key, run.text + run.errors)
            self.assertNotIn("credentials.c", run.text + run.errors)

    def test_by_a_user(self):
        """The same as for root, also of files that the user may not read. The definition has to be readable."""
        self.need_root()
        (self.dir / "vmlinuz").touch(mode=0o600)
        definition = pathlib.Path(self.definition(self.LOSING))
        told = {target: self.vmspawn("export", definition, f"--to={target}") for target in ("libvirt", "kubevirt", "systemd-unit")}
        self.as_user()
        os.chown(self.dir / "vmlinuz", 0, 0)
        for target, by_root in told.items():
            run = self.vmspawn("export", definition, f"--to={target}", preexec=self.drop)
            self.assertEqual((0, by_root.text, by_root.errors), (run.status, run.text, run.errors))
        os.chown(definition, 0, 0)
        definition.chmod(0o600)
        refused = self.vmspawn("export", definition, "--to=libvirt", preexec=self.drop)
        self.assert_status(13, refused)
        self.assertEqual("", refused.text)
        self.assertIn("Permission denied", refused.errors)

    def test_systemd_takes_the_service(self):
        """Of every example, and of one in a folder whose name says things to systemd."""
        odd = self.dir / "a b%n $x"
        odd.mkdir()
        (odd / "odd.vmspawn").write_text('description = "50 % off"\n[boot]\nlinux = "k"\ninitrd = ["i"]\n[drive.x]\npath = "d 1/x"\n')
        for definition in [*sorted((ROOT / "examples").glob("*.vmspawn")), odd / "odd.vmspawn"]:
            run = self.vmspawn("export", definition, "--to=systemd-unit")
            self.assert_status(0, run)
            unit = self.dir / f"{definition.stem}.service"
            unit.write_text(run.text)
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual((0, ""), (done.returncode, done.stdout + done.stderr), run.text)

    def test_the_service_starts_what_it_was_made_of(self):
        """The command of the service, as systemd would split it, runs the guest."""
        run = self.vmspawn("export", self.sector("poweroff"), "--to=systemd-unit")
        self.assert_status(0, run)
        line = next(line for line in run.text.splitlines() if line.startswith("ExecStart="))
        words = shlex.split(line.removeprefix("ExecStart="))
        self.assertEqual(str(pathlib.Path(PROGRAM).resolve()), words[0])
        self.assert_status(0, self.vmspawn(*words[1:], "--tpm=no"))

    def test_two_definitions_side_by_side(self):
        (self.dir / "a.vmspawn").write_text('cpus = 1\nram = "1G"\n[boot]\nlinux = "k"\n[credentials]\nc = "hidden-1"\n')
        (self.dir / "b.vmspawn").write_text('include = ["a.vmspawn"]\ncpus = 3\n[credentials]\nc = "hidden-2"\n')
        run = self.vmspawn("diff", "a.vmspawn", "b.vmspawn")
        self.assert_status(0, run)
        self.assertEqual("cpus\n  a.vmspawn:1:8  1\n  b.vmspawn:2:8  3\n"
                         "credentials.c\n  a.vmspawn:6:5  (not shown)\n  b.vmspawn:4:5  (not shown)\n", run.text)
        run = self.vmspawn("diff", "a.vmspawn", "b.vmspawn", "--cpus=2", "--unset=credentials.c", "--format=json")
        self.assert_status(0, run)
        self.assertEqual([], json.loads(run.text)["differences"])
        self.assert_status(2, self.vmspawn("diff", "a.vmspawn", "missing.vmspawn"))


if __name__ == "__main__":
    main()
