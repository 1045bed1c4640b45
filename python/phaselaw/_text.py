# SPDX-License-Identifier: Apache-2.0
"""Results for a terminal, with numbers written as the program writes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from phaselaw import _core

if TYPE_CHECKING:
    from phaselaw.experiments import MeasuredConstants, Prediction
    from phaselaw.results import Diagnoses, Estimate, Fit, Plan, Ranking, Theory


def number(x: float | None, digits: int = 3) -> str:
    return _core.format_number(math.nan if x is None else x, digits)


def percent(x: float) -> str:
    return number(100 * x) + " %"


def interval(estimate: Estimate) -> str:
    """"0.21 [0.065, 0.97]"; an end that the data do not bound is said."""
    value = math.nan if estimate.value is None else estimate.value
    if estimate.lo is None and estimate.hi is None:
        return number(value)
    if estimate.lo is None or estimate.hi is None:
        ends = [number(end) if end is not None else "unbounded" for end in (estimate.lo, estimate.hi)]
        return f"{number(value)} [{ends[0]}, {ends[1]}]"
    return _core.format_value(value, estimate.lo, estimate.hi)


def columns(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths)).rstrip() for row in rows)


def parameter_rows(fit: Fit) -> list[list[str]]:
    """Heading, and a row for each: name, value and interval, identified, meaning (where the law says any)."""
    meanings = {p["name"]: p["meaning"] for p in (fit["form"]["parameters"] if "form" in fit else [])}
    rows = [["quantity", f"value and {number(100 * fit.level)} % interval", "identified", "meaning"]]
    for estimate in [*fit.parameters.values(), *fit.derived.values()]:
        known = "fixed" if estimate.fixed else "yes" if estimate.identified else "no"
        value = number(estimate.value) if estimate.fixed else interval(estimate)
        rows.append([estimate.name, value, known, meanings.get(estimate.name, "")])
    return rows if any(meanings.values()) else [row[:-1] for row in rows]


def fit_facts(fit: Fit) -> list[str]:
    c = fit["convergence"]
    facts = [
        f"{fit.n_points} rows, objective {fit['objective']}, residual {number(fit['residual_scale'])} (std of ln loss)",
        f"{c['agreed']} of {c['starts']} starts agree, {fit.status}; {'no' if fit.method == 'none' else fit.method} intervals",
    ]
    held_out = fit["holdout"] if "holdout" in fit else None
    if held_out:
        facts.append(
            f"held out: off by {percent(held_out['mean_abs_rel_error'])} on average on the {held_out['n_predicted']} "
            f"largest runs, {number(held_out['compute_factor'])} times the compute"
        )
    return facts


def fit_text(fit: Fit) -> str:
    title = fit.law if fit.law == fit.formula else f"{fit.law}: {fit.formula}"  # a law of one's own is its formula
    lines = [title, columns(parameter_rows(fit)), *fit_facts(fit)]
    return "\n".join(lines + [f"warning: {w}" for w in fit.warnings])


def ranking_rows(ranking: Ranking) -> list[list[str]]:
    """law, error of prediction, AICc and BIC above the lowest, certified"""
    return [
        [
            row["law"],
            percent(row["score"]) if row["score"] is not None else "–",
            number(row["delta_aicc"]),
            number(row["delta_bic"]),
            "yes" if row["certified"] else "no",
        ]
        for row in ranking.ranking
    ]


RANKING_HEADING = ["law", "error of prediction", "AICc above", "BIC above", "certified"]


def ranking_text(ranking: Ranking) -> str:
    if not ranking.ranking or not isinstance(ranking.ranking[0], dict):  # forms of curves
        return "\n".join(f"{fit.law}: {fit.formula}" for fit in ranking.fits)
    return columns([RANKING_HEADING, *ranking_rows(ranking)]) + "\n\nbest: " + fit_text(ranking.best)


PLAN_QUANTITIES = [
    ("n_params", "n_params"),
    ("tokens", "tokens"),
    ("n_data", "n_data"),
    ("tokens_per_param", "tokens/param"),
    ("loss", "loss"),
    ("run", "a new run's loss"),
]


def plan_rows(plan: Plan) -> list[list[str]]:
    """Heading and a row for each point; quantities that the law does not have are left out."""
    from phaselaw.results import Estimate

    there = [
        (key, name)
        for key, name in PLAN_QUANTITIES
        if any((point._table.get(key) or {}).get("value") is not None for point in plan.points)
    ]
    rows = [["compute", *(name for _, name in there), "bottleneck"]]
    for point in plan.points:
        cells = [_core.format_flop(point["compute"]["value"])]
        if not point["compute"].get("fixed"):
            cells = [interval(Estimate._from(point["compute"])) + " FLOP"]
        cells += [interval(Estimate._from(point._table.get(key) or {})) for key, _ in there]
        rows.append([*cells, point.bottleneck or "–"])
    return rows


def plan_facts(plan: Plan) -> list[str]:
    past = plan["past_errors"]
    facts = [f"{number(100 * plan['interval']['level'])} % intervals: {plan['interval']['method']}"]
    facts[0] += f"; FLOP by {plan['flop_convention']}"
    if past:
        facts.append(
            f"past: a fit to the cheapest runs was off by {percent(past['mean_abs_rel_error'])} on average on the "
            f"{past['n_predicted']} others, up to {number(past['compute_factor'])} times larger"
        )
    return facts


def plan_warnings(plan: Plan) -> list[str]:
    """Of the fit, then of the points, each once."""
    found = list(plan["fit_warnings"] if "fit_warnings" in plan else [])
    for point in plan.points:
        prefix = _core.format_flop(point["compute"]["value"]) + ": " if len(plan) > 1 else ""
        found += [prefix + warning for warning in point.warnings]
    return list(dict.fromkeys(found))


def plan_text(plan: Plan) -> str:
    lines = [f"{plan['law']}: {plan['formula']}", columns(plan_rows(plan)), *plan_facts(plan)]
    return "\n".join(lines + [f"warning: {w}" for w in plan_warnings(plan)])


def theory_rows(theory: Theory) -> list[list[str]]:
    """Heading and what is known, as `phaselaw theory` prints it; logarithms where the number itself overflows."""
    rows = [["quantity", "value"]]
    for name in theory.keys():
        value = theory[name]
        if value is None or isinstance(value, dict) or (name.startswith("log10_") and theory[name[6:]] is not None):
            continue
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        rows.append([name, number(value, 6) if is_number else str(value)])
    return rows


def check_rows(measured: MeasuredConstants) -> list[list[str]]:
    """Heading and a row for each bound."""
    rows = [["bound", "source", "holds", "says", "measured", "because of"]]
    for check in measured["checks"]:
        holds = ("yes" if check["holds"] else "no") + (", vacuous" if check["vacuous"] else "")
        says, found = (f"10^{number(check[key])}" for key in ("log10_bound", "log10_measured"))
        rows.append([check["statement"], check["source"], holds, says, found, check["blame"]])
    return rows


def diagnosis_rows(diagnoses: Diagnoses) -> list[list[str]]:
    """Heading and a row for each curve; an estimate that the curve does not identify has a question mark."""
    from phaselaw.results import Estimate

    def shown(table: dict[str, Any]) -> str:
        estimate = Estimate._from(table)
        return "–" if estimate.value is None else interval(estimate) + ("" if estimate.identified else " ?")

    rows = [["curve", "stage", "best form", "exponent", "floor", "signature", "next"]]
    for c in diagnoses.curves:
        estimates = [shown(c[key]) for key in ("exponent", "floor")]
        rows.append([c["name"], c["stage"], c["best_form"] or "–", *estimates, c["signature"], c["next"]])
    return rows


def prediction_rows(prediction: Prediction) -> list[list[str]]:
    """Heading and a row for each size: the test loss at the last time, and that of trained models where there are any."""
    surface = prediction.surfaces[0]
    trained = {run.n_data: number(run.measured[-1]) for run in prediction.checked if len(run.measured)}
    rows = [["n", "predicted test loss", *(["trained"] if trained else [])]]
    for i, n in enumerate(surface.n_data):
        cell = _core.format_value(surface.risk[i][-1], surface.lo[i][-1], surface.hi[i][-1])
        rows.append([str(n), cell, *([trained.get(int(n), "–")] if trained else [])])
    return rows


def prediction_facts(prediction: Prediction) -> list[str]:
    return [f"at t = {number(prediction.times[-1])}; {prediction.surfaces[0].method}"]
