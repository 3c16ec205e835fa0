#!/usr/bin/python3
"""Where the time of a run went: run --timeline and the verb timeline; and what a terminal shows of steps that take long."""
import contextlib
import json
import os
import shutil
import signal
import time
import xml.etree.ElementTree

from harness import GUESTS, PATIENCE, Case, main, state_of
from systemd_guest import DIRECT, PATIENCE as LONG, SystemdCase

NO_TPM = 'ram = "128M"\nkvm = false\ntpm.enabled = false\n'
TITLE = "{http://www.w3.org/2000/svg}title"


class Recorded:
    """A record as it was written."""

    def __init__(self, path):
        self.record = json.loads(path.read_text())
        self.spans = {span["name"]: span for span in self.record["spans"]}
        self.marks = {mark["name"]: mark for mark in self.record["marks"]}

    def check(self, case):
        """What holds for every record."""
        case.assertEqual(1, self.record["version"])
        case.assertEqual(len(self.spans), len(self.record["spans"]), "names are unique")
        case.assertEqual(len(self.marks), len(self.record["marks"]), "names are unique")
        for span in self.record["spans"]:
            case.assertLessEqual(0, span["began"], span)
            case.assertLessEqual(span["began"], span["ended"], span)
            case.assertLessEqual(span["ended"], self.record["ended"], span)
            for need in span.get("needs", []) + span.get("waits-for", []):
                case.assertIn(need, self.spans, span)
        times = [mark["at"] for mark in self.record["marks"]]
        case.assertEqual(sorted(times), times)
        return self

    def order(self, case, *names):
        for before, after in zip(names, names[1:]):
            case.assertLessEqual(self.marks[before]["at"], self.marks[after]["at"], (before, after))


class Timeline(Case):
    def machine(self, command="", more="", head=NO_TPM):
        """Its kernel is not quiet: what it says is seen."""
        path = self.linux(command, more, head=head)
        text = open(path).read().replace('"quiet", ', "")
        open(path, "w").write(text)
        return path

    def record(self, name="x.json"):
        return Recorded(self.dir / name).check(self)

    def test_run_is_recorded(self):
        began, ticks = time.time(), time.monotonic()
        run = self.vmspawn("run", self.machine(), "--timeline=x.json")
        self.assert_status(0, run)
        taken = time.monotonic() - ticks
        seen = self.record()
        self.assertEqual((self.name, 0), (seen.record["machine"], seen.record["status"]))
        self.assertLessEqual(int(began * 1e6), seen.record["started"])
        self.assertLessEqual(seen.record["ended"], taken * 1e6)
        seen.order(self, "exec", "greeting", "kernel", "console", "end")
        seen.order(self, "greeting", "up", "shutdown", "end")
        self.assertEqual(["vmspawn", "qmp", "vmspawn", "console", "console"],
                         [seen.marks[name]["seen-by"] for name in ("exec", "greeting", "up", "console", "kernel")])
        steps = [seen.spans[name] for name in ("definition", "probe", "plan", "qemu")]
        self.assertEqual(sorted(step["began"] for step in steps), [step["began"] for step in steps])
        self.assertTrue(all(step["critical"] for step in steps), steps)
        self.assertLessEqual(seen.spans["qemu"]["began"], seen.marks["exec"]["at"])
        self.assertLessEqual(seen.marks["greeting"]["at"], seen.spans["qemu"]["ended"])
        self.assertLessEqual(seen.spans["qemu"]["ended"], seen.marks["up"]["at"])
        self.assertEqual((seen.marks["greeting"]["at"], seen.marks["kernel"]["at"]),
                         (seen.spans["guest.firmware"]["began"], seen.spans["guest.firmware"]["ended"]))
        self.assertNotIn("guest.userspace", seen.spans, "nobody has told when that was")
        plan = json.loads(self.vmspawn("plan", self.machine(), "--format=json").text)
        self.assertEqual({resource["id"] for resource in plan["resources"]},
                         {name for name, span in seen.spans.items() if span["kind"] != "phase"})

    def test_picture_and_table_and_two_side_by_side(self):
        for name in ("a.json", "b.json", "c.svg"):
            self.assert_status(0, self.vmspawn("run", self.sector("poweroff"), f"--timeline={name}"))
        (self.dir / "d.svg").write_text(self.vmspawn("timeline", "a.json", "b.json", "--format=svg").text)
        for name in ("c.svg", "d.svg"):
            picture = xml.etree.ElementTree.parse(self.dir / name).getroot()
            self.assertTrue(any((title.text or "").startswith("qemu: ") for title in picture.iter(TITLE)), name)
        table = self.vmspawn("timeline", "a.json")
        self.assert_status(0, table)
        self.assertRegex(table.text, r"(?m)^\* qemu +\d+\.\d+ +\d+\.\d+  qemu-system")
        self.assertRegex(table.text, r"(?m)^  greeting +\d+\.\d+ +qmp$")
        both = self.vmspawn("timeline", "a.json", "b.json")
        self.assertRegex(both.text, r"(?m)^AB qemu +\d+\.\d+ +\d+\.\d+ +[+-]?\d+\.\d+$")
        data = json.loads(self.vmspawn("timeline", "a.json", "b.json", "--format=json").text)
        a, b = self.record("a.json").marks["greeting"]["at"], self.record("b.json").marks["greeting"]["at"]
        self.assertIn({"name": "greeting", "a": a, "b": b, "difference": b - a}, data["marks"])
        same = self.vmspawn("timeline", "a.json", "--format=json")
        self.assertEqual((self.dir / "a.json").read_text(), same.text)

    def test_failing_start_is_recorded(self):
        self.fake("swtpm", "echo no such luck; exit 3")
        run = self.vmspawn("run", self.machine(head='ram = "128M"\nkvm = false\n'), "--tpm=yes", "--tpm-state=off", "--timeline=x.json")
        self.assert_status(5, run)
        seen = self.record()
        self.assertEqual(5, seen.record["status"])
        self.assertIn("exec", seen.marks)
        self.assertNotIn("greeting", seen.marks)
        self.assertNotEqual("up", seen.spans["qemu"]["outcome"])
        self.assertIn("tpm", seen.spans["qemu"]["waits-for"])
        self.assert_nothing_left()

    def test_part_that_was_given_up_is_recorded_too(self):
        self.fake("swtpm", "echo no such luck; exit 3")
        run = self.vmspawn("run", self.machine(head='ram = "128M"\nkvm = false\n'), "--tpm=auto", "--tpm-state=off", "--timeline=x.json")
        self.assert_status(0, run)
        seen = self.record()
        self.assertEqual("failed", seen.spans["tpm (1)"]["outcome"])
        self.assertNotIn("tpm", seen.spans)
        self.assertEqual("up", seen.spans["qemu"]["outcome"])
        seen.order(self, "exec (1)", "exec", "greeting")

    def test_what_is_wrong_before_there_is_a_run(self):
        (self.dir / "x.json").write_text("of an earlier run")
        (self.dir / "x.svg").mkdir()
        for status, words in ((2, ["--linux=/nonexistent", "--timeline=x.json"]), (22, ["--timeline=x.png"]), (21, ["--timeline=x.svg"]), (2, ["--timeline=gone/x.json"])):
            run = self.vmspawn("run", self.machine(), *words)
            self.assert_status(status, run)
            self.assertEqual("", run.text, "nothing has started")
        self.assertIn("--timeline=gone/x.json: error: --timeline: the file cannot be made", run.errors)
        self.assertEqual("of an earlier run", (self.dir / "x.json").read_text())
        self.assert_nothing_left()

    def test_record_that_cannot_be_written_is_the_status_where_there_is_none(self):
        for command, status in (("powerbutton", 2), ("hang", 128 + signal.SIGTERM)):
            (self.dir / "gone").mkdir()
            run = self.start("run", self.linux(command), "--timeline=gone/x.json").wait_for("T: waiting" if status == 2 else "T: hanging")
            (self.dir / "gone").rmdir()
            run.kill(signal.SIGTERM)
            if status != 2:
                run.wait_for("asked the guest to power off", where="errors")
                run.kill(signal.SIGTERM)
            self.assert_status(status, run)
            self.assertIn("could not write the timeline: ", run.errors)
            self.assert_nothing_left()

    def test_files_that_are_no_timelines(self):
        (self.dir / "x.json").write_text('{"version": 1,\n  "machine": }')
        run = self.vmspawn("timeline", "x.json")
        self.assert_status(22, run)
        self.assertIn("x.json:2:14: error: not JSON", run.errors)
        (self.dir / "x.json").write_text(self.vmspawn("plan", self.machine(), "--format=json").text)
        run = self.vmspawn("timeline", "x.json")
        self.assert_status(22, run)
        self.assertIn("x.json: error: not a timeline: ", run.errors)
        self.assert_status(2, self.vmspawn("timeline", "gone.json"))
        self.assert_status(21, self.vmspawn("timeline", "."))

    def test_vmspawn_in_the_background_writes_it(self):
        run = self.vmspawn("run", "--detach", self.machine("powerbutton"), "--timeline=x.json")
        self.assert_status(0, run)
        self.assertFalse((self.dir / "x.json").exists(), "the run goes on")
        facts = self.vmspawn("status", self.name, "--format=json")
        pid = json.loads(facts.text)["processes"]["vmspawn"]
        self.assert_status(0, self.vmspawn("kill", self.name))
        end = time.monotonic() + PATIENCE
        while state_of(pid) not in ("Z", "gone"):
            self.assertLess(time.monotonic(), end, "the vmspawn in the background does not end")
            time.sleep(0.02)
        self.record().order(self, "exec", "greeting", "up", "end")
        self.assert_nothing_left()


class Progress(Case):
    """A making of the TPM that goes on until it is let go."""
    TPM = ()

    def setUp(self):
        super().setUp()
        if not shutil.which("swtpm") or not shutil.which("swtpm_setup"):
            self.skipTest("swtpm and swtpm_setup are not installed")
        os.mkfifo(self.dir / "gate")
        self.fake("swtpm_setup", f'echo >{self.dir}/at-the-gate.$$\nread line <{self.dir}/gate\nexec {shutil.which("swtpm_setup")} "$@"')

    def machine(self):
        return self.linux("", '[tpm]\nenabled = true\nstate = "./state"\n', head='ram = "128M"\nkvm = false\n')

    def let_go(self):
        (self.dir / "gate").write_text("go\n")

    def wait_until_at_the_gate(self, count, runs):
        end = time.monotonic() + PATIENCE
        while len(list(self.dir.glob("at-the-gate.*"))) < count:
            self.assertLess(time.monotonic(), end, "\n".join(run.everything() for run in runs))
            for run in runs:
                run.pump(0.05)

    def test_slow_step_is_told_and_taken_back(self):
        run = self.start("run", self.machine(), terminal=True)
        run.wait_for("vmspawn: making tpm-state with swtpm_setup … ")
        run.wait_for(" s\r\033[Kvmspawn: making tpm-state with swtpm_setup … ")  # a second one in the place of the first
        self.let_go()
        self.assertEqual(0, run.finish(), run.everything())
        self.assertRegex(run.text, r"swtpm_setup … \d+ s\r\033\[K(?!vmspawn: making)")
        self.assertIn("T: end", run.text)
        self.assert_nothing_left()

    def test_interrupted_slow_step(self):
        run = self.start("run", self.machine(), terminal=True)
        run.wait_for("vmspawn: making tpm-state with swtpm_setup … ")
        run.kill(signal.SIGTERM)
        run.finish()
        self.assertRegex(run.text, r"… \d+ s\r\033\[Kvmspawn: SIGTERM: ")
        self.assertNotIn("…", run.text[run.text.index("SIGTERM: "):])
        self.assert_nothing_left()

    def test_silent_where_nobody_looks(self):
        """Redirected, with --quiet, and on a terminal that takes no line back: a step that is as slow says nothing."""
        ways = [([], False, {}), (["--quiet"], True, {}), ([], True, {"TERM": "dumb"})]
        runs = [self.start("run", "-M", f"{self.name}-{i}", f"--tpm-state=./state{i}", *words, self.machine(), terminal=terminal,
                           env=self.env | more) for i, (words, terminal, more) in enumerate(ways)]
        self.wait_until_at_the_gate(len(ways), runs)
        loud = self.start("run", self.machine(), terminal=True)  # what it has told of twice has taken the others two seconds, too
        loud.wait_for(" s\r\033[Kvmspawn: making tpm-state with swtpm_setup … ")
        for run in runs:
            run.kill(signal.SIGTERM)
            run.finish()
            self.assertIn("SIGTERM: " if "--quiet" not in run.process.args else "", run.text + run.errors)
            self.assertNotIn("swtpm_setup", run.text + run.errors)
        loud.kill(signal.SIGTERM)
        loud.finish()
        self.assert_nothing_left()


class ProgressOfTheGuest(Case):
    def test_guest_that_is_not_ready(self):
        self.env["PATH"] += f":{GUESTS}"  # its VSOCK device is there
        machine = self.linux("powerbutton", head=NO_TPM, console="")
        run = self.start("run", "--detach", "--vsock=yes", "--vsock-backend=user", machine, terminal=True)
        run.wait_for("vmspawn: waiting until the guest is ready … ")
        run.wait_for(" s\r\033[Kvmspawn: waiting until the guest is ready … ")
        run.kill(signal.SIGINT)
        run.finish()
        self.assertNotIn("…", run.text[run.text.rindex("is ready … ") + len("is ready … "):])
        self.assertRegex(run.text, r"… \d+ s\r\033\[Kvmspawn: SIGTERM: ")
        self.assert_nothing_left()


class TimelineOfSystemd(SystemdCase):
    def test_phases_of_a_guest_that_tells(self):
        self.env["PATH"] += f":{GUESTS}"
        self.copy()
        machine = self.definition(f'ram = "512M"\nkvm = false\n[image]\npath = "disk.raw"\n{DIRECT.replace("quiet", "loglevel=6")}')
        run = self.vmspawn("run", "--detach", machine, "--timeline=x.json", "--vsock=yes", "--vsock-backend=user", patience=LONG)
        self.assert_status(0, run)
        self.assert_status(0, self.vmspawn("stop", self.name, patience=LONG))
        self.assert_nothing_left()
        seen = Recorded(self.dir / "x.json").check(self)
        seen.order(self, "greeting", "kernel", "userspace", "basic.target", "ready", "end")
        self.assertEqual({"notify", "console"}, {seen.marks[name]["seen-by"] for name in ("kernel", "basic.target", "ready")})
        self.assertEqual(["guest.firmware", "guest.kernel", "guest.userspace"],
                         [name for name, span in seen.spans.items() if name.startswith("guest.") and span["critical"]])
        self.assertEqual(seen.marks["ready"]["at"], seen.spans["guest.userspace"]["ended"])


if __name__ == "__main__":
    main()
