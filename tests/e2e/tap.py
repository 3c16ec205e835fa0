#!/usr/bin/python3
"""The tap interface of a user, by a stand-in for systemd-nsresourced that answers as the one of systemd 262 does. The real one needs a kernel
with the BPF LSM: tests/nested."""
import array
import contextlib
import ctypes
import fcntl
import json
import os
import pathlib
import queue
import re
import shutil
import signal
import socket
import struct
import threading
import time

from harness import GUESTS, PATIENCE, USER, Case, cmdline_of, main

CLONE_NEWNET, CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE = 0x40000000, 0x20000, 4096, 16384, 1 << 18
NS_GET_OWNER_UID = 0xB704
TUNSETIFF, IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x400454CA, 2, 0x1000, 0x4000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
ETH_P_ALL = 3
PATH = "/run/systemd/io.systemd.NamespaceResource"
ERRORS = "io.systemd.NamespaceResource."
libc = ctypes.CDLL(None, use_errno=True)


class Service(threading.Thread):
    """Listens at `path`, in a network namespace of its own, where its interfaces are."""

    def __init__(self, path, refuse):
        super().__init__(daemon=True)
        self.refuse = refuse        # of the end of a method's name and the name that a call has: an error, or nothing
        self.calls = []             # method, parameters, the inode of the user namespace and its owner
        self.names = []             # of the interfaces
        self.frames = queue.SimpleQueue()  # interface, address that sent it
        self.failure = None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        path.chmod(0o666)
        self.ready = threading.Event()
        self.start()
        self.ready.wait()

    def run(self):
        try:
            if libc.unshare(CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "unshare")
            self.ready.set()
            while True:
                client, _ = self.listener.accept()
                with client:
                    self.serve(client)
        except OSError as problem:
            self.failure = problem
            self.ready.set()

    def serve(self, client):
        text, descriptors, _, _ = socket.recv_fds(client, 65536, 4)
        try:
            call = json.loads(text.rstrip(b"\0"))
            space = descriptors[call["parameters"]["userNamespaceFileDescriptor"]]
            owner = array.array("I", [0])
            fcntl.ioctl(space, NS_GET_OWNER_UID, owner)
            self.calls.append((call["method"].rsplit(".", 1)[1], call["parameters"], os.fstat(space).st_ino, owner[0]))
        finally:
            for fd in descriptors:
                os.close(fd)
        refusal = self.refuse(self.calls[-1][0], call["parameters"].get("name", ""))
        if refusal:
            client.sendall(json.dumps({"error": refusal, "parameters": {}}).encode() + b"\0")
        elif call["method"].endswith("RegisterUserNamespace"):
            name = f"{owner[0]}-{call['parameters']['name']}"[:22]
            client.sendall(json.dumps({"parameters": {"name": name}}).encode() + b"\0")
        else:
            name = f"ns-6e6e9949ab{len(self.names):02x}"
            tap = self.make_tap(name)
            reply = {"parameters": {"hostInterfaceName": name, "interfaceFileDescriptor": 0}}
            socket.send_fds(client, [json.dumps(reply).encode() + b"\0"], [tap])
            os.close(tap)

    def make_tap(self, name):
        tap = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TAP | IFF_NO_PI | IFF_VNET_HDR))
        listener = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        flags, = struct.unpack("16xH", fcntl.ioctl(listener, SIOCGIFFLAGS, struct.pack("16sH", name.encode(), 0)))
        fcntl.ioctl(listener, SIOCSIFFLAGS, struct.pack("16sH", name.encode(), flags | IFF_UP))
        listener.bind((name, ETH_P_ALL))
        self.names.append(name)
        threading.Thread(target=self.hear, args=(name, listener), daemon=True).start()
        return tap

    def hear(self, name, listener):
        """What comes out of the interface, until that is gone."""
        try:
            while True:
                frame, (_, _, kind, _, _) = listener.recvfrom(2000)
                if kind != socket.PACKET_OUTGOING:
                    self.frames.put((name, frame[6:12].hex(":")))
        except OSError:
            self.frames.put((name, "gone"))


class Tap(Case):
    def setUp(self):
        super().setUp()
        self.need_root()
        if not os.path.exists("/dev/net/tun"):
            self.skipTest("no /dev/net/tun")

    def host_of(self, service_path):
        """For preexec: a user on a host whose systemd-nsresourced listens at `service_path`; None: there is none."""
        def enter():
            steps = [libc.unshare(CLONE_NEWNS), libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None), libc.mount(b"run", b"/run", b"tmpfs", 0, None)]
            if service_path:
                os.mkdir("/run/systemd")
                pathlib.Path(PATH).touch()
                steps.append(libc.mount(str(service_path).encode(), PATH.encode(), None, MS_BIND, None))
            if any(steps):
                raise OSError(ctypes.get_errno(), "no mount namespace")
            self.drop()
        return enter

    def begin(self, refuse=lambda method, name: None, more="", command="lease"):
        definition = self.linux(command, f'[network.lan]\nkind = "tap"\n{more}')
        self.as_user()
        self.service = Service(self.dir / "nsresourced", refuse)
        return self.start("run", definition, preexec=self.host_of(self.dir / "nsresourced"))

    def frame(self, run):
        """The next that the service saw, as soon as there is one."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.assertIsNone(self.service.failure)
            run.pump(0.1)
            try:
                return self.service.frames.get_nowait()
            except queue.Empty:
                pass
        self.fail("nothing came out of the interface\n" + run.everything())

    def assert_gone(self, run, *names):
        left = set(names)
        while left:
            name, what = self.frame(run)
            if what == "gone":
                left.remove(name)

    def addresses(self, run):
        """Of the guest's cards, as QEMU is told."""
        return re.findall(r'"mac":\s*"([^"]+)"', "\n".join(cmdline_of(run.qemu())))

    def end(self, run):
        run.kill(signal.SIGTERM)
        run.wait_for("asked the guest to power off", where="errors")
        run.kill(signal.SIGTERM)
        self.assert_status(143, run)

    def test_a_user_has_one(self):
        """The guest's frames come out of it, its name is told, and it ends with the machine."""
        run = self.begin()
        run.wait_for("network lan: interface ns-6e6e9949ab00 of this host", "errors")
        addresses = self.addresses(run)
        self.assertEqual([("ns-6e6e9949ab00", addresses[0])], [self.frame(run)])
        (first, registration, space, owner), (second, request, same, _) = self.service.calls
        self.assertEqual(("RegisterUserNamespace", "AddNetworkToUserNamespace", USER, space), (first, second, owner, same))
        self.assertEqual({"name": f"vmspawn-{run.pid}-{self.name}", "mangleName": True, "userNamespaceFileDescriptor": 0}, registration)
        self.assertEqual({"mode": "tap", "userNamespaceFileDescriptor": 0}, request)
        shown = self.vmspawn("status", self.name, preexec=self.host_of(None))
        self.assertIn("ns-6e6e9949ab00", shown.text)
        held = []
        for link in pathlib.Path(f"/proc/{run.pid}/fd").iterdir():
            with contextlib.suppress(OSError):  # closed meanwhile
                held.append(os.readlink(link))
        self.assertIn(f"user:[{space}]", held, "without it, systemd-nsresourced would take the interface back")
        self.assertNotIn("/dev/net/tun", held, "only QEMU has it")
        self.end(run)
        self.assert_gone(run, "ns-6e6e9949ab00")
        self.assert_nothing_left()

    def test_it_is_gone_when_vmspawn_is_killed(self):
        run = self.begin()
        self.frame(run)
        run.kill(signal.SIGKILL)
        run.finish()
        self.assert_gone(run, "ns-6e6e9949ab00")

    def test_each_network_has_one(self):
        """By a user namespace of its own, as a name of the interface comes from that of the namespace; where that is taken, another is."""
        run = self.begin(lambda method, name: ERRORS + "NameExists" if name.endswith("-more") else None, '[network.more]\nkind = "tap"\n', "leases")
        run.wait_for("interface ns-6e6e9949ab00", "errors").wait_for("interface ns-6e6e9949ab01", "errors")
        addresses = self.addresses(run)
        self.assertEqual(2, len(set(addresses)))
        self.assertEqual(5, len(self.service.calls), self.service.calls)
        spaces = {call[2] for call in self.service.calls}
        self.assertEqual(2, len(spaces))
        names = [parameters["name"] for method, parameters, _, _ in self.service.calls if method == "RegisterUserNamespace"]
        self.assertEqual([f"vmspawn-{run.pid}-{self.name}", f"vmspawn-{run.pid}-{self.name}-more"], names[:2])
        self.assertEqual([int(names[2])], [call[2] for call in self.service.calls if call[1].get("name") == names[1]])
        self.end(run)
        self.assert_gone(run, "ns-6e6e9949ab00", "ns-6e6e9949ab01")
        self.assert_nothing_left()

    def assert_refused(self, run, status, *words):
        self.assert_status(status, run)
        self.assertRegex(run.errors, r"could not get a tap interface from systemd-nsresourced \(.*m\.vmspawn:\d+:8, network\.lan\.kind\): ")
        for word in words:
            self.assertIn(word, run.errors)
        self.assertEqual([], self.service.names)
        self.assert_nothing_left()

    def test_a_kernel_without_bpf_lsm_is_said(self):
        self.assert_refused(self.begin(lambda *_: ERRORS + "UserNamespaceInterfaceNotSupported"), 95, "BPF LSM", "UserNamespaceInterfaceNotSupported")

    def test_polkit_refuses_the_interface(self):
        run = self.begin(lambda method, _: "org.varlink.service.PermissionDenied" if method.startswith("Add") else None)
        self.assert_refused(run, 13, "delegate-network-interface")

    def test_nobody_listens(self):
        definition = self.linux("lease", '[network.lan]\nkind = "tap"\n')
        self.as_user()
        self.service = Service(self.dir / "nsresourced", None)
        self.service.listener.shutdown(socket.SHUT_RDWR)
        self.service.join()
        self.service.listener.close()
        run = self.start("run", definition, preexec=self.host_of(self.dir / "nsresourced"))
        self.assert_refused(run, 111, "Connection refused")

    def test_no_service(self):
        definition = self.linux("lease", '[network.lan]\nkind = "tap"\n')
        self.as_user()
        run = self.vmspawn("run", definition, preexec=self.host_of(None))
        self.assert_status(95, run)
        self.assertIn('network.lan.kind = "tap": only root may make network interfaces', run.errors)
        self.assertIn('kind = "user" needs no privilege', run.errors)
        self.assert_nothing_left()

    def test_the_interface_of_a_drawn_name_is_told(self):
        """By root, in a network of its own: the interface has the drawn name, too, cut and with a hash at its end."""
        def enter():
            if libc.unshare(CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "unshare")
        shutil.copyfile(GUESTS / "halt.img", self.dir / f"{self.name}.img")
        run = self.start("run", f"--image={self.name}.img", "-x", "-n", "--firmware=bios", "--ram=64M", "--kvm=no", "--console=headless",
                         "--register=no", "--keep-unit", preexec=enter)
        run.wait_for(" of this host", "errors")
        told = re.search(r"network default: interface (vt-\S+) of this host", run.errors)
        self.assertIsNotNone(told, run.errors)
        there = pathlib.Path(f"/proc/{run.pid}/net/dev").read_text()
        self.assertEqual([told[1]], re.findall(r"^ *(vt-\S+):", there, re.MULTILINE), run.errors)
        [machine] = self.runtime_directories()
        self.assertIn(told[1], self.vmspawn("status", machine.name).text)
        self.end(run)
        self.assert_nothing_left()


if __name__ == "__main__":
    main()
