#!/usr/bin/python3
"""plan --against: a definition beside the machine that runs."""
import json
import pathlib
import stat

from harness import GUESTS, Case, main

HEAD = 'ram = "128M"\nkvm = false\ntpm.enabled = false\n'
SECRET = "e2e-against-secret"


class Against(Case):
    def define(self, head=HEAD, more=""):
        return self.linux("hang", more, head=head, console="")

    def begin(self, *words, **parts):
        self.assert_status(0, self.vmspawn("run", "--detach", self.define(**parts), *words))

    def against(self, *words, status=0):
        run = self.vmspawn("plan", f"--against={self.name}", *words)
        self.assert_status(status, run)
        return run

    def changes(self, *words):
        facts = json.loads(self.against("--format=json", *words).text)
        self.assertEqual((1, self.name), (facts["version"], facts["machine"]))
        return {change["key"]: change for change in facts["changes"]}

    def end(self):
        self.assert_status(0, self.vmspawn("kill", self.name))
        self.assert_nothing_left()

    def test_what_would_change(self):
        self.begin("--cpus=2")
        self.assertEqual({"cpus"}, set(self.changes()), "the flag of the start is not in the file")
        self.assertEqual("", self.against("--cpus=2").text)
        self.assertEqual("", self.against("m.vmspawn", "--cpus=2").text)
        self.define(HEAD.replace("128M", "192M"), '[drive.data]\npath = "data.raw"\n')
        run = self.against()
        self.assertEqual("", run.errors)
        self.assertIn("cpus             restart    was --cpus=2\n    2 -> 1\n", run.text)
        self.assertIn('ram              restart    m.vmspawn:2:7\n    "128M" -> "192M"\n', run.text)
        self.assertRegex(run.text, r"drive\.data\.path  live       m\.vmspawn:\d+:8\n")
        self.assertIn("\n3 differences: 2 restart, 1 live\nlive: by AddStorage of the control socket", run.text)
        self.assertLessEqual(max(map(len, run.text.splitlines())), 80)
        changes = self.changes("m.vmspawn", "--cpus=2")
        self.assertEqual({"ram": "restart", "drive.data.path": "live"}, {key: change["takes"] for key, change in changes.items()})
        self.assertEqual(("128M", "192M"), (changes["ram"]["from"]["value"], changes["ram"]["to"]["value"]))
        self.assertEqual(str(self.dir / "data.raw"), changes["drive.data.path"]["to"]["value"])
        self.end()

    def test_a_machine_of_flags_alone(self):
        """Without a file there is none to read again."""
        flags = [f"--machine={self.name}", "--ram=128M", "--kvm=no", "--console=read-only", f"--linux={GUESTS}/vmlinuz",
                 f"--initrd={GUESTS}/initrd.img"]
        words = ["--", "quiet", "test.cmd=hang"]
        self.assert_status(0, self.vmspawn("run", "--detach", *flags, *words))
        self.assertEqual("", self.against(*flags, *words).text)
        self.assertEqual({"ram"}, set(self.changes(*flags, "--ram=256M", *words)))
        self.TPM = ()  # no flag at all
        self.assertIn("was started without a definition: name one, or the flags", self.against(status=2).errors)
        self.end()

    def test_a_secret_is_kept_and_shown_nowhere(self):
        more = f'[credentials]\n"e2e.text" = "{SECRET}"\n'
        smbios = f'smbios = ["io.systemd.credential:e2e.smbios={SECRET}"]\n'
        self.begin(head=smbios + HEAD, more=more)
        kept = self.runtime_directories()[0] / "definition.json"
        self.assertEqual(0o600, stat.S_IMODE(kept.stat().st_mode))
        self.assertEqual(0o700, stat.S_IMODE(kept.parent.stat().st_mode))
        self.assertNotIn(SECRET, kept.read_text())
        self.assertEqual("", self.against().text)
        self.define(head=smbios.replace(SECRET, SECRET + "2") + HEAD, more=more.replace(SECRET, SECRET + "2"))
        for run in (self.against(), self.against("--format=json")):
            self.assertIn("e2e.smbios=…", run.text)
            self.assertIn('credentials."e2e.text"', run.text.replace('\\"', '"'))
            self.assertNotIn(SECRET, run.text + run.errors)
        self.end()

    def test_what_cannot_be_compared(self):
        nobody = self.against("m.vmspawn", status=2)
        self.assertIn(f"no machine called {self.name} runs", nobody.errors)
        self.begin()
        near = self.vmspawn("plan", f"--against={self.name}x")
        self.assert_status(2, near)
        self.assertIn(f"did you mean {self.name}?", near.errors)
        whole = pathlib.Path(self.define()).read_text()
        self.assertIn("m.vmspawn:1:1: error: unknown key 'cpsu'", self.broken("cpsu = 2\n").errors)
        self.assertIn("vsock.cid", self.broken(whole + "[vsock]\nenabled = false\ncid = 7\n").errors)
        self.define()
        kept = self.runtime_directories()[0] / "definition.json"
        for nonsense in ("", "[]", '{"version":2}', "\0"):
            kept.write_text(nonsense)
            self.assertIn(f"{self.name} keeps nothing to compare with", self.against(status=61).errors)
        kept.unlink()
        self.against(status=61)
        self.end()

    def broken(self, text):
        (self.dir / "m.vmspawn").write_text(text)
        return self.against(status=22)

    def test_a_user_is_told_of_their_own(self):
        self.need_root()
        self.as_user()
        definition = self.define()
        self.assert_status(0, self.vmspawn("run", "--detach", definition, preexec=self.drop))
        run = self.vmspawn("plan", f"--against={self.name}", "--cpus=3", preexec=self.drop)
        self.assert_status(0, run)
        self.assertIn("1 -> 3", run.text)
        self.assert_status(0, self.vmspawn("kill", self.name, preexec=self.drop))
        self.assert_nothing_left()


if __name__ == "__main__":
    main()
