#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Recomputes what `phaselaw kernel` wrote, from the file formats alone.

    recompute_in_torch.py DIR [--kernel-rows K] [--tolerance 1e-9]

Reads DIR/weights.safetensors (model section in its metadata) and DIR/inputs.npy, evaluates the model in double with
PyTorch, and compares with DIR/outputs.npy and DIR/kernel.npy (rows: sample, token, output coordinate; the first K of
them, default all up to 512). Gradients come from torch.autograd, so neither outputs nor kernel share code with the
program. Float files are compared at 1e-4 unless --tolerance is given.
Exit code: 0 agree, 1 differ, 2 bad input, 77 skipped because torch or numpy is absent.
"""

import argparse
import json
import math
import pathlib
import struct
import sys

try:
    import numpy as np
    import torch
except ImportError as missing:
    print(f"skipped: {missing}; install torch and numpy to run this check")
    sys.exit(77)

DTYPES = {"F32": np.dtype("<f4"), "F64": np.dtype("<f8")}


def read_safetensors(path):
    """{name: array}, metadata. The format: 8 bytes of header length, JSON header, raw little-endian data."""
    raw = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    data = memoryview(raw)[8 + length :]
    tensors = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(data[start:end], DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors, metadata


def read_model_section(metadata):
    """The resolved model section: a JSON object under any metadata key, bare or inside {"model": ...}."""
    for value in metadata.values():
        try:
            section = json.loads(value)
        except ValueError:
            continue
        if isinstance(section, dict):
            section = section.get("model", section)
            if "n_layers" in section:
                return section
    raise SystemExit("weights.safetensors: expected the model section as JSON in the metadata, found "
                     + (", ".join(metadata) or "no metadata"))


ACTIVATIONS = {
    "relu": torch.relu,
    "gelu": lambda x: torch.nn.functional.gelu(x, approximate="tanh"),
    "silu": torch.nn.functional.silu,
    "tanh": torch.tanh,
    "identity": lambda x: x,
}


class Model:
    """G of the model's equations: h = rms(x); attention; MLP; scaled branches; read-out; times output_scale."""

    def __init__(self, section):
        self.o = section
        self.activation = ACTIVATIONS[section["activation"]]
        d_head = section["d_head"]
        self.attention_scale = 1 / d_head if section["parametrisation"] == "mup" else 1 / math.sqrt(d_head)

    def multiplier(self, name, weight):
        kind = self.o["parametrisation"]
        if kind == "ntk":
            return 1 / math.sqrt(weight.shape[1])
        return 1 / weight.shape[1] if kind == "mup" and name == "out" else 1.0

    def product(self, theta, name, x):
        weight = theta[name]
        return self.multiplier(name, weight) * (x @ weight.T)

    def rms(self, x):
        return x / torch.sqrt((x * x).mean(-1, keepdim=True) + self.o["rms_eps"])

    def attention(self, theta, prefix, h):
        length, heads, d_head = h.shape[-2], self.o["n_heads"], self.o["d_head"]

        def split(name):
            return self.product(theta, prefix + name, h).reshape(*h.shape[:-1], heads, d_head).transpose(-3, -2)

        q, k, v = split("attn.q"), split("attn.k"), split("attn.v")
        scores = self.attention_scale * (q @ k.transpose(-2, -1))
        if self.o["mask"] == "causal":
            hidden = torch.ones(length, length, dtype=torch.bool).triu(1)
            scores = scores.masked_fill(hidden, -math.inf)
        z = (scores.softmax(-1) @ v).transpose(-3, -2)
        return z.reshape(*h.shape[:-1], heads * d_head)

    def __call__(self, theta, x):
        if self.o["readout"] == "tokens":
            x = theta["embed"][x.long()] + theta["position"]
        omega = self.o["branch_scale"]
        for layer in range(self.o["n_layers"]):
            prefix = f"layers.{layer}."
            z = self.attention(theta, prefix, self.rms(x))
            x = x + omega * self.product(theta, prefix + "attn.o", z)
            units = self.activation(self.product(theta, prefix + "mlp.up", self.rms(x)))
            x = x + omega * self.product(theta, prefix + "mlp.down", units)
        if self.o["readout"] != "identity":
            x = self.product(theta, "out", self.rms(x) if self.o["readout"] == "tokens" else x)
        return self.o["output_scale"] * x


def trainable_names(section, names):
    wanted = section["trainable"]

    def short(name):
        return "embed" if name == "position" else name.split(".", 2)[2] if name.startswith("layers.") else name

    return [name for name in names if "all" in wanted or short(name) in wanted]


def jacobian(model, theta, names, x, rows):
    """The first `rows` rows of J, one reverse pass each: rows x parameters."""
    for name in names:
        theta[name].requires_grad_(True)
    per_sequence = None
    result = []
    for sequence in x:
        outputs = model(theta, sequence).reshape(-1)
        per_sequence = outputs.numel()
        for i in range(min(per_sequence, rows - len(result))):
            gradients = torch.autograd.grad(outputs[i], [theta[n] for n in names], retain_graph=True, allow_unused=True)
            result.append(torch.cat([(torch.zeros_like(theta[n]) if g is None else g).reshape(-1)
                                     for n, g in zip(names, gradients)]))
        if len(result) == rows:
            break
    return torch.stack(result)


def relative(found, expected):
    return float((found - expected).norm() / max(float(expected.norm()), 1e-300))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", type=pathlib.Path)
    parser.add_argument("--kernel-rows", type=int, default=512)
    parser.add_argument("--tolerance", type=float)
    arguments = parser.parse_args()
    files = {name: arguments.dir / name for name in ("weights.safetensors", "inputs.npy", "outputs.npy")}
    for path in files.values():
        if not path.is_file():
            print(f"{path}: expected a file written by `phaselaw kernel --out {arguments.dir}`, found none")
            return 2
    tensors, metadata = read_safetensors(files["weights.safetensors"])
    section = read_model_section(metadata)
    theta = {name: torch.tensor(array, dtype=torch.float64) for name, array in tensors.items()}
    x = torch.tensor(np.load(files["inputs.npy"]), dtype=torch.float64)
    stored = np.load(files["outputs.npy"])
    expected = torch.tensor(stored, dtype=torch.float64)
    tolerance = arguments.tolerance or (1e-9 if stored.dtype == np.float64 else 1e-4)
    model = Model(section)
    with torch.no_grad():
        outputs = model(theta, x)
    errors = {"outputs": relative(outputs.reshape(-1), expected.reshape(-1))}
    kernel_file = arguments.dir / "kernel.npy"
    if kernel_file.is_file():
        kernel = np.load(kernel_file, mmap_mode="r")
        rows = min(arguments.kernel_rows, kernel.shape[0])
        part = torch.tensor(np.array(kernel[:rows, :rows]), dtype=torch.float64)
        if arguments.tolerance is None and kernel.dtype != np.float64:
            tolerance = 1e-4
        j = jacobian(model, theta, trainable_names(section, sorted(theta)), x, rows)
        errors[f"kernel, {rows} of {kernel.shape[0]} rows"] = relative(j @ j.T, part)
    for what, error in errors.items():
        print(f"{what}: relative error {error:.2e}, tolerance {tolerance:.0e}: "
              f"{'agrees' if error <= tolerance else 'DIFFERS'}")
    return 0 if all(error <= tolerance for error in errors.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
