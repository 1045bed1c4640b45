# SPDX-License-Identifier: Apache-2.0
"""Schedules of torch, described as phaselaw states them. The schedulers here have the attributes of torch's."""

import math
import types

import pytest

from phaselaw.integrations._schedule import described, rate_of

SHAPES = {"linear": lambda x: 1 - x, "cosine": lambda x: (1 + math.cos(math.pi * x)) / 2, "sqrt": lambda x: 1 - math.sqrt(x)}


def stated(shape, warmup, begin, end, to, peak=3e-4):
    def rate(step):
        if step < warmup:
            return peak * step / warmup
        if shape == "none" or step <= begin:
            return peak
        return peak * (end + (1 - end) * SHAPES[shape]((step - begin) / (to - begin)))

    return rate


@pytest.mark.parametrize("to", [100, 3001, 1_000_000])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("warmup_share, begin_share, end", [(0, 0, 0), (0.02, 0.02, 0), (0.013, 0.8, 0.1), (0.0007, 0.0007, 0.1)])
def test_a_stated_schedule_is_found_again(to, shape, warmup_share, begin_share, end):
    warmup, begin = round(to * warmup_share), round(to * begin_share)
    found = described(stated(shape, warmup, begin, end, to), to)
    assert found["decay"] == shape and found["decay_to"] == pytest.approx(end, abs=1e-9)
    again = stated(shape, found["warmup"], found["decay_from"], found["decay_to"], to, 1.0)
    truth = stated(shape, warmup, begin, end, to, 1.0)
    assert all(abs(again(step) - truth(step)) < 2.1e-3 for step in range(0, to, max(1, to // 997)) if step >= 1)
    assert abs(found["warmup"] - warmup) <= 1


@pytest.mark.parametrize("warmup", [0, 1, 30])
def test_a_constant_rate_is_stated_by_its_warm_up(warmup):
    assert described(stated("none", warmup, 0, 1, 1000), 1000) == {"warmup": max(warmup, 1)}


@pytest.mark.parametrize(
    "rate",
    [
        lambda step: 1 / math.sqrt(step + 1),
        lambda step: 1 + math.cos(step / 50),  # restarts
        lambda step: 0.5 ** (step // 200),
        lambda step: 1 - 0.01 * (step > 500),
        lambda step: math.nan,
        lambda step: 0.0,
        lambda step: -1.0,
        lambda step: math.inf,
        lambda step: 1 - step / 2000 + (0.01 if 400 < step < 600 else 0),
    ],
)
def test_another_shape_is_not_described(rate):
    assert described(rate, 1000) == {}


def test_wrapped_schedulers_and_those_without_a_formula():
    scheduler = types.SimpleNamespace(base_lrs=[0.5, 7], lr_lambdas=[lambda step: step / 10, None])
    wrapped = types.SimpleNamespace(scheduler=types.SimpleNamespace(scheduler=scheduler))
    assert rate_of(wrapped)(4) == rate_of(scheduler)(4) == pytest.approx(0.2)
    for other in (None, types.SimpleNamespace(), types.SimpleNamespace(base_lrs=[0.1]), types.SimpleNamespace(base_lrs=[])):
        assert rate_of(other) is None


def test_reading_a_formula_does_not_move_the_scheduler():
    class Halving:
        base_lrs, last_epoch = [0.8], 3

        def _get_closed_form_lr(self):
            return [base * 0.5**self.last_epoch for base in self.base_lrs]

    scheduler = Halving()
    assert rate_of(scheduler)(1) == 0.4 and scheduler.last_epoch == 3
