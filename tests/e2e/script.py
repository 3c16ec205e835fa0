#!/usr/bin/python3
"""The script of `plan --format=script` boots the same machine with QEMU alone."""
import os
import re
import subprocess

from harness import Case, free_port, main


def facts(text):
    """What the guest said of itself, without the time and what differs from boot to boot."""
    lines = [line.strip() for line in re.findall(r"^T: .*", text, re.M)]
    return [line for line in lines if not line.startswith("T: up")]


class Script(Case):
    def script_of(self, definition, *words):
        run = self.vmspawn("plan", definition, "--format=script", *words)
        self.assert_status(0, run)
        path = self.dir / "boot.sh"
        path.write_text(run.text)
        return path

    def boot(self, script, **env):
        return subprocess.run(["bash", str(script)], env={**self.env, **env}, cwd=self.dir, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=120)

    def rich(self):
        (self.dir / "data.raw").write_bytes(bytes(4 << 20))
        (self.dir / "more, data.raw").write_bytes(bytes(8 << 20))
        return self.linux("devices,network", '[drive.data]\npath = "data.raw"\n[drive.more]\npath = "more, data.raw"\nread-only = true\n'
                          '[network.default]\nkind = "user"\n[credentials]\n"e2e.one" = "first value"\n"e2e.two" = { base64 = "AAEC/w==" }\n',
                          head='cpus = 2\nram = "256M"\nkvm = false\nsmbios = ["text, with comma and \'quotes\' $HOME"]\n')

    def test_same_devices_and_state(self):
        definition = self.rich()
        run = self.vmspawn("run", definition, "--unpack-kernel=no")  # the kernel that unpacks itself keeps a little more memory
        self.assert_status(0, run)
        secrets = self.dir / "secrets"
        secrets.mkdir(mode=0o700)
        (secrets / "e2e.one").write_bytes(b"first value")
        (secrets / "e2e.two").write_bytes(bytes([0, 1, 2, 255]))
        done = self.boot(self.script_of(definition), VMSPAWN_CRED_DIR=str(secrets))
        self.assertEqual(0, done.returncode, done.stderr)
        expected = facts(run.text)
        self.assertGreater(len(expected), 10)
        self.assertEqual(expected, facts(done.stdout), done.stderr)
        self.assert_nothing_left()

    def test_names_a_missing_credential(self):
        script = self.script_of(self.rich())
        self.assertNotIn("first value", script.read_text())
        secrets = self.dir / "secrets"
        secrets.mkdir()
        (secrets / "e2e.one").write_bytes(b"first value")
        done = self.boot(script, VMSPAWN_CRED_DIR=str(secrets))
        self.assertNotEqual(0, done.returncode)
        self.assertIn("e2e.two", done.stderr)
        done = self.boot(script)
        self.assertNotEqual(0, done.returncode)
        self.assertIn("VMSPAWN_CRED_DIR", done.stderr)

    def test_boots_a_disk(self):
        script = self.script_of(self.sector("poweroff"))
        done = self.boot(script)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assert_nothing_left()

    def test_needs_no_vmspawn(self):
        script = self.script_of(self.sector("poweroff"))
        self.assertNotRegex(script.read_text(), r"(?m)^[^#]*\bvmspawn (run|plan)")
        syntax = subprocess.run(["bash", "-n", str(script)], capture_output=True, text=True)
        self.assertEqual((0, ""), (syntax.returncode, syntax.stderr))

    def test_forwards(self):
        port = free_port()
        definition = self.linux("network,hang", f'[network.default]\nkind = "user"\nforward = ["{port}:7000"]\n')
        run = subprocess.Popen(["bash", str(self.script_of(definition))], env=self.env, cwd=self.dir, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        for line in run.stdout:
            if "T: hanging" in line:
                break
        self.assertEqual(b"pong from the guest\n", self.ask(port))
        os.killpg(run.pid, 15)
        run.communicate(timeout=30)

    def test_shares_a_directory(self):
        """Its server leaves the working directory before it opens what it serves."""
        (self.dir / "a work").mkdir()
        (self.dir / "a work/test.sh").write_text("echo T: shared\n")
        definition = self.linux("mounts,script", '[mount.work]\nsource = "a work"\ntarget = "/work"\n', words=', "test.script=/work/test.sh"')
        done = self.boot(self.script_of(definition))
        self.assertIn("T: shared", done.stdout, done.stderr)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assert_nothing_left()

    def test_paths_are_beside_the_definition(self):
        """Run from elsewhere, the script still finds what the definition names when told where it stands."""
        script = self.script_of(self.sector("poweroff"))
        done = subprocess.run(["bash", str(script)], env={**self.env, "VMSPAWN_DIR": str(self.dir)}, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=90)
        self.assertEqual(0, done.returncode, done.stderr)


if __name__ == "__main__":
    main()
