#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""use_package.py RUNS_CSV STUDY_TOML: uses the installed package as a stranger would, in an environment with NumPy and nothing else.

A fit and a plan of one's own table by the command and in Python, the time of an import, and one sentence with the remedy
for each optional part that is missing. Prints what it measured; exits with 1 at the first thing that is wrong."""

import json
import os
import resource
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

IMPORT_AT_MOST_S = 0.3
runs, study = (Path(word).resolve() for word in sys.argv[1:])
command = Path(sysconfig.get_path("scripts"), "phaselaw")
os.chdir(tempfile.mkdtemp())


def ask(*words, exits=0, **environment):
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, env={**os.environ, **environment})
    assert done.returncode == exits, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout if exits == 0 else done.stderr


def python(code, **expected):
    return ask(sys.executable, "-c", code, **expected)


start = time.perf_counter()
ask(command, "fit", runs, "--law", "chinchilla", "--json", "fit.json", "--quiet")
plan = ask(command, "plan", "--fit", "fit.json", "--compute", "1e22")
seconds = time.perf_counter() - start
assert "With 1e22 FLOP, train " in plan, plan
print(f"fit and plan by the command: {seconds:.1f} s")
assert ask(sys.executable, "-m", "phaselaw", "--version") == ask(command, "--version")

# The same numbers in Python, and a kernel, which needs the matrix products of OpenBLAS.
start = time.perf_counter()
found = json.loads(python("""
import json, sys, numpy, phaselaw
from phaselaw import _needed
assert _needed.INSTRUCTIONS == (), _needed.INSTRUCTIONS
fit = phaselaw.fit(%r, "chinchilla")
phaselaw.plan(fit, compute=1e22)
model = phaselaw.Transformer(n_layers=1, seq_len=2, d_model=4, d_hidden=8, n_heads=1, d_head=4)
x = numpy.random.default_rng(0).standard_normal((3, 2, 4))
assert phaselaw.tangent_kernel(model, model.init(1), x).spectrum().lambda_min > 0
print(json.dumps({name: value.value for name, value in fit.parameters.items()}))
""" % str(runs)))
print(f"fit and plan in Python: {time.perf_counter() - start:.1f} s")
told = {name: value["value"] for name, value in json.loads(Path("fit.json").read_text())["parameters"].items()}
assert found == told, (found, told)


def processor_s(code):
    """The least processor time of several starts: other programs on this machine make the time of a clock longer."""
    times = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        python(code)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


bare, numpy, whole = (processor_s(code) for code in ("pass", "import numpy", "import phaselaw"))
print(f"import phaselaw: {whole - bare:.2f} s, of which NumPy {numpy - bare:.2f} s ({IMPORT_AT_MOST_S} s allowed)")
assert whole - bare <= IMPORT_AT_MOST_S

# What is not there is named with its remedy.
for code, sentence in {
    f"import phaselaw; phaselaw.plot.fit(phaselaw.fit({str(runs)!r}, 'chinchilla'))": "phaselaw.plot needs matplotlib: pip install matplotlib",
    f"import phaselaw; phaselaw.fit({str(runs)!r}, 'chinchilla').to_frame()": "which is not installed: pip install",
    "import phaselaw; open('t.parquet', 'wb').write(b'PAR1'); phaselaw.fit('t.parquet')": "and none is installed; pip install",
}.items():
    said = python(code, exits=1).strip().splitlines()[-1]
    assert sentence in said, (code, said)
    print(f"said: {said}")
said = ask(command, "sweep", study, "--out", "s.db", exits=2, OMPI_COMM_WORLD_RANK="0", OMPI_COMM_WORLD_SIZE="2")
assert "without MPI" in said, said
print(f"said: {said.strip().splitlines()[-1]}")
