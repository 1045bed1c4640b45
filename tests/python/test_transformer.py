# SPDX-License-Identifier: Apache-2.0
"""Transformer and tangent_kernel against a second implementation, finite differences and the adjoint identity."""

import sys

import numpy as np
import pytest

import phaselaw

EPS = np.finfo(np.float64).eps
SHAPES = [
    dict(n_layers=1, seq_len=1, d_model=1, d_hidden=1, n_heads=1, d_head=1),
    dict(n_layers=2, seq_len=3, d_model=5, d_hidden=7, n_heads=2, d_head=3, activation="tanh"),
    dict(n_layers=3, seq_len=5, d_model=7, d_hidden=11, n_heads=1, d_head=2, activation="relu", readout="linear",
         d_out=3, parametrisation="standard", output_scale=1.7),
    dict(n_layers=2, seq_len=4, d_model=6, d_hidden=5, n_heads=3, d_head=2, activation="silu", mask="bidirectional",
         branch_scale=0.3),
]


def reference(model, theta, x):
    """The model of docs/model.md in plain NumPy, for vector inputs."""
    o = model.options
    w = {b.name: b.multiplier * theta[b.offset : b.offset + np.prod(b.shape)].reshape(b.shape)
         for b in model.parameters}
    phi = {
        "relu": lambda u: np.maximum(u, 0),
        "tanh": np.tanh,
        "silu": lambda u: u / (1 + np.exp(-u)),
        "identity": lambda u: u,
    }[o["activation"]]
    rms = lambda v: v / np.sqrt(np.mean(v * v, axis=-1, keepdims=True) + o["rms_eps"])
    heads, size, length = o["n_heads"], o["d_head"], o["seq_len"]
    for layer in range(o["n_layers"]):
        p = lambda name: w[f"layers.{layer}.{name}"]
        h = rms(x)
        q, k, v = ((h @ p(f"attn.{c}").T).reshape(len(x), length, heads, size) for c in "qkv")
        scores = np.einsum("nihd,njhd->nhij", q, k) / np.sqrt(size)
        if o["mask"] == "causal":
            scores = np.where(np.tril(np.ones((length, length), bool)), scores, -np.inf)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        mixed = np.einsum("nhij,njhd->nihd", scores, v).reshape(len(x), length, heads * size)
        x = x + o["branch_scale"] * mixed @ p("attn.o").T
        x = x + o["branch_scale"] * phi(rms(x) @ p("mlp.up").T) @ p("mlp.down").T
    if o["readout"] == "linear":
        x = x @ w["out"].T
    return o["output_scale"] * x


def setting(options, n=3, dtype="float64", seed=1):
    model = phaselaw.Transformer(**options, dtype=dtype)
    rng = np.random.default_rng(seed)
    theta = model.init(seed)
    x = rng.standard_normal((n, model.options["seq_len"], model.options["d_model"])).astype(dtype)
    return model, theta, x, rng


@pytest.mark.parametrize("options", SHAPES)
def test_forward_is_the_documented_model(options):
    model, theta, x, _ = setting(options)
    expected = reference(model, theta, x)
    size = model.options["d_model"] + model.options["d_hidden"] + model.options["seq_len"]
    bound = 100 * EPS * size * model.options["n_layers"] * np.abs(expected).max()
    assert np.abs(model.forward(theta, x) - expected).max() < bound


@pytest.mark.parametrize("options", SHAPES)
def test_jvp_is_the_derivative_and_vjp_its_adjoint(options):
    model, theta, x, rng = setting({**options, "activation": "tanh"})
    v = rng.standard_normal(model.n_params)
    u = rng.standard_normal((len(x), model.options["seq_len"], model.d_out))
    jv, ju = model.jvp(theta, x, v), model.vjp(theta, x, u)
    # <Jv, u> = <v, J'u>
    scale = np.abs(jv).ravel() @ np.abs(u).ravel() + np.abs(ju) @ np.abs(v)
    assert abs(np.vdot(jv, u) - v @ ju) < 100 * EPS * scale
    h = 1e-5  # central differences: error h^2 times a third derivative of order one, and EPS/h of rounding
    difference = (model.forward(theta + h * v, x) - model.forward(theta - h * v, x)) / (2 * h)
    assert np.abs(difference - jv).max() < 1e3 * (h**2 + EPS / h) * max(1, np.abs(jv).max())


def test_gradient_of_both_losses():
    model, theta, x, rng = setting(SHAPES[1])
    y = rng.standard_normal((len(x), 3, 5))
    loss, gradient = model.value_and_gradient(theta, x, y)
    residual = model.forward(theta, x) - y
    assert loss == pytest.approx((residual**2).sum() / len(x), rel=1e-13)
    assert gradient == pytest.approx(model.vjp(theta, x, 2 / len(x) * residual), rel=1e-12, abs=1e-13)
    assert np.array_equal(model.gradient(theta, x, y), gradient)
    shift = np.ones_like(y)
    assert model.value_and_gradient(theta, x, y, offset=shift)[0] == pytest.approx(((residual + 1) ** 2).sum() / len(x))

    tokens = phaselaw.Transformer(n_layers=1, seq_len=4, d_model=6, d_hidden=8, n_heads=2, d_head=3, readout="tokens",
                                  vocab=11)
    t = rng.integers(0, 11, (5, 4), dtype=np.int32)
    theta = tokens.init(3)
    logits = tokens.forward(theta, t)
    log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    following = np.roll(t, -1, axis=1)
    expected = -np.take_along_axis(log_p, following[..., None].astype(int), -1).mean()
    assert tokens.value_and_gradient(theta, t, following)[0] == pytest.approx(expected, rel=1e-12)


def test_output_offset_starts_from_nothing():
    model, theta, x, _ = setting({**SHAPES[1], "init_scale": 0.0})
    total = model.forward(theta, x) + model.output_offset(theta, x)
    assert np.array_equal(total, np.zeros_like(total))


@pytest.mark.parametrize("options", SHAPES[1:])
def test_tangent_kernel_is_the_product_of_jacobians(options):
    model, theta, x, rng = setting({**options, "activation": "tanh"})
    rows = len(x) * model.options["seq_len"] * model.d_out
    jacobian = np.stack([model.vjp(theta, x, e.reshape(len(x), -1, model.d_out)) for e in np.eye(rows)])
    for algorithm in ("auto", "jacobian", "sandwich", "token_dual"):
        found = phaselaw.tangent_kernel(model, theta, x, detail="blocks", algorithm=algorithm)
        assert np.linalg.norm(found.total - jacobian @ jacobian.T) < 1e-12 * np.linalg.norm(found.total)
        assert np.array_equal(found.total, found.total.T)
        parts = sum(found.parts.values())
        assert np.linalg.norm(parts - found.total) < 1e-13 * np.linalg.norm(found.total)
    cross = phaselaw.tangent_kernel(model, theta, x[:2], x[2:])
    per = rows // len(x)
    assert np.linalg.norm(cross.total - found.total[: 2 * per, 2 * per :]) < 1e-12 * np.linalg.norm(found.total)
    eigen = phaselaw.spectrum(found.total, vectors=True)
    assert eigen.eigenvalues == pytest.approx(np.linalg.eigvalsh(found.total)[::-1], abs=eigen.noise_floor)
    rebuilt = eigen.vectors.T * eigen.eigenvalues @ eigen.vectors
    assert np.linalg.norm(rebuilt - found.total) < rows * 100 * EPS * np.linalg.norm(found.total)


def test_float32_is_close_and_is_float32():
    model, theta, x, _ = setting(SHAPES[1])
    single = phaselaw.Transformer(**SHAPES[1], dtype="float32")
    found = single.forward(theta.astype(np.float32), x.astype(np.float32))
    assert found.dtype == np.float32
    assert np.abs(found - model.forward(theta, x)).max() < 1e-5 * np.abs(found).max()
    kernel = phaselaw.tangent_kernel(single, theta.astype(np.float32), x.astype(np.float32))
    assert kernel.total.dtype == np.float32 and kernel.spectrum().lambda_max > 0


def test_arrays_are_not_copied():
    model, theta, x, _ = setting(SHAPES[1])
    out = np.empty((3, 3, 5))
    assert model.forward(theta, x, out=out) is out
    assert np.array_equal(out, model.forward(theta, x))
    model.views(theta)["layers.0.mlp.up"][:] = 0  # a view into theta
    assert not np.array_equal(out, model.forward(theta, x))
    read_only = theta.copy()
    read_only.flags.writeable = False
    model.forward(read_only, x)
    # The kernel's matrix is the library's own memory: no second one is there.
    total = phaselaw.tangent_kernel(model, theta, x).total
    assert total.base is not None and total.flags.c_contiguous and total.flags.writeable


def test_results_outlive_what_made_them():
    model, theta, x, _ = setting(SHAPES[1])
    kernel = phaselaw.tangent_kernel(model, theta, x)
    total, copy = kernel.total, kernel.total.copy()
    del kernel, model, theta
    assert np.array_equal(total, copy) and sys.getrefcount(total) >= 2


def wrong_arrays():
    x = np.zeros((3, 3, 5))
    big_endian = x.astype(">f8")
    return [
        (x.astype(np.float32), "float64 array of shape (n, 3, 5)", "found float32 of shape (3, 3, 5)"),
        (np.zeros((3, 5, 3)), "of shape (n, 3, 5)", "found float64 of shape (3, 5, 3)"),
        (np.zeros((3, 15)), "of shape (n, 3, 5)", "found float64 of shape (3, 15)"),
        (np.zeros((0, 3, 5)), "of shape (n, 3, 5)", "found float64 of shape (0, 3, 5)"),
        (np.asfortranarray(np.zeros((3, 3, 5))), "C-contiguous", "that is not C-contiguous"),
        (np.zeros((6, 3, 5))[::2], "C-contiguous", "that is not C-contiguous"),
        (big_endian, "float64 array", "found >f8"),
        (x.tolist(), "float64 array", "found a list"),
        (None, "float64 array", "found a NoneType"),
        ("x", "float64 array", "found a str"),
    ]


@pytest.mark.parametrize("array, expected, found", wrong_arrays())
def test_wrong_arrays_say_what_was_expected_and_found(array, expected, found):
    model, theta, _, _ = setting(SHAPES[1])
    with pytest.raises(phaselaw.InputError) as error:
        model.forward(theta, array)
    assert str(error.value).startswith("inputs: expected a C-contiguous")
    assert expected in str(error.value) and found in str(error.value)


def test_other_bad_input():
    model, theta, x, _ = setting(SHAPES[1])
    with pytest.raises(phaselaw.InputError, match=r"theta: expected .* of shape \(\d+,\) .* found float64"):
        model.forward(theta[:-1], x)
    with pytest.raises(phaselaw.InputError, match="out: .*read-only"):
        out = np.zeros((3, 3, 5))
        out.flags.writeable = False
        model.forward(theta, x, out=out)
    with pytest.raises(phaselaw.InputError, match="cotangent: expected"):
        model.vjp(theta, x, np.zeros((3, 3, 4)))
    with pytest.raises(phaselaw.InputError, match="unknown key in .model. 'd_modle'; did you mean 'd_model'"):
        phaselaw.Transformer(d_modle=3)
    with pytest.raises(phaselaw.InputError, match="n_layers"):
        phaselaw.Transformer(n_layers=0)
    with pytest.raises(phaselaw.InputError, match="dtype: expected float64 or float32"):
        phaselaw.Transformer(dtype="float16")
    with pytest.raises(phaselaw.InputError, match="sandwhich"):
        phaselaw.tangent_kernel(model, theta, x, algorithm="sandwhich")
    with pytest.raises(phaselaw.InputError):
        phaselaw.tangent_kernel(model, theta, x, memory_limit=10)
    with pytest.raises(phaselaw.InputError, match="matrix: expected|square"):
        phaselaw.spectrum(np.zeros((2, 3)))
    tokens = phaselaw.Transformer(seq_len=2, readout="tokens", vocab=5)
    with pytest.raises(phaselaw.InputError, match=r"inputs: expected tokens from 0 to 4, found 5 at \[1, 0\]"):
        tokens.forward(tokens.init(), np.array([[0, 4], [5, 0]], dtype=np.int32))
    with pytest.raises(phaselaw.InputError, match="int32 array"):
        tokens.forward(tokens.init(), np.array([[0, 4]]))


class OnTheGpu:
    """What a tensor of another device looks like through DLPack."""

    def __dlpack_device__(self):
        return (2, 0)

    def __dlpack__(self, **_):
        raise RuntimeError("the data is not on the CPU")


def test_an_array_of_another_device():
    model, theta, _, _ = setting(SHAPES[1])
    with pytest.raises(phaselaw.InputError, match="inputs: expected an array on the CPU; found an OnTheGpu on a device of type 2"):
        model.forward(theta, OnTheGpu())


def test_torch_tensors_are_read_in_place():
    torch = pytest.importorskip("torch")
    model, theta, x, _ = setting(SHAPES[1])
    assert np.array_equal(model.forward(torch.from_numpy(theta), torch.from_numpy(x)), model.forward(theta, x))
