# SPDX-License-Identifier: Apache-2.0
"""The core of all integrations: collects the losses of a running training and judges them now and then."""

from __future__ import annotations

import difflib
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from phaselaw import _check
from phaselaw._errors import InputError
from phaselaw.integrations import _reading
from phaselaw.integrations._reading import Judgement, Outlook
from phaselaw.integrations._series import NOT_FINITE_ROWS, Series

# Assumed for the first check, before one was measured [s].
_FIRST_CHECK_S = 0.2
# Validation losses from which on they are judged; trainings have few of them.
_FEWEST_VALIDATION = 8
# A state that stops the training is confirmed after this growth of the number of steps.
_CONFIRM = 0.02


@dataclass(frozen=True)
class Settings:
    """What the user chose; every integration passes its keyword arguments to it.

    Attributes
    ----------
    to : float, optional
        Last planned step, for the forecast. The integrations of trainers ask their trainer.
    loss : str, default "train_loss"
        The loss that is forecast: "train_loss" or "val_loss".
    stop_on : sequence of str, default ()
        States that stop the training, e.g. ("diverged",); none by default. A state stops it when two checks in
        succession find it, or at once if the last losses are not finite.
    min_rows : int, default 30
        Training losses before the first check, from 8 on. Validation losses are judged from 8 on.
    every : float, default 0.1
        Growth of the number of steps between checks, as a share of the steps so far.
    budget : float, default 0.01
        Largest share of the training time that the checks may take, as measured. A check waits until it fits.
    schedule : mapping, optional
        warmup, decay, decay_from and decay_to of phaselaw.forecast: the learning rates up to the last step. Without it,
        a forecast holds at a constant learning rate only.
    max_rows : int, default 5000
        Rows kept in memory; older ones are averaged. From 100 on.
    """

    to: float | None = None
    loss: str = "train_loss"
    stop_on: Sequence[str] = ()
    min_rows: int = 30
    every: float = 0.1
    budget: float = 0.01
    schedule: Mapping[str, Any] = field(default_factory=dict)
    max_rows: int = 5000

    def __post_init__(self) -> None:
        if isinstance(self.stop_on, str):
            object.__setattr__(self, "stop_on", (self.stop_on,))
        for state in self.stop_on:
            if state not in _reading.STATES or state == "unknown":
                raise InputError(f"stop_on: expected {', '.join(_reading.STATES[1:])}; found {state!r}{_nearest(state)}")
        if self.loss not in ("train_loss", "val_loss"):
            raise InputError(f"loss: expected 'train_loss' or 'val_loss'; found {self.loss!r}")
        _between("to", self.to if self.to is not None else 1, 0, math.inf, "a positive number of steps")
        _between("min_rows", self.min_rows, 7, math.inf, "at least 8")
        _between("every", self.every, 0, math.inf, "a positive share of the steps, such as 0.1")
        _between("budget", self.budget, 0, 1.0000001, "a share of the training time above 0, at most 1")
        _between("max_rows", self.max_rows, 99, math.inf, "at least 100")
        object.__setattr__(self, "schedule", _check.mapping(self.schedule, "schedule", "{'decay': 'cosine'}"))


class SettingsKeywords(TypedDict, total=False):
    """Settings as keyword arguments, for type checkers."""

    to: float | None
    loss: str
    stop_on: Sequence[str]
    min_rows: int
    every: float
    budget: float
    schedule: Mapping[str, Any]
    max_rows: int


def _between(name: str, value: Any, above: float, below: float, what: str) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not above < value < below:
        raise InputError(f"{name}: expected {what}; found {value!r}")


def _nearest(word: Any) -> str:
    near = difflib.get_close_matches(str(word), _reading.STATES[1:], 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def number(value: Any) -> float | None:
    """Converts a loss or a rate as frameworks give it: a number, a tensor or array of one element, a text, or None.

    A tensor of another device is read, which waits for that device.
    """
    if value is None:
        return None
    if hasattr(value, "item"):
        value = value.item()
    return float(value)


@dataclass(frozen=True)
class Report:
    """The result of one check.

    Attributes
    ----------
    step : float
        The last step so far.
    state : str
        diverged, overfitting, memorising, rising, falling, finished, decaying or unknown.
    curves : list of Judgement
        The state of each loss: quantity, state, and a sentence about what to do.
    outlook : Outlook or None
        The forecast of the final loss: status, value, low, high, sentence. None if the last step is not known.
    warnings : list of str
        What the user has not been warned of before.
    changed : bool
        Whether the state differs from that of the last report.
    seconds : float
        Duration of the check.
    """

    step: float
    state: str
    curves: list[Judgement]
    outlook: Outlook | None
    warnings: list[str]
    changed: bool
    seconds: float

    @property
    def sentence(self) -> str:
        """The sentence of the curve that determines the state."""
        return next((curve.sentence for curve in self.curves if curve.state == self.state), "")

    def numbers(self) -> dict[str, float]:
        """What a logger of numbers gets."""
        if self.outlook is None:
            return {}
        name = f"phaselaw/{self.outlook.prefix}"
        found = {name: self.outlook.value, f"{name}_low": self.outlook.low, f"{name}_high": self.outlook.high}
        return {key: value for key, value in found.items() if value is not None}

    def texts(self) -> dict[str, str]:
        """What a logger of text gets: the state when it changes, and new warnings."""
        state = f"{self.state}: {self.sentence}" if self.sentence else self.state
        found = {"phaselaw/state": state} if self.changed else {}
        return {**found, "phaselaw/warnings": " ".join(self.warnings)} if self.warnings else found


class Monitor:
    """Collects steps and losses, and judges them when the number of steps has grown and the time budget allows it.

    Checks run on the calling thread, because warnings, signals and forked data loaders are safe there; the budget
    bounds their cost. add() takes about 2 us on the other steps.

    Attributes
    ----------
    settings : Settings
    to : float or None
        Last planned step.
    report : Report or None
        The last report.
    stop : bool
        Whether a state of stop_on was found and confirmed.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.perf_counter) -> None:
        self.settings = settings
        self.to = settings.to
        self.schedule = dict(settings.schedule)
        self._clock = clock
        self._warned: set[str] = set()
        self.start()

    def start(self) -> None:
        """Forgets the rows, for a training that begins. What was warned of stays known."""
        self.train = Series(self.settings.max_rows * 4 // 5)
        self.validation = Series(self.settings.max_rows // 5)
        self.report: Report | None = None
        self.stop = False
        self._begin: float | None = None
        self._spent = 0.0
        self._cost = _FIRST_CHECK_S
        self._next_step = -math.inf

    def add(self, step: Any, train_loss: Any = None, *, val_loss: Any = None, lr: Any = None) -> Report | None:
        """Adds what is known at a step, and returns a report if a check was due."""
        at, known = self.keep(step, train_loss, val_loss, lr)
        if self._begin is None:
            self._begin = self._clock()
        return self.check(at) if known and self._due(at) else None

    def keep(self, step: Any, train_loss: Any = None, val_loss: Any = None, lr: Any = None) -> tuple[float, bool]:
        """Adds what is known at a step without a check. Returns the step, and whether it has a training loss."""
        at, loss, held_out, rate = number(step), number(train_loss), number(val_loss), number(lr)
        if at is None or not math.isfinite(at):
            raise InputError(f"step: expected a finite number, found {step!r}")
        if at < self.train.last_step:  # the run was resumed from an earlier step
            self.train.rewind(at)
            self.validation.rewind(at)
            self._next_step = min(self._next_step, at * (1 + self.settings.every))
        if loss is not None:
            self.train.add(at, loss, rate)
        if held_out is not None:
            self.validation.add(at, held_out)
        return at, loss is not None

    def state_dict(self) -> dict[str, Any]:
        """Returns the rows and what was warned of, for a checkpoint."""
        return {
            "train": self.train.state_dict(),
            "validation": self.validation.state_dict(),
            "warned": sorted(self._warned),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continues from a checkpoint; one without rows of this class begins anew."""
        self.start()
        if state:
            self.train.load_state_dict(state["train"])
            self.validation.load_state_dict(state["validation"])
            self._warned = set(state["warned"])

    def _due(self, step: float) -> bool:
        if self.train.rows < self.settings.min_rows:
            return False
        known = self.report is not None and self.report.state == "diverged"
        broken = self.train.not_finite >= NOT_FINITE_ROWS and not known
        if step < self._next_step and not broken:
            return False
        elapsed = self._clock() - (self._begin or 0.0)
        return self._spent + self._cost <= self.settings.budget * elapsed

    def check(self, step: float | None = None) -> Report | None:
        """Judges the rows so far, due or not; None without rows."""
        if not self.train.rows and not self.validation.rows:
            return None
        begin = self._clock()
        at = step if step is not None else max(self.train.last_step, self.validation.last_step)
        curves = self._judge()
        state = _headline(curves)
        outlook = self._forecast(at)
        changed = self.report is None or self.report.state != state
        confirmed = (self.report is not None and not changed) or self.train.not_finite >= NOT_FINITE_ROWS
        growth = self.settings.every
        if state in self.settings.stop_on:
            self.stop = confirmed
            growth = min(growth, _CONFIRM)
        self._next_step = at * (1 + growth) if at > 0 else -math.inf
        self._cost = self._clock() - begin
        self._spent += self._cost
        self.report = Report(at, state, curves, outlook, self._new_warnings(at, curves), changed, self._cost)
        return self.report

    def _judge(self) -> list[Judgement]:
        curves = []
        if self.train.rows:
            curves.append(_reading.judged(_reading.columns_of(self.train, None), "train_loss"))
        if self.validation.rows >= _FEWEST_VALIDATION or not curves:
            curves.append(_reading.judged(_reading.columns_of(self.train, self.validation), "val_loss"))
        return curves

    def _forecast(self, step: float) -> Outlook | None:
        series = self.train if self.settings.loss == "train_loss" else self.validation
        if self.to is None or self.to <= step or series.rows < self.settings.min_rows:
            return None
        validation = self.validation if self.settings.loss == "val_loss" else None
        table = _reading.columns_of(self.train, validation)
        return _reading.forecast(table, self.settings.loss, self.to, self.schedule)

    def _new_warnings(self, step: float, curves: list[Judgement]) -> list[str]:
        new = []
        for curve in curves:
            if curve.alarming and f"{curve.quantity} {curve.state}" not in self._warned:
                self._warned.add(f"{curve.quantity} {curve.state}")
                new.append(f"{curve.quantity} at step {step:.10g}: {curve.sentence}.")
        return new


def _headline(curves: list[Judgement]) -> str:
    """The state of the run: the first alarm, of the training loss first; else the state of the training loss."""
    alarms = [curve.state for curve in curves if curve.alarming]
    known = [curve.state for curve in curves if curve.state != "unknown"]
    return (alarms + known + ["unknown"])[0]
