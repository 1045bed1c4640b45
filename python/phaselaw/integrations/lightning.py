# SPDX-License-Identifier: Apache-2.0
"""Watches a Trainer of Lightning (docs/integrations.md).

    trainer = Trainer(callbacks=[PhaselawCallback(stop_on=("diverged",))])
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from phaselaw.integrations import _sinks
from phaselaw.integrations._guard import Guard, described, tell
from phaselaw.integrations._host import base_class
from phaselaw.integrations._monitor import Monitor, Report, Settings, number
from phaselaw.integrations._schedule import described as described_schedule
from phaselaw.integrations._schedule import rate_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from phaselaw.integrations._monitor import SettingsKeywords

_Callback = base_class("Callback", ("lightning.pytorch", "pytorch_lightning"), "lightning")


def _to_logger(logger: Any) -> _sinks.Write:
    """Any logger of Lightning: numbers by log_metrics(), texts as its experiment can."""

    def write(step: int, numbers: Mapping[str, float], texts: Mapping[str, str]) -> None:
        if numbers:
            logger.log_metrics(dict(numbers), step)
        if not texts:
            return
        experiment: Any = getattr(logger, "experiment", None)
        if hasattr(experiment, "add_text"):
            _sinks.to_tensorboard(experiment)(step, {}, texts)
        elif hasattr(experiment, "log") and hasattr(experiment, "summary"):
            _sinks.to_wandb(experiment, "trainer/global_step")(step, {}, texts)
        elif hasattr(experiment, "set_tag") and hasattr(logger, "run_id"):
            for name, text in texts.items():
                experiment.set_tag(logger.run_id, name, text[: _sinks.TAG_LENGTH])

    return write


class PhaselawCallback(_Callback):  # type: ignore[misc, valid-type]
    """Judges the losses of a training, forecasts the final loss, and logs both to the trainer's loggers.

    The training loss of each step is summed on its device and read every trainer.log_every_n_steps steps; a row is the
    mean over these steps. Only the process of rank 0 works. Nothing that fails reaches the training: it is reported once,
    and the callback does nothing from then on. Its rows are part of the trainer's checkpoints.

    Parameters
    ----------
    val_loss : str, default "val_loss"
        Name under which the module logs its validation loss.
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

    def __init__(self, *, val_loss: str = "val_loss", log_to: Any = None, **settings: Unpack[SettingsKeywords]) -> None:
        super().__init__()
        self._monitor = Monitor(Settings(**settings))
        self._val_loss = val_loss
        self._own_sinks = _sinks.sinks_of(log_to)
        self._guard = Guard()
        self._sum: Any = None
        self._summed = 0

    @property
    def report(self) -> Report | None:
        return self._monitor.report

    @property
    def fault(self) -> str:
        return self._guard.fault

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        if trainer.is_global_zero:
            self._guard.run("on_train_start", self._start, trainer)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if trainer.is_global_zero:
            self._guard.run("on_train_batch_end", self._step, trainer, outputs)
        self._stop(trainer)

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        if trainer.is_global_zero and not trainer.sanity_checking:
            self._guard.run("on_validation_end", self._validated, trainer)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        if trainer.is_global_zero:
            self._guard.run("on_train_end", lambda: self._publish(trainer, self._monitor.check()))

    def state_dict(self) -> dict[str, Any]:
        return self._guard.run("state_dict", self._monitor.state_dict) or {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._guard.run("load_state_dict", self._monitor.load_state_dict, state_dict)

    def _start(self, trainer: Any) -> None:
        monitor = self._monitor
        if trainer.global_step == 0:
            monitor.start()
        self._sum, self._summed = None, 0
        steps = monitor.settings.to or _planned(trainer)
        monitor.to = steps
        configured = trainer.lr_scheduler_configs
        rate = rate_of(configured[0].scheduler) if len(configured) == 1 and configured[0].interval == "step" else None
        if steps and rate and not monitor.settings.schedule:
            monitor.schedule = described_schedule(rate, int(steps))

    def _step(self, trainer: Any, outputs: Any) -> None:
        loss = outputs.get("loss") if isinstance(outputs, Mapping) else outputs
        if loss is not None:
            if hasattr(loss, "detach"):
                loss = loss.detach()
            elif not isinstance(loss, (int, float)):
                loss = number(loss)
            self._sum = loss if self._sum is None else self._sum + loss
            self._summed += 1
        step = trainer.global_step
        # Accumulated batches do not advance the step; their losses count for the step that they end in.
        if not self._summed or step in (0, self._monitor.train.last_step) or step % max(1, trainer.log_every_n_steps):
            return
        mean, self._sum, self._summed = number(self._sum / self._summed), None, 0
        groups = trainer.optimizers[0].param_groups if trainer.optimizers else []
        lr = groups[0].get("lr") if groups else None
        self._publish(trainer, self._monitor.add(step, mean, lr=lr))

    def _validated(self, trainer: Any) -> None:
        held_out = trainer.callback_metrics.get(self._val_loss)
        if held_out is not None:
            self._publish(trainer, self._monitor.add(trainer.global_step, val_loss=held_out))

    def _publish(self, trainer: Any, report: Report | None) -> None:
        if report is not None:
            loggers = [_to_logger(logger) for logger in trainer.loggers]
            self._own_sinks = _sinks.publish(report, self._own_sinks, loggers)

    def _stop(self, trainer: Any) -> None:
        """Stops all ranks together, at steps that all of them reach."""
        if not self._monitor.settings.stop_on or trainer.global_step % max(1, trainer.log_every_n_steps):
            return
        stop = self._monitor.stop
        if trainer.world_size > 1:
            try:
                stop = bool(trainer.strategy.reduce_boolean_decision(stop, all=False))
            except Exception as error:
                tell(f"phaselaw cannot stop this training, because its processes do not agree: {described(error)}", error)
                return
        if stop:
            trainer.should_stop = True


def _planned(trainer: Any) -> float | None:
    """Steps until the end; None if the trainer does not know."""
    steps = trainer.estimated_stepping_batches
    return float(steps) if 0 < steps < float("inf") else None
