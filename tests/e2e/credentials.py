#!/usr/bin/python3
"""A credential's value is in the guest and nowhere else."""
import base64
import os
import pathlib

from harness import Case, children_of, main

VALUE = "swordfish-and-some-more-0123456789"
ENCODED = base64.b64encode(VALUE.encode()).decode()


class Credentials(Case):
    def with_secrets(self, command):
        (self.dir / "secret.txt").write_text(VALUE + "-file")
        text = f'[credentials]\n"e2e.text" = "{VALUE}-text"\n"e2e.file" = {{ file = "secret.txt" }}\n"e2e.base64" = {{ base64 = "{ENCODED}" }}\n'
        return self.linux(command, text)

    def assert_hidden(self, text, where):
        encodings = [VALUE] + [base64.b64encode(b"x" * n + VALUE.encode())[4:-4].decode() for n in (0, 1, 2)]
        for encoding in encodings:
            self.assertNotIn(encoding, text, f"the value stands in {where}")

    def test_reaches_the_guest(self):
        run = self.vmspawn("run", self.with_secrets("smbios"))
        self.assert_status(0, run)
        for ident, value in (("text", VALUE + "-text"), ("file", VALUE + "-file"), ("base64", VALUE)):
            self.assertIn(f"io.systemd.credential.binary:e2e.{ident}={base64.b64encode(value.encode()).decode()}", run.text)
        self.assert_nothing_left()

    def test_is_in_no_command_line_or_environment(self):
        run = self.start("run", self.with_secrets("hang"))
        run.wait_for("T: hanging")
        seen = 0
        for pid in [run.pid, *children_of(run.pid)]:
            for file in ("cmdline", "environ"):
                self.assert_hidden(pathlib.Path(f"/proc/{pid}/{file}").read_bytes().decode(errors="replace"), f"{file} of {pid}")
                seen += 1
        self.assertGreaterEqual(seen, 4)
        # nor in any file of the machine's directory
        for directory in self.runtime_directories():
            for path in directory.rglob("*"):
                if path.is_file():
                    self.assert_hidden(path.read_text(errors="replace"), str(path))
        run.kill(15)
        run.pump(0.3)
        run.kill(15)
        run.finish()
        self.assert_hidden(run.text + run.errors, "the output")
        self.assert_nothing_left()

    def test_is_in_no_plan(self):
        definition = self.with_secrets("smbios")
        for form in ("text", "json", "dot", "script"):
            run = self.vmspawn("plan", definition, f"--format={form}")
            self.assert_status(0, run)
            self.assertIn("e2e.text", run.text)
            self.assert_hidden(run.text + run.errors, f"the plan as {form}")

    def test_is_in_no_log(self):
        run = self.vmspawn("run", self.with_secrets(""), env={**self.env, "SYSTEMD_LOG_LEVEL": "debug"})
        self.assert_status(0, run)
        self.assert_hidden(run.text + run.errors, "the log")

    def test_is_in_no_failure(self):
        run = self.vmspawn("run", self.with_secrets(""), "--qemu-arg=-bogus")
        self.assert_status(5, run)
        self.assert_hidden(run.text + run.errors, "the message")

    def test_host_does_not_record_it(self):
        run = self.vmspawn("host", self.with_secrets(""), "--format=json")
        self.assert_status(0, run)
        self.assert_hidden(run.text, "the host's record")

    def test_memory_cannot_be_dumped_to_other_users(self):
        """The files behind credentials are in memory and have no name."""
        run = self.start("run", self.with_secrets("hang"))
        run.wait_for("T: hanging")
        for pid in children_of(run.pid):
            for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
                target = os.readlink(link)
                if "memfd" not in target and target.startswith("/") and os.path.isfile(target) and not target.startswith(("/proc", "/dev")):
                    if os.path.getsize(target) < 1 << 20:
                        self.assert_hidden(pathlib.Path(target).read_text(errors="replace"), target)
        run.kill(15)
        run.pump(0.3)
        run.kill(15)
        run.finish()
        self.assert_nothing_left()


if __name__ == "__main__":
    main()
