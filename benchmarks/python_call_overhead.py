#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a call from Python costs beyond the work: python_call_overhead.py [--json FILE], in an environment with phaselaw.

Each call is the smallest there is of its kind, so its time is nearly all overhead. Goal: below 20 us. Median and
quartiles of 200 rounds.
"""

import argparse
import json
import statistics
import time

import numpy as np

import phaselaw

ROUNDS, CALLS = 200, 100


def measure(call):
    """Microseconds a call: quartiles over the rounds."""
    call()
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        for _ in range(CALLS):
            call()
        times.append((time.perf_counter() - begin) / CALLS * 1e6)
    return statistics.quantiles(times, n=4)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json")
    options = arguments.parse_args()
    model = phaselaw.Transformer(n_layers=1, seq_len=1, d_model=1, d_hidden=1, n_heads=1, d_head=1)
    theta, x = model.init(), np.ones((1, 1, 1))
    out = np.empty((1, 1, 1))
    assert np.isfinite(model.forward(theta, x)).all()  # the answer, then the time
    table = {"n_params": [1e6, 2e6, 4e6, 8e6], "loss": [3.0, 2.8, 2.6, 2.5]}
    fit = phaselaw.fit(table, "power@n_params", interval="none")
    size = np.array([1e7])
    calls = {
        "Transformer.forward": lambda: model.forward(theta, x),
        "Transformer.forward, out=": lambda: model.forward(theta, x, out=out),
        "Transformer.vjp": lambda: model.vjp(theta, x, x),
        "Transformer.jvp": lambda: model.jvp(theta, x, theta),
        "Transformer.n_params": lambda: model.n_params,
        "Fit.parameters": lambda: fit.parameters["alpha" if "alpha" in fit.parameters else next(iter(fit.parameters))],
        "theory": lambda: phaselaw.theory(compute=1e12),
        "Fit.predict": lambda: fit.predict(n_params=size),
    }
    results = {}
    for name, call in calls.items():
        low, median, high = results[name] = measure(call)
        print(f"{name:28} {median:7.2f} us  [{low:.2f}, {high:.2f}]")
    if options.json:
        with open(options.json, "w") as file:
            json.dump({name: {"median_us": q[1], "quartiles_us": [q[0], q[2]]} for name, q in results.items()}, file)


if __name__ == "__main__":
    main()
