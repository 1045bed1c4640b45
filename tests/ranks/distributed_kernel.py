#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""phaselaw kernel --distributed on several ranks against the kernel of one process, from the files that both write.

    distributed_kernel.py PHASELAW

Exit code 77 (skipped) where there is no mpirun or the program has no MPI.

Tolerances. Every entry is made by the same sums on all ranks, in another order at most: relative Frobenius error below
1e-11 in double and 2e-5 in float, the algorithm's own accuracy (docs/kernel.md) with room for two of them. Eigenvalues of
two backward stable solvers differ by c n eps ||H||; c n is taken as 1e-12 / eps in double, and 2e-5 / eps in float.
"""
import array
import csv
import json
import math
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import mpirun

MODEL = """seed = 7
[model]
n_layers = 2
d_model = 8
d_hidden = 64
n_heads = 2
d_head = 4
seq_len = {length}
{model}
[data]
source = "teacher"
n_data = {n}
n_test = 2
noise = 0.1
"""


def matrix(path):
    """(values, extents) of a .npy file."""
    content = path.read_bytes()
    length = int.from_bytes(content[8:10], "little")
    header = content[10:10 + length].decode()
    code = {"<f4": "f", "<f8": "d"}[re.search(r"'descr': '(.*?)'", header).group(1)]
    return array.array(code, content[10 + length:]), eval(re.search(r"'shape': (\(.*?\))", header).group(1))


def columns(path):
    with path.open() as file:
        rows = list(csv.DictReader(file))
    return [[float(row[name] or "nan") for row in rows] for name in ("eigenvalue", "target_coefficient")]


class Bench:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.env = mpirun.environment(OMPI_MCA_hwloc_base_binding_policy="none", OMPI_MCA_mpi_yield_when_idle="1")
        self.count = 0

    def experiment(self, n, length=4, model=""):
        path = self.folder / f"n{n}_l{length}{'_' if model else ''}{re.sub('[^a-z]', '', model)}.toml"
        path.write_text(MODEL.format(n=n, length=length, model=model))
        return path

    def start(self, ranks, experiment, *flags):
        """ranks = 0: the plain program. (process, folder of the files)"""
        self.count += 1
        out = self.folder / f"out{self.count}"
        launcher = ["mpirun", "-n", str(ranks)] if ranks > 0 else []
        command = [*launcher, self.program, "kernel", str(experiment), "--quiet", "--out", str(out), *flags]
        return subprocess.run(command, env=self.env, stdin=subprocess.DEVNULL, capture_output=True, timeout=120), out

    def run(self, ranks, experiment, *flags):
        done, out = self.start(ranks, experiment, *flags)
        assert done.returncode == 0, (ranks, experiment.name, flags, done.returncode, done.stderr.decode())
        return out

    def refused(self, ranks, expected, experiment, *flags):
        done, out = self.start(ranks, experiment, *flags)
        text = done.stderr.decode()
        # mpirun adds words of its own; the program's error is there once.
        assert done.returncode == 2 and text.count(expected) == 1, (expected, done.returncode, text)
        assert not (out / "kernel.npy").exists()


def same(plain, distributed, tolerance_matrix, tolerance_spectrum):
    names = sorted(p.name for p in plain.iterdir())
    assert names == sorted(p.name for p in distributed.iterdir()), (names, list(distributed.iterdir()))
    worst = 0.0
    for name in names:
        if not name.startswith("kernel") or not name.endswith(".npy"):
            continue
        (a, shape), (b, other) = matrix(plain / name), matrix(distributed / name)
        assert shape == other and len(a) == len(b) == shape[0] * shape[1]
        error = math.dist(a, b) / math.hypot(*a)
        worst = max(worst, error)
        assert error < tolerance_matrix, (name, error)
        n = shape[0]
        assert all(b[i * n + j] == b[j * n + i] for i in range(n) for j in range(i)), f"{name} is not symmetric"
    (values, squares), (others, other_squares) = columns(plain / "spectrum.csv"), columns(distributed / "spectrum.csv")
    assert len(values) == len(others) == shape[0]
    apart = max(abs(a - b) for a, b in zip(values, others)) / values[0]
    assert apart < tolerance_spectrum, apart
    # A coefficient moves by the error of its vector: eps ||H|| / gap. In double all are compared where gaps are wide.
    if not math.isnan(squares[0]):
        total = sum(squares)
        assert abs(total - sum(other_squares)) < 1e-10 * total
        assert abs(sum(l * (a - b) for l, a, b in zip(values, squares, other_squares))) < 1e-10 * values[0] * total \
            or tolerance_spectrum > 1e-12
        edges = [math.inf, *(a - b for a, b in zip(values, values[1:])), math.inf]
        for i, (one, two) in enumerate(zip(squares, other_squares)):
            gap = min(edges[i], edges[i + 1]) / values[0]
            assert abs(one - two) < total * 100 * tolerance_spectrum / gap, (i, one, two, gap)
    else:
        assert math.isnan(other_squares[0])
    a, b = (json.loads((folder / "kernel.json").read_text()) for folder in (plain, distributed))
    assert a["n_rows"] == b["n_rows"] and a["n_params"] == b["n_params"] and len(a["layers"]) == len(b["layers"]) > 0
    for one, two in zip(a["layers"], b["layers"]):
        assert one["name"] == two["name"] and abs(one["trace"] - two["trace"]) <= tolerance_matrix * one["trace"]
        assert abs(one["lambda_max"] - two["lambda_max"]) <= 10 * tolerance_spectrum * one["lambda_max"]
    return worst, apart


def agree(bench):
    # rows of a sequence: 32 (one block), 40 (no power of two), 136 (longer than ScaLAPACK likes: dealt out anew), 1 and 8
    cases = [((7,), ("--dtype", "float64"), (1, 2, 3, 4)), ((1,), (), (2, 4)), ((3, 17), (), (2, 4)), ((5, 5), (), (0, 3)),
             ((7,), ("--dtype", "float32"), (4,)), ((7,), ("--detail", "blocks"), (4,)), ((37, 1), ("--reduce", "sequence"), (4,)),
             ((5,), ("--reduce", "coordinates"), (3,)), ((1, 1), ("--reduce", "sequence"), (2,))]
    for shape, flags, ranks in cases:
        experiment = bench.experiment(*shape)
        plain = bench.run(0, experiment, *flags)
        single = "float32" in flags
        for k in ranks:
            worst, apart = same(plain, bench.run(k, experiment, "--distributed", *flags),
                                 2e-5 if single else 1e-11, 2e-5 if single else 1e-12)
            print(f"{experiment.stem} {' '.join(flags)} on {k} ranks: kernels within {worst:.1e}, eigenvalues {apart:.1e}",
                  flush=True)


def memory(bench):
    """Bytes of the matrices on the rank that has most: 1 / ranks, where the sequences can be dealt out evenly."""
    experiment = bench.experiment(16)
    rows, found = 16 * 4 * 8, {}
    for k in (1, 2, 4):
        out = bench.run(k, experiment, "--distributed")
        report = json.loads((out / "kernel.json").read_text())
        found[k] = report["distributed"]["bytes_matrices"]
        matrices = 1 + len(report["layers"])
        assert found[k] == matrices * rows * rows * 8 / k, (k, found, matrices)
    print(f"bytes of the matrices on one of 1, 2, 4 ranks: {found}")


def bad_input(bench):
    plain = bench.experiment(3)
    bench.refused(2, "--spectrum-only works without one", plain, "--distributed", "--spectrum-only")
    bench.refused(2, "needs algorithm sandwich; found jacobian", plain, "--distributed", "--algorithm", "jacobian")
    bench.refused(2, "the limit is", plain, "--distributed", "--memory-limit", "1K")
    bench.refused(2, "add --distributed", plain)
    bench.refused(2, "closed forms for the plain block only", bench.experiment(3, model='norm = "layernorm"'), "--distributed")
    bench.refused(2, "cannot be", bench.folder / "missing.toml", "--distributed")
    lonely = bench.folder / "lonely" / "phaselaw"
    lonely.parent.mkdir()
    shutil.copy(bench.program, lonely)
    bench.program, kept = str(lonely), bench.program
    bench.refused(2, "built without MPI", plain, "--distributed")
    bench.program = kept
    print("bad input: one error, exit code 2, no kernel.npy")


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    if reason := mpirun.why_skipped(program):
        print(f"skipped: {reason}")
        return 77
    with tempfile.TemporaryDirectory(prefix="phaselaw-kernel-") as folder:
        bench = Bench(str(program), pathlib.Path(folder))
        agree(bench)
        memory(bench)
        bad_input(bench)
    return 0


if __name__ == "__main__":
    sys.exit(main())
