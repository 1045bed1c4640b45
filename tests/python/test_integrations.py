# SPDX-License-Identifier: Apache-2.0
"""phaselaw.integrations without a framework: rows in bounded memory, checks within their budget, faults, the plain loop."""

import math
import pickle
import random
import statistics

import pytest

import phaselaw
from phaselaw.integrations import Monitor, Settings, Watch, _monitor, _reading
from phaselaw.integrations._series import Series
from watched import Clock, KnownForecast, diverging, documented, power_law, watched


@pytest.fixture
def forecast(monkeypatch):
    known = KnownForecast()
    monkeypatch.setattr(phaselaw, "forecast", known, raising=False)
    return known


# Rows


def test_rows_are_kept_as_they_are_until_there_are_too_many():
    series = Series(200)
    rows = power_law(200)
    for step, loss in rows:
        series.add(step, loss, 0.1)
    steps, losses, rates = series.columns()
    assert list(zip(steps, losses)) == rows and set(rates) == {0.1} and series.width == 1


@pytest.mark.parametrize("n", [201, 999, 5000, 40_000])
def test_thinned_rows_are_means_over_equally_many_rows(n):
    limit = 200
    series = Series(limit)
    rows = power_law(n)
    for step, loss in rows:
        series.add(step, loss, 1 / step)
    steps, losses, rates = series.columns()
    width = series.width
    assert limit / 2 - 1 <= len(steps) <= limit and series.rows == n and len(steps) == n // width
    for i, (step, loss, rate) in enumerate(zip(steps, losses, rates)):
        mine = rows[i * width : (i + 1) * width]
        assert step == pytest.approx(statistics.fmean(s for s, _ in mine), rel=1e-12)
        assert loss == pytest.approx(statistics.fmean(x for _, x in mine), rel=1e-12)
        assert rate == pytest.approx(statistics.fmean(1 / s for s, _ in mine), rel=1e-12)


def test_thinning_does_not_fool_the_estimate_of_the_noise():
    """Rows with 3 % of independent noise, averaged over `width`, show 3 %/sqrt(width) to diagnose."""
    noise, ratios = 0.03, []
    for seed in range(3):
        monitor = Monitor(Settings(max_rows=2000))
        for step, loss in power_law(30_000, noise, seed):
            monitor.keep(step, loss)
        table = _reading.columns_of(monitor.train, None)
        assert len(table["step"]) <= 1600
        rows = phaselaw.diagnose(table, threads=1).curves[0]["rows"]
        ratios.append(rows["noise"] * math.sqrt(monitor.train.width) / noise)
        assert rows["correlation_time"] < 1.3
    assert statistics.fmean(ratios) == pytest.approx(1, abs=0.08), ratios


def test_memory_is_bounded():
    monitor = Monitor(Settings(max_rows=500))
    for step in range(1, 30_001):
        monitor.keep(step, 1 / step, 2 / step)
    assert len(monitor.train._blocks) + len(monitor.validation._blocks) <= 500
    assert monitor.train.rows == monitor.validation.rows == 30_000


def test_a_resumed_run_replaces_the_rows_from_there_on():
    series = Series(1000)
    for step in range(1, 101):
        series.add(step, 5.0)
    for step in range(61, 121):
        series.add(step, 4.0)
    steps, losses, _ = series.columns()
    assert steps == list(range(1, 121)) and losses == [5.0] * 60 + [4.0] * 60 and series.rows == 120


def test_a_resumed_run_of_thinned_rows_stays_in_order():
    series = Series(100)
    for step in range(1, 1001):
        series.add(step, 1.0)
    for step in [*range(505, 900), *range(300, 600)]:
        series.add(step, 2.0)
        steps = series.columns()[0]
        assert steps == sorted(set(steps)) and len(steps) <= 100
    steps, losses, _ = series.columns()
    width = series.width
    assert 300 - width <= sum(loss == 1.0 for loss in losses) * width < 300
    assert all(loss == (1.0 if step < 300 else 2.0) for step, loss in zip(steps, losses))
    series.add(1, 3.0)
    assert series.columns()[:2] == ([1.0], [3.0]) and series.width == 1


def test_losses_at_one_step_are_averaged():
    series = Series(100)
    for loss in (1.0, 2.0, 6.0):
        series.add(7, loss)
    assert series.columns()[:2] == ([7.0], [3.0])


@pytest.mark.parametrize("broken, nan_at_end", [(1, False), (2, False), (3, True), (50, True)])
@pytest.mark.parametrize("before", [60, 1500])
def test_only_several_losses_that_are_not_finite_count_as_the_end(broken, nan_at_end, before):
    series = Series(100)
    for step in range(1, before + 1):
        series.add(step, 1.0)
    for step in range(before + 1, before + 1 + broken):
        series.add(step, math.nan if step % 2 else math.inf)
    steps, losses, _ = series.columns()
    assert math.isnan(losses[-1]) == nan_at_end
    assert steps == sorted(set(steps)) and 1.0 in losses


def test_rows_survive_a_checkpoint():
    monitor = Monitor(Settings(max_rows=100))
    for step, loss in power_law(777):
        monitor.keep(step, loss, loss if step % 10 == 0 else None, 0.1)
    state = pickle.loads(pickle.dumps(monitor.state_dict()))
    again = Monitor(Settings(max_rows=100))
    again.load_state_dict(state)
    for one in (monitor, again):
        one.keep(778, 9.0)
    assert again.train.columns() == monitor.train.columns()
    assert again.validation.columns() == monitor.validation.columns()
    again.load_state_dict({})
    assert again.train.rows == 0


# Checks


@pytest.mark.parametrize("cost", [0.02, 0.3, 5.0])
@pytest.mark.parametrize("seconds_per_step", [0.001, 0.1, 2.0])
def test_checks_take_at_most_one_percent_of_the_training(monkeypatch, cost, seconds_per_step):
    clock = Clock()
    monitor = Monitor(Settings(), clock)
    checks = []

    def judged(table, quantity):
        checks.append(monitor.train.last_step)
        clock.now += cost
        return _reading.Judgement(quantity, "falling", "")

    monkeypatch.setattr(_reading, "judged", judged)
    for step, loss in power_law(5000):
        clock.now += seconds_per_step
        monitor.add(step, loss)
        allowed = 0.01 * clock.now + max(0.0, cost - _monitor._FIRST_CHECK_S)  # the first cost is not known before
        assert len(checks) * cost <= allowed + 1e-9
    assert all(b >= 1.1 * a for a, b in zip(checks, checks[1:]))
    affordable = 5000 * seconds_per_step * 0.01 / max(cost, _monitor._FIRST_CHECK_S)
    assert len(checks) >= min(10, math.floor(affordable * 0.5))


def test_nothing_is_checked_before_there_are_enough_rows():
    clock = Clock()
    monitor = Monitor(Settings(min_rows=40), clock)
    checked = []
    for step, loss in power_law(60):
        clock.now += 3600
        if monitor.add(step, loss) is not None:
            checked.append(step)
    assert checked == [40, 44, 49, 54, 60]


def test_a_healthy_run_causes_no_warning(recwarn):
    watch, stopped = watched(power_law(3000), stop_on=_reading.ALARMS)
    assert watch.report is not None and watch.report.state not in _reading.ALARMS and not stopped
    assert not watch.fault and not [w for w in recwarn if issubclass(w.category, phaselaw.PhaselawWarning)]


def test_a_divergence_is_warned_of_once():
    with pytest.warns(phaselaw.PhaselawWarning, match="train_loss at step .*diverged from step") as caught:
        watch, stopped = watched(diverging())
    assert len(caught) == 1 and watch.report.state == "diverged" and not stopped and not watch.fault


def test_a_divergence_stops_only_a_training_that_asked_for_it():
    with pytest.warns(phaselaw.PhaselawWarning):
        _, stopped = watched(diverging(), stop_on="diverged")
    assert stopped and 600 < stopped[0] < 800
    with pytest.warns(phaselaw.PhaselawWarning):
        _, stopped = watched(diverging(), stop_on=("finished",))
    assert not stopped


def test_a_state_that_one_check_finds_stops_nothing(monkeypatch):
    found = iter(["diverged", "falling"] + ["falling"] * 100)
    monkeypatch.setattr(_reading, "judged", lambda table, quantity: _reading.Judgement(quantity, next(found), "text"))
    with pytest.warns(phaselaw.PhaselawWarning):
        watch, stopped = watched(power_law(300), stop_on=("diverged",))
    assert not stopped and watch.report.state == "falling"


def test_losses_that_are_not_finite_stop_the_training_at_once():
    rows = [(step, loss if step < 500 else math.nan) for step, loss in power_law(600)]
    with pytest.warns(phaselaw.PhaselawWarning, match="not finite"):
        _, stopped = watched(rows, stop_on=("diverged",))
    assert stopped[0] == 502


def test_a_check_that_the_budget_delays_is_made_later():
    clock = Clock()
    monitor = Monitor(Settings(stop_on=("diverged",)), clock)
    for step, loss in power_law(500):
        clock.now += 1
        monitor.add(step, loss)
    monitor._spent = 10.0  # s, so that the next check has to wait until 1,000 s are over
    for step in range(501, 1100):
        clock.now += 1
        if monitor.add(step, math.nan):
            break
    assert monitor.stop and clock.now >= 1000


def test_single_losses_that_are_not_finite_are_no_divergence(recwarn):
    rows = [(step, math.nan if step % 50 == 0 else loss) for step, loss in power_law(1000)]
    watch, stopped = watched(rows, stop_on=("diverged",))
    assert not stopped and not watch.fault and watch.report.state != "diverged"


def test_the_forecast_is_logged_under_its_names(forecast):
    logged = []
    watch, _ = watched(power_law(300), to=1000, log_to=lambda values, step: logged.append((step, values)))
    assert not watch.fault
    numbers = [values for _, values in logged if "phaselaw/forecast" in values]
    assert numbers and all(
        (v["phaselaw/forecast"], v["phaselaw/forecast_low"], v["phaselaw/forecast_high"]) == (1.25, 1.0, 1.5) for v in numbers
    )
    table, options = forecast.calls[-1]
    assert options == {"loss": "train_loss", "to": 1000} and table["step"][:2] == [1, 2]
    assert "phaselaw/state" in logged[0][1]


@pytest.mark.parametrize(
    "status, low, names",
    [
        ("conditional", 1.0, {"forecast_at_constant_lr", "forecast_at_constant_lr_low", "forecast_at_constant_lr_high"}),
        ("disagreeing", 1.0, {"forecast_low", "forecast_high"}),
        ("none", None, set()),
    ],
)
def test_a_forecast_that_does_not_hold_is_not_logged_as_one(monkeypatch, status, low, names):
    value = 1.25 if status == "conditional" else None
    monkeypatch.setattr(phaselaw, "forecast", KnownForecast(status, value, low, low and 1.5), raising=False)
    watch, _ = watched(power_law(100), to=1000)
    assert set(watch.report.numbers()) == {f"phaselaw/{name}" for name in names}
    assert watch.report.outlook.sentence == "a reading"


def test_without_a_last_step_there_is_no_forecast(forecast):
    for options in ({}, {"to": 50}):
        watch, _ = watched(power_law(100), **options)
        assert watch.report.outlook is None or watch.report.step < 50
    assert all(options["to"] == 50 for _, options in forecast.calls)


def test_a_stated_schedule_replaces_the_recorded_rates(forecast):
    watch = Watch(to=1000, schedule={"decay": "cosine", "warmup": 10})
    for step, loss in power_law(100):
        watch(step, loss, lr=0.1)
    watch.finish()
    table, options = forecast.calls[-1]
    assert "lr" not in table and options["decay"] == "cosine" and options["warmup"] == 10


def test_the_validation_loss_is_judged_beside_the_training_loss(forecast):
    watch = Watch(to=2000, loss="val_loss")
    for step, loss in power_law(1000):
        watch(step, loss, val_loss=loss + 0.1 if step % 10 == 0 else None, lr=0.01)
    assert [curve.quantity for curve in watch.finish().curves] == ["train_loss", "val_loss"]
    table, options = forecast.calls[-1]
    assert options["loss"] == "val_loss" and len(table["step"]) == 1000 and set(table["lr"]) == {0.01}
    assert sum(value is not None for value in table["val_loss"]) == 100


def test_the_documented_loop(forecast):
    losses = iter(loss for _, loss in power_law(300))
    written = []
    names = {"writer": lambda values, step: written.append(step), "train_step": lambda: next(losses), "lr": 0.1}
    exec(documented("Watch(", 300), names)
    assert names["watch"].report.step == 300 and not names["watch"].fault and written == [300]


@pytest.mark.parametrize("n, judged", [(0, 1), (7, 1), (8, 2)])
def test_validation_losses_are_judged_from_eight_on(n, judged):
    watch = Watch()
    for step, loss in power_law(100):
        watch(step, loss, val_loss=loss if step <= n else None)
    assert len(watch.finish().curves) == judged


def test_overfitting_is_seen_in_the_validation_loss():
    """The training loss falls to the end, and the validation loss rises from step 1000 on."""
    draw = random.Random(5)
    watch = Watch()
    for step, loss in power_law(3000):
        held_out = (2.3 + 3 * (step + 10) ** -0.5 + max(0, step - 1000) * 2e-4) * (1 + 1e-3 * draw.gauss(0, 1))
        watch(step, loss, val_loss=held_out if step % 20 == 0 else None)
    with pytest.warns(phaselaw.PhaselawWarning, match="val_loss at step 3000: .*(overfit|lowest)"):
        assert watch.finish().state == "overfitting"


# Wrong settings, before the training


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"stop_on": ("divergd",)}, "found 'divergd'; did you mean 'diverged'?"),
        ({"stop_on": ("unknown",)}, "found 'unknown'"),
        ({"loss": "loss"}, "expected 'train_loss' or 'val_loss'; found 'loss'"),
        ({"to": -3}, "expected a positive number of steps; found -3"),
        ({"to": "many"}, "found 'many'"),
        ({"every": 0}, "expected a positive share of the steps, such as 0.1; found 0"),
        ({"budget": 1.5}, "at most 1; found 1.5"),
        ({"min_rows": 2}, "expected at least 8; found 2"),
        ({"max_rows": 10}, "expected at least 100; found 10"),
        ({"schedule": "cosine"}, "schedule: expected a dict"),
        ({"log_to": 7}, "log_to: expected a SummaryWriter"),
    ],
)
def test_a_wrong_setting_is_refused_before_the_training(settings, words):
    with pytest.raises(phaselaw.InputError) as caught:
        Watch(**settings)
    assert words in str(caught.value)


def test_settings_and_their_keywords_agree():
    assert set(_monitor.SettingsKeywords.__annotations__) == set(Settings.__dataclass_fields__)
