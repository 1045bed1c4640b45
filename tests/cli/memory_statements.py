# SPDX-License-Identifier: Apache-2.0
"""Compares the memory that a command says it needs with the peak that the system measures.

    memory_statements.py PROGRAM

A command is given a memory limit that is too small, and then what its refusal says it needs, until it succeeds. So the
advice of the refusal must work, and the last statement must lie between half and twice the peak of the process.
"""

import os
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

MOST_REFUSALS, FACTOR = 6, 2.0
UNITS = {"kB": 1e3, "MB": 1e6, "GB": 1e9}


def ladder(path, rows, more_columns=0, runs=False):
    draw = random.Random(rows)
    with open(path, "w") as file:
        file.write("n_params,tokens,loss" + (",run,step" if runs else "") + "".join(f",c{i}" for i in range(more_columns)) + "\n")
        for row in range(rows):
            n, d = 10 ** draw.uniform(7, 10), 10 ** draw.uniform(9, 11.5)
            loss = (1.7 + 400 / n ** 0.34 + 410 / d ** 0.28) * (1 + 0.005 * draw.gauss(0, 1))
            file.write(f"{n:.0f},{d:.0f},{loss:.5f}" + (f",run{row // 100},{row % 100}" if runs else "")
                       + "".join(f",{draw.random():.4f}" for _ in range(more_columns)) + "\n")
    return path


def curves(path, rows, per_run):
    draw = random.Random(rows)
    with open(path, "w") as file:
        file.write("run,step,loss,lr\n")
        for row in range(rows):
            step = row % per_run + 1
            file.write(f"{row // per_run},{step},{2 + 5 * step ** -0.4 + 0.02 * draw.gauss(0, 1):.5f},0.001\n")
    return path


STUDY = """[model]
seq_len = 2
d_model = 4
n_heads = 1
n_layers = 1
d_hidden = 4
[data]
n_test = 4
[training]
steps = 400
batch = 4
learning_rate = 0.01
measurements_per_doubling = 4
[grid]
"data.n_data" = [8]
seeds = 800
"""


def store(program, folder):
    (folder / "study.toml").write_text(STUDY)
    subprocess.run([program, "sweep", folder / "study.toml", "--out", folder / "study.db", "--quiet"], check=True,
                   stdout=subprocess.DEVNULL)
    return folder / "study.db"


def peak_of(command):
    """Exit code, messages, and peak of the resident memory in bytes."""
    with tempfile.TemporaryFile() as messages:
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=messages)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        messages.seek(0)
        return child.returncode, messages.read().decode(), usage.ru_maxrss * 1024


def stated(message, path):
    """The memory that a refusal names, in bytes; None for another message."""
    found = re.search(r"needs about ([0-9.]+) (kB|MB|GB) of memory", message)
    if found:
        return float(found[1]) * UNITS[found[2]]
    return 4.0 * path.stat().st_size if "to 4 times its size" in message else None


def check(program, name, verb, path, *more):
    limit, statement = 100e3, None
    for _ in range(MOST_REFUSALS):
        code, message, peak = peak_of([program, verb, str(path), "--memory-limit", f"{limit:.0f}", "--quiet", *more])
        if code == 0:
            break
        need = stated(message, path)
        if code != 2 or need is None or need <= limit * 0.999 or message.count("\n") != 1:
            return f"{name}: after the limit {limit:.0f}: exit code {code}, {message!r}"
        limit = statement = need
    if code != 0 or statement is None:
        return f"{name}: exit code {code} at {limit:.0f}: {message!r}"
    ratio = peak / statement
    print(f"{name:34} says {statement / 1e6:7.1f} MB, needs {peak / 1e6:7.1f} MB, ratio {ratio:4.2f}", flush=True)
    return "" if 1 / FACTOR <= ratio <= FACTOR else f"{name}: the ratio is {ratio:.2f}"


def cases(program, folder):
    """name, verb, file and further arguments"""
    yield "report of 800 runs", "report", store(program, folder), "--out", folder / "page.html", "--resamples", "10"
    chinchilla = ["--law", "chinchilla", "--threads", "1", "--interval"]
    for rows in (1000, 20000, 100000):
        path = ladder(folder / f"l{rows}.csv", rows)
        yield f"fit of {rows} rows", "fit", path, *chinchilla, "none"
        yield f"table of {rows} rows", "table", path
    yield "fit of 8 columns", "fit", ladder(folder / "wide.csv", 20000, 5), *chinchilla, "none"
    yield "fit of runs", "fit", ladder(folder / "runs.csv", 20000, 0, True), *chinchilla, "none"
    yield "resamples", "fit", ladder(folder / "few.csv", 200), *chinchilla, "bootstrap", "--resamples", "20000"
    for rows, per_run in ((20000, 20000), (200000, 200000), (100000, 100), (40000, 8)):
        path = curves(folder / f"c{rows}_{per_run}.csv", rows, per_run)
        yield f"table of {rows // per_run} curves", "table", path
        if rows // per_run < 100:
            yield f"diagnose of {rows // per_run} curves of {rows}", "diagnose", path


def main():
    program = os.path.realpath(sys.argv[1])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        faults = [check(program, *case) for case in cases(program, folder)]
    faults = [fault for fault in faults if fault]
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
