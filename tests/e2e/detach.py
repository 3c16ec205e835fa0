#!/usr/bin/python3
"""A machine in the background, its console and its logs: run --detach, console, logs."""
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import time

from harness import GUESTS, PATIENCE, PROGRAM, Case, Run, main, state_of

HEAD = 'ram = "128M"\nkvm = false\ntpm.enabled = false\n'
LEAVE = b"\x1d\x1d]"


class Detach(Case):
    def machine(self, command="shell", console="", more="", head=HEAD):
        return self.linux(command, more, head=head, console=console)

    def background(self, *words, **options):
        run = self.vmspawn("run", "--detach", *words, **options)
        self.assert_status(0, run)
        return run

    def facts(self):
        run = self.vmspawn("status", self.name, "--format=json")
        self.assert_status(0, run)
        return json.loads(run.text)

    def console(self, **options):
        view = self.start("console", self.name, **{"terminal": True, **options})
        return view

    def logs(self, *words):
        run = self.vmspawn("logs", self.name, *words)
        self.assert_status(0, run)
        return run.text

    def wait_for_log(self, text):
        end = time.monotonic() + PATIENCE
        while text not in (shown := self.logs()):
            self.assertLess(time.monotonic(), end, f"'{text}' is not in the logs:\n{shown}")
            time.sleep(0.1)

    def end(self):
        pid = self.facts()["processes"]["vmspawn"]
        self.assert_status(0, self.vmspawn("kill", self.name))
        while state_of(pid) not in ("Z", "gone"):
            time.sleep(0.02)
        self.assert_nothing_left()

    def attach_raw(self):
        """A client that reads only when it is asked to."""
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(PATIENCE)
        client.connect(str(self.runtime_directories()[0] / "control"))
        client.sendall(b'{"method":"io.vmspawn.Console.Attach","upgrade":true}\0')
        reply = b""
        while not reply.endswith(b"\0"):
            reply += client.recv(1)
        self.assertEqual({"parameters": {"types": True}}, json.loads(reply[:-1]))
        return client

    def type(self, client, text):
        client.sendall(b"i" + struct.pack("<QI", 0, len(text)) + text)

    # --- in the background ---

    def test_it_outlives_its_terminal(self):
        run = self.start("run", "--detach", self.machine("powerbutton"), terminal=True)
        self.assertEqual(0, run.finish(), run.everything())
        self.assertIn(f"{self.name} is in the background", run.text)
        self.assertIn(f"vmspawn console {self.name}", run.text)
        self.assertTrue(run.text.endswith(f"{self.name}\r\n"), run.text)
        os.close(run.inner)
        os.close(run.terminal)
        self.wait_for_log("T: waiting")
        pid = self.facts()["processes"]["vmspawn"]
        self.assertEqual(pid, os.getsid(pid))
        self.assertEqual(["/dev/null"] * 3, [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in range(3)])
        self.assertNotIn("VMSPAWN_STARTER", pathlib.Path(f"/proc/{self.facts()['processes']['qemu']}/environ").read_text())
        began = time.monotonic()
        self.assert_status(0, self.vmspawn("stop", self.name))
        self.assertLess(time.monotonic() - began, 25, "in order, by the power button")
        self.assert_nothing_left()

    def test_only_the_name_is_on_standard_output(self):
        run = self.background("--quiet", self.machine())
        self.assertEqual((f"{self.name}\n", ""), (run.text, run.errors))
        other = self.vmspawn("run", "--detach", self.machine())
        self.assert_status(16, other)
        self.assertEqual("", other.text)
        self.assertIn(f"could not take the machine name '{self.name}'", other.errors)
        self.end()

    def test_what_fails_before_it_is_ready(self):
        wrong = self.vmspawn("run", "--detach", self.machine(), "--linux=/nonexistent")
        self.assert_status(2, wrong)
        self.assertIn("--linux=/nonexistent", wrong.errors)
        self.assertEqual("", wrong.text)
        self.assert_status(22, self.vmspawn("run", "--detach", self.machine(), "--ram=8Q"))
        bad = self.vmspawn("run", "--detach", self.machine(), "--qemu-arg=-nonsense")
        self.assert_status(5, bad)
        self.assertIn("-nonsense: invalid option", bad.errors)
        self.assertEqual("", bad.text)
        self.assert_nothing_left()

    def waits_for_the_guest(self, *words):
        self.env["PATH"] += f":{GUESTS}"
        run = self.start("run", "--detach", "--vsock=yes", "--vsock-backend=user", *words, self.machine("powerbutton"))
        run.wait_for("once it says that it is ready", "errors")
        return run

    def test_interrupted_before_the_guest_is_ready(self):
        run = self.waits_for_the_guest()
        self.wait_for_log("T: waiting")
        run.kill(signal.SIGINT)
        self.assertEqual(3, run.finish(), run.everything())
        self.assertIn("asked the guest to power off", run.errors)
        self.assertIn("ended before it was ready", run.errors)
        self.assert_nothing_left()

    def test_killed_before_the_guest_is_ready(self):
        run = self.waits_for_the_guest()
        self.wait_for_log("T: waiting")
        run.kill(signal.SIGKILL)
        run.finish()
        self.assert_nothing_left_soon()

    def assert_nothing_left_soon(self):
        end = time.monotonic() + PATIENCE
        while self.runtime_directories() and time.monotonic() < end:
            time.sleep(0.05)
        self.assert_nothing_left()

    def test_not_ready_in_time(self):
        run = self.waits_for_the_guest("--ready-timeout=1s")
        self.assertEqual(110, run.finish(), run.everything())
        self.assertIn("was not ready after 1 s", run.errors)
        self.assertEqual("", run.text)
        self.assert_nothing_left()

    def test_ready_is_not_waited_for_where_the_user_says_so(self):
        self.env["PATH"] += f":{GUESTS}"
        self.background("--vsock=yes", "--vsock-backend=user", "--notify-ready=no", self.machine())
        self.end()

    def test_it_gets_what_was_passed(self):
        run = self.start_passing({"odd": "/dev/null", "odder": "/dev/zero"}, "run", "--detach", self.machine())
        self.assertEqual(0, run.finish(), run.everything())
        for name in ("odd", "odder"):
            self.assertIn(f"the passed descriptor '{name}' is closed", run.errors)
        self.end()

    # --- its console ---

    def test_attach_leave_and_come_back(self):
        self.background(self.machine())
        view = self.console()
        view.wait_for("attached to").wait_for("# ")
        view.send(b"echo typed-$((40+2))\r")
        view.wait_for("typed-42")
        view.send(b"\x1d\x1d?")
        view.wait_for("^]^]] leaves it running")
        view.send(LEAVE)
        self.assertEqual(0, view.finish(), view.everything())
        self.assertIn("which goes on", view.text)
        again = self.console()
        again.wait_for("typed-42").wait_for("T: up")
        self.assertNotIn("\x1b[6n", again.text.split("typed-42")[0], "the guest's old questions are not asked again")
        again.send(b"echo once-$((1+1))\r")
        again.wait_for("once-2")
        again.kill(signal.SIGKILL)
        again.finish()
        last = self.console()
        last.wait_for("once-2")
        last.send(b"poweroff -f\r")
        self.assertEqual(0, last.finish(), last.everything())
        self.assertIn(f"{self.name} has ended", last.text)
        self.assert_nothing_left()

    def test_several_at_once(self):
        self.background(self.machine())
        first, second = self.console(), self.console()
        copy = self.console(terminal=False)
        for view in (first, second):
            view.wait_for("# ")
        first.send(b"echo by-first-$((1+2))\r")
        for view in (first, second, copy):
            view.wait_for("by-first-3")
        second.send(b"echo by-second-$((2+2))\r")
        for view in (first, second, copy):
            view.wait_for("by-second-4")
        self.assertIn("read-only", copy.errors)
        first.send(LEAVE)
        self.assertEqual(0, first.finish())
        second.send(b"\x1d\x1d\x1d")
        for view in (second, copy):
            self.assertEqual(0, view.finish(), view.everything())
        self.assertIn("^] typed three times", second.text)
        self.assertIn(f"{self.name} has ended", copy.errors)
        self.assert_nothing_left()

    def test_beside_the_terminal_that_started_it(self):
        run = self.start("run", self.machine(), terminal=True)
        run.wait_for("# ")
        view = self.console()
        view.wait_for("# ")
        view.send(b"echo from-view-$((1+1))\r")
        for shown in (run, view):
            shown.wait_for("from-view-2")
        run.send(b"echo from-run-$((1+1))\r")
        for shown in (run, view):
            shown.wait_for("from-run-2")
        run.send(LEAVE)
        run.wait_for("one that was started by vmspawn run --detach can be left")
        view.wait_for("can be left")
        run.send(b"\x1d\x1d\x1d")
        self.assertEqual(143, run.finish(), run.everything())
        self.assertEqual(0, view.finish(), view.everything())
        self.assert_nothing_left()

    def test_left_under_a_manager(self):
        """Who is started by a service manager goes on without the terminal."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(self.dir / "manager"))
            run = self.start("run", self.machine(), terminal=True, env={**self.env, "NOTIFY_SOCKET": str(self.dir / "manager")})
            run.wait_for("# ")
            run.send(LEAVE)
            run.wait_for("goes on without this terminal")
            run.kill(signal.SIGHUP)  # as a terminal that closes
            run.send(b"echo unheard-$((1+1))\r")
            view = self.console()
            view.wait_for("# ")
            view.send(b"echo heard-$((1+1))\r")
            view.wait_for("heard-2")
            self.assertNotIn("unheard-2", view.text)
            run.pump(0)
            self.assertNotIn("heard-2", run.text)
            self.assert_status(0, self.vmspawn("kill", self.name))
            self.assertEqual(5, run.finish(), run.everything())
            self.assertEqual(0, view.finish())
        self.assert_nothing_left()

    def test_a_console_that_only_shows(self):
        self.background(self.machine("hang", console='mode = "read-only"\n'))
        view = self.console()
        view.wait_for("T: hanging")
        view.send(b"\x1d\x1d\x1dno key but one")
        view.send(LEAVE)
        self.assertEqual(0, view.finish(), view.everything())
        self.assertIn("read-only", view.text)
        self.end()

    def test_no_console(self):
        self.background(self.machine("hang", console='mode = "headless"\n'))
        view = self.vmspawn("console", self.name)
        self.assert_status(95, view)
        self.assertIn("console.mode", view.errors)
        self.end()

    def test_who_does_not_read_holds_nobody_back(self):
        self.background(self.machine())
        deaf = self.attach_raw()
        self.wait_for_log("# ")
        self.type(deaf, b"stty raw -echo; yes $(seq -s ' ' 1 2000) | head -c 20000000; stty sane; echo; echo poured-$((1+1))\r")
        self.wait_for_log("poured-2")
        size = sum(path.stat().st_size for path in self.runtime_directories()[0].glob("transcript*"))
        self.assertLess(size, 5 << 20)
        self.type(deaf, b"echo still-typing-$((1+1))\r")
        self.wait_for_log("still-typing-2")
        heard = 0
        end = b""
        while b"came faster than they were read" not in end:
            piece = deaf.recv(1 << 20)
            heard += len(piece)
            end = (end + piece)[-4096:]
        self.assertLess(heard, 16 << 20)
        deaf.close()
        self.end()

    # --- its logs ---

    def test_logs(self):
        self.background(self.machine("powerbutton"))
        self.wait_for_log("T: waiting")
        lines = [json.loads(line) for line in self.logs("--format=json").splitlines()]
        waiting = next(line for line in lines if line["text"] == "T: waiting")
        self.assertEqual((self.name, "console"), (waiting["machine"], waiting["source"]))
        self.assertLess(abs(waiting["time"] / 1e6 - time.time()), 60)
        follower = self.start("logs", self.name, "--follow")
        follower.wait_for("T: waiting")
        data = self.start("logs", self.name, "--follow", "--format=json")
        data.wait_for("T: waiting")
        self.assert_status(0, self.vmspawn("stop", self.name))
        self.assertEqual(0, follower.finish(), follower.everything())
        self.assertEqual(0, data.finish(), data.everything())
        self.assertRegex(follower.text, r"(?s)T: waiting\r\n.*vmspawn: SIGTERM: asked the guest to power off.*T: button")
        said = [line for line in map(json.loads, data.text.splitlines()) if line["source"] == "vmspawn"]
        self.assertEqual(["info"], [line["level"] for line in said if "SIGTERM" in line["text"]])
        gone = self.vmspawn("logs", self.name)
        self.assert_status(2, gone)
        self.assertIn("is kept while it runs", gone.errors)
        self.assert_nothing_left()

    def test_logs_do_no_harm_to_a_terminal(self):
        self.background(self.machine())
        view = self.console()
        view.wait_for("# ")
        view.send(b"printf '\\033]0;evil\\007\\033[31mred\\033[0m\\t\\302\\233end\\n'\r")
        view.wait_for("\033[31mred")  # the echo has it in other letters
        view.wait_for("end\r\n")
        view.send(LEAVE)
        view.finish()
        logs = self.start("logs", self.name, terminal=True)
        self.assertEqual(0, logs.finish())
        self.assertIn("\nred\t\\xc2\\x9bend\r\n", logs.text)
        self.assertNotIn("\033", logs.text)
        self.assertIn("\033[31mred\033[0m", self.logs(), "as it was, where no terminal reads")
        self.end()

    def test_logs_of_a_console_that_qemu_writes(self):
        self.background(self.machine("hang", console='mode = "headless"\nlog = "console.txt"\n'))
        self.wait_for_log("T: hanging")
        self.end()

    def test_a_full_runtime_directory_loses_only_lines(self):
        self.need_root()
        script = 'mount -t tmpfs -o size=64k none /run && exec "$@"'
        run = Run(["unshare", "-m", "sh", "-c", script, "sh", PROGRAM, "run", "--tpm=no", self.machine()], self.env, self.dir, terminal=True)
        self.runs.append(run)
        run.wait_for("# ")
        run.send(b"stty raw -echo; yes $(seq -s ' ' 1 2000) | head -c 300000; stty sane; echo; echo poured-$((1+1))\r")
        run.wait_for("poured-2")
        directory = pathlib.Path(f"/proc/{run.pid}/root/run/systemd/vmspawn/{self.name}")
        self.assertLess((directory / "transcript").stat().st_size, 65536)
        enter = ["nsenter", f"--mount=/proc/{run.pid}/ns/mnt", PROGRAM]
        logs = subprocess.run([*enter, "logs", self.name], env=self.env, capture_output=True, timeout=PATIENCE)
        self.assertEqual(0, logs.returncode, logs.stderr)
        self.assertIn(b"T: up", logs.stdout)
        run.send(b"poweroff -f\r")
        self.assertEqual(0, run.finish(), run.everything())
        self.assert_nothing_left()


if __name__ == "__main__":
    main()
