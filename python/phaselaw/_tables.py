# SPDX-License-Identifier: Apache-2.0
"""Hands tables over to the library: files as paths, frames by the Arrow C stream interface, other columns as arrays.

Numbers never pass through text, so a frame, a dict and their file give the same result.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np

from phaselaw import _check
from phaselaw._errors import InputError
from phaselaw._frames import FrameKind


class Frame(Protocol):
    """The interface shared by the frames of pandas, polars and pyarrow."""

    @property
    def columns(self) -> Any: ...

    def __getitem__(self, key: Any, /) -> Any: ...


Path: TypeAlias = "str | os.PathLike[str]"
Table: TypeAlias = "Path | Sequence[Path] | Mapping[str, Sequence[Any] | Any] | Sequence[Mapping[str, Any]] | Frame"

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
    for name in names:
        if isinstance(name, tuple):
            raise InputError(f"{source}: column {name} has several levels; join them into one text each, for example "
                             f"frame.columns = ['_'.join(map(str, c)) for c in frame.columns]")
        if sum(str(name) == str(other) for other in names) > 1:
            raise InputError(f"{source}: two columns are named '{name}'; rename one")
    columns = {str(name): _listed(column_of(name), str(name)) for name in names}
    if not any(len(column) for column in columns.values()):
        raise InputError(f"{source}: expected rows, found none")
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
    if isinstance(table, (list, tuple)) and table and all(isinstance(row, Mapping) for row in table):
        return of_rows(table)
    if isinstance(table, (list, tuple)):
        odd = [path for path in table if not isinstance(path, (str, os.PathLike))]
        if odd or not table:
            raise InputError(f"table: expected files, {_check.found(odd[0]) if odd else 'found none'}")
        return [os.fspath(path) for path in table]
    if isinstance(table, Mapping):
        return _columns("dict", list(table), lambda name: table[name])
    if is_frame(table):
        return type(table).__name__, _as_frame(table)
    if hasattr(table, "collect") and hasattr(table, "lazy"):
        raise InputError("table: expected a frame, found a LazyFrame; call its collect() first")
    raise InputError(f"table: expected files, a frame of pandas, polars or pyarrow, or a dict of columns; "
                     f"{_check.found(table)}")


def is_frame(table: Any) -> bool:
    """Whether this is a frame of pandas, polars or pyarrow, or another object with an Arrow stream of columns."""
    if hasattr(table, "collect") and hasattr(table, "lazy") and not hasattr(table, "__arrow_c_stream__"):
        return False
    if hasattr(table, "columns") and hasattr(table, "__getitem__"):
        return True
    return hasattr(table, "__arrow_c_stream__") and not hasattr(table, "__array__")


def of_rows(rows: Sequence[Mapping[str, Any]]) -> tuple[str, dict[str, Any]]:
    """Columns from rows as dicts; a cell that a row does not have is empty."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return _columns("rows", names, lambda name: [row.get(name) for row in rows])


def _texts_of_times(frame: Any) -> Any:
    """The frame with dates, times and durations as texts: as numbers they would be counts of nanoseconds or days."""
    package = type(frame).__module__.split(".")[0]
    if package == "polars":
        times = [name for name, kind in frame.schema.items() if kind.is_temporal()]
        polars: Any = importlib.import_module("polars")
        made = [polars.Series(n, [None if v is None else str(v) for v in frame[n]], dtype=polars.String) for n in times]
        return frame.with_columns(made) if times else frame
    if package != "pyarrow":
        return frame
    pyarrow: Any = importlib.import_module("pyarrow")
    table = frame.read_all() if hasattr(frame, "read_all") else frame
    for i, field in enumerate(table.schema):
        if pyarrow.types.is_temporal(field.type):
            texts = [None if v is None else str(v) for v in table.column(i).to_pylist()]
            table = table.set_column(i, field.name, pyarrow.array(texts, type=pyarrow.string()))
    return table


def _as_frame(frame: Any) -> Any:
    """The frame itself if it gives an Arrow stream, otherwise its columns."""
    if hasattr(frame, "__arrow_c_stream__") and not type(frame).__module__.startswith("pandas"):
        return _texts_of_times(frame)
    return _columns(type(frame).__name__, list(frame.columns), lambda name: frame[name])[1]


class Given(NamedTuple):
    """Columns of numbers as the caller gave them: the package of the frame, and its index in pandas."""

    columns: dict[str, np.ndarray[Any, Any]]
    kind: FrameKind
    index: Any


def numbers_of(table: Any, needed: Sequence[str]) -> Given:
    """The columns of a frame, a dict or rows that a law needs; all columns of numbers if the names are not its own.

    Empty cells are NaN.
    """
    kind, index = "pandas", None
    if is_frame(table):
        package = type(table).__module__.split(".")[0]
        kind = package if package in ("polars", "pyarrow") else "pandas"
        index = table.index if package == "pandas" else None
        names = [str(name) for name in (table.column_names if hasattr(table, "column_names") else table.columns)]
        found = _columns(type(table).__name__, names, lambda name: _plain(table[name]))[1]
    else:
        found = of_rows(table)[1]
    own = [name for name in needed if name in found]
    if len(own) == len(needed):
        found = {name: found[name] for name in own}
    made: dict[str, np.ndarray[Any, Any]] = {}
    for name, values in found.items():
        texts = [value for value in values if isinstance(value, str)]
        if not texts:
            made[name] = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
        elif name in needed:
            raise InputError(f"column {name}: expected numbers, found {texts[0]!r}")
    return Given(made, kind, index)  # type: ignore[arg-type]


def _plain(column: Any) -> Any:
    """A column of polars or pyarrow as a list, of pandas as it is."""
    for method in ("to_pylist", "to_list"):
        if hasattr(column, method) and not hasattr(column, "isna"):
            return getattr(column, method)()
    return column
