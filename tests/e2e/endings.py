#!/usr/bin/python3
"""How a machine ends, and what vmspawn says and returns."""
import os
import shutil
import signal
import time

from harness import PATIENCE, Case, main


class Endings(Case):
    def fake_qemu(self, last_act):
        """A QEMU that answers the probe as the real one does, and does `last_act` when it is to run a machine."""
        path = self.dir / "qemu-system-x86_64"
        path.write_text(f'#!/bin/bash\ncase " $* " in *" -machine none "*) exec {shutil.which(path.name)} "$@" ;; esac\n{last_act}\n')
        path.chmod(0o755)
        return path

    def test_poweroff_of_the_guest(self):
        run = self.vmspawn("run", self.linux())
        self.assert_status(0, run)
        self.assertIn("T: end", run.text)
        self.assert_nothing_left()

    def test_panic_of_linux(self):
        run = self.vmspawn("run", self.linux("panic"))
        self.assert_status(255, run)
        self.assertIn("panic", run.errors)
        self.assert_nothing_left()

    def test_panic_of_a_boot_sector(self):
        run = self.vmspawn("run", self.sector("panic"))
        self.assert_status(255, run)
        self.assert_nothing_left()

    def test_a_machine_whose_time_is_up(self):
        run = self.vmspawn("run", self.linux("hang"), "--timeout=20s")
        self.assert_status(110, run)
        self.assertIn("vmspawn: the machine has had its time (--timeout)\n", run.errors)
        self.assertRegex(run.errors, r"  the end of its console:\n(.*\n)*.*T: hanging")
        self.assert_nothing_left()

    def test_no_time_at_all(self):
        run = self.vmspawn("run", self.linux("hang"), "--timeout=0")
        self.assert_status(110, run)
        self.assertIn("vmspawn: the machine has had its time (--timeout)\n", run.errors)
        self.assert_nothing_left()

    def test_reset_boots_again(self):
        run = self.vmspawn("run", self.sector("reset-once"))
        self.assert_status(0, run)
        self.assertEqual(b"\x55", (self.dir / "reset-once.img").read_bytes()[512:513])
        self.assert_nothing_left()

    def test_qemu_killed(self):
        run = self.start("run", self.sector("halt"))
        os.kill(run.qemu(), signal.SIGKILL)
        self.assert_status(5, run)
        self.assertRegex(run.errors, r"(?i)qemu.*(kill|signal 9)")
        self.assert_nothing_left()

    def test_qemu_killed_while_linux_speaks(self):
        run = self.start("run", self.linux("hang"))
        run.wait_for("T: hanging")
        os.kill(run.qemu(), signal.SIGKILL)
        self.assert_status(5, run)
        self.assert_nothing_left()

    def test_bad_qemu_argument(self):
        run = self.vmspawn("run", self.sector("halt"), "--qemu-arg=-bogus")
        self.assert_status(5, run)
        self.assertIn("-bogus: invalid option", run.errors)
        self.assert_nothing_left()

    def test_bad_qemu_device(self):
        run = self.vmspawn("run", self.sector("halt"), "--qemu-arg=-device", "--qemu-arg=no-such-device")
        self.assert_status(5, run)
        self.assertIn("'no-such-device' is not a valid device model name", run.errors)
        self.assert_nothing_left()

    def test_qemu_missing(self):
        run = self.vmspawn("run", self.sector("halt"), env={**self.env, "PATH": str(self.dir)})
        self.assert_status(95, run)
        self.assertIn("no QEMU", run.errors)
        self.assertIn("apt install qemu-system-x86", run.errors)
        self.assert_nothing_left()

    def test_named_qemu_missing(self):
        run = self.vmspawn("run", self.sector("halt", '[qemu]\nbinary = "nowhere/qemu-system-x86_64"\n'))
        self.assertIn(run.status, (2, 95), run.everything())
        self.assertIn("nowhere/qemu-system-x86_64", run.errors)
        self.assert_nothing_left()

    def test_qemu_that_dies_at_start(self):
        qemu = self.fake_qemu('echo "qemu: cannot set up guest memory: no luck today" >&2; exit 1')
        run = self.vmspawn("run", self.sector("halt"), f"--qemu={qemu}")
        self.assert_status(5, run)
        self.assertIn("no luck today", run.errors)
        self.assert_nothing_left()

    def test_qemu_that_crashes_at_start(self):
        qemu = self.fake_qemu('echo "about to crash" >&2; kill -SEGV $$')
        run = self.vmspawn("run", self.sector("halt"), f"--qemu={qemu}")
        self.assert_status(5, run)
        self.assertIn("about to crash", run.errors)
        self.assert_nothing_left()

    def test_qemu_that_is_no_qemu(self):
        path = self.dir / "qemu-system-x86_64"
        path.write_text("#!/bin/sh\necho this is something else >&2\nexit 3\n")
        path.chmod(0o755)
        run = self.vmspawn("run", self.sector("halt"), f"--qemu={path}")
        self.assertIn(run.status, (5, 95), run.everything())
        self.assertIn("this is something else", run.errors)
        self.assert_nothing_left()

    def test_vmspawn_killed(self):
        """QEMU goes with it, and the next start of the name works."""
        definition = self.sector("halt")
        run = self.start("run", definition)
        qemu = run.qemu()
        time.sleep(0.5)
        run.kill(signal.SIGKILL)
        self.assertEqual(-signal.SIGKILL, run.finish())
        end = time.monotonic() + PATIENCE
        while os.path.exists(f"/proc/{qemu}") and time.monotonic() < end:
            try:
                os.waitpid(qemu, os.WNOHANG)
            except ChildProcessError:
                pass
            time.sleep(0.02)
        self.assertFalse(os.path.exists(f"/proc/{qemu}"), "QEMU outlived vmspawn")
        again = self.vmspawn("run", self.sector("poweroff"))
        self.assert_status(0, again)
        self.assert_nothing_left()


if __name__ == "__main__":
    main()
