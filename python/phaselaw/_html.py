# SPDX-License-Identifier: Apache-2.0
"""Results for a notebook: a table, how it was computed, and warnings. Uses the notebook's own colours."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from phaselaw import _words

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


_LONG = ' class="long"'  # sentences, which may wrap


def table(heading: Sequence[str], rows: Sequence[Sequence[str]], weak: Sequence[bool] = ()) -> str:
    html = '<div class="wide"><table><thead><tr>' + "".join(f'<th scope="col">{escape(h)}</th>' for h in heading) + "</tr></thead><tbody>"
    for i, row in enumerate(rows):
        html += '<tr class="weak">' if i < len(weak) and weak[i] else "<tr>"
        html += "".join(f'<td{_LONG if len(cell) > 60 else ""}>{escape(cell)}</td>' for cell in row) + "</tr>"
    return html + "</tbody></table></div>"


def page(title: str, body: str, facts: Sequence[str], warnings: Sequence[str]) -> str:
    html = f'{_STYLE}<div class="phaselaw"><h4>{escape(title)}</h4>{body}'
    html += "".join(f'<p class="facts">{escape(fact)}</p>' for fact in facts)
    if warnings:
        items = "".join(f"<li>{escape(w)}</li>" for w in warnings)
        count = f"{len(warnings)} warning{'s' if len(warnings) > 1 else ''}"
        html += f"<details open><summary>{count}</summary><ul>{items}</ul></details>"
    return html + "</div>"


def answer(title: str, core: Any, facts: Sequence[str], warnings: Sequence[str]) -> str:
    """The tables that the program prints, each under its caption; poorly constrained rows are shown faintly."""
    body = ""
    for caption, heading, cells in core.tables():
        caption, rows = _words.in_python(caption), [[_words.in_python(cell) for cell in row] for row in cells]
        known = heading.index("identified") if "identified" in heading else None
        weak = [row[known] == "no" for row in rows] if known is not None else []
        body += (f"<p><code>{escape(caption)}</code></p>" if caption else "") + table(heading, rows, weak)
    return page(title, body, facts, warnings)
