#!/usr/bin/python3
"""argv.py PROGRAM ROOT DIR: QEMU's command line as libvirt writes it for each exported example (DIR/NAME.argv), held against the plan of that
example. What both should give the guest is compared as facts; the differences that there are stand here, each with its reason."""
import json
import pathlib
import re
import shlex
import subprocess
import sys

HOST = "tests/hosts/kvm-root.json"

# Devices that are how things are connected, not what the guest is given.
WIRING = {"pcie-root-port", "virtio-scsi-pci", "virtio-serial-pci", "isa-serial"}

TRANSIENT = {"disks": "libvirt plugs a transient disk in after the start", "devices": "the same", "boot order": "the same"}
DRAWN = {"addresses": "vmspawn derives an address from the host's machine id, libvirt draws one"}

# By example: the facts that differ, and why.
DIFFERENT = {
    "ci": TRANSIENT | DRAWN,
    "cloud": TRANSIENT | DRAWN | {"strings": "a credential of the definition would be printed", "fw_cfg": "as of credentials"},
    "credentials": {"strings": "credentials of a definition would be printed", "fw_cfg": "files go by fw_cfg, as libvirt has no SMBIOS string from a file"},
    "ephemeral": TRANSIENT,
    "hello": {"strings": "a credential of the definition would be printed"},
    "kernel": {"initrd": "libvirt takes one initrd"},
    "lab": DRAWN,
    "mkosi": TRANSIENT | {"strings": "a credential would be printed, and nobody forwards the journal"},
    "profiles": DRAWN,
    "qcow2": {"disks": "libvirt 11 has no NVMe disk", "devices": "the same"},
    "service": {"strings": "nobody forwards the journal"},
    "shares": {"strings": "that hosts is a file only the host knows: vmspawn mounts it in two steps"},
    "user": TRANSIENT | {"strings": "libvirt tells a guest of no user of the host", "tags": "the same"},
}


def options(argv):
    """[(option, value)]; an option without a value has an empty one."""
    found = []
    for word in argv:
        if word.startswith("-") and not (found and found[-1][1] is None and not word[1:2].isalpha()):
            found.append([word.lstrip("-"), None])
        elif found and found[-1][1] is None:
            found[-1][1] = word
    return [(name, value or "") for name, value in found]


def pairs(value):
    """[(name, value)] of driver,a=b,c=d; what has no name is "driver", or else a switch."""
    parts = [part.replace("\0", ",") for part in value.replace(",,", "\0").split(",")]
    return [part.partition("=")[::2] if "=" in part else ("driver" if place == 0 else part, part) for place, part in enumerate(parts)]


def fields(value):
    return json.loads(value) if value.startswith("{") else dict(pairs(value))


def size_of(value):
    text = fields(value)
    text = text.get("size", text.get("driver"))
    return int(text[:-1]) * {"k": 1 << 10, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}[text[-1]]


def without_terminal(text):
    """Which terminal the caller has is nothing that an export could know."""
    return re.sub(r"\bTERM=\S+ systemd\.tty\.term\.\S+ ", "", text)


class CommandLine:
    """What a command line gives the guest. `resolve` turns a file name of it into what stands behind."""

    def __init__(self, argv, resolve=lambda name: name, text_of=lambda path: path):
        self.all = options(argv)
        self.resolve, self.text_of = resolve, text_of

    def of(self, option):
        return [value for name, value in self.all if name == option]

    def first(self, option):
        return next(iter(self.of(option)), "")

    def devices(self):
        return [fields(value) for value in self.of("device")]

    def nodes(self):
        return {node["node-name"]: node for node in map(fields, self.of("blockdev"))}

    def disk(self, device):
        nodes = self.nodes()
        node = nodes[device["drive"]]
        chain = [node]
        while isinstance(chain[-1].get("file"), str):
            chain.append(nodes[chain[-1]["file"]])
        form = next((part["driver"] for part in chain if part["driver"] in ("raw", "qcow2")), "raw")
        return (device["driver"], self.resolve(chain[-1]["filename"]), form, any(part.get("read-only") is True for part in chain),
                chain[-1].get("discard", "ignore") if not any(part.get("read-only") is True for part in chain) else "", device.get("serial"))

    def boot_order(self):
        placed = sorted((int(device["bootindex"]), self.disk(device)[1]) for device in self.devices() if "bootindex" in device)
        return [path for _, path in placed]

    def strings(self):
        values = [pair for value in self.of("smbios") if value.startswith("type=11,") for pair in pairs(value)[1:]]
        return sorted(without_terminal(text if name == "value" else self.text_of(text)) for name, text in values)

    def facts(self):
        machine = fields(self.first("machine"))
        devices = self.devices()
        kinds = sorted(device["driver"] for device in devices if device["driver"] not in WIRING)
        return {
            "machine": re.sub(r"^pc-(q35)-[\d.]+$", r"\1", machine.get("type", machine.get("driver"))),
            "accelerator": fields(self.first("accel"))["driver"],
            "processor": sorted(value.replace("_", "-").removesuffix("=on") for value in self.first("cpu").split(",")),
            "processors": fields(self.first("smp"))["driver"],
            "memory": size_of(self.first("m")),
            "hpet": machine.get("hpet"),
            "sandbox": self.first("sandbox"),
            "firmware": any("pflash" in value for value in self.of("blockdev") + self.of("machine")),
            "kernel": self.resolve(self.first("kernel")),
            "initrd": self.resolve(self.first("initrd")),
            "words": without_terminal(self.first("append")),
            "strings": self.strings(),
            "fw_cfg": sorted(fields(value).get("name", "") for value in self.of("fw_cfg")),
            "devices": kinds,
            "disks": sorted(self.disk(device) for device in devices if "drive" in device),
            "boot order": self.boot_order(),
            "tags": sorted(device["tag"] for device in devices if "tag" in device),
            "addresses": sorted(device["mac"] for device in devices if "mac" in device),
        }


def planned(program, root, example):
    """The command line of the plan, with files in place of descriptors."""
    run = subprocess.run([program, "plan", str(root / "examples" / f"{example}.vmspawn"), f"--host={root / HOST}", "--format=json"],
                         capture_output=True, text=True, cwd=root, check=False)
    if run.returncode:
        sys.exit(f"{example}: no plan\n{run.stderr}")
    resources = {resource["id"]: resource for resource in json.loads(run.stdout)["resources"]}
    argv = resources["qemu"]["action"]["arguments"]
    sets = dict(re.search(r"fd=<(.*):fd>,set=(\d+)", value).groups()[::-1] for name, value in options(argv) if name == "add-fd")

    def resolve(name):
        late = re.fullmatch(r"<(.*):path>", name)
        resource = late.group(1) if late else sets.get(name.removeprefix("/dev/fdset/"), name)
        path = resources.get(resource, {}).get("action", {}).get("path", name)
        return str(root / "examples" / path[2:]) if path.startswith("./") else path

    def text_of(path):
        pieces = resources[re.fullmatch(r"<(.*):path>", path).group(1)]["action"].get("pieces", [])
        return "".join(piece.get("text", "<secret>") for piece in pieces)

    return CommandLine(argv, resolve, text_of).facts()


# Strings by which vmspawn itself talks to the guest while it runs.
OWN_STRINGS = ("io.systemd.credential:vmm.notify_socket", "io.systemd.credential.binary:ssh.", "io.systemd.credential.binary:vmspawn.",
               "io.systemd.credential:systemd.unit-dropin.sshd-vsock@", "io.systemd.credential:ssh.")


def differences(ours, theirs):
    ours["strings"] = [text for text in ours["strings"] if text and not text.startswith(OWN_STRINGS)]
    return {name: (ours[name], theirs[name]) for name in ours if ours[name] != theirs[name]}


def main():
    program, root, work = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    failed = 0
    files = sorted(path for path in work.glob("*.argv") if path.stat().st_size > 1)
    for path in files:
        words = [word for word in shlex.split(path.read_text()) if not re.match(r"^[A-Z_]+=", word)][1:]
        found = differences(planned(program, root, path.stem), CommandLine(words).facts())
        known = DIFFERENT.get(path.stem, {})
        for name, (ours, theirs) in found.items():
            if name not in known:
                failed += 1
                print(f"{path.stem}: {name} differs\n    vmspawn {ours}\n    libvirt {theirs}")
        for name in known:
            if name not in found:
                failed += 1
                print(f"{path.stem}: {name} no longer differs, but argv.py says: {known[name]}")
    print(f"{len(files)} examples, {failed} differences that nobody explains")
    return 1 if failed or len(files) < 10 else 0


if __name__ == "__main__":
    sys.exit(main())
