#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes each form of a table in long form and fits that: check_long_form.py PROGRAM

`phaselaw table FORM --out long.csv` (and .jsonl) must give a table that the program reads without any flag of reading,
and the fit to it must be that of the plain table to the last digit.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from check_forms import VERBS, References, Wrong, answer_of, compare, run
from make_forms import make

READING = {"--names", "--decimal", "--table"}  # these belong to the document, all other flags to the fit


def divided(arguments):
    """Files, flags of reading, and flags of the fit."""
    files, reading, fitting = [], [], []
    i = 0
    while i < len(arguments):
        if arguments[i] in READING:
            reading += arguments[i:i + 2]
            i += 2
            continue
        (fitting if fitting or arguments[i].startswith("--") else files).append(arguments[i])
        i += 1
    return files, reading, fitting


def check(form, program, root, references, ending):
    files, reading, fitting = divided(list(form.args))
    out = root / f"{form.name}{ending}"
    done = subprocess.run([program, "table", *files, *reading, "--out", str(out), "--quiet"], cwd=root / form.name,
                          capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise Wrong(f"phaselaw table: {done.stderr.strip()[:300]}")
    compare(form, answer_of(run(program, VERBS[form.study], [str(out), *fitting], root / form.name)), references)


def main():
    program = str(Path(sys.argv[1]).resolve())
    checked = wrong = 0
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        forms = [f for f in make(root) if f.study in VERBS and not f.words and not f.stdin]
        references = References(program, root / "reference")
        for form in forms:
            for ending in (".csv", ".jsonl"):
                checked += 1
                try:
                    check(form, program, root, references, ending)
                except Wrong as e:
                    wrong += 1
                    print(f"FAIL {form.name}{ending}: {e}")
    print(f"{checked} tables in long form: {checked - wrong} right, {wrong} wrong")
    return 1 if wrong or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
