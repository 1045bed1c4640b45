# SPDX-License-Identifier: Apache-2.0
"""A sweep with the workers of an executor: runs are submitted as bytes, and their answers are stored as they come."""

from __future__ import annotations

import inspect
import os
import queue
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Protocol

from phaselaw import _check, _core
from phaselaw._errors import InputError, PhaselawWarning, RunError

_MOST_SUBMITTED = 1000  # runs that the executor holds at a time
_POLL_S = 0.1           # between looks at futures without callbacks
# A first answer that takes longer than both is unusual: seconds, and seconds at this rate for the submitted runs.
_PATIENCE_S, _SLOW_FLOP_PER_S = 60.0, 3e8


class Executor(Protocol):
    """What a sweep needs of an executor: submit(fn, *args) returns a future, which has a method result()."""

    def submit(self, fn: Callable[..., Any], /, *args: Any) -> Any: ...


def carry_out(task: bytes) -> bytes:
    """Does one run; this is what a sweep submits. The answer depends on the task alone."""
    return _core.carry_out_task(bytes(task))


# A child that a pool forks while a sweep is open would keep the claims on its runs after the death of this process.
_open: set[_core.ExecutedSweep] = set()


def _leave_to_parent() -> None:
    for sweep in _open:
        sweep.leave_to_parent()
    _open.clear()


os.register_at_fork(after_in_child=_leave_to_parent)


@contextmanager
def _opened(study: Any, out: str, request: Mapping[str, Any]) -> Iterator[_core.ExecutedSweep]:
    sweep = _core.ExecutedSweep(study, out, request)
    _open.add(sweep)
    try:
        yield sweep
    finally:
        _open.discard(sweep)


class _Submitted:
    """The runs that the executor holds."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._ready: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.futures: dict[int, Any] = {}

    def submit(self, index: int, task: bytes) -> None:
        future = self._executor.submit(carry_out, task)
        if not callable(getattr(future, "result", None)):
            raise InputError(f"executor: expected submit() to return a future with result(), {_check.found(future)}")
        self.futures[index] = future
        if hasattr(future, "add_done_callback"):
            future.add_done_callback(lambda _: self._ready.put(index))

    def finished(self, timeout: float) -> int | None:
        """The index of a run that has ended; None after the timeout [s]. A future that can only be awaited is awaited."""
        oldest, future = next(iter(self.futures.items()))
        if not hasattr(future, "add_done_callback"):
            if not hasattr(future, "done"):
                return oldest
            end = time.monotonic() + timeout
            while True:
                for index, future in self.futures.items():
                    if future.done():
                        return index
                if time.monotonic() >= end:
                    return None
                time.sleep(_POLL_S)
        try:
            return self._ready.get(timeout=timeout)
        except queue.Empty:
            return None

    def cancel(self) -> dict[int, Any]:
        """Cancels what has not ended, and returns what has."""
        ended = {index: future for index, future in self.futures.items() if hasattr(future, "done") and future.done()}
        for index, future in self.futures.items():
            if index not in ended and hasattr(future, "cancel"):
                with suppress(Exception):
                    future.cancel()
        self.futures.clear()
        return ended


def _line(error: BaseException) -> str:
    """The kind of an error, and the first line of its message."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _bytes_of(future: Any) -> bytes:
    answer = future.result()
    if not isinstance(answer, (bytes, bytearray, memoryview)):
        if inspect.iscoroutine(answer):
            answer.close()
        raise InputError(f"executor: expected a future with the bytes of a finished run, {_check.found(answer)}; "
                         f"if it is an asynchronous executor, use its synchronous form")
    return bytes(answer)


class _Sweep:
    """One call of sweep(executor=...)."""

    def __init__(self, core: _core.ExecutedSweep, executor: Executor) -> None:
        self._core = core
        self._submitted = _Submitted(executor)
        self._answered = False
        self._flop = 0.0  # submitted
        self._begin = time.monotonic()
        self._refused: Exception | None = None  # why the executor takes no more runs
        self.lost: dict[int, tuple[str, Exception | None]] = {}

    def _fill(self) -> None:
        while self._refused is None and len(self._submitted.futures) < _MOST_SUBMITTED:
            run = self._core.next()
            if run is None:
                return
            index, flop, task = run
            try:
                self._submitted.submit(index, task)
                self._flop += flop
            except InputError:
                raise
            except Exception as error:  # each executor has errors of its own
                self._refused = error

    def _take(self, index: int, future: Any) -> None:
        self._answered = True
        try:
            answer = _bytes_of(future)
        except InputError:
            raise
        except Exception as error:  # the worker died, or could not be reached
            self.lost[index] = (_line(error), error)
            return
        why = self._core.take(index, answer)
        if why:
            self.lost[index] = (why, None)

    def _warn_if_silent(self) -> None:
        waited = time.monotonic() - self._begin
        if not self._answered and waited > max(_PATIENCE_S, self._flop / _SLOW_FLOP_PER_S):
            self._answered = True
            warnings.warn(f"the executor has returned no run for {waited:.0f} s; it may have no workers. Ctrl-C ends the "
                          f"sweep and keeps finished runs", PhaselawWarning, stacklevel=5)

    def run(self) -> None:
        """Returns when no run is submitted or waiting; finished runs are stored however it ends."""
        try:
            while True:
                self._fill()
                if not self._submitted.futures:
                    return
                index = self._submitted.finished(1.0)
                if index is None:
                    self._warn_if_silent()
                else:
                    self._take(index, self._submitted.futures.pop(index))
        except BaseException:  # also Ctrl-C
            for index, future in self._submitted.cancel().items():
                with suppress(Exception):
                    self._take(index, future)
            raise

    def require_complete(self, out: str) -> None:
        """RunError naming the runs that are left, if there are any."""
        if not self.lost and self._refused is None:
            return
        left = self._core.left()
        if not left:
            return
        shown = [f"run {index} ({self.lost[index][0]})" if index in self.lost else f"run {index}" for index in left[:5]]
        more = f" and {len(left) - 5} more" if len(left) > 5 else ""
        refused = f"; the executor takes no more runs ({_line(self._refused)})" if self._refused is not None else ""
        cause = next((error for _, error in self.lost.values() if error is not None), self._refused)
        raise RunError(f"{out}: {len(left)} of {self._core.runs()} runs are left: {', '.join(shown)}{more}{refused}; "
                       f"finished runs are stored, and the same call with a working executor does the rest") from cause


def sweep(study: Any, out: str, executor: Executor, options: Mapping[str, Any]) -> _core.Json:
    """The runs of a study that are not in the store, by the workers of an executor."""
    if not callable(getattr(executor, "submit", None)):
        raise InputError(f"executor: expected an object with submit(fn, *args), such as "
                         f"concurrent.futures.ProcessPoolExecutor(), {_check.found(executor)}")
    if inspect.isclass(executor):
        raise InputError(f"executor: expected an executor, found the class {executor.__name__}; create one: "
                         f"{executor.__name__}()")
    for name in ("threads", "checkpoint_every", "transport"):
        if name in options:
            raise InputError(f"{name}: has no effect with an executor, which decides how many runs are done at a time; "
                             f"leave {name} out")
    with _opened(study, out, options) as core:
        work = _Sweep(core, executor)
        try:
            work.run()
            work.require_complete(out)
        except BaseException:
            core.close()
            raise
        return core.close()
