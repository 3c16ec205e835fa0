#!/usr/bin/python3
"""Does a JSON Schema validator that is not ours judge definitions as `vmspawn check` does?

Usage: schema_agrees.py VMSPAWN [--count=N] [--seed=N]

Three comparisons:
  examples   every examples/*.vmspawn is good to both.
  bad files  what python3-jsonschema refuses of tests/bad/*.vmspawn, `vmspawn check` refuses.
  random     seeded documents made from the schema. Half of them stand in a profile that is not chosen: there no rule between keys
             applies, so both verdicts must be equal. The others stand at the top level: there whatever the validator refuses must be
             refused, and the program may refuse more.
What a schema cannot see is not drawn: 4.0 for an integer, NUL, and a text below a minimum (ram = "1M").
"""
import argparse
import collections
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import tomllib

import jsonschema

TOP = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((TOP / "schema/vmspawn.schema.json").read_text())
BATCH = 250

# Per format: what it looks like, and texts of it. A second statement of language/formats.hpp on purpose, coarser where the texts allow.
SIZE = "".join(rf"(\d+(\.\d+)? ?{unit} ?)?" for unit in "EPTGMK") + r"(\d+B?)?"
EXPLICIT = r"(/|\./|\.\./|~/).*"
FORMATS = {
    "base64": (r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", ["", "AA==", "aGVsbG8="]),
    "cid": (r"[1-9]\d*", []),
    "credential-id": (r"(?!\.\.?$)[ -.0-9;-~]{1,255}", ["ssh.authorized_keys.root", "a b"]),
    "entry-name": (r"[^/\x00-\x1f\x7f]{1,64}", ["lan", "a.b", "x y", "é"]),
    "firmware": ("auto|uefi|bios|none|" + EXPLICIT, ["auto", "bios", "./fw.json"]),
    "firmware-feature": (r"~?[A-Za-z0-9._-]+", ["secure-boot", "~enrolled-keys"]),
    "forward": (r"((\d{1,3}\.){3}\d{1,3}:|\[[0-9a-f:]+\]:)?\d{1,4}:[1-9]\d{0,3}(/udp)?", ["2222:22", "[::1]:0:80", "0.0.0.0:53:53/udp"]),
    "guest-path": (r"/[^\x00]*", ["/", "/work"]),
    "id-shift": (r"\d{1,5}|\d{6}(:[1-9]\d{0,4})?", ["0", "100000", "100000:65536"]),
    "id128": (r"(?=.*[1-9a-fA-F])([0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})",
              ["0123456789abcdef0123456789abcdef", "01234567-89ab-cdef-0123-456789abcdef"]),
    "key-type": (r"[A-Za-z0-9][A-Za-z0-9._@-]*", ["ed25519", "rsa"]),
    "mac": (r"(?!00(:00){5})[0-9a-f][02468ace](:[0-9a-f]{2}){5}", ["52:54:00:12:34:56"]),
    "machine-name": (r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*", ["web", "a-b.c"]),
    "path": (r".+", ["x.raw", "/dev/vda", "~/a b"]),
    "sgr": (r"[0-9;]*", ["", "44", "48;2;0;10;0"]),
    "shell": (EXPLICIT, ["/bin/sh", "~/sh"]),
    "size": (r"(?!$)" + SIZE, ["2G", "1.5G", "1G512M", "1 T", "33554432"]),
    "smbios": (r".+", ["io.systemd.test=1"]),
    "span": (r" *(\d+(\.\d+)? *(min|ms|s|h|d|w|y|us)? *)+|infinity", ["90", "1min 30s", "500ms", "infinity"]),
    "state": ("auto|off|" + EXPLICIT, ["auto", "off", "./tpm"]),
    "text": (r".*", ["", "a text"]),
    "unit-name": (r"[^/\x00-\x1f\x7f]{1,255}", ["machine.slice"]),
    "unit-property": (r"[A-Za-z][A-Za-z0-9]*=.*", ["MemoryMax=4G"]),
    "user-name": (r"[A-Za-z_][A-Za-z0-9_-]{0,30}", ["lennart", "_x"]),
    "want": ("auto|yes|no", ["auto"]),
}
ODD = ["", "8Q", "2 GB", "1g", "maybe", "relative/dir", "off", "yes", "-", "a_b", "..", "é", "☃" * 3, "x" * 70, "y" * 5000, "list", "a\tb", "1:0", "/"]


def checker():
    formats = jsonschema.FormatChecker(formats=())
    for name, (pattern, _) in FORMATS.items():
        compiled = re.compile(pattern, re.DOTALL)
        formats.checks(name)(lambda value, compiled=compiled: not isinstance(value, str) or compiled.fullmatch(value) is not None)
    return formats


VALIDATOR = jsonschema.Draft7Validator(SCHEMA, format_checker=checker())


class Maker:
    """Random values of the schema, with a mistake now and then."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def resolve(self, node):
        if "$ref" in node:
            target = SCHEMA
            for part in node["$ref"][2:].split("/"):
                target = target[part]
            return self.resolve(target)
        merged = {}
        for part in node.get("allOf", []):
            merged.update(self.resolve(part))
        return {**merged, **{key: value for key, value in node.items() if key != "allOf"}}

    def anything(self):
        return self.random.choice([True, False, 0, 1, -1, 7, 2**33, 2**62, 1.5, [], ["a"], [1], {}, {"file": "x"}, {"a": 1}, *ODD])

    def value(self, node, mistakes=0.12):
        if self.random.random() < mistakes:
            return self.anything()
        node = self.resolve(node)
        if "anyOf" in node:
            return self.value(self.random.choice(node["anyOf"]), mistakes)
        if "enum" in node:
            return self.random.choice(node["enum"])
        types = node["type"] if isinstance(node["type"], list) else [node["type"]]
        kind = self.random.choice(types)
        if kind == "boolean":
            return self.random.random() < 0.5
        if kind == "integer":
            low, high = node.get("minimum", 0), min(node.get("maximum", 2**62), 2**62)
            return self.random.choice([low, high, self.random.randint(low, high), low - (self.random.random() < 0.1)])
        if kind == "array":
            return [self.value(node["items"], 0.05) for _ in range(self.random.randrange(3))]
        if kind == "object":
            return self.table(node)
        return self.random.choice((FORMATS[node["format"]][1] if "format" in node else []) or ["word"])

    def name(self, node):
        texts = FORMATS[self.resolve(node)["format"]][1]
        return self.random.choice(texts + (["", "a/b", "a\nb", "n" * 65, ".", ".."] if self.random.random() < 0.1 else []))

    def table(self, node, skip=(), most=3):
        node = self.resolve(node)
        result = {}
        if "propertyNames" in node:
            for _ in range(self.random.randrange(1, 3)):
                result[self.name(node["propertyNames"])] = self.value(node["additionalProperties"], 0.05)
        else:
            names = [name for name in node["properties"] if name not in skip]
            for name in self.random.sample(names, self.random.randrange(1, min(most, len(names)) + 1)):
                result[name] = self.value(node["properties"][name])
            if self.random.random() < 0.05:
                result[self.random.choice(["sorce", "nme", "Ram", "x.y", ""])] = self.anything()
        return result


def toml(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{toml(key)} = {toml(item)}" for key, item in value.items()) + " }"
    return repr(value)


def refused(program, files):
    """Names of the files that `vmspawn check` finds an error in."""
    done = subprocess.run([program, "check", "--format=json", *map(str, files)], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode < 0:
        raise SystemExit(f"{program} died of signal {-done.returncode} over {files[0]} … {files[-1]}")
    problems = collections.defaultdict(list)
    for problem in json.loads(done.stdout)["problems"]:
        if problem["severity"] == "error":
            problems[problem.get("file")].append(problem["summary"])
    return problems


def theirs(text):
    """The first complaint of the other validator, or None. Text that is no TOML is not its business."""
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
    return next((f"{'.'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in VALIDATOR.iter_errors(document)), None)


def files_agree(program):
    wrong = []
    for path in sorted((TOP / "examples").glob("*.vmspawn")):
        complaint, ours = theirs(path.read_text()), refused(program, [path])
        if complaint or ours:
            wrong.append(f"{path.name}: they: {complaint}, we: {dict(ours) or 'fine'}")
    seen = 0
    for path in sorted((TOP / "tests/bad").glob("*.vmspawn")):
        try:
            complaint = theirs(path.read_text())
        except UnicodeDecodeError:
            continue
        seen += complaint is not None
        if complaint and not refused(program, [path]):
            wrong.append(f"{path.name}: they refuse it ({complaint}), we do not")
    print(f"bad files that a schema can see: {seen}")
    return wrong


def random_agree(program, count, seed):
    make, wrong, tally = Maker(seed), [], collections.Counter()
    with tempfile.TemporaryDirectory(prefix="vmspawn-schema-") as directory:
        for start in range(0, count, BATCH):
            texts = {}
            for index in range(start, min(start + BATCH, count)):
                inside = index % 2 == 0
                if inside:
                    profile = make.table(SCHEMA["properties"]["profile"]["additionalProperties"])
                    document = {"image": {"path": "x.raw"}, "profile": {"p": profile}}
                else:
                    document = {"image": {"path": "x.raw"}, **make.table(SCHEMA, skip=("include",))}
                path = pathlib.Path(directory, f"{index}.toml")
                texts[str(path)] = inside, "".join(f"{toml(key)} = {toml(value)}\n" for key, value in document.items())
                path.write_text(texts[str(path)][1])
            ours = refused(program, list(texts))
            for path, (inside, text) in texts.items():
                complaint = theirs(text)
                tally["profile" if inside else "top", "they refuse" if complaint else "they accept", "we refuse" if ours[path] else "we accept"] += 1
                if bool(complaint) != bool(ours[path]) and (complaint or inside):
                    wrong.append(f"{text[:400]}  they: {complaint}\n  we: {ours[path] or 'fine'}")
    for row, number in sorted(tally.items()):
        print(f"{number:6} {', '.join(row)}")
    return wrong


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("program")
    arguments.add_argument("--count", type=int, default=4000)
    arguments.add_argument("--seed", type=int, default=1)
    said = arguments.parse_args()
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    wrong = files_agree(said.program) + random_agree(said.program, said.count, said.seed)
    for each in wrong[:20]:
        print(each, file=sys.stderr)
    if wrong:
        sys.exit(f"{len(wrong)} disagreements (seed {said.seed})")


if __name__ == "__main__":
    main()
