# SPDX-License-Identifier: Apache-2.0
"""The callback in real trainings by Lightning: tiny models on the CPU (tests/python/integrations.sh)."""

import functools
import itertools
import math
import os
import pickle
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch", reason="tests/python/integrations.sh installs torch")
pytest.importorskip("lightning", reason="tests/python/integrations.sh installs lightning")

import lightning.pytorch as pl
from lightning.pytorch import loggers

import phaselaw
from phaselaw.integrations import Monitor, _monitor, _sinks
from phaselaw.integrations.lightning import PhaselawCallback
from watched import KnownForecast, documented, mlflow_values, tensorboard_values, wandb_rows

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:lightning", "ignore::DeprecationWarning", "ignore::FutureWarning")

STEPS = 60


class Line(pl.LightningModule):
    """A linear model with noisy labels. `returned` makes of the loss what training_step() returns."""

    def __init__(self, broken_from=None, returned=lambda loss: loss, scheduler=None):
        super().__init__()
        torch.manual_seed(1)
        self.layer = torch.nn.Linear(8, 1)
        self.broken_from, self.returned, self.scheduler = broken_from, returned, scheduler

    def loss(self, batch):
        x, y = batch
        return ((self.layer(x).squeeze(-1) - y) ** 2).mean() + 1

    def training_step(self, batch, index):
        loss = self.loss(batch)
        if self.broken_from is not None and self.global_step >= self.broken_from:
            loss = loss * math.nan
        return self.returned(loss)

    def validation_step(self, batch, index):
        self.log("val_loss", self.loss(batch))

    def configure_optimizers(self):
        optimizer = torch.optim.Adam(self.parameters(), 1e-2)
        if self.scheduler is None:
            return optimizer
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": self.scheduler(optimizer), "interval": "step"}}


def rows_of(seed, n=512):
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 8, generator=draw)
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, x.sum(1) + 0.1 * torch.randn(n, generator=draw)), 16)


def fit(folder, callbacks=(), model=None, ckpt_path=None, **options):
    chosen = {
        "max_steps": STEPS,
        "accelerator": "cpu",
        "devices": 1,
        "log_every_n_steps": 1,
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "default_root_dir": folder,
        "val_check_interval": 4,
        "check_val_every_n_epoch": None,
    }
    trainer = pl.Trainer(callbacks=list(callbacks), **{**chosen, **options})
    model = model or Line()
    trainer.fit(model, rows_of(0), rows_of(1, 64), ckpt_path=ckpt_path)
    return trainer, model


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
def plain(tmp_path_factory):
    return fit(tmp_path_factory.mktemp("plain"))[1]


def assert_same_training(trained, plain):
    trainer, model = trained
    assert trainer.global_step == STEPS
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), plain.parameters(), strict=True))


def test_values_arrive_in_tensorboard_wandb_and_mlflow(tmp_path, monkeypatch, forecast, often):
    for name in ("tensorboard", "wandb", "mlflow"):
        pytest.importorskip(name, reason=f"tests/python/integrations.sh installs {name}")
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.setenv("WANDB_MODE", "offline")
    import wandb

    database = tmp_path / "mlflow.db"
    board = loggers.TensorBoardLogger(tmp_path, "board")
    used = [
        board,
        loggers.WandbLogger(save_dir=tmp_path, offline=True, project="tiny"),
        loggers.MLFlowLogger("tiny", tracking_uri=f"sqlite:///{database}"),
        loggers.CSVLogger(tmp_path, "csv"),
    ]
    callback = PhaselawCallback(**often)
    fit(tmp_path, [callback], logger=used)
    wandb.finish()
    wandb.teardown()  # writes the file to its end
    assert not callback.fault and callback.report.step == STEPS

    values = tensorboard_values(board.log_dir, "phaselaw/forecast")
    assert values and set(values.values()) == {1.25}
    assert set(tensorboard_values(board.log_dir, "phaselaw/forecast_low").values()) == {1.0}
    (log,) = (tmp_path / "wandb").glob("offline-run-*/*.wandb")
    rows = wandb_rows(log)
    assert {int(row["trainer/global_step"]) for row in rows if "phaselaw/forecast" in row} == set(values)
    assert any("phaselaw/state" in row for row in rows)
    assert mlflow_values(database, "phaselaw/forecast")[0] == values
    assert mlflow_values(database, "phaselaw/state")[1].startswith(callback.report.state)
    assert "phaselaw/forecast_high" in (tmp_path / "csv/version_0/metrics.csv").read_text()


def test_the_documented_example(tmp_path):
    trainer = functools.partial(pl.Trainer, accelerator="cpu", logger=False, enable_checkpointing=False, log_every_n_steps=1)
    names = {"Trainer": trainer, "module": Line(), "data": rows_of(0)}
    exec(documented("lightning", 40), names)
    (callback,) = [c for c in names["trainer"].callbacks if isinstance(c, PhaselawCallback)]
    assert callback.report.step == 40 and not callback.fault


def test_the_trainer_gives_the_last_step_the_rate_and_the_schedule(tmp_path, forecast, often):
    callback = PhaselawCallback(**often)
    scheduler = lambda optimizer: torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    trained = fit(tmp_path, [callback], Line(scheduler=scheduler))
    assert not callback.fault
    _, options = forecast.calls[-1]
    assert options["to"] == STEPS and options["decay"] == "cosine" and options["warmup"] == 0
    rates = callback._monitor.train.columns()[2]
    assert rates[0] > rates[20] > rates[-1] >= 0 and len(rates) == STEPS
    # Reading the schedule changed neither it nor the training.
    alone = fit(tmp_path, [], Line(scheduler=scheduler))
    assert_same_training(trained, alone[1])


def test_rows_are_means_over_the_steps_between_logs(tmp_path):
    losses = []
    model = Line(returned=lambda loss: losses.append(float(loss)) or loss)
    callback = PhaselawCallback()
    fit(tmp_path, [callback], model, log_every_n_steps=5)
    steps, means, _ = callback._monitor.train.columns()
    assert steps == list(range(5, STEPS + 1, 5))
    assert means == pytest.approx([sum(losses[i : i + 5]) / 5 for i in range(0, STEPS, 5)], rel=1e-6)


def test_accumulated_batches_are_one_step(tmp_path):
    callback = PhaselawCallback()
    fit(tmp_path, [callback], accumulate_grad_batches=3, max_steps=20)
    assert callback._monitor.train.columns()[0] == list(range(1, 21)) and not callback.fault


def test_the_validation_loss_is_judged_too(tmp_path, often):
    callback = PhaselawCallback(min_rows=10, **often)
    fit(tmp_path, [callback], num_sanity_val_steps=2)
    assert [curve.quantity for curve in callback.report.curves] == ["train_loss", "val_loss"]
    assert callback._monitor.validation.columns()[0] == list(range(4, STEPS + 1, 4))


@pytest.mark.parametrize("stop_on", [(), ("diverged",)])
def test_a_loss_that_is_not_finite_stops_the_training_only_if_asked(tmp_path, often, stop_on):
    callback = PhaselawCallback(stop_on=stop_on, **often)
    with pytest.warns(phaselaw.PhaselawWarning, match="not finite"):
        trainer, _ = fit(tmp_path, [callback], Line(broken_from=40))
    assert callback.report.state == "diverged" and not callback.fault
    assert trainer.global_step == STEPS if not stop_on else 43 <= trainer.global_step < STEPS


def test_a_resumed_training_continues_its_curve(tmp_path):
    saved = pl.callbacks.ModelCheckpoint(tmp_path, filename="{step}", every_n_train_steps=20, save_top_k=-1)
    fit(tmp_path, [PhaselawCallback(), saved], enable_checkpointing=True)
    callback = PhaselawCallback()
    fit(tmp_path, [callback], ckpt_path=tmp_path / "step=20.ckpt")
    assert not callback.fault and callback._monitor.train.columns()[0] == list(range(1, STEPS + 1))


@pytest.mark.parametrize("returned, rows", [(lambda loss: {"loss": loss, "other": 3}, STEPS), (lambda loss: None, 0)])
def test_what_a_training_step_may_return(tmp_path, returned, rows):
    callback = PhaselawCallback()
    fit(tmp_path, [callback], Line(returned=returned))
    assert not callback.fault and callback._monitor.train.rows == rows


# Faults: the training ends as if there were no callback.

ERRORS = [RuntimeError("broken"), MemoryError(), StopIteration(), ImportError("no module")]
PLACES = ["start", "add", "keep", "check", "_judge", "_forecast", "publish", "diagnose", "rate_of"]


@pytest.mark.parametrize("place, error", list(zip(PLACES, itertools.cycle(ERRORS))))
def test_a_fault_in_any_place(tmp_path, monkeypatch, often, forecast, plain, place, error):
    def fail(*arguments, **options):
        raise error

    callback = PhaselawCallback(stop_on=("diverged",), **often)
    model = Line()
    if place == "publish":
        monkeypatch.setattr(_sinks, "publish", fail)
    elif place == "diagnose":
        monkeypatch.setattr(phaselaw, "diagnose", fail)
    elif place == "rate_of":
        model = Line(scheduler=lambda optimizer: torch.optim.lr_scheduler.ConstantLR(optimizer, 1.0))
        monkeypatch.setattr("phaselaw.integrations.lightning.rate_of", fail)
    else:
        monkeypatch.setattr(Monitor, place, fail)
    with pytest.warns(phaselaw.PhaselawWarning, match="which is not affected") as caught:
        trained = fit(tmp_path, [callback], model)
    assert len([w for w in caught if issubclass(w.category, phaselaw.PhaselawWarning)]) == 1
    assert type(error).__name__ in callback.fault
    assert_same_training(trained, plain)


def test_a_checkpoint_survives_a_fault(tmp_path, monkeypatch):
    def fail(*arguments):
        raise MemoryError

    monkeypatch.setattr(Monitor, "state_dict", fail)
    saved = pl.callbacks.ModelCheckpoint(tmp_path, filename="{step}", every_n_train_steps=20, save_top_k=-1)
    with pytest.warns(phaselaw.PhaselawWarning, match="state_dict: MemoryError"):
        fit(tmp_path, [PhaselawCallback(), saved], enable_checkpointing=True, max_steps=20)
    callback = PhaselawCallback()
    trainer, _ = fit(tmp_path, [callback], ckpt_path=tmp_path / "step=20.ckpt", max_steps=40)
    assert trainer.global_step == 40 and not callback.fault and callback._monitor.train.rows == 20


def test_a_logger_that_fails_for_our_values(tmp_path, often, forecast, plain):
    class Failing(loggers.CSVLogger):
        def log_metrics(self, metrics, step=None):
            if any(name.startswith("phaselaw") for name in metrics):
                raise OSError("the disk is full")

    callback = PhaselawCallback(**often)
    with pytest.warns(phaselaw.PhaselawWarning, match="the disk is full"):
        trained = fit(tmp_path, [callback], logger=Failing(tmp_path))
    assert not callback.fault
    assert_same_training(trained, plain)


def test_ctrl_c_ends_the_training(tmp_path, monkeypatch, often):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(phaselaw, "diagnose", interrupt)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        fit(tmp_path, [PhaselawCallback(**often)])


def test_a_callback_can_be_pickled():
    callback = PhaselawCallback(stop_on=("diverged",))
    assert pickle.loads(pickle.dumps(callback))._monitor.settings == callback._monitor.settings


RANKS = """
import pathlib, sys
sys.path.insert(0, sys.argv[1])
from test_integrations_lightning import *
from phaselaw.integrations import _monitor
_monitor._FIRST_CHECK_S = 0.0
Monitor.__init__.__defaults__ = (itertools.count().__next__,)
callback = PhaselawCallback(stop_on=("diverged",), budget=1.0)
trainer, _ = fit(pathlib.Path(sys.argv[2]), [callback], Line(broken_from=20), max_steps=400, devices=2, strategy="ddp")
print("rank", trainer.global_rank, trainer.world_size, trainer.global_step, callback._monitor.train.rows, flush=True)
"""


def test_all_processes_stop_together(tmp_path):
    script = tmp_path / "ranks.py"
    script.write_text(RANKS)
    done = subprocess.run(
        [sys.executable, str(script), os.path.dirname(__file__), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=500,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"},
    )
    lines = sorted(line.split()[1:] for line in done.stdout.splitlines() if line.startswith("rank "))
    assert done.returncode == 0 and len(lines) == 2, done.stdout + done.stderr
    (_, world, step, rows), (_, _, other_step, other_rows) = lines
    assert world == "2" and 23 <= int(step) == int(other_step) < 400 and int(rows) > 20 and other_rows == "0"
