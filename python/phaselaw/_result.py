# SPDX-License-Identifier: Apache-2.0
"""The base of all results, which hold the program's JSON and read their attributes from it, and Estimate."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from phaselaw import _core, _frames, _html, _kept, _values, _words
from phaselaw._errors import InputError

Array = npt.NDArray[np.float64]
Self = TypeVar("Self", bound="Result")


def format_value(value: float, lo: float | None = None, hi: float | None = None, unit: str = "") -> str:
    """A number with its interval as the program prints it: "0.21 [0.065, 0.97]", "160k [48k, 1.7M]".

    Where one end is None, the data do not bound that side; where both are, there is no interval. unit: "parameters",
    "tokens", "sequences" and "steps" have suffixes, "FLOP" has powers of ten, everything else is plain.

    Examples
    --------
    >>> phaselaw.format_value(159497, 48123, 1.71e6, "parameters")
    '160k [48k, 1.7M]'
    """
    return _core.format_value(value, math.nan if lo is None else lo, math.nan if hi is None else hi, unit)


@dataclass(frozen=True, repr=False)
class Estimate(_values.Portable):
    """A number and its interval. value is None if unknown; lo or hi is None if the data do not bound that side.

    float(estimate) is the value; an InputError if it is unknown. There is no arithmetic, because the interval of a sum
    or ratio does not follow from the intervals of its terms: compute with value, or with the resamples of a fit.
    """

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

    def __float__(self) -> float:
        if self.value is None:
            raise InputError(f"{self.name or 'the estimate'} is unknown, so it is no number; check that .value is not None")
        return float(self.value)

    def __str__(self) -> str:
        shown = _core.estimate_text(self.value, self.lo, self.hi, self.fixed, self.unit)
        return f"{self.name} {shown}" if self.name else shown

    def __repr__(self) -> str:
        return f"<phaselaw.Estimate: {self}>"


class Result:
    """A result of the program. to_dict() and json() equal the output of `--json` to the last digit.

    Two results are equal if their content is, without the times of the computation and the versions. Results have no
    hash. They can be copied and pickled; a pickle holds the JSON and can be read by versions that know its form.
    """

    __hash__ = None  # type: ignore[assignment]
    _TITLE: ClassVar[str] = ""
    _COLUMNS: ClassVar[Sequence[_frames.Column]] = ()

    def __init__(self, core: Any) -> None:
        self._core: Any = core

    @cached_property
    def _dict(self) -> dict[str, Any]:
        found: dict[str, Any] = self._core.to_dict()
        return found

    def to_dict(self) -> dict[str, Any]:
        """Returns the result as a new dict; unknown numbers are None."""
        found: dict[str, Any] = self._core.to_dict()
        return found

    def json(self, indent: int = 2) -> str:
        """Returns the text that `--json` writes; indent < 0 gives one line."""
        return str(self._core.json(indent))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes json() to a file, for example a FIT.json for `phaselaw plan --fit`."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.json() + "\n")

    def _rows(self) -> list[Mapping[str, Any]]:
        """The rows of the frame, as dicts in which _COLUMNS finds its values."""
        return [self._dict]

    def _frame(self) -> Mapping[str, tuple[_frames.Type, Any]]:
        return _frames.of_rows(self._COLUMNS, self._rows())

    def to_frame(self, kind: _frames.FrameKind = "pandas") -> Any:
        """Returns the result as a frame; docs/frames.md lists the columns of each.

        Parameters
        ----------
        kind : "pandas", "polars" or "pyarrow", default "pandas"
            The package, which must be installed. A pandas frame keeps the warnings in attrs["warnings"].

        Returns
        -------
        DataFrame or Table
            Unknown numbers are NaN in pandas, and null in polars and pyarrow.
        """
        return _frames.make(self._frame(), kind, self.warnings)

    def __getitem__(self, key: str) -> Any:
        return self._dict[key]

    def __contains__(self, key: object) -> bool:
        return key in self._dict

    def __iter__(self) -> Iterator[str]:
        return iter(self._dict)

    def keys(self) -> list[str]:
        return list(self._dict)

    def _ipython_key_completions_(self) -> list[str]:
        return self.keys()

    @property
    def warnings(self) -> list[str]:
        """Limitations of the result, and what to do about them."""
        return [_words.in_python(text) for text in self._dict.get("warnings", [])]

    def _arrays(self) -> tuple[Any, ...]:
        """What the constructor takes beside the core: dicts, lists and arrays."""
        return ()

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        assert isinstance(other, Result)
        return _values.same(self._dict, other._dict) and _values.same(self._arrays(), other._arrays())

    def __reduce__(self) -> tuple[Any, ...]:
        return _kept.reduced(self, {"core": _kept.state_of(self._core), "arrays": self._arrays()})

    @classmethod
    def _core_of(cls, state: tuple[Any, ...]) -> Any:
        return _kept.Kept(*state)

    @classmethod
    def _from_kept(cls: type[Self], state: dict[str, Any]) -> Self:
        core, arrays = cls._core_of(state["core"]), state["arrays"]
        return cls((core, *arrays)) if arrays else cls(core)

    def __repr__(self) -> str:
        return shown(self)

    def _facts(self) -> list[str]:
        """What a notebook shows below the tables."""
        return []

    def _repr_html_(self) -> str:
        return _html.answer(self._TITLE, self._core, self._facts(), self.warnings)


def shown(result: Result) -> str:
    """Returns the text that the program prints, with the arguments of Python instead of its flags.

    A text that has no block of limits is followed by the warnings.
    """
    warnings = [] if "limits" in result else result.warnings
    return _words.in_python(str(result._core.text())) + "".join(f"warning: {warning}\n" for warning in warnings)
