# SPDX-License-Identifier: Apache-2.0
"""Watches a training loop of your own (docs/integrations.md).

    watch = Watch(to=10_000, log_to=writer)
    for step in range(1, 10_001):
        ...
        watch(step, loss)
    watch.finish()
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from phaselaw.integrations import _sinks
from phaselaw.integrations._guard import Guard
from phaselaw.integrations._monitor import Monitor, Report, Settings

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from phaselaw.integrations._monitor import SettingsKeywords


class Watch:
    """Judges the losses of a training now and then, forecasts the final loss, and writes both to a logger.

    Nothing that fails in a call reaches the training: it is reported once, and the object does nothing from then on. A
    wrong argument of the constructor raises an InputError, before the training begins.

    Parameters
    ----------
    log_to : logger, function, or list of them, optional
        A SummaryWriter, a run of wandb, the module mlflow, or a function of a dict and a step.
    to, loss, stop_on, min_rows, every, budget, schedule, max_rows
        phaselaw.integrations.Settings describes them.

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

    def __init__(self, *, log_to: Any = None, **settings: Unpack[SettingsKeywords]) -> None:
        self._monitor = Monitor(Settings(**settings))
        self._sinks = _sinks.sinks_of(log_to)
        self._guard = Guard()

    def __call__(self, step: Any, loss: Any = None, *, val_loss: Any = None, lr: Any = None) -> bool:
        """Adds the losses at a step, and returns whether a state of stop_on was found.

        Parameters
        ----------
        step : int
            Steps so far. A smaller step than before means that the training was resumed there.
        loss, val_loss, lr : float or tensor of one element, optional
            The losses and the learning rate. Reading a tensor on a GPU waits for the GPU, so with very short steps call
            this every tenth step.
        """
        self._guard.run("the step", self._add, step, loss, val_loss, lr)
        return self._monitor.stop

    def _add(self, step: Any, loss: Any, val_loss: Any, lr: Any) -> None:
        self._publish(self._monitor.add(step, loss, val_loss=val_loss, lr=lr))

    def _publish(self, report: Report | None) -> None:
        if report is not None:
            self._sinks = _sinks.publish(report, self._sinks)

    def finish(self) -> Report | None:
        """Judges the finished training once more, and returns the last report."""
        self._guard.run("the end", lambda: self._publish(self._monitor.check()))
        return self.report

    def state_dict(self) -> dict[str, Any]:
        """Returns the rows, for a checkpoint of the training."""
        return self._guard.run("state_dict", self._monitor.state_dict) or {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continues from the rows of state_dict()."""
        self._guard.run("load_state_dict", self._monitor.load_state_dict, state)

    @property
    def report(self) -> Report | None:
        return self._monitor.report

    @property
    def fault(self) -> str:
        return self._guard.fault
