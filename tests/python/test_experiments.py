# SPDX-License-Identifier: Apache-2.0
"""kernel, flow, predict, theory_from, sweep: the program's JSON, arrays and tables, to the last digit."""

import csv
import inspect
import io
import json
import re

import numpy as np
import pytest

import phaselaw
from phaselaw._words import in_python
from conftest import EXAMPLES, assert_same

pytestmark = pytest.mark.filterwarnings("ignore::phaselaw.PhaselawWarning")

SMALL = {
    "seed": 5,
    "model": {"n_layers": 1, "seq_len": 3, "d_model": 6, "d_hidden": 64, "n_heads": 2, "d_head": 3},
    "data": {"source": "teacher", "n_data": 8, "n_test": 16, "noise": 0.1},
    "training": {"optimizer": "gd", "learning_rate": 0.05, "steps": 40},
    "flow": {"time": 2.0},
}


def toml(document, prefix=""):
    """A document as TOML: tables of plain values."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in document.items() if not isinstance(value, dict)]
    for key, table in document.items():
        if isinstance(table, dict):
            lines += [f"[{key}]"] + [f"{json.dumps(k)} = {json.dumps(v)}" for k, v in table.items()]
    return "\n".join(lines) + "\n"


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(toml(SMALL))
    return path


@pytest.mark.parametrize("flags, arguments", [
    ([], {}),
    (["--detail", "blocks", "--dtype", "float32", "--seed", "3"], dict(detail="blocks", dtype="float32", seed=3)),
    (["--detail", "total", "--threads", "1", "--memory-limit", "1M"],
     dict(detail="total", threads=1, memory_limit=2**20)),
    (["--reduce", "sequence", "--algorithm", "jacobian"], dict(reduce="sequence", algorithm="jacobian")),
])
def test_kernel_equals_the_program(program, small, flags, arguments):
    expected = program.json("kernel", small, "--out", "kernel", *flags)
    for experiment in (small, SMALL):
        found = phaselaw.kernel(experiment, **arguments)
        assert_same(found.to_dict(), {k: v for k, v in expected.items() if k != "made_by"})
        assert np.array_equal(found.total, np.load(program.folder / "kernel" / "kernel.npy"))
        with open(program.folder / "kernel" / "spectrum.csv") as file:
            assert [float(row["eigenvalue"]) for row in csv.DictReader(file)] == list(found.eigenvalues)
    if not flags:
        inputs = np.load(program.folder / "kernel" / "inputs.npy")
        split = phaselaw.make_split(small)
        assert np.array_equal(split.train.x, inputs)
        model = phaselaw.Transformer(**split.configuration["model"])
        theta = model.init(split.configuration["seed"])
        assert np.array_equal(model.forward(theta, inputs), np.load(program.folder / "kernel" / "outputs.npy"))
        again = phaselaw.tangent_kernel(model, theta, inputs, detail="layers")
        assert np.array_equal(again.total, found.total)
        assert np.array_equal(again.parts["layers.0"], np.load(program.folder / "kernel" / "kernel_layer_0.npy"))
        weights = program.folder / "kernel" / "weights.safetensors"
        assert np.array_equal(phaselaw.kernel(small, weights=weights).total, found.total)


def test_a_spectrum_without_a_matrix_equals_the_program(program, small):
    expected = program.json("kernel", small, "--out", "free", "--spectrum-only")
    found = phaselaw.kernel(small, spectrum_only=True)
    assert_same(found.to_dict(), {k: v for k, v in expected.items() if k != "made_by"})
    assert found.total.shape == (0, 0) and not found.parts
    assert list(found.eigenvalues) == expected["largest"]


def test_a_spectrum_leaves_the_matrices_as_they_are():
    found = phaselaw.kernel(SMALL, dtype="float64")
    model = phaselaw.Transformer(**SMALL["model"])
    alone = phaselaw.tangent_kernel(model, model.init(SMALL["seed"]), phaselaw.make_split(SMALL).train.x, detail="layers")
    assert found.total.tobytes() == alone.total.tobytes()
    assert found.parts["layers.0"].tobytes() == alone.parts["layers.0"].tobytes()
    blocks = phaselaw.kernel(SMALL, blocks=True)
    assert set(blocks.parts) == set(phaselaw.kernel(SMALL, detail="blocks").parts) != set(found.parts)


def test_the_section_of_the_file_and_the_arguments_over_it():
    document = {**SMALL, "kernel": {"dtype": "float32", "detail": "total", "memory_limit": 10}}
    with pytest.raises(phaselaw.InputError, match="the limit is 1e-8 GB"):
        phaselaw.kernel(document)
    found = phaselaw.kernel(document, memory_limit=0)
    assert found.total.dtype == np.float32 and not found.parts
    assert phaselaw.kernel(document, memory_limit=0, dtype="float64").total.dtype == np.float64


# The program's --help has them from the one description; a signature has to repeat them.
@pytest.mark.parametrize("call, verb", [(phaselaw.predict, "predict"), (phaselaw.sweep, "sweep")])
def test_defaults_are_the_program_s(program, call, verb):
    shown = dict(re.findall(r"--([a-z-]+) [A-Z]+=(\S+)", program.run(verb, "--help").stdout))
    repeated = {
        name.replace("_", "-"): value.default
        for name, value in inspect.signature(call).parameters.items()
        if type(value.default) in (int, float)
    }
    assert repeated and {name: float(shown[name]) for name in repeated} == repeated


def test_flow_equals_the_program(program, small):
    expected = program.json("flow", small, "--out", "flow")
    found = phaselaw.flow(small)
    assert_same(found.to_dict(), {k: v for k, v in expected.items() if k != "made_by"})
    with open(program.folder / "flow" / "trajectories.csv") as file:
        rows = list(csv.DictReader(file))
    for view, curve in found.curves.items():
        its = [row for row in rows if row["view"] == view]
        assert [float(row["time"]) for row in its] == list(curve.time)
        assert [float(row["test_loss"]) for row in its] == list(curve.test_loss)


def test_predict_equals_the_program(program, small):
    expected = program.json("predict", small, "--out", "predicted", "--n-data", "4,8", "--resamples", "20")
    found = phaselaw.predict(small, n_data=[4, 8], resamples=20)
    # The module is compiled apart from the program, and its sums of up to 8 sequences may round in another order.
    assert_same(found.to_dict(), {k: v for k, v in expected.items() if k != "made_by"}, ulps=8)
    surface = found.surfaces[0]
    assert list(surface.n_data) == [4, 8] and surface.risk.shape == (2, len(found.times))
    with open(program.folder / "predicted" / "predicted.csv") as file:
        rows = [row for row in csv.DictReader(file) if row["method"] == surface.estimator]
    np.testing.assert_array_max_ulp(np.array([float(row["risk"]) for row in rows]), surface.risk.ravel(), 8)
    assert found.checked == []


def test_trained_models_beside_a_prediction_equal_the_program_s(program, small):
    program.json("predict", small, "--out", "predicted", "--n-data", "4,8", "--resamples", "20", "--check")
    found = phaselaw.predict(small, n_data=[4, 8], resamples=20, check=True)
    with open(program.folder / "predicted" / "predicted.csv") as file:
        rows = [row for row in csv.DictReader(file) if row["method"] == "measured"]
    assert [run.n_data for run in found.checked] == [4, 8]
    assert [float(row["risk"]) for row in rows] == [x for run in found.checked for x in run.measured]
    assert [float(row["time"]) for row in rows] == [x for run in found.checked for x in run.time]
    assert [run.replicates for run in found.checked] == [2, 1]  # there is one subset of 8 of 8
    assert all(run.outcome == "finished" and run.compute.shape == run.time.shape for run in found.checked)


def test_measured_constants_equal_the_program(program, small):
    assert_same(phaselaw.theory_from(small).to_dict(), program.json("theory", "--from", small))


def test_sweep_equals_the_program(program, tmp_path):
    study = {**SMALL, "grid": {"data.n_data": [4, 8], "seeds": 2}}
    study.pop("flow")
    path = tmp_path / "study.toml"
    path.write_text(toml(study))
    expected = program.json("sweep", path, "--out", "program.db")
    assert_same(phaselaw.sweep(study, tmp_path / "python.db").to_dict(), expected)
    loaded = phaselaw.load_study(tmp_path / "python.db")
    assert loaded.csv() == program.run("export", "program.db", "--format", "csv").stdout
    assert len(loaded.rows()) == len(list(csv.DictReader(io.StringIO(loaded.csv()))))
    assert set(loaded.columns()["n_data"]) == {4, 8}
    again = phaselaw.sweep(path, tmp_path / "python.db")
    assert again["already_there"] == 4 and again["done"] == 0


def test_errors_are_the_program_s(program, tmp_path, small):
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("[model]\nn_layer = 2\n")
    study = tmp_path / "study.toml"
    study.write_text(toml({**SMALL, "grid": {"data.n_data": [4, 8]}}))
    cases = [
        (["kernel", wrong, "--out", "k"], lambda: phaselaw.kernel(wrong)),
        (["kernel", "nowhere.toml", "--out", "k"], lambda: phaselaw.kernel("nowhere.toml")),
        (["kernel", study, "--out", "k"], lambda: phaselaw.kernel(study)),
        (["predict", small, "--out", "p", "--n-data", "4,99"], lambda: phaselaw.predict(small, n_data=[4, 99])),
        (["sweep", study, "--out", wrong / "s.db"], lambda: phaselaw.sweep(study, wrong / "s.db")),
        (["sweep", study, "--out", "s.db", "--shard", "3/2"],
         lambda: phaselaw.sweep(study, tmp_path / "s.db", shard="3/2")),
        (["export", "nowhere.db"], lambda: phaselaw.load_study("nowhere.db")),
    ]
    for words, call in cases:
        with pytest.raises(phaselaw.InputError) as error:
            call()
        assert str(error.value) == in_python(program.error(*words)), words


def test_arguments_are_named_in_errors(tmp_path):
    study = {**SMALL, "grid": {"data.n_data": [4, 8]}}
    cases = {
        "unknown reduce 'seq'; known: none, coordinates, sequence": lambda: phaselaw.kernel(SMALL, reduce="seq"),
        "unknown dtype 'f32'; known: float32, float64": lambda: phaselaw.kernel(SMALL, dtype="f32"),
        "memory_limit must be >= 0; found -1": lambda: phaselaw.kernel(SMALL, memory_limit=-1),
        "threads: expected an integer >= 0, found the text \"two\"": lambda: phaselaw.kernel(SMALL, threads="two"),
        "seed must be >= 0; found -1": lambda: phaselaw.flow(SMALL, seed=-1),
        "n_data must be >= 2; found 1": lambda: phaselaw.predict(SMALL, n_data=[1, 8]),
        "subsets must be >= 1; found 0": lambda: phaselaw.predict(SMALL, subsets=0),
        "checkpoint_every must be >= 0; found -1": lambda: phaselaw.sweep(study, tmp_path / "s.db", checkpoint_every=-1),
        "compute must be > 0; found -1": lambda: phaselaw.theory(compute=-1),
    }
    for words, call in cases.items():
        with pytest.raises(phaselaw.InputError) as error:
            call()
        assert str(error.value).startswith(words), f"{words}: {error.value}"


def test_a_dict_names_its_keys():
    with pytest.raises(phaselaw.InputError, match=r"experiment.model.n_layer: unknown key in \[model\] 'n_layer'"):
        phaselaw.kernel({"model": {"n_layer": 2}})
    with pytest.raises(phaselaw.InputError, match="experiment.model.n_layers: "):
        phaselaw.kernel({"model": {"n_layers": "two"}})
    with pytest.raises(phaselaw.InputError, match="experiment.model: .*found a set"):
        phaselaw.kernel({"model": {1, 2}})
    with pytest.raises(phaselaw.InputError, match="expected a TOML file or a dict, found an int"):
        phaselaw.kernel(3)
    assert (EXAMPLES / "kernel.toml").is_file()


def test_numpy_numbers_are_numbers():
    plain = phaselaw.make_split(SMALL).configuration
    model = {key: np.int64(value) for key, value in SMALL["model"].items()}
    data = {**SMALL["data"], "noise": np.float64(0.1), "n_data": np.int32(8)}
    assert phaselaw.make_split({**SMALL, "model": model, "data": data}).configuration == plain
