#!/usr/bin/python3
"""A directory as the guest's root, and shares, each by a virtiofsd of its own."""
import os
import pathlib
import signal
import subprocess

from harness import GUESTS, USER, Case, children_of, main, program_of


class Virtiofs(Case):
    def tree(self, init):
        """A root file system of busybox."""
        tree = self.dir / "tree"
        tree.mkdir()
        subprocess.run(f"gzip -dc {GUESTS}/initrd.img | cpio --quiet -id --no-absolute-filenames", shell=True, cwd=tree, check=True,
                       stderr=subprocess.DEVNULL)
        (tree / "sbin").mkdir(exist_ok=True)
        (tree / "sbin/init").write_text(f"#!/bin/busybox sh\nB=/bin/busybox\n{init}\n$B sync\n$B poweroff -f\n")
        (tree / "sbin/init").chmod(0o755)
        return tree

    def directory(self, more=""):
        return self.linux("switch", f'[image]\ndirectory = "tree"\n{more}')

    def virtiofsds(self, run):
        return [pid for pid in children_of(run.pid) if "virtiofsd" in program_of(pid)]

    def scripted(self, script, mounts):
        """A guest that mounts `mounts` and runs `script`, which lies in the first of them."""
        (self.dir / "work").mkdir(exist_ok=True)
        (self.dir / "work/test.sh").write_text(script)
        return self.linux("mounts,script", '[mount.work]\nsource = "work"\ntarget = "/work"\n' + mounts)

    SCRIPTED = ("--", "test.script=/work/test.sh")

    # --- a directory as root ---

    ROOT_INIT = ("echo \"T: root $($B stat -c %u:%g /mine) $($B stat -c %u:%g /sbin/init)\"\n"
                 "echo from the guest >/written && $B chmod 600 /written\n$B ln /written /linked\n$B mkdir -p /a/b")

    def test_directory_is_the_root(self):
        tree = self.tree(self.ROOT_INIT)
        (tree / "mine").write_text("x")
        os.chown(tree / "mine", 7, 8) if os.getuid() == 0 else None
        run = self.vmspawn("run", self.directory())
        self.assert_status(0, run)
        self.assertIn("T: root 7:8 0:0" if os.getuid() == 0 else "T: root 0:0 0:0", run.text)
        self.assertEqual("from the guest\n", (tree / "linked").read_text())
        self.assertEqual(os.getuid(), (tree / "written").stat().st_uid)
        self.assertTrue((tree / "a/b").is_dir())
        self.assertEqual("", run.errors)
        self.assert_nothing_left()

    def test_directory_as_a_user(self):
        tree = self.tree(self.ROOT_INIT)
        (tree / "mine").write_text("x")
        definition = self.directory()
        self.as_user()
        run = self.vmspawn("run", definition, preexec=self.drop)
        self.assert_status(0, run)
        self.assertIn("T: root 0:0 0:0", run.text)
        self.assertEqual(USER if os.getuid() == 0 else os.getuid(), (tree / "written").stat().st_uid)
        self.assert_nothing_left()

    def test_owner_of_the_directory_shifts_ids(self):
        self.need_root()
        tree = self.tree(self.ROOT_INIT)
        (tree / "mine").write_text("x")
        subprocess.run(["chown", "-R", "200000:200000", tree], check=True)
        os.chown(tree / "mine", 200007, 200008)
        os.chmod(self.dir, 0o711)
        run = self.vmspawn("run", self.directory())
        self.assert_status(0, run)
        self.assertIn("T: root 7:8 0:0", run.text)
        self.assertEqual(200000, (tree / "written").stat().st_uid)
        self.assert_nothing_left()

    def test_ephemeral_directory_stays_as_it_was(self):
        tree = self.tree(self.ROOT_INIT + '\n[ -e /a/b ] && echo "T: written in there"')
        (tree / "mine").write_text("x")
        before = sorted(p.relative_to(tree) for p in tree.rglob("*"))
        run = self.vmspawn("run", self.directory("ephemeral = true\n"))
        self.assert_status(0, run)
        self.assertIn("T: written in there", run.text)
        self.assertEqual(before, sorted(p.relative_to(tree) for p in tree.rglob("*")))
        self.assert_nothing_left()

    # --- shares ---

    TRIES = """
try() { if sh -c "$2" 2>/dev/null; then echo "T: $1 done"; else echo "T: $1 refused"; fi; }
writes() {
    try "$1 write" "echo x >/kept/file"
    try "$1 new" "echo x >/kept/new"
    try "$1 remove" "rm -f /kept/file && test ! -e /kept/file"
    try "$1 mode" "chmod 777 /kept/file"
    try "$1 below" "echo x >/kept/below/file"
}
writes first
mount -o remount,rw /kept
writes again
umount /kept && mount -t virtiofs kept /kept
writes fresh
echo "T: kept $(cat /kept/file)"
echo "T: given $(cat '/etc/given name')"
try given "echo x >>'/etc/given name'"
echo made >/work/made
echo "T: twice $(cat /other/made)"
"""

    def shares(self):
        (self.dir / "kept/below").mkdir(parents=True)
        (self.dir / "kept/file").write_text("as it was")
        (self.dir / "kept/below/file").write_text("as it was")
        (self.dir / "a,b").write_text("a file")
        return self.scripted(self.TRIES, '[mount.kept]\nsource = "kept"\ntarget = "/kept"\nread-only = true\n'
                                         '[mount.other]\nsource = "work"\ntarget = "/other"\n'
                                         '[mount.given]\nsource = "a,b"\ntarget = "/etc/given name"\n')

    def assert_shares_work(self, run):
        self.assert_status(0, run)
        for when in ("first", "again", "fresh"):
            for what in ("write", "new", "remove", "mode", "below"):
                self.assertIn(f"T: {when} {what} refused", run.text, run.everything())
        self.assertIn("T: kept as it was", run.text)
        self.assertEqual(["below", "file"], sorted(p.name for p in (self.dir / "kept").iterdir()))
        self.assertEqual("as it was", (self.dir / "kept/file").read_text())
        self.assertEqual("as it was", (self.dir / "kept/below/file").read_text())
        self.assertIn("T: given a file", run.text)
        self.assertIn("T: given done", run.text)
        self.assertEqual("a filex\n", (self.dir / "a,b").read_text())
        self.assertIn("T: twice made", run.text)
        self.assertEqual("made\n", (self.dir / "work/made").read_text())
        self.assert_nothing_left()

    def test_shares(self):
        self.assert_shares_work(self.vmspawn("run", self.shares(), *self.SCRIPTED))

    def test_shares_as_a_user(self):
        definition = self.shares()
        self.as_user()
        self.assert_shares_work(self.vmspawn("run", definition, *self.SCRIPTED, preexec=self.drop))

    # --- helpers that fail ---

    def test_killed_helper_ends_the_machine(self):
        (self.dir / "work").mkdir()
        run = self.start("run", self.linux("mounts,hang", '[mount.work]\nsource = "work"\n'))
        run.wait_for("T: hanging")
        os.kill(self.virtiofsds(run)[0], signal.SIGKILL)
        self.assert_status(5, run)
        self.assertRegex(run.errors, r"mount\.work \(.*m\.vmspawn:\d+:\d+, mount\.work\.source\) was killed by SIGKILL; the guest cannot go on")
        self.assert_nothing_left()

    def test_helper_that_dies_at_its_start_does_not_hang_qemu(self):
        self.use_virtiofsd(self.fake("virtiofsd", "case $1 in --version) echo virtiofsd 9.9;; --help) echo --shared-dir;; *) echo no tree today; kill -9 $$;; esac"))
        (self.dir / "work").mkdir()
        run = self.vmspawn("run", self.linux("mounts", '[mount.work]\nsource = "work"\n'))
        self.assert_status(5, run)
        self.assertIn("it was killed by SIGKILL before the machine was up\n  no tree today\n", run.errors)
        self.assertIn("mount.work.source", run.errors)
        self.assert_nothing_left()

    def test_killed_qemu_is_not_blamed_on_its_helper(self):
        (self.dir / "work").mkdir()
        run = self.start("run", self.linux("mounts,hang", '[mount.work]\nsource = "work"\n'))
        run.wait_for("T: hanging")
        os.kill(run.qemu(), signal.SIGKILL)
        self.assert_status(5, run)
        self.assertEqual("vmspawn: QEMU was killed by SIGKILL\n", run.errors)
        self.assert_nothing_left()


if __name__ == "__main__":
    main()
