#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Neural Tangents' exact finite-width kernel, all three implementations, jitted; compilation is not timed.

    contraction-B    jacobian contraction                 B sequences per block of rows and columns
    products-B       NTK-vector products
    structured-B     structured derivatives
    product          K v = jvp(vjp(v)) in JAX, no K
"""

import os
import sys


def threads_from(argv):
    return argv[argv.index("--threads") + 1] if "--threads" in argv else "2"


# XLA takes its threads from the cores that the process may use; before jax is imported.
os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[: int(threads_from(sys.argv))]))

import jax
import jax.numpy as jnp
import neural_tangents as nt
import numpy as np

import common

IMPLEMENTATIONS = {
    "contraction": nt.NtkImplementation.JACOBIAN_CONTRACTION,
    "products": nt.NtkImplementation.NTK_VECTOR_PRODUCTS,
    "structured": nt.NtkImplementation.STRUCTURED_DERIVATIVES,
}


def softmax(scores):
    return jax.nn.softmax(scores, -1)


def kernel(case, weights, x, implementation, block):
    model = jax.vmap(lambda w, s: common.forward(jnp, softmax, case, w, s), (None, 0))
    pair = jax.jit(nt.empirical_ntk_fn(model, trace_axes=(), vmap_axes=0,
                                       implementation=IMPLEMENTATIONS[implementation]))
    n, per_sequence = len(x), case.rows // len(x)
    result = np.empty((case.rows, case.rows), np.float32)

    def call():
        for a in range(0, n, block):
            for b in range(0, a + block, block):  # the lower triangle
                # n1, n2, then output axes of the first and second argument interleaved: L1, L2, d1, d2.
                tile = np.asarray(pair(x[a : a + block], x[b : b + block], weights))
                tile = tile.transpose(0, 2, 4, 1, 3, 5).reshape(block * per_sequence, block * per_sequence)
                rows = slice(a * per_sequence, (a + block) * per_sequence)
                columns = slice(b * per_sequence, (b + block) * per_sequence)
                result[rows, columns] = tile
                result[columns, rows] = tile.T
        return result

    pair(x[:block], x[:block], weights).block_until_ready()
    return call


def product(case, weights, x):
    model = jax.vmap(lambda w, s: common.forward(jnp, softmax, case, w, s), (None, 0))

    @jax.jit
    def k_v(w, v):
        _, pull = jax.vjp(lambda p: model(p, x), w)
        return jax.jvp(lambda p: model(p, x), (w,), pull(v))[1]

    v = jax.random.normal(jax.random.PRNGKey(1), x.shape)
    k_v(weights, v).block_until_ready()
    return lambda: k_v(weights, v).block_until_ready()


def run_variant(case, variant, options):
    weights = {name: jnp.asarray(w) for name, w in case.weights.items()}
    x = jnp.asarray(case.inputs)
    if variant == "product":
        seconds, _ = common.timed(product(case, weights, x), max(options.repeats, 10))
        common.report("neural-tangents", variant, case, seconds)
        return
    implementation, block = variant.split("-")
    seconds, result = common.timed(kernel(case, weights, x, implementation, int(block)), options.repeats)
    common.report("neural-tangents", variant, case, seconds, result)


if __name__ == "__main__":
    variants = [f"{name}-{block}" for name in IMPLEMENTATIONS for block in (1, 4)]
    common.main(run_variant, variants, ["product"], "neural-tangents")
