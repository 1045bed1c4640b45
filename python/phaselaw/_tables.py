# SPDX-License-Identifier: Apache-2.0
"""Converts tables in memory to CSV text, so that a frame, a dict and their CSV file give the same result."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from phaselaw._errors import InputError


class Frame(Protocol):
    """The interface shared by the frames of pandas and polars."""

    @property
    def columns(self) -> Any: ...

    def __getitem__(self, key: Any, /) -> Any: ...


Table: TypeAlias = "str | os.PathLike[str] | Mapping[str, Sequence[Any] | Any] | Frame"


def _field(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):  # repr reads back to the same number
        return "nan" if value != value else repr(float(value))
    text = str(value)
    if any(c in text for c in ',"\n\r'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _listed(column: Any, name: str) -> list[Any]:
    for method in ("to_list", "tolist"):  # pandas and polars; NumPy and pandas
        if hasattr(column, method):
            column = getattr(column, method)()
            break
    if isinstance(column, (str, bytes)) or not hasattr(column, "__len__"):
        raise InputError(f"column {name}: expected a list or an array, found a {type(column).__name__}")
    values = list(column)
    if any(isinstance(v, (list, tuple)) for v in values[:1]):
        raise InputError(f"column {name}: expected one dimension, found rows of {len(values[0])}")
    return values


def _missing(column: Any, values: list[Any]) -> list[Any]:
    """Missing values of pandas, which are NaN, become empty fields, as in its own to_csv."""
    if not hasattr(column, "isna"):
        return values
    return [None if missing else value for value, missing in zip(values, column.isna().tolist())]


def as_text(table: Table) -> tuple[str, str | None]:
    """Converts a table to a source and a text.

    Returns
    -------
    (source, text)
        The file's name and None, or a name for errors and the table as CSV. Errors then name the line and column of
        that CSV: the heading is line 1, and row i of a frame is line i + 2.
    """
    if isinstance(table, (str, os.PathLike)):
        return os.fspath(table), None
    if isinstance(table, Mapping):
        source, names = "dict", list(table)
    elif hasattr(table, "columns") and hasattr(table, "__getitem__"):
        source, names = type(table).__name__, list(table.columns)
    else:
        raise InputError(
            f"table: expected a file, a pandas or polars frame, or a dict of columns; found a {type(table).__name__}"
        )
    if not names:
        raise InputError(f"{source}: expected columns, found none")
    columns = [_missing(table[name], _listed(table[name], str(name))) for name in names]
    lengths = {len(column) for column in columns}
    if len(lengths) > 1:
        each = ", ".join(f"{name} {len(column)}" for name, column in zip(names, columns))
        raise InputError(f"{source}: expected columns of one length, found {each}")
    lines = [",".join(_field(str(name)) for name in names)]
    lines += [",".join(map(_field, row)) for row in zip(*columns)]
    return source, "\n".join(lines) + "\n"
