#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How often the rules of `phaselaw watch` stop a healthy run, and how soon they stop a bad one.

    watch_alarms.py PROGRAM [--seeds 20] [--data CURVES.csv.gz]

Every run is looked at after 2, 5, 10, 20 ... 90, 95 and 100 % of its rows, as a cron job with --once does, with the rules
diverged, overfitting and nan. Healthy runs: a constant rate, a cosine, a warm-up with a linear decay, correlated noise,
spikes that recover, a smoothed log, and validation losses every 20 steps. A false alarm is a healthy run that any look
would have stopped. Bad runs: the same with a fault from 60 % on; a fault is found if a later look stops the run. With
--data, the runs of a table with run, step, train_loss and val_loss are healthy runs too.
"""

import argparse
import collections
import csv
import gzip
import math
import pathlib
import random
import subprocess
import tempfile

SHARES = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.62, 0.65, 0.7, 0.8, 0.9, 0.95, 1)
FAULT_AT = 0.6
ROWS = 3000
RULES = ("diverged", "overfitting", "nan")


def base_loss(step, rate_sum, drop, rng, noise):
    return (2 + 7 * (1 + rate_sum / 60) ** -0.5 - 0.25 * drop) * math.exp(noise(rng))


def rates(kind):
    for i in range(ROWS):
        share = i / ROWS
        if kind == "cosine":
            yield 0.5 * (1 + math.cos(math.pi * share))
        elif kind == "warm-up, linear decay":
            yield min(1, i / 100) * (1 if share < 0.7 else (1 - share) / 0.3)
        else:
            yield 1


def noise_of(kind):
    level = [0.0]

    def draw(rng):
        if kind == "correlated noise":
            level[0] = 0.9 * level[0] + 0.01 * rng.gauss(0, 1)
            return level[0]
        return 0.01 * rng.gauss(0, 1)
    return draw


def healthy(kind, seed):
    """Rows of step, training loss, validation loss (or an empty text)."""
    rng, noise = random.Random(f"{kind} {seed}"), noise_of(kind)
    total, peak, rows, smooth = 0.0, 0.0, [], None
    spikes = {rng.randrange(200, ROWS): rng.uniform(0.2, 1.5) for _ in range(3)} if kind == "spikes" else {}
    spike = 0.0
    for i, rate in enumerate(rates(kind), 1):
        total += rate
        peak = max(peak, rate)
        spike = max(spike * 0.8, spikes.get(i, 0))
        loss = base_loss(i, total, peak - rate, rng, noise) * (1 + spike)
        smooth = loss if smooth is None else 0.98 * smooth + 0.02 * loss
        val = base_loss(i, total, peak - rate, rng, lambda r: 0.003 * r.gauss(0, 1)) * 1.02
        rows.append([10 * i, smooth if kind == "smoothed" else loss, val if i % 20 == 0 else ""])
    return rows


def faulty(fault, seed):
    rows = healthy("constant", seed)
    first = int(FAULT_AT * ROWS)
    for i in range(first, ROWS):
        late = (i - first) / (ROWS - first)
        if fault == "fast divergence":
            rows[i][1] = min(11, rows[i][1] * (1 + 20 * late))
            rows[i][2] = rows[i][2] and rows[i][2] * (1 + 20 * late)
        elif fault == "slow divergence":
            rows[i][1] *= 1 + 0.3 * late
            rows[i][2] = rows[i][2] and rows[i][2] * (1 + 0.3 * late)
        elif fault == "overfitting":
            rows[i][2] = rows[i][2] and rows[i][2] * (1 + 0.2 * late)
        else:
            rows[i][1] = math.nan
    return rows


def code_of(program, folder, rows, with_val):
    path = folder / "run.csv"
    with open(path, "w", encoding="utf-8") as file:
        file.write("step,train_loss,val_loss\n" if with_val else "step,loss\n")
        for step, loss, val in rows:
            file.write(f"{step},{loss:.5f},{val and format(val, '.5f')}\n" if with_val else f"{step},{loss:.5f}\n")
    done = subprocess.run([program, "watch", str(path), "--once", "--quiet", "--stop-when", *RULES], capture_output=True,
                          text=True, check=False)
    assert done.returncode in (0, 10, 11, 13), done.stderr
    return done.returncode


def stops(program, folder, rows, with_val):
    """The share of the rows at the first look that stops the run, with its code."""
    for share in SHARES:
        code = code_of(program, folder, rows[: int(share * len(rows))], with_val)
        if code:
            return share, code
    return None


def recorded_runs(path):
    runs = collections.defaultdict(list)
    with gzip.open(path, "rt") as file:
        for row in csv.DictReader(file):
            runs[row["run"]].append([row["step"], row["train_loss"], row["val_loss"]])
    for name, rows in runs.items():
        for column in (1, 2):
            values = [[step[0], float(step[column]), ""] for step in rows if step[column]]
            if len(values) >= 50:
                yield f"{name}, {('train', 'val')[column - 1]}", values


def study_healthy(program, folder, options):
    kinds = ("constant", "cosine", "warm-up, linear decay", "correlated noise", "spikes", "smoothed")
    print("| healthy runs | runs | false alarms |\n|---|---|---|")
    for kind in kinds:
        for with_val in (False, True):
            found = [stops(program, folder, healthy(kind, seed), with_val) for seed in range(options.seeds)]
            words = ", ".join(f"code {code} at {share:.0%}" for share, code in filter(None, found))
            print(f"| {kind}{', with validation' if with_val else ''} | {options.seeds} | "
                  f"{sum(f is not None for f in found)}{f' ({words})' if words else ''} |", flush=True)
    if options.data:
        found = [(which, stops(program, folder, rows, False)) for which, rows in recorded_runs(options.data)]
        print(f"| recorded runs | {len(found)} | {sum(f is not None for _, f in found)} |", flush=True)
    print()


def study_faults(program, folder, options):
    print("| faults from 60 % on | runs | found with the right code | found by |\n|---|---|---|---|")
    for fault, codes in (("fast divergence", (10,)), ("slow divergence", (10,)), ("overfitting", (11,)),
                         ("losses that are not finite", (10, 13))):
        for with_val in (False, True):
            if fault == "overfitting" and not with_val:
                continue
            found = [stops(program, folder, faulty(fault, seed), with_val) for seed in range(options.seeds)]
            right = sorted(f[0] for f in found if f is not None and f[0] > FAULT_AT and f[1] in codes)
            by = f"{right[len(right) // 2]:.0%} (median), {right[-1]:.0%} (last)" if right else "–"
            print(f"| {fault}{', with validation' if with_val else ''} | {options.seeds} | {len(right)} | {by} |",
                  flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--data")
    parser.add_argument("--only", choices=("healthy", "faults"))
    options = parser.parse_args()
    program = str(pathlib.Path(options.program).resolve())
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if options.only != "faults":
            study_healthy(program, folder, options)
        if options.only != "healthy":
            study_faults(program, folder, options)


if __name__ == "__main__":
    main()
