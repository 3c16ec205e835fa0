#!/usr/bin/python3
"""schema.py PROGRAM: an independent validator (python3-jsonschema) and vmspawn agree on what the schema can say.

Every example is valid for both; every mistake in tests/bad that a schema can see is seen by both; and thousands of random documents have
the same fate. One difference is known: for JSON Schema 4.0 is an integer, for a definition it is not."""
import functools
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import tomllib

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "schema/vmspawn.schema.json").read_text())
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
DOCUMENTS = 3000

# Summaries of mistakes that a schema can see: keys, types, ranges. Formats (a size, an address) and rules between keys are ours alone.
VISIBLE = re.compile(r"unknown key|cannot be a name in|is an? (string|integer|boolean|list|table)$|is not a table$|is above the maximum \d|"
                     r"is below the minimum \d+$|is below 0$|cannot stand inside a profile")


def problems(program, directory, names):
    """What vmspawn finds, by file."""
    done = subprocess.run([program, "check", "--format=json", *names], cwd=directory, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    found = {name: [] for name in names}
    for problem in json.loads(done.stdout or done.stderr)["problems"]:
        found.setdefault(problem.get("file", ""), []).append(problem["summary"])
    return found


def resolve(node):
    while "$ref" in node or "allOf" in node:
        if "$ref" in node:
            node = functools.reduce(dict.__getitem__, node["$ref"].split("/")[1:], SCHEMA)
        else:
            node = node["allOf"][0]
    return node


def table(dice, node, depth=0):
    """A table with some of the keys of this node of the schema, most of them with values that fit."""
    result = {}
    for key, child in node.get("properties", {}).items():
        if dice.random() < (0.15 if depth else 0.1):
            result[key] = value(dice, child, depth)
    if isinstance(node.get("additionalProperties"), dict) and dice.random() < 0.5:
        result[dice.choice(["a", "lan", "a.b", "x/y", "tab\t"])] = value(dice, node["additionalProperties"], depth)
    if dice.random() < 0.02:
        result[dice.choice(["nonsense", "cpu", "Name", ""])] = 1
    return result


def value(dice, node, depth):
    node = resolve(node)
    if dice.random() < 0.05:
        return dice.choice([True, 1, -7, 99999999, "word", [], ["word"], [1], {}, {"x": "y"}])
    kinds = node.get("type", ["object"] if "properties" in node else ["string"])
    kind = dice.choice(kinds if isinstance(kinds, list) else [kinds])
    if kind == "object":
        return table(dice, node, depth + 1) if depth < 3 else {}
    if kind == "array":
        return [value(dice, node.get("items", {"type": "string"}), depth + 1) for _ in range(dice.randrange(3))]
    if "enum" in node:
        return dice.choice(node["enum"])
    if kind == "integer":
        return dice.choice([node.get("minimum", 0), node.get("maximum", 9), node.get("minimum", 0) + 1])
    return {"boolean": dice.random() < 0.5}.get(kind, dice.choice(["auto", "./x", "name", "8G", "a" * 70]))


def toml(item):
    if isinstance(item, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in item.items()) + " }"
    if isinstance(item, list):
        return "[" + ", ".join(map(toml, item)) + "]"
    return json.dumps(item)


def document(dice):
    """Always with a kernel, so that a document without a mistake is one without a message."""
    keys = table(dice, SCHEMA)
    if isinstance(keys.setdefault("boot", {}), dict):
        keys["boot"].setdefault("linux", "vmlinuz")
        keys["boot"].setdefault("initrd", ["initrd.img"])
    return "".join(f"{json.dumps(key)} = {toml(item)}\n" for key, item in keys.items())


def disagreements(program, directory, names):
    ours = problems(program, directory, names)
    for name in names:
        try:
            parsed = tomllib.loads(pathlib.Path(directory, name).read_bytes().decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
            continue
        theirs = [error.message for error in VALIDATOR.iter_errors(parsed)]
        visible = [summary for summary in ours[name] if VISIBLE.search(summary)]
        if theirs and not ours[name]:
            yield f"{name}: only the other validator objects: {theirs[0]}"
        if visible and not theirs:
            yield f"{name}: only vmspawn objects: {visible[0]}"


def main():
    program = sys.argv[1]
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    found = []
    for path in sorted((ROOT / "examples").glob("*.vmspawn")):
        found += [f"{path.name}: {error.message}" for error in VALIDATOR.iter_errors(tomllib.loads(path.read_text()))]
    found += disagreements(program, ROOT / "tests/bad", sorted(p.name for p in (ROOT / "tests/bad").glob("*.vmspawn")))
    with tempfile.TemporaryDirectory() as directory:
        dice = random.Random(20240229)
        for number in range(DOCUMENTS):
            pathlib.Path(directory, f"{number}.vmspawn").write_text(document(dice))
        names = [f"{n}.vmspawn" for n in range(DOCUMENTS)]
        for line in disagreements(program, directory, names):
            name = line.split(":")[0]
            found.append(line + "\n" + pathlib.Path(directory, name).read_text())
    print("\n".join(found) or f"both agree on the examples, the bad files and {DOCUMENTS} random documents")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
