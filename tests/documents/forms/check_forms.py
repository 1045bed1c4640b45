#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads one study in every form with the program: check_forms.py PROGRAM [--only TEXT] [--keep FOLDER] [--verbose]

Every form must give the answer of the plain table to the last digit. A form that is truly ambiguous must be refused
with words that name a next step, and the command with that step must give this answer. `make_forms.py` writes the forms.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from make_forms import CLOCKS, make

FIT = ["fit", "--law", "chinchilla", "--interval", "none"]
VERBS = {"final": FIT, "finite": FIT, "error": FIT, "envelope": [*FIT, "--rows", "envelope"]}
VAL = re.compile(r"val|eval|test", re.IGNORECASE)
# What a curve's answer says about its values; the rest holds names, sentences and times.
CURVE = ("state", "stage", "early_form", "bend", "exponent", "floor", "gain_of_doubling", "signature", "best_form", "end",
         "rows", "forms")
SPOKEN = ("reading", "warnings", "seconds", "law", "next", "notes")


class Wrong(Exception):
    pass


def without(value, keys):
    if isinstance(value, dict):
        return {k: without(v, keys) for k, v in value.items() if k not in keys}
    if isinstance(value, list):
        return [without(v, keys) for v in value]
    return value


def run(program, verb, arguments, folder, stdin=""):
    source = open(folder / stdin, "rb") if stdin else subprocess.DEVNULL
    try:
        return subprocess.run([program, verb[0], *arguments, *verb[1:], "--threads", "1", "--json", "-", "--quiet"],
                              cwd=folder, stdin=source, capture_output=True, text=True, timeout=60)
    finally:
        if stdin:
            source.close()


def answer_of(done):
    if done.returncode != 0:
        raise Wrong(f"exit code {done.returncode}: {done.stderr.strip()[:600]}")
    try:
        return json.loads(done.stdout)
    except ValueError as e:
        raise Wrong(f"standard output is no JSON: {e}") from e


def fit_numbers(answer):
    data = answer["data"]  # only the columns of the law: other columns of a document go with them
    return {"points": answer["n_points"], "objective": answer["objective_value"], "output": data["output"],
            "columns": {k: data["columns"][k] for k in ("n_params", "tokens")},
            "parameters": {k: v["value"] for k, v in answer["parameters"].items()}}


def curve_numbers(curve):
    return without({k: curve[k] for k in CURVE}, SPOKEN)


def with_rate(table):
    """The same table with a constant learning rate, which some logs print: a curve is then read differently."""
    out = table.with_stem(table.stem + "-rate")
    heading, *rows = table.read_text().splitlines()
    out.write_text("\n".join([heading + ",lr", *(row + ",0.001" for row in rows)]) + "\n")
    return out.name


class References:
    def __init__(self, program, folder):
        self.fits, self.curves = {}, {}
        for name, verb in VERBS.items():
            self.fits[name] = fit_numbers(answer_of(run(program, verb, [f"{name}.csv"], folder)))
        for study in CLOCKS:
            for stream in ("train", "val"):
                plain = f"{study}-{stream}.csv"
                for table in (plain, with_rate(folder / plain)):
                    for curve in answer_of(run(program, ["diagnose"], [table], folder))["curves"]:
                        name = re.search(r"r\d\d", curve["name"]).group()
                        self.curves[study, name, stream, curve["learning_rate"]] = curve_numbers(curve)


def first_difference(got, wanted, where=""):
    if type(got) is not type(wanted):
        return f"{where}: {got!r:.80} instead of {wanted!r:.80}"
    if isinstance(got, dict):
        if got.keys() != wanted.keys():
            return f"{where}: keys {sorted(got)} instead of {sorted(wanted)}"
        pairs = [(got[k], wanted[k], f"{where}.{k}") for k in got]
    elif isinstance(got, list):
        if len(got) != len(wanted):
            return f"{where}: {len(got)} entries instead of {len(wanted)}"
        pairs = [(a, b, f"{where}[{i}]") for i, (a, b) in enumerate(zip(got, wanted))]
    else:
        return "" if got == wanted or (got != got and wanted != wanted) else f"{where}: {got!r} instead of {wanted!r}"
    return next(filter(None, (first_difference(*pair) for pair in pairs)), "")


def key_of(curve, form):
    """Which run and stream a curve of the answer is, from its name."""
    runs, streams = form.runs or [f"r{i:02}" for i in range(1, 21)], form.streams
    named = re.search(r"r\d\d", curve["name"])
    if not named and len(runs) > 1:
        raise Wrong(f"a curve is named {curve['name']!r}, which names no run")
    if len(streams) == 1:
        stream = streams[0]
    else:
        stream = "val" if VAL.search(curve["name"] + " " + str(curve.get("quantity", ""))) else "train"
    return named.group() if named else runs[0], stream


def compare(form, answer, references):
    if form.study in VERBS:
        wrong = first_difference(fit_numbers(answer), references.fits[form.study])
    else:
        rates = {curve["learning_rate"] for curve in answer["curves"]}
        if len(rates) != 1:
            raise Wrong("the learning rate is known for some of the runs only")
        rate = rates.pop()
        wanted = {(r, s): references.curves[form.study, r, s, rate] for s in form.streams
                  for r in (form.runs or [f"r{i:02}" for i in range(1, 21)])}
        got = {}
        for curve in answer["curves"]:
            key = key_of(curve, form)
            if key in got:
                raise Wrong(f"run {key[0]}, stream {key[1]} occurs twice")
            got[key] = curve_numbers(curve)
        # Of a run with both streams, the held-out one is the curve that laws are fitted to; the other may stand beside it.
        least = {key for key in wanted if key[1] == form.streams[-1]}
        if not least <= got.keys() <= wanted.keys():
            raise Wrong(f"curves {sorted(got)} instead of {sorted(wanted)}")
        wrong = next(filter(None, (first_difference(got[k], wanted[k], str(k)) for k in got)), "")
    if wrong:
        raise Wrong("another answer: " + wrong)


def check(form, program, root, references):
    folder, verb = root / form.name, VERBS.get(form.study, ["diagnose"])
    done = run(program, verb, form.args, folder, form.stdin)
    if not form.words:
        return compare(form, answer_of(done), references)
    if done.returncode != 2:
        raise Wrong(f"exit code {done.returncode} where a refusal was expected: {(done.stdout + done.stderr)[:200]}")
    said = done.stderr.strip()
    for name in form.args:  # words of the message, not of the name of a file
        said = said.replace(name, "FILE")
    missing = [word for word in form.words if word.lower() not in said.lower()]
    if missing:
        raise Wrong(f"the refusal does not say {missing}: {said[:600]}")
    for step in form.then:
        if step[0] not in said:
            raise Wrong(f"the refusal does not name {step[0]}: {said[:600]}")
        try:
            compare(form, answer_of(run(program, verb, form.args + step, folder, form.stdin)), references)
        except Wrong as e:
            raise Wrong(f"with {' '.join(step)}: {e}") from e


def outcome(form, *rest):
    try:
        check(form, *rest)
        return ""
    except (Wrong, subprocess.TimeoutExpired) as e:
        return str(e)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("program")
    arguments.add_argument("--only", default="", help="part of the name of the forms to check")
    arguments.add_argument("--keep", help="folder in which the forms are written and left")
    arguments.add_argument("--verbose", action="store_true", help="name the forms that are right, too")
    options = arguments.parse_args()
    program = os.path.abspath(options.program)
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(options.keep or scratch)
        forms = [f for f in make(root) if options.only in f.name]
        try:
            references = References(program, root / "reference")
        except Wrong as e:
            sys.exit(f"FAIL: the plain tables of the reference cannot be read: {e}")
        with ThreadPoolExecutor(2) as pool:
            outcomes = list(pool.map(lambda f: outcome(f, program, root, references), forms))
    for form, wrong in zip(forms, outcomes):
        if wrong or options.verbose:
            print(f"{'FAIL' if wrong else 'ok  '} {form.name}" + (f": {wrong}" if wrong else ""))
    failed = sum(map(bool, outcomes))
    print(f"{len(forms)} forms: {len(forms) - failed} right, {failed} wrong")
    sys.exit(1 if failed or not forms else 0)


if __name__ == "__main__":
    main()
