# SPDX-License-Identifier: Apache-2.0
"""From a table of finished runs to a law, and from a law to the next run (docs/laws.md, docs/plan.md).

The keyword arguments are the flags of the program by the same names: `--tokens-per-param` is tokens_per_param. Their
types, defaults and help come from the same description (_options.py); help(phaselaw.fit) lists them.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from phaselaw import _check, _core
from phaselaw._errors import InputError
from phaselaw._options import DESCRIBED
from phaselaw._tables import Table, as_text
from phaselaw.results import Diagnoses, Fit, IsoFlop, Plan, Ranking, Theory

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from phaselaw._options import (
        DiagnoseOptions,
        FitOptions,
        IsoflopOptions,
        PlanOptions,
        ReadOptions,
        TheoryNumbers,
    )

F = TypeVar("F", bound=Callable[..., Any])


def _described(verb: str) -> Callable[[F], F]:
    """Gives a function the signature and the help of its options."""

    def decorate(function: F) -> F:
        own = [p for p in inspect.signature(function).parameters.values() if p.kind is not p.VAR_KEYWORD]
        options = DESCRIBED[verb].items()
        keywords = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=o.default) for name, o in options]
        function.__signature__ = inspect.Signature(own + keywords)  # type: ignore[attr-defined]
        lines = [f"    {name} = {o.default!r}: {o.help}" for name, o in options]
        function.__doc__ = (function.__doc__ or "").rstrip() + "\n\n    Options:\n" + "\n".join(lines) + "\n"
        return function

    return decorate


def _keywords(verb: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """One value where a list is meant is a list of one."""
    found = dict(options)
    for name, value in options.items():
        option = DESCRIBED[verb].get(name)
        if option is not None and option.is_list and (isinstance(value, (str, int, float)) or not hasattr(value, "__len__")):
            found[name] = [] if value is None else [value]
        elif isinstance(value, Mapping):
            found[name] = dict(value)
    return found


@overload
def fit(table: Table, law: None = None, **options: Unpack[FitOptions]) -> Ranking: ...
@overload
def fit(table: Table, law: Literal["all"], **options: Unpack[FitOptions]) -> Ranking: ...
@overload
def fit(table: Table, law: str, **options: Unpack[FitOptions]) -> Fit: ...
@_described("fit")
def fit(table: Table, law: str | None = None, **options: Any) -> Fit | Ranking:
    """Fits a law to a table of runs or curves: `phaselaw fit`, with its JSON to the last digit.

    table   a file (CSV, TSV, JSON lines, W&B export, .gz; study.db), a pandas or polars frame, or a dict of columns
    law     a name ("chinchilla", "power", ...) or an expression, "E + A*N^-alpha": a Fit. Without a law, every law that
            the columns allow is fitted: a Ranking, best first.

    Warnings come as PhaselawWarning. InputError says where, what was expected and what to do.
    """
    source, text = as_text(table)
    every = law is None or law == "all"
    answer = _core.fit(source, text, {"law": "all" if law is None else law, **_keywords("fit", options)})
    return Ranking(answer) if every else Fit(answer)


@_described("plan")
def plan(
    fit: Fit | Ranking | Mapping[str, Any] | str | os.PathLike[str],
    compute: float | Sequence[float] | None = None,
    **options: Unpack[PlanOptions],
) -> Plan:
    """From a fit: sizes to train for a compute in FLOP, or compute for a loss: `phaselaw plan`.

    minimise L(N, D) subject to c(N) D + (c(N)/3) T = C, every plausible set of parameters allocated anew for the
    intervals.

    fit      a Fit, a Ranking, a dict of one, or FIT.json; of several fits the best one that gives sizes is taken
    compute  FLOP, one or several; or loss=: the least compute for it
    """
    keywords = _keywords("plan", options)
    for name, value in (("compute", compute), ("loss", options.get("loss"))):
        if value is not None:
            keywords[name] = [float(x) for x in _check.numbers(value, name).ravel()]
    if isinstance(fit, (Fit, Ranking)):
        core, source = fit._core, "fit"
    elif isinstance(fit, Mapping):
        core, source = _core.fit_from(dict(fit), "fit"), "fit"
    elif isinstance(fit, (str, os.PathLike)):
        core, source = Fit.load(fit)._core, os.fspath(fit)
    else:
        raise InputError(f"fit: expected a Fit, a dict of one or the path of a FIT.json; {_check.found(fit)}")
    return Plan(_core.plan(core, source, keywords))


@_described("isoflop")
def isoflop(table: Table, law: str = "chinchilla", **options: Unpack[IsoflopOptions]) -> IsoFlop:
    """Compute-optimal sizes from runs of equal compute, by envelope, parabola, spline and law: `phaselaw isoflop`."""
    source, text = as_text(table)
    return IsoFlop(_core.isoflop(source, text, {"law": law, **_keywords("isoflop", options)}))


@_described("diagnose")
def diagnose(curves: Table | Sequence[str | os.PathLike[str]], **options: Unpack[DiagnoseOptions]) -> Diagnoses:
    """The stage of loss curves, their bend, and what to raise next: `phaselaw diagnose`.

    curves   a table with step, tokens or compute and a loss, several runs by a run column; files; study.db
    """
    if isinstance(curves, (list, tuple)):
        if not curves or not all(isinstance(path, (str, os.PathLike)) for path in curves):
            odd = next((path for path in curves if not isinstance(path, (str, os.PathLike))), None)
            raise InputError(f"curves: expected files, {_check.found(odd) if curves else 'found none'}")
        sources, text = [os.fspath(path) for path in curves], None
    else:
        source, text = as_text(curves)  # type: ignore[arg-type]
        sources = [source]
    return Diagnoses(_core.diagnose(sources, text, _keywords("diagnose", options)))


@_described("theory")
def theory(**numbers: Unpack[TheoryNumbers]) -> Theory:
    """The paper's definitions, bounds and laws at plain numbers: `phaselaw theory`. docs/theory/ has the formulas.

    theory(compute=1e12, noise=0.3): the best n for this compute; with n_data the fixed-n law and its stage; n_data
    alone: at its threshold. Constants that are not given are 1; unknown numbers in the result are None.
    """
    return Theory(_core.theory(dict(numbers)))


class Rows:
    """What a law sees of a table: columns under their canonical names, one output, notes on what was taken for what."""

    def __init__(self, found: dict[str, Any]) -> None:
        self.columns: dict[str, Any] = found["columns"]
        self.run: list[str] = found["run"]
        self.line: list[int] = found["line"]
        self.column_of: dict[str, str] = found["column_of"]
        self.notes: list[str] = found["notes"]
        self.warnings: list[str] = found["warnings"]

    def __getitem__(self, name: str) -> Any:
        if name not in self.columns:
            raise InputError(f"no column {name!r}; there are {', '.join(self.columns)}")
        return self.columns[name]

    def __len__(self) -> int:
        return len(self.line)

    def __repr__(self) -> str:
        return f"<phaselaw.Rows: {len(self)} rows, {', '.join(self.columns)}>"


@_described("read_table")
def read_table(table: Table, *, output: str = "loss", **options: Unpack[ReadOptions]) -> Rows:
    """A table as fit reads it: recognised columns, rows without a loss and copies left out (docs/laws.md)."""
    source, text = as_text(table)
    return Rows(_core.read_table(source, text, output, _keywords("read_table", options)))
