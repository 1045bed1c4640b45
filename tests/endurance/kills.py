#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random instants over all verbs that write.

    kills.py PHASELAW [--kills 200] [--seed 1] [--only-verbs train,fit] [--slow]

Each command is killed at a random instant of its usual time, a few times in the same folder, and then run to its end.
After each kill no file may look finished and differ from that of an undisturbed run; in the end all files and standard
output are equal byte for byte (without measured times), and no temporary file is left. --slow includes the verbs that
are long to prepare. Prints a table by verb, and exit code 1 when something was wrong.
"""
import argparse
import signal
import subprocess
import sys
import tempfile
import time

from sweep_survives import Failure
from writing_verbs import VERBS, WritingBench

MOST_IN_A_ROW = 4


def usual_time(bench, verb):
    bench.prepare(verb)
    begin = time.monotonic()
    bench.run(verb)
    return time.monotonic() - begin


def killed(bench, verb, seconds):
    """Whether the command was killed before its end; Failure if its end was another."""
    process = bench.start(verb)
    try:
        _, errors = process.communicate(timeout=bench.random.uniform(0, seconds))
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    if process.returncode not in (0, -signal.SIGKILL):
        raise Failure(f"{verb.name}: exit code {process.returncode}: {errors.decode(errors='replace').strip()}")
    return process.returncode != 0


def one_folder(bench, verb, seconds, most):
    """(kills, kills that left a file, kills that left a temporary file) of one folder."""
    bench.prepare(verb)
    kills = left = temporary = 0
    for _ in range(bench.random.randint(1, most)):
        if not killed(bench, verb, seconds):
            continue
        kills += 1
        wrong = bench.wrong_in_folder(verb, temporaries=True)
        if wrong:
            raise Failure(f"{verb.name}: after a kill: {wrong}")
        left += any(not path.is_dir() for path in bench.work.rglob("*"))
        temporary += bool(bench.temporaries())
    wrong = bench.wrong_again(verb)
    if wrong:
        raise Failure(f"{verb.name}: after {kills} kills: {wrong}")
    return kills, left, temporary


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only-verbs", help="names, separated by commas")
    parser.add_argument("--slow", action="store_true")
    arguments = parser.parse_args()
    names = arguments.only_verbs.split(",") if arguments.only_verbs else None
    verbs = [v for v in VERBS if (v.name in names if names else arguments.slow or not v.slow)]
    wrong = []
    print(f"{'verb':14}{'time [s]':>9}{'folders':>9}{'kills':>7}{'files left':>12}{'temporary':>11}")
    with tempfile.TemporaryDirectory(prefix="phaselaw-kills-") as folder:
        bench = WritingBench(arguments.program, folder, arguments.seed)
        total = 0
        for i, verb in enumerate(verbs):
            share = (arguments.kills - total) / (len(verbs) - i)
            sums, folders, seconds = [0, 0, 0], 0, 0.0
            try:
                bench.reference(verb)
                seconds = usual_time(bench, verb)
                while sums[0] < share and folders < 10 * share + 10:
                    most = min(MOST_IN_A_ROW, max(1, round(share)))
                    sums = [a + b for a, b in zip(sums, one_folder(bench, verb, seconds, most))]
                    folders += 1
            except Failure as failure:
                wrong.append(str(failure))
                print(f"WRONG: {failure}", file=sys.stderr, flush=True)
            total += sums[0]
            print(f"{verb.name:14}{seconds:9.2f}{folders:9}{sums[0]:7}{sums[1]:12}{sums[2]:11}", flush=True)
    print(f"{total} kills, {len(wrong)} wrong")
    return 1 if wrong or total == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
