# SPDX-License-Identifier: Apache-2.0
"""phaselaw diagnose and trainspotter on the same logs with injected faults: which fault does each name?

    python3.12 -m venv VENV && VENV/bin/pip install -r benchmarks/laws/peers/requirements_detectors.txt
    VENV/bin/python benchmarks/laws/peers/detectors.py build/release/bin/phaselaw [--draws 40] [--columns train|all] [--write FOLDER]

A log has 10,000 steps and a row every 10 steps: train_loss, val_loss every 500 steps, lr, grad_norm (--columns all), or only
train_loss. The loss follows E + A (1 + S/t0)^-q with random parameters and 0.5 to 3 % noise; S is the sum of the learning
rates. Even draws have a constant rate after a warm-up, odd ones a cosine.

named: the program names the injected fault (rate too high: it raises any alarm); other: it only raises other alarms; none: it
raises none. Alarms of trainspotter are findings with the severity warning or error, and those of its plateau detector, which
has only infos. It runs with its defaults, and again with the window and the threshold of its spike detector that do best on
these very logs (its README says that both must be adjusted; its command line cannot). Alarms of phaselaw are a signature, or a
state, that tells of a fault.
"""

import argparse
import contextlib
import io
import json
import pathlib
import resource
import statistics
import subprocess
import tempfile

import numpy as np

STEPS, EVERY, VALIDATION = 10_000, 10, 500
HEALTHY = ("healthy", "resumed")
FAULTS = ("divergence", "spikes", "stall", "stall that ends", "overfitting", "nan", "rate too high", "repeated data")


class Log:
    """Losses at all steps, and the rows that were recorded."""

    def __init__(self, kind, draw):
        rng = self.rng = np.random.default_rng([7, draw, *kind.encode()])
        self.floor, self.amplitude = rng.uniform(1.5, 3), rng.uniform(4, 9)
        self.bend, self.exponent = np.exp(rng.uniform(np.log(15), np.log(100))), rng.uniform(0.35, 0.6)
        self.noise = np.exp(rng.uniform(np.log(0.005), np.log(0.03)))
        step = np.arange(1, STEPS + 1.0)
        warm = np.minimum(step / 200, 1)
        self.rate = warm * (0.1 + 0.45 * (1 + np.cos(np.pi * step / STEPS)) if draw % 2 else 1)
        self.law = self.at(np.cumsum(self.rate)) * (1 - 0.04 * (1 - self.rate) * (step > 200))
        self.train, self.val, self.norm = self.law.copy(), 1.01 * self.law, np.ones(STEPS)
        self.rows = np.arange(EVERY - 1, STEPS, EVERY)
        self.step = step

    def at(self, total_rate):
        return self.floor + self.amplitude * (1 + total_rate / self.bend) ** -self.exponent

    def both(self, factor):
        self.train *= factor
        self.val *= factor

    def since(self, share):
        return np.maximum(self.step - share * STEPS, 0)

    def table(self, columns):
        noisy = self.rng.standard_normal
        columns = {"step": self.step, "train_loss": self.train * np.exp(self.noise * noisy(STEPS)),
                   "val_loss": self.val * np.exp(0.002 * noisy(STEPS)), "lr": 6e-4 * self.rate,
                   "grad_norm": self.norm * np.exp(0.15 * noisy(STEPS))} if columns == "all" else \
                  {"step": self.step, "train_loss": self.train * np.exp(self.noise * noisy(STEPS))}
        lines = [",".join(columns)]
        for i in self.rows:
            cells = [f"{values[i]:.6g}" if name != "val_loss" or (i + 1) % VALIDATION == 0 else "" for name, values in columns.items()]
            lines.append(",".join(cells))
        return "\n".join(lines) + "\n"


def simulated(kind, draw):
    log = Log(kind, draw)
    rng = log.rng
    if kind == "divergence":
        share = rng.uniform(0.4, 0.8)
        log.both(np.exp(np.log(rng.uniform(1.7, 4)) * log.since(share) / (STEPS * (1 - share))))
    elif kind == "spikes":
        for share in rng.uniform(0.1, 0.9, rng.integers(1, 4)):
            since, scale = log.since(share), rng.uniform(30, 150)
            pulse = np.where(since > 0, np.exp(-since / scale), 0)
            log.both(1 + rng.uniform(0.3, 1) * pulse)
            log.norm *= 1 + 20 * pulse
    elif kind.startswith("stall"):
        begin = np.exp(rng.uniform(np.log(0.01), np.log(0.3)))
        end = 1 if kind == "stall" else rng.uniform(0.6, 0.8)
        moving = (log.step < begin * STEPS) | (log.step > end * STEPS)
        stalled = log.at(np.cumsum(log.rate * moving)) * log.law / log.at(np.cumsum(log.rate))
        log.both(stalled / log.law)
    elif kind == "overfitting":
        share = rng.uniform(0.2, 0.6)
        log.val *= 1 + rng.uniform(0.1, 0.4) * np.log1p(log.since(share) / (share * STEPS))
        log.train *= 1 - 0.1 * log.since(share) / STEPS
    elif kind == "nan":
        log.both(np.where(log.since(rng.uniform(0.3, 0.95)) > 0, np.nan, 1))
    elif kind == "rate too high":
        walk = np.zeros(STEPS)
        for i in range(1, STEPS):
            walk[i] = 0.995 * walk[i - 1] + 0.008 * rng.standard_normal()
        level = log.floor + log.amplitude * (rng.uniform(0.5, 0.8) + 0.4 * np.exp(-log.step / 60))
        log.both(level * np.exp(walk) / log.law)
        log.norm *= 8 * np.exp(3 * walk)
    elif kind == "repeated data":  # the loader begins again: the training loss drops, for as long as the data were seen
        share = rng.uniform(0.3, 0.6)
        again = (log.step > share * STEPS) & (log.step < (share + 0.25) * STEPS)
        log.train *= np.where(again, 1 - rng.uniform(0.04, 0.12), 1)
    elif kind == "resumed":  # no fault: the rows since a checkpoint are recorded twice
        stop, back = int(rng.uniform(0.4, 0.8) * len(log.rows)), rng.integers(20, 100)
        log.rows = np.concatenate([log.rows[:stop], log.rows[stop - back:]])
    return log


class Trainspotter:
    NAMES = {"divergence": "divergence", "spikes": "spikes", "stall": "plateau", "stall that ends": "plateau",
             "overfitting": "overfitting", "nan": "divergence"}

    def __init__(self, window=None, threshold=None):
        from trainspotter.detectors import default_detectors
        from trainspotter.detectors.spikes import SpikeDetector

        self.detectors = default_detectors()
        if window is not None:
            self.detectors[0] = SpikeDetector(("train/loss", "eval/loss"), window, threshold)

    def alarms(self, path):
        from trainspotter.detectors import run_all
        from trainspotter.readers import load_run

        with contextlib.redirect_stderr(io.StringIO()):
            found = run_all(load_run(path), self.detectors)
        return {one.detector for one in found if one.severity != "info" or one.detector == "plateau"}


class Phaselaw:
    NAMES = {"divergence": "diverged", "spikes": "spikes", "stall": "plateau", "stall that ends": "plateau",
             "overfitting": "overfitting", "nan": "diverged"}

    def __init__(self, program):
        self.program = program

    def alarms(self, path):
        text = subprocess.run([self.program, "diagnose", str(path), "--json", "-"], check=True, capture_output=True, text=True).stdout
        curve = json.loads(text)["curves"][0]
        detail, state, found = curve["signature_detail"], curve.get("state"), set()
        if detail["diverged"] or state == "diverged" or not all(one["ended"] for one in detail["spikes"]):
            found.add("diverged")  # or "rises from step ... and does not recover"
        if any(one["ended"] for one in detail["spikes"]):
            found.add("spikes")
        if detail["overfitting"] or detail["late_rise"] or state in ("overfitting", "memorising", "rising"):
            found.add("overfitting")
        if state == "finished" or (state is None and curve["signature"] == "plateau" and not detail["late_rise"]) \
                or detail["plateau_from"] is not None:
            found.add("plateau")
        if curve["signature"] == "instability" and not found:
            found.add("instability")
        return found


def processor_s():
    """Of this process and of the programs that it started."""
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def judged(program, kind, paths):
    """(named, other, none) in %, the median processor time, and how often each alarm was raised."""
    counts, alarms, spent = [0, 0, 0], {}, []
    for path in paths:
        begin = processor_s()
        found = program.alarms(path)
        spent.append(processor_s() - begin)
        wanted = program.NAMES.get(kind)
        named = bool(found) if kind == "rate too high" else wanted in found
        counts[0 if named else 1 if found else 2] += 1
        for name in found:
            alarms[name] = alarms.get(name, 0) + 1
    return [round(100 * count / len(paths)) for count in counts], statistics.median(spent), alarms


def report(name, program, logs):
    print(f"\n{name}\n| log | named | other alarms only | no alarm | alarms | time (ms) |\n|---|---|---|---|---|---|")
    score = 0
    for kind, paths in logs.items():
        shares, spent, alarms = judged(program, kind, paths)
        score += shares[2] if kind in HEALTHY else shares[0]
        listed = ", ".join(f"{alarm} {round(100 * count / len(paths))} %" for alarm, count in sorted(alarms.items()))
        print(f"| {kind} | {'-' if kind in HEALTHY else shares[0]} | {shares[1]} | {shares[2]} | {listed} | {1e3 * spent:.0f} |", flush=True)
    return score


def best_spike_setting(logs):
    """Window and threshold with the fewest false alarms on healthy logs and the most spikes found."""
    kept, best = {kind: logs[kind] for kind in ("spikes", "healthy")}, (-1, None)
    for window in (21, 51, 101):
        for threshold in (8, 14):
            program = Trainspotter(window, threshold)
            program.detectors = program.detectors[:1]
            score = judged(program, "spikes", kept["spikes"])[0][0] + judged(program, "healthy", kept["healthy"])[0][2]
            best = max(best, (score, (window, threshold)))
    return best[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="the program phaselaw")
    parser.add_argument("--draws", type=int, default=40)
    parser.add_argument("--columns", choices=("train", "all"), default="all")
    parser.add_argument("--write", help="keep the logs in this folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder, logs = pathlib.Path(options.write or temporary), {}
        folder.mkdir(parents=True, exist_ok=True)
        for kind in (*HEALTHY, *FAULTS):
            if kind == "overfitting" and options.columns == "train":
                continue  # nothing shows it
            for draw in range(options.draws):
                path = folder / f"{kind.replace(' ', '_')}_{draw}.csv"
                path.write_text(simulated(kind, draw).table(options.columns), encoding="utf-8")
                logs.setdefault(kind, []).append(path)
        report("phaselaw", Phaselaw(options.program), logs)
        report("trainspotter, defaults", Trainspotter(), logs)
        window, threshold = best_spike_setting(logs)
        report(f"trainspotter, spikes with window {window} and threshold {threshold}", Trainspotter(window, threshold), logs)


if __name__ == "__main__":
    main()
