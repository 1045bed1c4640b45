# SPDX-License-Identifier: Apache-2.0
"""Watches a Trainer of Hugging Face transformers (docs/integrations.md).

    trainer = Trainer(..., callbacks=[PhaselawCallback(stop_on=("diverged",))])
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from phaselaw.integrations import _sinks
from phaselaw.integrations._guard import Guard, described, tell
from phaselaw.integrations._host import base_class
from phaselaw.integrations._monitor import Monitor, Report, Settings
from phaselaw.integrations._schedule import described as described_schedule
from phaselaw.integrations._schedule import rate_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from phaselaw.integrations._monitor import SettingsKeywords

_TrainerCallback = base_class("TrainerCallback", ("transformers",), "transformers")

# The frames between the trainer's list of callbacks and this file, at most.
_FRAMES = 8


def _reporters() -> list[Any]:
    """Returns the callbacks beside this one. transformers passes them to no callback, but they are in a calling frame."""
    frame: Any = sys._getframe(1)
    for _ in range(_FRAMES):
        frame = frame.f_back
        if frame is None:
            return []
        handler = frame.f_locals.get("self")
        if hasattr(handler, "call_event") and hasattr(handler, "callbacks"):
            return list(handler.callbacks)
    return []


def _sinks_of(reporters: list[Any]) -> list[_sinks.Write]:
    """What writes to the loggers of these callbacks as they are now; a logger that has ended is left out."""
    found = []
    for reporter in reporters:
        if (writer := getattr(reporter, "tb_writer", None)) is not None:
            found.append(_sinks.to_tensorboard(writer))
        if (wandb := getattr(reporter, "_wandb", None)) is not None and wandb.run is not None:
            found.append(_sinks.to_wandb(wandb, "train/global_step"))
        if (mlflow := getattr(reporter, "_ml_flow", None)) is not None and mlflow.active_run() is not None:
            found.append(_sinks.to_mlflow(mlflow))
    return found


class PhaselawCallback(_TrainerCallback):  # type: ignore[misc, valid-type]
    """Judges the logged losses, forecasts the final loss, and logs both where the trainer logs.

    Values go to TensorBoard, Weights & Biases and MLflow if the trainer reports to them (report_to), and in any case to
    trainer.state.log_history. Only the process of rank 0 works. Nothing that fails reaches the training: it is reported
    once, and the callback does nothing from then on.

    Parameters
    ----------
    val_loss : str, default "eval_loss"
        Name of the validation loss in the logs.
    log_to : logger, function, or list of them, optional
        Further loggers: a SummaryWriter, a run of wandb, the module mlflow, or a function of a dict and a step.
    to, loss, stop_on, min_rows, every, budget, schedule, max_rows
        phaselaw.integrations.Settings describes them. The trainer gives `to`, and `schedule` if its scheduler has one of
        the known shapes.

    Attributes
    ----------
    report : Report or None
        The last result.
    fault : str
        Why it was switched off; empty if it was not.

    Raises
    ------
    InputError
        For an argument that cannot be used.
    """

    def __init__(self, *, val_loss: str = "eval_loss", log_to: Any = None, **settings: Unpack[SettingsKeywords]) -> None:
        self._monitor = Monitor(Settings(**settings))
        self._val_loss = val_loss
        self._own_sinks = _sinks.sinks_of(log_to)
        self._guard = Guard()
        self._training = False

    @property
    def report(self) -> Report | None:
        return self._monitor.report

    @property
    def fault(self) -> str:
        return self._guard.fault

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._training = True
        if _first(state):
            self._guard.run("on_train_begin", self._start, state, kwargs.get("lr_scheduler"))

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        if not self._training:  # trainer.evaluate() outside a training
            return
        if _first(state):
            self._guard.run("on_log", self._log, state, logs)
        if self._monitor.settings.stop_on and self._agreed(args, self._monitor.stop):
            control.should_training_stop = True

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._training = False

    def _start(self, state: Any, scheduler: Any) -> None:
        monitor = self._monitor
        monitor.start()
        steps = monitor.to = monitor.settings.to or (state.max_steps if state.max_steps > 0 else None)
        rate = rate_of(scheduler)
        if steps and rate and not monitor.settings.schedule:
            monitor.schedule = described_schedule(rate, int(steps))
        for logs in state.log_history if state.global_step > 0 else []:  # a resumed training
            if logs.get("step", 0) <= state.global_step:
                monitor.keep(logs.get("step"), logs.get("loss"), logs.get(self._val_loss), logs.get("learning_rate"))

    def _log(self, state: Any, logs: Any) -> None:
        logs = logs or {}
        loss, held_out = logs.get("loss"), logs.get(self._val_loss)
        if loss is not None or held_out is not None:
            report = self._monitor.add(state.global_step, loss, val_loss=held_out, lr=logs.get("learning_rate"))
        else:
            # The last log, before the reporters close their files.
            report = self._monitor.check() if "train_runtime" in logs else None
        if report is None:
            return
        if state.log_history and state.log_history[-1].get("step") == state.global_step:
            state.log_history[-1].update(report.numbers() | report.texts())
        self._own_sinks = _sinks.publish(report, self._own_sinks, _sinks_of(_reporters()))

    def _agreed(self, args: Any, stop: bool) -> bool:
        """The decision of rank 0 on every rank, because a rank that stops alone leaves the others waiting."""
        if getattr(args, "world_size", 1) == 1:
            return stop
        try:
            utils = importlib.import_module("accelerate.utils")
            return bool(utils.broadcast_object_list([stop])[0])
        except Exception as error:
            tell(f"phaselaw cannot stop this training, because its processes do not agree: {described(error)}", error)
            return False


def _first(state: Any) -> bool:
    return bool(getattr(state, "is_world_process_zero", True))
