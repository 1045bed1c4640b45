# SPDX-License-Identifier: Apache-2.0
"""Results as frames of pandas, polars or pyarrow, which are imported only when a frame is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from phaselaw._errors import InputError

FrameKind: TypeAlias = Literal["pandas", "polars", "pyarrow"]
Type: TypeAlias = Literal["text", "number", "integer", "flag"]


class Column(NamedTuple):
    """A column of a result's frame.

    `type` "estimate" stands for three columns, NAME, NAME_lo and NAME_hi; "identified" adds NAME_identified. `path` is
    where the value stands in a row's dict, by default `name`; "end.loss" is row["end"]["loss"].
    """

    name: str
    type: Literal["text", "number", "integer", "flag", "estimate", "identified"]
    help: str
    path: str = ""


def _at(row: Mapping[str, Any], path: str) -> Any:
    found: Any = row
    for key in path.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def named(columns: Iterable[Column]) -> list[str]:
    """The names of a frame's columns."""
    return [name for column in columns for name, _, _ in _expanded(column)]


def _expanded(column: Column) -> list[tuple[str, str, Type]]:
    """(name, path, type) of the columns for which this one stands."""
    path = column.path or column.name
    if column.type not in ("estimate", "identified"):
        return [(column.name, path, column.type)]  # type: ignore[list-item]
    found: list[tuple[str, str, Type]] = [
        (column.name, f"{path}.value", "number"),
        (f"{column.name}_lo", f"{path}.lo", "number"),
        (f"{column.name}_hi", f"{path}.hi", "number"),
    ]
    return [*found, (f"{column.name}_identified", f"{path}.identified", "flag")] if column.type == "identified" else found


def of_rows(columns: Iterable[Column], rows: Sequence[Mapping[str, Any]]) -> dict[str, tuple[Type, Any]]:
    """Columns with their types, from dicts: one per row."""
    every = [one for column in columns for one in _expanded(column)]
    return {name: (kind, [_at(row, path) for row in rows]) for name, path, kind in every}


def typed(columns: Iterable[Column], values: Mapping[str, Any]) -> dict[str, tuple[Type, Any]]:
    """Columns with their types, from columns."""
    return {name: (kind, values[name]) for column in columns for name, _, kind in _expanded(column)}


def stacked(columns: Iterable[Column], parts: Sequence[Mapping[str, Any]], along: str) -> dict[str, Any]:
    """Columns of parts one below the other: arrays as long as `along`, or one value for the whole part."""
    found: dict[str, Any] = {}
    for column in columns:
        values: list[Any] = []
        for part in parts:
            one = part[column.name]
            values += one.tolist() if isinstance(one, np.ndarray) else [one] * len(part[along])
        found[column.name] = values
    return found


def type_of(values: Iterable[Any]) -> Type:
    """The type of a column of numbers, truth values or texts, of which some are missing."""
    kinds = {type(value) for value in values if value is not None}
    if not kinds or float in kinds and kinds <= {float, int}:
        return "number"
    return "integer" if kinds == {int} else "flag" if kinds == {bool} else "text"


def _numbers(values: Any) -> np.ndarray[Any, Any]:
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


def _pandas(module: Any, columns: Mapping[str, tuple[Type, Any]], index: Any) -> Any:
    made: dict[str, Any] = {}
    for name, (kind, values) in columns.items():
        if kind == "number":
            made[name] = _numbers(values)
        elif any(v is None for v in values):
            dtype = {"text": "object", "integer": "Int64", "flag": "boolean"}[kind]
            made[name] = module.array(list(values), dtype=dtype) if kind != "text" else module.Series(list(values), dtype=object).array
        else:
            made[name] = np.asarray(values) if kind != "text" else list(values)
    return module.DataFrame(made, index=index)


def make(
    columns: Mapping[str, tuple[Type, Any]], kind: str = "pandas", warnings: Sequence[str] = (), index: Any = None
) -> Any:
    """Makes a frame; a pandas frame keeps the warnings in attrs["warnings"]."""
    if kind not in ("pandas", "polars", "pyarrow"):
        raise InputError(f"kind: expected pandas, polars or pyarrow, found {kind!r}")
    try:
        module: Any = importlib.import_module(kind)
    except ImportError:
        others = ", ".join(repr(other) for other in ("pandas", "polars", "pyarrow") if other != kind)
        raise ImportError(f"to_frame needs {kind}, which is not installed: pip install {kind}, or choose kind={others}") from None
    if kind == "pandas":
        frame = _pandas(module, columns, index)
        frame.attrs["warnings"] = list(warnings)
        return frame
    if kind == "polars":
        types = {"text": module.String, "number": module.Float64, "integer": module.Int64, "flag": module.Boolean}
        return module.DataFrame([module.Series(name, list(values), dtype=types[type_], strict=False)
                                 for name, (type_, values) in columns.items()])
    types = {"text": module.string(), "number": module.float64(), "integer": module.int64(), "flag": module.bool_()}
    return module.table({name: module.array(list(values), type=types[type_]) for name, (type_, values) in columns.items()})
