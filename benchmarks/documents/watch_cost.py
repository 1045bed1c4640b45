#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The processor time of `phaselaw watch` while ten logs grow.

    watch_cost.py PROGRAM [--logs 10] [--seconds 300] [--rows 20000] [--rate 5] [--form csv|jsonl|log]

Each log has `rows` rows at the beginning and grows by `rate` rows per second. Prints the processor time of the first
reading and judgement of all logs, then the share of one core while they grow, and the largest memory. Options of watch
are the defaults, with a rule and a forecast, so that every judgement is made.
"""

import argparse
import math
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time


def lines(form, first, last, rng):
    out = []
    for row in range(first, last + 1):
        loss = (2 + 6 / math.sqrt(1 + row / 40)) * math.exp(0.01 * rng.gauss(0, 1))
        if form == "csv":
            out.append(f"{row},{loss:.5f},0.0003,1.25,0.71\n")
        elif form == "jsonl":
            out.append(f'{{"step": {row}, "loss": {loss:.5f}, "lr": 0.0003, "grad_norm": 0.71, "time_s": 1.25}}\n')
            if row % 100 == 0:
                out.append(f'{{"step": {row}, "eval_loss": {1.02 * loss:.5f}}}\n')
        else:
            out.append(f"[2026-01-01 12:00:00] INFO step {row} | loss {loss:.5f} | lr 3.0e-4 | 1.25 s | norm 0.71\n")
    return "".join(out)


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mb(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--logs", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--rows", type=int, default=20000)
    parser.add_argument("--rate", type=float, default=5)
    parser.add_argument("--form", choices=("csv", "jsonl", "log"), default="csv")
    options = parser.parse_args()
    rng = random.Random(1)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        paths = [folder / f"run{i}.{options.form}" for i in range(options.logs)]
        heading = "step,loss,lr,time_s,grad_norm\n" if options.form == "csv" else ""
        for path in paths:
            path.write_text(heading + lines(options.form, 1, options.rows, rng))
        size = paths[0].stat().st_size / 1e6
        program = str(pathlib.Path(options.program).resolve())
        watch = subprocess.Popen([program, "watch", *map(str, paths), "--to", str(10 * options.rows), "--stop-when", "diverged"],
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        seen = set()
        while len(seen) < options.logs:  # until every log has been judged
            line = watch.stdout.readline()
            if not line:
                sys.exit(f"watch ended with exit code {watch.wait()}")
            if "State" in line:
                seen.add(line.split(",")[0].split()[-1])
        first = cpu_s(watch.pid)
        row, begin = options.rows, time.monotonic()
        while (elapsed := time.monotonic() - begin) < options.seconds:
            time.sleep(1)
            target = options.rows + int(options.rate * elapsed)
            if target > row:
                for path in paths:
                    with open(path, "a", encoding="utf-8") as file:
                        file.write(lines(options.form, row + 1, target, rng))
                row = target
            if watch.poll() is not None:
                sys.exit(f"watch ended with exit code {watch.returncode}")
        total, memory = cpu_s(watch.pid), peak_mb(watch.pid)
        watch.terminate()
        watch.wait(timeout=30)
    share = (total - first) / elapsed
    print(f"{options.logs} logs ({options.form}, {size:.1f} MB each at first, {options.rate:g} rows per second): "
          f"{first:.2f} s for the first reading and judgement, then {100 * share:.2f} % of one core over {elapsed:.0f} s, "
          f"{memory:.0f} MB at most")


if __name__ == "__main__":
    main()
