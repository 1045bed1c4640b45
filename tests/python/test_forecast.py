# SPDX-License-Identifier: Apache-2.0
"""forecast and check_forecast: the program's JSON to the last digit, and its words in errors."""

import numpy as np
import pytest

import phaselaw


def curve(run, steps):
    step = np.arange(1.0, steps + 1)
    decayed = np.maximum(0, (step - 320) / 80)
    return step, 2 + 0.02 * run + 3 * (step + 5) ** -0.4 - 0.1 * decayed + 1e-4 * ((7 * step + run) % 5)


@pytest.fixture
def logs(tmp_path):
    for name, runs, steps in (("now", [0], 250), ("earlier", [1, 2, 3, 4], 400), ("done", [0], 400)):
        lines = ["run,step,loss"]
        for run in runs:
            lines += [f"r{run},{int(s)},{loss!r}" for s, loss in zip(*map(np.ndarray.tolist, curve(run, steps)))]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_forecast_equals_the_program(program, logs):
    expected = program.json("forecast", logs / "now.csv", "--history", logs / "earlier.csv")
    found = phaselaw.forecast(logs / "now.csv", history=logs / "earlier.csv")
    assert found["forecasts"] == expected["forecasts"]
    final = found.final_loss
    assert final.lo < curve(0, 400)[1][-1] < final.hi
    step, loss = curve(0, 250)
    stated = phaselaw.forecast({"step": step, "loss": loss}, to=400, decay="linear", decay_from=320)
    assert stated.forecasts[0]["status"] == "forecast"
    assert "final loss at step 400" in repr(stated)


def test_a_register_is_checked(logs):
    file = logs / "f.json"
    phaselaw.forecast(logs / "now.csv", history=logs / "earlier.csv", register=file)
    assert phaselaw.check_forecast(file).status == "pending"
    assert phaselaw.check_forecast(file, logs / "done.csv").status == "inside"
    with pytest.raises(phaselaw.InputError, match="is not overwritten"):
        phaselaw.forecast(logs / "now.csv", history=logs / "earlier.csv", register=file)


def test_a_ladder_is_a_fit_or_a_table():
    n, d = (x.ravel() for x in np.meshgrid([1e7, 3e7, 1e8, 3e8], [5e8, 2e9, 8e9]))
    table = {"n_params": n, "tokens": d, "loss": 1.7 + 400 * n**-0.34 + 410 * d**-0.28}
    of_fit = phaselaw.forecast(ladder=phaselaw.fit(table, "chinchilla", holdout=0), n_params=1e9, tokens=2e10)
    of_table = phaselaw.forecast(ladder=table, n_params=1e9, tokens=2e10)
    assert of_fit.final_loss.value == pytest.approx(1.7 + 400 * 1e9**-0.34 + 410 * 2e10**-0.28, rel=5e-3)
    assert of_table.final_loss.value == pytest.approx(of_fit.final_loss.value, rel=1e-6)


def test_errors_are_those_of_the_program(logs):
    with pytest.raises(phaselaw.InputError, match="expected a curve"):
        phaselaw.forecast()
    with pytest.raises(phaselaw.InputError, match="has already reached"):
        phaselaw.forecast(logs / "now.csv", to=100)
    nothing = phaselaw.forecast(logs / "now.csv")
    assert nothing.forecasts[0]["status"] == "none"
    assert nothing.final_loss.value is None
