#!/usr/bin/python3
"""Sizes that a reader can hold: functions, files, headers; and no mutable variable at namespace scope."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILE, HEADER, FUNCTION, MOST_FUNCTIONS, TEST_FILE = 400, 150, 80, 40, 400


def sources(*folders):
    return sorted(p for f in folders for p in (ROOT / f).rglob("*") if p.suffix in {".cpp", ".hpp", ".h"})


def tags(files, kinds):
    """(path, name, first line, last line, text of the first line) of each tag, from universal-ctags."""
    command = ["ctags", "-f", "-", "--languages=C++", "--langmap=C++:.cpp.hpp.h", f"--kinds-C++={kinds}", "--fields=ne", "--excmd=number"]
    output = subprocess.run(command + [str(f) for f in files], check=True, capture_output=True, text=True).stdout
    for row in output.splitlines():
        name, path, *rest = row.split("\t")
        numbers = dict(field.split(":", 1) for field in rest if re.match(r"(line|end):\d+$", field))
        first = int(numbers["line"])
        yield pathlib.Path(path), name, first, int(numbers.get("end", first))


def file_sizes():
    for path in sources("src", "tests"):
        lines = len(path.read_text().splitlines())
        limit = HEADER if path.suffix in {".hpp", ".h"} else FILE
        if lines > limit:
            yield f"{path.relative_to(ROOT)}: {lines} lines, the limit is {limit}"


def function_sizes():
    functions = [(last - first + 1, path, name, first) for path, name, first, last in tags(sources("src"), "f")]
    if not functions:
        return
    functions.sort(key=lambda f: f[0])
    for size, path, name, first in functions:
        if size > FUNCTION:
            yield f"{path.relative_to(ROOT)}:{first}: {name} has {size} lines, the limit is {FUNCTION}"
    at_ninety = functions[int(len(functions) * 0.9)][0] if len(functions) > 1 else functions[0][0]
    if at_ninety > MOST_FUNCTIONS:
        yield f"one function in ten has more than {at_ninety - 1} lines; nine in ten should have at most {MOST_FUNCTIONS}"
    print(f"{len(functions)} functions: median {functions[len(functions) // 2][0]} lines, nine in ten at most {at_ninety},"
          f" the longest {functions[-1][0]} ({functions[-1][2]})")


def mutable_variables():
    for path, name, first, last in tags(sources("src"), "v"):
        lines = path.read_text().splitlines()
        # a declaration may begin lines above its name: take all since the end of the one before
        start = first - 1
        while start > 0 and not re.search(r"[;{}]\s*(//.*)?$|^\s*(//|#|$)", lines[start - 1]):
            start -= 1
        text = " ".join(lines[start:first])
        if not re.search(r"\b(const|constexpr)\b", text.split("=")[0]) and not text.lstrip().startswith("extern"):
            yield f"{path.relative_to(ROOT)}:{first}: {name} is a mutable variable at namespace scope"


def main():
    found = [*file_sizes(), *function_sizes(), *mutable_variables()]
    print("\n".join(found) or "all within the budgets")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
