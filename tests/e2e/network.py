#!/usr/bin/python3
"""User-mode networks, by passt and by QEMU itself."""
import contextlib
import ctypes
import os
import re
import signal
import socket
import subprocess
import threading
import time

from harness import PATIENCE, Case, children_of, free_port, has_ended, main, program_of

CLONE_NEWNET = 0x40000000


def free_ports(count):
    """The first of so many free ports in a row."""
    while True:
        first = free_port()
        with contextlib.ExitStack() as held:
            try:
                for port in range(first, first + count):
                    held.enter_context(socket.socket()).bind(("127.0.0.1", port))
                return first
            except (OSError, OverflowError):
                continue


class Network(Case):
    def good_passt(self):
        """This system's may be one that an automatic backend leaves alone: let it say that it is newer."""
        self.fake("passt", '[ "$1" != --version ] || { echo "passt 2026_01_01"; exit; }\nexec /usr/bin/passt "$@"')

    def definition_with(self, *forwards, command="network,hang", backend="auto", more="", words=""):
        texts = ", ".join(f'"{forward}"' for forward in forwards)
        return self.linux(command, f'[network.default]\nkind = "user"\nbackend = "{backend}"\nforward = [{texts}]\n{more}', words=words)

    def passt_of(self, run):
        """Its pid."""
        found = [pid for pid in children_of(run.pid) if os.path.basename(program_of(pid)).startswith("passt")]
        self.assertEqual(1, len(found), run.everything())
        return found[0]

    def has_passt(self, run):
        return any(os.path.basename(program_of(pid)).startswith("passt") for pid in children_of(run.pid))

    def end(self, run):
        run.kill(15)
        run.wait_for("asked the guest to power off", where="errors")  # two signals at once would be one
        run.kill(15)
        self.assert_status(143, run)
        self.assert_nothing_left()

    def ask_udp(self, port):
        """A datagram may be lost, or come before the guest's server."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with socket.socket(type=socket.SOCK_DGRAM) as s:
                s.settimeout(1)
                s.sendto(b"marco", ("127.0.0.1", port))
                try:
                    return s.recv(100)
                except OSError:
                    pass
        return b""

    def forwards_by(self, backend):
        one, many, udp = free_port(), free_ports(3), free_port()
        run = self.start("run", self.definition_with(f"{one}:7000", f"{many}-{many + 2}:7100-7102", "0:7101", f"{udp}:7200/udp", "0:7201/udp",
                                                     command="network,servers,hang", backend=backend))
        run.wait_for("T: hanging")
        self.assertNotIn("no lease", run.text)
        self.assertEqual(backend == "passt", self.has_passt(run))
        self.assertEqual(b"pong from the guest\n", self.ask(one), run.everything())
        for n in range(3):
            self.assertEqual(b"port %d\n" % (7100 + n), self.ask(many + n), run.everything())
        self.assertEqual(b"7200 marco", self.ask_udp(udp), run.everything())
        picked = re.findall(r"forward default(/udp)?: 127\.0\.0\.1:(\d+) -> guest (\d+)", run.errors)
        self.assertEqual(["7101", "7201"], [guest for _, _, guest in picked], run.everything())
        self.assertEqual(b"port 7101\n", self.ask(int(picked[0][1])), run.everything())
        self.assertEqual(b"7201 marco", self.ask_udp(int(picked[1][1])), run.everything())
        self.end(run)

    def test_forwards_by_passt(self):
        self.forwards_by("passt")

    def test_forwards_by_qemu(self):
        self.forwards_by("qemu")

    def test_passt_of_a_user(self):
        port = free_port()
        definition = self.definition_with(f"{port}:7000", backend="passt")
        self.as_user()
        run = self.start("run", definition, preexec=self.drop)
        run.wait_for("T: hanging")
        self.assertTrue(self.has_passt(run), run.everything())
        self.assertEqual(b"pong from the guest\n", self.ask(port), run.everything())
        self.end(run)

    def test_low_port_of_a_user_is_said(self):
        definition = self.definition_with("80:7000")
        self.as_user()
        run = self.vmspawn("run", definition, preexec=self.drop)
        self.assert_status(13, run)
        self.assertRegex(run.errors, r"could not use port 80 of 127\.0\.0\.1 \(.*network\.default\.forward\[0\]\): Permission denied")
        self.assert_nothing_left()

    def test_the_guest_reaches_the_host(self):
        """At 10.0.2.2, what listens on this host's loopback."""
        for backend in ("passt", "qemu"):
            with socket.create_server(("127.0.0.1", 0)) as server:
                def answer():
                    with server.accept()[0] as client:
                        client.sendall(b"hello from the host")
                listener = threading.Thread(target=answer)
                listener.start()
                run = self.vmspawn("run", self.definition_with(command="network,ask", backend=backend,
                                                               words=f', "test.ask=10.0.2.2:{server.getsockname()[1]}"'))
                self.assert_status(0, run)
                self.assertIn("T: answer hello from the host", run.text)
                listener.join()

    def test_an_old_passt_is_left_alone(self):
        self.fake("passt", "echo 'passt unknown version'")
        plan = self.vmspawn("plan", self.definition_with("0:7000"))
        self.assertIn("network default by QEMU itself because this passt lets connections hang", plan.text)
        self.assertIn("-netdev user,", plan.text)

    def test_without_passt(self):
        (self.dir / "path").mkdir()
        (self.dir / "path/qemu-system-x86_64").symlink_to("/usr/bin/qemu-system-x86_64")
        self.env["PATH"] = str(self.dir / "path")
        port = free_port()
        definition = self.definition_with(f"{port}:7000")
        plan = self.vmspawn("plan", definition)
        self.assertIn("network default by QEMU itself because passt is not installed and network.default.backend = auto", plan.text)
        run = self.start("run", definition)
        run.wait_for("T: hanging")
        self.assertFalse(self.has_passt(run))
        self.assertEqual(b"pong from the guest\n", self.ask(port), run.everything())
        self.end(run)
        refused = self.vmspawn("run", self.definition_with(backend="passt"))
        self.assertEqual(95, refused.status)
        self.assertIn('network.default.backend = "passt": passt is not installed', refused.errors)

    def test_passt_that_does_not_run(self):
        """QEMU takes over, unless passt was asked for."""
        self.fake("passt", "echo 'no user namespaces here' >&2; exit 1")
        port = free_port()
        run = self.start("run", self.definition_with(f"{port}:7000"))
        run.wait_for("T: hanging")
        self.assertIn("no user namespaces here", run.errors)
        self.assertIn("QEMU starts once more, and carries the network itself", run.errors)
        self.assertEqual(b"pong from the guest\n", self.ask(port), run.everything())
        self.end(run)
        refused = self.vmspawn("run", self.definition_with(f"{port}:7000", backend="passt"))
        self.assert_status(5, refused)
        self.assertIn("no user namespaces here", refused.errors)
        self.assertIn("network.default.backend", refused.errors)
        self.assert_nothing_left()

    def test_passt_ends_before_the_machine(self):
        self.good_passt()
        run = self.start("run", self.definition_with(f"{free_port()}:7000"))
        run.wait_for("T: hanging")
        os.kill(self.passt_of(run), signal.SIGKILL)
        self.assert_status(5, run)
        self.assertRegex(run.errors, r"net\.default\.passt .*was killed by SIGKILL; the guest cannot go on without it")
        self.assert_nothing_left()

    def test_last_words_of_passt_are_shown(self):
        real = "/usr/bin/passt"
        self.fake("passt", f'"{real}" "$@" & helper=$!\n'
                           'trap \'kill $helper; echo "the cable broke" >&2; exit 3\' TERM\nwait $helper')
        run = self.start("run", self.definition_with(backend="passt"))
        run.wait_for("T: hanging")
        shell = [pid for pid in children_of(run.pid) if program_of(pid) == "/bin/sh"]
        os.kill(shell[0], signal.SIGTERM)
        self.assert_status(5, run)
        self.assertIn("ended with status 3; the guest cannot go on without it", run.errors)
        self.assertIn("the cable broke", run.errors)
        self.assert_nothing_left()

    def test_killed_vmspawn_leaves_no_passt(self):
        port = free_port()
        run = self.start("run", self.definition_with(f"{port}:7000", backend="passt"))
        run.wait_for("T: hanging")
        self.assertTrue(self.has_passt(run))
        run.kill(signal.SIGKILL)
        run.finish()
        end = time.monotonic() + 20
        while not all(has_ended(pid) for pid in children_of(os.getpid())) and time.monotonic() < end:
            time.sleep(0.1)
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.1", port))  # nobody has it any more
        # the next start sweeps the runtime directory
        self.assert_status(0, self.vmspawn("run", self.sector("poweroff")))
        self.assert_nothing_left()

    def test_port_in_use_names_its_holder(self):
        for backend in ("passt", "qemu"):
            for kind, suffix in ((socket.SOCK_STREAM, ""), (socket.SOCK_DGRAM, "/udp")):
                with socket.socket(type=kind) as s:
                    s.bind(("127.0.0.1", 0))
                    port = s.getsockname()[1]
                    if kind == socket.SOCK_STREAM:
                        s.listen()
                    run = self.vmspawn("run", self.definition_with(f"{port}:7000{suffix}", backend=backend))
                self.assert_status(16, run)
                self.assertRegex(run.errors, rf"could not use (UDP )?port {port} of 127\.0\.0\.1 \(.*network\.default\.forward\[0\]\): "
                                             rf"in use by python3[^ ]*, pid {os.getpid()}")
                self.assert_nothing_left()

    def test_one_busy_port_of_a_range_is_named(self):
        first = free_ports(3)
        with socket.create_server(("127.0.0.1", first + 1)):
            run = self.vmspawn("run", self.definition_with(f"{first}-{first + 2}:7000-7002"))
        self.assert_status(16, run)
        self.assertRegex(run.errors, rf"could not use ports {first}-{first + 2} of .*: port {first + 1} is in use by python3[^ ]*, pid {os.getpid()}")

    def test_two_networks(self):
        """Each has addresses of its own, and a forward of each reaches the guest."""
        one, two = free_port(), free_port()
        self.good_passt()
        run = self.start("run", self.definition_with(f"{one}:7100", command="leases,servers,hang",
                                                     more=f'[network.lab]\nbackend = "qemu"\nforward = ["{two}:7101"]\n'))
        run.wait_for("T: hanging")
        self.assertIn("10.0.2.15 10.0.2.2", run.text)
        self.assertIn("10.0.3.15 10.0.3.2", run.text)
        self.assertEqual(b"port 7100\n", self.ask(one), run.everything())
        self.assertEqual(b"port 7101\n", self.ask(two), run.everything())
        self.end(run)

    def test_a_host_without_a_way_out(self):
        """passt copies nothing from a host that has no address but its own."""
        self.need_root()

        def alone():
            if ctypes.CDLL(None).unshare(CLONE_NEWNET) != 0:
                os._exit(99)
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)

        run = self.start("run", self.definition_with("8080:7100", backend="passt", command="leases,servers,hang"), preexec=alone)
        run.wait_for("T: hanging")
        self.assertIn("10.0.2.15 10.0.2.2", run.text)
        end = time.monotonic() + 30
        answer = ""
        while not answer and time.monotonic() < end:  # the guest's server may still be on its way
            asked = subprocess.run(["nsenter", f"--net=/proc/{run.pid}/ns/net", "/usr/bin/python3", "-c",
                                    "import socket; s = socket.create_connection(('127.0.0.1', 8080), 5); s.sendall(b'hello\\n'); print(s.recv(100).decode(), end='')"],
                                   capture_output=True, text=True, timeout=60)
            answer = asked.stdout
        self.assertEqual("port 7100\n", answer, asked.stderr + run.everything())
        self.end(run)

    def test_no_network_without_a_table(self):
        run = self.vmspawn("run", self.linux("network"))
        self.assert_status(0, run)
        self.assertIn("T: network none", run.text)

    def test_address_is_stable(self):
        """The same name has the same address on the same machine, another name another one."""
        seen = []
        for name in [self.name, self.name, self.name + "x"]:
            run = self.vmspawn("run", self.definition_with("0:7000", command="network"), f"--machine={name}")
            self.assert_status(0, run)
            seen.append(re.search(r"T: network \w+ (\S+)", run.text).group(1))
        self.assertEqual(seen[0], seen[1])
        self.assertNotEqual(seen[0], seen[2])


if __name__ == "__main__":
    main()
