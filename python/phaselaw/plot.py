# SPDX-License-Identifier: Apache-2.0
"""Figures drawn by matplotlib (pip install phaselaw[plot]) in its current style. Each function returns its axes.

phaselaw.plot.fit(fit), plan(plan), spectrum(kernel), flow(flow), prediction(prediction): each accepts `ax`, the axes
to draw into.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from phaselaw import _core
from phaselaw._errors import InputError

if TYPE_CHECKING:
    from phaselaw.experiments import ExperimentKernel, Flow, Prediction
    from phaselaw.results import Fit, Plan
    from phaselaw.transformer import Spectrum, TangentKernel

Axes: TypeAlias = Any  # matplotlib.axes.Axes; matplotlib and its types are optional

# Okabe and Ito's colours, which colour-blind readers can distinguish.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    try:
        import matplotlib.pyplot as pyplot
    except ImportError:
        raise ImportError("phaselaw.plot needs matplotlib: pip install matplotlib") from None
    return pyplot.subplots(figsize=(6.4, 4.2), layout="constrained")[1]


def _plain_ticks(ax: Axes) -> None:
    """Labels an axis of less than a decade with plain numbers such as 2.2, 2.4, 2.6 instead of powers of ten."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

    low, high = ax.get_ylim()
    if high < 10 * low:
        even = MaxNLocator(6, steps=[1, 2, 5, 10])
        ax.yaxis.set_major_locator(even if high < 2.5 * low else LogLocator(subs=(1, 1.5, 2, 3, 4, 6, 8), numticks=20))
        ax.yaxis.set_minor_locator(NullLocator())
        ax.yaxis.set_major_formatter(lambda value, _: _core.format_number(value, 6))


def _loss_label(result: Flow | Prediction, quantity: str) -> str:
    tokens = result["configuration"]["model"]["readout"] == "tokens"
    return quantity.replace("_", " ") + ("\n(nats per token)" if tokens else "\n(mean square of an output coordinate)")


def _units(name: str) -> str:
    known = {
        "n_params": "parameters",
        "tokens": "tokens",
        "compute": "compute (FLOP)",
        "loss": "loss",
        "tokens_per_param": "tokens per parameter",
        "step": "steps",
    }
    return known.get(name, name.replace("_", " "))


def fit(result: Fit, ax: Axes | None = None, *, x: str | None = None) -> Axes:
    """Draws the measured rows, the law at each of them, and the interval of one new run's measurement.

    Rows that differ in other columns share the figure; a bar joins each row to the law and shows its residual.

    Parameters
    ----------
    result : Fit
        The fit.
    ax : Axes, optional
        Axes to draw into.
    x : str, optional
        Column of the abscissa; by default compute, or the law's first column if there is no compute.

    Returns
    -------
    Axes
    """
    ax = _axes(ax)
    data = result.data
    output = str(result["form"]["output"])
    inputs = {name: values for name, values in data.items() if name != output}
    law_columns = [name for name in ("n_params", "tokens", "compute", *inputs) if name in inputs]
    if x is None:
        x = "compute" if "compute" in inputs else law_columns[0]
        if x != "compute" and {"n_params", "tokens"} <= set(inputs):
            inputs["compute"] = 6 * inputs["n_params"] * inputs["tokens"]
            x = "compute"
    if x not in inputs:
        raise InputError(f"x: no column {x!r}; there are {', '.join(inputs)}")
    predicted = result.predict({name: values for name, values in data.items() if name not in (output, "run")})
    order = np.argsort(inputs[x])
    at, measured = inputs[x][order], data[output][order]
    if np.all(np.isfinite(predicted.run_lo)):
        low, high = predicted.run_lo[order], predicted.run_hi[order]
        ax.vlines(at, low, high, color=COLOURS[0], alpha=0.25, linewidth=4,
                  label=f"one new run, {_core.format_number(100 * result.level)} %")
    ax.vlines(at, np.minimum(measured, predicted.value[order]), np.maximum(measured, predicted.value[order]),
              color=COLOURS[1], linewidth=1)
    ax.plot(at, predicted.value[order], "_", color=COLOURS[0], markersize=9, markeredgewidth=1.8, label=result.law)
    ax.plot(at, measured, "o", color=COLOURS[1], markersize=4, label="measured")
    ax.set(xscale="log", yscale="log", xlabel=_units(x), ylabel=_units(output), title=result.formula)
    _plain_ticks(ax)
    ax.legend(frameon=False)
    return ax


def plan(result: Plan, ax: Axes | None = None) -> Axes:
    """Draws the loss along each curve of equal compute against the model's size, with its interval and optimum."""
    ax = _axes(ax)
    drawn = 0
    for i, point in enumerate(result.points):
        rows = [row for row in point["isoflop"] if row["loss"] is not None]
        if not rows:
            continue
        drawn += 1
        colour = COLOURS[i % len(COLOURS)]
        n = np.array([row["n_params"] for row in rows])
        low, high = ([math.nan if row[end] is None else row[end] for row in rows] for end in ("lo", "hi"))
        ax.fill_between(n, low, high, color=colour, alpha=0.15, linewidth=0)
        ax.plot(n, [row["loss"] for row in rows], color=colour, label=_core.format_flop(point["compute"]["value"]))
        best = point["n_params"]
        if best["lo"] is not None and best["hi"] is not None:
            ax.hlines(point["loss"]["value"], best["lo"], best["hi"], color=colour, linewidth=1, linestyle=":")
        ax.plot(best["value"], point["loss"]["value"], "o", color=colour)
    if drawn == 0:
        raise InputError(f"the plan by {result['law']} has no curves of equal compute: its law has no sizes to choose")
    level = _core.format_number(100 * result["interval"]["level"])
    ax.set(xscale="log", yscale="log", xlabel="parameters", ylabel="predicted loss",
           title=f"{result['law']}: band and dotted line, {level} % intervals")
    _plain_ticks(ax)
    ax.legend(frameon=False)
    return ax


def spectrum(result: Spectrum | TangentKernel | ExperimentKernel, ax: Axes | None = None) -> Axes:
    """Draws eigenvalues against their rank on logarithmic axes, with the level below which they are rounding errors."""
    ax = _axes(ax)
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
    """Draws train_loss, test_loss or excess_risk of every view against gradient-flow time."""
    if quantity not in ("train_loss", "test_loss", "excess_risk"):
        raise InputError(f"quantity: expected train_loss, test_loss or excess_risk, found {quantity!r}")
    ax = _axes(ax)
    styles = ["-", "--", "-.", ":", "-"]
    for i, (view, curve) in enumerate(result.curves.items()):
        values = getattr(curve, quantity)
        shown = (curve.time > 0) & np.isfinite(values) & (values > 0)
        if shown.any():
            ax.plot(curve.time[shown], values[shown], styles[i % len(styles)], color=COLOURS[i % len(COLOURS)],
                    label=f"{view}: {curve.what}" if len(curve.what) < 48 else view)
    ax.set(xscale="log", yscale="log", xlabel="gradient-flow time (sum of learning rates)",
           ylabel=_loss_label(result, quantity))
    _plain_ticks(ax)
    ax.legend(frameon=False, fontsize="small")
    return ax


def prediction(result: Prediction, ax: Axes | None = None) -> Axes:
    """Draws the predicted test loss against time for each number of training sequences; points are trained models."""
    ax = _axes(ax)
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
           ylabel=_loss_label(result, "predicted test loss"), title="training sequences n; bands: 95 % intervals")
    _plain_ticks(ax)
    ax.legend(frameon=False, fontsize="small")
    return ax
