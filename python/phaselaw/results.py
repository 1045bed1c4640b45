# SPDX-License-Identifier: Apache-2.0
"""Results as objects. Each holds the program's JSON and reads its attributes from it; nothing is computed here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from phaselaw import _check, _core, _frames, _html, _tables, _values, _words
from phaselaw._errors import InputError
from phaselaw._frames import Column
from phaselaw._result import Array, Estimate, Result, format_value
from phaselaw.verdicts import Comparisons, Diagnoses, ForecastCheck, Forecasts, RecipeComparison

__all__ = [
    "Array", "Comparisons", "Diagnoses", "Estimate", "Fit", "ForecastCheck", "Forecasts", "IsoFlop", "LawPrediction",
    "Plan", "PlanPoint", "Ranking", "RecipeComparison", "Result", "Theory", "format_value",
]


@dataclass(frozen=True, eq=False, repr=False)
class LawPrediction(_values.Value):
    """A law at new inputs. to_frame() has the columns value, lo, hi, run_lo and run_hi.

    Attributes
    ----------
    value : array
        The law.
    lo, hi : array
        Its interval; NaN if the fit has none.
    run_lo, run_hi : array
        The interval of one new run's measurement.
    warnings : list of str
        Inputs outside the fitted range.
    index, kind
        The index of the pandas frame given to predict, and the package of its frame.
    """

    value: Array
    lo: Array
    hi: Array
    run_lo: Array
    run_hi: Array
    warnings: list[str] = field(default_factory=list)
    index: Any = None
    kind: _frames.FrameKind = "pandas"

    def to_frame(self, kind: _frames.FrameKind | None = None) -> Any:
        """Returns a frame, by default of the package of the frame given to predict, with its index in pandas."""
        names = ("value", "lo", "hi", "run_lo", "run_hi")
        columns: dict[str, tuple[_frames.Type, Any]] = {name: ("number", getattr(self, name)) for name in names}
        kind = self.kind if kind is None else kind
        return _frames.make(columns, kind, self.warnings, self.index if kind == "pandas" else None)

    def __len__(self) -> int:
        return len(self.value)


class Fit(Result):
    """A fitted law (docs/laws.md): parameters with intervals, the certificate of the optimum, prediction errors."""

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Fit:
        """Reads a FIT.json written by this module or by `phaselaw fit --json`."""
        import json

        try:
            with open(path, encoding="utf-8") as file:
                return cls(_core.fit_from(json.load(file), os.fspath(path)))
        except OSError as error:
            raise InputError(f"{os.fspath(path)}: cannot be read ({error.strerror}); check the path") from None
        except json.JSONDecodeError as error:
            raise InputError(f"{os.fspath(path)}:{error.lineno}:{error.colno}: not JSON: {error.msg}") from None
        except UnicodeDecodeError:
            raise InputError(f"{os.fspath(path)}: expected the text of a FIT.json, found other bytes") from None

    @property
    def law(self) -> str:
        return str(self._dict["law"])

    @property
    def formula(self) -> str:
        return str(self._dict["formula"])

    @cached_property
    def parameters(self) -> dict[str, Estimate]:
        """By name, in the law's order."""
        return {name: Estimate._from(p, name, self._units.get(name, "")) for name, p in self._dict["parameters"].items()}

    @cached_property
    def derived(self) -> dict[str, Estimate]:
        found = self._dict.get("derived") or {}
        return {name: Estimate._from(p, name, self._units.get(name, "")) for name, p in found.items()}

    @cached_property
    def _units(self) -> dict[str, str]:
        return _core.units_of(self._core)

    @property
    def level(self) -> float:
        """Confidence level of the intervals."""
        return float(self._dict["interval"]["level"])

    @property
    def method(self) -> str:
        """Method of the intervals: bootstrap, profile, ..."""
        return str(self._dict["interval"]["method"])

    @property
    def n_points(self) -> int:
        return int(self._dict["n_points"])

    @property
    def certified(self) -> bool:
        """Whether the solver converged, starts agree, and the gradient is small. If not, `status` says why."""
        return bool(self._dict["convergence"]["certified"])

    @property
    def status(self) -> str:
        return str(self._dict["convergence"]["status"])

    @property
    def data(self) -> dict[str, Array]:
        """The fitted rows: columns by canonical name, including the output."""
        data = self._dict["data"]
        columns = {name: np.asarray(values, dtype=np.float64) for name, values in data["columns"].items()}
        columns[str(self._dict["form"]["output"])] = np.asarray(data["output"], dtype=np.float64)
        return columns

    @cached_property
    def _saved(self) -> _core.SavedFit:
        return _core.saved_fit(self._core)

    def predict(self, columns: Any = None, /, **named: Any) -> LawPrediction:
        """Evaluates the law at new inputs.

        Parameters
        ----------
        columns : dict, list of dicts, or frame of pandas, polars or pyarrow, optional
            Inputs by name (n_params, or common names such as N or params), in the units of the law: parameters,
            tokens, FLOP. A dict has numbers or arrays of one length, a list one dict per row. Of a frame only the
            law's columns are used. Columns may also be given as keyword arguments.

        Returns
        -------
        LawPrediction
            Arrays; to_frame() makes a frame of the package that was given, with its index in pandas.

        Raises
        ------
        InputError
            For a missing column, texts, or arrays of different length.

        Examples
        --------
        >>> runs = {"n_params": [1e6, 1e7, 1e8, 1e9], "loss": [4.6, 3.7, 3.1, 2.7]}
        >>> fit = phaselaw.fit(runs, "power@n_params", interval="none")
        >>> bool(fit.predict(n_params=[1e10]).value[0] < 2.7)
        True
        """
        if _tables.is_frame(columns) or isinstance(columns, (list, tuple)) and all(isinstance(row, Mapping) for row in columns):
            given = _tables.numbers_of(columns, [name for name in self._dict["data"]["columns"] if name != "run"])
            extra = {name: _check.numbers(values, name) for name, values in named.items()}
            return LawPrediction(*_core.predict_law(self._saved, given.columns | extra), given.index, given.kind)
        found = named if columns is None else {**_check.mapping(columns, "columns", "{'n_params': [1e9]}"), **named}
        arrays = {name: _check.numbers(values, name) for name, values in found.items()}
        return LawPrediction(*_core.predict_law(self._saved, arrays))

    def _repr_html_(self) -> str:
        return _html.answer(self.law, self._core, [], self.warnings)

    _COLUMNS = (
        Column("name", "text", "name of the parameter or derived quantity"),
        Column("kind", "text", "parameter or derived"),
        Column("value", "number", "its value"),
        Column("lo", "number", "lower end of its interval; unknown if the data do not bound that side"),
        Column("hi", "number", "upper end of its interval"),
        Column("identified", "flag", "whether the data determine it"),
        Column("fixed", "flag", "whether it was held"),
        Column("unit", "text", "its unit"),
    )

    def _rows(self) -> list[Mapping[str, Any]]:
        named = [("parameter", e) for e in self.parameters.values()] + [("derived", e) for e in self.derived.values()]
        return [{**vars(estimate), "kind": kind} for kind, estimate in named]

    @classmethod
    def _core_of(cls, state: tuple[Any, ...]) -> Any:
        return _core.fit_from(state[0], "pickle")


class Ranking(Result):
    """Several laws fitted to one table, the best first."""

    @cached_property
    def fits(self) -> list[Fit]:
        return [Fit(_core.fit_from(fit, "fits")) for fit in self._dict["fits"]]

    @property
    def ranking(self) -> list[dict[str, Any]]:
        return list(self._dict["ranking"])

    @property
    def best(self) -> Fit:
        return self.fits[0]

    @property
    def notes(self) -> list[str]:
        """Laws that were skipped, and why."""
        return [_words.in_python(text) for text in self._dict.get("notes", [])]

    def _repr_html_(self) -> str:
        return _html.answer("Laws by prediction error", self._core, self.notes, self.best.warnings)

    _COLUMNS = (
        Column("law", "text", "name of the law; the best is first"),
        Column("score", "number", "error of its predictions of rows that it has not seen, by which laws are ranked"),
        Column("difference", "number", "score minus that of the best law"),
        Column("standard_error", "number", "standard error of the difference"),
        Column("survives", "flag", "whether it predicts as well as the best, within the error"),
        Column("weight", "number", "weight in an average of laws"),
        Column("delta_aicc", "number", "AICc minus the lowest"),
        Column("delta_bic", "number", "BIC minus the lowest"),
        Column("holdout_error", "number", "mean relative error on the largest runs, which were left out",
               "holdout.mean_abs_rel_error"),
        Column("holdout_bias", "number", "its mean with the sign", "holdout.bias"),
        Column("certified", "flag", "whether the optimum of the fit is certified"),
        Column("reason", "text", "why it cannot be ranked"),
    )

    def _rows(self) -> list[Mapping[str, Any]]:
        return list(self.ranking)

    @classmethod
    def _core_of(cls, state: tuple[Any, ...]) -> Any:
        return _core.fit_from(state[0], "pickle")


class PlanPoint(_values.Part):
    """The plan for one compute (or one loss). Its estimates are attributes: point.n_params, point.loss, ..."""

    def __getattr__(self, name: str) -> Estimate:
        table = object.__getattribute__(self, "_table")
        found = table.get(name)
        if isinstance(found, Mapping) and "value" in found:
            return Estimate._from(found, name, _core.column_unit(name))
        raise AttributeError(f"no estimate {name!r}; there are {', '.join(self._estimates())}")

    def _estimates(self) -> list[str]:
        return [name for name, found in self._table.items() if isinstance(found, Mapping) and "value" in found]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._estimates()]

    def __repr__(self) -> str:
        return f"<phaselaw.PlanPoint: {', '.join(str(getattr(self, name)) for name in self._estimates())}>"

    @property
    def bottleneck(self) -> str:
        return str(self._table.get("bottleneck") or "")

    @property
    def reason(self) -> str:
        return str(self._table.get("bottleneck_reason") or "")

    @property
    def warnings(self) -> list[str]:
        return [_words.in_python(text) for text in self._table.get("warnings", [])]


class Plan(Result):
    """What to train next (docs/plan.md)."""

    _COLUMNS = (
        Column("compute", "estimate", "compute to spend [FLOP]"),
        Column("n_params", "estimate", "best number of parameters"),
        Column("tokens", "estimate", "best number of training tokens"),
        Column("tokens_per_param", "estimate", "their ratio"),
        Column("loss", "estimate", "loss of the law at these sizes; the interval is that of the law"),
        Column("run", "estimate", "loss of one run at these sizes; the interval includes the scatter of runs"),
        Column("floor", "estimate", "irreducible loss"),
        Column("bottleneck", "text", "what limits the run"),
        Column("bottleneck_certain", "flag", "whether the data decide the bottleneck"),
        Column("status", "text", "optimum, or why there is none"),
    )

    def _rows(self) -> list[Mapping[str, Any]]:
        return list(self._dict["plans"])

    @cached_property
    def points(self) -> list[PlanPoint]:
        return [PlanPoint(point) for point in self._dict["plans"]]

    def __len__(self) -> int:
        return len(self.points)

    @property
    def warnings(self) -> list[str]:
        """What limits the plan, the most harmful first."""
        return [_words.in_python(text) for text in self._dict.get("limits", [])]

    def _repr_html_(self) -> str:
        reasons = list(dict.fromkeys(point.reason for point in self.points if point.reason))
        return _html.answer(f"What to train next, by {self['law']}", self._core, reasons, self.warnings)


class IsoFlop(Result):
    """Compute-optimal sizes by several methods (docs/plan.md): N* = k_n_params C^a and D* = k_tokens C^b."""

    _TITLE = "Compute-optimal sizes"
    _COLUMNS = (
        Column("experiment", "text", "group of `by`; missing if there is one experiment"),
        Column("method", "text", "envelope, parabola, akima or parametric"),
        Column("a", "estimate", "exponent of the best number of parameters"),
        Column("b", "estimate", "exponent of the best number of tokens"),
        Column("k_n_params", "number", "factor of N* = k C^a"),
        Column("k_tokens", "number", "factor of D* = k C^b"),
        Column("n_budgets", "integer", "number of budgets"),
        Column("why", "text", "why the method gives nothing"),
    )

    def _rows(self) -> list[Mapping[str, Any]]:
        experiments = self._dict.get("experiments") or [self._dict]
        return [{"experiment": one.get("experiment", one.get("name")), "method": name, **method}
                for one in experiments for name, method in one["methods"].items()]


def _leaves(table: Any, prefix: str = "") -> list[tuple[str, Any]]:
    """The values of nested dicts and lists, by their names joined by dots; items of lists count from 1."""
    if isinstance(table, Mapping):
        return [leaf for key, value in table.items() for leaf in _leaves(value, f"{prefix}.{key}" if prefix else key)]
    if isinstance(table, list):
        return [leaf for i, value in enumerate(table, 1) for leaf in _leaves(value, f"{prefix}.{i}")]
    return [(prefix, table)]


class Theory(Result):
    """Values of the paper's definitions, bounds and laws; unknown is None. theory.rate is theory["rate"]."""

    _COLUMNS = (
        Column("quantity", "text", "name of the quantity, with dots for the items of tables"),
        Column("value", "number", "its value; missing if it is unknown or a text"),
        Column("text", "text", "its value if it is a text or a truth value"),
    )

    def _rows(self) -> list[Mapping[str, Any]]:
        return [{"quantity": name, "text" if isinstance(value, (str, bool)) else "value":
                 str(value).lower() if isinstance(value, bool) else value} for name, value in _leaves(self._dict)]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.keys()]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self._dict[name]
        except KeyError:
            raise AttributeError(f"no quantity {name!r}; there are {', '.join(self._dict)}") from None

    def _repr_html_(self) -> str:
        return _html.answer(f"Theory, edition {self['edition']}", self._core, [], self.warnings)
