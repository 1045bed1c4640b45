# SPDX-License-Identifier: Apache-2.0
"""Hands tables over to the library: files as paths, frames by the Arrow C stream interface, other columns as arrays.

Numbers never pass through text, so a frame, a dict and their file give the same result.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np

from phaselaw import _check
from phaselaw._errors import InputError


class Frame(Protocol):
    """The interface shared by the frames of pandas, polars and pyarrow."""

    @property
    def columns(self) -> Any: ...

    def __getitem__(self, key: Any, /) -> Any: ...


Path: TypeAlias = "str | os.PathLike[str]"
Table: TypeAlias = "Path | Sequence[Path] | Mapping[str, Sequence[Any] | Any] | Frame"

# Formats that other packages read: the packages in the order in which they are tried, each with its function.
_FOREIGN: dict[str, list[tuple[str, str]]] = {
    ".parquet": [("polars", "read_parquet"), ("pyarrow.parquet", "read_table"), ("pandas", "read_parquet")],
    ".feather": [("polars", "read_ipc"), ("pyarrow.feather", "read_table"), ("pandas", "read_feather")],
    ".arrow": [("polars", "read_ipc"), ("pyarrow.feather", "read_table")],
    ".xlsx": [("pandas", "read_excel"), ("polars", "read_excel")],
    ".xls": [("pandas", "read_excel"), ("polars", "read_excel")],
}
_NEEDED = {".parquet": "polars", ".feather": "polars", ".arrow": "polars", ".xlsx": "pandas openpyxl",
           ".xls": "pandas xlrd"}


def _reader(module: str, function: str) -> Callable[[str], Any] | None:
    try:
        loaded = __import__(module, fromlist=[function])
    except ImportError:
        return None
    return getattr(loaded, function, None)


def _foreign(path: str, suffix: str) -> Any:
    """The frame in a file of another package's format; InputError if no package is here, or if it fails."""
    if not os.path.isfile(path):
        raise InputError(f"{path}: cannot be read (No such file or directory); check the path")
    failures = []
    for module, function in _FOREIGN[suffix]:
        read = _reader(module, function)
        if read is None:
            continue
        try:
            return read(path)
        except Exception as error:  # each package has errors of its own, also for a missing engine
            failures.append(f"{module}: {str(error).splitlines()[0] if str(error) else type(error).__name__}")
    if failures:
        raise InputError(f"{path}: cannot be read by {'; '.join(failures)}")
    names = ", ".join(dict.fromkeys(module.split(".")[0] for module, _ in _FOREIGN[suffix]))
    raise InputError(f"{path}: a {suffix} file is read by one of {names}, and none is installed; "
                     f"pip install {_NEEDED[suffix]}")


def _listed(column: Any, name: str) -> Any:
    """The column as a NumPy array of numbers, or as a list of texts, numbers and None."""
    missing = column.isna().to_numpy() if hasattr(column, "isna") else None
    if isinstance(column, (str, bytes)) or not hasattr(column, "__len__"):
        raise InputError(f"column {name}: expected a list or an array, found a {type(column).__name__}")
    if isinstance(column, (list, tuple)):
        if any(isinstance(v, (list, tuple)) for v in column[:1]):
            raise InputError(f"column {name}: expected one dimension, found rows of {len(column[0])}")
        values: Any = list(column)
    else:
        values = np.asarray(column)
        if values.ndim != 1:
            raise InputError(f"column {name}: expected one dimension, found {values.ndim}")
        if values.dtype.kind in "fiu" and (missing is None or not missing.any()):
            return np.ascontiguousarray(values, dtype=np.float64)
        values = values.tolist()
    if missing is not None:  # pandas marks a missing number by NaN
        values = [None if gone else value for value, gone in zip(values, missing.tolist())]
    numbers = all(value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)) for value in values)
    if numbers and all(value is not None for value in values):
        return np.array(values, dtype=np.float64)
    if numbers:
        return [None if value is None else float(value) for value in values]
    return [None if value is None else "true" if value is True else "false" if value is False else str(value)
            for value in values]


def _columns(source: str, names: list[Any], column_of: Callable[[Any], Any]) -> tuple[str, dict[str, Any]]:
    if not names:
        raise InputError(f"{source}: expected columns, found none")
    columns = {str(name): _listed(column_of(name), str(name)) for name in names}
    if len(columns) < len(names):
        twice = next(str(name) for name in names if sum(str(name) == str(other) for other in names) > 1)
        raise InputError(f"{source}: two columns are named '{twice}'; rename one")
    if len({len(column) for column in columns.values()}) > 1:
        each = ", ".join(f"{name} {len(column)}" for name, column in columns.items())
        raise InputError(f"{source}: expected columns of one length, found {each}")
    return source, columns


def as_source(table: Table) -> list[str] | tuple[str, Any]:
    """What the library reads: a list of paths, or a name for messages with a frame or a dict of columns.

    Rows of a frame and of a dict count from 1 in messages.
    """
    if isinstance(table, (str, os.PathLike)):
        path = os.fspath(table)
        suffix = os.path.splitext(path)[1].lower()
        if suffix not in _FOREIGN:
            return [path]
        return path, _as_frame(_foreign(path, suffix))
    if isinstance(table, (list, tuple)):
        odd = [path for path in table if not isinstance(path, (str, os.PathLike))]
        if odd or not table:
            raise InputError(f"table: expected files, {_check.found(odd[0]) if odd else 'found none'}")
        return [os.fspath(path) for path in table]
    if isinstance(table, Mapping):
        return _columns("dict", list(table), lambda name: table[name])
    if hasattr(table, "columns") and (hasattr(table, "__getitem__") or hasattr(table, "__arrow_c_stream__")):
        return type(table).__name__, _as_frame(table)
    raise InputError(f"table: expected files, a frame of pandas, polars or pyarrow, or a dict of columns; "
                     f"found a {type(table).__name__}")


def _as_frame(frame: Any) -> Any:
    """The frame itself if it gives an Arrow stream, otherwise its columns."""
    if hasattr(frame, "__arrow_c_stream__") and not type(frame).__module__.startswith("pandas"):
        return frame
    return _columns(type(frame).__name__, list(frame.columns), lambda name: frame[name])[1]
