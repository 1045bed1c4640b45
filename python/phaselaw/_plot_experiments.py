# SPDX-License-Identifier: Apache-2.0
"""Figures of studies, kernels, flows and predictions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from phaselaw import _core
from phaselaw._axes import COLOURS, Axes, axes_of, bar_of, loss_label, plain_ticks, units_of
from phaselaw._errors import InputError

if TYPE_CHECKING:
    from phaselaw.experiments import ExperimentKernel, Flow, Prediction
    from phaselaw.sweeps import Study
    from phaselaw.transformer import Spectrum, TangentKernel


def study(result: Study, ax: Axes | None = None, *, x: str = "compute_flop", y: str = "test_loss") -> Axes:
    """Draws the loss of every run of a store against compute, and the lower envelope of all runs.

    Examples
    --------
    >>> import os, tempfile
    >>> study = {"model": {"n_layers": 1, "seq_len": 2, "d_model": 4, "d_hidden": 8, "n_heads": 1, "d_head": 4},
    ...          "data": {"n_data": 4, "n_test": 4}, "training": {"steps": 5}, "grid": {"seeds": 2}}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     summary = phaselaw.sweep(study, os.path.join(folder, "study.db"))
    ...     ax = phaselaw.plot.study(phaselaw.load_study(os.path.join(folder, "study.db")))
    >>> ax.get_xlabel()
    'compute (FLOP)'
    """
    ax = axes_of(ax)
    columns = result.columns()
    for name in (x, y):
        if name not in columns:
            raise InputError(f"no column {name!r} in {result.path}; there are {', '.join(columns)}")
    at, loss = (np.array([math.nan if v is None else v for v in columns[name]], dtype=float) for name in (x, y))
    runs = np.array(columns["run"])
    shown = np.isfinite(at) & np.isfinite(loss) & (at > 0) & (loss > 0)
    if not shown.any():
        raise InputError(f"{result.path} has no row with positive {x} and {y}")
    for run in np.unique(runs[shown]):
        rows = shown & (runs == run)
        ax.plot(at[rows], loss[rows], color=COLOURS[0], alpha=0.4, linewidth=0.8)
    order = np.argsort(at[shown], kind="stable")
    best = np.minimum.accumulate(loss[shown][order])
    ax.step(at[shown][order], best, where="post", color=COLOURS[1], linewidth=1.5, label="lowest so far of all runs")
    ax.plot([], [], color=COLOURS[0], alpha=0.6, label=f"{len(np.unique(runs[shown]))} runs")
    ax.set(xscale="log", yscale="log", xlabel="compute (FLOP)" if x == "compute_flop" else units_of(x), ylabel=units_of(y))
    plain_ticks(ax)
    ax.legend(frameon=False)
    return ax


def kernel(result: ExperimentKernel, ax: Axes | None = None) -> Axes:
    """Draws the spectrum of an experiment's kernel, and the power law of its decay where one was fitted.

    Examples
    --------
    >>> experiment = {"model": {"n_layers": 1, "seq_len": 2, "d_model": 4, "d_hidden": 16, "n_heads": 1, "d_head": 4},
    ...               "data": {"n_data": 8, "n_test": 16}, "training": {"optimizer": "gd", "steps": 20}}
    >>> ax = phaselaw.plot.kernel(phaselaw.kernel(experiment))
    >>> ax.get_xlabel()
    'rank'
    """
    ax = spectrum(result, ax)
    decay = result.to_dict().get("decay_b")
    if decay and decay["value"] is not None:
        first, last = int(decay["first_rank"]), int(decay["last_rank"])
        rank = np.arange(first, last + 1)
        values = result.eigenvalues[first - 1 : last]
        level = np.exp(np.mean(np.log(values) + decay["value"] * np.log(rank)))
        pivot = np.exp(np.mean(np.log(rank)))
        ends = [level * pivot ** -decay["value"] * (rank / pivot) ** -b for b in bar_of(decay, (decay["value"],) * 2)]
        ax.fill_between(rank, np.minimum(*ends), np.maximum(*ends), color=COLOURS[1], alpha=0.2, linewidth=0)
        shown = _core.estimate_text(decay["value"], decay["lo"], decay["hi"], False, "")
        ax.plot(rank, level * rank ** -decay["value"], color=COLOURS[1], linewidth=1.2, label=f"rank^-b, b = {shown}")
        ax.legend(frameon=False)
    return ax


def spectrum(result: Spectrum | TangentKernel | ExperimentKernel, ax: Axes | None = None) -> Axes:
    """Draws eigenvalues against their rank on logarithmic axes, with the level below which they are rounding errors.

    Examples
    --------
    >>> import numpy as np
    >>> ax = phaselaw.plot.spectrum(phaselaw.spectrum(np.diag([4.0, 2.0, 1.0])))
    >>> ax.get_ylabel()
    'eigenvalue of the tangent kernel'
    """
    ax = axes_of(ax)
    found: Any = result.spectrum() if hasattr(result, "spectrum") else result
    values = np.asarray(found.eigenvalues)
    shown = values > 0
    rank = np.arange(1, len(values) + 1)
    ax.plot(rank[shown], values[shown], ".", color=COLOURS[0], markersize=4)
    floor = getattr(found, "noise_floor", len(values) * np.finfo(float).eps * values[0])
    if shown.any() and floor > 1e-3 * values[shown].min():  # a line far below would leave little space for the spectrum
        ax.axhline(floor, color="0.5", linestyle=":", linewidth=1)
        ax.annotate("rounding", (1, floor), textcoords="offset points", xytext=(2, 3), fontsize="small", color="0.4")
    else:
        ax.text(0.02, 0.03, f"rounding below {_core.format_number(floor, 2)}", transform=ax.transAxes, fontsize="small",
                color="0.4")
    ax.set(xscale="log", yscale="log", xlabel="rank", ylabel="eigenvalue of the tangent kernel")
    return ax


def flow(result: Flow, ax: Axes | None = None, *, quantity: str = "test_loss") -> Axes:
    """Draws train_loss, test_loss or excess_risk of every view against gradient-flow time.

    Examples
    --------
    >>> experiment = {"model": {"n_layers": 1, "seq_len": 2, "d_model": 4, "d_hidden": 16, "n_heads": 1, "d_head": 4},
    ...               "data": {"n_data": 8, "n_test": 16}, "training": {"optimizer": "gd", "steps": 20}}
    >>> ax = phaselaw.plot.flow(phaselaw.flow({**experiment, "flow": {"time": 0.5}}), quantity="train_loss")
    >>> ax.get_xscale()
    'log'
    """
    if quantity not in ("train_loss", "test_loss", "excess_risk"):
        raise InputError(f"quantity: expected train_loss, test_loss or excess_risk, found {quantity!r}")
    ax = axes_of(ax)
    styles = ["-", "--", "-.", ":", "-"]
    for i, (view, curve) in enumerate(result.curves.items()):
        values = getattr(curve, quantity)
        shown = (curve.time > 0) & np.isfinite(values) & (values > 0)
        if shown.any():
            ax.plot(curve.time[shown], values[shown], styles[i % len(styles)], color=COLOURS[i % len(COLOURS)],
                    label=f"{view}: {curve.what}" if len(curve.what) < 48 else view)
    ax.set(xscale="log", yscale="log", xlabel="gradient-flow time (sum of learning rates)",
           ylabel=loss_label(result, quantity))
    plain_ticks(ax)
    ax.legend(frameon=False, fontsize="small")
    return ax


def prediction(result: Prediction, ax: Axes | None = None) -> Axes:
    """Draws the predicted test loss against time for each number of training sequences; points are trained models.

    Examples
    --------
    >>> experiment = {"model": {"n_layers": 1, "seq_len": 2, "d_model": 4, "d_hidden": 16, "n_heads": 1, "d_head": 4},
    ...               "data": {"n_data": 8, "n_test": 16}, "training": {"optimizer": "gd", "steps": 20}}
    >>> found = phaselaw.predict({**experiment, "flow": {"time": 0.5}}, n_data=[4, 8], resamples=10)
    >>> len(phaselaw.plot.prediction(found).lines)
    2
    """
    ax = axes_of(ax)
    surface = result.surfaces[0]
    shown = result.times > 0
    for i, n in enumerate(surface.n_data):
        colour = COLOURS[i % len(COLOURS)]
        ax.fill_between(result.times[shown], surface.lo[i][shown], surface.hi[i][shown], color=colour, alpha=0.15,
                        linewidth=0)
        ax.plot(result.times[shown], surface.risk[i][shown], color=colour, label=f"n = {n}")
        for run in result.checked:
            if run.n_data == n:
                ax.plot(run.time[run.time > 0], run.measured[run.time > 0], ".", color=colour)
    if result.checked:
        ax.plot([], [], ".", color="0.3", label="trained")
    ax.set(xscale="log", yscale="log", xlabel="gradient-flow time (sum of learning rates)",
           ylabel=loss_label(result, "predicted test loss"), title="training sequences n; bands: 95 % intervals")
    plain_ticks(ax)
    ax.legend(frameon=False, fontsize="small")
    return ax
