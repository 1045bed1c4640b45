# SPDX-License-Identifier: Apache-2.0
"""Functions of one experiment, given as a TOML file or as a dict (docs/configuration.md)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from phaselaw import _core, _frames, _html, _values
from phaselaw._frames import Column
from phaselaw._described import described, keywords
from phaselaw.results import Array, Result
from phaselaw.splits import Dataset, Experiment, Split, document, make_split

__all__ = [
    "CheckedRun", "Dataset", "Experiment", "ExperimentKernel", "Flow", "FlowCurve", "MeasuredConstants", "Prediction",
    "RiskSurface", "Split", "flow", "kernel", "make_split", "predict", "theory_from",
]

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from phaselaw._options import KernelOptions, PredictOptions, RunOptions

def _number(value: float | None) -> str:
    return "unknown" if value is None else _core.format_number(value, 4)


class ExperimentKernel(Result):
    """The tangent kernel on an experiment's training inputs, as from `phaselaw kernel`; json() is kernel.json.

    to_frame() has a row for each eigenvalue.

    Attributes
    ----------
    total : array (n_rows, n_rows)
        The kernel; 0 x 0 with spectrum_only.
    parts : dict of arrays
        Kernels of layers or blocks, by name.
    eigenvalues : array
        In descending order; with spectrum_only only the largest ones.
    target_coefficients : array or None
        (v_i^T y)^2 in the order of the eigenvalues, if there are targets.
    """

    _COLUMNS = (
        Column("rank", "integer", "rank of the eigenvalue, from 1"),
        Column("eigenvalue", "number", "eigenvalue of the kernel"),
        Column("target_coefficient", "number", "(v_i^T y)^2; missing without targets"),
    )

    def __init__(self, found: tuple[Any, ...]) -> None:
        super().__init__(found[0])
        self._found = found[1:]
        self.total: npt.NDArray[Any] = np.empty((0, 0)) if found[1] is None else found[1]
        self.parts: dict[str, npt.NDArray[Any]] = found[2]
        self.eigenvalues: Array = found[3]
        self.target_coefficients: Array | None = found[4]

    def _arrays(self) -> tuple[Any, ...]:
        return self._found

    def _frame(self) -> Mapping[str, tuple[_frames.Type, Any]]:
        n = len(self.eigenvalues)
        coefficients = np.full(n, np.nan) if self.target_coefficients is None else self.target_coefficients[:n]
        return _frames.typed(self._COLUMNS, {
            "rank": np.arange(1, n + 1), "eigenvalue": self.eigenvalues, "target_coefficient": coefficients})

    def __repr__(self) -> str:
        names = ("n_rows", "n_params", "lambda_min", "lambda_max", "condition_number", "trace", "effective_rank")
        found = [f"{name} {_number(self._dict[name])}" for name in names if self._dict.get(name) is not None]
        return f"<phaselaw.ExperimentKernel: {', '.join(found)}; algorithm {self._dict['algorithm']}>"

    def _repr_html_(self) -> str:
        rows = [[name, _number(value)] for name, value in self._dict.items() if isinstance(value, (int, float))]
        return _html.page("Tangent kernel", _html.table(["quantity", "value"], rows), [], self.warnings)


@described("kernel")
def kernel(
    experiment: Experiment,
    *,
    weights: str | os.PathLike[str] | None = None,
    blocks: bool = False,
    **options: Unpack[KernelOptions],
) -> ExperimentKernel:
    """Computes the layer-wise tangent kernel of an experiment and its spectrum, as `phaselaw kernel`.

    H^(nu) = J_nu J_nu^T with J_nu = d vec F(X) / d theta_nu on the training inputs. Use tangent_kernel for your own
    arrays. Options that are not given are taken from the section [kernel] of the experiment (docs/configuration.md).

    Parameters
    ----------
    experiment : path or dict
        The experiment.
    weights : path, optional
        weights.safetensors of a trained model; by default the initialisation is used.
    blocks : bool, default False
        True is the same as detail="blocks".

    Returns
    -------
    ExperimentKernel

    Raises
    ------
    InputError
        For an invalid experiment or option, and beyond memory_limit.

    Examples
    --------
    >>> experiment = {"model": {"n_layers": 1, "seq_len": 2, "d_model": 4, "d_hidden": 16, "n_heads": 1, "d_head": 4},
    ...               "data": {"n_data": 8, "n_test": 16}, "training": {"optimizer": "gd", "steps": 20}}
    >>> found = phaselaw.kernel(experiment)
    >>> found.total.shape, found["n_rows"]
    ((64, 64), 64)
    >>> bool(found.eigenvalues[0] >= found.eigenvalues[-1] > -1e-9)
    True
    """
    request: dict[str, Any] = {**options, "weights": weights}
    if blocks:
        request["detail"] = "blocks"
    return ExperimentKernel(_core.experiment_kernel(document(experiment), request))


@dataclass(frozen=True, eq=False, repr=False)
class FlowCurve(_values.Value):
    """Losses against gradient-flow time (the sum of the learning rates), per output number or in nats per token.

    The errors are standard errors of a curve that is a mean over simulated runs, otherwise None.
    """

    what: str
    time: Array
    train_loss: Array
    test_loss: Array
    excess_risk: Array
    train_loss_error: Array | None
    test_loss_error: Array | None


class Flow(Result):
    """Kernel, gradient flow and training of one experiment; json() is flow.json.

    Attributes
    ----------
    curves : dict of FlowCurve
        By view: kernel, gd, sgd, sgd_epochs, flow, trained.
    eigenvalues : array or None
        Of the kernel at initialisation, in descending order.
    coefficients : array or None
        (v_i^T (f0 - y))^2 in the order of the eigenvalues.
    """

    _COLUMNS = (
        Column("view", "text", "kernel, gd, sgd, sgd_epochs, flow or trained"),
        Column("time", "number", "gradient-flow time, the sum of the learning rates"),
        Column("train_loss", "number", "loss on the training set"),
        Column("test_loss", "number", "loss on the test set"),
        Column("excess_risk", "number", "test loss above that of the best predictor"),
        Column("train_loss_error", "number", "standard error of a mean over simulated runs"),
        Column("test_loss_error", "number", "the same for the test loss"),
    )

    def __init__(self, found: tuple[Any, ...]) -> None:
        super().__init__(found[0])
        self._found = found[1:]
        self.curves: dict[str, FlowCurve] = {view: FlowCurve(**curve) for view, curve in found[1].items()}
        self.eigenvalues: Array | None = found[2]
        self.coefficients: Array | None = found[3]

    def _arrays(self) -> tuple[Any, ...]:
        return self._found

    def _frame(self) -> Mapping[str, tuple[_frames.Type, Any]]:
        return _frames.typed(self._COLUMNS, _frames.stacked(
            self._COLUMNS, [{"view": view, **vars(curve)} for view, curve in self.curves.items()], "time"))

    def _last(self) -> list[list[str]]:
        """View, time and losses at the end of each curve."""
        return [[view, *(_number(values[-1]) for values in (c.time, c.train_loss, c.test_loss, c.excess_risk))]
                for view, c in self.curves.items() if len(c.time)]

    def __repr__(self) -> str:
        ends = [f"  {view}: train loss {train}, test loss {test}, excess risk {risk} at time {time}"
                for view, time, train, test, risk in self._last()]
        limits = [f"  warning: {text}" for text in self.warnings]
        return "\n".join([f"<phaselaw.Flow: {len(self.curves)} curves", *ends, *limits]) + ">"

    def _repr_html_(self) -> str:
        heading = ["view", "time", "train loss", "test loss", "excess risk"]
        return _html.page("Gradient flow, at the end", _html.table(heading, self._last()), [], self.warnings)


@described("flow")
def flow(experiment: Experiment, **options: Unpack[RunOptions]) -> Flow:
    """Compares the kernel at initialisation, the exact gradient flow, and the training, as `phaselaw flow`.

    The curves are kernel, f(t) of the fixed kernel; gd, sgd and sgd_epochs, the same for discrete steps (the last two
    with independent batches, and with the shuffled epochs of the training); flow, the nonlinear flow
    d theta/dt = -grad Loss; and trained. For a study (with [grid]) the drift over its grid is measured, and there are
    no curves.

    Parameters
    ----------
    experiment : path or dict
        The experiment or study.

    Returns
    -------
    Flow

    Examples
    --------
    >>> experiment = {"model": {"n_layers": 1, "seq_len": 2, "d_model": 4, "d_hidden": 16, "n_heads": 1, "d_head": 4},
    ...               "data": {"n_data": 8, "n_test": 16}, "training": {"optimizer": "gd", "steps": 20}}
    >>> found = phaselaw.flow({**experiment, "flow": {"time": 0.5}})
    >>> curve = found.curves["flow"]
    >>> bool(curve.train_loss[-1] < curve.train_loss[0])
    True
    """
    return Flow(_core.flow(document(experiment), dict(options)))


@dataclass(frozen=True, eq=False, repr=False)
class RiskSurface(_values.Value):
    """Predicted test loss per output number for sizes n_data (rows) and times (columns), with intervals."""

    estimator: str
    method: str
    n_data: npt.NDArray[np.int64]
    risk: Array
    lo: Array
    hi: Array


@dataclass(frozen=True, eq=False, repr=False)
class CheckedRun(_values.Value):
    """Models trained on n_data sequences and their prediction: test loss per number, mean over the replicates."""

    n_data: int
    replicates: int
    time: Array
    measured: Array
    predicted: Array
    compute: Array
    outcome: str


class Prediction(Result):
    """The learning curve predicted from the kernel; json() is predict.json.

    Attributes
    ----------
    times : array
        Gradient-flow times.
    surfaces : list of RiskSurface
        One for each estimator, the default one first.
    checked : list of CheckedRun
        The trained models, if check=True.
    """

    _TITLE = "Learning curve before training"
    _COLUMNS = (
        Column("estimator", "text", "name of the estimator, the default one first"),
        Column("n_data", "integer", "number of training sequences"),
        Column("time", "number", "gradient-flow time"),
        Column("risk", "number", "predicted test loss"),
        Column("lo", "number", "lower end of its interval"),
        Column("hi", "number", "upper end of its interval"),
    )

    def __init__(self, found: tuple[Any, ...]) -> None:
        super().__init__(found[0])
        self._found = found[1:]
        self.times: Array = found[1]
        self.surfaces: list[RiskSurface] = [RiskSurface(**surface) for surface in found[2]]
        self.checked: list[CheckedRun] = [CheckedRun(**run) for run in found[3]]

    def _arrays(self) -> tuple[Any, ...]:
        return self._found

    def _frame(self) -> Mapping[str, tuple[_frames.Type, Any]]:
        rows = [{"estimator": surface.estimator, "n_data": int(n), "time": self.times, "risk": surface.risk[i],
                 "lo": surface.lo[i], "hi": surface.hi[i]}
                for surface in self.surfaces for i, n in enumerate(surface.n_data)]
        return _frames.typed(self._COLUMNS, _frames.stacked(self._COLUMNS, rows, "time"))


@described("predict")
def predict(experiment: Experiment, **options: Unpack[PredictOptions]) -> Prediction:
    """Predicts the test loss against data and time from the kernel at initialisation, as `phaselaw predict`.

    No model is trained unless check=True.

    Parameters
    ----------
    experiment : path or dict
        The experiment; subsets are drawn from its training set.

    Returns
    -------
    Prediction

    Examples
    --------
    >>> experiment = {"model": {"n_layers": 1, "seq_len": 2, "d_model": 4, "d_hidden": 16, "n_heads": 1, "d_head": 4},
    ...               "data": {"n_data": 8, "n_test": 16}, "training": {"optimizer": "gd", "steps": 20}}
    >>> found = phaselaw.predict({**experiment, "flow": {"time": 0.5}}, n_data=[4, 8], resamples=10)
    >>> found.surfaces[0].n_data.tolist(), found.surfaces[0].risk.shape == (2, len(found.times))
    ([4, 8], True)
    """
    return Prediction(_core.predict(document(experiment), keywords("predict", options)))


class MeasuredConstants(Result):
    """The theory's constants as measured on a model, its data and its flow, and the bounds at these numbers."""

    _TITLE = "The theory's bounds, with constants as measured"
    _COLUMNS = (
        Column("statement", "text", "what is bounded"),
        Column("source", "text", "where the paper states it"),
        Column("log10_bound", "number", "decimal logarithm of the bound"),
        Column("log10_measured", "number", "decimal logarithm of the measured value"),
        Column("holds", "flag", "whether the bound holds"),
        Column("vacuous", "flag", "whether it gives no information about this model"),
        Column("blame", "text", "what makes the bound large"),
    )

    def _rows(self) -> list[Mapping[str, Any]]:
        return list(self._dict["checks"])

    def _facts(self) -> list[str]:
        return ["vacuous: the bound holds but gives no information about this model", *self["notes"]]


@described("flow")
def theory_from(experiment: Experiment, **options: Unpack[RunOptions]) -> MeasuredConstants:
    """Measures lambda, kc, B, R, drift, rate and d_eff and checks each bound, as `phaselaw theory --from`.

    Parameters
    ----------
    experiment : path or dict
        The experiment.

    Returns
    -------
    MeasuredConstants

    Examples
    --------
    >>> experiment = {"model": {"n_layers": 1, "seq_len": 2, "d_model": 4, "d_hidden": 16, "n_heads": 1, "d_head": 4},
    ...               "data": {"n_data": 8, "n_test": 16}, "training": {"optimizer": "gd", "steps": 20}}
    >>> found = phaselaw.theory_from({**experiment, "flow": {"time": 0.5}})
    >>> sorted(found["checks"][0])[:2]
    ['blame', 'holds']
    """
    return MeasuredConstants(_core.theory_from(document(experiment), dict(options)))
