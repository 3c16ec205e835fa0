#!/usr/bin/python3
"""Called as systemd-vmspawn: that program's command line, refusals and scenarios, with small guests."""
import json
import pathlib
import shutil
import signal
import struct

from harness import GUESTS, PROGRAM, Case, Run, main

KERNEL = ["--linux", f"{GUESTS}/vmlinuz", "--initrd", f"{GUESTS}/initrd.img"]
SMALL = ["--ram=256M", "--kvm=no", "--tpm=no", "--vsock=no", "--console=read-only"]
WORDS = ["root=/dev/vda", "rw", "quiet", "cryptomgr.notests"]

# What the host must be asked before it can be refused; tests/bad/systemd-vmspawn.txt has the rest: words, exit status, what the message holds.
REFUSED = [
    (["--bind=/no/such/place"], 2, "/no/such/place does not exist"),
    (["--bind=missing:/target"], 2, "missing does not exist"),
    (["-i", "no.raw"], 2, "no.raw does not exist"),
    (["-i", "/dev/null"], 22, "/dev/null is a character device"),
    (["-i", "tree"], 22, "is a directory"),
    (["-D", "a.raw", *KERNEL], 22, "is a file"),
    (["-D", "no-tree", *KERNEL], 2, "no-tree does not exist"),
    (["-D", "tree"], 2, "there is no kernel for this guest in ./tree"),
    ([], 2, "there is no kernel for this guest in ."),
    (["-M", "no-such-image"], 2, "there is no image of the name 'no-such-image'"),
    (["-i", "a.raw", "--linux=no-kernel"], 2, "no-kernel does not exist"),
    (["-i", "a.raw", "--linux=text", "--kvm=no", "root=/dev/vda"], 5, "QEMU ended with status 1"),
    (["-i", "a.raw", *KERNEL], 22, "has neither a partition table nor a file system"),
    (["-i", "a.raw", "--firmware=./no.json"], 2, "no.json does not exist"),
    (["-i", "a.raw", "--firmware=./text"], 22, "text"),
    (["-i", "a.raw", "--firmware-features=no-such-feature"], 95, "no UEFI firmware of this host serves"),
    (["-i", "a.raw", "--efi-nvram-template=foo"], 2, "foo does not exist"),
    (["-i", "a.raw", "--extra-drive=no.raw", *KERNEL, "root=/dev/vda"], 2, "no.raw does not exist"),
    (["-i", "a.raw", "--extra-drive=/dev/null", *KERNEL, "root=/dev/vda"], 22, "/dev/null is a character device"),
    (["-i", "a.raw", "--extra-drive=a.raw", *KERNEL, "root=/dev/vda"], 22, "is the file of image.path as well"),
    (["-i", "a.raw", "--image-format=qcow2", *KERNEL, "root=/dev/vda"], 22, "qcow2"),
    (["-i", "a.raw", "--load-credential=foo:./no-file"], 2, "no-file does not exist"),
    (["-i", "a.raw", "--load-credential=foo:bar"], 2, "vmspawn was given no credential 'bar'"),
    (["-i", "a.raw", "--bind-user=no-such-user"], 2, "the host has no user no-such-user"),
    (["-i", "a.raw", "--smbios11", b"\xff\xfe"], 22, "not valid UTF-8"),
    (["-i", "a.raw", b"\xff\xfe"], 22, "not valid UTF-8"),
    (["-i", "a.raw", "--ssh-key-type=ed\x0125519"], 22, "is not a key type"),
    (["-i", "a.raw", "-D", "tree"], 22, "exclude each other"),
    (["--bogus"], 22, "unknown flag '--bogus'"),
    (["-i"], 22, "-i needs a value"),
]


class Caller(Case):
    def setUp(self):
        super().setUp()
        self.program = self.dir / "systemd-vmspawn"
        self.program.symlink_to(pathlib.Path(PROGRAM).resolve())

    def start(self, *words, env=None, **options):
        options.setdefault("cwd", self.dir)
        run = Run([self.program, *words], env or self.env, **options)
        self.runs.append(run)
        return run

    def call(self, *words, **options):
        return self.vmspawn(*words, **options)

    def with_tpm(self, words):
        return list(words)

    def disk(self, name="a.raw", size=1 << 20):
        with open(self.dir / name, "wb") as file:
            file.truncate(size)
        return name

    def tiny(self, command, *more, image="a.raw", name=""):
        """The command line of the tests' guest beside a disk that it may use."""
        return ["-M", name or self.name, "-i", image, *KERNEL, *SMALL, *more, *WORDS, f"test.cmd={command}"]


class Refusals(Caller):
    def test_each_comes_with_its_status_and_reason(self):
        self.disk()
        (self.dir / "tree").mkdir()
        (self.dir / "text").write_text("neither a kernel nor a descriptor\n")
        for words, status, part in REFUSED:
            with self.subTest(words=words):
                run = self.call(*words)
                self.assert_status(status, run)
                self.assertIn(part, run.errors)
                self.assertEqual("", run.text)
        self.assert_nothing_left()

    def test_questions_are_answered(self):
        run = self.call("--help")
        self.assert_status(0, run)
        self.assertIn("systemd-vmspawn [FLAGS] [WORD…]", run.text)
        self.assertNotIn("--profile", run.text)
        run = self.call("--version", "--bogus")
        self.assert_status(0, run)
        self.assertRegex(run.text, r"^systemd \d+ \(\d+\)\nvmspawn ")
        for question in ("--help", "--version"):  # reference D.3, 29: there both fail
            self.assert_status(0, self.call(question, env={**self.env, "SYSTEMD_VMSPAWN_NETWORK_MAC": "nonsense"}))
        run = self.call("--firmware=list")
        self.assert_status(0, run)
        self.assertRegex(run.text, r"^/\S+\.json\n")
        run = self.call("--firmware-features=list")
        self.assert_status(0, run)
        self.assertIn("secure-boot\n", run.text)
        run = self.call("--firmware=describe", "--firmware-features", "secure-boot")
        self.assert_status(0, run)
        descriptor = json.loads(run.text)
        self.assertIn("secure-boot", descriptor["features"])
        self.assertTrue(pathlib.Path(descriptor["mapping"]["nvram-template"]["filename"]).exists())


class Scenarios(Caller):
    def test_words_and_options_stand_in_any_order(self):
        """Old names and a reset value among them; what has no effect is said, and the guest runs all the same."""
        self.disk()
        run = self.call("-M", self.name, "quiet", "--qemu-kvm", "no", "--kvm", "", "--qemu-kvm=no", "-i", "a.raw", *KERNEL, "--qemu-smp=2",
                        "--qemu-mem=256M", "--tpm=no", "--vsock=no", "--vsock-cid=7", "--bind-user-shell=yes", "--keep-unit", "-S", "a.slice",
                        "-n", "--network-user-mode", "--console=read-only", *WORDS, "--", "test.cmd=words,devices", "--cpus=4")
        self.assert_status(0, run)
        self.assertIn("quiet root=/dev/vda rw quiet cryptomgr.notests test.cmd=words,devices --cpus=4", run.text)
        self.assertIn("T: cpus 2", run.text)
        warned = [line.split(": warning:")[0] for line in run.errors.splitlines() if ": warning:" in line]
        self.assertEqual(["--vsock-cid=7", "--bind-user-shell=yes", "-S a.slice", "-n"], warned)
        self.assert_nothing_left()

    def test_extra_words_for_qemu_come_from_the_environment(self):
        self.disk()
        with open(self.dir / "drive,with a comma", "wb") as file:
            file.truncate(3 << 20)
        extra = "-blockdev 'driver=raw,node-name=more,file.driver=file,file.filename=drive,,with a comma,file.locking=off,cache.no-flush=yes' " \
                "-device virtio-blk-pci,drive=more,serial=more"
        run = self.call(*self.tiny("disks"), env={**self.env, "SYSTEMD_VMSPAWN_QEMU_EXTRA": extra})
        self.assert_status(0, run)
        self.assertIn(f"serial=more sectors={(3 << 20) // 512} ", run.text)
        self.assert_nothing_left()

    def test_extra_words_may_have_qemu_start_a_helper(self):
        """One that needs privileges, as qemu-bridge-helper does: nothing keeps it from them."""
        self.disk()
        seen = self.dir / "seen"
        helper = self.fake("bridge-helper", f'{{ echo "$@"; grep -E "NoNewPrivs|Seccomp:" /proc/self/status; }} >"{seen}"; exit 1')
        run = self.call(*self.tiny("words"),
                        env={**self.env, "SYSTEMD_VMSPAWN_QEMU_EXTRA": f"-netdev bridge,id=own,br=br0,helper={helper}"})
        self.assert_status(5, run)
        self.assertIn("bridge helper failed", run.errors)
        self.assertRegex(seen.read_text(), r"--br=br0\nNoNewPrivs:\s0\nSeccomp:\s0\n")
        self.assert_nothing_left()

    def test_what_needs_a_vsock_is_left_out_where_there_is_none(self):
        if pathlib.Path("/dev/vhost-vsock").exists() or shutil.which("vhost-device-vsock"):
            self.skipTest("this host has a vsock")
        self.disk()
        run = self.call(*self.tiny("words", "--vsock", "", "--forward-journal=j", "--notify-ready=yes"))
        self.assert_status(0, run)
        self.assertIn("--notify-ready=yes: warning: ready.notify: the guest cannot tell when it is ready", run.errors)
        self.assertIn("--forward-journal=j: warning: journal.forward: the journal travels over vsock, and there is none", run.errors)
        self.assertFalse((self.dir / "j").exists())
        self.assert_nothing_left()

    def test_the_image_of_a_name(self):
        machines = self.dir / ".local/state/machines"
        machines.mkdir(parents=True)
        shutil.copyfile(GUESTS / "poweroff.img", machines / f"{self.name}.raw")
        self.as_user()
        run = self.call(f"--machine={self.name}", "--firmware=bios", "--console=headless", "--ram=64M", "--kvm=no", "--tpm=no",
                        preexec=self.drop)
        self.assert_status(0, run)
        self.assert_nothing_left()

    def test_several_drives(self):
        self.disk("root.raw", 256 << 20)
        self.disk("b.raw", 64 << 20)
        self.disk("c.raw", 32 << 20)
        run = self.call(*self.tiny("disks,write", "--extra-drive=b.raw", "--extra-drive=raw:nvme:c.raw", image="root.raw"))
        self.assert_status(0, run)
        for line in (f"vda serial=root.raw sectors={(256 << 20) // 512} ro=0", f"vdb serial=b.raw sectors={(64 << 20) // 512} ro=0",
                     f"nvme0n1 serial=c.raw sectors={(32 << 20) // 512} ro=0"):
            self.assertIn(f"T: disk {line}", run.text)
        self.assertTrue((self.dir / "c.raw").read_bytes().startswith(b"written to c.raw"))
        self.assert_nothing_left()

    def test_ephemeral_leaves_the_image(self):
        self.disk()
        run = self.call(*self.tiny("write", "-x"))
        self.assert_status(0, run)
        self.assertIn("T: wrote vda", run.text)
        self.assertEqual(bytes(1 << 20), (self.dir / "a.raw").read_bytes())
        self.assert_nothing_left()

    def overlay(self, run):
        """The throw-away layer that QEMU writes to: a file of the runtime directory without a name, or memory."""
        for fd in pathlib.Path(f"/proc/{run.qemu()}/fd").iterdir():
            try:
                if not fd.is_file():  # opening a pipe would wait for its other end
                    continue
                with open(fd, "rb") as file:
                    head = file.read(32)
            except OSError:
                continue
            if head.startswith(b"QFI\xfb"):
                return head
        self.fail("no QEMU descriptor is a qcow2\n" + run.everything())

    def test_ephemeral_and_grown(self):
        """The layer is larger, the image below stays as it is."""
        image = self.dir / self.disk(size=64 << 20)
        run = self.start(*self.tiny("disks,powerbutton", "--ephemeral", "--grow-image=512M")).wait_for("T: waiting")
        self.assertEqual(512 << 20, struct.unpack(">Q", self.overlay(run)[24:32])[0])
        self.assertIn(f"sectors={(512 << 20) // 512} ", run.text)
        self.assertEqual(64 << 20, image.stat().st_size)
        run.kill(signal.SIGTERM)
        self.assert_status(0, run)
        self.assert_nothing_left()

    def test_a_derived_name_gets_a_suffix_when_ephemeral(self):
        image = self.disk(f"{self.name}.raw")
        words = self.tiny("powerbutton", "-x", image=image)[2:]  # without -M
        runs = [self.start(*words).wait_for("T: waiting") for _ in range(2)]
        names = sorted(path.name for path in self.runtime_directories())
        self.assertEqual(2, len(names), names)
        for name in names:
            self.assertRegex(name, rf"^{self.name}-[0-9a-f]{{16}}$")
        for run in runs:
            run.kill(signal.SIGTERM)
        for run in runs:
            self.assert_status(0, run)
        self.assert_nothing_left()

    def test_two_machines_at_once(self):
        runs = []
        for which in "ab":
            self.disk(f"{which}.raw")
            runs.append(self.start(*self.tiny("powerbutton", image=f"{which}.raw", name=f"{self.name}-{which}")))
        for run in runs:
            run.wait_for("T: waiting")
        self.assertEqual([f"{self.name}-a", f"{self.name}-b"], sorted(p.name for p in self.runtime_directories()))
        runs[0].kill(signal.SIGTERM)
        self.assert_status(0, runs[0])
        self.assertIsNone(runs[1].process.poll(), "the other one goes on")
        runs[1].kill(signal.SIGTERM)
        self.assert_status(0, runs[1])
        self.assert_nothing_left()

    def test_five_rounds(self):
        """Started and stopped again and again under one name: the second is never in the way of what the first left."""
        self.disk()
        for _ in range(5):
            run = self.start(*self.tiny("powerbutton")).wait_for("T: waiting")
            run.kill(signal.SIGTERM)
            self.assertEqual(0, run.finish(), run.everything())
            self.assert_nothing_left()

    def test_stopped_at_once_in_five_rounds(self):
        """A signal while the machine is still coming up: QEMU was asked or killed, nothing stays."""
        self.disk()
        for _ in range(5):
            run = self.start(*self.tiny("powerbutton"))
            run.qemu()
            for _ in range(3):
                if run.process.poll() is None:
                    run.kill(signal.SIGTERM)
            self.assertIn(run.finish(), (0, 128 + signal.SIGTERM), run.everything())
            self.assert_nothing_left()

    def test_the_environment_says_how_much_is_said(self):
        words = ["-M", self.name, "-i", "reset-once.img", "--firmware=bios", *SMALL]
        for level, plan, status in (("debug", True, True), ("info", False, True), ("4", False, False), ("err", False, False)):
            shutil.copyfile(GUESTS / "reset-once.img", self.dir / "reset-once.img")  # that its guest restarts is a line of information
            run = self.call(*words, env={**self.env, "SYSTEMD_LOG_LEVEL": level, "SYSTEMD_LOG_TIME": "yes"})
            self.assert_status(0, run)
            self.assertEqual(plan, "spawn /usr/bin/qemu-system-x86_64" in run.errors, f"{level}\n{run.errors}")
            self.assertEqual(status, "vmspawn: " in run.errors, f"{level}\n{run.errors}")
            self.assertRegex(run.errors, r"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d vmspawn: " if status else "^$")

    def test_a_status_of_qemu_is_no_success(self):
        self.disk()
        run = self.call(*self.tiny("words"), env={**self.env, "SYSTEMD_VMSPAWN_QEMU_EXTRA": "-device no-such-device"})
        self.assert_status(5, run)
        self.assertIn("no-such-device", run.errors)
        self.assert_nothing_left()


if __name__ == "__main__":
    main()
