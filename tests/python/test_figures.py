# SPDX-License-Identifier: Apache-2.0
"""Figures: lines, bands and points are the numbers of the results, on labelled logarithmic axes."""

import numpy as np
import pytest

import phaselaw
from samples import curve, isoflop_rows, recipe, result
from test_laws import curve_rows

pytestmark = pytest.mark.filterwarnings("ignore::phaselaw.PhaselawWarning")
matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")


@pytest.fixture(autouse=True)
def closed():
    import matplotlib.pyplot as pyplot

    yield
    pyplot.close("all")


def drawn(ax, tmp_path):
    assert ax.get_xlabel() and (ax.get_ylabel() or ax.get_yticklabels())
    ax.figure.savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 5000
    return [(np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)) for line in ax.lines]


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_a_law_of_one_column_is_a_line_with_its_band(tmp_path):
    rows = recipe(1, 1)
    fit = phaselaw.fit(rows, "power@compute", interval="bootstrap", resamples=20)
    ax = phaselaw.plot.fit(fit)
    at, law = drawn(ax, tmp_path)[0]
    assert np.array_equal(law, fit.predict(compute=at).value) and len(at) == 100
    band = ax.collections[0].get_paths()[0].vertices
    assert band[:, 1].max() == pytest.approx(fit.predict(compute=at).hi.max())
    assert "law, 95 %" in labels(ax) and ax.get_xscale() == ax.get_yscale() == "log"


def test_a_law_of_two_columns_is_a_line_for_each_size(tmp_path):
    fit = result("Fit")
    lines = [line for line in drawn(phaselaw.plot.fit(fit), tmp_path) if len(line[0]) == 50]
    sizes = np.unique(fit.data["n_params"])
    assert len(lines) == len(sizes)
    tokens = fit.data["tokens"][fit.data["n_params"] == sizes[0]]
    ends = fit.predict(n_params=sizes[[0, 0]], tokens=[tokens.min(), tokens.max()]).value
    assert lines[0][1][[0, -1]] == pytest.approx(ends, rel=1e-12)
    for at, law in lines:  # they pass through the marks of the law at the rows
        assert at.min() >= fit.data["compute"].min() * 0.999 and at.max() <= fit.data["compute"].max() * 1.001


def test_a_ranking(tmp_path):
    ranking = result("Ranking")
    ax = phaselaw.plot.ranking(ranking, most=5)
    lines = drawn(ax, tmp_path)
    assert [line[0][0] for line in lines[:5]] == [100 * row["score"] for row in ranking.ranking[:5]]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == [row["law"] for row in ranking.ranking[:5]]
    assert ax.get_ylim() == (4.5, -0.5)  # the best is on top


def test_isoflop(tmp_path):
    found = result("IsoFlop")
    ax = phaselaw.plot.isoflop(found)
    lines = [line for line in drawn(ax, tmp_path) if len(line[0]) == 2]
    slopes = [np.diff(np.log(n))[0] / np.diff(np.log(c))[0] for c, n in lines]
    assert slopes == pytest.approx([method["a"]["value"] for method in found["methods"].values()])
    assert labels(ax)[0].startswith("parabola: a = 0.4")
    rows = isoflop_rows()
    both = {name: np.concatenate([values, values * (1.01 if name == "loss" else 1)]) for name, values in rows.items()}
    groups = phaselaw.isoflop({**both, "dataset": ["a"] * 21 + ["b"] * 21}, by="dataset", resamples=20)
    assert [label.split(":")[0] for label in labels(phaselaw.plot.isoflop(groups))][::3] == ["a, parabola", "b, parabola"]


def test_diagnoses(tmp_path):
    found = phaselaw.diagnose(curve_rows())
    ax = phaselaw.plot.diagnose(found)
    known = [c for c in found.curves if c["gain_of_doubling"]["value"] is not None]
    assert known and [x[0] for x, _ in drawn(ax, tmp_path)] == [100 * c["gain_of_doubling"]["value"] for c in known]
    ax = phaselaw.plot.diagnose(found, curves=curve_rows())
    lines = drawn(ax, tmp_path)
    assert lines[0][1].tolist() == curve_rows()["loss"][:25].tolist()
    assert len(labels(ax)) == 3 and labels(ax)[0].startswith("a: falling, exponent 0.16")
    floors = [c["floor"]["value"] for c in found.curves if c["floor"]["identified"]]
    assert [y[0] for x, y in lines if len(set(y)) == 1] == floors
    with pytest.raises(phaselaw.InputError, match="no diagnosis has a gain of doubling"):
        phaselaw.plot.diagnose(result("Diagnoses"))
    with pytest.raises(phaselaw.InputError, match="curves: no rows of run"):
        phaselaw.plot.diagnose(found, curves={"step": [1, 2, 3], "loss": [3.0, 2.0, 1.0]})


def test_a_comparison(tmp_path):
    found = result("Comparisons")
    places = found.recipes[0]["runs"][0]["places"]
    ax = phaselaw.plot.compare(found)
    lines = drawn(ax, tmp_path)
    assert lines[0][1].tolist() == [p["speedup"]["value"] for p in places]
    assert lines[1][0].tolist() == [p["resource"] for p in places if not p["extrapolated"]]
    assert labels(ax) == ["muon: better"] and lines[-1][1].tolist() == [1, 1]
    assert "that of adam over that of the recipe" in ax.get_ylabel()


def test_a_forecast_and_a_kernel(tmp_path):
    found = result("Forecasts")
    lines = drawn(phaselaw.plot.forecast(found), tmp_path)
    one = found.forecasts[0]
    assert lines[0][1][0] == one["now_loss"] and lines[-1][1].tolist() == [one["final_loss"]["value"]]
    kernel = result("ExperimentKernel")
    ax = phaselaw.plot.kernel(kernel)
    rank, law = drawn(ax, tmp_path)[-1]
    assert np.diff(np.log(law)) == pytest.approx(-kernel["decay_b"]["value"] * np.diff(np.log(rank)))
    assert np.mean(np.log(law)) == pytest.approx(np.mean(np.log(kernel.eigenvalues[rank.astype(int) - 1])))
    assert labels(ax)[0].startswith("rank^-b, b = 0.80")


def test_a_study(tmp_path):
    from test_experiments import SMALL

    phaselaw.sweep({**SMALL, "grid": {"seeds": 2}}, tmp_path / "s.db")
    study = phaselaw.load_study(tmp_path / "s.db")
    ax = phaselaw.plot.study(study)
    lines = drawn(ax, tmp_path)
    assert "2 runs" in labels(ax)
    envelope = lines[2][1]
    losses = [row["test_loss"] for row in study.rows() if row["compute_flop"] > 0]
    assert np.all(np.diff(envelope) <= 0) and envelope.min() == min(losses)
    with pytest.raises(phaselaw.InputError, match="no column 'loss' in"):
        phaselaw.plot.study(study, y="loss")


@pytest.mark.parametrize("name, make", [
    ("fit", lambda: result("Fit")), ("ranking", lambda: result("Ranking")), ("plan", lambda: result("Plan")),
    ("isoflop", lambda: result("IsoFlop")), ("diagnose", lambda: phaselaw.diagnose(curve_rows())),
    ("compare", lambda: result("Comparisons")), ("forecast", lambda: result("Forecasts")),
    ("kernel", lambda: result("ExperimentKernel")), ("flow", lambda: result("Flow")),
    ("prediction", lambda: result("Prediction")), ("spectrum", lambda: result("Spectrum"))])
def test_every_figure_uses_the_axes_it_is_given(name, make):
    import matplotlib.pyplot as pyplot

    own = pyplot.subplots()[1]
    assert getattr(phaselaw.plot, name)(make(), own) is own


def test_nothing_to_draw_is_one_sentence():
    nothing = phaselaw.forecast(curve())
    if nothing.final_loss.value is None:
        with pytest.raises(phaselaw.InputError, match="no run has a forecast to draw"):
            phaselaw.plot.forecast(nothing)
    curves = [{"step": np.arange(1.0, 200), "loss": 2 + gain * np.arange(1.0, 200) ** -0.4} for gain in (3, 2)]
    found = phaselaw.compare(("a", curves[0]), ("b", curves[1]), kind="curves")
    with pytest.raises(phaselaw.InputError, match="no comparison has factors to draw"):
        phaselaw.plot.compare(found)
