# SPDX-License-Identifier: Apache-2.0
"""The callback in real trainings by transformers' Trainer: tiny models on the CPU (tests/python/integrations.sh)."""

import copy
import itertools
import math
import os
import pickle
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch", reason="tests/python/integrations.sh installs torch")
transformers = pytest.importorskip("transformers", reason="tests/python/integrations.sh installs transformers")
pytest.importorskip("accelerate", reason="tests/python/integrations.sh installs accelerate")

import phaselaw
from phaselaw.integrations import Monitor, _monitor, _sinks
from phaselaw.integrations.hugging_face import PhaselawCallback
from watched import KnownForecast, documented, mlflow_values, tensorboard_values, wandb_rows

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:torch", "ignore::DeprecationWarning", "ignore::FutureWarning")


STEPS = 60


class Line(torch.nn.Module):
    """A linear model with noisy labels, of which the loss can be broken from a call on."""

    def __init__(self, broken_from=None, size=8):
        super().__init__()
        torch.manual_seed(1)
        self.layer = torch.nn.Linear(size, 1)
        self.calls, self.broken_from = 0, broken_from

    def forward(self, x, labels):
        loss = ((self.layer(x).squeeze(-1) - labels) ** 2).mean() + 1
        if self.training:
            self.calls += 1
            if self.broken_from is not None and self.calls >= self.broken_from:
                loss = loss * math.nan
        return {"loss": loss, "logits": x}


class Rows(torch.utils.data.Dataset):
    def __init__(self, n=512, size=8, seed=0):
        draw = torch.Generator().manual_seed(seed)
        self.x = torch.randn(n, size, generator=draw)
        self.y = self.x.sum(1) + 0.1 * torch.randn(n, generator=draw)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return {"x": self.x[i], "labels": self.y[i]}


def trainer_of(folder, callbacks=(), model=None, steps=STEPS, **options):
    chosen = {
        "max_steps": steps,
        "logging_steps": 1,
        "learning_rate": 1e-2,
        "per_device_train_batch_size": 16,
        "report_to": [],
        "save_strategy": "no",
        "use_cpu": True,
        "disable_tqdm": True,
        "seed": 3,
    }
    args = transformers.TrainingArguments(output_dir=str(folder / "out"), **{**chosen, **options})
    quiet = {"train_dataset": Rows(), "eval_dataset": Rows(64, seed=1)}
    trainer = transformers.Trainer(model=model or Line(), args=args, callbacks=list(callbacks), **quiet)
    trainer.remove_callback(transformers.PrinterCallback)
    return trainer


def weights(trainer):
    return [p.detach().clone() for p in trainer.model.parameters()]


@pytest.fixture
def often(monkeypatch):
    """A clock by which checks fit their budget at any time, on however busy a machine."""
    monkeypatch.setattr(_monitor, "_FIRST_CHECK_S", 0.0)
    monkeypatch.setattr(Monitor.__init__, "__defaults__", (itertools.count().__next__,))
    return {"budget": 1.0}


@pytest.fixture
def forecast(monkeypatch):
    known = KnownForecast()
    monkeypatch.setattr(phaselaw, "forecast", known, raising=False)
    return known


@pytest.fixture(scope="module")
def plain_weights(tmp_path_factory):
    trainer = trainer_of(tmp_path_factory.mktemp("plain"))
    trainer.train()
    return weights(trainer)


def assert_same_training(trainer, plain):
    assert trainer.state.global_step == STEPS
    assert all(torch.equal(a, b) for a, b in zip(weights(trainer), plain, strict=True))


def test_values_arrive_in_tensorboard_wandb_and_mlflow(tmp_path, monkeypatch, forecast, often):
    for name in ("tensorboard", "wandb", "mlflow"):
        pytest.importorskip(name, reason=f"tests/python/integrations.sh installs {name}")
    database = tmp_path / "mlflow.db"
    for name, value in {
        "WANDB_MODE": "offline",
        "WANDB_SILENT": "true",
        "WANDB_DIR": str(tmp_path),
        "MLFLOW_TRACKING_URI": f"sqlite:///{database}",
        "TENSORBOARD_LOGGING_DIR": str(tmp_path / "board"),
    }.items():
        monkeypatch.setenv(name, value)
    import mlflow
    import wandb

    callback = PhaselawCallback(**often)
    trainer = trainer_of(tmp_path, [callback], report_to=["tensorboard", "wandb", "mlflow"], eval_strategy="steps", eval_steps=20)
    trainer.train()
    wandb.finish()
    wandb.teardown()  # writes the file to its end
    if mlflow.active_run():
        mlflow.end_run()
    assert not callback.fault and callback.report.step == STEPS

    history = {e["step"]: e for e in trainer.state.log_history if "phaselaw/forecast" in e}
    assert history and all("loss" in entry for entry in history.values())
    board = tensorboard_values(tmp_path / "board", "phaselaw/forecast")
    assert set(board.values()) == {1.25} and set(board) >= set(history)
    assert set(tensorboard_values(tmp_path / "board", "phaselaw/forecast_high").values()) == {1.5}
    (log,) = (tmp_path / "wandb").glob("offline-run-*/*.wandb")
    rows = [row for row in wandb_rows(log) if "phaselaw/forecast" in row]
    assert {int(row["train/global_step"]) for row in rows} == set(board)
    assert all(float(row["phaselaw/forecast_low"]) == 1.0 for row in rows)
    assert any("phaselaw/state" in row for row in wandb_rows(log))
    numbers, _ = mlflow_values(database, "phaselaw/forecast")
    assert numbers == board
    assert mlflow_values(database, "phaselaw/state")[1].startswith(callback.report.state)


def test_the_documented_example(tmp_path):
    args = trainer_of(tmp_path, steps=40).args
    names = {"Trainer": transformers.Trainer, "model": Line(), "args": args, "data": Rows()}
    exec(documented("hugging_face", 40), names)
    callback = names["trainer"].callback_handler.callbacks[-2]
    assert isinstance(callback, PhaselawCallback) and callback.report.step == 40 and not callback.fault


def test_the_trainer_gives_the_last_step_and_the_schedule(tmp_path, forecast, often):
    callback = PhaselawCallback(**often)
    trainer_of(tmp_path, [callback], lr_scheduler_type="cosine", warmup_steps=20).train()
    assert not callback.fault
    _, options = forecast.calls[-1]
    assert options["to"] == STEPS and options["decay"] == "cosine"
    assert (options["warmup"], options["decay_from"], options["decay_to"]) == (20, 20, pytest.approx(0, abs=1e-9))


def test_the_validation_loss_is_judged_too(tmp_path, often):
    callback = PhaselawCallback(**often)
    trainer_of(tmp_path, [callback], eval_strategy="steps", eval_steps=2).train()
    assert [curve.quantity for curve in callback.report.curves] == ["train_loss", "val_loss"]
    assert callback._monitor.validation.rows == STEPS // 2 and callback._monitor.train.rows == STEPS


@pytest.mark.parametrize("stop_on", [(), ("diverged",)])
def test_a_loss_that_is_not_finite_stops_the_training_only_if_asked(tmp_path, often, stop_on):
    callback = PhaselawCallback(stop_on=stop_on, **often)
    trainer = trainer_of(tmp_path, [callback], Line(broken_from=41), logging_nan_inf_filter=False)
    with pytest.warns(phaselaw.PhaselawWarning, match="not finite"):
        trainer.train()
    assert callback.report.state == "diverged" and not callback.fault
    if stop_on:
        assert 43 <= trainer.state.global_step < STEPS
    else:
        assert trainer.state.global_step == STEPS


def test_a_rate_that_is_too_high(tmp_path, often):
    callback = PhaselawCallback(stop_on=("diverged",), **often)
    options = {"learning_rate": 3.0, "optim": "sgd", "lr_scheduler_type": "constant_with_warmup", "warmup_steps": 120}
    trainer = trainer_of(tmp_path, [callback], steps=150, max_grad_norm=0, **options)
    with pytest.warns(phaselaw.PhaselawWarning, match="diverged"):
        trainer.train()
    assert trainer.state.global_step < 150


def test_a_resumed_training_continues_its_curve(tmp_path, often):
    trainer = trainer_of(tmp_path, [PhaselawCallback(**often)], save_strategy="steps", save_steps=20)
    trainer.train()
    callback = PhaselawCallback(**often)
    again = trainer_of(tmp_path, [callback], save_strategy="steps", save_steps=20)
    again.train(resume_from_checkpoint=str(tmp_path / "out" / "checkpoint-20"))
    assert not callback.fault and callback._monitor.train.columns()[0] == list(range(1, STEPS + 1))
    # The same callback in a second training begins anew.
    again.train()
    assert not callback.fault and callback._monitor.train.columns()[0] == list(range(1, STEPS + 1))


def test_a_trainer_without_logs(tmp_path):
    callback = PhaselawCallback()
    trainer = trainer_of(tmp_path, [callback], logging_strategy="no")
    trainer.train()
    assert not callback.fault and callback.report is None


def test_a_callback_given_as_a_class(tmp_path, plain_weights):
    trainer = trainer_of(tmp_path, [PhaselawCallback])
    trainer.train()
    assert_same_training(trainer, plain_weights)


def test_an_evaluation_outside_a_training_is_not_watched(tmp_path):
    callback = PhaselawCallback()
    trainer_of(tmp_path, [callback]).evaluate()
    assert callback._monitor.validation.rows == 0


# Faults: the training ends as if there were no callback.


ERRORS = [RuntimeError("broken"), MemoryError(), StopIteration(), ImportError("no module")]
PLACES = ["start", "add", "keep", "check", "_judge", "_forecast", "publish", "diagnose", "rate_of"]


@pytest.mark.parametrize("place, error", list(zip(PLACES, itertools.cycle(ERRORS))))
def test_a_fault_in_any_place(tmp_path, monkeypatch, often, forecast, plain_weights, place, error):
    def fail(*arguments, **options):
        raise error

    callback = PhaselawCallback(stop_on=("diverged",), **often)
    if place == "publish":
        monkeypatch.setattr(_sinks, "publish", fail)
    elif place == "diagnose":
        monkeypatch.setattr(phaselaw, "diagnose", fail)
    elif place == "rate_of":
        monkeypatch.setattr("phaselaw.integrations.hugging_face.rate_of", fail)
    else:
        monkeypatch.setattr(Monitor, place, fail)
    trainer = trainer_of(tmp_path, [callback])
    with pytest.warns(phaselaw.PhaselawWarning, match="which is not affected") as caught:
        trainer.train()
    assert len([w for w in caught if issubclass(w.category, phaselaw.PhaselawWarning)]) == 1
    assert type(error).__name__ in callback.fault
    assert_same_training(trainer, plain_weights)


def test_a_reporter_that_fails_for_our_values(tmp_path, often, plain_weights):
    class Writer:
        def __init__(self):
            self.calls = 0

        def add_scalar(self, *arguments):
            self.calls += 1
            raise OSError("the disk is full")

        add_text = add_scalar

    class Reporter(transformers.TrainerCallback):
        tb_writer = Writer()

    callback = PhaselawCallback(**often)
    trainer = trainer_of(tmp_path, [Reporter(), callback])
    with pytest.warns(phaselaw.PhaselawWarning, match="the disk is full"):
        trainer.train()
    assert Reporter.tb_writer.calls and not callback.fault
    assert_same_training(trainer, plain_weights)


@pytest.mark.parametrize("logs", [None, {}, {"loss": "0.5"}, {"loss": None}, {"loss": "high"}, {"loss": [1, 2]}, 7])
def test_logs_of_any_kind(logs):
    callback = PhaselawCallback()
    state, control = transformers.TrainerState(max_steps=10), transformers.TrainerControl()
    args = transformers.TrainingArguments(output_dir="unused", report_to=[], use_cpu=True)
    callback.on_train_begin(args, state, control)
    odd = isinstance(logs, int) or (isinstance(logs, dict) and logs.get("loss") in ("high", [1, 2]))
    if odd:
        with pytest.warns(phaselaw.PhaselawWarning):
            callback.on_log(args, state, control, logs=logs)
    else:
        callback.on_log(args, state, control, logs=logs)
    assert bool(callback.fault) == odd


def test_ctrl_c_ends_the_training(tmp_path, monkeypatch, often):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(phaselaw, "diagnose", interrupt)
    with pytest.raises(KeyboardInterrupt):
        trainer_of(tmp_path, [PhaselawCallback(**often)]).train()


def test_a_callback_can_be_copied():
    callback = PhaselawCallback(stop_on=("diverged",))
    assert pickle.loads(pickle.dumps(callback))._monitor.settings == copy.deepcopy(callback)._monitor.settings


def test_other_ranks_do_nothing():
    callback = PhaselawCallback()
    state = transformers.TrainerState(max_steps=10, is_world_process_zero=False, global_step=1)
    args = transformers.TrainingArguments(output_dir="unused", report_to=[], use_cpu=True)
    callback.on_train_begin(args, state, transformers.TrainerControl())
    callback.on_log(args, state, transformers.TrainerControl(), logs={"loss": 1.0})
    assert callback._monitor.train.rows == 0 and callback._monitor.to is None


RANKS = """
import pathlib, sys
sys.path.insert(0, sys.argv[1])
from test_integrations_hugging_face import *
from phaselaw.integrations import _monitor
_monitor._FIRST_CHECK_S = 0.0
Monitor.__init__.__defaults__ = (itertools.count().__next__,)
callback = PhaselawCallback(stop_on=("diverged",), budget=1.0)
trainer = trainer_of(pathlib.Path(sys.argv[2]), [callback], Line(broken_from=41), logging_nan_inf_filter=False)
trainer.train()
print("rank", trainer.args.process_index, trainer.args.world_size, trainer.state.global_step, callback._monitor.train.rows, flush=True)
# A process that ends while its group is open is aborted now and then.
import torch
torch.distributed.destroy_process_group()
"""


def test_all_processes_stop_together(tmp_path):
    script = tmp_path / "ranks.py"
    script.write_text(RANKS)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", str(script)]
    done = subprocess.run(
        [*launch, os.path.dirname(__file__), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"},
    )
    lines = sorted(line.split()[1:] for line in done.stdout.splitlines() if line.startswith("rank "))
    assert done.returncode == 0 and len(lines) == 2, done.stdout + done.stderr
    (_, world, step, rows), (_, _, other_step, other_rows) = lines
    assert world == "2" and 43 <= int(step) == int(other_step) < STEPS and int(rows) > 40 and other_rows == "0"
