# SPDX-License-Identifier: Apache-2.0
"""What the peers share: the table's sizes, the model's weights and inputs, timing, memory, a time cap a case.

The model is that of the benchmark programs beside this folder: two heads of d/2, relu, ntk parametrisation, identity
read-out, branch scale 0.7, every weight trainable. With --export DIR the weights.safetensors and inputs.npy that
`phaselaw kernel --out DIR` wrote are used instead, and its kernel.npy is compared.
"""

import argparse
import json
import math
import pathlib
import resource
import struct
import subprocess
import sys
import time

import numpy as np

SIZES = [(2, 32, 128, 16, 16), (4, 32, 128, 16, 16), (2, 32, 128, 16, 32), (2, 64, 128, 16, 16), (4, 64, 512, 16, 16)]
PRODUCT_SIZE = (4, 64, 512, 32, 32)  # K v without K
BLOCKS = ("attn.q", "attn.k", "attn.v", "attn.o", "mlp.up", "mlp.down")
SECTION = {"n_heads": 2, "branch_scale": 0.7, "rms_eps": 1e-6, "parametrisation": "ntk"}


def read_safetensors(path):
    raw = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    section = json.loads(header.pop("__metadata__")["model"])
    kinds = {"F32": "<f4", "F64": "<f8"}
    data = memoryview(raw)[8 + length :]
    return {name: np.frombuffer(data[slice(*e["data_offsets"])], kinds[e["dtype"]]).reshape(e["shape"])
            for name, e in header.items()}, section


class Case:
    """weights: {name: float32 array}, inputs: n x L x d, section: the model's options."""

    def __init__(self, size=None, export=None):
        self.expected = None
        if export:
            weights, self.section = read_safetensors(pathlib.Path(export) / "weights.safetensors")
            if self.section["readout"] != "identity" or self.section["activation"] != "relu":
                raise SystemExit("--export: the peers have the identity readout and relu only")
            self.weights = {name: w.astype(np.float32) for name, w in weights.items()}
            self.inputs = np.load(pathlib.Path(export) / "inputs.npy").astype(np.float32)
            kernel = pathlib.Path(export) / "kernel.npy"
            self.expected = np.load(kernel) if kernel.is_file() else None
            n_layers, d, m = self.section["n_layers"], self.section["d_model"], self.section["d_hidden"]
        else:
            n_layers, d, m, length, n = size
            self.section = dict(SECTION, n_layers=n_layers, d_model=d, d_hidden=m, d_head=d // 2)
            draw = np.random.default_rng(1)
            shapes = {"attn.q": (d, d), "attn.k": (d, d), "attn.v": (d, d), "attn.o": (d, d), "mlp.up": (m, d),
                      "mlp.down": (d, m)}
            self.weights = {f"layers.{layer}.{block}": draw.standard_normal(shapes[block], np.float32)
                            for layer in range(n_layers) for block in BLOCKS}
            x = draw.standard_normal((n, length, d), np.float32)
            self.inputs = x * np.sqrt(d / (x * x).sum(-1, keepdims=True))
        self.n_params = sum(w.size for w in self.weights.values())
        self.rows = self.inputs.size

    def scale(self, weight):
        return 1 / math.sqrt(weight.shape[1]) if self.section["parametrisation"] == "ntk" else 1.0


def forward(xp, softmax, case, weights, x):
    """The model's equations for one sequence x (L x d); xp is torch or jax.numpy."""
    o, length = case.section, x.shape[0]
    heads, d_head = o["n_heads"], o["d_head"]
    hidden = xp.triu(xp.ones((length, length)), 1) * 1e30

    def product(name, h):
        return case.scale(weights[name]) * (h @ weights[name].T)

    def rms(h):
        return h / xp.sqrt((h * h).mean(-1)[:, None] + o["rms_eps"])

    for layer in range(o["n_layers"]):
        name = f"layers.{layer}."
        h = rms(x)
        q, k, v = (product(name + b, h).reshape(length, heads, d_head).swapaxes(0, 1) for b in BLOCKS[:3])
        attention = softmax(q @ k.swapaxes(1, 2) / math.sqrt(d_head) - hidden)
        z = (attention @ v).swapaxes(0, 1).reshape(length, heads * d_head)
        x = x + o["branch_scale"] * product(name + "attn.o", z)
        units = product(name + "mlp.up", rms(x))
        x = x + o["branch_scale"] * product(name + "mlp.down", units * (units > 0))
    return x


def peak_gb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def timed(call, repeats):
    """Median seconds of `repeats` calls, and the last result."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = call()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds)), result


def report(peer, what, case, seconds, kernel=None):
    line = {"peer": peer, "what": what, "rows": case.rows, "n_params": case.n_params, "seconds": round(seconds, 4),
            "peak_gb": round(peak_gb(), 2)}
    if kernel is not None and case.expected is not None:
        line["relative_error"] = float(np.linalg.norm(kernel - case.expected) / np.linalg.norm(case.expected))
    print(json.dumps(line), flush=True)


def main(run_variant, variants, product_variants, peer):
    """Runs every (size, variant) in a process of its own, so that peak memory is the case's and a cap can end it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows-of-table", default="0,1,2,3,4", help="which sizes; 5 is the product K v")
    parser.add_argument("--variants", help="comma-separated; default all: " + ", ".join(variants + product_variants))
    parser.add_argument("--cap", type=float, default=120, help="seconds a case")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--export", help="a folder with weights.safetensors and inputs.npy")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.one:
        which, variant = int(a.one[0]), a.one[1]
        size = PRODUCT_SIZE if which == len(SIZES) else SIZES[which]
        run_variant(Case(None if a.export else size, a.export), variant, a)
        return
    for which in ([0] if a.export else [int(w) for w in a.rows_of_table.split(",")]):
        is_product = which == len(SIZES)
        for variant in product_variants if is_product else variants:
            if a.variants and variant not in a.variants.split(","):
                continue
            command = [sys.executable, sys.argv[0], "--one", str(which), variant, "--threads", str(a.threads),
                       "--repeats", str(a.repeats)] + (["--export", a.export] if a.export else [])
            size = "exported" if a.export else (PRODUCT_SIZE if is_product else SIZES[which])
            print(f"# N, d, m, L, n = {size}", flush=True)
            try:
                subprocess.run(command, timeout=a.cap, check=True)
            except subprocess.TimeoutExpired:
                print(json.dumps({"peer": peer, "what": variant, "capped": a.cap}), flush=True)
            except subprocess.CalledProcessError as error:
                print(json.dumps({"peer": peer, "what": variant, "failed": error.returncode}), flush=True)
