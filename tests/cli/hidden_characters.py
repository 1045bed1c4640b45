# SPDX-License-Identifier: Apache-2.0
"""Puts text that would act on a terminal into every place of a file that the program repeats.

    hidden_characters.py PROGRAM [NAME ...]

The text holds escape sequences, C1 controls, a change of the direction of text, a line feed with a message that looks
like ours, and, where the file allows it, broken UTF-8. Whatever the program does with the file, its standard output,
its messages, its JSON and its pages must hold none of them.
"""

import json
import os
import pty
import re
import sqlite3
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

FORGED = "phaselaw: error: all is well"
EVIL = "x\x1b]0;owned\x07\x1b[31m\u202ey\u2066\u009b2J\n" + FORGED + "\x7f"
TWICE = EVIL + "2"
HIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f\x80-\x9f\u2028-\u202e\u2066-\u2069]")
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def faults_of(what, data, tab=False):
    """What is wrong with these bytes as text on a terminal; tab: of a page, in which lines mean nothing."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return [f"{what}: broken UTF-8 {data[max(0, error.start - 20):error.start + 20]!r}"]
    if tab:
        text = text.replace("\t", " ")
    faults = []
    if found := HIDDEN.search(text):
        faults.append(f"{what}: {text[max(0, found.start() - 40):found.end() + 20]!r}")
    if not tab:
        faults += [f"{what}: a forged line" for line in text.splitlines() if line.strip().startswith(FORGED)][:1]
    return faults


def quoted(text):
    return '"' + text.replace('"', '""') + '"'


def ladder(name="name", extra="", rows=60):
    """Losses of runs; the run of each row, and a column of two groups, have names that hold EVIL."""
    lines = [f"n_params,tokens,loss,{quoted(name)},group"]
    for i in range(rows):
        n, d = 1e7 * 3 ** (i % 6), 1e9 * 2 ** (i // 6 % 5)
        loss = 1.7 + 400 / n ** 0.34 + 410 / d ** 0.28 + 0.001 * ((i * 7) % 5)
        lines.append(f"{n:.0f},{d:.0f},{loss:.5f},{quoted(EVIL + str(i))},{quoted(EVIL if i % 2 else TWICE)}{extra}")
    return "\n".join(lines) + "\n"


def curve(rows=200):
    lines = [f"step,loss,{quoted('run')},{quoted(EVIL)}"]
    for run in (EVIL, TWICE):
        lines += [f"{i},{2 + 3 * i ** -0.4 + 0.01 * ((i * 7) % 5):.5f},{quoted(run)},{quoted(EVIL)}"
                  for i in range(1, rows)]
    return "\n".join(lines) + "\n"


def json_lines():
    return "".join(json.dumps({"n_params": 1e7 * 3 ** (i % 6), "tokens": 1e9 * 2 ** (i // 6), "loss": 3 - 0.1 * (i % 6) -
                               0.05 * (i // 6), EVIL: EVIL, "run": EVIL + str(i)}) + "\n" for i in range(36))


def safetensors():
    header = json.dumps({EVIL: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "__metadata__": {EVIL: EVIL}})
    return struct.pack("<Q", len(header)) + header.encode() + b"\0\0\0\0"


def basic_string(text):
    return '"' + "".join(c if 0x20 <= ord(c) < 0x7f and c not in '"\\' else f"\\u{ord(c):04x}" for c in text) + '"'


def with_evil_texts(value, depth=0):
    """The same tree where every text, and one more key in every table, is EVIL."""
    if isinstance(value, dict):
        return {**{key: with_evil_texts(child, depth + 1) for key, child in value.items()}, EVIL: EVIL}
    if isinstance(value, list):
        return [with_evil_texts(child, depth + 1) for child in value]
    return EVIL if isinstance(value, str) else value


class Bench:
    def __init__(self, program, folder):
        self.program, self.folder, self.count = program, Path(folder), 0

    def written(self, name, data):
        path = os.fsencode(self.folder) + b"/" + (name if isinstance(name, bytes) else os.fsencode(name))
        with open(path, "wb") as file:
            file.write(data if isinstance(data, bytes) else data.encode())
        return path

    def faults(self, *arguments, out=False, codes=(0, 1, 2)):
        """Runs the program; out: with an output folder, all files of which are looked at."""
        self.count += 1
        folder = self.folder / f"out{self.count}"
        command = [self.program, *arguments]
        if out:
            command += ["--out", str(folder), "--json", str(self.folder / f"out{self.count}.json")]
        done = subprocess.run(command, capture_output=True, cwd=self.folder, timeout=120)
        faults = [] if done.returncode in codes else [f"exit code {done.returncode}: {done.stderr[:300]!r}"]
        faults += faults_of("stdout", done.stdout) + faults_of("stderr", done.stderr)
        for path in [*folder.rglob("*"), self.folder / f"out{self.count}.json"] if out else []:
            if path.suffix in (".html", ".json", ".svg") and path.is_file():
                faults += faults_of(path.name, path.read_bytes(), tab=path.suffix != ".json")
        return faults


def study(bench):
    """A small finished store."""
    bench.written("study.toml", """
[model]
n_layers = 1
d_model = 8
d_hidden = 8
n_heads = 1
d_head = 4
seq_len = 2
[data]
source = "teacher"
n_data = 4
n_test = 4
[training]
optimizer = "sgd"
learning_rate = 0.01
batch = 4
steps = 20
[grid]
"model.d_hidden" = [4, 8]
"data.n_data" = [4, 8]
""")
    subprocess.run([bench.program, "sweep", "study.toml", "--out", "s.db", "--quiet", "--threads", "1"],
                   cwd=bench.folder, check=True, capture_output=True, timeout=120)
    return bench.folder / "s.db"


def hostile_store(bench, statement):
    path = bench.folder / "evil.db"
    path.write_bytes((bench.folder / "s.db").read_bytes())
    with sqlite3.connect(path) as store:
        store.execute(statement, (EVIL,))
    store.close()
    return path


def cases(bench):
    """Name and faults of each place."""
    table = bench.written("ladder.csv", ladder(EVIL))
    runs = bench.written("runs.csv", ladder("run"))
    curves = bench.written("curves.csv", curve())
    lines = bench.written("lines.jsonl", json_lines())
    named = bench.written(EVIL.replace("/", "").encode() + b"\xff.csv", ladder("run"))
    one_curve = bench.written(EVIL.encode() + b"\xff curve.csv", curve())
    for name, path in {"headings": table, "runs": runs, "keys": lines, "file name": named, "curves": curves,
                       "curve file": one_curve}.items():
        yield f"table of {name}", bench.faults("table", path)
        yield f"fit of {name}", bench.faults("fit", path, "--law", "chinchilla", "--interval", "none", "--threads", "1",
                                             "--verbose", out=True)
        yield f"diagnose of {name}", bench.faults("diagnose", path, out=True)
    yield "groups", bench.faults("fit", runs, "--law", "chinchilla", "--by", "group", "--interval", "none", "--threads",
                                 "1", "--verbose", out=True)
    yield "condition", bench.faults("fit", runs, "--where", "group='" + EVIL + "'", "--law", "chinchilla")
    yield "isoflop", bench.faults("isoflop", runs, out=True)
    yield "isoflop groups", bench.faults("isoflop", runs, "--by", "group", out=True)
    yield "compare", bench.faults("compare", runs, named, out=True)
    yield "forecast", bench.faults("forecast", curves, "--until", "1000", out=True)
    yield "watch", bench.faults("watch", one_curve, curves, "--once")
    for flag in ("--loss", "--by", "--col", "--where", "--law", "--weights", "--cluster", "--scale", "--memory-limit", EVIL):
        yield f"flag {flag[:10]}", bench.faults("fit", runs, flag, EVIL.encode() + b"\xff")
    yield "unknown verb", bench.faults(EVIL)
    yield "no file", bench.faults("fit", EVIL.encode() + b"\xff")
    for key, value in (("optimizer", EVIL), (EVIL, "1"), ("weight_decay", EVIL)):
        document = f"[training]\n{basic_string(key)} = {basic_string(value)}\n"
        path = bench.written("e.toml", document)
        for verb in ("train", "sweep", "kernel", "flow", "predict"):
            yield f"TOML {key[:6]} {verb}", bench.faults(verb, path, "--out", bench.folder / "never", codes=(2,))
    yield "TOML broken", bench.faults("train", bench.written("b.toml", b"[training\x1b]0;x\x07\xff]\n" + EVIL.encode()),
                                      "--out", "never", codes=(2,))
    weights = bench.written(EVIL.replace("/", "").encode() + b".safetensors", safetensors())
    yield "tensors", bench.faults("weights", weights)
    subprocess.run([bench.program, "fit", EXAMPLES / "ladder.csv", "--law", "chinchilla", "--json", "fit.json", "--quiet",
                    "--interval", "none"], cwd=bench.folder, capture_output=True, timeout=120)
    fitted = json.loads((bench.folder / "fit.json").read_text())
    for key in [None, *fitted]:
        evil = with_evil_texts(fitted) if key is None else {**fitted, key: with_evil_texts(fitted[key])}
        if key is not None and not isinstance(fitted[key], (str, list, dict)):
            evil[key] = EVIL
        if key == "warnings":
            evil[key] = [EVIL]
        path = bench.written("evil.json", json.dumps(evil))
        yield f"fit file {key}", bench.faults("plan", "--fit", path, "--compute", "1e21")
    study(bench)
    with sqlite3.connect(bench.folder / "s.db") as store:
        columns = [(table, column[1]) for (table,) in store.execute("select name from sqlite_master where type='table'")
                   for column in store.execute(f"pragma table_info({table})")]
    for table_name, column in columns:
        try:
            path = hostile_store(bench, f"update or ignore {table_name} set {column} = ?")
        except sqlite3.IntegrityError:  # the key of the rows is a number
            continue
        for verb in (["check"], ["report", "--out", "r.html"], ["fit", "--law", "E + A*tokens^-a"]):
            faults = bench.faults(verb[0], path, *verb[1:])
            page = bench.folder / "r.html"
            faults += faults_of("r.html", page.read_bytes(), tab=True) if verb[0] == "report" and page.exists() else []
            yield f"store {table_name}.{column} {verb[0]}", faults
        yield f"store {table_name}.{column} export", terminal_faults([bench.program, "export", str(path)])


def terminal_faults(command):
    """The program on a terminal, on which no data may act either. The terminal adds a carriage return to each line."""
    leader, follower = pty.openpty()
    child = subprocess.Popen(command, stdout=follower, stderr=follower, stdin=subprocess.DEVNULL)
    os.close(follower)
    data = b""
    try:
        while piece := os.read(leader, 65536):
            data += piece
    except OSError:  # the program has closed it
        pass
    os.close(leader)
    child.wait(timeout=60)
    data = re.sub(rb"\x1b\[[0-9;]*m", b"", data.replace(b"\r\n", b"\n"))  # the colours of our own messages
    return faults_of("terminal", data)


def main():
    program, chosen = os.path.realpath(sys.argv[1]), sys.argv[2:]
    failed = count = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, faults in cases(Bench(program, folder)):
            if chosen and not any(word in name for word in chosen):
                continue
            count += 1
            failed += len(faults) > 0
            if faults:
                print(f"{name[:60]!r}: FAILED: " + "; ".join(faults)[:600], flush=True)
    print(f"{count} places, {failed} failed")
    return 1 if failed or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
