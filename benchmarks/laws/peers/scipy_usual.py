# SPDX-License-Identifier: Apache-2.0
"""SciPy as most people run it: a grid of 4,500 starts, L-BFGS-B, gradients by differences (Hoffmann 2022, Besiroglu 2024)."""

import itertools

import numpy as np
from scipy.optimize import minimize

from common import objective

EXPONENTS, FLOORS, AMPLITUDES = (0, 0.5, 1, 1.5, 2), (-1, -0.5, 0, 0.5, 1), (0, 5, 10, 15, 20, 25)


def starts():
    return [np.array([e, a, alpha, b, beta], dtype=float) for alpha, beta, e, a, b in
            itertools.product(EXPONENTS, EXPONENTS, FLOORS, AMPLITUDES, AMPLITUDES)]


def minimum(start, table):
    end = minimize(objective, start, args=(table,), method="L-BFGS-B")
    return end.fun, end.x
