#!/usr/bin/python3
"""`vmspawn plan` decides and does not act."""
import json
import pathlib
import re
import shutil
import subprocess

from harness import PROGRAM, ROOT, Case, main

# What makes a file, process or socket, or changes one.
ACTS = ("execve,execveat,fork,vfork,clone,clone3,socket,socketpair,bind,connect,mkdir,mkdirat,unlink,unlinkat,rename,renameat,renameat2,link,linkat,"
        "symlink,symlinkat,mknod,mknodat,creat,truncate,ftruncate,chmod,fchmod,fchmodat,chown,fchown,fchownat,mount,memfd_create,kill,ioctl")


class Plan(Case):
    def traced(self, *words, calls=ACTS + ",open,openat"):
        if not shutil.which("strace"):
            self.skipTest("strace is not installed")
        log = self.dir / "strace.log"
        done = subprocess.run(["strace", "-f", "-e", "trace=" + calls, "-o", str(log), PROGRAM, *map(str, words)], env=self.env, cwd=self.dir,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=90)
        self.assertNotIn("unanswered", done.stderr)
        return done.stdout, log.read_text()

    def record(self, definition):
        path = self.dir / "host.json"
        run = self.vmspawn("host", definition, "--format=json")
        self.assert_status(0, run)
        path.write_text(run.text)
        return path

    def test_recorded_host_makes_nothing(self):
        """Every example on every recorded host: no file, process or socket is made, whatever the answer."""
        hosts = sorted((ROOT / "tests/hosts").glob("*.json"))
        self.assertGreaterEqual(len(hosts), 4)
        for definition in sorted((ROOT / "examples").glob("*.vmspawn")):
            for host in hosts:
                text, log = self.traced("plan", definition, f"--host={host}")
                calls = [line for line in log.splitlines()[1:] if "+++" not in line and "---" not in line]
                calls = [line for line in calls if not re.search(r"\bioctl\(.*(TCGETS|TIOCGWINSZ)", line)]
                self.assertEqual([], [c for c in calls if not re.search(r"\bopen(at)?\(", c)], f"{definition.name} on {host.name}")
                self.assertEqual([], [c for c in calls if re.search(r"O_(WRONLY|RDWR|CREAT|TRUNC)", c)], f"{definition.name} on {host.name}")
                stored = (ROOT / "tests/golden" / f"{definition.stem}.{host.stem}.plan").read_text()
                self.assertEqual("\nmachine " in "\n" + stored, "\nmachine " in "\n" + text, f"{definition.name} on {host.name}")

    def test_recorded_host_reads_no_host(self):
        definition = ROOT / "examples/hello.vmspawn"
        host = self.record(definition)
        _, log = self.traced("plan", definition, f"--host={host}", calls="open,openat,stat,lstat,newfstatat,access,faccessat,faccessat2,statx,readlink")
        for place in ("/dev/kvm", "/proc/cpuinfo", "hello/vmlinuz", "qemu-system", "/etc/machine-id", "/sys/"):
            self.assertNotIn(place, log)

    def test_same_bytes_twice_and_elsewhere(self):
        definition = ROOT / "examples/hello.vmspawn"
        host = self.record(definition)
        moved = self.dir / "elsewhere"
        moved.mkdir()
        shutil.copy(definition, moved)
        home = {**self.env, "HOME": "/nonexistent", "XDG_RUNTIME_DIR": "/nonexistent", "USER": "other"}
        for form in ("text", "json", "dot", "script"):
            first = self.vmspawn("plan", definition, f"--host={host}", f"--format={form}")
            self.assert_status(0, first)
            second = self.vmspawn("plan", definition, f"--host={host}", f"--format={form}")
            third = self.vmspawn("plan", moved / "hello.vmspawn", f"--host={host}", f"--format={form}", env=home, cwd="/")
            self.assertEqual(first.text, second.text)
            self.assertEqual(first.text, third.text, form)

    def test_unanswered_question_is_named(self):
        host = self.record(ROOT / "examples/hello.vmspawn")
        facts = json.loads(host.read_text())
        facts["files"] = {path: answer for path, answer in facts["files"].items() if "initrd" not in path}
        host.write_text(json.dumps(facts))
        run = self.vmspawn("plan", ROOT / "examples/hello.vmspawn", f"--host={host}")
        self.assertNotEqual(0, run.status)
        self.assertIn("initrd.img", run.errors)

    def test_live_plan_only_probes(self):
        """Without a record the probe may look, run QEMU and keep its cache, and nothing else."""
        _, log = self.traced("plan", ROOT / "examples/hello.vmspawn")
        for line in log.splitlines():
            if made := re.search(r'\b(?:mkdir|mkdirat|openat|open|creat)\((?:AT_FDCWD, )?"([^"]+)"(?=.*(?:mkdir|O_CREAT))', line):
                self.assertIn(self.env["XDG_CACHE_HOME"], made.group(1), line)
        self.assertEqual([], self.runtime_directories())

    def test_json_is_versioned(self):
        run = self.vmspawn("plan", ROOT / "examples/hello.vmspawn", "--format=json")
        self.assert_status(0, run)
        self.assertEqual(1, json.loads(run.text)["version"])

    def test_dot_is_a_graph(self):
        run = self.vmspawn("plan", ROOT / "examples/hello.vmspawn", "--format=dot")
        self.assert_status(0, run)
        self.assertTrue(run.text.startswith("digraph"), run.text)
        self.assertEqual(run.text.count("{"), run.text.count("}"))

    def test_shown_definition_is_the_same_machine(self):
        """`show --format=toml`, fed back, plans the same."""
        for definition in sorted((ROOT / "examples").glob("*.vmspawn")):
            shown = self.vmspawn("show", definition, "--format=toml")
            self.assert_status(0, shown)
            copy = pathlib.Path(self.dir, definition.name)
            copy.write_text(shown.text)
            again = self.vmspawn("show", copy, "--format=toml")
            self.assert_status(0, again)
            self.assertEqual(shown.text, again.text)


if __name__ == "__main__":
    main()
