# SPDX-License-Identifier: Apache-2.0
"""One small result of every class, for the tests that hold for all of them."""

import functools

import numpy as np

import phaselaw
from conftest import EXAMPLES
from test_experiments import SMALL

LADDER = EXAMPLES / "ladder.csv"


def isoflop_rows():
    """Three budgets of seven sizes on a law with the optimum N* = 0.09 sqrt(C)."""
    rng = np.random.default_rng(3)
    compute = np.repeat([1e18, 1e19, 1e20], 7)
    n_params = 0.09 * np.sqrt(compute) * np.tile(np.geomspace(0.25, 4, 7), 3)
    tokens = compute / (6 * n_params)
    loss = 1.7 + 400 / n_params**0.34 + 410 / tokens**0.28
    return {"n_params": n_params, "compute": compute, "loss": loss * np.exp(0.002 * rng.standard_normal(21))}


def recipe(gain, seed):
    rng = np.random.default_rng(seed)
    compute = np.geomspace(1e18, 1e21, 10)
    loss = 1.7 + 3 * (gain * compute / 1e18) ** -0.1
    return {"compute": compute, "loss": loss * np.exp(0.002 * rng.standard_normal(10))}


def curve(name="a", steps=300, seed=1):
    step = np.arange(10, steps + 1, 10)
    noise = np.exp(0.003 * np.random.default_rng(seed).standard_normal(len(step)))
    return {"run": [name] * len(step), "step": step, "loss": (2 + 8 / step**0.5) * noise}


MAKERS = {
    "Fit": lambda: phaselaw.fit(LADDER, "chinchilla", resamples=20),
    "Ranking": lambda: phaselaw.fit(LADDER, resamples=5),
    "Plan": lambda: phaselaw.plan(result("Fit"), [1e14, 1e16]),
    "IsoFlop": lambda: phaselaw.isoflop(isoflop_rows(), resamples=20),
    "Diagnoses": lambda: phaselaw.diagnose(curve()),
    "Comparisons": lambda: phaselaw.compare(("adam", recipe(1, 1)), ("muon", recipe(2, 2))),
    "Forecasts": lambda: phaselaw.forecast(curve(), to=400, decay="linear", decay_from=320),
    "Theory": lambda: phaselaw.theory(compute=1e12, noise=0.3),
    "MeasuredConstants": lambda: phaselaw.theory_from(SMALL),
    "ExperimentKernel": lambda: phaselaw.kernel(SMALL),
    "Flow": lambda: phaselaw.flow(SMALL),
    "Prediction": lambda: phaselaw.predict(SMALL, n_data=[4, 8], resamples=10, check=True),
    "Rows": lambda: phaselaw.read_table(LADDER),
    "LawPrediction": lambda: result("Fit").predict(n_params=[1e5, 1e6], tokens=[1e7, 1e8]),
    "PlanPoint": lambda: result("Plan").points[0],
    "RecipeComparison": lambda: result("Comparisons").recipes[0],
    "Estimate": lambda: result("Fit").parameters["alpha"],
    "FlowCurve": lambda: next(iter(result("Flow").curves.values())),
    "RiskSurface": lambda: result("Prediction").surfaces[0],
    "CheckedRun": lambda: result("Prediction").checked[0],
    "Split": lambda: phaselaw.make_split(SMALL),
    "Dataset": lambda: result("Split").train,
    "Transformer": lambda: phaselaw.Transformer(**SMALL["model"]),
    "TangentKernel": lambda: _tangent_kernel(),
    "Spectrum": lambda: result("TangentKernel").spectrum(vectors=True),
    "ParameterBlock": lambda: result("Transformer").parameters[0],
}


def _tangent_kernel():
    model, x = result("Transformer"), result("Dataset").x
    return phaselaw.tangent_kernel(model, model.init(1), x[:2], detail="layers")


@functools.lru_cache(maxsize=None)
def result(name):
    """The sample of this class, made once; a test must not change it."""
    return MAKERS[name]()
