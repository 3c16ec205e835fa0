#!/usr/bin/python3
"""check.py PROGRAM NODE_MODULES: what editors make of the schema, by the two programs that they use for TOML. taplo and tombi accept every
example and refuse every bad file whose mistake a schema can see; tombi's language server offers keys and values, and tells what a key means."""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/rules"))
from schema import SCHEMA, VISIBLE, problems  # noqa: E402

HEAD = "#:schema ../schema/vmspawn.schema.json\n"


class Server:
    """tombi as an editor starts it."""

    def __init__(self, program, folder):
        self.process = subprocess.Popen([program, "lsp", "--offline"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.calls = 0
        self.ask("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": {}})
        self.send({"method": "initialized", "params": {}})

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def receive(self):
        size = 0
        while (line := self.process.stdout.readline()) != b"\r\n":
            if not line:
                sys.exit("the language server has gone")
            name, _, value = line.partition(b":")
            size = int(value) if name.lower() == b"content-length" else size
        return json.loads(self.process.stdout.read(size))

    def ask(self, method, params):
        self.calls += 1
        self.send({"id": self.calls, "method": method, "params": params})
        return self.wait(lambda message: message.get("id") == self.calls and "method" not in message).get("result")

    def wait(self, is_wanted):
        while not is_wanted(message := self.receive()):
            if "method" in message and "id" in message:  # it asks the editor something
                self.send({"id": message["id"], "result": None})
        return message

    def open(self, path, text):
        """Until it has said what it thinks of the file: before, it may not have read the schema."""
        self.send({"method": "textDocument/didOpen",
                   "params": {"textDocument": {"uri": path.as_uri(), "languageId": "toml", "version": 1, "text": text}}})
        self.wait(lambda message: message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == path.as_uri())

    def at(self, method, path, line, column):
        return self.ask(f"textDocument/{method}", {"textDocument": {"uri": path.as_uri()}, "position": {"line": line, "character": column}})

    def offers(self, path, line, column):
        found = self.at("completion", path, line, column) or []
        return {item["label"].strip('"') for item in (found["items"] if isinstance(found, dict) else found)}

    def end(self):
        self.process.kill()
        self.process.wait()


def refuses(command, *paths):
    return subprocess.run([*command, *paths], capture_output=True, stdin=subprocess.DEVNULL).returncode != 0


def judged(command, paths):
    """The files that a linter refuses; it is asked about each alone, as not all of them say a name."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return [path.name for path, refused in zip(paths, pool.map(lambda path: refuses(command, path), paths)) if refused]


def bad_files(program):
    """Those of tests/bad with a mistake that a schema sees, and no syntax error, which would tell nothing about the schema."""
    bad = ROOT / "tests/bad"
    names = sorted(path.name for path in bad.glob("*.vmspawn"))
    return [bad / name for name, found in problems(program, bad, names).items() if any(VISIBLE.search(summary) for summary in found)]


def lint(program, modules, folder):
    (folder / "schema").mkdir()
    (folder / "schema/vmspawn.schema.json").write_text(json.dumps(SCHEMA))
    good, bad = folder / "examples", folder / "bad"
    good.mkdir()
    bad.mkdir()
    for path in sorted((ROOT / "examples").glob("*.vmspawn")):
        (good / f"{path.stem}.toml").write_text(path.read_text())
    for path in bad_files(program):
        (bad / f"{path.stem}.toml").write_bytes(HEAD.encode() + path.read_bytes())
    linters = {"tombi": [modules / "@tombi-toml/cli-linux-x64/tombi", "lint", "--offline"],
               "taplo": [modules / ".bin/taplo", "lint", "--schema", (folder / "schema/vmspawn.schema.json").as_uri()]}
    for name, command in linters.items():
        if refuses(command, *sorted(good.iterdir())):
            yield from (f"{name} refuses the example {example}" for example in judged(command, sorted(good.iterdir())))
        refused = judged(command, sorted(bad.iterdir()))
        yield from (f"{name} accepts {path.name}" for path in sorted(bad.iterdir()) if path.name not in refused)
    if len(list(bad.iterdir())) < 10:
        yield "tests/bad has hardly a mistake that a schema sees"


def edit(modules, folder):
    server = Server(modules / "@tombi-toml/cli-linux-x64/tombi", folder)
    try:
        path = folder / "examples/edited.toml"
        text = HEAD + "\nram = \"1G\"\n\n[console]\nmode = \"\"\n"
        path.write_text(text)
        server.open(path, text)
        keys = server.offers(path, 1, 0)
        if missing := {"name", "cpus", "kvm", "image", "network"} - keys:
            yield f"an editor does not offer {missing} at the top, but {sorted(keys)}"
        words = server.offers(path, 5, 8)
        if missing := set(SCHEMA["properties"]["console"]["properties"]["mode"]["enum"]) - words:
            yield f"an editor does not offer {missing} for console.mode, but {sorted(words)}"
        told = json.dumps(server.at("hover", path, 2, 1), ensure_ascii=False)
        if SCHEMA["properties"]["ram"]["description"].split(";")[0].split(",")[0] not in told:
            yield f"an editor does not tell what ram means: {told}"
    finally:
        server.end()


def main():
    program, modules = sys.argv[1], pathlib.Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as directory:
        folder = pathlib.Path(directory)
        found = [*lint(program, modules, folder), *edit(modules, folder)]
    print("\n".join(found) or "taplo, tombi and its language server are at one with the schema")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
