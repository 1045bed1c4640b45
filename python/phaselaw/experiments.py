# SPDX-License-Identifier: Apache-2.0
"""Functions of an experiment or a study, given as a TOML file or as a dict (docs/configuration.md)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from phaselaw import _core, _html
from phaselaw.laws import _described, _keywords
from phaselaw.results import Array, Result, _shown

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from phaselaw._options import KernelOptions, PredictOptions, RunOptions, SweepOptions

Experiment: TypeAlias = "str | os.PathLike[str] | Mapping[str, Any]"


def _document(experiment: Experiment) -> Any:
    return dict(experiment) if isinstance(experiment, Mapping) else experiment


@dataclass(frozen=True)
class Dataset:
    """Sequences and targets.

    Attributes
    ----------
    x : array (n, seq_len, d_model) or None
        Inputs; None for token data. With an encoder, source_len rows of the source stand before the decoder's.
    y, clean : array (n, seq_len, d_out) or None
        Targets with noise, and without noise if that is known.
    tokens, next_tokens : array (n, seq_len) of int32 or None
        Tokens and the token that follows each, -1 where a position has no target; None for vector data.
    probabilities : array (n, seq_len, vocab) or None
        Distribution of next_tokens on the test set, where it is known.
    """

    x: Array | None
    y: Array | None
    clean: Array | None
    tokens: npt.NDArray[np.int32] | None
    next_tokens: npt.NDArray[np.int32] | None
    probabilities: Array | None


@dataclass(frozen=True)
class Split:
    """The data of an experiment.

    Attributes
    ----------
    configuration : dict
        The resolved configuration: seed, model, data and training, with every key.
    train, test : Dataset
        The sequences for training and for testing.
    description : str
        One line about the data.
    """

    configuration: dict[str, Any]
    train: Dataset
    test: Dataset
    description: str


def make_split(experiment: Experiment, *, seed: int | None = None) -> Split:
    """Returns the data on which an experiment is trained and tested.

    Parameters
    ----------
    experiment : path or dict
        The experiment.
    seed : int, optional
        Seed of all random draws; by default that of the experiment, or 0.

    Returns
    -------
    Split
    """
    configuration, train, test, description = _core.make_split(_document(experiment), {"seed": seed})
    return Split(configuration, Dataset(**train), Dataset(**test), description)


class ExperimentKernel(Result):
    """The tangent kernel on an experiment's training inputs, as from `phaselaw kernel`; json() is kernel.json.

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

    def __init__(self, found: tuple[Any, ...]) -> None:
        super().__init__(found[0])
        self.total: npt.NDArray[Any] = np.empty((0, 0)) if found[1] is None else found[1]
        self.parts: dict[str, npt.NDArray[Any]] = found[2]
        self.eigenvalues: Array = found[3]
        self.target_coefficients: Array | None = found[4]


@_described("kernel")
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
    """
    request: dict[str, Any] = {**options, "weights": weights}
    if blocks:
        request["detail"] = "blocks"
    return ExperimentKernel(_core.experiment_kernel(_document(experiment), request))


@dataclass(frozen=True)
class FlowCurve:
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

    def __init__(self, found: tuple[Any, ...]) -> None:
        super().__init__(found[0])
        self.curves: dict[str, FlowCurve] = {view: FlowCurve(**curve) for view, curve in found[1].items()}
        self.eigenvalues: Array | None = found[2]
        self.coefficients: Array | None = found[3]


@_described("flow")
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
    """
    return Flow(_core.flow(_document(experiment), dict(options)))


@dataclass(frozen=True)
class RiskSurface:
    """Predicted test loss per output number for sizes n_data (rows) and times (columns), with intervals."""

    estimator: str
    method: str
    n_data: npt.NDArray[np.int64]
    risk: Array
    lo: Array
    hi: Array


@dataclass(frozen=True)
class CheckedRun:
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

    def __init__(self, found: tuple[Any, ...]) -> None:
        super().__init__(found[0])
        self.times: Array = found[1]
        self.surfaces: list[RiskSurface] = [RiskSurface(**surface) for surface in found[2]]
        self.checked: list[CheckedRun] = [CheckedRun(**run) for run in found[3]]

    def __repr__(self) -> str:
        return _shown(self)

    def _repr_html_(self) -> str:
        return _html.answer("Learning curve before training", self._core, [], self.warnings)


@_described("predict")
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
    """
    return Prediction(_core.predict(_document(experiment), _keywords("predict", options)))


class MeasuredConstants(Result):
    """The theory's constants as measured on a model, its data and its flow, and the bounds at these numbers."""

    def __repr__(self) -> str:
        return _shown(self)

    def _repr_html_(self) -> str:
        facts = ["vacuous: the bound holds but gives no information about this model", *self["notes"]]
        return _html.answer("The theory's bounds, with constants as measured", self._core, facts, [])


@_described("flow")
def theory_from(experiment: Experiment, **options: Unpack[RunOptions]) -> MeasuredConstants:
    """Measures lambda, kc, B, R, drift, rate and d_eff and checks each bound, as `phaselaw theory --from`.

    Parameters
    ----------
    experiment : path or dict
        The experiment.

    Returns
    -------
    MeasuredConstants
    """
    return MeasuredConstants(_core.theory_from(_document(experiment), dict(options)))


class SweepSummary(Result):
    """Counts of a sweep: runs, done, diverged, resumed, already_there, elsewhere; and threads, seconds."""


@_described("sweep")
def sweep(study: Experiment, out: str | os.PathLike[str], **options: Unpack[SweepOptions]) -> SweepSummary:
    """Runs the experiments of a study that are not yet in the store `out`, as `phaselaw sweep`.

    Ctrl-C keeps finished runs and snapshots of unfinished ones; another call continues.

    Parameters
    ----------
    study : path or dict
        The study.
    out : path
        The store, study.db; it is created, or continued if it belongs to the same study.

    Returns
    -------
    SweepSummary

    Raises
    ------
    InputError
        For an invalid study, or a store of another study.
    RunError
        If the disk is full; finished runs are kept.
    """
    return SweepSummary(_core.sweep(_document(study), os.fspath(out), dict(options)))


class Study:
    """The runs of a store as one table with a row for each measurement, as from `phaselaw export`."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)

    def csv(self) -> str:
        """Returns the text of `phaselaw export --format csv`."""
        return _core.export_study(self.path, "csv")

    def rows(self) -> list[dict[str, Any]]:
        """Returns one dict per measurement; unknown values are None."""
        import json

        return [json.loads(line) for line in _core.export_study(self.path, "jsonl").splitlines()]

    def columns(self) -> dict[str, list[Any]]:
        """Returns the rows by column, as pandas.DataFrame and polars.DataFrame accept them."""
        rows = self.rows()
        return {name: [row.get(name) for row in rows] for name in (rows[0] if rows else {})}

    def __repr__(self) -> str:
        return f"<phaselaw.Study {self.path}>"


def load_study(path: str | os.PathLike[str]) -> Study:
    """Opens an existing store, study.db.

    The runs are read on each call of csv(), rows() or columns(), so a sweep may still be writing the store.

    Parameters
    ----------
    path : path
        The store.

    Returns
    -------
    Study

    Raises
    ------
    InputError
        If the file is missing, is no store, or is damaged.
    """
    study = Study(path)
    _core.export_study(study.path, "csv")  # reports problems now
    return study
