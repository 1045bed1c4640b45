#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a sweep on several ranks survives, shown on the program itself under mpirun.

    ranks_survive.py PHASELAW quick                 all of these, a little of each, and bad input: for the test suite
    ranks_survive.py PHASELAW agree                 1, 2, 4 ranks, 2 threads on 2 ranks: the same export
    ranks_survive.py PHASELAW worker [--kills 100]  kill -9 of other ranks at random: the sweep finishes by itself
    ranks_survive.py PHASELAW owner [--kills 40]    kill -9 of rank 0 or of mpirun, then resume
    ranks_survive.py PHASELAW term [--kills 40]     SIGTERM or SIGINT to mpirun, then resume

Each ends with the export compared byte for byte with that of an uninterrupted sweep of one process, and with
`phaselaw check`. Exit code 77 (skipped) where there is no mpirun or the program has no MPI.
"""
import argparse
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from sweep_survives import STUDY, Bench, Failure

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "ranks"))
import mpirun  # noqa: E402

SHORT = STUDY.replace("[300, 2500]", "[100, 900]").replace("seeds = 2", "seeds = 1")
RANK = b"OMPI_COMM_WORLD_RANK="


def parent(pid):
    try:
        return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


class RankBench(Bench):
    def __init__(self, program, folder, seed, study):
        super().__init__(program, folder, seed)
        self.study.write_text(study)
        self.env = mpirun.environment()

    def ranks(self, store, ranks, *more, threads=1, program=None):
        command = self.command(store, *more, threads=threads)
        command[0] = program or command[0]
        return subprocess.Popen(["mpirun", "-n", str(ranks), *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                stdin=subprocess.DEVNULL, env=self.env)

    def processes(self, store):
        """{pid: rank} of the sweep's processes, guardians included."""
        found = {}
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                if str(store).encode() not in (entry / "cmdline").read_bytes():
                    continue
                ranks = [v for v in (entry / "environ").read_bytes().split(b"\0") if v.startswith(RANK)]
            except OSError:
                continue
            if ranks:
                found[int(entry.name)] = int(ranks[0][len(RANK):])
        return found

    def wait_until_gone(self, store):
        deadline = time.monotonic() + 20
        while self.processes(store):
            if time.monotonic() > deadline:
                raise Failure(f"processes are left after the sweep: {self.processes(store)}")
            time.sleep(0.05)

    def ended(self, process, store):
        """(exit code, stderr) of mpirun, once nothing of the sweep runs any more."""
        text = process.communicate(timeout=300)[1].decode()
        self.wait_until_gone(store)
        return process.returncode, text

    def remove(self, store):
        for path in self.folder.glob(store.name + "*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def agree(bench, counts=((1, 1), (2, 1), (4, 1), (2, 2))):
    bench.reference()
    for ranks, threads in counts:
        store = bench.folder / f"agree-{ranks}-{threads}.db"
        code, text = bench.ended(bench.ranks(store, ranks, threads=threads), store)
        if code != 0:
            raise Failure(f"{ranks} ranks: exit code {code}: {text}")
        bench.compare(store)
    print(f"agree: (ranks, threads) {', '.join(map(str, counts))}: every export equals that of one process")


def worker(bench, kills):
    """A rank other than 0 is killed at random instants; the same mpirun finishes the sweep."""
    bench.reference()
    strokes = sweeps = replaced = 0
    while strokes < kills:
        store = bench.folder / f"worker-{sweeps}.db"
        process = bench.ranks(store, 3)
        seen = set()
        while process.poll() is None:
            time.sleep(bench.random.uniform(0.05, 0.4))
            # mpirun's own children are still meeting: that takes every rank, and a death there ends the job.
            others = {pid for pid, rank in bench.processes(store).items() if rank > 0 and parent(pid) != process.pid}
            replaced += len(others - seen) if seen else 0
            seen |= others
            if others and strokes < kills:
                try:
                    os.kill(bench.random.choice(sorted(others)), signal.SIGKILL)
                    strokes += 1
                except ProcessLookupError:
                    pass
        code, text = bench.ended(process, store)
        if code != 0:
            raise Failure(f"exit code {code} after a kill of another rank: {text}")
        bench.compare(store)
        bench.remove(store)
        sweeps += 1
    print(f"worker: {strokes} kill -9 of ranks 1 and 2 over {sweeps} sweeps, {replaced} processes that replaced them; "
          "each sweep finished without help, its export equal to the reference")


def struck(bench, kills, what):
    """Rank 0 or mpirun is struck at random instants until the sweep is done; the same command resumes."""
    bench.reference()
    strokes = sweeps = snapshots = 0
    codes = set()
    while strokes < kills:
        store = bench.folder / f"{what}-{sweeps}.db"
        while True:
            process = bench.ranks(store, 3)
            time.sleep(bench.random.uniform(0.3, 1.5))
            pids = [pid for pid, rank in bench.processes(store).items() if rank == 0]
            if process.poll() is None:
                if what == "owner" and pids and bench.random.random() < 0.7:
                    os.kill(bench.random.choice(pids), signal.SIGKILL)
                else:
                    process.send_signal(signal.SIGKILL if what == "owner"
                                        else bench.random.choice([signal.SIGTERM, signal.SIGINT]))
                strokes += 1
            code, text = bench.ended(process, store)
            codes.add(code)
            if code == 0:
                break
            snapshots += len(list(bench.folder.glob(store.name + "-runs/*.state")))
            if store.exists() and store.stat().st_size > 0 and bench.random.random() < 0.3:
                bench.check(store)
        bench.compare(store)
        bench.remove(store)
        sweeps += 1
    print(f"{what}: {strokes} strokes over {sweeps} sweeps, exit codes of mpirun {sorted(codes)}, {snapshots} snapshots "
          "of runs in flight lay there; resumed, every export equals the reference")


def expect_refusal(bench, process, words):
    out, err = (part.decode() for part in process.communicate(timeout=60))
    told = [line for line in err.splitlines() if "phaselaw: error" in line]
    if process.returncode != 2 or len(told) != 1 or words not in told[0]:
        raise Failure(f"expected exit code 2 and one error with '{words}'; found {process.returncode}: {out}{err}")


def bad_input(bench):
    store = bench.folder / "refused.db"
    expect_refusal(bench, bench.ranks(store, 2, "--shard", "0/2"), "--shard: 2 ranks share the whole study")
    lonely = bench.folder / "bin" / "phaselaw"  # a program without the module: built without MPI
    lonely.parent.mkdir()
    shutil.copy(bench.program, lonely)
    expect_refusal(bench, bench.ranks(store, 2, program=str(lonely)), "built without MPI")
    # Every rank reads its own file; rank 1's differs, then is missing.
    per_rank = bench.folder / "per_rank.sh"
    per_rank.write_text('#!/bin/sh\nexec "$0.program" sweep "$0.$OMPI_COMM_WORLD_RANK.toml" "$@"\n')
    per_rank.chmod(0o755)
    os.symlink(bench.program, f"{per_rank}.program")
    shutil.copy(bench.study, f"{per_rank}.0.toml")
    start = lambda: subprocess.Popen(["mpirun", "-n", "2", str(per_rank), "--out", str(store)], env=bench.env,
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    expect_refusal(bench, start(), "rank 1 on")
    pathlib.Path(f"{per_rank}.1.toml").write_text(bench.study.read_text().replace("seed = 11", "seed = 12"))
    expect_refusal(bench, start(), "reads another input file than rank 0")
    print("bad input: --shard under mpirun, a program without MPI, a study that one rank lacks or has otherwise: "
          "one error, exit code 2")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("what", choices=["quick", "agree", "worker", "owner", "term"])
    parser.add_argument("--kills", type=int)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    program = pathlib.Path(arguments.program).resolve()
    if reason := mpirun.why_skipped(program):
        print(f"skipped: {reason}")
        return 77
    with tempfile.TemporaryDirectory(prefix="phaselaw-ranks-") as folder:
        bench = RankBench(str(program), folder, arguments.seed, SHORT if arguments.what == "quick" else STUDY)
        try:
            if arguments.what == "quick":
                agree(bench, ((1, 1), (2, 1), (4, 1)))
                worker(bench, 4)
                struck(bench, 1, "term")
                bad_input(bench)
            elif arguments.what == "agree":
                agree(bench)
            elif arguments.what == "worker":
                worker(bench, arguments.kills or 100)
            else:
                struck(bench, arguments.kills or 40, arguments.what)
        except Failure as failure:
            print(f"FAILED: {failure}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
