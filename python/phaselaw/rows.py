# SPDX-License-Identifier: Apache-2.0
"""Documents as they are, and as a law reads them (docs/documents.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from phaselaw import _core, _frames, _kept, _values, _words
from phaselaw._described import described, keywords
from phaselaw._errors import InputError
from phaselaw._tables import Table, as_source

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from phaselaw._options import ReadOptions


class Rows:
    """A document: its table as it is, and as a law reads it.

    Attributes
    ----------
    columns : dict of arrays
        Inputs and output under their canonical names, for the rows that a fit would use. InputError if a fit would
        refuse the table.
    run : list of str
        The run of each row; empty texts without a run column.
    line : list of int
        The line of each row in the file.
    column_of : dict
        The table's own name of each canonical column.
    notes, warnings : list of str
        How the document and its columns were read, and what looks wrong.
    shape : str
        What the document was recognised as.
    refused : str
        Why a fit would refuse the table; empty if it would not.
    """

    def __init__(self, found: dict[str, Any]) -> None:
        self._found = found
        self.refused: str = found["refused"]
        self.notes: list[str] = [_words.in_python(text) for text in found["json"]["notes"]]
        self.warnings: list[str] = [_words.in_python(text) for text in found["json"]["warnings"]]
        self.shape: str = found["json"]["shape"]

    def _as_read(self, key: str) -> Any:
        if self.refused:
            raise InputError(self.refused)
        return self._found[key]

    @property
    def columns(self) -> dict[str, Any]:
        found: dict[str, Any] = self._as_read("columns")
        return found

    @property
    def run(self) -> list[str]:
        found: list[str] | None = self._as_read("run")
        if found is None:
            return [""] * len(self)
        return found

    @property
    def line(self) -> list[int]:
        found: list[int] = self._as_read("line").tolist()
        return found

    @property
    def column_of(self) -> dict[str, str]:
        found: dict[str, str] = self._as_read("column_of")
        return found

    def frame(self) -> Any:
        """Returns all columns under their own headings: a frame of pandas, otherwise of polars, otherwise a dict.

        to_frame() is the same in a package of one's choice, and fails without it.
        """
        for module in ("pandas", "polars"):
            try:
                return __import__(module).DataFrame(self._found["frame"])
            except ImportError:
                continue
        return dict(self._found["frame"])

    def to_frame(self, kind: _frames.FrameKind = "pandas") -> Any:
        """Returns all columns under their own headings, as a frame of pandas, polars or pyarrow."""
        found = self._found["frame"]
        columns: dict[str, tuple[_frames.Type, Any]] = {
            name: ("text" if isinstance(values, list) else "number", values) for name, values in found.items()}
        return _frames.make(columns, kind, self.warnings)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Rows):
            return NotImplemented
        return _values.same(self._found, other._found)

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return _kept.reduced(self, self._found)

    @classmethod
    def _from_kept(cls, state: dict[str, Any]) -> Rows:
        return cls(state)

    def to_dict(self) -> dict[str, Any]:
        """Returns what `phaselaw table --json` writes."""
        document: dict[str, Any] = self._found["json"]
        return document

    def __getitem__(self, name: str) -> Any:
        if name not in self.columns:
            raise InputError(f"no column {name!r}; there are {', '.join(self.columns)}")
        return self.columns[name]

    def __len__(self) -> int:
        return len(self._as_read("line"))

    def __str__(self) -> str:
        return _words.in_python(self._found["text"])

    def __repr__(self) -> str:
        shape = f"{self._found['json']['rows']} rows of {len(self._found['frame'])} columns"
        return f"<phaselaw.Rows: {self.shape}, {shape}>"


@described("read_table")
def read_table(source: Table, /, *, output: str = "loss", **options: Unpack[ReadOptions]) -> Rows:
    """Reads a document as `phaselaw table`: its own columns, and those that a fit would use (docs/documents.md).

    Parameters
    ----------
    source : path, paths, frame or dict
        The document.
    output : str, default "loss"
        The canonical name of the output column.

    Returns
    -------
    Rows

    Examples
    --------
    >>> table = phaselaw.read_table({"N": [1e6, 1e7], "loss": [3.5, 3.1]})
    >>> table["n_params"].tolist()
    [1000000.0, 10000000.0]
    """
    return Rows(_core.read_table(as_source(source), output, keywords("read_table", options)))
