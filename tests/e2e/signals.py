#!/usr/bin/python3
"""Signals to vmspawn: the ladder from an orderly power-off to a kill."""
import os
import signal
import time

from harness import Case, main, state_of


class Signals(Case):
    def at_the_button(self):
        """A Linux that waits for its power button."""
        return self.start("run", self.linux("powerbutton")).wait_for("T: waiting")

    def deaf(self):
        """A guest that hears no power button."""
        run = self.start("run", self.linux("hang")).wait_for("T: hanging")
        return run

    def test_sigterm_powers_off(self):
        run = self.at_the_button()
        run.kill(signal.SIGTERM)
        self.assert_status(0, run)
        self.assertIn("T: button", run.text)
        self.assert_nothing_left()

    def test_sigint_powers_off(self):
        run = self.at_the_button()
        run.kill(signal.SIGINT)
        self.assert_status(0, run)
        self.assert_nothing_left()

    def test_sighup_powers_off(self):
        run = self.at_the_button()
        run.kill(signal.SIGHUP)
        self.assert_status(0, run)
        self.assert_nothing_left()

    def test_who_ignores_a_hang_up_goes_on(self):
        """As nohup has it: a shell that ends sends SIGHUP."""
        run = self.start("run", self.linux("powerbutton"), preexec=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)).wait_for("T: waiting")
        run.kill(signal.SIGHUP)
        run.kill(signal.SIGRTMIN + 18)  # systemd asks for memory so, and nothing else comes of it
        run.kill(signal.SIGTERM)
        self.assert_status(0, run)
        self.assertIn("T: button", run.text)
        self.assertIn("SIGTERM: asked the guest to power off", run.errors)
        self.assertNotIn("SIGHUP", run.errors)
        self.assert_nothing_left()

    def test_second_sigterm_ends_qemu(self):
        run = self.deaf()
        run.kill(signal.SIGTERM)
        run.wait_for("power", where="errors")
        run.kill(signal.SIGTERM)
        began = time.monotonic()
        self.assert_status(128 + 15, run)
        self.assertLess(time.monotonic() - began, 8, "the second signal did not shorten the wait")
        self.assert_nothing_left()

    def test_second_sigint_ends_qemu(self):
        run = self.deaf()
        run.kill(signal.SIGINT)
        run.wait_for("power", where="errors")
        run.kill(signal.SIGINT)
        self.assert_status(128 + 2, run)
        self.assert_nothing_left()

    def test_third_signal_kills_a_stuck_qemu(self):
        run = self.deaf()
        qemu = run.qemu()
        os.kill(qemu, signal.SIGSTOP)
        while state_of(qemu) != "T":
            time.sleep(0.01)
        for said in ("asked the guest to power off", "sent SIGTERM"):
            run.kill(signal.SIGTERM)
            run.wait_for(said, where="errors")
        run.kill(signal.SIGTERM)
        began = time.monotonic()
        self.assert_status(128 + 15, run)
        self.assertLess(time.monotonic() - began, 8)
        self.assertIn("SIGKILL", run.errors)
        self.assert_nothing_left()

    def test_signal_before_the_guest_runs(self):
        run = self.start("run", self.sector("halt"))
        run.qemu()
        for _ in range(3):
            run.kill(signal.SIGTERM)
            time.sleep(0.2)
        self.assert_status(128 + 15, run)
        self.assert_nothing_left()

    def test_signal_at_once(self):
        """Whatever the moment, nothing stays behind."""
        for delay in (0.0, 0.005, 0.01, 0.02, 0.04, 0.08):
            run = self.start("run", self.sector("halt"))
            time.sleep(delay)
            for _ in range(3):
                if run.process.poll() is None:
                    run.kill(signal.SIGTERM)
                    time.sleep(0.05)
            self.assertIn(run.finish(), (128 + 15, -15), f"after {delay} s\n{run.everything()}")
            self.assert_nothing_left()


if __name__ == "__main__":
    main()
