# SPDX-License-Identifier: Apache-2.0
"""phaselaw and SciPy on the same tables, taking turns: compare.py BENCH [options], started by run.sh.

A round: `BENCH --json 1`, then a share of each peer's work, all on one core. Processor seconds, medians over the rounds;
where a peer does only a share of the starts or resamples, its time is scaled to all of them and the line says so.
The objectives that each reached stand below.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile
import time

import numpy as np

import scipy_careful
import scipy_usual
from common import Table

ROWS, RESAMPLES = ("n_params", "tokens"), 4000
GEMSTONES = ("width", "depth", "params_active_precise", "tokens")


def timed(work):
    begin = time.process_time()
    result = work()
    return time.process_time() - begin, result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--usual-starts", type=int, default=90, help="of 4500, in each round")
    parser.add_argument("--usual-resamples", type=int, default=40, help="of 4000, in each round")
    parser.add_argument("--careful-resamples", type=int, default=400, help="of 4000, in each round")
    parser.add_argument("--gemstones", help="a Gemstones table; the peer takes about a minute a round")
    options = parser.parse_args()
    seconds, lowest = {}, {}

    def note(case, who, value):
        seconds.setdefault(case, {}).setdefault(who, []).append(value)

    with tempfile.TemporaryDirectory() as folder:
        path = str(pathlib.Path(folder) / "table.csv")
        command = [options.bench, "--json", "1", "--repeats", "3"]
        extra = ["--gemstones", options.gemstones] if options.gemstones else []
        subprocess.run([*command, "--only", "none", "--write-table", path], check=True)
        table = Table(path, ROWS, "loss")
        wide = Table(options.gemstones, GEMSTONES, "final_loss") if options.gemstones else None
        starts, rng = scipy_usual.starts(), np.random.default_rng(0)
        order = rng.permutation(len(starts))
        for turn in range(options.rounds):
            for line in subprocess.run([*command, *extra], check=True, capture_output=True, text=True).stdout.splitlines():
                case = json.loads(line)
                note(case["case"], "phaselaw", case["processor_s"])
                if not case["case"].startswith("resamples"):
                    lowest["phaselaw, " + case["case"]] = (case["objective"], "certified")
            spent, (cost, theta, agreed) = timed(lambda: scipy_careful.fit(table, 18))
            note("fit", "careful", spent)
            lowest["careful, fit"] = (cost, agreed)
            resamples = [table.resampled(rng) for _ in range(options.careful_resamples)]
            spent, ends = timed(lambda: [scipy_careful.refit(theta, resample) for resample in resamples])
            note("resamples-1", "careful", spent * RESAMPLES / len(resamples))
            lowest["careful, resamples converged"] = (sum(end[2] < 1e-5 for end in ends) / len(ends), len(ends))
            share = [starts[i] for i in order[turn * options.usual_starts : (turn + 1) * options.usual_starts]]
            spent, found = timed(lambda: [scipy_usual.minimum(start, table) for start in share])
            note("fit", "usual", spent * len(starts) / len(share))
            best = min(found, key=lambda end: end[0])
            lowest["usual, fit"] = min(lowest.get("usual, fit", best), best, key=lambda end: end[0])
            spent, _ = timed(lambda: [scipy_usual.minimum(theta, resample)
                                      for resample in resamples[: options.usual_resamples]])
            note("resamples-1", "usual", spent * RESAMPLES / options.usual_resamples)
            if wide is not None:
                spent, (cost, _, agreed) = timed(lambda: scipy_careful.fit(wide, 7))
                note("gemstones", "careful", spent)
                lowest["careful, gemstones"] = (cost, agreed)
    for case, who in seconds.items():
        ours = statistics.median(who["phaselaw"])
        text = f"{case:12s} phaselaw {ours * 1e3:10.2f} ms"
        for peer in ("careful", "usual"):
            if peer in who:
                theirs = statistics.median(who[peer])
                text += f"   {peer} {theirs:9.3f} s ({theirs / ours:.0f}x)"
        print(text)
    for who, end in lowest.items():
        print(f"{who}: {end[0]:.12g} ({'best of its starts' if isinstance(end[1], np.ndarray) else end[1]})")


if __name__ == "__main__":
    main()
