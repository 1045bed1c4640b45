# SPDX-License-Identifier: Apache-2.0
"""ScalingLaw: the numbers of phaselaw.fit, scikit-learn's own checks, and its tools."""

import pickle
import re
import subprocess
import sys

import numpy as np
import pytest

import phaselaw
from samples import LADDER

pytestmark = pytest.mark.filterwarnings("ignore::phaselaw.PhaselawWarning")
RNG = np.random.default_rng(5)
N = np.geomspace(1e6, 1e10, 30)
LOSS = (1.8 + 400 * N**-0.34) * np.exp(0.003 * RNG.standard_normal(30))
X = N[:, None]


def test_the_numbers_are_those_of_fit():
    model = phaselaw.ScalingLaw("power@n_params", columns=["n_params"], interval="bootstrap", resamples=20).fit(X, LOSS)
    fit = phaselaw.fit({"n_params": N, "loss": LOSS}, "power@n_params", interval="bootstrap", resamples=20)
    assert model.fit_ == fit
    assert np.array_equal(model.predict(X[::-1]), fit.predict(n_params=N[::-1]).value)
    assert np.array_equal(model.predict_law(X).hi, fit.predict(n_params=N).hi)
    assert model.predict_law([[1e13]]).warnings == fit.predict(n_params=1e13).warnings != []
    assert repr(model).startswith("ScalingLaw(law='power@n_params', columns=['n_params']") and "30 rows" in repr(model)


def test_frames_give_their_names_and_the_ladder_its_law():
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_csv(LADDER)
    inputs = frame[["n_params", "tokens"]]
    model = phaselaw.ScalingLaw().fit(inputs, frame["test_loss"])
    fit = phaselaw.fit(LADDER, "chinchilla", interval="none")
    assert model.fit_["parameters"] == fit["parameters"] and model.feature_names_in_.tolist() == ["n_params", "tokens"]
    for other in (inputs.to_dict("list"), {name: inputs[name].to_numpy() for name in inputs}):
        assert np.array_equal(phaselaw.ScalingLaw().fit(other, frame["test_loss"]).predict(other), model.predict(inputs))
    with pytest.raises(phaselaw.InputError, match="same order"):
        model.predict(inputs[["tokens", "n_params"]])
    with pytest.raises(phaselaw.InputError, match="yet now missing:\n- tokens"):
        model.predict(inputs[["n_params"]])


def test_score_is_r_squared_of_the_logarithm():
    model = phaselaw.ScalingLaw("E + A*x1^-a").fit(X, LOSS)
    left = np.log(LOSS) - np.log(model.predict(X))
    assert model.score(X, LOSS) == pytest.approx(1 - left @ left / np.var(np.log(LOSS)) / 30, rel=1e-12)
    assert 0.99 < model.score(X, LOSS) <= 1 and model.score(X, LOSS[::-1]) < 0
    with pytest.raises(phaselaw.InputError, match="not defined for losses that are all equal"):
        model.score(X, np.ones(30))


def test_units_do_not_change_predictions():
    plain = phaselaw.ScalingLaw("E + A*x1^-a").fit(X, LOSS)
    scaled = phaselaw.ScalingLaw("E + A*x1^-a").fit(X / 1e6, 7 * LOSS)
    assert scaled.predict(X / 1e6) == pytest.approx(7 * plain.predict(X), rel=1e-6)


@pytest.mark.parametrize("words, call", [
    ("columns: X has no names for its 1 columns, and the law chinchilla needs them", lambda: phaselaw.ScalingLaw().fit(X, LOSS)),
    ("columns: expected 1 different names, one for each column of X, found ['a', 'b']",
     lambda: phaselaw.ScalingLaw(columns=["a", "b"]).fit(X, LOSS)),
    ("y[3]: expected a loss > 0, found 0.0", lambda: phaselaw.ScalingLaw("E+A*x1^-a").fit(X, np.where(np.arange(30) == 3, 0, LOSS))),
    ("X: the law has no finite value at row 1 (x1 0)", lambda: phaselaw.ScalingLaw("E+A*x1^-a").fit(X, LOSS).predict([[1.0], [0.0]])),
    ("X[2]: x1 is 0, where x1^-a is infinite", lambda: phaselaw.ScalingLaw("E+A*x1^-a").fit(np.where(X == N[2], 0, X), LOSS)),
    ("X[2, 0]: expected a finite number, found nan", lambda: phaselaw.ScalingLaw("E+A*x1^-a").fit(np.where(X == N[2], np.nan, X), LOSS)),
    ("y: expected shape (30,), found (29,)", lambda: phaselaw.ScalingLaw("E+A*x1^-a").fit(X, LOSS[1:])),
    ("unknown law 'chinchila'; did you mean 'chinchilla'", lambda: phaselaw.ScalingLaw("chinchila", columns=["N"]).fit(X, LOSS)),
    ("Invalid parameter 'laws' for estimator ScalingLaw; known: law, columns", lambda: phaselaw.ScalingLaw().set_params(laws=1)),
    ("'loss' is the name of y", lambda: phaselaw.ScalingLaw("power", columns=["loss"]).fit(X, LOSS)),
])
def test_wrong_input(words, call):
    with pytest.raises(phaselaw.InputError, match=re.escape(words)):
        call()


@pytest.mark.parametrize("law, expected", [("E + A*(1 + x1)^-a", {}), ("E + A*x1^-a", phaselaw.ScalingLaw.EXPECTED_FAILED_CHECKS)])
def test_the_checks_of_scikit_learn(law, expected):
    checks = pytest.importorskip("sklearn.utils.estimator_checks")
    found = checks.check_estimator(phaselaw.ScalingLaw(law), expected_failed_checks=expected, on_skip=None, on_fail=None)
    by = {status: {one["check_name"] for one in found if one["status"] == status} for status in ("passed", "failed", "xfail")}
    assert not by["failed"] and len(by["passed"]) > 35
    assert by["xfail"] == set(expected)  # a check that passes after all must leave the list


def test_tools_of_scikit_learn():
    pytest.importorskip("sklearn")
    from sklearn.base import clone
    from sklearn.exceptions import NotFittedError
    from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    model = phaselaw.ScalingLaw("E + A*x1^-a")
    with pytest.raises(NotFittedError):
        model.predict(X)
    folds = KFold(5, shuffle=True, random_state=0)
    assert cross_val_score(model, X, LOSS, cv=folds).min() > 0.98
    search = GridSearchCV(model, {"law": ["A*x1^-a", "E + A*x1^-a"], "objective": ["huber", "l2"]}, cv=folds).fit(X, LOSS)
    assert search.best_params_["law"] == "E + A*x1^-a"  # the data have a floor
    copied = clone(model.fit(X, LOSS))
    assert not hasattr(copied, "fit_") and copied.get_params() == model.get_params()
    pipeline = make_pipeline(FunctionTransformer(lambda x: x / 1e6), phaselaw.ScalingLaw("E + A*x1^-a")).fit(X, LOSS)
    assert pipeline.predict(X) == pytest.approx(model.predict(X), rel=1e-6)
    assert np.array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


def test_it_works_without_scikit_learn():
    code = """
import sys
sys.modules["sklearn"] = None
import phaselaw, numpy as np
x = np.geomspace(1, 100, 20)[:, None]
model = phaselaw.ScalingLaw("E + A*x1^-a")
try:
    model.predict(x)
except RuntimeError as error:
    print(error)
print(model.fit(x, 2 + 3 * x[:, 0] ** -0.5).score(x, 2 + 3 * x[:, 0] ** -0.5) > 0.999)
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["This ScalingLaw instance is not fitted yet; call fit with X and y first", "True"], done.stderr
