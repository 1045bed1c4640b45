# SPDX-License-Identifier: Apache-2.0
"""What the library says about the curves of a running training: state, advice, and forecast of the final loss."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import phaselaw
from phaselaw import _talk
from phaselaw._errors import InputError
from phaselaw.integrations._series import Series

# CurveState of phaselaw/advice/curve/claims.h.
STATES = ("unknown", "falling", "finished", "decaying", "overfitting", "memorising", "diverged", "rising")
# States of which the user is warned.
ALARMS = ("diverged", "overfitting", "memorising", "rising")

Columns = dict[str, list[float] | list[float | None]]


@dataclass(frozen=True)
class Judgement:
    """The state of one curve, and in one sentence what to do."""

    quantity: str
    state: str
    sentence: str

    @property
    def alarming(self) -> bool:
        return self.state in ALARMS


@dataclass(frozen=True)
class Outlook:
    """The final loss as phaselaw.forecast sees it.

    Attributes
    ----------
    status : str
        forecast, conditional (it holds only at a constant learning rate), disagreeing (there is no single value), none.
    value, low, high : float or None
        The loss at the last planned step, and its interval.
    sentence : str
        What can be said, and first what is missing.
    """

    status: str
    value: float | None
    low: float | None
    high: float | None
    sentence: str

    @property
    def prefix(self) -> str:
        """The name under which it is logged: a conditional forecast never appears as an unconditional one."""
        return "forecast_at_constant_lr" if self.status == "conditional" else "forecast"


def columns_of(train: Series, validation: Series | None) -> Columns:
    """Returns a table of the training loss, or of the validation loss with the training loss beside it."""
    steps, losses, rates = train.columns()
    held_out = dict(zip(*validation.columns()[:2])) if validation is not None else {}
    rows = {step: (loss, rate) for step, loss, rate in zip(steps, losses, rates)}
    merged = sorted(rows.keys() | held_out.keys())
    training: list[float | None] = []
    rated: list[float | None] = []
    rate = rates[0] if rates else None
    for step in merged:
        loss, rate = rows.get(step, (None, rate))
        training.append(loss)
        rated.append(rate)
    table: Columns = {"step": merged, "train_loss": training}
    if validation is not None:
        table["val_loss"] = [held_out.get(step) for step in merged]
    if all(rate is not None for rate in rated):
        table["lr"] = rated
    return table


def judged(table: Columns, quantity: str) -> Judgement:
    """Diagnoses one curve on the calling thread. A table that cannot be diagnosed is unknown, with the reason.

    The held-out loss of a table is diagnosed beside its training loss only if no option names the loss.
    """
    try:
        with _talk.collected():
            curves = phaselaw.diagnose(table, threads=1).curves
    except InputError as error:
        return Judgement(quantity, "unknown", str(error))
    curve = next((curve for curve in curves if curve["quantity"] == quantity), None)
    if curve is None:
        return Judgement(quantity, "unknown", "")
    detail = curve["signature_detail"]
    sentence = curve["next"] or detail["reading"] or ""
    return Judgement(quantity, curve["state"] or "unknown", sentence)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def forecast(table: Columns, quantity: str, to: float, schedule: Mapping[str, Any]) -> Outlook:
    """Forecasts the loss at step `to`."""
    if schedule:
        table = {name: column for name, column in table.items() if name != "lr"}
    try:
        with _talk.collected():
            found = phaselaw.forecast(table, loss=quantity, to=to, **schedule)["forecasts"][0]
    except InputError as error:
        return Outlook("none", None, None, None, str(error))
    final = found["final_loss"]
    status = str(found["status"])
    sentence = str(found["reading"])
    if status == "none":
        return Outlook(status, None, None, None, sentence)
    return Outlook(status, _number(final["value"]), _number(final["lo"]), _number(final["hi"]), sentence)
