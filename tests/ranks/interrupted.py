#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Signals to a sweep and to a kernel on several ranks: the exit code of mpirun, and what is there afterwards.

    interrupted.py PHASELAW [--rounds 1] [--quick]

mpirun passes SIGUSR1 on to its ranks and returns their code, 3. After Ctrl-C or SIGTERM it returns 1, whatever its ranks
return; examples/cluster/orderly.sh turns both into SIGUSR1. Each sweep is resumed by the same command, over TCP and over
MPI, and its export compared with that of an uninterrupted one. --quick: two signals to each kind. Exit code 77 (skipped) where there is no mpirun or the
program has no MPI.
"""
import argparse
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "endurance"))
from ranks_survive import SHORT, RankBench  # noqa: E402
from sweep_survives import Failure  # noqa: E402

import mpirun  # noqa: E402

ORDERLY = pathlib.Path(__file__).resolve().parents[2] / "examples" / "cluster" / "orderly.sh"
KERNEL = """seed = 7
[model]
n_layers = 2
d_model = 16
d_hidden = 64
n_heads = 2
d_head = 8
seq_len = 8
[data]
source = "teacher"
n_data = 24
n_test = 2
"""


def expect(condition, text):
    if not condition:
        raise Failure(text)


def start(command, env, orderly=False):
    prefix = [str(ORDERLY)] if orderly else []
    return subprocess.Popen([*prefix, *command], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            stdin=subprocess.DEVNULL, bufsize=0)


def sweep_command(bench, store, transport):
    return ["mpirun", "-n", "3", *bench.command(store, "--transport", transport, threads=1)]


def wait_for_runs(bench, process, store):
    deadline = time.monotonic() + 60
    while not list(bench.folder.glob(store.name + "-runs/*.state")):
        expect(process.poll() is None and time.monotonic() < deadline, "no run has begun")
        time.sleep(0.02)


def rank0_of(bench, store):
    return [pid for pid, rank in bench.processes(store).items() if rank == 0]


# name, whether orderly.sh starts mpirun, what is done to (the process that was started, the processes of rank 0), and the
# exit code. None: any but 0.
STROKES = [
    ("SIGUSR1 to mpirun", False, lambda process, rank0: process.send_signal(signal.SIGUSR1), 3),
    ("SIGTERM to rank 0", False, lambda process, rank0: os.kill(rank0[0], signal.SIGTERM), 3),
    ("Ctrl-C to orderly.sh", True, lambda process, rank0: process.send_signal(signal.SIGINT), 3),
    ("SIGTERM to orderly.sh", True, lambda process, rank0: process.send_signal(signal.SIGTERM), 3),
    ("SIGTERM to mpirun", False, lambda process, rank0: process.send_signal(signal.SIGTERM), None),
]


def sweeps(bench, strokes):
    bench.reference()
    for transport in ("tcp", "mpi"):
        store = bench.folder / f"{transport}.db"
        code, text = bench.ended(start(sweep_command(bench, store, transport), bench.env), store)
        expect(code == 0, f"{transport}: exit code {code}: {text}")
        bench.compare(store)
        bench.remove(store)
        for name, orderly, strike, expected in strokes:
            process = start(sweep_command(bench, store, transport), bench.env, orderly)
            wait_for_runs(bench, process, store)
            begin = time.monotonic()
            strike(process, rank0_of(bench, store))
            code, text = bench.ended(process, store)
            seconds = time.monotonic() - begin
            expect(code == expected if expected else code != 0, f"{transport}, {name}: exit code {code}: {text}")
            expect(expected is None or text.count("interrupted; everything finished so far is kept") == 1,
                   f"{transport}, {name}: {text}")
            code_resumed, text = bench.ended(start(sweep_command(bench, store, transport), bench.env), store)
            expect(code_resumed == 0, f"{transport}, {name}, resumed: exit code {code_resumed}: {text}")
            bench.compare(store)
            bench.remove(store)
            print(f"sweep over {transport}, {name}: exit code {code} after {seconds:.1f} s; resumed, the same export",
                  flush=True)


def lost_rank(bench):
    """Over MPI a rank that dies ends the job."""
    store = bench.folder / "lost.db"
    process = start(sweep_command(bench, store, "mpi"), bench.env)
    wait_for_runs(bench, process, store)
    os.kill(next(pid for pid, rank in bench.processes(store).items() if rank == 2), signal.SIGKILL)
    code, text = bench.ended(process, store)
    expect(code != 0, f"exit code {code} after the loss of a rank: {text}")
    code_resumed, text = bench.ended(start(sweep_command(bench, store, "mpi"), bench.env), store)
    expect(code_resumed == 0, f"resumed: exit code {code_resumed}: {text}")
    bench.compare(store)
    print(f"sweep over mpi, kill -9 of a rank: the job ended with exit code {code}; resumed, the same export")


def kernels(bench, strokes):
    experiment = bench.folder / "kernel.toml"
    experiment.write_text(KERNEL)
    for number, (name, orderly, strike, expected) in enumerate(strokes):
        out = bench.folder / f"kernel{number}"
        command = ["mpirun", "-n", "2", bench.program, "kernel", str(experiment), "--distributed", "--out", str(out)]
        env = dict(bench.env, OMPI_MCA_hwloc_base_binding_policy="none", OMPI_MCA_mpi_yield_when_idle="1")
        process = start(command, env, orderly)
        # A signal before MPI has started on all ranks would not reach them. Then anywhere in the kernel and its spectra.
        while b" kernel on 2 ranks " not in (line := process.stderr.readline()):
            expect(line, "the kernel does not start")
        time.sleep(bench.random.uniform(0, 0.5))
        expect(process.poll() is None, "the kernel ended too soon; make it larger")
        begin = time.monotonic()
        strike(process, rank0_of(bench, out))
        code, text = bench.ended(process, out)
        expect(code == expected if expected else code != 0, f"kernel, {name}: exit code {code}: {text}")
        expect(expected is None or text.count("error: interrupted") == 1, f"kernel, {name}: {text}")
        expect(not (out / "kernel.json").exists(), f"kernel, {name}: an interrupted kernel has left its description")
        print(f"kernel, {name}: exit code {code} after {time.monotonic() - begin:.1f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    program = pathlib.Path(arguments.program).resolve()
    if reason := mpirun.why_skipped(program):
        print(f"skipped: {reason}")
        return 77
    with tempfile.TemporaryDirectory(prefix="phaselaw-interrupted-") as folder:
        bench = RankBench(str(program), folder, 1, SHORT)
        strokes = STROKES[::2][:2] if arguments.quick else STROKES * arguments.rounds
        try:
            sweeps(bench, strokes)
            lost_rank(bench)
            kernels(bench, strokes)
        except Failure as failure:
            print(f"FAILED: {failure}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
