# SPDX-License-Identifier: Apache-2.0
"""Results as objects. Each holds the program's JSON and reads its attributes from it; nothing is computed here."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from phaselaw import _check, _core, _html
from phaselaw._errors import InputError

Array = npt.NDArray[np.float64]


def format_value(value: float, lo: float | None = None, hi: float | None = None, unit: str = "") -> str:
    """A number with its interval as the program prints it: "0.21 [0.065, 0.97]", "160k [48k, 1.7M]".

    Where one end is None, the data do not bound that side; where both are, there is no interval. unit: "parameters",
    "tokens", "sequences" and "steps" have suffixes, "FLOP" has powers of ten, everything else is plain.
    """
    return _core.format_value(value, math.nan if lo is None else lo, math.nan if hi is None else hi, unit)


@dataclass(frozen=True)
class Estimate:
    """A number and its interval. value is None if unknown; lo or hi is None if the data do not bound that side."""

    name: str
    value: float | None
    lo: float | None = None
    hi: float | None = None
    identified: bool = False
    fixed: bool = False
    unit: str = ""

    @classmethod
    def _from(cls, table: Mapping[str, Any], name: str = "", unit: str = "") -> Estimate:
        return cls(
            name,
            table.get("value"),
            table.get("lo"),
            table.get("hi"),
            bool(table.get("identified", False)),
            bool(table.get("fixed", False)),
            unit,
        )

    def __str__(self) -> str:
        shown = _core.estimate_text(self.value, self.lo, self.hi, self.fixed, self.unit)
        return f"{self.name} {shown}" if self.name else shown


class Result:
    """A result of the program. to_dict() and json() equal the output of `--json` to the last digit."""

    def __init__(self, core: _core.Json | _core.Answer) -> None:
        self._core: Any = core

    @cached_property
    def _dict(self) -> dict[str, Any]:
        return self._core.to_dict()

    def to_dict(self) -> dict[str, Any]:
        """Returns the result as a new dict; unknown numbers are None."""
        return self._core.to_dict()

    def json(self, indent: int = 2) -> str:
        """Returns the text that `--json` writes; indent < 0 gives one line."""
        return self._core.json(indent)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes json() to a file, for example a FIT.json for `phaselaw plan --fit`."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.json() + "\n")

    def __getitem__(self, key: str) -> Any:
        return self._dict[key]

    def __contains__(self, key: str) -> bool:
        return key in self._dict

    def __iter__(self) -> Iterator[str]:
        return iter(self._dict)

    def keys(self) -> list[str]:
        return list(self._dict)

    @property
    def warnings(self) -> list[str]:
        """Limitations of the result, and what to do about them."""
        return list(self._dict.get("warnings", []))

    def __repr__(self) -> str:
        return f"<phaselaw.{type(self).__name__}: {', '.join(self.keys())}>"


def _shown(result: Result) -> str:
    """Returns the text that the program prints. A text that has no block of limits is followed by the warnings."""
    warnings = [] if "limits" in result else result.warnings
    return str(result._core.text()) + "".join(f"warning: {warning}\n" for warning in warnings)


@dataclass(frozen=True)
class LawPrediction:
    """A law at new inputs.

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
    """

    value: Array
    lo: Array
    hi: Array
    run_lo: Array
    run_hi: Array
    warnings: list[str] = field(default_factory=list)


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

    def predict(self, columns: Mapping[str, Any] | None = None, /, **named: Any) -> LawPrediction:
        """Evaluates the law at new inputs, for example fit.predict(n_params=[1e9], tokens=[2e10]).

        Parameters
        ----------
        columns : dict, optional
            Columns by name (n_params, or common names such as N or params), numbers or arrays of one length. Columns
            may also be given as keyword arguments.

        Returns
        -------
        LawPrediction

        Raises
        ------
        InputError
            For a missing column or arrays of different length.
        """
        given = named if columns is None else {**_check.mapping(columns, "columns", "{'n_params': [1e9]}"), **named}
        arrays = {name: _check.numbers(values, name) for name, values in given.items()}
        return LawPrediction(*_core.predict_law(self._saved, arrays))

    def __repr__(self) -> str:
        return _shown(self)

    def _repr_html_(self) -> str:
        return _html.answer(self.law, self._core, [], self.warnings)


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
        return list(self._dict.get("notes", []))

    def __repr__(self) -> str:
        return _shown(self)

    def _repr_html_(self) -> str:
        return _html.answer("Laws by prediction error", self._core, self.notes, self.best.warnings)


class PlanPoint:
    """The plan for one compute (or one loss)."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self._table = table

    def __getattr__(self, name: str) -> Estimate:
        table = object.__getattribute__(self, "_table")
        found = table.get(name)
        if isinstance(found, Mapping) and "value" in found:
            return Estimate._from(found, name, _core.column_unit(name))
        raise AttributeError(f"no estimate {name!r}; there are {', '.join(k for k, v in table.items() if v)}")

    def __getitem__(self, key: str) -> Any:
        return self._table[key]

    def keys(self) -> list[str]:
        return list(self._table)

    @property
    def bottleneck(self) -> str:
        return str(self._table.get("bottleneck") or "")

    @property
    def reason(self) -> str:
        return str(self._table.get("bottleneck_reason") or "")

    @property
    def warnings(self) -> list[str]:
        return list(self._table.get("warnings", []))


class Plan(Result):
    """What to train next (docs/plan.md)."""

    @cached_property
    def points(self) -> list[PlanPoint]:
        return [PlanPoint(point) for point in self._dict["plans"]]

    def __len__(self) -> int:
        return len(self.points)

    @property
    def warnings(self) -> list[str]:
        """What limits the plan, the most harmful first."""
        return list(self._dict.get("limits", []))

    def __repr__(self) -> str:
        return _shown(self)

    def _repr_html_(self) -> str:
        reasons = list(dict.fromkeys(point.reason for point in self.points if point.reason))
        return _html.answer(f"What to train next, by {self['law']}", self._core, reasons, self.warnings)


class IsoFlop(Result):
    """Compute-optimal sizes by several methods (docs/plan.md)."""

    def __repr__(self) -> str:
        return _shown(self)

    def _repr_html_(self) -> str:
        return _html.answer("Compute-optimal sizes", self._core, [], self.warnings)


class Theory(Result):
    """Values of the paper's definitions, bounds and laws; unknown is None. theory.rate is theory["rate"]."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self._dict[name]
        except KeyError:
            raise AttributeError(f"no quantity {name!r}; there are {', '.join(self._dict)}") from None

    def __repr__(self) -> str:
        return _shown(self)

    def _repr_html_(self) -> str:
        return _html.answer(f"Theory, edition {self['edition']}", self._core, [], self.warnings)


class Diagnoses(Result):
    """One diagnosis per curve: state, exponent, floor, gain, what to do next (docs/diagnose.md)."""

    @property
    def curves(self) -> list[dict[str, Any]]:
        return list(self._dict["curves"])

    def __len__(self) -> int:
        return len(self.curves)

    def __repr__(self) -> str:
        return _shown(self)

    def _repr_html_(self) -> str:
        nexts = [f"{curve['name']}: {curve['next']}" for curve in self.curves if curve["next"] is not None]
        return _html.answer("States of loss curves", self._core, nexts, [])


class RecipeComparison:
    """One recipe against the baseline."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self._table = table

    def __getitem__(self, key: str) -> Any:
        return self._table[key]

    def keys(self) -> list[str]:
        return list(self._table)

    @property
    def recipe(self) -> str:
        return str(self._table["recipe"])

    @property
    def outcome(self) -> str:
        """better, worse, inconclusive or unknown, after Holm's correction for several recipes."""
        return str(self._table["outcome"])

    @property
    def sentence(self) -> str:
        """The answer with its numbers."""
        return str(self._table["sentence"])

    @property
    def will_it_last(self) -> str:
        return str(self._table["will_it_last"])

    @property
    def limits(self) -> list[str]:
        """What limits the comparison, the most harmful first."""
        return list(self._table["limits"])

    @property
    def speedup(self) -> Estimate | None:
        """The factor that the answer quotes: the resource that the baseline needs over that of the recipe.

        None where it is not known, and for curves that fall late, which have only what their difference is worth.
        """
        if self._table["leads"] == "curves":
            if self._table["curves"]["falls_late"]:
                return None
            reached = self._table["curves"]["equal_loss"]
            found = reached[-1]["speedup"] if reached else None
        else:
            runs = self._table["runs"][0]
            found = runs["places"][runs["leading"]]["speedup"] if runs["leading"] is not None else None
        return None if found is None else Estimate._from(found, "speedup", "")

    def __repr__(self) -> str:
        return self.sentence


class Comparisons(Result):
    """Recipes against a baseline (docs/compare.md)."""

    @property
    def baseline(self) -> str:
        return str(self._dict["baseline"])

    @cached_property
    def recipes(self) -> list[RecipeComparison]:
        """One comparison per recipe, in their order."""
        return [RecipeComparison(table) for table in self._dict["comparisons"]]

    def __len__(self) -> int:
        return len(self.recipes)

    def __getitem__(self, key: str | int) -> Any:
        return self.recipes[key] if isinstance(key, int) else self._dict[key]

    def __repr__(self) -> str:
        return _shown(self)

    def _repr_html_(self) -> str:
        limits = list(dict.fromkeys(limit for one in self.recipes for limit in one.limits))
        return _html.answer(f"Recipes against {self.baseline}", self._core, [one.sentence for one in self.recipes], limits)


class Forecasts(Result):
    """The forecast final loss of each run, with its interval (docs/forecast.md)."""

    @property
    def forecasts(self) -> list[dict[str, Any]]:
        return list(self._dict["forecasts"])

    @property
    def final_loss(self) -> Estimate:
        """The final loss of a single run; its value is None if nothing can be forecast."""
        if len(self) != 1:
            raise InputError(f"there are {len(self)} forecasts; use .forecasts, or name one run with run=")
        return Estimate._from(self.forecasts[0]["final_loss"], "final loss")

    def __len__(self) -> int:
        return len(self.forecasts)

    def __repr__(self) -> str:
        return _shown(self)

    def _repr_html_(self) -> str:
        readings = [f"{one['name']}: {one['reading']}" for one in self.forecasts]
        return _html.answer("Forecast of the final loss", self._core, readings, [])


class ForecastCheck(Result):
    """A registered forecast beside what happened: status is inside, outside or pending."""

    @property
    def status(self) -> str:
        return str(self._dict["status"])

    @property
    def reading(self) -> str:
        return str(self._dict["reading"])

    def __repr__(self) -> str:
        return _shown(self)
