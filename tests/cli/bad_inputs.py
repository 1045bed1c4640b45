#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gives every verb the mistakes that users make, and checks the answers.

    bad_inputs.py PROGRAM [--show] [VERB | PART OF A COMMAND ...]

The cases are the rows of bad_inputs/*.toml:

    ["fit t.csv --law kaplanc", "--law: unknown law 'kaplanc'; did you mean", { "t.csv" = "C,loss\\n1,2\\n" }]

The first entry is the command, and the second what the message says: its place, and what was expected and found, where
" ... " stands for any words. The third is optional: the files of this case, `exit` where the code is not 2, and `out`, a
part of the standard output where it is not empty. A file is its text, or one of

    { of = NAME, put = [OLD, NEW] }     another file of the case or of common.toml, with one place changed
    { of = NAME, plus = TEXT }          the same with an addition
    { of = NAME, cut = N }              its first N bytes
    { of = NAME, flip = N }             its byte N inverted
    { hex = "00ff" }, { folder = true }, { link = TARGET }, { fifo = true }

Files of common.toml and those that the program makes first (MADE) are there if the command names them. A case passes if
the exit code is right; if standard output is empty and the only line of the messages is one error with its place and the
expected words; if it took less than MOST_SECONDS of processor time and MOST_BYTES of memory; and if the folder is the same
as before.
"""

import collections
import hashlib
import os
import re
import shlex
import stat
import subprocess
import sys
import tempfile
import threading
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CASES = Path(__file__).resolve().parent / "bad_inputs"
MOST_SECONDS, MOST_BYTES, MOST_WAIT_S, LONGEST_MESSAGE = 5.0, 400e6, 60.0, 1500
# Words of the implementation, which say nothing to a user.
OURS = re.compile(r"std::|basic_string|bad_alloc|what\(\)|terminate|vector::|\.cpp|\{\}|sqlite3_|SQL logic|json\.exception")
# Made by the program before the first case: name -> command. Commands see the names before them.
MADE = {
    "fit.json": "fit runs.csv --law chinchilla --interval none --json fit.json",
    "power.json": "fit curve.csv --law kaplan-c --interval none --json power.json",
    "study.db": "sweep study.toml --out study.db",
    "shard0.db": "sweep study.toml --shard 0/2 --out shard0.db",
    "other.db": "sweep other.toml --out other.db",
    "run": "train exp.toml --out run",
}


def common_files():
    files = tomllib.loads((CASES / "common.toml").read_text())["files"]
    law = lambda n, d: 1.7 + 400 * n**-0.34 + 410 * d**-0.28  # noqa: E731
    for name, factor in (("a.csv", 1.0), ("b.csv", 1.02)):
        files[name] = "compute,loss\n" + "".join(
            f"{c:g},{factor * (1.7 + 9 * c ** -0.1) + 0.002 * (-1)**k:.5f}\n" for k, c in enumerate([1e15, 3e15, 1e16, 3e16, 1e17]))
    files["runs.csv"] = "n_params,tokens,loss\n" + "".join(
        f"{n:g},{d:g},{law(n, d) * (1 + 0.002 * (-1)**(i + j)):.5f}\n"
        for i, n in enumerate([1e7, 3e7, 1e8, 3e8, 1e9]) for j, d in enumerate([1e9, 3e9, 1e10, 3e10]))
    files["curve.csv"] = "step,compute,loss\n" + "".join(
        f"{t},{t * 1e9:g},{2 + 6 * (1 + t) ** -0.4 + 0.003 * (-1)**k:.5f}\n" for k, t in enumerate(range(10, 2000, 20)))
    return files


def bytes_of(name, content, folder, common):
    """The bytes of a file that is described by its text or by another file."""
    if isinstance(content, str):
        return content.encode()
    if "hex" in content:
        return bytes.fromhex(content["hex"])
    base = (folder / content["of"]).read_bytes() if (folder / content["of"]).exists() else common[content["of"]]
    if "put" in content:
        old, new = (text.encode() for text in content["put"])
        assert base.count(old) == 1, f"{name}: {old} occurs {base.count(old)} times in {content['of']}"
        return base.replace(old, new)
    if "flip" in content:
        at = content["flip"]
        return base[:at] + bytes([base[at] ^ 255]) + base[at + 1:]
    return base[:content["cut"]] if "cut" in content else base + content["plus"].encode()


def put(path, name, content, folder, common):
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = content if isinstance(content, dict) else {}
    if "folder" in kind:
        path.mkdir()
    elif "link" in kind:
        path.symlink_to(kind["link"])
    elif "fifo" in kind:
        os.mkfifo(path)
    else:
        path.write_bytes(bytes_of(name, content, folder, common))


def contents(folder):
    """What is in a folder: kind, mode and a hash of every entry, with empty folders and temporaries.

    The index that SQLite keeps beside a store while somebody reads it is left out (docs/store.md).
    """
    state = {}
    for path in sorted(path for path in folder.rglob("*") if not path.name.endswith((".db-shm", ".db-wal"))):
        mode = path.lstat().st_mode
        text = (os.readlink(path) if stat.S_ISLNK(mode)
                else hashlib.sha1(path.read_bytes()).hexdigest() if stat.S_ISREG(mode) else "")
        state[str(path.relative_to(folder))] = (mode, text)
    return state


def run(program, words, folder):
    """Exit code (negative: the signal), seconds of processor time, peak memory, standard output and messages."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen([program, *words], cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        late = threading.Timer(MOST_WAIT_S, child.kill)
        late.start()
        _, status, usage = os.wait4(child.pid, 0)
        late.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read().decode("utf-8", "replace"))
    return child.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, *texts


def faults_of(outcome, expected_code, says, shown, before, after):
    code, seconds, memory, out, err = outcome
    faults = []
    if code != expected_code:
        faults.append(f"exit code {code}, expected {expected_code}")
    if (shown not in out) if shown else out:
        faults.append(f"standard output: {out[:200]!r}")
    lines = err.splitlines()
    if len(lines) != 1 or not lines[0].startswith("phaselaw: error: "):
        faults.append(f"expected one error, found {len(lines)} lines")
    elif not re.search(".*".join(map(re.escape, says.split(" ... "))), lines[0]):
        faults.append(f"expected {says!r}")
    if len(err) > LONGEST_MESSAGE or OURS.search(err) or any(ord(c) < 32 and c != "\n" for c in err):
        faults.append("a message that is too long, speaks of the implementation or holds control characters")
    if seconds > MOST_SECONDS:
        faults.append(f"{seconds:.1f} s of processor time")
    if memory > MOST_BYTES:
        faults.append(f"{memory / 1e6:.0f} MB")
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if changed:
        faults.append(f"written or changed: {', '.join(changed)}")
    return faults


def made_by_the_program(program, common):
    """Adds what MADE names to the common files, as bytes."""
    common = {name: text.encode() for name, text in common.items()}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name, content in common.items():
            (folder / name).write_bytes(content)
        for name, command in MADE.items():
            code, *_, err = run(program, [*shlex.split(command), "--quiet"], folder)
            assert code == 0, f"{command}: {err}"
            made = folder / name
            for path in sorted(made.iterdir()) if made.is_dir() else [made]:
                common[str(path.relative_to(folder))] = path.read_bytes()
    return common


def check(program, case, common):
    command, says, extra = case[0], case[1], dict(case[2]) if len(case) > 2 else {}
    expected_code, shown = extra.pop("exit", 2), extra.pop("out", "")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name, content in common.items():
            if name not in extra and re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", command):
                put(folder / name, name, {"of": name, "plus": ""}, folder, common)
        for name, content in extra.items():
            put(folder / name, name, content, folder, common)
        before = contents(folder)
        words = shlex.split(command)
        # Behind the verb, so that a flag without its value stays last.
        outcome = run(program, [*words[:1], "--quiet", *words[1:]] if words else [], folder)
        return faults_of(outcome, expected_code, says, shown, before, contents(folder)), outcome


def read_cases(chosen):
    cases = []
    for path in sorted(CASES.glob("*.toml")):
        cases += tomllib.loads(path.read_text()).get("cases", [])
    seen = collections.Counter(repr(case) for case in cases)
    twice = [case for case, times in seen.items() if times > 1]
    assert not twice, f"written twice: {twice}"
    mute = [case for case in cases if not case[1]]
    assert not mute, f"without the words of the error: {mute}"
    return [case for case in cases
            if not chosen or any(word == case[0].split()[0] or (" " in word and word in case[0]) for word in chosen)]


def main():
    words = sys.argv[1:]
    show = "--show" in words
    program, *chosen = [word for word in words if word != "--show"]
    program = str(Path(program).resolve())
    if b"__asan_init" in Path(program).read_bytes():  # a sanitizer needs several times as much
        globals().update(MOST_SECONDS=20 * MOST_SECONDS, MOST_BYTES=20 * MOST_BYTES)
    cases, common = read_cases(chosen), made_by_the_program(program, common_files())
    right, wrong = collections.Counter(), collections.Counter()
    with ThreadPoolExecutor(2) as pool:
        for case, (faults, outcome) in zip(cases, pool.map(lambda case: check(program, case, common), cases)):
            verb = (case[0].split() or ["(none)"])[0]
            (wrong if faults else right)[verb] += 1
            if faults or show:
                print(f"{'FAILED' if faults else 'ok'}: phaselaw {case[0]}\n    " + "\n    ".join(faults + outcome[4].splitlines()[:6]))
    for verb in sorted(right | wrong):
        print(f"{verb:12} {right[verb]:4} right" + (f" {wrong[verb]:4} WRONG" if wrong[verb] else ""))
    print(f"{'all':12} {right.total():4} right of {len(cases)}")
    return 1 if wrong or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
