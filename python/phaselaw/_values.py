# SPDX-License-Identifier: Apache-2.0
"""Bases of the classes of results: equality by content, with arrays compared number by number, and pickles."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from phaselaw import _kept

# These describe the moment and the machine, not the result.
TRANSIENT = frozenset({"seconds", "seconds_beside", "made_by", "threads"})


def same(a: Any, b: Any) -> bool:
    """Whether two values have equal content; NaN equals NaN, and the times of a computation are not compared."""
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        if not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray)) or a.dtype != b.dtype or a.shape != b.shape:
            return False
        return bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"))
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        keys = a.keys() - TRANSIENT
        return keys == b.keys() - TRANSIENT and all(same(a[key], b[key]) for key in keys)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if hasattr(a, "equals") and hasattr(b, "equals"):  # the index of a pandas frame
        return bool(a.equals(b))
    if isinstance(a, float) and isinstance(b, float) and a != a and b != b:
        return True
    return bool(a == b)


def _short(value: Any) -> str:
    """Shape and range of an array, the size of a dict, and everything else as it is."""
    if isinstance(value, np.ndarray):
        shape = " x ".join(map(str, value.shape))
        finite = value[np.isfinite(value)]
        ends = f" from {finite.min():.4g} to {finite.max():.4g}" if finite.size else ""
        return f"{shape} numbers{ends}"
    return f"dict of {', '.join(map(str, value))}" if isinstance(value, Mapping) else repr(value)


class Portable:
    """Base of the dataclasses: pickled by their fields, with the version that wrote them."""

    def __reduce__(self) -> tuple[Any, ...]:
        assert is_dataclass(self)
        return _kept.reduced(self, {one.name: getattr(self, one.name) for one in fields(self)})

    @classmethod
    def _from_kept(cls, state: dict[str, Any]) -> Any:
        return cls(**state)


class Value(Portable):
    """Base of the dataclasses that hold arrays: equal if all fields are equal. They have no hash."""

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        assert is_dataclass(self)
        shown = [f"{one.name} {_short(getattr(self, one.name))}" for one in fields(self)]
        return f"<phaselaw.{type(self).__name__}: {', '.join(shown)}>"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        assert is_dataclass(self)
        return all(
            same(getattr(self, one.name), getattr(other, one.name)) for one in fields(self) if one.name not in TRANSIENT
        )


class Part:
    """One item of a result, which it holds as a dict: equal if the dict is. It has no hash."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, table: Mapping[str, Any]) -> None:
        self._table = table

    def __getitem__(self, key: str) -> Any:
        return self._table[key]

    def keys(self) -> list[str]:
        return list(self._table)

    def to_dict(self) -> dict[str, Any]:
        """Returns a new dict, as in the result's JSON."""
        return copy.deepcopy(dict(self._table))

    def _ipython_key_completions_(self) -> list[str]:
        return self.keys()

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return same(self._table, other._table)

    def __reduce__(self) -> tuple[Any, ...]:
        return _kept.reduced(self, self.to_dict())

    @classmethod
    def _from_kept(cls, state: dict[str, Any]) -> Any:
        return cls(state)
