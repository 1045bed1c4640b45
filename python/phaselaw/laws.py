# SPDX-License-Identifier: Apache-2.0
"""From a table of finished runs to a law, and from a law to the next run (docs/laws.md, docs/plan.md)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from phaselaw import _check, _core
from phaselaw._errors import InputError
from phaselaw._tables import Table, as_text
from phaselaw.results import Diagnoses, Fit, IsoFlop, Plan, Ranking, Theory


def _numbers(value: float | Sequence[float] | None, name: str) -> list[float]:
    return [] if value is None else [float(x) for x in _check.numbers(value, name).ravel()]


def _columns(value: Mapping[str, str]) -> dict[str, str]:
    return _check.mapping(value, "columns", "{'loss': 'val_loss'}")


def _scale(value: Mapping[str, float]) -> dict[str, float]:
    return _check.mapping(value, "scale", "{'n_params': 1e9}")


def _texts(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def fit(
    table: Table,
    law: str = "two-stage",
    *,
    columns: Mapping[str, str] = {},
    loss: str | None = None,
    scale: Mapping[str, float] = {},
    where: str | Sequence[str] = (),
    last: bool = False,
    objective: str = "huber",
    delta: float = 1e-3,
    asymmetry: float = 4.0,
    interval: str = "automatic",
    level: float = 0.95,
    resamples: int = 400,
    cluster: str | None = "auto",
    weights: str | None = None,
    sd: str | None = None,
    fixed: Mapping[str, float] = {},
    holdout: float = 0.2,
    exponent: float | None = None,
    floor: float | str | None = "auto",
    seed: int = 0,
    threads: int | None = None,
) -> Fit:
    """Fits a law to a table of runs: `phaselaw fit`, with its JSON to the last digit.

    table      a file (CSV, TSV, JSON lines, W&B export, .gz; study.db), a pandas or polars frame, or a dict of columns
    law        a name ("chinchilla", "power", ...), or an expression: "E + A*N^-alpha". For every law that the columns
               allow, ranked, use fit_all.
    columns    {"loss": "val_loss"}: names that are not recognised;  loss: short for that of the loss
    scale      {"n_params": 1e9}: factors of columns;  where: "dataset=c4", rows to take;  last: of each run
    objective  huber (bends at delta), l1, l2, asymmetric: residuals of ln loss; l2-raw, l1-raw: of the loss
    interval   automatic, bootstrap, bca, profile, sandwich or none; of `level`, from `resamples`
    cluster    column whose rows are resampled together; "auto": the run's where runs have several rows; None
    weights, sd  columns: of weights, of standard errors of ln loss
    fixed      {"alpha": 0.34}: known parameters
    holdout    share of the rows, the largest by compute, predicted from the rest
    exponent, floor  two-stage: known beforehand; floor "auto": 0 for an excess risk, None (fitted) for a loss
    threads    None: one a core; results do not depend on it

    Warnings come as PhaselawWarning. InputError says where, what was expected and what to do.
    """
    if law == "all":
        raise InputError("law: 'all' gives a ranking; use phaselaw.fit_all(table, ...)")
    return Fit(_fit(table, law, locals()))


def fit_all(
    table: Table,
    *,
    columns: Mapping[str, str] = {},
    loss: str | None = None,
    scale: Mapping[str, float] = {},
    where: str | Sequence[str] = (),
    last: bool = False,
    objective: str = "huber",
    delta: float = 1e-3,
    asymmetry: float = 4.0,
    interval: str = "automatic",
    level: float = 0.95,
    resamples: int = 400,
    cluster: str | None = "auto",
    weights: str | None = None,
    sd: str | None = None,
    fixed: Mapping[str, float] = {},
    holdout: float = 0.2,
    exponent: float | None = None,
    floor: float | str | None = "auto",
    seed: int = 0,
    threads: int | None = None,
) -> Ranking:
    """Every law that the columns allow, ranked by its error of prediction: `phaselaw fit --law all`. See fit."""
    return Ranking(_fit(table, "all", locals()))


def _fit(table: Table, law: str, arguments: dict[str, Any]) -> _core.Json:
    request = {key: value for key, value in arguments.items() if key not in ("table", "loss")}
    columns = _columns(arguments["columns"])
    if arguments["loss"] is not None:
        columns["loss"] = arguments["loss"]
    request |= {"law": law, "columns": columns, "where": _texts(arguments["where"])}
    request |= {"scale": _scale(arguments["scale"])}
    request |= {"fixed": _check.mapping(arguments["fixed"], "fixed", "{'alpha': 0.34}")}
    source, text = as_text(table)
    return _core.fit(source, text, request)


def plan(
    fit: Fit | Ranking | Mapping[str, Any] | str | os.PathLike[str],
    compute: float | Sequence[float] | None = None,
    *,
    loss: float | Sequence[float] | None = None,
    law: str = "",
    n_params: float | None = None,
    tokens: float | None = None,
    tokens_per_param: float | None = None,
    inference_tokens: float | None = None,
    at: Mapping[str, float] = {},
    flop_convention: str = "6nd",
    aspect_ratio: float = 64.0,
    vocab: float | None = None,
    seq_len: float | None = None,
    flop_per_param: float | None = None,
    next_run: str | None = None,
    next_budget: float | None = None,
) -> Plan:
    """From a fit: sizes to train for a compute in FLOP, or compute for a loss: `phaselaw plan`.

    minimise L(N, D) subject to c(N) D + (c(N)/3) T = C, every plausible set of parameters allocated anew for the
    intervals.

    fit        a Fit, a dict of one, or FIT.json;  law: which, when it holds several
    compute    FLOP, one or several; or loss: the least compute for it
    n_params, tokens, tokens_per_param   hold one of them;  inference_tokens: T, tokens the model will serve
    at         {"unique_tokens": 1e10}: columns that no compute determines
    flop_convention   6nd, without-embeddings (vocab), with-attention (seq_len), exact (flop_per_param)
    next_run   which run would narrow this most: a parameter, n_params, tokens, loss or all; costs at most next_budget
    """
    request = {key: value for key, value in locals().items() if key not in ("fit", "law")}
    request |= {"compute": _numbers(compute, "compute"), "loss": _numbers(loss, "loss")}
    request |= {"at": _check.mapping(at, "at", "{'unique_tokens': 1e10}")}
    if isinstance(fit, (Fit, Ranking)):
        core, source = fit._core, "fit"
    elif isinstance(fit, Mapping):
        core, source = _core.json_from(dict(fit)), "fit"
    elif isinstance(fit, (str, os.PathLike)):
        core, source = Fit.load(fit)._core, os.fspath(fit)
    else:
        raise InputError(f"fit: expected a Fit, a dict of one or the path of a FIT.json; {_check.found(fit)}")
    return Plan(_core.plan(core, source, law, request))


def isoflop(
    table: Table,
    law: str = "chinchilla",
    *,
    tolerance: float = 0.1,
    window: float = 10.0,
    columns: Mapping[str, str] = {},
    scale: Mapping[str, float] = {},
    where: str | Sequence[str] = (),
    last: bool = False,
    objective: str = "huber",
    resamples: int = 400,
    level: float = 0.95,
    seed: int = 0,
    threads: int | None = None,
) -> IsoFlop:
    """Compute-optimal sizes from runs of equal compute, by envelope, parabola, spline and law: `phaselaw isoflop`."""
    request = {key: value for key, value in locals().items() if key != "table"}
    request |= {"columns": _columns(columns), "scale": _scale(scale), "where": _texts(where)}
    request |= {"delta": 1e-3, "asymmetry": 4.0, "interval": "automatic"}
    source, text = as_text(table)
    return IsoFlop(_core.isoflop(source, text, request))


def diagnose(
    curves: Table | Sequence[str | os.PathLike[str]],
    *,
    columns: Mapping[str, str] = {},
    run: str | Sequence[str] = (),
    warmup: float = 0.0,
    decay: str = "none",
    decay_from: float | None = None,
    decay_to: float = 0.0,
    level: float = 0.95,
    threads: int | None = None,
) -> Diagnoses:
    """The stage of loss curves, their bend, and what to raise next: `phaselaw diagnose`.

    curves   a table with step, tokens or compute and a loss, several runs by a run column; files; study.db
    warmup, decay, decay_from, decay_to   the schedule, where no lr column says so: none, linear, cosine, sqrt
    """
    request = {
        "columns": _columns(columns),
        "runs": _texts(run),
        "warmup": float(warmup),
        "decay": decay,
        "decay_from": decay_from,
        "decay_to": float(decay_to),
        "level": level,
        "threads": threads,
    }
    if isinstance(curves, (list, tuple)):
        if not curves or not all(isinstance(path, (str, os.PathLike)) for path in curves):
            odd = next((path for path in curves if not isinstance(path, (str, os.PathLike))), None)
            raise InputError(f"curves: expected files, {_check.found(odd) if curves else 'found none'}")
        sources, text = [os.fspath(path) for path in curves], None
    else:
        source, text = as_text(curves)  # type: ignore[arg-type]
        sources = [source]
    return Diagnoses(_core.diagnose(sources, text, request))


def theory(**numbers: float | str | None) -> Theory:
    """The paper's definitions, bounds and laws at plain numbers: `phaselaw theory`. docs/theory/ has the formulas.

    theory(compute=1e12, noise=0.3): the best n for this compute; with n_data the fixed-n law and its stage; n_data
    alone: at its threshold. Constants that are not given are 1; unknown numbers in the result are None.
    """
    return Theory(_core.theory(numbers))


class MeasuredTable:
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
        return f"<phaselaw.MeasuredTable: {len(self)} rows, {', '.join(self.columns)}>"


def read_table(
    table: Table,
    *,
    output: str = "loss",
    columns: Mapping[str, str] = {},
    scale: Mapping[str, float] = {},
    where: str | Sequence[str] = (),
    last: bool = False,
) -> MeasuredTable:
    """A table as fit reads it: recognised columns, rows without a loss and copies left out (docs/laws.md)."""
    options = {"columns": _columns(columns), "scale": _scale(scale), "where": _texts(where), "last": last}
    source, text = as_text(table)
    return MeasuredTable(_core.read_table(source, text, output, options))
