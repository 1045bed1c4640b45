# SPDX-License-Identifier: Apache-2.0
"""The transformer as a function of parameters and inputs, and its tangent kernel (docs/model.md, docs/kernel.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from phaselaw import _check, _core
from phaselaw._errors import InputError

FloatArray = npt.NDArray[Any]
"""float64 or float32, as the model's dtype; C-contiguous."""


@dataclass(frozen=True)
class ParameterBlock:
    """One matrix in the flat parameter vector: theta[offset : offset + rows * cols], used as multiplier * W."""

    name: str
    shape: tuple[int, int]
    offset: int
    layer: int | None
    init_std: float
    sign_init: bool
    multiplier: float
    trainable: bool


class Transformer:
    """A causal, RMS-normalised transformer with scaled residual branches, as a function of (theta, inputs).

        h     = x / sqrt(|x|^2/d + rms_eps)
        z_l   = x_l + omega W_O concat_heads sum_{j<=l} softmax_j(q_l . k_j / sqrt(d_head)) v_j
        x'_l  = z_l + omega W_down phi(W_up rms(z_l))
        G     = x^(N)  |  W_out x^(N)  |  W_out rms(x^(N))          outputs: kappa G(theta; X)

    Options are the keys of [model] (docs/configuration.md), by their names and with their defaults:
    n_layers, seq_len, d_model, d_hidden, n_heads, d_head, d_out, vocab, activation, parametrisation, readout, mask,
    mlp_down_init, branch_scale (omega), output_scale (kappa), init_scale, rms_eps, trainable.

    Shapes: theta (n_params,); inputs (n, seq_len, d_model), or int32 tokens (n, seq_len) with readout="tokens";
    outputs (n, seq_len, d_out). Arrays are read in place: dtype of the model, C-contiguous, on the CPU; InputError
    says what was expected and found. dtype: "float64" or "float32".

    Calls run without the interpreter's lock. One model's calls wait for each other (they share its workspace): give
    each thread a model of its own.
    """

    def __init__(self, *, dtype: Literal["float64", "float32"] = "float64", **options: Any) -> None:
        if dtype not in ("float64", "float32"):
            raise InputError(f"dtype: expected float64 or float32, found {dtype!r}")
        self._core = (_core.Transformer64 if dtype == "float64" else _core.Transformer32)(options)
        self.dtype: np.dtype[Any] = np.dtype(dtype)

    @property
    def options(self) -> dict[str, Any]:
        """Every option, defaults included."""
        return self._core.options

    @property
    def n_params(self) -> int:
        """Length of theta."""
        return self._core.size

    @property
    def n_trainable(self) -> int:
        """Parameters of the trainable blocks: M of the theory."""
        return self._core.n_trainable

    @property
    def d_out(self) -> int:
        """Output coordinates of each token."""
        return self._core.n_outputs

    @property
    def parameters(self) -> list[ParameterBlock]:
        """The parameter table: every matrix, in the order of theta."""
        return [ParameterBlock(**block) for block in self._core.parameters()]

    def views(self, theta: FloatArray) -> dict[str, FloatArray]:
        """The matrices of theta by name, as views into it: writing to one writes to theta."""
        if not isinstance(theta, np.ndarray):
            raise InputError(f"theta: expected an array of shape ({self.n_params},), {_check.found(theta)}")
        if theta.shape != (self.n_params,):
            raise InputError(f"theta: expected shape ({self.n_params},), found {theta.shape}")
        return {
            b.name: theta[b.offset : b.offset + b.shape[0] * b.shape[1]].reshape(b.shape) for b in self.parameters
        }

    def init(self, seed: int = 0) -> FloatArray:
        """theta_0 of this seed, (n_params,): the parameters with which the program begins."""
        if not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**63:
            raise InputError(f"seed: expected an integer from 0 to 2^63 - 1, found {seed!r}")
        return self._core.initialise(int(seed))

    def forward(self, theta: FloatArray, inputs: npt.NDArray[Any], *, out: FloatArray | None = None) -> FloatArray:
        """kappa G(theta; X), (n, seq_len, d_out). `out`: where to write it instead of a new array."""
        return self._core.forward(theta, inputs, out)

    def vjp(self, theta: FloatArray, inputs: npt.NDArray[Any], cotangent: FloatArray) -> FloatArray:
        """J(theta; X)^T cotangent, (n_params,); cotangent (n, seq_len, d_out). Zero where not trainable."""
        return self._core.vjp(theta, inputs, cotangent)

    def jvp(self, theta: FloatArray, inputs: npt.NDArray[Any], tangent: FloatArray) -> FloatArray:
        """J(theta; X) tangent, (n, seq_len, d_out); tangent (n_params,), read where trainable."""
        return self._core.jvp(theta, inputs, tangent)

    def value_and_gradient(
        self,
        theta: FloatArray,
        inputs: npt.NDArray[Any],
        targets: npt.NDArray[Any],
        *,
        offset: FloatArray | None = None,
    ) -> tuple[float, FloatArray]:
        """Loss and its gradient by theta.

        Loss = (1/n) |F - Y|^2, targets (n, seq_len, d_out); with readout="tokens" the mean cross-entropy in nats per
        token, targets int32 (n, seq_len). F = outputs + offset; see output_offset.
        """
        return self._core.value_and_gradient(theta, inputs, targets, offset)

    def gradient(
        self,
        theta: FloatArray,
        inputs: npt.NDArray[Any],
        targets: npt.NDArray[Any],
        *,
        offset: FloatArray | None = None,
    ) -> FloatArray:
        """The gradient of value_and_gradient, (n_params,)."""
        return self._core.value_and_gradient(theta, inputs, targets, offset)[1]

    def output_offset(self, theta_0: FloatArray, inputs: npt.NDArray[Any]) -> FloatArray:
        """-kappa (1 - init_scale) G(theta_0; X): what the theory's F adds to the outputs; zero for init_scale = 1."""
        return self._core.output_offset(theta_0, inputs)

    def __repr__(self) -> str:
        o = self.options
        return (
            f"phaselaw.Transformer(n_layers={o['n_layers']}, seq_len={o['seq_len']}, d_model={o['d_model']}, "
            f"d_hidden={o['d_hidden']}, n_heads={o['n_heads']}, readout={o['readout']!r}, dtype={self.dtype.name!r}; "
            f"{self.n_params} parameters)"
        )


@dataclass(frozen=True)
class TangentKernel:
    """H = J J^T, exactly. total: rows (sample, token, output coordinate), last fastest; parts: by layer or block."""

    total: FloatArray
    parts: dict[str, FloatArray]
    algorithm: str
    reason: str
    flop: float
    seconds: float

    def spectrum(self, *, vectors: bool = False) -> Spectrum:
        """Of `total`, which must be symmetric (no `columns`)."""
        return spectrum(self.total, vectors=vectors)


def tangent_kernel(
    model: Transformer,
    theta: FloatArray,
    inputs: npt.NDArray[Any],
    columns: npt.NDArray[Any] | None = None,
    *,
    algorithm: str = "auto",
    reduce: str = "none",
    detail: str = "total",
    threads: int = 0,
    memory_limit: int = 0,
) -> TangentKernel:
    """The layer-wise tangent kernel H(X, X), or H(inputs, columns).

    H^(nu) = J_nu J_nu^T with J_nu = d vec(kappa G(theta; X)) / d theta_nu over trainable blocks.

    algorithm  auto (the least predicted time), sandwich, jacobian, token_dual, recursion, vjp
    reduce     none: n L o rows; coordinates: n L, of sum_i F_ti; sequence: n, of sum_ti F_ti
    detail     total; layers or blocks: `parts` holds their kernels, which add up to the total
    threads    0: all cores;  memory_limit  bytes of result and scratch, InputError beyond; 0: none

    Accuracy: relative Frobenius error < 1e-12 (float64), < 2e-5 (float32). Symmetric to the bit.
    """
    if not isinstance(model, Transformer):
        raise InputError(f"model: expected a phaselaw.Transformer, {_check.found(model)}")
    options = {
        "algorithm": algorithm,
        "reduce": reduce,
        "detail": detail,
        "threads": threads,
        "memory_limit": memory_limit,
    }
    total, parts, plan, flop, seconds = _core.tangent_kernel(model._core, theta, inputs, columns, options)
    return TangentKernel(
        total, {name: matrix for name, _, matrix in parts}, plan["algorithm"], plan["reason"], flop, seconds
    )


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues, descending; below noise_floor an eigenvalue is rounding. vectors: row i belongs to eigenvalue i."""

    eigenvalues: npt.NDArray[np.float64]
    vectors: FloatArray | None
    lambda_min: float
    lambda_max: float
    condition_number: float | None
    trace: float
    effective_rank: float
    intrinsic_dimension: float
    noise_floor: float
    numerical_rank: int


def spectrum(matrix: FloatArray, *, vectors: bool = False) -> Spectrum:
    """The spectrum of a symmetric matrix, by LAPACK's divide and conquer. (4/3) m^3 flop, with vectors about 4 m^3.
    InputError where entries differ from their mirror's by more than sqrt(eps) of the largest.

    condition_number is None where lambda_min is not above noise_floor = m eps lambda_max. effective_rank is
    (tr H)^2/tr H^2, intrinsic_dimension tr H/lambda_max.
    """
    single = getattr(matrix, "dtype", None) == np.float32
    values, found, figures = (_core.spectrum32 if single else _core.spectrum64)(matrix, vectors)
    return Spectrum(values, found, **figures)
