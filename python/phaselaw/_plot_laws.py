# SPDX-License-Identifier: Apache-2.0
"""Figures of laws, rankings and plans."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from phaselaw import _core
from phaselaw._axes import COLOURS, Axes, axes_of, plain_ticks, units_of
from phaselaw._errors import InputError

if TYPE_CHECKING:
    from phaselaw.results import Fit, IsoFlop, Plan, Ranking


def fit(result: Fit, ax: Axes | None = None, *, x: str | None = None) -> Axes:
    """Draws the measured rows, the law through them, and its interval or that of one new run's measurement.

    A law of one column is a line with its interval. Of several columns, the law is a line for each value of the
    column that has the fewest, and a bar joins each row to the law and shows its residual.

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

    Examples
    --------
    >>> runs = {"n_params": [1e6, 1e7, 1e8, 1e9], "loss": [4.6, 3.7, 3.1, 2.7]}
    >>> ax = phaselaw.plot.fit(phaselaw.fit(runs, "power@n_params", interval="none"))
    >>> ax.get_xlabel()
    'parameters'
    """
    ax = axes_of(ax)
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
    _law_lines(ax, result, inputs, x, list(dict.fromkeys(name for name in law_columns if name not in ("run", output))))
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
    ax.set(xscale="log", yscale="log", xlabel=units_of(x), ylabel=units_of(output), title=result.formula)
    plain_ticks(ax)
    ax.legend(frameon=False)
    return ax


def _inputs(result: Fit, columns: list[str]) -> list[str]:
    """The columns without which the law has no value."""
    data = {name: result.data[name][:1] for name in columns}
    needed = []
    for name in columns:
        try:
            result.predict({other: value for other, value in data.items() if other != name} or {"run": [1.0]})
        except InputError:
            needed.append(name)
    return needed


def _law_lines(ax: Axes, result: Fit, at_of: Mapping[str, Any], x: str, columns: list[str]) -> None:
    """The law over the range of the rows: a line, with a band for a law of one column, or a line for each group."""
    data, inputs = result.data, _inputs(result, columns)
    if inputs == [x]:
        at = np.geomspace(data[x].min(), data[x].max(), 100)
        found = result.predict({x: at})
        ax.plot(at, found.value, color=COLOURS[0], linewidth=1.2)
        if np.all(np.isfinite(found.lo)):
            ax.fill_between(at, found.lo, found.hi, color=COLOURS[0], alpha=0.15, linewidth=0,
                            label=f"law, {_core.format_number(100 * result.level)} %")
        return
    if len(inputs) != 2:
        return
    moving = x if x in inputs else max(reversed(inputs), key=lambda name: len(np.unique(data[name])))
    held = inputs[1 - inputs.index(moving)]
    groups = np.unique(data[held])
    for value in groups if len(groups) <= 12 else []:
        rows = np.flatnonzero(data[held] == value)
        rows = rows[np.argsort(data[moving][rows])]
        ends = np.log(data[moving][rows])
        if not ends[-1] > ends[0]:
            continue
        along = np.linspace(ends[0], ends[-1], 50)
        found = result.predict({moving: np.exp(along), held: np.full(50, value)})
        at = np.exp(np.interp(along, ends, np.log(at_of[x][rows])))
        ax.plot(at, found.value, color=COLOURS[0], linewidth=0.8, alpha=0.6)


def ranking(result: Ranking, ax: Axes | None = None, *, most: int = 12) -> Axes:
    """Draws the prediction error of each law; bars are standard errors of the difference to the best.

    Laws that predict as well as the best, within the error, are filled.

    Examples
    --------
    >>> n = [1e6, 2e6, 4e6, 1e7, 2e7, 4e7, 1e8]
    >>> runs = {"n_params": n, "loss": [1.7 + 400 / x**0.34 + 0.003 * (i % 3) for i, x in enumerate(n)]}
    >>> ax = phaselaw.plot.ranking(phaselaw.fit(runs, interval="none"))
    >>> ax.get_xscale()
    'log'
    """
    ax = axes_of(ax)
    rows = [row for row in result.ranking if row["score"] is not None and row["score"] > 0][:most]
    if not rows:
        raise InputError("the ranking has no law with a prediction error")
    for i, row in enumerate(rows):
        score, error = 100 * row["score"], 100 * (row["standard_error"] or 0)
        ax.hlines(i, max(score - error, 0.1 * score), score + error, color=COLOURS[0], linewidth=1.2)
        ax.plot(score, i, "o", color=COLOURS[0], markerfacecolor=COLOURS[0] if row["survives"] else "white")
    ax.plot([], [], "o", color=COLOURS[0], label="as good as the best, within the error")
    ax.plot([], [], "o", color=COLOURS[0], markerfacecolor="white", label="worse")
    ax.set(xscale="log", xlabel="error of predictions (%); bars: 1 standard error of the difference to the best",
           ylim=(len(rows) - 0.5, -0.5))
    ax.set_yticks(range(len(rows)), [str(row["law"]) for row in rows])
    plain_ticks(ax, "x")
    ax.legend(frameon=False, fontsize="small", loc="lower right")
    return ax


def plan(result: Plan, ax: Axes | None = None) -> Axes:
    """Draws the loss along each curve of equal compute against the model's size, with its interval and optimum.

    Examples
    --------
    >>> sizes = [(n, d) for n in (1e6, 1e7, 1e8) for d in (1e8, 1e9, 1e10)]
    >>> runs = {"n_params": [n for n, _ in sizes], "tokens": [d for _, d in sizes],
    ...         "loss": [1.7 + 400 / n**0.34 + 410 / d**0.28 for n, d in sizes]}
    >>> ax = phaselaw.plot.plan(phaselaw.plan(phaselaw.fit(runs, "chinchilla", resamples=20), compute=[1e19, 1e20]))
    >>> ax.get_ylabel()
    'predicted loss'
    """
    ax = axes_of(ax)
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
    plain_ticks(ax)
    ax.legend(frameon=False)
    return ax


def isoflop(result: IsoFlop, ax: Axes | None = None) -> Axes:
    """Draws the best size of each budget by each method, with its interval, and the power law N* = k C^a.

    Examples
    --------
    >>> sizes = [(c, 0.1 * c**0.5 * f) for c in (1e18, 1e19, 1e20) for f in (0.25, 0.5, 1, 2, 4)]
    >>> runs = {"compute": [c for c, _ in sizes], "n_params": [n for _, n in sizes],
    ...         "loss": [1.7 + 400 / n**0.34 + 410 / (c / n / 6) ** 0.28 for c, n in sizes]}
    >>> ax = phaselaw.plot.isoflop(phaselaw.isoflop(runs, resamples=10))
    >>> ax.get_ylabel()
    'best size (parameters)'
    """
    ax = axes_of(ax)
    experiments = result.to_dict().get("experiments") or [result.to_dict()]
    drawn, several = 0, len(experiments) > 1
    for one in experiments:
        for name, method in one["methods"].items():
            points = [v for v in method["vertices"] if v["n_params"]["value"] is not None]
            if not points:
                continue
            colour, shift = COLOURS[drawn % len(COLOURS)], 1.03 ** (drawn % 5)  # bars beside each other
            drawn += 1
            for point in points:
                best, at = point["n_params"], shift * point["compute"]
                if best["lo"] is not None and best["hi"] is not None:
                    ax.vlines(at, best["lo"], best["hi"], color=colour, linewidth=1.5)
                ax.plot(at, best["value"], "o", color=colour, markersize=4,
                        markerfacecolor=colour if point.get("inside", True) else "white")
            of = f"{one.get('experiment', one.get('name', ''))}, " if several else ""
            exponent = method["a"]
            label = f"{of}{name}: a = {_core.estimate_text(exponent['value'], exponent['lo'], exponent['hi'], False, '')}"
            if method["k_n_params"] is None or exponent["value"] is None:
                ax.plot([], [], "o", color=colour, label=f"{of}{name}")
                continue
            compute = np.array([min(p["compute"] for p in points), max(p["compute"] for p in points)])
            ax.plot(compute, method["k_n_params"] * compute ** exponent["value"], color=colour, linewidth=1, label=label)
    if drawn == 0:
        raise InputError("no method found a best size; the attribute of each method `why` says what is missing")
    ax.set(xscale="log", yscale="log", xlabel="compute (FLOP)", ylabel="best size (parameters)",
           title="N* = k C^a with intervals; hollow: extrapolated")
    plain_ticks(ax)
    ax.legend(frameon=False, fontsize="small")
    return ax
