#!/usr/bin/python3
"""The top of the tree stays short, every example names its schema, and scripts say which interpreter they want."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOP = {"CMakeLists.txt", "CMakePresets.json", "CONTRIBUTING.md", "LICENSE", "README.md", "completions", "examples", "man", "schema", "src", "tests"}


def tracked():
    listing = subprocess.run(["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"],
                             capture_output=True, text=True, check=True)
    return [pathlib.PurePath(line) for line in listing.stdout.splitlines() if (ROOT / line).exists()]


def main():
    files = tracked()
    found = [f"{name} does not belong at the top of the tree" for name in sorted({p.parts[0] for p in files}) if name not in TOP and name[0] != "."]
    found += [f"{name} is missing" for name in sorted(TOP) if not (ROOT / name).exists()]
    for path in files:
        text = (ROOT / path).read_bytes()
        if path.suffix == ".vmspawn" and path.parts[0] == "examples" and not text.startswith(b"#:schema ../schema/vmspawn.schema.json\n"):
            found.append(f"{path}: the first line should be #:schema ../schema/vmspawn.schema.json")
        if (ROOT / path).stat().st_mode & 0o100 and not text.startswith(b"#!"):
            found.append(f"{path}: is executable without #!")
        if path.suffix in {".cpp", ".hpp", ".py", ".txt", ".md"} and path.parts[:2] != ("tests", "bad") and b"TO" + b"DO" in text:
            found.append(f"{path}: says TO" + "DO")
    print("\n".join(found) or f"{len(files)} files in order")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
