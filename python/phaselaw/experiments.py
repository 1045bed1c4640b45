# SPDX-License-Identifier: Apache-2.0
"""What starts from an experiment or a study, as a TOML file or the same as a dict (docs/configuration.md)."""

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
    """Sequences and targets. x (n, seq_len, d_model), y and clean (n, seq_len, d_out); or tokens (n, seq_len)."""

    x: Array | None
    y: Array | None
    clean: Array | None
    tokens: npt.NDArray[np.int32] | None
    next_tokens: npt.NDArray[np.int32] | None


@dataclass(frozen=True)
class Split:
    """The data of an experiment, and its resolved configuration: seed, model, data, training, every key given."""

    configuration: dict[str, Any]
    train: Dataset
    test: Dataset
    description: str


def make_split(experiment: Experiment, *, seed: int | None = None) -> Split:
    """The data that an experiment trains and is tested on, as arrays."""
    configuration, train, test, description = _core.make_split(_document(experiment), {"seed": seed})
    return Split(configuration, Dataset(**train), Dataset(**test), description)


class ExperimentKernel(Result):
    """The tangent kernel on an experiment's training inputs: `phaselaw kernel`. json() is kernel.json.

    With spectrum_only there is no matrix: total is 0 x 0, and eigenvalues holds the largest ones.
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
    """The layer-wise tangent kernel of an experiment and its spectrum: `phaselaw kernel`. See tangent_kernel for one
    of your own arrays. What is not given is as the file's [kernel] says (docs/configuration.md).

    weights: weights.safetensors of a trained model;  blocks=True is detail="blocks"
    """
    request: dict[str, Any] = {**options, "weights": weights}
    if blocks:
        request["detail"] = "blocks"
    return ExperimentKernel(_core.experiment_kernel(_document(experiment), request))


@dataclass(frozen=True)
class FlowCurve:
    """Losses against gradient-flow time (the sum of the learning rates), per number or in nats per token."""

    what: str
    time: Array
    train_loss: Array
    test_loss: Array
    excess_risk: Array


class Flow(Result):
    """Kernel, gradient flow and training of one experiment in one frame; json() is flow.json."""

    def __init__(self, found: tuple[Any, ...]) -> None:
        super().__init__(found[0])
        self.curves: dict[str, FlowCurve] = {view: FlowCurve(**curve) for view, curve in found[1].items()}
        self.eigenvalues: Array | None = found[2]
        self.coefficients: Array | None = found[3]


@_described("flow")
def flow(experiment: Experiment, **options: Unpack[RunOptions]) -> Flow:
    """What the kernel at initialisation implies, the exact gradient flow, and the training: `phaselaw flow`.

    kernel: f(t) of the fixed kernel; gd, sgd: the same for discrete steps; flow: the nonlinear flow; trained. Of a
    study (with [grid]): the drift over its grid, and no curves.
    """
    return Flow(_core.flow(_document(experiment), dict(options)))


@dataclass(frozen=True)
class RiskSurface:
    """Predicted test loss per number on sizes n_data (rows) and times (columns), with intervals."""

    estimator: str
    method: str
    n_data: npt.NDArray[np.int64]
    risk: Array
    lo: Array
    hi: Array


@dataclass(frozen=True)
class CheckedRun:
    """Models trained on n_data sequences beside their prediction: test loss per number, mean over the replicates."""

    n_data: int
    replicates: int
    time: Array
    measured: Array
    predicted: Array
    compute: Array
    outcome: str


class Prediction(Result):
    """The learning curve from the kernel alone; json() is predict.json. checked: the trained models, where asked for."""

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
    """Test loss against data and time from the kernel at initialisation, without training: `phaselaw predict`."""
    return Prediction(_core.predict(_document(experiment), _keywords("predict", options)))


class MeasuredConstants(Result):
    """The theory's constants as a model, its data and its flow have them, and the bounds at these numbers."""

    def __repr__(self) -> str:
        return _shown(self)

    def _repr_html_(self) -> str:
        facts = ["vacuous: a bound that says nothing about this model", *self["notes"]]
        return _html.answer("The theory's bounds, with constants as measured", self._core, facts, [])


@_described("flow")
def theory_from(experiment: Experiment, **options: Unpack[RunOptions]) -> MeasuredConstants:
    """lambda, kc, B, R, drift, rate and d_eff measured, and each bound checked: `phaselaw theory --from`."""
    return MeasuredConstants(_core.theory_from(_document(experiment), dict(options)))


class SweepSummary(Result):
    """runs, done, diverged, resumed, already_there, elsewhere, threads, seconds."""


@_described("sweep")
def sweep(study: Experiment, out: str | os.PathLike[str], **options: Unpack[SweepOptions]) -> SweepSummary:
    """Carries out all runs of a study that the store `out` does not hold yet: `phaselaw sweep`.

    Ctrl-C keeps what is finished, and snapshots of runs in flight; calling again goes on. shard "0/4": a part.
    """
    return SweepSummary(_core.sweep(_document(study), os.fspath(out), dict(options)))


class Study:
    """The runs of a store as one table, a row for each measurement: `phaselaw export`."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)

    def csv(self) -> str:
        """What `phaselaw export --format csv` writes."""
        return _core.export_study(self.path, "csv")

    def rows(self) -> list[dict[str, Any]]:
        """One dict a measurement; unknown is None."""
        import json

        return [json.loads(line) for line in _core.export_study(self.path, "jsonl").splitlines()]

    def columns(self) -> dict[str, list[Any]]:
        """The same by column; what pandas.DataFrame and polars.DataFrame take."""
        rows = self.rows()
        return {name: [row.get(name) for row in rows] for name in (rows[0] if rows else {})}

    def __repr__(self) -> str:
        return f"<phaselaw.Study {self.path}>"


def load_study(path: str | os.PathLike[str]) -> Study:
    """An existing store, study.db. It is read when its rows are asked for, so a sweep may still be writing it."""
    study = Study(path)
    _core.export_study(study.path, "csv")  # says now what is wrong with it
    return study
