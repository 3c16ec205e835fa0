#!/usr/bin/python3
"""program.py WHAT PROGRAM: rules about the built program and the documents that speak of it."""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERBS = ["run", "check", "show", "explain", "plan", "host", "init", "timeline", "schema", "completion"]


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    return done.returncode, done.stdout + done.stderr


def help_fits(program):
    """Every help text fits 80 columns and comes with status 0."""
    for words in [["--help"]] + [[verb, "--help"] for verb in VERBS]:
        status, text = output(program, *words)
        if status != 0 or not text.strip():
            yield f"vmspawn {' '.join(words)}: status {status}"
        for line in text.splitlines():
            if len(line) > 80:
                yield f"vmspawn {' '.join(words)}: {len(line)} columns: {line}"


def readme_holds(program):
    """The README's definitions are valid, and so is every example."""
    blocks = re.findall(r"```toml\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    if not blocks:
        yield "README.md shows no definition"
    with tempfile.TemporaryDirectory() as directory:
        for number, block in enumerate(blocks):
            path = pathlib.Path(directory, f"readme{number}.vmspawn")
            path.write_text(block)
            status, text = output(program, "check", str(path))
            if status != 0 or text:
                yield f"README.md, definition {number + 1}: status {status}\n{text}"
    for path in sorted((ROOT / "examples").glob("*.vmspawn")):
        status, text = output(program, "check", str(path))
        if status != 0 or text:
            yield f"{path.relative_to(ROOT)}: status {status}\n{text}"


def documents_name_real_flags(program):
    """No document speaks of a flag that the program does not have."""
    texts = "\n".join(output(program, *words)[1] for words in [["--help"]] + [[verb, "--help"] for verb in VERBS])
    known = set(re.findall(r"--[a-z][a-z0-9-]*", texts))
    for name in ["README.md", "CONTRIBUTING.md"]:
        for command in re.findall(r"`?\bvmspawn ((?:[a-z]+ )?[^`\n|]*)", (ROOT / name).read_text()):
            for flag in re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", command):
                if flag not in known:
                    yield f"{name}: vmspawn has no {flag}"


def hardened(program):
    """A position-independent program whose tables are read-only, whose stack is guarded and whose libc calls are checked."""
    _, head = output("readelf", "-hldW", program)
    _, symbols = output("readelf", "--dyn-syms", "-W", program)
    if not re.search(r"Type:\s+DYN", head):
        yield "not position-independent"
    if "GNU_RELRO" not in head or not re.search(r"BIND_NOW|Flags:.*NOW", head):
        yield "not RELRO with immediate binding"
    if re.search(r"GNU_STACK.*RWE", head):
        yield "the stack is executable"
    if "__stack_chk_fail" not in symbols:
        yield "no stack protector"
    if not re.search(r"__\w+_chk\b", symbols.replace("__stack_chk_fail", "")):
        yield "no fortified call"


RULES = {"help": help_fits, "readme": readme_holds, "flags": documents_name_real_flags, "hardening": hardened}


def main():
    found = list(RULES[sys.argv[1]](sys.argv[2]))
    print("\n".join(found) or "holds")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
