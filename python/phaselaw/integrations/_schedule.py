# SPDX-License-Identifier: Apache-2.0
"""The learning rates of the whole run, read from a scheduler of torch without a step of it, as phaselaw states them.

The options warmup, decay, decay_from and decay_to describe a linear warm-up, a constant phase, and one decay that is
linear, a half cosine, or 1 - sqrt. A scheduler is described by them only if its rates agree with that description over the
whole run. For all others nothing is returned, and a forecast then holds at a constant learning rate only.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

Rate = Callable[[int], float]

# Points of the run at which the description is compared, and the largest difference as a share of the peak.
_POINTS = 200
_TOLERANCE = 2e-3

_SHAPES: dict[str, Callable[[float], float]] = {
    "linear": lambda share: 1 - share,
    "cosine": lambda share: (1 + math.cos(math.pi * share)) / 2,
    "sqrt": lambda share: 1 - math.sqrt(share),
}


def rate_of(scheduler: Any) -> Rate | None:
    """Returns the learning rate as a function of the step; None if the scheduler has no formula for it."""
    for _ in range(3):  # wrapped by accelerate
        scheduler = getattr(scheduler, "scheduler", scheduler)
    lambdas, bases = getattr(scheduler, "lr_lambdas", None), getattr(scheduler, "base_lrs", None)
    if not bases:
        return None
    if lambdas:
        factor, base = lambdas[0], float(bases[0])
        return lambda step: base * float(factor(step))
    if not hasattr(scheduler, "_get_closed_form_lr"):
        return None
    at = copy.copy(scheduler)  # its counter is its own, so that the training's scheduler does not change

    def closed(step: int) -> float:
        at.last_epoch = step
        return float(at._get_closed_form_lr()[0])

    return closed


def described(rate: Rate, to: int) -> dict[str, Any]:
    """Returns warmup, decay, decay_from and decay_to of the rates of steps 0 to `to`; empty if they have another shape."""
    steps = sorted({round(i * to / _POINTS) for i in range(_POINTS + 1)})
    rates = [rate(step) for step in steps]
    if not all(math.isfinite(r) and r >= 0 for r in rates) or max(rates) <= 0:
        return {}
    highest = _highest(rate, steps, rates.index(max(rates)))
    peak = rate(highest)
    warmup = _warmup(rate, peak, highest)
    last_peak = max([highest, *(step for step, r in zip(steps, rates) if r >= peak * (1 - 1e-9))])
    end = rates[-1] / peak
    for shape in _SHAPES if end < 1 - _TOLERANCE else ["none"]:
        # The last step at the peak lies between two points; a decay that begins with the run has no constant phase.
        begins = [warmup] if shape == "none" else sorted({warmup, *_begins(rate, peak, last_peak, steps)})
        for begin in begins:
            if all(abs(r / peak - _stated(shape, warmup, begin, end, step, to)) < _TOLERANCE
                   for step, r in zip(steps, rates)):
                if shape == "none":
                    return {"warmup": max(warmup, 1)}  # a warm-up of one step states a constant rate
                return {"warmup": warmup, "decay": shape, "decay_from": begin, "decay_to": end}
    return {}


def _highest(rate: Rate, steps: list[int], at: int) -> int:
    """The step of the largest rate between the neighbours of point `at`, by thirds: rates rise, and then fall."""
    low, high = steps[max(0, at - 1)], steps[min(len(steps) - 1, at + 1)]
    while high - low > 2:
        third = (high - low) // 3
        if rate(low + third) < rate(high - third):
            low += third
        else:
            high -= third
    return max(range(low, high + 1), key=rate)


def _warmup(rate: Rate, peak: float, near: int) -> int:
    """The first step at the peak, by bisection, because rates rise until then."""
    low, high = 0, near
    while low < high:
        middle = (low + high) // 2
        if rate(middle) >= peak * (1 - 1e-9):
            high = middle
        else:
            low = middle + 1
    return low


def _begins(rate: Rate, peak: float, last: int, steps: list[int]) -> list[int]:
    """Where a decay may begin: the last step at the peak, by bisection from the point `last`."""
    low, high = last, min((step for step in steps if step > last), default=last)
    while low + 1 < high:
        middle = (low + high) // 2
        if rate(middle) >= peak * (1 - 1e-9):
            low = middle
        else:
            high = middle
    return [last, low, high]


def _stated(shape: str, warmup: int, begin: int, end: float, step: int, to: int) -> float:
    if step < warmup:
        return step / warmup
    if shape == "none" or step <= begin or to <= begin:
        return 1.0
    return end + (1 - end) * _SHAPES[shape]((step - begin) / (to - begin))
