# SPDX-License-Identifier: Apache-2.0
"""The plain loop with real loggers (tests/python/integrations.sh): what arrives in their files."""

import pytest

import phaselaw
from phaselaw.integrations import Watch
from watched import Clock, KnownForecast, diverging, mlflow_values, power_law, tensorboard_values, wandb_rows, watched


@pytest.fixture(autouse=True)
def forecast(monkeypatch):
    monkeypatch.setattr(phaselaw, "forecast", KnownForecast(), raising=False)


def test_a_summary_writer(tmp_path):
    pytest.importorskip("torch", reason="tests/python/integrations.sh installs torch")
    pytest.importorskip("tensorboard", reason="tests/python/integrations.sh installs tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(tmp_path) as writer, pytest.warns(phaselaw.PhaselawWarning, match="diverged"):
        watch, _ = watched(diverging(), to=2000, log_to=writer)
        assert not watch.fault
    values = tensorboard_values(tmp_path, "phaselaw/forecast")
    assert len(values) > 5 and set(values.values()) == {1.25}
    texts = EventAccumulator(str(tmp_path))
    texts.Reload()
    last = texts.Tensors("phaselaw/state/text_summary")[-1].tensor_proto.string_val[0].decode()
    assert last.startswith("diverged: ") and "diverged from step" in last


@pytest.mark.parametrize("numbered", [False, True])
def test_a_run_of_wandb_with_rows_of_the_user(tmp_path, monkeypatch, numbered):
    wandb = pytest.importorskip("wandb", reason="tests/python/integrations.sh installs wandb")
    monkeypatch.setenv("WANDB_SILENT", "true")
    run = wandb.init(mode="offline", dir=tmp_path, project="tiny")
    watch, clock = Watch(to=2000, log_to=run), Clock()
    watch._monitor._clock = clock
    with pytest.warns(phaselaw.PhaselawWarning, match="diverged"):
        for step, loss in diverging(100, 60):
            clock.now += 3600
            watch(step, loss)
            run.log({"mine": loss}, **({"step": step} if numbered else {}))
    run.finish()
    wandb.teardown()  # writes the file to its end
    assert not watch.fault
    (log,) = (tmp_path / "wandb").glob("offline-run-*/*.wandb")
    rows = wandb_rows(log)
    ours = [row for row in rows if "phaselaw/forecast" in row]
    assert len(ours) > 5 and all(float(row["phaselaw/forecast"]) == 1.25 and "mine" in row for row in ours)
    assert [float(row["mine"]) for row in rows if "mine" in row] == [loss for _, loss in diverging(100, 60)]
    assert any("diverged" in row.get("phaselaw/warnings", "") for row in rows)


def test_a_run_of_wandb_without_rows_of_the_user(tmp_path, monkeypatch):
    wandb = pytest.importorskip("wandb", reason="tests/python/integrations.sh installs wandb")
    monkeypatch.setenv("WANDB_SILENT", "true")
    with wandb.init(mode="offline", dir=tmp_path, project="tiny"):
        watch, _ = watched(power_law(100), to=2000, log_to=wandb)
    wandb.teardown()  # writes the file to its end
    (log,) = (tmp_path / "wandb").glob("offline-run-*/*.wandb")
    steps = [int(row["phaselaw/step"]) for row in wandb_rows(log) if "phaselaw/forecast" in row]
    assert not watch.fault and len(steps) > 5 and steps == sorted(set(steps))


def test_the_module_mlflow(tmp_path):
    mlflow = pytest.importorskip("mlflow", reason="tests/python/integrations.sh installs mlflow")
    database = tmp_path / "mlflow.db"
    mlflow.set_tracking_uri(f"sqlite:///{database}")
    with mlflow.start_run(), pytest.warns(phaselaw.PhaselawWarning, match="diverged"):
        watch, _ = watched(diverging(100, 60), to=2000, log_to=mlflow)
        assert not watch.fault
    values, _ = mlflow_values(database, "phaselaw/forecast")
    assert len(values) > 5 and set(values.values()) == {1.25}
    assert mlflow_values(database, "phaselaw/state")[1].startswith("diverged: ")
    assert "diverged" in mlflow_values(database, "phaselaw/warnings")[1]
