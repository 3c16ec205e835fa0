#!/usr/bin/python3
"""How a machine ended, told to those who wait, and later where nobody was there to hear of it."""
import contextlib
import json
import os
import pathlib
import signal
import time

from harness import PATIENCE, Case, main

HEAD = 'ram = "128M"\nkvm = false\ntpm.enabled = false\n'


class Past(Case):
    def machine(self, command="hang"):
        return self.linux(command, head=HEAD, console="")

    def background(self, command="hang"):
        self.assert_status(0, self.vmspawn("run", "--detach", self.machine(command)))

    def processes(self):
        return json.loads(self.vmspawn("status", self.name, "--format=json").text)["processes"]

    def waiting(self):
        """Somebody who waits for the end, and has begun to."""
        run = self.start("wait", self.name, "--for=stopped")
        end = time.monotonic() + PATIENCE
        while not self.has_open(run.pid, "ending.json"):
            self.assertLess(time.monotonic(), end, run.everything())
            run.pump(0.02)
            self.assertIsNone(run.process.poll(), run.everything())
        return run

    def has_open(self, pid, name):
        for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                if os.readlink(link).endswith("/" + name):
                    return True
        return False

    def listed(self, *words):
        machines = json.loads(self.vmspawn("list", "--format=json", *words).text)["machines"]
        return [machine for machine in machines if machine["name"] == self.name]

    def lose(self):
        self.background()
        waiting = self.waiting()
        os.kill(self.processes()["qemu"], signal.SIGKILL)
        self.assertEqual(5, waiting.finish(), waiting.everything())
        return waiting

    def test_a_failure_in_the_background(self):
        waiting = self.lose()
        self.assertRegex(waiting.errors, rf"{self.name} ended with status 5: .*(?i:qemu).*(9|kill)")
        record = [path for path in self.runtime_entries() if path.name.startswith(".")]
        self.assertEqual([0o600], [path.stat().st_mode & 0o777 for path in record])
        self.assertEqual(record, self.runtime_entries(), "nothing else is left")
        later = self.vmspawn("status", self.name)
        self.assert_status(2, later)
        self.assertRegex(later.errors, rf"no machine called {self.name} runs; it ended \d+ s ago with status 5: .")
        self.assert_status(5, self.vmspawn("wait", self.name, "--for=stopped"))
        self.assertEqual([], self.listed())
        self.assertEqual([("failed", 5)], [(one["state"], one["exit-status"]) for one in self.listed("--all")])
        self.assertRegex(self.vmspawn("list", "--all").text, rf"(?m)^{self.name} +failed .* - +it ended \d+ s ago with status 5: ")
        past = time.time() - 200
        os.utime(record[0], (past, past))
        self.assertIn("it ended 3 min ago", self.vmspawn("status", self.name).errors)
        past = time.time() - 25 * 3600
        os.utime(record[0], (past, past))
        self.assertEqual([], self.listed("--all"))
        self.assert_nothing_left()

    def test_the_next_start_forgets_it(self):
        self.lose()
        self.background()
        self.assertEqual([False], [one["state"] == "failed" for one in self.listed("--all")])
        self.assert_status(0, self.vmspawn("kill", self.name))
        self.assertEqual([], self.listed("--all"), "who kills it knows")
        self.assert_nothing_left()

    def test_one_that_ended_well_is_not_kept(self):
        self.background("shell")
        waiting = self.waiting()
        console = self.start("console", self.name, terminal=True)
        console.wait_for("# ")
        console.send(b"poweroff -f\r")
        self.assertEqual((0, ""), (waiting.finish(), waiting.errors))
        self.assertEqual([], self.listed("--all"))
        self.assert_nothing_left()

    def test_one_in_the_foreground_is_told_only_to_who_waits(self):
        run = self.start("run", self.linux("hang", head=HEAD))
        run.wait_for("T: hanging")
        waiting = self.waiting()
        os.kill(self.processes()["qemu"], signal.SIGKILL)
        self.assertEqual((5, 5), (waiting.finish(), run.finish()), waiting.everything())
        self.assertIn("ended with status 5", waiting.errors)
        self.assertEqual([], self.listed("--all"))
        self.assert_nothing_left()

    def test_a_killed_vmspawn_cannot_say_how_it_ended(self):
        run = self.start("run", self.linux("hang", head=HEAD)).wait_for("T: hanging")
        waiting = self.waiting()
        run.kill(signal.SIGKILL)
        self.assertEqual((5, -signal.SIGKILL), (waiting.finish(), run.finish()), waiting.everything())
        self.assertIn("its vmspawn could not say how: it was killed", waiting.errors)
        self.assertEqual([], self.listed())
        self.assert_nothing_left()

    def test_one_that_does_not_come_up_is_told_to_who_waits(self):
        os.mkfifo(self.dir / "gate")
        self.fake("swtpm", f'read line <{self.dir}/gate\necho no such luck >&2\nexit 3')
        run = self.start("run", self.linux("hang", head='ram = "128M"\nkvm = false\n'), "--tpm=yes", "--tpm-state=off")
        run.qemu()
        waiting = self.waiting()
        (self.dir / "gate").write_text("\n")
        self.assertEqual((5, 5), (waiting.finish(), run.finish()), waiting.everything() + run.everything())
        self.assertIn("no such luck", waiting.errors)
        self.assert_nothing_left()


if __name__ == "__main__":
    main()
