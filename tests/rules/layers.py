#!/usr/bin/python3
"""Reads the includes of src/ and fails when a folder knows one that stands above it, or a library it must not know."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"

# CONTRIBUTING.md, "Layers": what a folder may include besides itself, and which libraries besides std, fmt and range-v3.
LAYERS = {
    "base": (set(), set()),
    "language": ({"base"}, {"nlohmann"}),
    "model": ({"base"}, set()),
    "config": ({"base", "language", "model"}, {"toml++", "nlohmann"}),
    "host": ({"base"}, {"nlohmann", "blkid"}),
    "plan": ({"base", "model", "host"}, {"nlohmann", "pugixml.hpp"}),
    "run": ({"base", "plan"}, {"nlohmann", "systemd", "libfdisk", "pugixml.hpp"}),
    "export": ({"base", "model"}, {"nlohmann", "pugixml.hpp"}),
    "app": ({"base", "language", "model", "config", "host", "plan", "run", "export"}, {"nlohmann", "systemd"}),
}
LIBRARIES = {"toml++", "nlohmann", "blkid", "pugixml.hpp", "systemd", "libfdisk"}
ONE_FILE_ONLY = {"toml++"}  # a library that a single file hides from all others

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def includes(path):
    return INCLUDE.findall(path.read_text())


def climbs(path, folder):
    may_know, may_use = LAYERS[folder]
    for kind, name in includes(path):
        first = name.split("/")[0]
        if kind == '"':
            if first not in LAYERS:
                yield f"{path.relative_to(ROOT)}: \"{name}\" is not written as \"folder/file.hpp\""
            elif first != folder and first not in may_know:
                yield f"{path.relative_to(ROOT)}: includes {name}: {folder} may not know {first}"
        elif first in LIBRARIES and first not in may_use:
            yield f"{path.relative_to(ROOT)}: includes <{name}>: {folder} may not know {first}"


def cycles(graph):
    """Rings of headers, each found once, by walking depth first."""
    done, ring = set(), []

    def walk(node, trail):
        if node in trail:
            ring.append(" -> ".join(trail[trail.index(node):] + [node]))
        elif node not in done:
            for following in graph.get(node, []):
                walk(following, trail + [node])
            done.add(node)

    for node in graph:
        walk(node, [])
    return ring


def main():
    files = sorted(p for p in SOURCE.rglob("*") if p.suffix in {".cpp", ".hpp"})
    found = []
    for path in files:
        folder = path.relative_to(SOURCE).parts[0]
        if folder not in LAYERS:
            found.append(f"{path.relative_to(ROOT)}: src/{folder} is not a layer")
            continue
        found += climbs(path, folder)
    for library in ONE_FILE_ONLY:
        users = [p for p in files if any(name.split("/")[0] == library for _, name in includes(p))]
        if len(users) > 1:
            found.append(f"{library} is included by more than one file: " + ", ".join(str(p.relative_to(ROOT)) for p in users))
    headers = {str(p.relative_to(SOURCE)): [n for k, n in includes(p) if k == '"'] for p in files if p.suffix == ".hpp"}
    found += ["headers include one another: " + ring for ring in cycles(headers)]
    print("\n".join(found) or f"{len(files)} files keep their layers")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
