#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A training that is killed or interrupted again and again, then resumed, leaves the bytes of one that never was.

    train_resumes.py PHASELAW [--kills 200] [--seed 1]

Each training is struck at random instants, mostly by SIGKILL and sometimes by SIGTERM, until it ends. Between the strokes
no run.json may be there. Its curve.csv, weights.safetensors and run.json are then compared byte for byte with those of an
uninterrupted training; with another number of threads, run.json is compared without its command. Also shown: what is
refused beside an unfinished training. Exit code 1 when anything differs.
"""
import argparse
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

EXPERIMENT = """
seed = 11
[model]
d_model = 16
d_hidden = 64
n_heads = 2
d_head = 8
seq_len = 8
init_scale = 0.5
[data]
n_data = 48
n_test = 32
noise = 0.1
[training]
optimizer = "{optimizer}"
batch = 16
steps = {steps}
schedule = "cosine"
learning_rate = {rate}
"""
FILES = ("curve.csv", "weights.safetensors", "run.json")


class Failure(Exception):
    pass


def expect(condition, *what):
    if not condition:
        raise Failure(" ".join(str(w) for w in what))


class Training:
    """One training in a folder of its own; the command is the same in all folders, so that run.json is too."""

    def __init__(self, program, folder, text):
        self.program, self.folder = program, pathlib.Path(folder)
        self.folder.mkdir()
        (self.folder / "exp.toml").write_text(text)
        self.run = self.folder / "run"

    def start(self, *more, threads=1):
        return subprocess.Popen([self.program, "train", "exp.toml", "--out", "run", "--threads", str(threads), *more],
                                cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def finish(self, *more, threads=1, code=0):
        process = self.start(*more, threads=threads)
        out, err = process.communicate()
        expect(process.returncode == code, "exit code", process.returncode, "instead of", code, err)
        return out + err

    def bytes(self, same_command=True):
        found = {name: (self.run / name).read_bytes() for name in FILES}
        if not same_command:
            run = json.loads(found["run.json"])
            del run["made_by"]["command"]
            found["run.json"] = json.dumps(run)
        return found

    def names(self):
        return sorted(os.listdir(self.run)) if self.run.exists() else []


def struck(training, rng, seconds, threads):
    """Strikes the training until it ends; returns the numbers of strokes and of resumed snapshots."""
    strokes = resumed = 0
    while True:
        resumed += "training.snapshot" in training.names()
        process = training.start("--resume", "--checkpoint-every", "0.02", threads=threads)
        how = signal.SIGTERM if rng.random() < 0.3 else signal.SIGKILL
        time.sleep(rng.uniform(0.05, max(0.1, seconds / 3)))
        process.send_signal(how)
        err = process.communicate()[1]
        if process.returncode == 0:
            return strokes, resumed
        strokes += 1
        expected = 3 if how == signal.SIGTERM else -signal.SIGKILL
        # The handler is not there yet in the first milliseconds.
        expect(process.returncode in (expected, -how), "exit code", process.returncode, "after", how, err)
        if process.returncode == 3:
            expect("interrupted" in err, "no word of the interrupt:", err)
            expect("--resume" in err or "training.snapshot" not in training.names(), err, training.names())
        left = [n for n in training.names() if n != "training.snapshot" and ".part-" not in n]
        # A kill may come while the last three files are written; run.json is the last of them.
        expect("run.json" not in left or how == signal.SIGKILL and set(FILES) <= set(left), "left:", left)


def refusals(program, folder):
    training = Training(program, folder, EXPERIMENT.format(optimizer="sgd", steps=200000, rate=0.01))
    process = training.start("--checkpoint-every", "0.02")
    while "training.snapshot" not in training.names():
        expect(process.poll() is None, "the training ended before its first snapshot")
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    expect(process.wait() == 3, "exit code", process.returncode)
    snapshot = (training.run / "training.snapshot").read_bytes()
    told = training.finish(code=2)
    expect("--resume" in told and "--overwrite" in told, told)
    told = training.finish("--resume", "--seed", "12", code=2)
    expect("seed is 11 in the file and 12 here" in told, told)
    told = training.finish("--resume", "--overwrite", code=2)
    expect("--resume" in told, told)
    (training.run / "training.snapshot").write_bytes(snapshot[:-9] + b"another x")
    told = training.finish("--resume", code=2)
    expect("damaged" in told, told)
    (training.run / "training.snapshot").write_bytes(b"")
    told = training.finish("--resume", code=2)
    expect("damaged" in told, told)
    (training.folder / "exp.toml").write_text(EXPERIMENT.format(optimizer="sgd", steps=20, rate=0.01))
    training.finish("--overwrite")
    expect(training.names() == sorted(FILES), training.names())
    expect("--overwrite" not in (training.run / "run.json").read_text(), "run.json states --overwrite")
    before = training.bytes()
    expect("already" in training.finish("--resume"), "a finished training is not left as it is")
    told = training.finish("--resume", "--seed", "12", code=2)
    expect("seed is 11 in the file and 12 here" in told, told)
    expect(training.bytes() == before, "a finished training was changed")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    program, rng = os.path.abspath(arguments.program), random.Random(arguments.seed)
    with tempfile.TemporaryDirectory(prefix="phaselaw-train-") as folder:
        folder = pathlib.Path(folder)
        try:
            refusals(program, folder / "refusals")
            strokes = trainings = resumed = 0
            while strokes < arguments.kills:
                text = EXPERIMENT.format(optimizer=("momentum", "adamw")[trainings % 2],
                                         steps=rng.randrange(2000, 6000), rate=('"auto"', "0.01")[trainings // 2 % 2])
                threads = (1, 1, 2)[trainings % 3]
                begin = time.monotonic()
                whole = Training(program, folder / f"whole{trainings}", text)
                whole.finish("--checkpoint-every", "0.02", threads=threads)
                seconds = time.monotonic() - begin
                part = Training(program, folder / f"part{trainings}", text)
                counts = struck(part, rng, seconds, threads)
                strokes, resumed, trainings = strokes + counts[0], resumed + counts[1], trainings + 1
                expect(part.names() == sorted(FILES), part.names())
                expect(part.bytes() == whole.bytes(), "training", trainings, "differs:", text)
                if threads > 1:
                    one = Training(program, folder / f"one{trainings}", text)
                    one.finish()
                    expect(part.bytes(False) == one.bytes(False), "training", trainings, "differs on one thread:", text)
        except Failure as failure:
            print(f"FAILED: {failure}", file=sys.stderr)
            return 1
    print(f"{strokes} strokes on {trainings} trainings, {resumed} starts from a snapshot; all files equal those of "
          "uninterrupted trainings")
    return 0


if __name__ == "__main__":
    sys.exit(main())
