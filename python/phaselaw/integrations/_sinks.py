# SPDX-License-Identifier: Apache-2.0
"""Writes reports to loggers: numbers and texts, each as the logger can. A logger that fails is not used again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from phaselaw import _check
from phaselaw._errors import InputError
from phaselaw.integrations import _guard
from phaselaw.integrations._monitor import Report

Write = Callable[[int, Mapping[str, float], Mapping[str, str]], None]

# MLflow refuses longer tags.
TAG_LENGTH = 5000


def to_tensorboard(writer: Any) -> Write:
    """A SummaryWriter of torch or of tensorboardX."""

    def write(step: int, numbers: Mapping[str, float], texts: Mapping[str, str]) -> None:
        for name, value in numbers.items():
            writer.add_scalar(name, value, step)
        for name, text in texts.items():
            writer.add_text(name, text, step)

    return write


def to_wandb(run: Any, step_name: str) -> Write:
    """A run of Weights & Biases, or its module. Each report is a row; `step_name` is the metric that counts the steps."""

    def write(step: int, numbers: Mapping[str, float], texts: Mapping[str, str]) -> None:
        run.log({**numbers, **texts, step_name: step})

    return write


def to_users_wandb(target: Any) -> Write:
    """The same beside the user's own rows: values join the user's next row, so that its numbering of rows stays as it is.

    If the user has written no row since the last report, that report becomes a row of its own.
    """
    pending_at: int | None = None

    def write(step: int, numbers: Mapping[str, float], texts: Mapping[str, str]) -> None:
        nonlocal pending_at
        run = getattr(target, "run", None) or target  # the module's active run
        if pending_at is not None and run.step == pending_at:
            run.log({}, commit=True)
        run.log({**numbers, **texts, "phaselaw/step": step}, commit=False)
        pending_at = run.step

    return write


def to_mlflow(mlflow: Any) -> Write:
    """The module mlflow, for its active run. Texts are tags of the run."""

    def write(step: int, numbers: Mapping[str, float], texts: Mapping[str, str]) -> None:
        if mlflow.active_run() is None:  # log_metrics() would begin a new one
            raise RuntimeError("mlflow has no active run")
        if numbers:
            mlflow.log_metrics(dict(numbers), step=step)
        for name, text in texts.items():
            mlflow.set_tag(name, text[:TAG_LENGTH])

    return write


def to_function(function: Callable[[dict[str, Any], int], Any]) -> Write:
    """A function of the values and the step."""

    def write(step: int, numbers: Mapping[str, float], texts: Mapping[str, str]) -> None:
        function({**numbers, **texts}, step)

    return write


def sink_of(target: Any) -> Write:
    """What writes to a logger of the user."""
    if hasattr(target, "add_scalar") and hasattr(target, "add_text"):
        return to_tensorboard(target)
    if hasattr(target, "log_metrics") and hasattr(target, "set_tag") and hasattr(target, "active_run"):
        return to_mlflow(target)
    if hasattr(target, "log") and hasattr(target, "summary"):
        return to_users_wandb(target)
    if callable(target):
        return to_function(target)
    raise InputError(f"log_to: expected a SummaryWriter, a run of wandb, the module mlflow, or a function of a dict and a "
                     f"step; {_check.found(target)}")


def sinks_of(targets: Any) -> list[Write]:
    """What writes to one logger, to several, or to none."""
    if targets is None:
        return []
    return [sink_of(target) for target in (targets if isinstance(targets, (list, tuple)) else [targets])]


def publish(report: Report, sinks: list[Write], more: Iterable[Write] = ()) -> list[Write]:
    """Warns of what is new, writes to all sinks, and returns those of `sinks` that still work."""
    for text in report.warnings:
        _guard.tell(text)
    kept = []
    numbers, texts = report.numbers(), report.texts()
    step = int(report.step)
    for sink in [*sinks, *more]:
        try:
            if numbers or texts:
                sink(step, numbers, texts)
            kept.append(sink)
        except Exception as error:
            _guard.tell(f"phaselaw no longer writes to a logger, which failed: {_guard.described(error)}", error)
    return [sink for sink in sinks if sink in kept]
