# SPDX-License-Identifier: Apache-2.0
"""Faults injected into phaselaw.integrations: none of them reaches the training. No framework is needed."""

import copy
import logging
import math
import pickle
import threading
import types
import warnings

import pytest

import phaselaw
from phaselaw import _talk
from phaselaw.integrations import Monitor, Watch, _reading
from phaselaw.integrations._series import Series
from watched import KnownForecast, diverging, power_law, watched


@pytest.fixture
def forecast(monkeypatch):
    known = KnownForecast()
    monkeypatch.setattr(phaselaw, "forecast", known, raising=False)
    return known


class Odd:
    """Raises what it is told to when it is read."""

    def __init__(self, error):
        self.error = error

    def item(self):
        raise self.error


class Tensor:
    """A tensor of one element, without a framework."""

    def __init__(self, value):
        self.value = value

    def item(self):
        return self.value


def test_losses_may_be_tensors_texts_and_none():
    watch = Watch()
    for step, (_, loss) in enumerate(power_law(100), 1):
        watch(Tensor(step), [Tensor(loss), str(loss), None, loss][step % 4])
    assert not watch.fault and watch._monitor.train.rows == 75


def failing_reads():
    for error in (RuntimeError("CUDA error"), MemoryError(), RecursionError("deep"), ValueError("two elements")):
        yield (5, Odd(error))
        yield (Odd(error), 2.0)
    yield (5, "a loss")
    yield (5, [1.0, 2.0])
    yield (None, 2.0)
    yield (math.nan, 2.0)
    yield ("step", 2.0)


@pytest.mark.parametrize("step, loss", list(failing_reads()))
def test_a_value_that_cannot_be_read_switches_the_watch_off(step, loss):
    watch = Watch(stop_on=("diverged",))
    with pytest.warns(phaselaw.PhaselawWarning, match="no longer watches this training, which is not affected") as caught:
        assert not any(watch(step, loss) for _ in range(5))
        watch.finish()
    assert len(caught) == 1 and watch.fault


@pytest.mark.parametrize("error", [RuntimeError("broken"), MemoryError(), OSError(28, "No space left on device"), KeyError("x")])
@pytest.mark.parametrize("place", ["diagnose", "forecast", "columns_of", "_new_warnings", "publish", "Series.add"])
def test_a_fault_in_any_place_is_reported_once(monkeypatch, error, place):
    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr(phaselaw, "forecast", KnownForecast(), raising=False)
    where = {"diagnose": phaselaw, "forecast": phaselaw, "columns_of": _reading, "_new_warnings": Monitor}
    if place == "publish":
        monkeypatch.setattr("phaselaw.integrations._sinks.publish", fail)
    elif place == "Series.add":
        monkeypatch.setattr(Series, "add", fail)
    else:
        monkeypatch.setattr(where[place], place, fail)
    with pytest.warns(phaselaw.PhaselawWarning) as caught:
        watch, stopped = watched(power_law(200), to=1000, stop_on=("diverged",))
        watch.finish()
    assert len(caught) == 1 and type(error).__name__ in watch.fault and not stopped


@pytest.mark.parametrize("answer", [None, 3, [{}], [None], [{"quantity": "train_loss", "signature_detail": 3}]])
def test_an_answer_of_another_shape_is_a_fault(monkeypatch, answer):
    monkeypatch.setattr(phaselaw, "diagnose", lambda *a, **k: types.SimpleNamespace(curves=answer))
    with pytest.warns(phaselaw.PhaselawWarning) as caught:
        watch, _ = watched(power_law(200))
    assert watch.fault and len(caught) == 1


def test_a_table_that_cannot_be_diagnosed_is_no_fault(monkeypatch):
    def refuse(*arguments, **options):
        raise phaselaw.InputError("the output rises")

    monkeypatch.setattr(phaselaw, "diagnose", refuse)
    watch, _ = watched(power_law(100))
    assert not watch.fault and watch.report.state == "unknown" and watch.report.sentence == "the output rises"


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_ctrl_c_passes_through(monkeypatch, interrupt):
    def fail(*arguments, **options):
        raise interrupt

    watch = Watch(log_to=fail)
    for step, loss in power_law(100):
        watch(step, loss)
    with pytest.raises(interrupt):
        watch.finish()
    monkeypatch.setattr(phaselaw, "diagnose", fail)
    with pytest.raises(interrupt):
        watched(power_law(100))
    assert not watch.fault


def test_a_logger_that_fails_is_dropped_and_the_others_go_on(forecast):
    logged = []

    def fail(values, step):
        raise ConnectionError("the server is away")

    with pytest.warns(phaselaw.PhaselawWarning, match="no longer writes to a logger, which failed: ConnectionError") as caught:
        watch, _ = watched(power_law(300), to=1000, log_to=[fail, lambda values, step: logged.append(values)])
    assert len(caught) == 1 and len(logged) > 3 and not watch.fault


def test_warnings_that_are_errors_do_not_reach_the_training(caplog):
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING, "phaselaw"):
        warnings.simplefilter("error")
        watch, _ = watched(diverging())
        assert watch.report.state == "diverged" and not watch.fault
        watch(1000, "no loss")
        assert watch.fault
    assert [r for r in caplog.records if "diverged" in r.message] and [r for r in caplog.records if "not affected" in r.message]


def test_a_log_handler_that_fails_does_not_reach_the_training():
    class Failing(logging.Handler):
        def emit(self, record):
            raise OSError("the disk is full")

    handler = Failing()
    logging.getLogger("phaselaw").addHandler(handler)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            watch = Watch()
            assert watch(1, "no loss") is False and watch.fault
    finally:
        logging.getLogger("phaselaw").removeHandler(handler)


def test_an_exception_without_a_text():
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError("no text")

    watch = Watch()
    with pytest.warns(phaselaw.PhaselawWarning):
        watch(1, Odd(Mute()))
    assert watch.fault == "the step: Mute"


def test_messages_of_a_check_are_collected_only_in_its_thread(recwarn):
    with _talk.collected() as messages:
        _talk.tell(True, "from this thread")
        thread = threading.Thread(target=_talk.tell, args=(True, "from another thread"))
        thread.start()
        thread.join()
        with _talk.collected() as inner:
            _talk.tell(False, "inner")
    _talk.tell(True, "after it")
    assert messages == ["from this thread"] and inner == ["inner"]
    assert [str(warning.message) for warning in recwarn] == ["from another thread", "after it"]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda watch: pickle.loads(pickle.dumps(watch))])
def test_a_watch_can_be_copied(copied):
    watch, _ = watched(power_law(100))
    other = copied(watch)
    other(101, 2.5)
    assert other._monitor.train.rows == 101 and watch._monitor.train.rows == 100


# Loggers without their packages


class Recorder:
    """Records the calls of a SummaryWriter, a run of wandb, or the module mlflow."""

    def __init__(self, *methods, **attributes):
        self.calls = []
        for name in methods:
            setattr(self, name, lambda *a, _name=name, **k: self.calls.append((_name, a, k)))
        for name, value in attributes.items():
            setattr(self, name, value)


def test_each_logger_gets_numbers_and_texts_as_it_can(forecast):
    board = Recorder("add_scalar", "add_text")
    wandb = Recorder("log", summary={}, step=0)
    mlflow = Recorder("log_metrics", "set_tag", active_run=lambda: object())
    watch, _ = watched(power_law(32), to=1000, log_to=[board, wandb, mlflow])
    step = int(watch.report.step)
    assert ("add_scalar", ("phaselaw/forecast", 1.25, step), {}) in board.calls
    assert [call[1][0] for call in board.calls if call[0] == "add_text"] == ["phaselaw/state"]
    values = {**watch.report.numbers(), **watch.report.texts(), "phaselaw/step": step}
    assert wandb.calls == [("log", (values,), {"commit": False})]
    assert ("log_metrics", (watch.report.numbers(),), {"step": step}) in mlflow.calls
    assert [call[1][0] for call in mlflow.calls if call[0] == "set_tag"] == ["phaselaw/state"]


def test_no_run_of_mlflow_is_begun():
    mlflow = Recorder("log_metrics", "set_tag", active_run=lambda: None)
    with pytest.warns(phaselaw.PhaselawWarning, match="mlflow has no active run"):
        watched(power_law(60), log_to=mlflow)
    assert not mlflow.calls
