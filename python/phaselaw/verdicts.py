# SPDX-License-Identifier: Apache-2.0
"""Results that judge: the states of curves, recipes against a baseline, and forecasts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from phaselaw import _html, _values, _words
from phaselaw._errors import InputError
from phaselaw._frames import Column
from phaselaw._result import Estimate, Result


class Diagnoses(Result):
    """One diagnosis per curve: state, exponent, floor, gain, what to do next (docs/diagnose.md)."""

    _TITLE = "States of loss curves"
    _COLUMNS = (
        Column("name", "text", "name of the run"),
        Column("state", "text", "state of the curve"),
        Column("stage", "text", "stage of the law, if it is known"),
        Column("exponent", "identified", "exponent of the fall"),
        Column("floor", "identified", "loss to which the curve falls"),
        Column("gain_of_doubling", "identified", "loss that twice the length would gain"),
        Column("signature", "text", "instability, or none"),
        Column("learning_rate", "text", "what is known of the schedule"),
        Column("quantity", "text", "name of the loss"),
        Column("clock", "text", "column against which the curve is read"),
        Column("last_loss", "number", "loss at the end", "end.loss"),
        Column("rows_used", "integer", "number of rows that were used", "rows.used"),
        Column("next", "text", "what to do next"),
    )

    def _rows(self) -> list[Mapping[str, Any]]:
        return list(self.curves)

    @property
    def curves(self) -> list[dict[str, Any]]:
        return list(self._dict["curves"])

    def __len__(self) -> int:
        return len(self.curves)

    def _facts(self) -> list[str]:
        return [f"{curve['name']}: {_words.in_python(curve['next'])}" for curve in self.curves if curve["next"] is not None]


class RecipeComparison(_values.Part):
    """One recipe against the baseline."""

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
        return [_words.in_python(text) for text in self._table["limits"]]

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

    _COLUMNS = (
        Column("recipe", "text", "name of the recipe"),
        Column("outcome", "text", "better, worse, inconclusive or unknown, after Holm's correction"),
        Column("speedup", "estimate", "resource that the baseline needs over that of the recipe"),
        Column("p", "number", "p value of the difference"),
        Column("p_holm", "number", "p value after Holm's correction"),
        Column("sentence", "text", "the answer with its numbers"),
        Column("will_it_last", "text", "whether the difference grows, stays or shrinks"),
        Column("limits", "text", "what limits the comparison, joined by semicolons"),
    )

    def _rows(self) -> list[Mapping[str, Any]]:
        return [{**one.to_dict(), "limits": "; ".join(one.limits), "speedup": vars(one.speedup) if one.speedup else None}
                for one in self.recipes]

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

    def _repr_html_(self) -> str:
        limits = list(dict.fromkeys(limit for one in self.recipes for limit in one.limits))
        return _html.answer(f"Recipes against {self.baseline}", self._core, [one.sentence for one in self.recipes], limits)


class Forecasts(Result):
    """The forecast final loss of each run, with its interval (docs/forecast.md)."""

    _TITLE = "Forecast of the final loss"
    _COLUMNS = (
        Column("name", "text", "name of the run"),
        Column("status", "text", "forecast, or why there is none"),
        Column("final_loss", "estimate", "forecast of the loss at the last planned step"),
        Column("quantity", "text", "name of the loss"),
        Column("axis", "text", "column of the progress"),
        Column("now", "number", "last recorded step"),
        Column("now_loss", "number", "loss there"),
        Column("to", "number", "last planned step"),
        Column("state", "text", "state of the curve"),
        Column("decay_seen", "flag", "whether the curve has seen the decay of the learning rate"),
        Column("reading", "text", "the forecast in words"),
    )

    def _rows(self) -> list[Mapping[str, Any]]:
        return list(self.forecasts)

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

    def _facts(self) -> list[str]:
        return [f"{one['name']}: {_words.in_python(one['reading'])}" for one in self.forecasts]


class ForecastCheck(Result):
    """A registered forecast beside what happened: status is inside, outside or pending."""

    _TITLE = "A registered forecast"
    _COLUMNS = (
        Column("name", "text", "name of the run"),
        Column("status", "text", "inside, outside or pending"),
        Column("predicted", "estimate", "the registered forecast"),
        Column("happened", "number", "the final loss"),
        Column("relative_error", "number", "(predicted - happened)/happened"),
        Column("to", "number", "last planned step"),
        Column("reached", "number", "last recorded step"),
        Column("changed", "flag", "whether the earlier rows of the log have changed"),
        Column("date", "text", "when the forecast was registered"),
        Column("reading", "text", "the answer in words"),
    )

    def _facts(self) -> list[str]:
        return [self.reading]

    @property
    def status(self) -> str:
        return str(self._dict["status"])

    @property
    def reading(self) -> str:
        return str(self._dict["reading"])
