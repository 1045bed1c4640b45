# SPDX-License-Identifier: Apache-2.0
"""The transformer as a function of parameters and inputs, and its tangent kernel (docs/model.md, docs/kernel.md)."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from phaselaw import _check, _core, _frames, _kept, _values
from phaselaw._errors import InputError

FloatArray = npt.NDArray[Any]
"""C-contiguous array with the model's dtype, float64 or float32."""


@dataclass(frozen=True)
class ParameterBlock(_values.Portable):
    """One matrix in the flat parameter vector: theta[offset : offset + rows * cols], used as multiplier * W."""

    name: str
    shape: tuple[int, int]
    offset: int
    layer: int | None
    init_std: float
    sign_init: bool
    multiplier: float
    trainable: bool


class _Signature:
    """The signature of Transformer with all keys of [model] and their defaults, made when it is asked for."""

    def __get__(self, model: Transformer | None, owner: type[Transformer]) -> inspect.Signature:
        keyword = inspect.Parameter.KEYWORD_ONLY
        named = [inspect.Parameter("dtype", keyword, default="float64", annotation="Literal['float64', 'float32']")]
        for name, default in _core.Transformer64({}).options.items():
            kind = "Sequence[str]" if isinstance(default, list) else type(default).__name__
            named.append(inspect.Parameter(name, keyword, default=default, annotation=kind))
        return inspect.Signature(named)


class Transformer:
    """A causal, RMS-normalised transformer with scaled residual branches, as a function of (theta, inputs).

        h     = x / sqrt(|x|^2/d + rms_eps)
        z_l   = x_l + omega W_O concat_heads sum_{j<=l} softmax_j(q_l . k_j / sqrt(d_head)) v_j
        x'_l  = z_l + omega W_down phi(W_up rms(z_l))
        G     = x^(N)  |  W_out x^(N)  |  W_out rms(x^(N))          outputs: kappa G(theta; X)

    The options are the keys of [model] (docs/configuration.md), with the same names and defaults:
    n_layers, seq_len, d_model, d_hidden, n_heads, d_head, d_out, vocab, activation, parametrisation, readout, mask,
    mlp_down_init, branch_scale (omega), output_scale (kappa), init_scale, rms_eps, trainable.

    Shapes are theta (n_params,); inputs (n, seq_len, d_model), or int32 tokens (n, seq_len) with readout="tokens";
    outputs (n, seq_len, d_out). With an encoder (n_encoder_layers > 0) inputs have source_len + seq_len rows, the
    source's before the decoder's. Arrays are read in place: they must have the dtype of the model, be C-contiguous, and
    lie in CPU memory.

    Parameters
    ----------
    dtype : "float64" or "float32", default "float64"
        Precision of parameters, inputs and outputs.
    **options
        Keys of [model].

    Raises
    ------
    InputError
        For an unknown option, a value outside its domain, or an array that does not match, with what was expected and
        what was found.

    Notes
    -----
    Calls release the interpreter's lock. Calls of one model wait for each other, because they share its workspace; use
    one model per thread.

    Examples
    --------
    >>> import numpy as np
    >>> model = phaselaw.Transformer(n_layers=1, seq_len=2, d_model=4, d_hidden=8, n_heads=1, d_head=4)
    >>> theta = model.init(seed=0)
    >>> x = np.random.default_rng(0).standard_normal((3, 2, 4))
    >>> model.forward(theta, x).shape
    (3, 2, 4)
    >>> loss, gradient = model.value_and_gradient(theta, x, np.zeros((3, 2, 4)))
    >>> bool(model.value_and_gradient(theta - 1e-3 * gradient, x, np.zeros((3, 2, 4)))[0] < loss)
    True
    """

    __signature__ = _Signature()

    def __init__(self, *, dtype: Literal["float64", "float32"] = "float64", **options: Any) -> None:
        if dtype not in ("float64", "float32"):
            raise InputError(f"dtype: expected float64 or float32, found {dtype!r}")
        self._core = (_core.Transformer64 if dtype == "float64" else _core.Transformer32)(options)
        self.dtype: np.dtype[Any] = np.dtype(dtype)

    @property
    def options(self) -> dict[str, Any]:
        """All options, including defaults."""
        return self._core.options

    @property
    def n_params(self) -> int:
        """Length of theta."""
        return self._core.size

    @property
    def n_trainable(self) -> int:
        """Number of parameters in trainable blocks, M of the theory."""
        return self._core.n_trainable

    @property
    def d_out(self) -> int:
        """Number of output coordinates per token."""
        return self._core.n_outputs

    @property
    def parameters(self) -> list[ParameterBlock]:
        """The parameter table: every matrix, in the order of theta."""
        return [ParameterBlock(**block) for block in self._core.parameters()]

    def views(self, theta: FloatArray) -> dict[str, FloatArray]:
        """Returns the matrices of theta by name, as views; writing to one writes to theta."""
        if not isinstance(theta, np.ndarray):
            raise InputError(f"theta: expected an array of shape ({self.n_params},), {_check.found(theta)}")
        if theta.shape != (self.n_params,):
            raise InputError(f"theta: expected shape ({self.n_params},), found {theta.shape}")
        return {
            b.name: theta[b.offset : b.offset + b.shape[0] * b.shape[1]].reshape(b.shape) for b in self.parameters
        }

    def init(self, seed: int = 0) -> FloatArray:
        """Returns theta_0 for this seed, (n_params,): the parameters with which the program starts."""
        if not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**63:
            raise InputError(f"seed: expected an integer from 0 to 2^63 - 1, found {seed!r}")
        return self._core.initialise(int(seed))

    def forward(self, theta: FloatArray, inputs: npt.NDArray[Any], *, out: FloatArray | None = None) -> FloatArray:
        """Returns kappa G(theta; X), (n, seq_len, d_out). If `out` is given, the result is written to it."""
        return self._core.forward(theta, inputs, out)

    def vjp(self, theta: FloatArray, inputs: npt.NDArray[Any], cotangent: FloatArray) -> FloatArray:
        """Returns J(theta; X)^T cotangent, (n_params,); cotangent (n, seq_len, d_out). Zero for frozen parameters."""
        return self._core.vjp(theta, inputs, cotangent)

    def jvp(self, theta: FloatArray, inputs: npt.NDArray[Any], tangent: FloatArray) -> FloatArray:
        """Returns J(theta; X) tangent, (n, seq_len, d_out); tangent (n_params,), used for trainable parameters."""
        return self._core.jvp(theta, inputs, tangent)

    def value_and_gradient(
        self,
        theta: FloatArray,
        inputs: npt.NDArray[Any],
        targets: npt.NDArray[Any],
        *,
        offset: FloatArray | None = None,
    ) -> tuple[float, FloatArray]:
        """Returns the loss and its gradient with respect to theta.

        Loss = (1/n) |F - Y|^2 with targets (n, seq_len, d_out); with readout="tokens" the mean cross-entropy in nats
        per token, with int32 targets (n, seq_len). F = outputs + offset; see output_offset.
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
        """Returns the gradient of value_and_gradient, (n_params,)."""
        return self._core.value_and_gradient(theta, inputs, targets, offset)[1]

    def output_offset(self, theta_0: FloatArray, inputs: npt.NDArray[Any]) -> FloatArray:
        """Returns -kappa (1 - init_scale) G(theta_0; X), which F adds to the outputs; zero for init_scale = 1."""
        return self._core.output_offset(theta_0, inputs)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Transformer):
            return NotImplemented
        return self.dtype == other.dtype and self.options == other.options

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return _kept.reduced(self, {"dtype": self.dtype.name, **self.options})

    @classmethod
    def _from_kept(cls, state: dict[str, Any]) -> Transformer:
        return cls(**state)

    def __repr__(self) -> str:
        o = self.options
        return (
            f"phaselaw.Transformer(n_layers={o['n_layers']}, seq_len={o['seq_len']}, d_model={o['d_model']}, "
            f"d_hidden={o['d_hidden']}, n_heads={o['n_heads']}, readout={o['readout']!r}, dtype={self.dtype.name!r}; "
            f"{self.n_params} parameters)"
        )


@dataclass(frozen=True, eq=False, repr=False)
class TangentKernel(_values.Value):
    """The exact tangent kernel H = J J^T.

    Attributes
    ----------
    total : array
        The kernel; rows are ordered (sample, token, output coordinate), the last fastest.
    parts : dict of arrays
        Kernels of layers or blocks, which add up to the total.
    algorithm, reason : str
        The algorithm and why it was chosen.
    flop, seconds : float
        Counted FLOP and wall time.
    """

    total: FloatArray
    parts: dict[str, FloatArray]
    algorithm: str
    reason: str
    flop: float
    seconds: float

    def __repr__(self) -> str:
        parts = f", parts {', '.join(self.parts)}" if self.parts else ""
        return f"<phaselaw.TangentKernel: {self.total.shape[0]} x {self.total.shape[1]}, algorithm {self.algorithm}{parts}>"

    def spectrum(self, *, vectors: bool = False) -> Spectrum:
        """Returns the spectrum of `total`, which must be symmetric (computed without `columns`)."""
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
    """Computes the layer-wise tangent kernel H(X, X), or H(inputs, columns).

    H^(nu) = J_nu J_nu^T with J_nu = d vec(kappa G(theta; X)) / d theta_nu over trainable blocks.

    Parameters
    ----------
    model : Transformer
        The model.
    theta : array (n_params,)
        Its parameters.
    inputs, columns : array (n, seq_len, d_model) or int32 (n, seq_len)
        Inputs of the rows and of the columns; without columns the kernel is symmetric.
    algorithm : str, default "auto"
        auto (the least predicted time), sandwich, jacobian, token_dual, recursion or vjp.
    reduce : str, default "none"
        none: n L o rows; coordinates: n L rows, of sum_i F_ti; sequence: n rows, of sum_ti F_ti.
    detail : str, default "total"
        total; or layers or blocks, for which `parts` has the kernels.
    threads : int, default 0
        Number of threads; 0: all cores.
    memory_limit : int, default 0
        Largest memory for result and scratch [bytes]; 0: no limit.

    Returns
    -------
    TangentKernel

    Raises
    ------
    InputError
        For arrays that do not match, an algorithm that does not support the request, and beyond memory_limit.

    Notes
    -----
    Accuracy: relative Frobenius error < 1e-12 (float64), < 2e-5 (float32). Symmetric to the bit.

    Examples
    --------
    >>> import numpy as np
    >>> model = phaselaw.Transformer(n_layers=1, seq_len=2, d_model=4, d_hidden=8, n_heads=1, d_head=4)
    >>> x = np.random.default_rng(0).standard_normal((3, 2, 4))
    >>> kernel = phaselaw.tangent_kernel(model, model.init(0), x)
    >>> kernel.total.shape, bool(np.array_equal(kernel.total, kernel.total.T))
    ((24, 24), True)
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


@dataclass(frozen=True, eq=False, repr=False)
class Spectrum(_values.Value):
    """Eigenvalues in descending order; those below noise_floor are rounding errors. Row i of vectors is that of value i."""

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

    def to_frame(self, kind: _frames.FrameKind = "pandas") -> Any:
        """Returns a frame with the columns rank, eigenvalue and above_noise: whether it exceeds noise_floor."""
        return _frames.make({
            "rank": ("integer", np.arange(1, len(self.eigenvalues) + 1)),
            "eigenvalue": ("number", self.eigenvalues),
            "above_noise": ("flag", self.eigenvalues > self.noise_floor),
        }, kind)

    def __repr__(self) -> str:
        condition = "unbounded" if self.condition_number is None else _core.format_number(self.condition_number, 4)
        low, high = _core.format_number(self.lambda_min, 4), _core.format_number(self.lambda_max, 4)
        return (f"<phaselaw.Spectrum: {len(self.eigenvalues)} eigenvalues from {low} to {high}, condition number "
                f"{condition}, numerical rank {self.numerical_rank}>")


def spectrum(matrix: FloatArray, *, vectors: bool = False) -> Spectrum:
    """Computes the spectrum of a symmetric matrix by LAPACK's divide and conquer.

    Parameters
    ----------
    matrix : array (m, m)
        The matrix, float64 or float32.
    vectors : bool, default False
        Whether to compute the eigenvectors too.

    Returns
    -------
    Spectrum
        condition_number is None if lambda_min is not above noise_floor = m eps lambda_max. effective_rank is
        (tr H)^2/tr H^2, and intrinsic_dimension is tr H/lambda_max.

    Raises
    ------
    InputError
        If the matrix is not symmetric: entries that differ from the transposed ones by more than sqrt(eps) of the
        largest.

    Notes
    -----
    Cost: (4/3) m^3 flop, with vectors about 4 m^3.

    Examples
    --------
    >>> import numpy as np
    >>> found = phaselaw.spectrum(np.diag([1.0, 4.0, 2.0]))
    >>> found.eigenvalues.tolist(), found.condition_number
    ([4.0, 2.0, 1.0], 4.0)
    """
    single = getattr(matrix, "dtype", None) == np.float32
    values, found, figures = (_core.spectrum32 if single else _core.spectrum64)(matrix, vectors)
    return Spectrum(values, found, **figures)
