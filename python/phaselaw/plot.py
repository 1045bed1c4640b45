# SPDX-License-Identifier: Apache-2.0
"""Figures drawn by matplotlib (pip install phaselaw[plot]) in its current style. Each function returns its axes.

fit, ranking, plan, isoflop, diagnose, compare, forecast, study, kernel, spectrum, flow and prediction draw the result
of the same name; each accepts `ax`, the axes to draw into. Bands and bars are intervals.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from phaselaw import _core
from phaselaw._errors import InputError

if TYPE_CHECKING:
    from phaselaw._tables import Table
    from phaselaw.experiments import ExperimentKernel, Flow, Prediction, Study
    from phaselaw.results import Comparisons, Diagnoses, Fit, Forecasts, IsoFlop, Plan, Ranking
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


def _plain_ticks(ax: Axes, which: str = "y") -> None:
    """Labels an axis of less than a decade with plain numbers such as 2.2, 2.4, 2.6 instead of powers of ten."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

    axis = ax.yaxis if which == "y" else ax.xaxis
    low, high = ax.get_ylim() if which == "y" else ax.get_xlim()
    if high < 10 * low:
        even = MaxNLocator(6, steps=[1, 2, 5, 10])
        axis.set_major_locator(even if high < 2.5 * low else LogLocator(subs=(1, 1.5, 2, 3, 4, 6, 8), numticks=20))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(lambda value, _: _core.format_number(value, 6))


def _bar(estimate: Mapping[str, Any], ends: tuple[float, float]) -> tuple[float, float]:
    """The ends of an interval; a side that the data do not bound reaches the end of the axes."""
    low = ends[0] if estimate["lo"] is None else estimate["lo"]
    return low, ends[1] if estimate["hi"] is None else estimate["hi"]


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
    ax.set(xscale="log", yscale="log", xlabel=_units(x), ylabel=_units(output), title=result.formula)
    _plain_ticks(ax)
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
    """
    ax = _axes(ax)
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
    _plain_ticks(ax, "x")
    ax.legend(frameon=False, fontsize="small", loc="lower right")
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


def isoflop(result: IsoFlop, ax: Axes | None = None) -> Axes:
    """Draws the best size of each budget by each method, with its interval, and the power law N* = k C^a."""
    ax = _axes(ax)
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
    _plain_ticks(ax)
    ax.legend(frameon=False, fontsize="small")
    return ax


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
    """
    ax = _axes(ax)
    if curves is not None:
        return _curves(ax, result, curves, options)
    rows = [curve for curve in result.curves if curve["gain_of_doubling"]["value"] is not None]
    if not rows:
        raise InputError("no diagnosis has a gain of doubling to draw; give the curves with curves=")
    for i, curve in enumerate(rows):
        gain, colour = curve["gain_of_doubling"], COLOURS[0] if curve["gain_of_doubling"]["identified"] else "0.6"
        low, high = _bar(gain, (0.0, 1.0))
        ax.hlines(i, 100 * low, 100 * high, color=colour, linewidth=1.5)
        ax.plot(100 * gain["value"], i, "o", color=colour)
    clocks = ", ".join(dict.fromkeys(_units(str(curve["clock"])) for curve in rows))
    ax.set(xlabel=f"fall of the loss by doubling {clocks} (%); bars: intervals, grey: poorly constrained",
           ylim=(len(rows) - 0.5, -0.5))
    ax.set_yticks(range(len(rows)), [f"{curve['name']}: {curve['state']}" for curve in rows])
    return ax


def _curves(ax: Axes, result: Diagnoses, curves: Table, options: Mapping[str, Any]) -> Axes:
    from phaselaw.laws import read_table

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
    ax.set(xscale="log", yscale="log", xlabel=_units(clock), ylabel=", ".join(sorted(names)).replace("_", " "),
           title="dotted: floors with their intervals, where the data determine them")
    _plain_ticks(ax)
    ax.legend(frameon=False, fontsize="small")
    return ax


def compare(result: Comparisons, ax: Axes | None = None) -> Axes:
    """Draws the factor by which each recipe saves the resource against that resource, with its interval.

    Above 1 the recipe is better than the baseline. Where the law of a recipe is extrapolated the line is dashed.
    """
    ax = _axes(ax)
    unit, drawn = "", 0
    for one in result.recipes:
        for run in one["runs"][:1]:
            places = [p for p in run["places"] if p["speedup"]["value"] is not None]
            if not places:
                continue
            colour, unit = COLOURS[drawn % len(COLOURS)], _units(str(run["resource"]))
            drawn += 1
            at = np.array([p["resource"] for p in places])
            ends = np.array([_bar(p["speedup"], (math.nan, math.nan)) for p in places])
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
    _plain_ticks(ax)
    ax.legend(frameon=False)
    return ax


def forecast(result: Forecasts, ax: Axes | None = None) -> Axes:
    """Draws the forecast path of each run from its last row to its end, with the interval."""
    ax = _axes(ax)
    drawn = 0
    for one in result.forecasts:
        if one["final_loss"]["value"] is None:
            continue
        colour = COLOURS[drawn % len(COLOURS)]
        drawn += 1
        path = [p for p in one.get("path") or [] if p["value"] is not None]
        at = np.array([one["now"], *(p["at"] for p in path)], dtype=float)
        value = [one["now_loss"], *(p["value"] for p in path)]
        ends = np.array([(one["now_loss"],) * 2, *(_bar(p, (math.nan, math.nan)) for p in path)], dtype=float)
        ax.fill_between(at, ends[:, 0], ends[:, 1], color=colour, alpha=0.15, linewidth=0)
        ax.plot(at, value, color=colour, linewidth=1.2, label=str(one["name"]))
        low, high = _bar(one["final_loss"], (math.nan, math.nan))
        ax.vlines(one["to"], low, high, color=colour, linewidth=2)
        ax.plot(one["to"], one["final_loss"]["value"], "o", color=colour)
    if drawn == 0:
        raise InputError("no run has a forecast to draw; `reading` of each says why")
    first = result.forecasts[0]
    ax.set(xlabel=_units(str(first["axis"])), ylabel=str(first["quantity"]).replace("_", " "),
           title="band and bar: interval of the forecast")
    ax.legend(frameon=False)
    return ax


def study(result: Study, ax: Axes | None = None, *, x: str = "compute_flop", y: str = "test_loss") -> Axes:
    """Draws the loss of every run of a store against compute, and the lower envelope of all runs."""
    ax = _axes(ax)
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
    ax.set(xscale="log", yscale="log", xlabel="compute (FLOP)" if x == "compute_flop" else _units(x), ylabel=_units(y))
    _plain_ticks(ax)
    ax.legend(frameon=False)
    return ax


def kernel(result: ExperimentKernel, ax: Axes | None = None) -> Axes:
    """Draws the spectrum of an experiment's kernel, and the power law of its decay where one was fitted."""
    ax = spectrum(result, ax)
    decay = result.to_dict().get("decay_b")
    if decay and decay["value"] is not None:
        first, last = int(decay["first_rank"]), int(decay["last_rank"])
        rank = np.arange(first, last + 1)
        values = result.eigenvalues[first - 1 : last]
        level = np.exp(np.mean(np.log(values) + decay["value"] * np.log(rank)))
        pivot = np.exp(np.mean(np.log(rank)))
        ends = [level * pivot ** -decay["value"] * (rank / pivot) ** -b for b in _bar(decay, (decay["value"],) * 2)]
        ax.fill_between(rank, np.minimum(*ends), np.maximum(*ends), color=COLOURS[1], alpha=0.2, linewidth=0)
        shown = _core.estimate_text(decay["value"], decay["lo"], decay["hi"], False, "")
        ax.plot(rank, level * rank ** -decay["value"], color=COLOURS[1], linewidth=1.2, label=f"rank^-b, b = {shown}")
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
