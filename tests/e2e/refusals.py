#!/usr/bin/python3
"""What is refused before anything starts, and other users."""
import contextlib
import json
import os
import pathlib
import resource
import shutil
import subprocess

from harness import GUESTS, PROGRAM, Case, Run, main


class Refusals(Case):
    def assert_refused(self, status, *texts, words=(), definition=None, verb="run"):
        run = self.vmspawn(verb, *([definition] if definition else []), *words)
        self.assert_status(status, run)
        for text in texts:
            self.assertIn(text, run.errors)
        self.assert_nothing_left()
        return run

    def test_five_mistakes_in_two_files(self):
        (self.dir / "base.vmspawn").write_text('ram = "8Q"\n[boot]\nlinx = "vmlinuz"\n')
        path = pathlib.Path(self.definition('include = ["base.vmspawn"]\ncpus = 0\nkvm = "perhaps"\n[drive.data]\npth = "x"\n'))
        run = self.assert_refused(22, "did you mean 'linux'?", "did you mean 'path'?", definition=path, verb="check")
        carets = [line for line in run.errors.splitlines() if "^" in line]
        self.assertGreaterEqual(len(carets), 5, run.errors)
        self.assertIn("base.vmspawn:1:", run.errors)
        self.assertIn("m.vmspawn:3:", run.errors)

    def test_mistakes_as_those_who_watch_a_repository_take_them(self):
        path = pathlib.Path(self.definition("cpus = 0\n"))
        run = self.vmspawn("check", path.name, "--format=github")
        self.assert_status(22, run)
        self.assertTrue(run.text.startswith("::error file=m.vmspawn,line=2,col=8,endColumn=8::cpus = 0 is below"), run.text)
        run = self.vmspawn("check", path.name, "--format=sarif")
        self.assert_status(22, run)
        log = json.loads(run.text)["runs"][0]
        place = log["results"][0]["locations"][0]["physicalLocation"]
        self.assertEqual(("m.vmspawn", 2, 8), (place["artifactLocation"]["uri"], place["region"]["startLine"], place["region"]["startColumn"]))
        self.assertIn(log["results"][0]["ruleId"], [rule["id"] for rule in log["tool"]["driver"]["rules"]])
        path.write_text("cpus = 1\n[boot]\nlinux = \"k\"\ninitrd = [\"i\"]\n")
        run = self.vmspawn("check", path.name, "--format=github")
        self.assert_status(0, run)
        self.assertEqual("", run.text + run.errors)

    def test_messages_are_coloured_as_systemd_has_it(self):
        definition = self.definition("cpus = 0\n")
        for said, coloured in (("1", True), ("yes", True), ("ON", True), ("16", True), ("24bit", True), ("0", False), ("off", False), ("n", False),
                               ("", False), ("auto-256", False), ("perhaps", False), (None, False)):
            env = self.env if said is None else self.env | {"SYSTEMD_COLORS": said}
            run = self.vmspawn("check", definition, env=env)
            self.assertEqual(coloured, "\033[" in run.errors, f"{said}: {run.errors}")
        at_terminal = self.vmspawn("check", definition, terminal=True, env=self.env | {"SYSTEMD_COLORS": "perhaps"})
        self.assertIn("\033[", at_terminal.text, "what is no value says nothing")

    def test_the_journal_is_told_how_bad_it_is(self):
        """By standard error where vmspawn cannot reach the journal's socket, as in here. $JOURNAL_STREAM names that of another."""
        path = self.dir / "stderr"
        for stream, prefix in ((None, "<3>"), ("1:2", "")):
            with path.open("w") as file:
                status = os.fstat(file.fileno())
                env = self.env | {"JOURNAL_STREAM": stream or f"{status.st_dev}:{status.st_ino}"}
                for words in (["check", self.definition("cpus = 0\n")], ["ssh", "no-such-machine"]):
                    subprocess.run([PROGRAM, *words], env=env, stderr=file, stdout=subprocess.DEVNULL, cwd=self.dir)
            lines = path.read_text().splitlines()
            self.assertGreater(len(lines), 3, lines)
            self.assertEqual({prefix}, {line[:3] if line.startswith("<") else "" for line in lines}, lines)

    def test_misspelt_flag(self):
        self.assert_refused(22, "--cpus", words=["--cpsu=3"], definition=self.sector("halt"))

    def test_misspelt_set_key(self):
        self.assert_refused(22, "boot.linux", words=["--set", "boot.linus=x"], definition=self.sector("halt"))

    def test_stray_word(self):
        self.assert_refused(22, "--", words=["quiet"], definition=self.sector("halt"))

    def test_no_such_definition(self):
        self.assert_refused(2, "nowhere.vmspawn", definition="nowhere.vmspawn")

    def test_no_such_kernel(self):
        definition = self.definition('[boot]\nlinux = "no-kernel"\n')
        run = self.vmspawn("run", definition)
        self.assertIn(run.status, (2, 22), run.everything())
        self.assertIn("no-kernel", run.errors)
        self.assertIn("m.vmspawn:3:9", run.errors)

    def test_no_such_image(self):
        definition = self.definition('[image]\npath = "no-image.raw"\n[boot]\nfirmware = "bios"\n')
        self.assert_refused(2, "no-image.raw", "m.vmspawn:3:8", definition=definition)

    def test_kvm_that_cannot_work(self):
        host = self.vmspawn("host", "--format=json")
        if '"usable": true' in host.text:
            self.skipTest("KVM works here")
        run = self.assert_refused(95, "kvm", words=["--kvm=yes"], definition=self.sector("halt"))
        self.assertIn("/dev/kvm", run.errors)

    def test_tcg_is_said_once_and_can_be_silenced(self):
        host = self.vmspawn("host", "--format=json")
        if '"usable": true' in host.text:
            self.skipTest("KVM works here")
        definition = self.sector("poweroff")
        path = pathlib.Path(definition)
        path.write_text(path.read_text().replace("kvm = false\n", ""))
        run = self.vmspawn("run", definition)
        self.assert_status(0, run)
        self.assertEqual(1, run.errors.count("KVM"), run.errors)
        self.assertNotIn("KVM", self.vmspawn("run", definition, "--quiet").errors)

    def test_unreadable_image_of_another_user(self):
        self.need_root()
        definition = self.sector("halt")
        (self.dir / "halt.img").chmod(0o600)
        run = self.as_nobody("run", definition)
        self.assert_status(13, run)
        self.assertIn("halt.img", run.errors)

    def as_nobody(self, *words):
        """As a user without rights, home or runtime directory."""
        env = {k: v for k, v in self.env.items() if not k.startswith("XDG")} | {"HOME": "/nonexistent"}
        (self.dir / "tmp").chmod(0o1777)
        program = self.dir / "vmspawn"  # the build directory may be closed to others
        shutil.copyfile(PROGRAM, program)
        program.chmod(0o755)
        words = [words[0], *(self.TPM if words[0] == "run" else []), *words[1:]]
        run = self.start_as(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", str(program), *map(str, words)], env)
        run.status = run.finish()
        return run

    def start_as(self, command, env):
        run = Run(command, env, self.dir)
        self.runs.append(run)
        return run

    def test_another_user_runs_a_machine(self):
        self.need_root()
        guests = self.dir / "guests"
        guests.mkdir()
        for name in ("vmlinuz", "initrd.img"):
            shutil.copyfile(GUESTS / name, guests / name)
        definition = self.linux("smbios", '[credentials]\n"e2e.user" = "value"\n')
        path = pathlib.Path(definition)
        path.write_text(path.read_text().replace(str(GUESTS), str(guests)))
        run = self.as_nobody("run", definition)
        self.assert_status(0, run)
        self.assertIn("io.systemd.credential.binary:e2e.user=dmFsdWU=", run.text)
        left = [p for p in (self.dir / "tmp").rglob("*") if p.is_dir() and p.name == self.name]
        self.assertEqual([], left)

    def test_runtime_directory_of_somebody_else(self):
        """A directory prepared by another user under the temporary one is not trusted."""
        self.need_root()
        definition = self.sector("poweroff")
        (self.dir / "poweroff.img").chmod(0o666)
        probe = self.as_nobody("host", "--format=json")
        base = pathlib.Path(json.loads(probe.text)["runtime_base"])
        self.assertIn(str(self.dir / "tmp"), str(base))
        if base.exists():
            shutil.rmtree(base)
        base.mkdir(parents=True, mode=0o777)  # owned by root, not by the user
        run = self.as_nobody("run", definition)
        self.assertNotEqual(0, run.status, run.everything())
        self.assertIn(str(base), run.errors)

    def test_full_disk(self):
        """No space for the cache and the runtime directory: the cache does not matter, the directory is named."""
        self.need_root()
        full = self.dir / "full"
        full.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(full)], capture_output=True).returncode != 0:
            self.skipTest("cannot mount a tmpfs here")
        try:
            with contextlib.suppress(OSError):
                (full / "filler").write_bytes(bytes(1 << 20))
            run = self.vmspawn("run", self.sector("poweroff"), env={**self.env, "HOME": str(full), "XDG_CACHE_HOME": str(full / "cache")})
            self.assert_status(0, run)
            run = self.vmspawn("run", self.sector("poweroff"), env={**self.env, "RUNTIME_DIRECTORY": str(full)})
            if run.status != 0:
                self.assertIn(str(full), run.errors)
        finally:
            subprocess.run(["umount", str(full)], check=True)
        self.assert_nothing_left()

    def test_long_name_and_paths(self):
        deep = self.dir / ("d" * 100) / ("e" * 100)
        deep.mkdir(parents=True)
        shutil.copyfile(GUESTS / "poweroff.img", deep / "poweroff.img")
        definition = pathlib.Path(self.sector("poweroff"))
        text = definition.read_text().replace('path = "poweroff.img"', f'path = "{deep}/poweroff.img"')
        definition.write_text(text.replace(f'"{self.name}"', f'"{self.name + "x" * (64 - len(self.name))}"'))
        run = self.vmspawn("run", definition)
        self.assert_status(0, run)
        self.assert_nothing_left()

    def test_few_descriptors(self):
        """Out of descriptors in the middle of the bring-up: a message, a status, nothing left."""
        definition = self.sector("poweroff", "".join(f'[drive.d{n}]\npath = "d{n}.raw"\n' for n in range(20)))
        for n in range(20):
            (self.dir / f"d{n}.raw").write_bytes(bytes(512))
        self.vmspawn("plan", definition)  # fill the cache, which needs descriptors of its own
        run = self.vmspawn("run", definition, preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20)))
        self.assertNotIn(run.status, (0, -6, -11), run.everything())
        self.assertTrue(run.errors.strip())
        self.assert_nothing_left()

    def test_passed_descriptors_without_a_use(self):
        run = self.start_passing({"http": "/dev/null", "kvm": "/dev/kvm"}, "run", self.sector("poweroff"))
        self.assert_status(0, run)
        self.assertIn("the passed descriptor 'http' is closed: vmspawn knows no use for that name", run.errors)
        self.assertIn("the passed descriptor kvm is closed: the guest is emulated", run.errors)
        self.assert_nothing_left()


if __name__ == "__main__":
    main()
