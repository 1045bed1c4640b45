# SPDX-License-Identifier: Apache-2.0
"""Input that cannot be used: InputError says which argument or tensor, what was expected and what was found."""

import json
import pickle
import re
import struct

import numpy as np
import pytest

import phaselaw
from conftest import EXAMPLES
from test_experiments import SMALL

pytestmark = pytest.mark.filterwarnings("ignore::phaselaw.PhaselawWarning")
LADDER = EXAMPLES / "ladder.csv"


def write_safetensors(path, tensors):
    """The format: the length of a JSON heading, the heading, the numbers."""
    heading, data = {}, b""
    for name, values in tensors.items():
        ends = [len(data), len(data) + values.nbytes]
        heading[name] = {"dtype": {8: "F64", 4: "F32"}[values.itemsize], "shape": values.shape, "data_offsets": ends}
        data += values.tobytes()
    text = json.dumps(heading).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def weights_of(**changes):
    model = phaselaw.Transformer(**{**SMALL["model"], **changes})
    return model.views(model.init(1))


def test_weights_of_the_same_architecture_are_read(tmp_path):
    write_safetensors(tmp_path / "w.safetensors", weights_of())
    found = phaselaw.kernel(SMALL, weights=tmp_path / "w.safetensors")
    split = phaselaw.make_split(SMALL)
    model = phaselaw.Transformer(**SMALL["model"])
    assert np.array_equal(found.total, phaselaw.tangent_kernel(model, model.init(1), split.train.x, detail="layers").total)


def test_weights_of_another_architecture_name_the_tensor(tmp_path):
    up = weights_of()["layers.0.mlp.up"]
    missing = weights_of()
    del missing["layers.0.attn.q"]
    cases = {
        "tensor layers.0.mlp.up: expected shape (64, 6), found (32, 6)": weights_of(d_hidden=32),
        "tensor layers.0.attn.q is missing": missing,
        "unknown tensor 'layers.1.mlp.up'; did you mean 'layers.0.mlp.up'": {**weights_of(), "layers.1.mlp.up": up},
        "tensor layers.0.mlp.up: expected finite numbers": {**weights_of(), "layers.0.mlp.up": up * np.nan},
    }
    path = tmp_path / "w.safetensors"
    for words, tensors in cases.items():
        write_safetensors(path, tensors)
        with pytest.raises(phaselaw.InputError, match=re.escape(f"{path}: {words}")):
            phaselaw.kernel(SMALL, weights=path)


class Payload:
    """Unpickling it would leave a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_a_pickle_is_refused_and_never_loaded(tmp_path):
    path, trace = tmp_path / "w.safetensors", tmp_path / "loaded"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        path.write_bytes(pickle.dumps({"w": Payload(trace)}, protocol=protocol))
        with pytest.raises(phaselaw.InputError, match=r"pickle|the \.safetensors header should have"):
            phaselaw.kernel(SMALL, weights=path)
        assert not trace.exists()
    path.write_bytes(b"")
    with pytest.raises(phaselaw.InputError, match=re.escape(str(path))):
        phaselaw.kernel(SMALL, weights=path)
    with pytest.raises(phaselaw.InputError, match="cannot be read"):
        phaselaw.kernel(SMALL, weights=tmp_path / "nowhere.safetensors")


def test_every_kind_of_error(tmp_path):
    with pytest.raises(phaselaw.InputError) as error:
        phaselaw.theory(compute=-1)
    assert isinstance(error.value, ValueError) and type(error.value).__module__ == "phaselaw"
    with pytest.raises(phaselaw.RunError, match="raise flow.budget") as error:
        phaselaw.theory_from({**SMALL, "flow": {"time": 2.0, "budget": 1e-9}})
    assert isinstance(error.value, RuntimeError) and type(error.value).__module__ == "phaselaw"
    with pytest.warns(phaselaw.PhaselawWarning, match="E ends at|do not identify E|E and the term of B"):
        phaselaw.fit(LADDER, "chinchilla", interval="none")
    with pytest.raises(phaselaw.InputError, match="is not a study"):
        (tmp_path / "s.db").write_text("nothing")
        phaselaw.load_study(tmp_path / "s.db")


def test_arguments_of_laws(tmp_path):
    fit = phaselaw.fit(LADDER, "chinchilla", interval="none")
    (tmp_path / "text.json").write_text("{nope")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "list.json").write_text("[1]")
    cases = {
        "n_params: expected numbers, found 'big'": lambda: fit.predict(n_params="big", tokens=1),
        "n_params: expected numbers, found None": lambda: fit.predict(n_params=None, tokens=1),
        "n_params: expected .* of shape (n,) .* found float64 of shape (2, 2)":
            lambda: fit.predict(n_params=np.ones((2, 2)), tokens=1),
        "columns: expected a dict, .* found an int": lambda: fit.predict(3),
        "n_params: another column is n_params, too": lambda: fit.predict(N=1.0, n_params=2.0, tokens=1.0),
        "the law needs the column n_params": lambda: fit.predict(),
        "fit: expected a Fit, .* found an int": lambda: phaselaw.plan(3, 1e12),
        "compute: expected numbers, found 'lots'": lambda: phaselaw.plan(fit, "lots"),
        "at: expected a table of names and numbers, found a list": lambda: phaselaw.plan(fit, 1e12, at=[1]),
        "text.json:1:2: not JSON": lambda: phaselaw.plan(tmp_path / "text.json", 1e12),
        "binary.json: expected the text": lambda: phaselaw.plan(tmp_path / "binary.json", 1e12),
        "expected a fit, a table": lambda: phaselaw.plan(tmp_path / "list.json", 1e12),
        "none.json: cannot be read": lambda: phaselaw.Fit.load(tmp_path / "none.json"),
        "col: expected a table of names and texts, found a list": lambda: phaselaw.fit(LADDER, "chinchilla", col=["loss"]),
        "scale: expected a table of names and numbers": lambda: phaselaw.read_table(LADDER, scale=3),
        "fix: expected a table of names and numbers": lambda: phaselaw.fit(LADDER, "chinchilla", fix="E"),
        "fix.E: expected a finite number": lambda: phaselaw.fit(LADDER, "chinchilla", fix={"E": "x"}),
        "threads must be >= 0": lambda: phaselaw.fit(LADDER, "chinchilla", threads=-1),
        "did you mean 'fix'": lambda: phaselaw.fit(LADDER, "chinchilla", fixed={"E": 1}),
        "did you mean 'col'": lambda: phaselaw.fit(LADDER, "chinchilla", cols={"loss": "x"}),
        "table: expected files, found an int": lambda: phaselaw.diagnose([1, 2]),
        "table: expected files, found none": lambda: phaselaw.diagnose([]),
        "compute: expected a number > 0, found": lambda: phaselaw.theory(compute="x"),
        "dict:2: expected a finite number for loss":
            lambda: phaselaw.fit({"N": [1, 2, 3], "loss": [1, float("nan"), 2]}, "power@n_params"),
    }
    for words, call in cases.items():
        with pytest.raises(phaselaw.InputError) as error:
            call()
        pattern = ".*".join(re.escape(part) for part in words.split(" .* "))
        assert re.search(pattern, str(error.value)), f"{words}: {error.value}"


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_spectrum_needs_a_symmetric_matrix(dtype):
    matrix = np.eye(3, dtype=dtype)
    matrix[2, 0] = 0.5
    with pytest.raises(phaselaw.InputError, match=r"symmetric matrix; found 0.5 at \[2, 0\] and 0 at \[0, 2\]"):
        phaselaw.spectrum(matrix)
    eps = float(np.finfo(dtype).eps)
    matrix[0, 2] = 0.5 + eps  # rounding
    assert phaselaw.spectrum(matrix).eigenvalues == pytest.approx([1.5, 1, 0.5], abs=8 * eps)
    with pytest.raises(phaselaw.InputError, match="finite"):
        phaselaw.spectrum(np.full((3, 3), np.nan, dtype))


def test_arguments_of_models():
    model = phaselaw.Transformer(**SMALL["model"])
    theta, x = model.init(), np.zeros((2, 3, 6))
    cases = {
        "model: expected a phaselaw.Transformer, found an int": lambda: phaselaw.tangent_kernel(3, theta, x),
        "columns: expected a C-contiguous float64": lambda: phaselaw.tangent_kernel(model, theta, x, x.tolist()),
        "theta: expected a C-contiguous float64": lambda: model.forward(theta.astype(np.float32), x),
        "out: expected a C-contiguous float64": lambda: model.forward(theta, x, out=np.zeros((2, 3, 6), np.float32)),
        "tangent: expected a C-contiguous float64": lambda: model.jvp(theta, x, theta[:-1]),
        "targets: expected a C-contiguous float64": lambda: model.gradient(theta, x, x[:1]),
        "offset: expected a C-contiguous float64": lambda: model.gradient(theta, x, x, offset=x[0]),
        "theta: expected an array of shape": lambda: model.views([1, 2]),
        "seed: expected an integer from 0": lambda: model.init(-1),
        "inputs: expected a C-contiguous float64": lambda: model.forward(theta, x.astype(complex)),
    }
    for words, call in cases.items():
        with pytest.raises(phaselaw.InputError, match=re.escape(words)):
            call()
