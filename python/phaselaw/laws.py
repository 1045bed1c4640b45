# SPDX-License-Identifier: Apache-2.0
"""Fits laws to tables of finished runs, plans the next run, and compares recipes (docs/laws.md, plan.md, compare.md).

The keyword arguments are the flags of the program: `--tokens-per-param` is tokens_per_param. Their types, defaults and
help come from the same description (_options.py); help(phaselaw.fit) lists them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from phaselaw import _check, _core
from phaselaw._described import described, keywords
from phaselaw._errors import InputError
from phaselaw._tables import Table, as_source
from phaselaw.results import Comparisons, Diagnoses, Fit, ForecastCheck, Forecasts, IsoFlop, Plan, Ranking, Theory

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from phaselaw._options import (
        CompareOptions,
        DiagnoseOptions,
        FitOptions,
        ForecastOptions,
        IsoflopOptions,
        PlanOptions,
        TheoryNumbers,
    )


@overload
def fit(source: Table, /, law: None = None, **options: Unpack[FitOptions]) -> Ranking: ...
@overload
def fit(  # type: ignore[overload-overlap]  # "all" is a text too
    source: Table, /, law: Literal["all"], **options: Unpack[FitOptions]
) -> Ranking: ...
@overload
def fit(source: Table, /, law: str, **options: Unpack[FitOptions]) -> Fit: ...
@described("fit")
def fit(source: Table, /, law: str | None = None, **options: Any) -> Fit | Ranking:
    """Fits a law to a table of runs or curves, as `phaselaw fit`, with the same JSON to the last digit.

    Minimises 1/2 sum_i w_i rho(r_i^2) with r_i = ln L_i - ln L(x_i; theta); docs/laws.md has the objectives.

    Parameters
    ----------
    source : path, paths, frame or dict
        A file, a folder or several files of any shape that docs/documents.md lists (study.db too); a Parquet, Feather or
        Excel file, which pandas, polars or pyarrow reads; a frame of one of these; or a dict of columns.
    law : str, optional
        A name ("chinchilla", "power", ...) or an expression such as "E + A*N^-alpha". By default every law that the
        columns allow is fitted.

    Returns
    -------
    Fit or Ranking
        A Fit for one law; without a law, or with "all", a Ranking with the best law first.

    Raises
    ------
    InputError
        For an invalid table, law or option: where, what was expected, what was found, what to do.

    Warns
    -----
    PhaselawWarning
        For limitations of the result, such as poorly constrained parameters.

    Examples
    --------
    >>> runs = {"n_params": [1e6, 1e7, 1e8, 1e9], "loss": [4.6, 3.7, 3.1, 2.7]}
    >>> fit = phaselaw.fit(runs, "power@n_params", interval="none")
    >>> fit.formula
    'E + A*n_params^-alpha'
    """
    every = law is None or law == "all"
    answer = _core.fit(as_source(source), {"law": "all" if law is None else law, **keywords("fit", options)})
    return Ranking(answer) if every else Fit(answer)


@described("plan")
def plan(
    fit: Fit | Ranking | Mapping[str, Any] | str | os.PathLike[str],
    compute: float | Sequence[float] | None = None,
    **options: Unpack[PlanOptions],
) -> Plan:
    """Chooses the sizes to train for a compute, or the compute for a loss, from a fit, as `phaselaw plan`.

    Minimises L(N, D) subject to c(N) D + (c(N)/3) T = C, with c the training FLOP per token and T the inference
    tokens. The intervals are those of the fit's own method, applied to the best sizes as functions of its parameters.
    Without compute and loss, two of n_params, tokens and tokens_per_param give the loss of that run.

    Parameters
    ----------
    fit : Fit, Ranking, dict or path
        A fit, its dict, or a FIT.json; of several fits, the best one that gives sizes is used.
    compute : float or sequence of floats, optional
        Compute to spend [FLOP]. At most one of compute and loss may be given.

    Returns
    -------
    Plan

    Raises
    ------
    InputError
        For a fit that cannot be used for a plan, and for a loss that no compute reaches.

    Examples
    --------
    >>> sizes = [(n, d) for n in (1e6, 1e7, 1e8) for d in (1e8, 1e9, 1e10)]
    >>> runs = {"n_params": [n for n, _ in sizes], "tokens": [d for _, d in sizes],
    ...         "loss": [1.7 + 400 / n**0.34 + 410 / d**0.28 for n, d in sizes]}
    >>> plan = phaselaw.plan(phaselaw.fit(runs, "chinchilla", resamples=20), compute=1e19)
    >>> 1e7 < float(plan.points[0].n_params) < 1e10
    True
    """
    request = keywords("plan", options)
    for name, value in (("compute", compute), ("loss", options.get("loss"))):
        if value is not None:
            request[name] = [float(x) for x in _check.numbers(value, name).ravel()]
    if isinstance(fit, (Fit, Ranking)):
        core, source = fit._core, "fit"
    elif isinstance(fit, Mapping):
        core, source = _core.fit_from(dict(fit), "fit"), "fit"
    elif isinstance(fit, (str, os.PathLike)):
        core, source = Fit.load(fit)._core, os.fspath(fit)
    else:
        raise InputError(f"fit: expected a Fit, a dict of one or the path of a FIT.json; {_check.found(fit)}")
    return Plan(_core.plan(core, source, request))


@described("isoflop")
def isoflop(source: Table, /, law: str = "chinchilla", **options: Unpack[IsoflopOptions]) -> IsoFlop:
    """Finds compute-optimal sizes from runs of equal compute, as `phaselaw isoflop`.

    The methods are the envelope of loss curves, a parabola or Akima's spline through each budget, and a fitted law.
    Each gives N* = k C^a and D* = k C^b with intervals (docs/plan.md). With `by`, each experiment of the table is
    fitted apart, and the result has a list `experiments`.

    Parameters
    ----------
    source : path, paths, frame or dict
        A table with n_params, a loss, and compute or tokens. Tokens that are missing are compute/(6 n_params).
    law : str, default "chinchilla"
        The law of the parametric method.

    Returns
    -------
    IsoFlop

    Examples
    --------
    >>> sizes = [(c, 0.1 * c**0.5 * f) for c in (1e18, 1e19, 1e20) for f in (0.25, 0.5, 1, 2, 4)]
    >>> runs = {"compute": [c for c, _ in sizes], "n_params": [n for _, n in sizes],
    ...         "loss": [1.7 + 400 / n**0.34 + 410 / (c / n / 6) ** 0.28 for c, n in sizes]}
    >>> 0.3 < phaselaw.isoflop(runs, resamples=10)["methods"]["parametric"]["a"]["value"] < 0.6
    True
    """
    return IsoFlop(_core.isoflop(as_source(source), {"law": law, **keywords("isoflop", options)}))


@described("diagnose")
def diagnose(curves: Table, /, **options: Unpack[DiagnoseOptions]) -> Diagnoses:
    """Finds the state of loss curves, their exponent, floor and gain, and what to do next, as `phaselaw diagnose`.

    Parameters
    ----------
    curves : path, sequence of paths, frame or dict
        A table with a loss and step, tokens or compute, and a run column if there are several runs; or study.db.

    Returns
    -------
    Diagnoses

    Examples
    --------
    >>> steps = list(range(10, 1000, 10))
    >>> found = phaselaw.diagnose({"step": steps, "loss": [2 + 8 / s**0.5 for s in steps]})
    >>> found.curves[0]["state"]
    'falling'
    """
    return Diagnoses(_core.diagnose(as_source(curves), keywords("diagnose", options)))


def _recipe(recipe: Any, position: int, alone: bool) -> tuple[str, Any, Any]:
    """(name, source, fit) of one recipe; a path gives its stem as the name."""
    name = ""
    if isinstance(recipe, tuple) and len(recipe) == 2 and isinstance(recipe[0], str) and not isinstance(recipe[1], str):
        name, recipe = recipe
    if isinstance(recipe, Fit):
        return name or f"recipe {position}", None, recipe._core
    if isinstance(recipe, (str, os.PathLike)):
        path = os.fspath(recipe)
        if not alone and path.endswith(".json") and _core.is_fit_file(path):
            return name or _core.recipe_name(path), None, Fit.load(path)._core
        return name or _core.recipe_name(path), as_source(recipe), None
    return name or f"recipe {position}", as_source(recipe), None


@described("compare")
def compare(*recipes: Table | Fit | tuple[str, Table | Fit], **options: Unpack[CompareOptions]) -> Comparisons:
    """Finds whether a recipe is better than another, by what factor, and whether it will last, as `phaselaw compare`.

    Parameters
    ----------
    recipes : path, frame, dict, Fit, or a pair (name, one of these)
        One for each recipe, the baseline first; or one table with `by`, the column that names the recipes.

    Returns
    -------
    Comparisons
        compare("adam.csv", "muon.csv").recipes[0].speedup is the factor in compute with its interval.

    Raises
    ------
    InputError
        For fewer than two recipes, for different quantities, and for rows without a common resource.

    Examples
    --------
    >>> compute = [1e18 * 2**i for i in range(10)]
    >>> recipes = {name: {"compute": compute, "loss": [1.7 + 3 * (gain * c / 1e18) ** -0.1 * (1 + (i % 3) / 500)
    ...            for i, c in enumerate(compute)]} for name, gain in (("adam", 1), ("muon", 2))}
    >>> phaselaw.compare(*recipes.items()).recipes[0].outcome
    'better'
    """
    given = [_recipe(recipe, i + 1, len(recipes) == 1) for i, recipe in enumerate(recipes)]
    return Comparisons(_core.compare(given, keywords("compare", options)))


@described("forecast")
def forecast(
    curves: Table | None = None,
    /,
    *,
    history: Table | None = None,
    ladder: Table | Fit | Ranking | None = None,
    register: str | os.PathLike[str] | None = None,
    **options: Unpack[ForecastOptions],
) -> Forecasts:
    """Forecasts the final loss of running or planned runs, as `phaselaw forecast` (docs/forecast.md).

    Parameters
    ----------
    curves : path, paths, frame or dict, optional
        The curves so far; none for a planned run.
    history : path, paths, frame or dict, optional
        Curves of complete earlier runs of the same or a similar recipe.
    ladder : Fit, Ranking, path, frame or dict, optional
        A law of smaller runs, or a table of them, for n_params and tokens of the planned run.
    register : path, optional
        A new file for the forecast, with its date and the hash of its inputs; check_forecast compares it later.

    Returns
    -------
    Forecasts

    Examples
    --------
    >>> curve = {"step": list(range(10, 310, 10)), "loss": [2 + 8 / s**0.5 for s in range(10, 310, 10)]}
    >>> found = phaselaw.forecast(curve, to=400, decay="linear", decay_from=320)
    >>> found.forecasts[0]["status"]
    'forecast'
    """
    source = None if curves is None else as_source(curves)
    earlier = None if history is None else as_source(history)
    smaller = ladder._core if isinstance(ladder, (Fit, Ranking)) else None if ladder is None else as_source(ladder)
    path = "" if register is None else os.fspath(register)
    return Forecasts(_core.forecast(source, earlier, smaller, path, keywords("forecast", options)))


@described("forecast")
def check_forecast(
    registered: str | os.PathLike[str], curves: Table | None = None, /, **options: Unpack[ForecastOptions]
) -> ForecastCheck:
    """Compares a registered forecast with what happened, as `phaselaw forecast --check`.

    Parameters
    ----------
    registered : path
        A file that forecast(register=...) or `phaselaw forecast --register` wrote.
    curves : path, paths, frame or dict, optional
        The log of the run as it is now (default: the files that the forecast read).

    Returns
    -------
    ForecastCheck

    Examples
    --------
    >>> import os, tempfile
    >>> curve = {"step": list(range(10, 310, 10)), "loss": [2 + 8 / s**0.5 for s in range(10, 310, 10)]}
    >>> later = {"step": list(range(10, 410, 10)), "loss": [2 + 8 / s**0.5 for s in range(10, 410, 10)]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = os.path.join(folder, "forecast.json")
    ...     found = phaselaw.forecast(curve, to=400, decay="constant", register=file)
    ...     phaselaw.check_forecast(file, later).status
    'inside'
    """
    source = None if curves is None else as_source(curves)
    return ForecastCheck(_core.check_forecast(os.fspath(registered), source, keywords("forecast", options)))


@described("theory")
def theory(**numbers: Unpack[TheoryNumbers]) -> Theory:
    """Evaluates the paper's definitions, bounds and laws, as `phaselaw theory`; docs/theory/ has the formulas.

    theory(compute=1e12, noise=0.3) gives the best n for this compute; with n_data also, the fixed-n law and its stage;
    with n_data alone, the law at its threshold compute. Constants that are not given are 1. theory(law="model-size",
    n_data=1000) adds isolated_law: one law over its resource, with its floor and saturation.

    Returns
    -------
    Theory
        Unknown numbers are None.

    Examples
    --------
    >>> round(phaselaw.theory(compute=1e12).n_data_optimal)
    78
    """
    return Theory(_core.theory(dict(numbers)))
