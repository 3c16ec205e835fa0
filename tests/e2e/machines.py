#!/usr/bin/python3
"""The verbs about machines that run: list, status, stop, reboot, kill, wait, events."""
import json
import os
import pathlib
import signal
import time

from harness import PATIENCE, Case, main, state_of


HEAD = 'ram = "128M"\nkvm = false\ntpm.enabled = false\n'


class Machines(Case):
    def running(self, command="hang", more="", head=HEAD):
        run = self.start("run", self.linux(command, more, head=head))
        run.wait_for("T: hanging")
        return run

    def listed(self):
        run = self.vmspawn("list", "--format=json")
        self.assert_status(0, run)
        return {machine["name"]: machine for machine in json.loads(run.text)["machines"]}

    def test_status_of_a_machine(self):
        run = self.running("network,hang", '[network.default]\nkind = "user"\nforward = ["0:7000"]\n',
                           head='description = "a test"\n' + HEAD)
        facts = self.listed()[self.name]
        self.assertEqual(("running", "VM running.", str(self.dir / "m.vmspawn"), False, 128 << 20),
                         tuple(facts[key] for key in ("state", "status", "definition", "definition-changed", "ram")))
        self.assertEqual(run.pid, facts["processes"]["vmspawn"])
        self.assertIn("qemu", pathlib.Path(f"/proc/{facts['processes']['qemu']}/cmdline").read_text())
        self.assertLess(abs(facts["since"] / 1e6 - time.time()), 60)
        self.assertGreater(facts["memory"], 10 << 20)
        text = self.vmspawn("status", self.name).text
        self.assertIn(f"{self.name} - a test\n", text)
        self.assertRegex(text, r"Network: forward default: 127\.0\.0\.1:\d+ -> guest 7000")
        later = time.time() + 5
        os.utime(self.dir / "m.vmspawn", (later, later))
        self.assertIn("m.vmspawn (changed since the start)", self.vmspawn("status", self.name).text)
        self.assertRegex(self.vmspawn("list").text, rf"(?m)^{self.name} +running .* {run.pid} .*m\.vmspawn$")
        self.assert_status(0, self.vmspawn("kill", self.name))
        self.assertEqual(5, run.finish(), run.everything())
        self.assertNotIn(self.name, self.listed())
        self.assert_nothing_left()

    def test_stop_powers_off_in_order(self):
        run = self.start("run", self.linux("powerbutton", head=HEAD))
        run.wait_for("T: waiting")
        self.assert_status(0, self.vmspawn("stop", self.name))
        self.assertEqual(0, run.finish(), run.everything())
        self.assert_status(2, self.vmspawn("stop", self.name))
        self.assert_nothing_left()

    def test_reboot_and_its_events(self):
        run = self.start("run", self.linux("powerbutton", head=HEAD))
        run.wait_for("T: waiting")
        events = self.start("events", self.name)
        events.wait_for("READY")
        self.assert_status(0, self.vmspawn("reboot", self.name))
        while run.text.count("T: waiting") < 2:
            self.assertTrue(run.pump(PATIENCE), run.everything())
        self.assert_status(0, self.vmspawn("stop", self.name))
        self.assertEqual(0, run.finish(), run.everything())
        self.assertEqual(0, events.finish(), events.everything())
        heard = [json.loads(line) for line in events.text.splitlines()]
        self.assertEqual({self.name}, {event["machine"] for event in heard})
        names = [event["event"] for event in heard]
        self.assertEqual("READY", names[0])
        self.assertIn("POWERDOWN", names)
        self.assertIn("RESET", names)
        self.assertGreater(names.count("POWERDOWN"), 1, "one to reboot and one to stop")
        self.assert_nothing_left()

    def test_wait(self):
        self.assert_status(2, self.vmspawn("wait", self.name))
        self.assert_status(0, self.vmspawn("wait", self.name, "--for=stopped"))
        run = self.running()
        self.assert_status(0, self.vmspawn("wait", self.name))
        late = self.vmspawn("wait", self.name, "--for=stopped", "--timeout=100ms")
        self.assert_status(110, late)
        self.assertIn("still runs", late.errors)
        self.assert_status(110, self.vmspawn("wait", self.name, "--for=ssh", "--timeout=1"))
        self.vmspawn("kill", self.name)
        run.finish()
        self.assert_nothing_left()

    def test_what_a_killed_vmspawn_left_is_cleaned(self):
        run = self.running()
        directory = self.runtime_directories()[0]
        qemu = self.listed()[self.name]["processes"]["qemu"]
        os.kill(run.pid, signal.SIGKILL)
        run.finish()
        while state_of(qemu) not in ("Z", "gone"):
            time.sleep(0.02)
        self.assertTrue(directory.exists())
        self.assertNotIn(self.name, self.listed())
        self.assertFalse(directory.exists())
        self.assert_nothing_left()

    def test_a_state_file_that_lies(self):
        """Nothing of it is believed: not the number of another's process, and no nonsense."""
        run = self.running()
        state = self.runtime_directories()[0] / "state.json"
        true = json.loads(state.read_text())
        for lie in ({**true, "ticks": true["ticks"] + 1}, {**true, "pid": 1}, {**true, "pid": -5}, {**true, "pid": "1"}, [], "\0", {"pid": 1 << 40}):
            state.write_text(lie if isinstance(lie, str) else json.dumps(lie))
            self.assert_status(2, self.vmspawn("stop", self.name))
        self.assertIsNone(run.process.poll())
        state.write_text(json.dumps(true))
        self.assert_status(0, self.vmspawn("kill", self.name))
        run.finish()
        self.assert_nothing_left()

    def test_a_name_nobody_has(self):
        run = self.running()
        wrong = self.vmspawn("status", self.name + "x")
        self.assert_status(2, wrong)
        self.assertIn(f"no machine called {self.name}x runs; did you mean {self.name}?", wrong.errors)
        self.vmspawn("kill", self.name)
        run.finish()


if __name__ == "__main__":
    main()
