# SPDX-License-Identifier: Apache-2.0
"""What holds for every result: frames, pickles, copies, equality, hashes, texts; and numbers as floats."""

import copy
import inspect
import json
import multiprocessing
import pickle
from pathlib import Path

import numpy as np
import pytest

import phaselaw
from phaselaw import _frames, _kept
from samples import LADDER, MAKERS, isoflop_rows, result

pytestmark = pytest.mark.filterwarnings("ignore::phaselaw.PhaselawWarning")
FRAMES = [name for name in MAKERS if hasattr(getattr(phaselaw, name), "to_frame")]
HASHED = {"Estimate", "ParameterBlock"}


def test_every_result_has_a_sample():
    classes = {name for name in phaselaw.__all__ if inspect.isclass(getattr(phaselaw, name))}
    elsewhere = {"InputError", "PhaselawWarning", "RunError", "Result", "Study", "SweepSummary", "ForecastCheck"}
    assert classes - elsewhere - {"ScalingLaw"} == set(MAKERS)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", MAKERS)
def test_pickles_and_copies_are_equal(name, protocol):
    found = result(name)
    for other in (pickle.loads(pickle.dumps(found, protocol)), copy.copy(found), copy.deepcopy(found)):
        assert type(other) is type(found) and other == found and not other != found
        assert repr(other) == repr(found)
        if hasattr(found, "_repr_html_"):
            assert other._repr_html_() == found._repr_html_()
        if isinstance(found, phaselaw.Result):
            assert other.to_dict() == found.to_dict() and other.warnings == found.warnings
            assert all(other.json(indent) == found.json(indent) for indent in (-1, 0, 1, 2, 4))


def test_what_a_pickle_gives_works():
    fit, ranking, plan = (pickle.loads(pickle.dumps(result(name))) for name in ("Fit", "Ranking", "Plan"))
    assert phaselaw.plan(fit, [1e14, 1e16]) == plan == phaselaw.plan(result("Fit"), [1e14, 1e16])
    assert phaselaw.plan(ranking, 1e14) == phaselaw.plan(result("Ranking"), 1e14)
    assert fit.predict(n_params=1e5, tokens=1e7) == result("Fit").predict(n_params=1e5, tokens=1e7)
    model, theta = pickle.loads(pickle.dumps(result("Transformer"))), result("Transformer").init(3)
    assert np.array_equal(model.forward(theta, result("Dataset").x), result("Transformer").forward(theta, result("Dataset").x))


def test_equality_is_of_the_content():
    fit = result("Fit")
    again = phaselaw.fit(LADDER, "chinchilla", resamples=20)
    assert again == fit and again["seconds"] >= 0  # the times differ, the results do not
    assert phaselaw.fit(LADDER, "chinchilla", resamples=20, seed=1) != fit
    assert fit != result("Ranking") and fit != fit.to_dict() and fit != None  # noqa: E711
    kernel = phaselaw.kernel(result("Split").configuration)
    assert kernel == result("ExperimentKernel")
    kernel.total[0, 0] += 1e-12
    assert kernel != result("ExperimentKernel")
    assert result("Estimate") != phaselaw.Estimate("alpha", 1.0)


@pytest.mark.parametrize("name", MAKERS)
def test_a_hash_exists_only_where_nothing_can_change(name):
    if name in HASHED:
        assert hash(result(name)) == hash(copy.deepcopy(result(name)))
    else:
        with pytest.raises(TypeError, match="unhashable"):
            hash(result(name))


def _fit(seed):
    return phaselaw.fit(LADDER, "chinchilla", resamples=20, seed=seed, threads=1)


def _fails(_):
    raise phaselaw.InputError("omit --last")


def test_results_come_back_from_other_processes():
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        found = pool.map(_fit, [0, 1])
        with pytest.raises(phaselaw.InputError, match="^omit last$"):
            pool.map(_fails, [0])
    assert found == [_fit(0), _fit(1)]


def test_joblib_carries_and_caches_results(tmp_path):
    joblib = pytest.importorskip("joblib")
    found = joblib.Parallel(n_jobs=2)(joblib.delayed(_fit)(seed) for seed in (0, 1))
    assert found == [_fit(0), _fit(1)]
    cached = joblib.Memory(tmp_path, verbose=0).cache(lambda fit: phaselaw.plan(fit, 1e14))
    assert cached(found[0]) == cached(found[0]) == phaselaw.plan(found[0], 1e14)


@pytest.mark.parametrize("name", ["Fit", "Plan", "Flow", "Estimate", "FlowCurve", "PlanPoint", "Rows", "Transformer"])
def test_a_pickle_of_another_form_is_refused_in_one_sentence(name):
    restore, (form, version, module, kind, state) = result(name).__reduce__()
    assert restore(form, version, module, kind, state) == result(name)
    with pytest.raises(phaselaw.InputError, match=rf"this pickle of a {name} was written by phaselaw 99\.1 in form 2 and "
                       rf"cannot be read by phaselaw .* reads form {_kept.FORM}\)"):
        restore(form + 1, "99.1", module, kind, state)
    if name in ("Plan", "Flow", "Estimate", "FlowCurve", "Transformer"):
        with pytest.raises(phaselaw.InputError, match=rf"this pickle of a {name} was written by phaselaw 99\.1"):
            restore(form, "99.1", module, kind, {"colour": "red"})
    with pytest.raises(phaselaw.InputError, match="this pickle of a Gone"):
        restore(form, "99.1", module, "Gone", state)


def test_estimates_are_numbers():
    alpha = result("Fit").parameters["alpha"]
    assert float(alpha) == alpha.value and np.asarray([alpha], float)[0] == alpha.value
    assert alpha.lo < float(alpha) < alpha.hi and "0.17" in repr(alpha)
    with pytest.raises(phaselaw.InputError, match="q is unknown, so it is no number"):
        float(phaselaw.Estimate("q", None))
    with pytest.raises(TypeError):
        alpha + 1  # an interval of a sum does not follow from those of its terms


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
@pytest.mark.parametrize("name", FRAMES)
def test_every_result_is_a_frame(name, kind):
    module = pytest.importorskip(kind)
    found = result(name)
    frame = found.to_frame(kind)
    assert isinstance(frame, module.Table if kind == "pyarrow" else module.DataFrame) and len(frame) > 0
    names = list(frame.column_names if kind == "pyarrow" else frame.columns)
    if isinstance(found, phaselaw.Result):
        assert names == _frames.named(found._COLUMNS)
    if kind == "pandas" and hasattr(found, "warnings"):
        assert frame.attrs["warnings"] == found.warnings
    numbers = {type_ for _, (type_, _) in getattr(found, "_frame", dict)().items()} if hasattr(found, "_frame") else set()
    assert numbers <= {"text", "number", "integer", "flag"}


def rows_of(name, **options):
    return (phaselaw.__dict__[name](**options) if options else result(name)).to_frame("pandas").to_dict("records")


def test_numbers_of_frames_are_those_of_the_json():
    pandas = pytest.importorskip("pandas")
    fit = result("Fit")
    for row in rows_of("Fit"):
        found = (fit["parameters"] | fit["derived"])[row["name"]]
        assert (row["value"], row["identified"]) == (found["value"], found["identified"])
        assert found["hi"] is None and np.isnan(row["hi"]) or row["hi"] == found["hi"]
    assert [row["law"] for row in rows_of("Ranking")] == [row["law"] for row in result("Ranking").ranking]
    assert [row["n_params_hi"] for row in rows_of("Plan")] == [p.n_params.hi for p in result("Plan").points]
    assert [row["a"] for row in rows_of("IsoFlop")] == [m["a"]["value"] for m in result("IsoFlop")["methods"].values()]
    assert rows_of("Diagnoses")[0]["state"] == result("Diagnoses").curves[0]["state"]
    assert rows_of("Comparisons")[0]["speedup_lo"] == result("RecipeComparison").speedup.lo
    assert rows_of("Forecasts")[0]["final_loss"] == float(result("Forecasts").final_loss)
    flow = result("Flow").to_frame()
    for view, curve in result("Flow").curves.items():
        assert np.array_equal(flow[flow["view"] == view]["test_loss"], curve.test_loss, equal_nan=True)
    prediction, surface = result("Prediction").to_frame(), result("RiskSurface")
    of_first = prediction[(prediction["estimator"] == surface.estimator) & (prediction["n_data"] == surface.n_data[1])]
    assert np.array_equal(of_first["hi"], surface.hi[1])
    kernel = result("ExperimentKernel").to_frame()
    assert np.array_equal(kernel["target_coefficient"], result("ExperimentKernel").target_coefficients)
    assert result("Rows").to_frame()["tokens"].tolist() == pandas.read_csv(LADDER)["tokens"].tolist()
    theory = result("Theory").to_frame().set_index("quantity")["value"]
    assert theory["excess_risk_upper"] == result("Theory").excess_risk_upper
    assert theory["allocations.1.p_time"] == 2


def test_groups_of_isoflop_are_rows_with_their_name():
    rows = isoflop_rows()
    both = {name: np.concatenate([values, values * (1.01 if name == "loss" else 1)]) for name, values in rows.items()}
    both["dataset"] = ["a"] * 21 + ["b"] * 21
    found = phaselaw.isoflop(both, by="dataset", resamples=20).to_frame("polars") if pytest.importorskip("polars") else None
    assert set(found["experiment"]) == {"a", "b"} and len(found) == 6


def test_a_store_and_a_sweep_are_frames(tmp_path):
    from test_experiments import SMALL

    polars = pytest.importorskip("polars")
    summary = phaselaw.sweep({**SMALL, "grid": {"seeds": 2}}, tmp_path / "s.db")
    assert summary.to_frame("polars")["done"].to_list() == [2] and "done 2" in repr(summary) and "2" in summary._repr_html_()
    assert pickle.loads(pickle.dumps(summary)) == summary
    study = phaselaw.load_study(tmp_path / "s.db")
    frame = study.to_frame("polars")
    assert len(frame) == len(study.rows()) and frame.schema["step"] == polars.Int64
    assert frame["test_loss"].to_list() == study.columns()["test_loss"]
    assert pickle.loads(pickle.dumps(study)) == study and hash(study) == hash(copy.copy(study))


def test_a_checked_forecast_is_a_frame(tmp_path):
    from samples import curve

    phaselaw.forecast(curve(), to=400, decay="linear", decay_from=320, register=tmp_path / "f.json")
    found = phaselaw.check_forecast(tmp_path / "f.json", curve(steps=400))
    pytest.importorskip("pandas")
    row = found.to_frame().iloc[0]
    assert row["status"] == found.status and row["predicted_hi"] == found["predicted"]["hi"]
    assert found.reading in found._repr_html_() and pickle.loads(pickle.dumps(found)) == found


def test_a_missing_package_is_one_sentence(monkeypatch):
    import importlib

    def without(name):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", without)
    with pytest.raises(ImportError, match="^to_frame needs pandas, which is not installed: pip install pandas, or choose kind="):
        result("Fit").to_frame()
    with pytest.raises(phaselaw.InputError, match="kind: expected pandas, polars or pyarrow, found 'excel'"):
        result("Fit").to_frame("excel")


def test_columns_of_frames_are_documented():
    text = (Path(__file__).resolve().parents[2] / "docs" / "frames.md").read_text()
    for name in MAKERS:
        for column in getattr(getattr(phaselaw, name), "_COLUMNS", ()):
            assert f"| {name} | `{column.name}` | {column.type} | {column.help} |" in text, f"{name}.{column.name}"


def test_completion_knows_what_attributes_find():
    assert "n_params" in dir(result("PlanPoint")) and "excess_risk_upper" in dir(result("Theory"))
    assert result("Fit")._ipython_key_completions_() == list(result("Fit").to_dict())
    assert set(phaselaw.__all__) <= set(dir(phaselaw))
    assert json.dumps(result("PlanPoint").to_dict()) == json.dumps(result("Plan").to_dict()["plans"][0])


@pytest.mark.parametrize("name", ["fit", "plan", "isoflop", "diagnose", "compare", "forecast", "check_forecast", "theory",
                                  "read_table", "kernel", "flow", "predict", "theory_from", "sweep", "Transformer", "ScalingLaw"])
def test_signatures_list_every_option_with_type_and_default(name):
    found = inspect.signature(getattr(phaselaw, name))
    assert not [p for p in found.parameters.values() if p.kind is p.VAR_KEYWORD]
    for parameter in found.parameters.values():
        assert parameter.annotation is not parameter.empty, parameter
    if name == "Transformer":
        model = phaselaw.Transformer()
        assert {key: found.parameters[key].default for key in model.options} == model.options
    if name == "sweep":
        assert (found.parameters["checkpoint_every"].default, found.parameters["checkpoint_every"].annotation) == (30, "float")


FUNCTIONS = [name for name in phaselaw.__all__ if name[0].islower() and name != "plot"]
DRAWINGS = [f"plot.{name}" for name in phaselaw.plot.__all__ if name.islower()]


def test_every_function_has_a_signature_with_types_and_an_example():
    for name in [*FUNCTIONS, *DRAWINGS, "Transformer", "ScalingLaw", "Fit.predict"]:
        found = phaselaw
        for part in name.split("."):
            found = getattr(found, part)
        signature = inspect.signature(found)
        untyped = [p.name for p in signature.parameters.values() if p.annotation is p.empty and p.name != "self"]
        assert not untyped, f"{name}: {untyped}"
        if name not in ("Transformer", "ScalingLaw"):
            assert signature.return_annotation is not signature.empty, name
        assert ">>> " in (found.__doc__ or ""), name
    # Classes that the functions return, and errors, are described; they are not made by hand.
    for name in phaselaw.__all__:
        assert name in FUNCTIONS or name == "plot" or inspect.isclass(getattr(phaselaw, name)), name


@pytest.mark.parametrize("name", [*FUNCTIONS, *DRAWINGS, "Transformer", "ScalingLaw", "Fit.predict"])
def test_examples_of_the_documentation_run(name):
    import doctest

    if name in DRAWINGS:
        pytest.importorskip("matplotlib").use("agg")
    found = phaselaw
    for part in name.split("."):
        found = getattr(found, part)
    for test in doctest.DocTestFinder(recurse=False).find(found, name, globs={"phaselaw": phaselaw}):
        assert doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test).failed == 0
