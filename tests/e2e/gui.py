#!/usr/bin/python3
"""The machine in a window, in a graphical session of the test's own."""
import os
import signal
import subprocess
import time

from harness import PATIENCE, Case, main


class Gui(Case):
    def setUp(self):
        super().setUp()
        read, write = os.pipe()
        # -displayfd: Xvfb takes a free number and tells it when it is up
        self.x = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-nolisten", "tcp", "-screen", "0", "1024x768x24"], pass_fds=[write],
                                  stderr=subprocess.DEVNULL)
        self.addCleanup(self.end_session)
        os.close(write)
        with os.fdopen(read) as told:
            self.env["DISPLAY"] = ":" + told.readline().strip()

    def end_session(self):
        self.x.terminate()
        self.x.wait()

    def windows(self):
        return subprocess.run(["xwininfo", "-root", "-tree"], env=self.env, capture_output=True, text=True, check=True).stdout

    def wait(self, run, seen, what):
        end = time.monotonic() + PATIENCE
        while not seen():
            run.pump(0.2)
            self.assertTrue(time.monotonic() < end and run.process.poll() is None, f"{what}: {run.everything()}")

    def test_machine_has_a_window(self):
        log = self.dir / "console.log"
        run = self.start("run", self.linux("powerbutton", console='mode = "gui"\nlog = "console.log"\n'))
        self.wait(run, lambda: log.exists() and "T: waiting" in log.read_text(), "the guest is not up")
        self.wait(run, lambda: f"QEMU ({self.name})" in self.windows(), "there is no window")
        run.kill(signal.SIGTERM)
        self.assert_status(0, run)
        self.end_session()
        self.assert_nothing_left()

    def test_no_session_is_said(self):
        del self.env["DISPLAY"]
        run = self.vmspawn("run", self.linux(console='mode = "gui"\n'))
        self.assert_status(95, run)
        self.assertIn("console.mode = gui needs a graphical session", run.errors)


if __name__ == "__main__":
    main()
