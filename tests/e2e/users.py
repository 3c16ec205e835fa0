#!/usr/bin/python3
"""Users of the host in the guest. The host's user is one for the test alone: vmspawn sees its own copies of /etc/passwd and its kin."""
import json
import pathlib
import re
import shutil
import subprocess

from harness import GUESTS, PROGRAM, USER, Run, main
from systemd_guest import PATIENCE as LONG, SID, SystemdCase

NAME = "e2e-ann"
PASSWORD = "open sesame"
HASH = "$6$e2esalt$IyurL3ll0vECRrh6apwmmK2mjeLib6cAcIm.Rvtr5EkThqrCn1AE/6nOz8H45k9a74g6rOCTmXSiEWQj5hWJr0"  # of the password, by crypt(3)
WITH_ETC = 'for f in passwd group shadow; do mount --bind "$1/$f" "/etc/$f"; done; shift; exec "$@"'

TINY = f"""chmod 755 / && mkdir /etc
echo "{NAME}::60514:60514::/:/bin/sh" >/etc/passwd
echo "T: owners $(stat -c %u:%g {{0}} {{0}}/from-the-host | tr '\\n' ' ')"
su {NAME} -c 'cat {{0}}/from-the-host; echo by the user >{{0}}/new && mkdir {{0}}/made && rm {{0}}/from-the-host' && echo "T: user wrote"
echo by root >{{0}}/of-root && echo "T: root wrote"
""".replace("{0}", f"/run/vmhost/home/{NAME}")


class Users(SystemdCase):
    made = SID

    def setUp(self):
        super().setUp()
        self.need_root()
        self.add_user(4711, 4712)

    # --- a host with a user of the test's own ---

    def add_user(self, uid, gid):
        self.uid, self.gid = uid, gid
        self.home = self.dir / "home"
        self.home.mkdir(mode=0o700, exist_ok=True)
        (self.home / "from-the-host").write_text("from the host\n")
        subprocess.run(["chown", "-R", f"{uid}:{gid}", self.home], check=True)
        self.etc = self.dir / "etc"
        self.etc.mkdir(exist_ok=True)
        for file, line in (("passwd", f"{NAME}:x:{uid}:{gid}:Ann:{self.home}:/bin/bash"), ("group", f"{NAME}:x:{gid}:"),
                           ("shadow", f"{NAME}:{HASH}:19000:0:99999:7:::")):
            (self.etc / file).write_text(f"{pathlib.Path('/etc', file).read_text().rstrip()}\n{line}\n")
        (self.etc / "shadow").chmod(0o600)

    def start_with_user(self, *words, as_user=False, env=None):
        drop = ["setpriv", f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"] if as_user else []
        command = ["unshare", "--mount", "--propagation=private", "sh", "-ec", WITH_ETC, "sh", str(self.etc), *drop, PROGRAM]
        run = Run([*command, *map(str, self.with_tpm(words))], env or self.env, self.dir)
        self.runs.append(run)
        return run

    def vmspawn_with_user(self, *words, **options):
        """Runs it to its end."""
        run = self.start_with_user(*words, **options)
        run.status = run.finish()
        return run

    def use_rust(self):
        """virtiofsd of the newest Debian, by its own loader and libraries, where any user may read them."""
        tree, own = SID.resolve() / "tree", self.dir / "rust"
        own.mkdir()
        loader, server = own / "ld.so", own / "virtiofsd"
        shutil.copy(tree / "lib64/ld-linux-x86-64.so.2", loader)
        shutil.copy(tree / "usr/libexec/virtiofsd", server)
        libraries = subprocess.run([loader, "--library-path", tree / "usr/lib/x86_64-linux-gnu", "--list", server], capture_output=True,
                                   text=True, check=True).stdout
        for path in re.findall(rf"=> ({tree}/\S+)", libraries):
            shutil.copy(path, own)
        wrapper = own / "start"
        wrapper.write_text(f'#!/bin/sh\nexec {loader} --library-path {own} {server} "$@"\n')
        wrapper.chmod(0o755)
        self.use_virtiofsd(wrapper)

    # --- the home, in a guest of busybox ---

    def tiny(self):
        (self.dir / "work").mkdir()
        (self.dir / "work/test.sh").write_text(TINY)
        return self.linux("smbios,mounts,script", f'[mount.work]\nsource = "work"\ntarget = "/work"\n[users]\nbind = ["{NAME}"]\n')

    def owner(self, name):
        status = (self.home / name).stat()
        return status.st_uid, status.st_gid

    def assert_home_works(self, run, root):
        self.assert_status(0, run)
        self.assertIn("T: owners 60514:60514 60514:60514", run.text, run.everything())
        self.assertIn("from the host", run.text)
        self.assertIn("T: user wrote", run.text, run.everything())
        self.assertIn("T: root wrote", run.text, run.everything())
        self.assertEqual("by the user\n", (self.home / "new").read_text())
        self.assertEqual((self.uid, self.gid), self.owner("new"))
        self.assertEqual((self.uid, self.gid), self.owner("made"))
        self.assertEqual(root, self.owner("of-root"))
        self.assertFalse((self.home / "from-the-host").exists())
        self.assert_nothing_left()

    def test_home_and_records(self):
        run = self.vmspawn_with_user("run", self.tiny(), "--", "test.script=/work/test.sh")
        self.assert_home_works(run, (60514, 60514))
        records = dict(re.findall(r"io\.systemd\.credential:userdb\.transient\.(user|group)\.e2e-ann=(\{.*\})", run.text))
        self.assertEqual({"userName": NAME, "uid": 60514, "gid": 60514, "disposition": "regular", "homeDirectory": f"/run/vmhost/home/{NAME}",
                          "service": "io.systemd.NSpawn", "privileged": {"hashedPassword": [HASH]}}, json.loads(records["user"]))
        self.assertEqual({"groupName": NAME, "gid": 60514, "disposition": "regular", "service": "io.systemd.NSpawn"},
                         json.loads(records["group"]))
        self.assertEqual(f"vmspawn: the guest is told the password hash of {NAME}: whoever controls the guest can read it\n", run.errors)

    def test_home_by_rust(self):
        self.use_rust()
        run = self.vmspawn_with_user("run", self.tiny(), "--", "test.script=/work/test.sh", env={**self.env, "SYSTEMD_LOG_LEVEL": "debug"})
        self.assert_home_works(run, (self.uid, self.gid))
        self.assertNotIn(HASH, run.errors)

    def test_user_binds_themselves(self):
        self.use_rust()
        self.add_user(USER, USER)
        definition = self.tiny()
        self.as_user()
        subprocess.run(["chown", "-R", "0:0", self.etc], check=True)
        run = self.vmspawn_with_user("run", definition, "--", "test.script=/work/test.sh", as_user=True)
        self.assert_home_works(run, (USER, USER))
        self.assertNotIn("hashedPassword", run.text)
        self.assertEqual("", run.errors)

    # --- what is refused, and what is never shown ---

    def test_others_are_refused(self):
        with open(self.etc / "passwd", "a") as passwd:
            passwd.write(f"other-root:x:0:0::{self.home}:/bin/sh\n")
        definition = self.linux("", f'[users]\nbind = ["{NAME}", "other-root", "nobody-has-this-name"]\n')
        run = self.vmspawn_with_user("plan", definition)
        self.assert_status(22, run)
        self.assertIn("users.bind[1]: other-root is another name of root", run.errors)
        self.assertIn("users.bind[2]: the host has no user nobody-has-this-name", run.errors)
        missing = self.vmspawn_with_user("plan", self.linux("", '[users]\nbind = ["nobody-has-this-name"]\n'))
        self.assert_status(2, missing)

    def test_hash_is_in_no_plan_and_no_record(self):
        definition = self.tiny()
        record = self.vmspawn_with_user("host", definition, "--format=json")
        self.assert_status(0, record)
        facts = json.loads(record.text)["users"][NAME]
        self.assertEqual((self.uid, self.gid, len(HASH)), (facts["uid"], facts["gid"], facts["password_bytes"]))
        (self.dir / "host.json").write_text(record.text)
        for form in ("text", "json", "dot"):
            here = self.vmspawn_with_user("plan", definition, f"--format={form}")
            self.assert_status(0, here)
            recorded = self.vmspawn("plan", definition, f"--format={form}", f"--host={self.dir}/host.json")
            self.assertEqual(here.text, recorded.text)
            for text in (record.text, here.text, here.errors):
                self.assertNotIn(HASH.rsplit("$", 1)[1], text)

    # --- a login ---

    def log_in(self, *options, command, password=None):
        """The host's ssh over VSOCK, as the bound user."""
        runtime = self.runtime_directories()[0]
        ask = self.dir / "ask"
        ask.write_text(f"#!/bin/sh\necho '{password}'\n")
        ask.chmod(0o755)
        return subprocess.run(["ssh", "-o", f"ProxyCommand={PROGRAM} ssh-proxy {self.name}", "-o", "ProxyUseFdpass=yes", "-o", "HostKeyAlias=vmspawn",
                               "-o", f"UserKnownHostsFile={runtime}/known_hosts", "-o", "StrictHostKeyChecking=yes", "-o", "IdentitiesOnly=yes",
                               "-o", "NumberOfPasswordPrompts=1", *map(str, options), f"{NAME}@guest", command],
                              env={**self.env, "SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force"}, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=LONG)

    def assert_logs_in(self, file, *options, **more):
        command = f"echo $(id -un) $(id -u) $(id -Gn) $PWD $0; mkdir -p made && echo content >made/{file}"
        done = self.log_in(*options, command=command, **more)
        self.assertEqual((0, f"{NAME} 60514 {NAME} sudo /run/vmhost/home/{NAME} bash\n"), (done.returncode, done.stdout), done.stderr)
        self.assertEqual("content\n", (self.home / "made" / file).read_text())
        self.assertEqual((self.uid, self.gid), self.owner(f"made/{file}"))

    def test_login_by_ssh(self):
        """The newest systemd knows the user by the records alone; sshd takes vmspawn's key, the user's own from the host, and their password."""
        (self.home / ".ssh").mkdir(mode=0o700)
        own = self.dir / "own-key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", own], check=True)
        shutil.copy(f"{own}.pub", self.home / ".ssh/authorized_keys")
        subprocess.run(["chown", "-R", f"{self.uid}:{self.gid}", self.home], check=True)
        self.env["PATH"] += f":{GUESTS}"  # the VSOCK device
        run = self.start_with_user("run", self.definition(
            f'ram = "512M"\nkvm = false\n[console]\nmode = "read-only"\n[image]\ndirectory = "{SID.resolve()}/tree"\nephemeral = true\n'
            f'[boot]\nlinux = "{SID}/vmlinuz"\ninitrd = ["{SID}/initrd.img"]\ncmdline = ["quiet", "cryptomgr.notests"]\n'
            f'[users]\nbind = ["{NAME}"]\nshell = true\ngroups = ["sudo"]\n'))
        run.wait_for("T: multi-user", patience=LONG)
        self.assert_logs_in("vmspawns-key", "-i", self.runtime_directories()[0] / "ed25519")
        self.assert_logs_in("own-key", "-i", own)
        self.assert_logs_in("password", "-o", "PubkeyAuthentication=no", password=PASSWORD)
        self.assertEqual(255, self.log_in("-o", "PubkeyAuthentication=no", command="true", password="wrong").returncode)
        subprocess.run([PROGRAM, "ssh", self.name, "--", "systemctl", "exit", "0"], env=self.env, stdin=subprocess.DEVNULL, timeout=LONG)
        self.assertEqual(0, run.finish(LONG), run.everything())
        self.assert_nothing_left()


if __name__ == "__main__":
    main()
