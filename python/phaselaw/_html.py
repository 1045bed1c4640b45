# SPDX-License-Identifier: Apache-2.0
"""Results for a notebook: one table, what was done, what to be careful about. Follows the notebook's own colours."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from phaselaw import _text

if TYPE_CHECKING:
    from phaselaw.experiments import MeasuredConstants, Prediction
    from phaselaw.results import Diagnoses, Fit, Plan, Ranking, Theory

_STYLE = """<style>
.phaselaw { font: 14px/1.45 system-ui, sans-serif; max-width: 72em; }
.phaselaw h4 { margin: 0 0 .1em; font-size: 15px; font-weight: 600; }
.phaselaw code { font-size: 13px; }
.phaselaw .wide { overflow-x: auto; }
.phaselaw table { font: inherit; border-collapse: collapse; margin: .5em 0; font-variant-numeric: tabular-nums; }
.phaselaw th, .phaselaw td { text-align: left; padding: .2em .9em .2em 0; white-space: nowrap;
  border: 0; border-bottom: 1px solid rgba(128, 128, 128, .35); background: none; }
.phaselaw th { font-weight: 600; }
.phaselaw td.long { white-space: normal; min-width: 18em; }
.phaselaw .weak td { opacity: .65; }
.phaselaw .facts { margin: .2em 0; opacity: .85; }
.phaselaw details { margin: .4em 0 0; padding: .3em .7em; border-left: 3px solid #b35900; }
.phaselaw summary { font-weight: 600; cursor: pointer; }
.phaselaw ul { margin: .3em 0; padding-left: 1.2em; }
</style>"""


_LONG = ' class="long"'  # whole sentences, which may wrap


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]], weak: Sequence[bool] = ()) -> str:
    html = '<div class="wide"><table><thead><tr>' + "".join(f'<th scope="col">{escape(h)}</th>' for h in heading) + "</tr></thead><tbody>"
    for i, row in enumerate(rows):
        html += '<tr class="weak">' if i < len(weak) and weak[i] else "<tr>"
        html += "".join(f'<td{_LONG if len(cell) > 60 else ""}>{escape(cell)}</td>' for cell in row) + "</tr>"
    return html + "</tbody></table></div>"


def _page(title: str, formula: str, body: str, facts: Sequence[str], warnings: Sequence[str]) -> str:
    code = f"<code>{escape(formula)}</code>" if formula not in ("", title) else ""
    html = f'{_STYLE}<div class="phaselaw"><h4>{escape(title)}</h4>{code}{body}'
    html += "".join(f'<p class="facts">{escape(fact)}</p>' for fact in facts)
    if warnings:
        items = "".join(f"<li>{escape(w)}</li>" for w in warnings)
        count = f"{len(warnings)} warning{'s' if len(warnings) > 1 else ''}"
        html += f"<details open><summary>{count}</summary><ul>{items}</ul></details>"
    return html + "</div>"


def fit_html(fit: Fit) -> str:
    heading, *rows = _text.parameter_rows(fit)
    weak = [row[2] == "no" for row in rows]
    return _page(fit.law, fit.formula, _table(heading, rows, weak), _text.fit_facts(fit), fit.warnings)


def ranking_html(ranking: Ranking) -> str:
    if not ranking.ranking or not isinstance(ranking.ranking[0], dict):
        return fit_html(ranking.best)
    html = f'{_STYLE}<div class="phaselaw"><h4>Laws by their error of prediction</h4>'
    return html + _table(_text.RANKING_HEADING, _text.ranking_rows(ranking)) + "</div>" + fit_html(ranking.best)


def plan_html(plan: Plan) -> str:
    heading, *rows = _text.plan_rows(plan)
    reasons = [point.reason for point in plan.points if point.reason]
    facts = _text.plan_facts(plan) + list(dict.fromkeys(reasons))
    title = f"What to train next, by {plan['law']}"
    return _page(title, plan["formula"], _table(heading, rows), facts, _text.plan_warnings(plan))


def theory_html(theory: Theory) -> str:
    heading, *rows = _text.theory_rows(theory)
    return _page(f"Theory, edition {theory['edition']}", "", _table(heading, rows), [], theory.warnings)


def checks_html(measured: MeasuredConstants) -> str:
    heading, *rows = _text.check_rows(measured)
    facts = ["vacuous: a bound that says nothing about this model", *measured["notes"]]
    return _page("The theory's bounds, with constants as measured", "", _table(heading, rows), facts, [])


def diagnoses_html(diagnoses: Diagnoses) -> str:
    heading, *rows = _text.diagnosis_rows(diagnoses)
    facts = ["?: not identified by the curve. Exponent and floor are those of the reducible loss."]
    return _page("Stages of loss curves", "", _table(heading, rows), facts, [])


def prediction_html(prediction: Prediction) -> str:
    heading, *rows = _text.prediction_rows(prediction)
    facts = _text.prediction_facts(prediction)
    return _page("Learning curve before training", "", _table(heading, rows), facts, prediction.warnings)
