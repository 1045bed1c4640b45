#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""torch.func's recipe for the empirical tangent kernel: jacobian contraction, blocked as it is fastest.

    contraction      J by vmap(jacrev), K = J J^T, as in PyTorch's tutorial: one product for each pair of row blocks
    symmetric        the same, products for the lower triangle only
    product          K v = jvp(vjp(v)), no K
Blocks of J are kept while they fit in memory and recomputed where they do not.
"""

import os

import torch
from torch.func import jacrev, jvp, vjp, vmap

import common

JACOBIAN_BYTES = 8e9


def softmax(scores):
    return torch.softmax(scores, -1)


def kernel(case, weights, x, symmetric):
    per_sequence, n = case.rows // len(x), len(x)
    rows = vmap(jacrev(lambda w, s: common.forward(torch, softmax, case, w, s)), (None, 0))

    def block(start, stop):
        j = rows(weights, x[start:stop])
        out = torch.empty((stop - start) * per_sequence, case.n_params)
        at = 0
        for part in j.values():
            width = part[0, 0, 0].numel()
            out[:, at : at + width] = part.reshape(len(out), width)
            at += width
        return out

    size = max(1, min(n, int(JACOBIAN_BYTES / 4 / (case.n_params * per_sequence * 4))))  # a quarter: J exists twice while built
    starts = list(range(0, n, size))
    fits = case.rows * case.n_params * 4 <= JACOBIAN_BYTES
    kept = [block(s, min(s + size, n)) for s in starts] if fits else None
    result = torch.empty(case.rows, case.rows)
    for i, a in enumerate(starts):
        j_a = kept[i] if fits else block(a, min(a + size, n))
        for k, b in enumerate(starts):
            if symmetric and b > a:
                continue
            j_b = j_a if b == a else (kept[k] if fits else block(b, min(b + size, n)))
            tile = j_a @ j_b.T
            result[a * per_sequence : a * per_sequence + len(j_a), b * per_sequence : b * per_sequence + len(j_b)] = tile
            if symmetric:
                result[b * per_sequence : b * per_sequence + len(j_b), a * per_sequence : a * per_sequence + len(j_a)] = tile.T
    return result


def product(case, weights, x):
    model = vmap(lambda w, s: common.forward(torch, softmax, case, w, s), (None, 0))
    v = torch.randn(x.shape, generator=torch.Generator().manual_seed(1))

    def call():
        _, pull = vjp(lambda w: model(w, x), weights)
        return jvp(lambda w: model(w, x), (weights,), (pull(v)[0],))[1]

    call()
    return call


def run_variant(case, variant, options):
    torch.set_num_threads(options.threads)
    weights = {name: torch.tensor(w) for name, w in case.weights.items()}
    x = torch.tensor(case.inputs)
    if variant == "product":
        seconds, _ = common.timed(product(case, weights, x), max(options.repeats, 10))
        common.report("torch.func", variant, case, seconds)
        return
    small = common.Case((1, 8, 8, 4, 2))  # the first call loads and compiles things that later ones need not
    kernel(small, {name: torch.tensor(w) for name, w in small.weights.items()}, torch.tensor(small.inputs), False)
    seconds, result = common.timed(lambda: kernel(case, weights, x, variant == "symmetric"), options.repeats)
    common.report("torch.func", variant, case, seconds, result.numpy())


if __name__ == "__main__":
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    common.main(run_variant, ["contraction", "symmetric"], ["product"], "torch.func")
