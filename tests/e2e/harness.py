"""What the end-to-end tests share: a case with a directory of its own, a running vmspawn, and the look for leftovers afterwards."""
import contextlib
import ctypes
import json
import os
import pathlib
import pty
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("VMSPAWN", str(ROOT / "build/release/vmspawn"))
GUESTS = pathlib.Path(os.environ.get("VMSPAWN_GUESTS", ROOT / "build/guests"))
USER = 54321  # who tests run as that need no rights, when root runs them
PATIENCE = 90  # seconds; a guest needs about three, more where other tests run beside it

PR_SET_CHILD_SUBREAPER = 36


def children_of(pid):
    """Processes below `pid`, itself not among them; one that goes meanwhile has none."""
    direct = []
    with contextlib.suppress(OSError):
        for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                direct += [int(word) for word in task.read_text().split()]
    return [pid for child in direct for pid in (child, *children_of(child))]


def state_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "gone"


def cmdline_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def program_of(pid):
    """The first word of its command line; empty for one that ends or has ended."""
    return (cmdline_of(pid) or [""])[0]


def has_ended(pid):
    """All that it had open is closed: a process without a command line may still be about to."""
    return state_of(pid) in ("Z", "X", "gone")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Run:
    """A started program, its output read as it comes. With `terminal` it has a pty and both streams go there."""

    def __init__(self, command, env, cwd, terminal=False, stdin=subprocess.DEVNULL, preexec=None):
        self.text = ""
        self.errors = ""
        self.terminal = None
        if terminal:
            self.terminal, inner = pty.openpty()
            self.process = subprocess.Popen(command, env=env, cwd=cwd, stdin=inner, stdout=inner, stderr=inner, start_new_session=True,
                                            preexec_fn=lambda: (os.close(os.open(os.ttyname(0), os.O_RDWR)), preexec and preexec()))
            self.inner = inner
            self.streams = {self.terminal: "text"}
        else:
            self.process = subprocess.Popen(command, env=env, cwd=cwd, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                            preexec_fn=preexec)
            self.streams = {self.process.stdout.fileno(): "text", self.process.stderr.fileno(): "errors"}

    @property
    def pid(self):
        return self.process.pid

    def pump(self, seconds):
        """Reads what there is; False when nothing more can come."""
        if not self.streams:
            return False
        ready, _, _ = select.select(list(self.streams), [], [], max(0, seconds))
        for fd in ready:
            try:
                data = os.read(fd, 65536)
            except OSError:
                data = b""
            if data:
                setattr(self, self.streams[fd], getattr(self, self.streams[fd]) + data.decode(errors="replace"))
            else:
                del self.streams[fd]
        return bool(ready)

    def wait_for(self, text, where="text", patience=PATIENCE):
        end = time.monotonic() + patience
        while text not in getattr(self, where):
            left = end - time.monotonic()
            if left <= 0 or (self.process.poll() is not None and not self.pump(0)):
                raise AssertionError(f"'{text}' did not come on {where}; status {self.process.poll()}\n{self.everything()}")
            self.pump(min(left, 0.5))
        return self

    def finish(self, patience=PATIENCE):
        """The exit status as the shell would show it, or minus the signal."""
        end = time.monotonic() + patience
        while self.process.poll() is None:
            if time.monotonic() > end:
                raise AssertionError(f"does not end\n{self.everything()}")
            self.pump(0.1)
        while self.pump(0):
            pass
        return self.process.returncode

    def send(self, data):
        os.write(self.terminal, data)

    def kill(self, number):
        os.kill(self.pid, number)

    def qemu(self, patience=PATIENCE):
        """The pid of its QEMU, as soon as there is one."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            for pid in children_of(self.pid):
                if "qemu-system" in program_of(pid):
                    return pid
            self.pump(0.02)
            if self.process.poll() is not None:
                break
        raise AssertionError("no QEMU below vmspawn\n" + self.everything())

    def everything(self):
        return f"--- output\n{self.text}\n--- errors\n{self.errors}"


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        # Orphans become ours, so that nothing can stay behind unseen.
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="vmspawn-e2e-"))
        self.dir.chmod(0o755)
        self.name = f"e2e-{os.getpid()}"
        (self.dir / "tmp").mkdir()
        cache = os.environ.get("VMSPAWN_TEST_CACHE", str(self.dir / "cache"))
        self.env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(self.dir), "LANG": "C.UTF-8", "TERM": "vt220",
                    "XDG_CACHE_HOME": cache, "TMPDIR": str(self.dir / "tmp")}
        self.env |= {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
        if os.getuid() != 0:
            self.env["XDG_RUNTIME_DIR"] = str(self.dir / "runtime")
            (self.dir / "runtime").mkdir(mode=0o700)
        self.runs = []
        self.addCleanup(self.clean_up)

    def clean_up(self):
        for run in self.runs:
            if run.process.poll() is None:
                run.process.kill()
                run.process.wait()
        for pid in children_of(os.getpid()):
            try:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            except OSError:
                pass
        for path in [self.dir, *self.runtime_entries()]:
            path.unlink() if path.is_symlink() else shutil.rmtree(path, ignore_errors=True)

    def runtime_directories(self):
        return [path for path in self.runtime_entries() if not path.is_symlink()]

    def runtime_entries(self):
        """With the links beside the directories."""
        bases = ["/run", self.env.get("XDG_RUNTIME_DIR", "/nonexistent"), f"/run/user/{os.getuid()}"]
        return [p for base in bases for p in pathlib.Path(base).glob(f"systemd/vmspawn/*{self.name}*")]

    def assert_nothing_left(self):
        """No process, runtime directory, socket or temporary file of this case."""
        end = time.monotonic() + 20
        while True:
            alive = []
            for pid in children_of(os.getpid()):
                if state_of(pid) == "Z":
                    try:
                        os.waitpid(pid, os.WNOHANG)
                    except ChildProcessError:
                        pass
                elif state_of(pid) != "gone":
                    alive.append(pid)
            if not alive or time.monotonic() > end:
                break
            time.sleep(0.05)
        self.assertEqual([], [cmdline_of(pid) for pid in alive], "processes stayed behind")
        self.assertEqual([], self.runtime_entries(), "a runtime directory or a link beside one stayed behind")
        self.assertEqual([], list((self.dir / "tmp").iterdir()), "temporary files stayed behind")

    # --- definitions ---

    def definition(self, text="", file="m.vmspawn"):
        path = self.dir / file
        path.write_text(f'name = "{self.name}"\n{text}')
        return str(path)

    def linux(self, command="", more="", head='ram = "256M"\nkvm = false\n', console='mode = "read-only"\n', words=""):
        """A definition of the test guest."""
        return self.definition(f'{head}[boot]\nlinux = "{GUESTS}/vmlinuz"\ninitrd = ["{GUESTS}/initrd.img"]\n'
                               f'cmdline = ["quiet", "cryptomgr.notests", "test.cmd={command}"{words}]\n[console]\n{console}{more}')

    def sector(self, which, more="", console='mode = "headless"\n'):
        """A definition that boots a copy of one of the boot sectors with SeaBIOS."""
        image = self.dir / f"{which}.img"
        if not image.exists():
            shutil.copyfile(GUESTS / f"{which}.img", image)
        return self.definition(f'ram = "64M"\nkvm = false\n[image]\npath = "{which}.img"\n[boot]\nfirmware = "bios"\n[console]\n{console}{more}')

    # --- helpers ---

    def fake(self, name, text):
        """A program of this case that comes first on the path."""
        (self.dir / "bin").mkdir(exist_ok=True)
        program = self.dir / "bin" / name
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
        if not self.env["PATH"].startswith(f"{self.dir}/bin:"):
            self.env["PATH"] = f"{self.dir}/bin:{self.env['PATH']}"
        return program

    def use_virtiofsd(self, program):
        descriptors = self.dir / "config/qemu/vhost-user"
        descriptors.mkdir(parents=True, exist_ok=True)
        (descriptors / "10-test.json").write_text(json.dumps({"type": "fs", "binary": str(program)}))
        self.env["XDG_CONFIG_HOME"] = str(self.dir / "config")

    # --- running ---

    def as_user(self):
        """What is started from now on runs as a user that owns this case's directory and has no name."""
        if os.getuid() != 0:
            return
        runtime = self.dir / "runtime"
        runtime.mkdir(mode=0o700)
        self.env |= {"XDG_RUNTIME_DIR": str(runtime), "XDG_CACHE_HOME": str(self.dir / "cache")}
        subprocess.run(["chown", "-R", f"{USER}:{USER}", self.dir], check=True)

    def drop(self):
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(USER)
            os.setuid(USER)

    def ask(self, port):
        """What the guest's server on its port 7000 says; a forward accepts before the guest does, so an empty answer is asked again."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=5) as s:
                    s.settimeout(5)
                    s.sendall(b"hello\n")  # the passt of Debian 12 wants the client to speak first
                    answer = s.recv(100)
                    if answer:
                        return answer
            except OSError:
                pass
            time.sleep(0.1)
        return b""

    TPM = ("--tpm=no",)  # for "run" and "plan"; by default a TPM would be made for each machine and kept, which takes time and is what tpm.py is about

    def with_tpm(self, words):
        return [*words[:1], *self.TPM, *words[1:]] if words[:1] in (("run",), ("plan",)) else list(words)

    def start(self, *words, **options):
        words = self.with_tpm(words)
        env = options.pop("env", self.env)
        options.setdefault("cwd", self.dir)
        run = Run([PROGRAM, *map(str, words)], env, **options)
        self.runs.append(run)
        return run

    def start_passing(self, devices, *words, **options):
        """With descriptors, each of a path under a name, passed as systemd's socket activation does."""
        places = " ".join(f'{3 + i}<>"{path}"' for i, path in enumerate(devices.values()))
        script = f'LISTEN_PID=$$ LISTEN_FDS={len(devices)} LISTEN_FDNAMES={":".join(devices)} exec "$@" {places}'
        options.setdefault("cwd", self.dir)
        run = Run(["sh", "-c", script, "sh", PROGRAM, *map(str, self.with_tpm(words))], options.pop("env", self.env), **options)
        self.runs.append(run)
        return run

    def vmspawn(self, *words, **options):
        """Runs it to its end."""
        patience = options.pop("patience", PATIENCE)
        run = self.start(*words, **options)
        run.status = run.finish(patience)
        return run

    def assert_status(self, expected, run):
        self.assertEqual(expected, run.status if hasattr(run, "status") else run.finish(), run.everything())

    def need_root(self):
        if os.getuid() != 0:
            self.skipTest("needs root")


def main():
    """FILE [CASE]: one case of the calling file, or all. Status 77 when all were skipped, unless nothing may be skipped."""
    names = [f"test_{name}" for name in sys.argv[1:]]
    module = sys.modules["__main__"]
    suite = unittest.TestSuite()
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Case) and value is not Case:
            suite.addTests(value(n) for n in unittest.defaultTestLoader.getTestCaseNames(value) if not names or n in names)
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    if not result.wasSuccessful() or result.testsRun == 0:
        sys.exit(1)
    if len(result.skipped) == result.testsRun:
        print("skipped: " + "; ".join(reason for _, reason in result.skipped))
        sys.exit(1 if os.environ.get("VMSPAWN_NO_SKIP") else 77)
