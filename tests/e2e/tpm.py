#!/usr/bin/python3
"""The TPM: a real swtpm and a guest with systemd that seals a secret to it, and what happens when one of its programs fails."""
import json
import os
import shutil
import signal
import stat
import time

from harness import Case, children_of, cmdline_of, main
from systemd_guest import DIRECT, PATIENCE, SystemdCase

SEALED = "/var/lib/sealed"
SEAL = f'printf secret | systemd-creds encrypt --with-key=tpm2 --tpm2-pcrs=7 --name=it - {SEALED} && echo "T: sealed yes" || echo "T: sealed no"\nsync\n'
OPEN = f'echo "T: opened $(systemd-creds decrypt --name=it {SEALED} - 2>/dev/null || echo no)"\n'
STATE = "disk.raw.tpmstate"


class Tpm(Case):
    """With the tiny guest, which needs no disk."""
    TPM = ()

    def setUp(self):
        super().setUp()
        if not shutil.which("swtpm", path=self.env["PATH"] + ":/usr/bin") or not shutil.which("swtpm_setup", path=self.env["PATH"] + ":/usr/bin"):
            self.skipTest("swtpm and swtpm_setup are not installed")
        self.state = self.dir / "state"

    def machine(self, command="", more=""):
        return self.linux(command, f'[tpm]\nstate = "./state"\n{more}')

    def run_to_its_end(self, definition, *flags):
        run = self.vmspawn("run", definition, *flags)
        self.assert_status(0, run)
        self.assertIn("T: end", run.text)
        self.assert_nothing_left()
        return run

    def swtpm(self, run):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            for pid in children_of(run.pid):
                if cmdline_of(pid)[:2] == ["/usr/bin/swtpm", "socket"] and any("clientfd" in word for word in cmdline_of(pid)):
                    return pid
            run.pump(0.02)
        raise AssertionError("no swtpm below vmspawn\n" + run.everything())

    def files(self):
        return sorted(name for name in os.listdir(self.state) if name != ".lock")

    def test_state_is_made_once_and_kept(self):
        run = self.run_to_its_end(self.machine("tpm"))
        self.assertIn("T: tpm 2", run.text)
        self.assertEqual(0o700, stat.S_IMODE(self.state.stat().st_mode))
        self.assertEqual(["issuercert.pem", "swtpm-localca-rootca-cert.pem", "tpm2-00.permall"], self.files())
        for name in self.files():
            self.assertEqual(0o600, stat.S_IMODE((self.state / name).stat().st_mode))
        certificate = (self.state / "issuercert.pem").stat()
        self.fake("swtpm_setup", "echo it must not run again >&2; exit 1")
        run = self.run_to_its_end(self.machine("tpm"))
        self.assertIn("T: tpm 2", run.text)
        self.assertNotIn("must not run", run.errors)
        self.assertEqual(certificate.st_ino, (self.state / "issuercert.pem").stat().st_ino)

    def test_state_of_a_user(self):
        definition = self.machine("tpm")
        self.as_user()
        run = self.vmspawn("run", definition, preexec=self.drop)
        self.assert_status(0, run)
        self.assertIn("T: tpm 2", run.text)
        self.assertEqual("", run.errors)
        self.assertEqual(["issuercert.pem", "swtpm-localca-rootca-cert.pem", "tpm2-00.permall"], self.files())
        self.assertEqual({self.state.stat().st_uid}, {(self.state / name).stat().st_uid for name in self.files()})
        self.assert_nothing_left()

    def test_state_off_leaves_nothing(self):
        run = self.run_to_its_end(self.linux("tpm"), "--tpm=yes", "--tpm-state=off")
        self.assertIn("T: tpm 2", run.text)
        self.assertEqual(["cache", "m.vmspawn", "tmp"], sorted({*os.listdir(self.dir), "cache"}))

    def test_one_state_for_one_machine(self):
        run = self.start("run", self.machine("hang"))
        run.wait_for("T: hanging")
        second = self.definition(open(self.machine("tpm")).read().replace(f'name = "{self.name}"', ""), file="second.vmspawn")
        other = self.vmspawn("run", second, f"--machine={self.name}-b")
        self.assert_status(16, other)
        self.assertRegex(other.errors, r"could not use tpm-state 'state' .*: in use by swtpm, pid \d+")

    def test_killed_swtpm_ends_the_machine(self):
        run = self.start("run", self.machine("hang"))
        run.wait_for("T: hanging")
        os.kill(self.swtpm(run), signal.SIGKILL)
        self.assert_status(5, run)
        self.assertIn("was killed by SIGKILL; the guest cannot go on without it", run.errors)
        self.assert_nothing_left()

    def test_setup_that_fails_costs_the_certificate_only(self):
        self.fake("swtpm_setup", "echo no certificates today; exit 3")
        run = self.run_to_its_end(self.machine("tpm"))
        self.assertIn("T: tpm 2", run.text)
        self.assertIn("the TPM starts without a certificate", run.errors)
        self.assertIn("no certificates today", run.errors)
        self.assertEqual(["tpm2-00.permall"], self.files())

    def test_setup_that_is_killed_leaves_nothing_half_made(self):
        self.fake("swtpm_setup", "sleep 1000 & echo half >tpm2-00.permall; kill -9 $$")
        run = self.run_to_its_end(self.machine("tpm"))
        self.assertIn("T: tpm 2", run.text)
        self.assertIn("it was killed by SIGKILL", run.errors)
        self.assertEqual(["tpm2-00.permall"], self.files())

    def test_swtpm_that_cannot_start_is_left_out_by_auto(self):
        self.fake("swtpm", "echo no such luck; exit 3")
        run = self.run_to_its_end(self.machine("tpm"))
        self.assertIn("T: tpm none", run.text)
        self.assertIn("QEMU starts once more, and the guest has no TPM", run.errors)
        self.assertIn("no such luck", run.errors)

    def test_swtpm_that_cannot_start_is_the_end_when_required(self):
        self.fake("swtpm", "echo no such luck; exit 3")
        run = self.vmspawn("run", self.machine("tpm"), "--tpm=yes")
        self.assert_status(5, run)
        self.assertIn("it ended with status 3 before the machine was up\n", run.errors)
        self.assertIn("no such luck", run.errors)
        self.assert_nothing_left()

    def test_no_edge_between_helpers(self):
        run = self.vmspawn("plan", self.machine("tpm"), "--format=json")
        needs = {r["id"]: r["needs"] for r in json.loads(run.text)["resources"]}
        self.assertEqual(["tpm-state"], needs["tpm-setup"])
        self.assertEqual(["tpm-state", "tpm-setup", "tpm-socket"], needs["tpm"])
        self.assertEqual([], [need for need in needs["qemu"] if need in ("tpm", "tpm-setup", "tpm-state")])


class SealedSecret(SystemdCase):
    TPM = ()

    def setUp(self):
        super().setUp()
        if not shutil.which("swtpm", path=self.env["PATH"] + ":/usr/bin"):
            self.skipTest("swtpm is not installed")

    def test_opens_after_a_restart_with_auto_and_not_with_off(self):
        self.copy()
        image = '[image]\npath = "disk.raw"\n' + DIRECT
        run = self.boot(self.guest(image, SEAL + OPEN))
        self.assertEqual("yes", self.fact(run, "sealed"))
        self.assertEqual("secret", self.fact(run, "opened"))
        self.assertTrue((self.dir / STATE).is_dir())
        opening = self.guest(image, OPEN)
        self.assertEqual("secret", self.fact(self.boot(opening), "opened"))
        self.assertEqual("no", self.fact(self.boot(opening, "--tpm-state=off"), "opened"))


if __name__ == "__main__":
    main()
