# SPDX-License-Identifier: Apache-2.0
"""What the peers share: tables, the law as a sum of powers with a floor, its objective and exact gradient.

The law is L = exp(e) + sum_t exp(a_t - alpha_t x_t), x_t the logarithm of a column; the parameters are the vector
(e, a_1, alpha_1, a_2, alpha_2, ...). The objective is the sum of w_i Huber(ln L_i - ln L(x_i), delta), the Huber function
being r^2/2 up to delta and delta |r| - delta^2/2 beyond.
"""

import csv

import numpy as np
from scipy.optimize import nnls
from scipy.special import logsumexp

DELTA = 1e-3
N_STARTS = 10


class Table:
    """log_inputs: rows x terms, log_loss: rows; rows may carry weights."""

    def __init__(self, path, inputs, output, weights=None):
        with open(path, newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row[output]]
        self.log_inputs = np.log([[float(row[name]) for name in inputs] for row in rows])
        self.log_loss = np.log([float(row[output]) for row in rows])
        self.weights = np.ones(len(rows)) if weights is None else weights

    def resampled(self, rng):
        """A case bootstrap: rows that were drawn, with how often."""
        count = rng.multinomial(len(self.log_loss), np.full(len(self.log_loss), 1 / len(self.log_loss)))
        other = object.__new__(Table)
        drawn = count > 0
        other.log_inputs, other.log_loss = self.log_inputs[drawn], self.log_loss[drawn]
        other.weights = count[drawn].astype(float)
        return other


def exponents_of_terms(theta, table):
    """rows x (1 + terms): e, a_t - alpha_t x_t."""
    rows = len(table.log_loss)
    return np.hstack([np.full((rows, 1), theta[0]), theta[1::2] - theta[2::2] * table.log_inputs])


def huber(residual, delta):
    size = np.abs(residual)
    return np.where(size <= delta, 0.5 * size * size, delta * (size - 0.5 * delta))


def objective(theta, table):
    """As most scripts have it: one value, no gradient."""
    return table.weights @ huber(table.log_loss - logsumexp(exponents_of_terms(theta, table), axis=1), DELTA)


def residual_and_jacobian(theta, table):
    """r and dr/dtheta."""
    terms = exponents_of_terms(theta, table)
    top = terms.max(axis=1, keepdims=True)
    power = np.exp(terms - top)
    total = power.sum(axis=1, keepdims=True)
    share = power / total
    jacobian = np.empty((len(table.log_loss), len(theta)))
    jacobian[:, 0] = -share[:, 0]
    jacobian[:, 1::2] = -share[:, 1:]
    jacobian[:, 2::2] = share[:, 1:] * table.log_inputs
    return table.log_loss - (top + np.log(total))[:, 0], jacobian


def projected_start(alphas, table):
    """Amplitudes by non-negative least squares on relative residuals; (mean |r|, theta)."""
    loss = np.exp(table.log_loss)
    basis = np.hstack([np.ones((len(loss), 1)), np.exp(-alphas * (table.log_inputs - table.log_inputs.mean(axis=0)))])
    basis /= loss[:, None]
    amplitude, _ = nnls(basis, np.ones(len(loss)))
    fitted = basis @ amplitude
    misfit = np.mean(np.abs(np.log(np.maximum(fitted, 1e-300))))
    amplitude = np.maximum(amplitude, 1e-2 / np.maximum(np.sqrt((basis**2).mean(axis=0)), 1e-300))
    theta = np.empty(1 + 2 * len(alphas))
    theta[0] = np.log(amplitude[0])
    theta[1::2] = np.log(amplitude[1:]) + alphas * table.log_inputs.mean(axis=0)
    theta[2::2] = alphas
    return misfit, theta


def data_driven_starts(table, points):
    """The best points, apart from each other, of a grid over the exponents (variable projection)."""
    grid = np.geomspace(0.04, 2, points)
    terms = table.log_inputs.shape[1]
    found = []
    for index in np.ndindex(*[points] * terms):
        misfit, theta = projected_start(grid[list(index)], table)
        found.append((misfit, index, theta))
    found.sort(key=lambda item: item[0])
    kept = []
    for item in found:
        if len(kept) == N_STARTS:
            break
        if all(max(abs(a - b) for a, b in zip(item[1], other[1])) >= 2 for other in kept):
            kept.append(item)
    return [theta for _, _, theta in kept]


def gradient_norm(gradient, jacobian, weights, r):
    """The largest cosine between a column of the Jacobian and the residual: 0 at an optimum, free of units."""
    scale = np.einsum("ij,ij,i->j", jacobian, jacobian, weights)
    return np.max(np.abs(gradient) / np.sqrt(scale * (weights @ (r * r)) + 1e-300))


def descend(theta, table, delta, tolerance):
    """Levenberg-Marquardt on the Huber objective with exact derivatives, in NumPy; (F, theta, gradient norm).

    Rows beyond delta keep a tenth of their curvature. scipy.optimize's L-BFGS-B and BFGS need some 50 evaluations a resample
    with the same derivatives, because this loss is almost absolute; its least_squares bends weighted rows elsewhere.
    """
    damping = 1e-3
    r, jacobian = residual_and_jacobian(theta, table)
    cost = table.weights @ huber(r, delta)
    norm = 1.0
    for _ in range(300):
        slope = np.minimum(1, delta / np.maximum(np.abs(r), 1e-300))
        w = table.weights * slope
        gradient = jacobian.T @ (w * r)
        norm = gradient_norm(gradient, jacobian, w, r)
        if norm < tolerance:
            break
        scale = np.einsum("ij,ij,i->j", jacobian, jacobian, w)
        hessian = (jacobian.T * (w * np.where(slope < 1, 0.1, 1))) @ jacobian
        for _ in range(40):
            step = np.linalg.solve(hessian + np.diag(damping * scale + 1e-12 * scale.max()), -gradient)
            r_next, jacobian_next = residual_and_jacobian(theta + step, table)
            cost_next = table.weights @ huber(r_next, delta)
            if cost_next < cost:
                break
            damping *= 4
        else:
            break
        gain, theta, r, jacobian, cost = cost - cost_next, theta + step, r_next, jacobian_next, cost_next
        damping = max(damping / 5, 1e-15)
        if gain < 1e-15 * cost:
            break
    return cost, theta, norm
