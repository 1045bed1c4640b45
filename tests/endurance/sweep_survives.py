#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a sweep survives, shown on the program itself.

    sweep_survives.py PHASELAW kill   [--kills 200]   kill -9 at random instants, again and again, then resume
    sweep_survives.py PHASELAW term   [--kills 60]    the same with SIGTERM
    sweep_survives.py PHASELAW pair   [--kills 60]    the same with two processes on one store
    sweep_survives.py PHASELAW enospc                 a tmpfs that is too small, made larger step by step (root)
    sweep_survives.py PHASELAW clock                  a clock that jumps by days, runs fast, stands still (faketime)
    sweep_survives.py PHASELAW split                  1 and 2 threads, and 3 shards merged
    sweep_survives.py PHASELAW soak   [--runs 2000]   memory and open files over many tiny runs

Each ends with the export compared byte for byte with that of an uninterrupted sweep, and with `phaselaw check`. Prints
what happened; exit code 1 when a comparison fails. `--seed` fixes the random instants.
"""
import argparse
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

STUDY = """
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
batch = 10
schedule = "cosine"
warmup = 0.1
gradient_clip = 1.0
weight_decay = 0.001
learning_rate = 0.01
[grid]
"training.optimizer" = ["momentum", "adamw", "sgd"]
"training.steps" = [300, 2500]
"model.n_layers" = [1, 2]
seeds = 2
"""
TINY = """
seed = 1
[model]
n_layers = 1
d_model = 4
d_hidden = 4
n_heads = 1
d_head = 4
seq_len = 2
[data]
n_data = 4
n_test = 4
[training]
batch = 2
steps = 10
learning_rate = 0.01
[grid]
seeds = {runs}
"""


class Failure(Exception):
    pass


class Bench:
    def __init__(self, program, folder, seed):
        self.program, self.folder, self.random = program, pathlib.Path(folder), random.Random(seed)
        self.study = self.folder / "study.toml"
        self.study.write_text(STUDY)
        self._reference = None

    def command(self, store, *more, threads=2):
        return [self.program, "sweep", str(self.study), "--out", str(store), "--threads", str(threads), "--quiet",
                "--checkpoint-every", "0.03", *more]

    def start(self, store, *more, threads=2, prefix=(), env=None):
        return subprocess.Popen([*prefix, *self.command(store, *more, threads=threads)], stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, env=env)

    def finish(self, store, *more, threads=2):
        subprocess.run(self.command(store, *more, threads=threads), check=True, stdout=subprocess.DEVNULL)

    def export(self, store):
        return subprocess.run([self.program, "export", str(store)], check=True, capture_output=True).stdout

    def reference(self):
        if self._reference is None:
            begin = time.monotonic()
            self.finish(self.folder / "reference.db")
            self.seconds = time.monotonic() - begin
            self._reference = self.export(self.folder / "reference.db")
        return self._reference

    def check(self, store, *flags):
        done = subprocess.run([self.program, "check", str(store), *flags], capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(f"check: {done.stdout}{done.stderr}")

    def compare(self, store):
        if self.export(store) != self.reference():
            raise Failure(f"{store}: the export differs from that of an uninterrupted sweep")
        self.check(store, "--complete")
        left = [f"{store}{end}" for end in ("-claims", "-runs") if os.path.exists(f"{store}{end}")]
        if left:
            raise Failure(f"left beside the finished store: {left}")


def interrupted(bench, kills, how, processes):
    """Sweeps are struck at random instants until they are done; then the next, until so many strokes have fallen."""
    bench.reference()
    strokes = sweeps = resumed = 0
    while strokes < kills:
        store = bench.folder / f"{how.name}-{sweeps}.db"
        while True:
            running = [bench.start(store, threads=1 if processes > 1 else 2) for _ in range(processes)]
            ended = False
            for process in running:
                try:
                    process.wait(timeout=bench.random.uniform(0.0, min(0.7, bench.seconds)))
                    ended = True
                except subprocess.TimeoutExpired:
                    process.send_signal(how)
                    strokes += 1
            for process in running:
                process.wait()
                text = process.stderr.read().decode()
                if process.returncode not in (0, 3, -how):
                    raise Failure(f"exit code {process.returncode}: {text}")
                ended = ended and process.returncode == 0
            resumed += len(list(bench.folder.glob(store.name + "-runs/*.state")))
            if store.exists() and bench.random.random() < 0.2:
                bench.check(store)
            if ended:
                break
        bench.compare(store)
        sweeps += 1
        for path in bench.folder.glob(store.name + "*"):
            path.unlink()
    print(f"{how.name}, {processes} process(es): {strokes} strokes over {sweeps} sweeps of 24 runs; {resumed} times a "
          f"run in flight lay as a snapshot at the stroke; every export equals that of an uninterrupted sweep")


def enospc(bench):
    """The tmpfs begins too small for the store and grows only after each failure."""
    bench.reference()
    mount = bench.folder / "small"
    mount.mkdir()
    size = 96
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(mount)], check=True)
    try:
        full = 0
        while True:
            process = bench.start(mount / "study.db")
            text = process.communicate()[1].decode()
            if process.returncode == 0:
                break
            if process.returncode != 1 or "full" not in text and "No space" not in text:
                raise Failure(f"exit code {process.returncode}: {text}")
            full += 1
            if (mount / "study.db").exists():
                bench.check(mount / "study.db")
            left = [path.name for path in mount.iterdir() if ".part-" in path.name]
            if left:
                raise Failure(f"left on the full disk: {left}")
            size += 16
            subprocess.run(["mount", "-o", f"remount,size={size}k", str(mount)], check=True)
        shutil.copytree(mount, bench.folder / "grown")
    finally:
        subprocess.run(["umount", str(mount)], check=True)
    bench.compare(bench.folder / "grown" / "study.db")
    print(f"ENOSPC: the disk was full {full} times, up to {size} KiB; the export equals the reference")


def clock(bench):
    bench.reference()
    faketime = shutil.which("faketime")
    if not faketime:
        print("clock: skipped, faketime is not installed")
        return
    library = next(pathlib.Path("/usr/lib").rglob("libfaketime.so.1"))
    stamp = bench.folder / "faketimerc"
    jumps = 0
    for number in range(6):
        store = bench.folder / f"clock-{number}.db"
        stamp.write_text("+0")
        env = dict(os.environ, LD_PRELOAD=str(library), FAKETIME_TIMESTAMP_FILE=str(stamp), FAKETIME_NO_CACHE="1",
                   DONT_FAKE_MONOTONIC="0")
        for _ in range(2):  # struck once, resumed once, with the clock jumping all along
            process = bench.start(store, env=env)
            deadline = time.monotonic() + bench.random.uniform(0.3, 1.0)
            while process.poll() is None:
                stamp.write_text(bench.random.choice(["-400d", "+9000d", "-3h", "+0", "+0 x1000", "-2d x0.01"]))
                jumps += 1
                time.sleep(0.03)
                if _ == 0 and time.monotonic() > deadline:
                    process.kill()
            text = process.stderr.read().decode()
            process.wait()
            if process.returncode not in (0, -signal.SIGKILL):
                raise Failure(f"exit code {process.returncode}: {text}")
        bench.compare(store)
    print(f"clock: {jumps} jumps by hours to years over 6 sweeps, each killed once; every export equals the reference")


def split(bench):
    bench.reference()
    bench.finish(bench.folder / "one.db", threads=1)
    bench.compare(bench.folder / "one.db")
    shards = [bench.folder / f"shard{i}.db" for i in range(3)]
    for i, shard in enumerate(shards):
        bench.finish(shard, "--shard", f"{i}/3", threads=1 + i % 2)
    subprocess.run([bench.program, "merge", str(bench.folder / "merged.db"), *map(str, shards)], check=True,
                   stdout=subprocess.DEVNULL)
    bench.compare(bench.folder / "merged.db")
    print("split: 1 thread, 2 threads and 3 shards merged give the same export")


def soak(bench, runs):
    bench.study.write_text(TINY.format(runs=runs))
    store = bench.folder / "soak.db"
    process = bench.start(store)
    samples = []
    while process.poll() is None:
        try:
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            memory = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
            samples.append((time.monotonic(), memory, len(os.listdir(f"/proc/{process.pid}/fd"))))
        except (OSError, StopIteration):
            pass
        time.sleep(0.1)
    if process.returncode != 0:
        raise Failure(process.stderr.read().decode())
    bench.check(store, "--complete")
    if len(samples) < 10:
        raise Failure("too short to tell; take more runs")
    middle = samples[len(samples) // 5:]
    early, late = middle[:len(middle) // 4], middle[-len(middle) // 4:]
    mean = lambda part, field: sum(s[field] for s in part) / len(part)
    growth = mean(late, 1) - mean(early, 1)
    print(f"soak: {runs} runs in {samples[-1][0] - samples[0][0]:.1f} s; memory {mean(early, 1) / 1024:.1f} MB early, "
          f"{mean(late, 1) / 1024:.1f} MB late; open files {min(s[2] for s in middle)} to "
          f"{max(s[2] for s in middle)}; store {store.stat().st_size / 1e6:.1f} MB")
    page_cache = 2000  # KiB that SQLite fills with the first pages of the store, and no further
    if growth > page_cache or max(s[2] for s in late) > max(s[2] for s in early):
        raise Failure("memory or open files grow with the number of runs")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("what", choices=["kill", "term", "pair", "enospc", "clock", "split", "soak"])
    parser.add_argument("--kills", type=int)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="phaselaw-endurance-") as folder:
        bench = Bench(os.path.abspath(arguments.program), folder, arguments.seed)
        try:
            if arguments.what == "kill":
                interrupted(bench, arguments.kills or 200, signal.SIGKILL, 1)
            elif arguments.what == "term":
                interrupted(bench, arguments.kills or 60, signal.SIGTERM, 1)
            elif arguments.what == "pair":
                interrupted(bench, arguments.kills or 60, signal.SIGKILL, 2)
            elif arguments.what == "soak":
                soak(bench, arguments.runs)
            else:
                {"enospc": enospc, "clock": clock, "split": split}[arguments.what](bench)
        except Failure as failure:
            print(f"FAILED: {failure}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
