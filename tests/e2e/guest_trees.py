#!/usr/bin/python3
"""Debian with systemd in a directory of the host, and directories of the host in Debian with systemd."""
import os
import pathlib
import stat
import subprocess

from harness import PROGRAM, Run, main
from systemd_guest import DIRECT, PATIENCE, SYSTEMD, SystemdCase

USER = 54321  # nobody's number
GRANTED = 300000  # the first of the ids that the test's /etc/subuid grants this user
WHERE = 'echo "T: source $(findmnt -no SOURCE,FSTYPE,OPTIONS / | tr -s " ")"; echo "T: cmdline $(cat /proc/cmdline)"\n'
WRITE = 'echo from the guest >/srv/written && sync && echo "T: wrote it"\n'
OWNERS = 'echo "T: owner of shadow $(stat -c %U:%G /etc/shadow)"; touch /srv/of-33 && chown 33:33 /srv/of-33 && sync\n'

SHARES = """for place in /plain /kept; do
    echo "T: $place $(cat $place/from-the-host)"
    echo guest >$place/new 2>/dev/null && echo "T: wrote in $place" || echo "T: refused in $place"
done
echo "T: /one-file $(cat /one-file)"
mount -o remount,rw /kept && echo "T: remounted $(findmnt -no OPTIONS /kept)"
echo guest >/kept/again 2>/dev/null && echo "T: wrote after remount" || echo "T: refused after remount"
echo guest >>/kept/from-the-host 2>/dev/null && echo "T: appended after remount" || echo "T: not appended after remount"
rm -f /kept/from-the-host 2>/dev/null && echo "T: removed after remount" || echo "T: not removed after remount"
"""


class GuestTrees(SystemdCase):
    def tree(self, owner=None):
        """A copy of the tree, as it is or all of it another user's."""
        self.need_root()
        tree = self.dir / "tree"
        subprocess.run(["cp", "-a", "--reflink=auto", SYSTEMD / "tree", tree], check=True)
        if owner is not None:
            subprocess.run(["chown", "-hR", f"{owner}:{owner}", tree], check=True)
        return tree

    def assert_in_tree(self, run, tree, owner):
        self.assertRegex(self.fact(run, "source"), r"^root virtiofs rw\b")
        written = tree / "srv/written"
        self.assertEqual("from the guest\n", written.read_text())
        self.assertEqual(owner, written.stat().st_uid)

    def test_tree_of_root(self):
        tree = self.tree()
        self.assert_in_tree(self.boot(self.guest(f'[image]\ndirectory = "tree"\n{DIRECT}', WHERE + WRITE)), tree, 0)

    def boot_as_user(self, script, *before):
        """The tree as the root of a machine of USER, who may go nowhere but to this case's directory."""
        for path in PROGRAM, SYSTEMD / "vmlinuz", SYSTEMD / "initrd.img":
            subprocess.run(["cp", path, self.dir], check=True)
        definition = self.guest('[image]\ndirectory = "tree"\n[boot]\nlinux = "vmlinuz"\ninitrd = ["initrd.img"]\n', script)
        self.env |= {"XDG_RUNTIME_DIR": str(self.dir / "runtime"), "XDG_CACHE_HOME": str(self.dir / "cache")}
        (self.dir / "runtime").mkdir(mode=0o700)
        for path in self.dir, self.dir / "runtime", self.dir / "tmp", definition:
            os.chown(path, USER, USER)
        drop = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
        run = Run([*before, *drop, str(self.dir / pathlib.Path(PROGRAM).name), *map(str, self.with_tpm(["run", definition]))], self.env, self.dir)
        self.runs.append(run)
        run.status = run.finish(PATIENCE)
        return self.assert_booted(run)

    def test_tree_of_a_user(self):
        tree = self.tree(USER)
        self.assert_in_tree(self.boot_as_user(WHERE + WRITE), tree, USER)

    def test_tree_of_a_user_with_ids(self):
        """A user to whom the host grants more ids: each owner in the guest is one of the host's."""
        tree = self.tree()
        for directory, directories, files in os.walk(tree):
            for path in (os.path.join(directory, name) for name in (".", *directories, *files)):
                status = os.lstat(path)
                os.chown(path, *(GRANTED - 1 + n if n else USER for n in (status.st_uid, status.st_gid)), follow_symlinks=False)
                if not stat.S_ISLNK(status.st_mode):
                    os.chmod(path, stat.S_IMODE(status.st_mode))  # a chown takes the set-uid bit away
        etc = self.dir / "etc"
        etc.mkdir()
        for file, line in (("passwd", f"e2e-bob:x:{USER}:{USER}::/:/bin/sh"), ("group", f"e2e-bob:x:{USER}:"),
                           ("subuid", f"e2e-bob:{GRANTED}:65536"), ("subgid", f"e2e-bob:{GRANTED}:65536")):
            (etc / file).write_text(f"{pathlib.Path('/etc', file).read_text().rstrip()}\n{line}\n")
        run = self.boot_as_user(WHERE + WRITE + OWNERS, "unshare", "--mount", "--propagation=private", "sh", "-ec",
                                'for f in passwd group subuid subgid; do mount --bind "$1/$f" "/etc/$f"; done; shift; exec "$@"', "sh", str(etc))
        self.assert_in_tree(run, tree, USER)
        self.assertIn("T: owner of shadow root:shadow", run.text)
        made = (tree / "srv/of-33").stat()
        self.assertEqual((GRANTED + 32, GRANTED + 32), (made.st_uid, made.st_gid))

    def test_type_1_entry(self):
        """A tree that names its own kernel."""
        tree = self.tree()
        (tree / "boot/guest").mkdir(parents=True)
        (tree / "boot/loader/entries").mkdir(parents=True)
        for name in "vmlinuz", "initrd.img":
            subprocess.run(["cp", SYSTEMD / name, tree / "boot/guest"], check=True)
        (tree / "boot/loader/entries/guest.conf").write_text("title Guest\nlinux /guest/vmlinuz\ninitrd /guest/initrd.img\n"
                                                             "options quiet cryptomgr.notests word=of-the-entry\n")
        run = self.boot(self.guest('[image]\ndirectory = "tree"\n', WHERE + WRITE))
        self.assert_in_tree(run, tree, 0)
        self.assertIn("word=of-the-entry", self.fact(run, "cmdline").split())

    def test_type_2_entry(self):
        tree = self.tree()
        (tree / "efi/EFI/Linux").mkdir(parents=True)
        subprocess.run(["cp", SYSTEMD / "uki.efi", tree / "efi/EFI/Linux/guest.efi"], check=True)
        self.assert_in_tree(self.boot(self.guest('[image]\ndirectory = "tree"\n', WHERE + WRITE)), tree, 0)

    def test_three_shares(self):
        """One of them read-only, and that is kept by the host: a guest that mounts it writable cannot write either."""
        self.copy()
        for name in "plain", "kept":
            (self.dir / name).mkdir()
            (self.dir / name / "from-the-host").write_text(f"{name} of the host\n")
        (self.dir / "file").write_text("one file of the host\n")
        mounts = "".join(f'[mount.{name}]\nsource = "{source}"\ntarget = "{target}"\n{more}' for name, source, target, more in (
            ("plain", "plain", "/plain", ""), ("kept", "kept", "/kept", "read-only = true\n"), ("file", "file", "/one-file", "")))
        run = self.boot(self.guest(f'[image]\npath = "disk.raw"\n{DIRECT}{mounts}', SHARES))
        for line in ("/plain plain of the host", "/kept kept of the host", "/one-file one file of the host", "wrote in /plain", "refused in /kept",
                     "refused after remount", "not appended after remount", "not removed after remount"):
            self.assertIn(f"T: {line}", run.text, run.everything())
        self.assertEqual("guest\n", (self.dir / "plain/new").read_text())
        self.assertEqual(["from-the-host"], [p.name for p in (self.dir / "kept").iterdir()])
        self.assertEqual("kept of the host\n", (self.dir / "kept/from-the-host").read_text())


if __name__ == "__main__":
    main()
