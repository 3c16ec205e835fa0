#!/usr/bin/python3
"""User-mode networks."""
import re
import socket

from harness import Case, free_port, main


class Network(Case):
    def definition_with(self, forward, command="network,hang"):
        return self.linux(command, f'[network.default]\nkind = "user"\nforward = ["{forward}"]\n')

    def end(self, run):
        run.kill(15)
        run.wait_for("asked the guest to power off", where="errors")  # two signals at once would be one
        run.kill(15)
        self.assert_status(143, run)
        self.assert_nothing_left()

    def test_forward(self):
        port = free_port()
        run = self.start("run", self.definition_with(f"{port}:7000"))
        run.wait_for("T: hanging")
        self.assertEqual(b"pong from the guest\n", self.ask(port), run.everything())
        self.end(run)

    def test_forward_picks_a_port(self):
        run = self.start("run", self.definition_with("0:7000"))
        run.wait_for("T: hanging")
        port = re.search(r"127\.0\.0\.1:(\d+)", run.errors)
        self.assertTrue(port and int(port.group(1)) > 0, run.everything())
        self.assertEqual(b"pong from the guest\n", self.ask(int(port.group(1))), run.everything())
        self.end(run)

    def test_port_in_use_is_said(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen()
            run = self.vmspawn("run", self.definition_with(f"{s.getsockname()[1]}:7000"))
        self.assertNotEqual(0, run.status)
        self.assertRegex(run.errors, r"(?i)forward|address already in use")
        self.assert_nothing_left()

    def test_no_network_without_a_table(self):
        run = self.vmspawn("run", self.linux("network"))
        self.assert_status(0, run)
        self.assertIn("T: network none", run.text)

    def test_address_is_stable(self):
        """The same name has the same address on the same machine, another name another one."""
        seen = []
        for name in [self.name, self.name, self.name + "x"]:
            run = self.vmspawn("run", self.definition_with("0:7000", "network"), f"--machine={name}")
            self.assert_status(0, run)
            seen.append(re.search(r"T: network \w+ (\S+)", run.text).group(1))
        self.assertEqual(seen[0], seen[1])
        self.assertNotEqual(seen[0], seen[2])


if __name__ == "__main__":
    main()
