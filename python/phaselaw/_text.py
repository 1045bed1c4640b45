# SPDX-License-Identifier: Apache-2.0
"""Numbers and tables for a terminal, written as the program writes them. Results of laws bring their own text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from phaselaw import _core


def number(x: float | None, digits: int = 3) -> str:
    return _core.format_number(math.nan if x is None else x, digits)


def interval(value: float | None, lo: float | None, hi: float | None) -> str:
    """ "0.21 [0.065, 0.97]"; an end that the data do not bound is "unbounded"."""
    known = math.nan if value is None else value
    if lo is None and hi is None:
        return number(known)
    if lo is None or hi is None:
        ends = [number(end) if end is not None else "unbounded" for end in (lo, hi)]
        return f"{number(known)} [{ends[0]}, {ends[1]}]"
    return _core.format_value(known, lo, hi)


def columns(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths)).rstrip() for row in rows)


def theory_rows(theory: Mapping[str, Any]) -> list[list[str]]:
    """Heading and what is known, as `phaselaw theory` prints it; logarithms where the number itself overflows."""
    return [["quantity", "value"], *_known_rows(theory, "")]


def _known_rows(table: Mapping[str, Any], prefix: str) -> list[list[str]]:
    """A row for every known number, with dots in the names of what a table or a list holds."""
    rows: list[list[str]] = []
    for name, value in table.items():
        if value is None or (name.startswith("log10_") and table[name[6:]] is not None):
            continue
        if isinstance(value, Mapping):
            rows += _known_rows(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            for i, item in enumerate(value, 1):
                rows += _known_rows(item, f"{prefix}{name}.{i}.")
        else:
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            rows.append([prefix + name, number(value, 6) if is_number else str(value)])
    return rows


def check_rows(checks: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Heading and a row for each bound."""
    rows = [["bound", "source", "holds", "says", "measured", "because of"]]
    for check in checks:
        holds = ("yes" if check["holds"] else "no") + (", vacuous" if check["vacuous"] else "")
        says, found = (f"10^{number(check[key])}" for key in ("log10_bound", "log10_measured"))
        rows.append([check["statement"], check["source"], holds, says, found, check["blame"]])
    return rows


def prediction_rows(surface: Any, checked: Sequence[Any]) -> list[list[str]]:
    """Heading and a row for each size: the test loss at the last time, and that of trained models where there are any."""
    trained = {run.n_data: number(run.measured[-1]) for run in checked if len(run.measured)}
    rows = [["n", "predicted test loss", *(["trained"] if trained else [])]]
    for i, n in enumerate(surface.n_data):
        cell = _core.format_value(surface.risk[i][-1], surface.lo[i][-1], surface.hi[i][-1])
        rows.append([str(n), cell, *([trained.get(int(n), "–")] if trained else [])])
    return rows
