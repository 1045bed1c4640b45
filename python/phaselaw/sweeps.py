# SPDX-License-Identifier: Apache-2.0
"""Sweeps: the runs of a study, and the store that holds them (docs/sweep.md)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from phaselaw import _core, _executor, _frames, _html
from phaselaw._described import described
from phaselaw._executor import Executor
from phaselaw._frames import Column, FrameKind
from phaselaw.results import Result
from phaselaw.splits import Experiment, document

__all__ = ["Study", "SweepSummary", "load_study", "sweep"]

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from phaselaw._options import SweepOptions


class SweepSummary(Result):
    """Counts of a sweep: runs, done, diverged, resumed, already_there, elsewhere; and threads, seconds."""

    _COLUMNS = (
        Column("runs", "integer", "number of runs of the study"),
        Column("done", "integer", "runs that this call finished"),
        Column("diverged", "integer", "of these, runs that diverged"),
        Column("resumed", "integer", "of these, runs that continued from a snapshot"),
        Column("already_there", "integer", "runs that were finished before"),
        Column("elsewhere", "integer", "runs of other shards or workers"),
    )

    def __repr__(self) -> str:
        counts = ", ".join(f"{column.name} {self._dict.get(column.name)}" for column in self._COLUMNS)
        return f"<phaselaw.SweepSummary: {counts}>"

    def _repr_html_(self) -> str:
        rows = [[column.name, str(self._dict.get(column.name)), column.help] for column in self._COLUMNS]
        return _html.page("Sweep", _html.table(["count", "value", "meaning"], rows), [], self.warnings)


@described("sweep")
def sweep(
    study: Experiment,
    out: str | os.PathLike[str],
    *,
    executor: Executor | None = None,
    **options: Unpack[SweepOptions],
) -> SweepSummary:
    """Runs the experiments of a study that are not yet in the store `out`, as `phaselaw sweep`.

    Ctrl-C keeps finished runs; another call continues. Without an executor also unfinished runs continue, from their
    snapshots.

    Parameters
    ----------
    study : path or dict
        The study.
    out : path
        The store, study.db; it is created, or continued if it belongs to the same study.
    executor : optional
        Anything with submit(fn, *args) that returns a future with result(): a ProcessPoolExecutor, a Client of Dask, an
        executor of joblib or submitit. Its workers do the runs, each on one thread, and this process stores them; the
        store exports to the same bytes. A run that is lost with its worker is done by the next call. The workers
        need the same version of phaselaw, and the data files of the study under the same paths.

    Returns
    -------
    SweepSummary

    Raises
    ------
    InputError
        For an invalid study, or a store of another study.
    RunError
        If the disk is full, or if an executor lost runs: the message says which. Finished runs are kept.

    Examples
    --------
    >>> import os, tempfile
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> study = {"model": {"n_layers": 1, "seq_len": 2, "d_model": 4, "d_hidden": 8, "n_heads": 1, "d_head": 4},
    ...          "data": {"n_data": 4, "n_test": 4}, "training": {"steps": 5}, "grid": {"model.d_hidden": [8, 16]}}
    >>> with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as executor:
    ...     out = os.path.join(folder, "study.db")
    ...     summary = phaselaw.sweep(study, out, executor=executor)
    ...     rows = phaselaw.load_study(out).rows()
    >>> summary
    <phaselaw.SweepSummary: runs 2, done 2, diverged 0, resumed 0, already_there 0, elsewhere 0>
    >>> sorted({row["n_params"] for row in rows})
    [128, 192]
    """
    path = os.fspath(out)
    if executor is None:
        return SweepSummary(_core.sweep(document(study), path, dict(options)))
    return SweepSummary(_executor.sweep(document(study), path, executor, dict(options)))


class Study:
    """The runs of a store as one table with a row for each measurement, as from `phaselaw export`."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)

    def csv(self) -> str:
        """Returns the text of `phaselaw export --format csv`."""
        return _core.export_study(self.path, "csv")

    def rows(self) -> list[dict[str, Any]]:
        """Returns one dict per measurement; unknown values are None."""
        import json

        return [json.loads(line) for line in _core.export_study(self.path, "jsonl").splitlines()]

    def columns(self) -> dict[str, list[Any]]:
        """Returns the rows by column, as pandas.DataFrame and polars.DataFrame accept them."""
        rows = self.rows()
        return {name: [row.get(name) for row in rows] for name in (rows[0] if rows else {})}

    def to_frame(self, kind: FrameKind = "pandas") -> Any:
        """Returns the rows as a frame of pandas, polars or pyarrow, with the columns of `phaselaw export`."""
        columns = self.columns()
        return _frames.make({name: (_frames.type_of(values), values) for name, values in columns.items()}, kind)

    def __eq__(self, other: object) -> bool:
        """Whether both name the same store."""
        if not isinstance(other, Study):
            return NotImplemented
        return os.path.abspath(self.path) == os.path.abspath(other.path)

    def __hash__(self) -> int:
        return hash(os.path.abspath(self.path))

    def __repr__(self) -> str:
        return f"<phaselaw.Study {self.path}>"


def load_study(path: str | os.PathLike[str]) -> Study:
    """Opens an existing store, study.db.

    The runs are read on each call of csv(), rows() or columns(), so a sweep may still be writing the store.

    Parameters
    ----------
    path : path
        The store.

    Returns
    -------
    Study

    Raises
    ------
    InputError
        If the file is missing, is no store, or is damaged.

    Examples
    --------
    >>> import os, tempfile
    >>> study = {"model": {"n_layers": 1, "seq_len": 2, "d_model": 4, "d_hidden": 8, "n_heads": 1, "d_head": 4},
    ...          "data": {"n_data": 4, "n_test": 4}, "training": {"steps": 5}, "grid": {"seeds": 2}}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     out = os.path.join(folder, "study.db")
    ...     summary = phaselaw.sweep(study, out)
    ...     columns = phaselaw.load_study(out).columns()
    >>> sorted(set(columns["run"])), max(columns["step"])
    ([0, 1], 5)
    """
    study = Study(path)
    _core.export_study(study.path, "csv")  # reports problems now
    return study
