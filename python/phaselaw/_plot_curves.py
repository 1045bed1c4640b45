# SPDX-License-Identifier: Apache-2.0
"""Figures of loss curves, comparisons and forecasts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from phaselaw import _core
from phaselaw._axes import COLOURS, Axes, axes_of, bar_of, plain_ticks, units_of
from phaselaw._errors import InputError

if TYPE_CHECKING:
    from phaselaw._tables import Table
    from phaselaw.results import Comparisons, Diagnoses, Forecasts


def diagnose(result: Diagnoses, ax: Axes | None = None, *, curves: Table | None = None, **options: Any) -> Axes:
    """Draws loss curves with their floors, or without `curves` what twice the length would gain for each run.

    Parameters
    ----------
    result : Diagnoses
        The diagnoses.
    ax : Axes, optional
        Axes to draw into.
    curves : path, paths, frame or dict, optional
        What was given to diagnose; a result does not hold the curves.
    **options
        Options of read_table, such as col or where, that were given to diagnose.

    Examples
    --------
    >>> steps = list(range(10, 1000, 10))
    >>> curves = {"step": steps, "loss": [2 + 8 / s**0.5 for s in steps]}
    >>> ax = phaselaw.plot.diagnose(phaselaw.diagnose(curves), curves=curves)
    >>> ax.get_xlabel()
    'steps'
    """
    ax = axes_of(ax)
    if curves is not None:
        return _curves(ax, result, curves, options)
    rows = [curve for curve in result.curves if curve["gain_of_doubling"]["value"] is not None]
    if not rows:
        raise InputError("no diagnosis has a gain of doubling to draw; give the curves with curves=")
    for i, curve in enumerate(rows):
        gain, colour = curve["gain_of_doubling"], COLOURS[0] if curve["gain_of_doubling"]["identified"] else "0.6"
        low, high = bar_of(gain, (0.0, 1.0))
        ax.hlines(i, 100 * low, 100 * high, color=colour, linewidth=1.5)
        ax.plot(100 * gain["value"], i, "o", color=colour)
    clocks = ", ".join(dict.fromkeys(units_of(str(curve["clock"])) for curve in rows))
    ax.set(xlabel=f"fall of the loss by doubling {clocks} (%); bars: intervals, grey: poorly constrained",
           ylim=(len(rows) - 0.5, -0.5))
    ax.set_yticks(range(len(rows)), [f"{curve['name']}: {curve['state']}" for curve in rows])
    return ax


def _curves(ax: Axes, result: Diagnoses, curves: Table, options: Mapping[str, Any]) -> Axes:
    from phaselaw.rows import read_table

    table = read_table(curves, **options)
    runs = np.array(table.run)
    for i, curve in enumerate(result.curves):
        clock, colour = str(curve["clock"]), COLOURS[i % len(COLOURS)]
        rows = runs == curve["name"] if curve["name"] in set(table.run) else np.ones(len(runs), dtype=bool)
        if clock not in table.columns or not rows.any():
            raise InputError(f"curves: no rows of run {curve['name']!r} with a column {clock}; give what diagnose read")
        found = curve["exponent"]
        shown = _core.estimate_text(found["value"], found["lo"], found["hi"], False, "")
        text = "" if found["value"] is None else f", exponent {shown}"
        drawn = rows & (table[clock] > 0)
        ax.plot(table[clock][drawn], table["loss"][drawn], color=colour, linewidth=1,
                label=f"{curve['name']}: {curve['state']}{text}")
        floor = curve["floor"]
        if floor["value"] is not None and floor["identified"]:
            ax.axhline(floor["value"], color=colour, linestyle=":", linewidth=1)
            if floor["lo"] is not None and floor["hi"] is not None:
                ax.axhspan(floor["lo"], floor["hi"], color=colour, alpha=0.08, linewidth=0)
    names = {str(curve["quantity"]) for curve in result.curves}
    ax.set(xscale="log", yscale="log", xlabel=units_of(clock), ylabel=", ".join(sorted(names)).replace("_", " "),
           title="dotted: floors with their intervals, where the data determine them")
    plain_ticks(ax)
    ax.legend(frameon=False, fontsize="small")
    return ax


def compare(result: Comparisons, ax: Axes | None = None) -> Axes:
    """Draws the factor by which each recipe saves the resource against that resource, with its interval.

    Above 1 the recipe is better than the baseline. Where the law of a recipe is extrapolated the line is dashed.

    Examples
    --------
    >>> compute = [1e18 * 2**i for i in range(10)]
    >>> recipes = {name: {"compute": compute, "loss": [1.7 + 3 * (gain * c / 1e18) ** -0.1 * (1 + (i % 3) / 500)
    ...            for i, c in enumerate(compute)]} for name, gain in (("adam", 1), ("muon", 2))}
    >>> ax = phaselaw.plot.compare(phaselaw.compare(*recipes.items()))
    >>> ax.get_xlabel()
    'compute (FLOP)'
    """
    ax = axes_of(ax)
    unit, drawn = "", 0
    for one in result.recipes:
        for run in one["runs"][:1]:
            places = [p for p in run["places"] if p["speedup"]["value"] is not None]
            if not places:
                continue
            colour, unit = COLOURS[drawn % len(COLOURS)], units_of(str(run["resource"]))
            drawn += 1
            at = np.array([p["resource"] for p in places])
            ends = np.array([bar_of(p["speedup"], (math.nan, math.nan)) for p in places])
            value = np.array([p["speedup"]["value"] for p in places])
            far = np.array([bool(p["extrapolated"]) for p in places])
            ax.fill_between(at, ends[:, 0], ends[:, 1], color=colour, alpha=0.15, linewidth=0)
            ax.plot(at, value, "--", color=colour, linewidth=1)
            ax.plot(at[~far], value[~far], "o-", color=colour, markersize=3,
                    label=f"{one.recipe}: {one.outcome}")
    if drawn == 0:
        raise InputError("no comparison has factors to draw; finished runs (kind='runs') have them")
    ax.axhline(1, color="0.4", linewidth=1)
    ax.set(xscale="log", yscale="log", xlabel=unit, ylabel=f"that of {result.baseline} over that of the recipe, at equal loss",
           title=f"bands: {_core.format_number(100 * result['level'])} % intervals; dashed: extrapolated")
    plain_ticks(ax)
    ax.legend(frameon=False)
    return ax


def forecast(result: Forecasts, ax: Axes | None = None) -> Axes:
    """Draws the forecast path of each run from its last row to its end, with the interval.

    Examples
    --------
    >>> curve = {"step": list(range(10, 310, 10)), "loss": [2 + 8 / s**0.5 for s in range(10, 310, 10)]}
    >>> ax = phaselaw.plot.forecast(phaselaw.forecast(curve, to=400, decay="linear", decay_from=320))
    >>> ax.get_xlabel()
    'steps'
    """
    ax = axes_of(ax)
    drawn = 0
    for one in result.forecasts:
        if one["final_loss"]["value"] is None:
            continue
        colour = COLOURS[drawn % len(COLOURS)]
        drawn += 1
        path = [p for p in one.get("path") or [] if p["value"] is not None]
        at = np.array([one["now"], *(p["at"] for p in path)], dtype=float)
        value = [one["now_loss"], *(p["value"] for p in path)]
        ends = np.array([(one["now_loss"],) * 2, *(bar_of(p, (math.nan, math.nan)) for p in path)], dtype=float)
        ax.fill_between(at, ends[:, 0], ends[:, 1], color=colour, alpha=0.15, linewidth=0)
        ax.plot(at, value, color=colour, linewidth=1.2, label=str(one["name"]))
        low, high = bar_of(one["final_loss"], (math.nan, math.nan))
        ax.vlines(one["to"], low, high, color=colour, linewidth=2)
        ax.plot(one["to"], one["final_loss"]["value"], "o", color=colour)
    if drawn == 0:
        raise InputError("no run has a forecast to draw; `reading` of each says why")
    first = result.forecasts[0]
    ax.set(xlabel=units_of(str(first["axis"])), ylabel=str(first["quantity"]).replace("_", " "),
           title="band and bar: interval of the forecast")
    ax.legend(frameon=False)
    return ax
