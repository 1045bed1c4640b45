# SPDX-License-Identifier: Apache-2.0
"""fit, plan, isoflop, diagnose, theory: the program's JSON to the last digit, and its words in errors."""

import csv
import json
import warnings

import numpy as np
import pytest

import phaselaw
from phaselaw._words import in_python
from conftest import EXAMPLES, assert_same

pytestmark = pytest.mark.filterwarnings("ignore::phaselaw.PhaselawWarning")


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def curve_rows(seed=0):
    """A power law over a floor with noise, for three runs."""
    rng = np.random.default_rng(seed)
    compute = np.geomspace(1e10, 1e14, 25)
    return {
        "run": [name for name in "abc" for _ in compute],
        "compute": np.tile(compute, 3),
        "step": np.tile(np.arange(1, 26) * 100, 3),
        "loss": np.concatenate(
            [(1.5 + k / 10 + 80 * compute**-0.15) * np.exp(0.003 * rng.standard_normal(25)) for k in range(3)]
        ),
    }


@pytest.fixture
def curves(tmp_path):
    table = curve_rows()
    path = tmp_path / "curves.csv"
    with open(path, "w") as file:
        file.write(",".join(table) + "\n")
        for row in zip(*(np.asarray(column).tolist() for column in table.values())):
            file.write(",".join(str(cell) for cell in row) + "\n")
    return path


@pytest.mark.parametrize(
    "flags, arguments",
    [
        (["--law", "chinchilla"], dict(law="chinchilla")),
        (["--law", "chinchilla", "--fix", "E=1/6", "--delta", "0.002", "--seed", "7", "--resamples", "50"],
         dict(law="chinchilla", fix={"E": 1 / 6}, delta=0.002, seed=7, resamples=50)),
        (["--law", "E + A*N^-a + B*D^-b", "--interval", "sandwich", "--level", "0.9", "--delta", "0.01"],
         dict(law="E + A*N^-a + B*D^-b", interval="sandwich", level=0.9, delta=0.01)),
        (["--law", "power@tokens", "--where", "n_params>=20000", "--holdout", "0.3", "--interval", "none"],
         dict(law="power@tokens", where="n_params>=20000", holdout=0.3, interval="none")),
        (["--law", "chinchilla", "--scale", "tokens=1e3", "--weights", "tokens", "--interval", "bca", "--resamples",
          "40"],
         dict(law="chinchilla", scale={"tokens": 1e3}, weights="tokens", interval="bca", resamples=40)),
        (["--law", "two-stage", "--fix", "E=2", "q=1/6", "--cluster", "none", "--resamples", "20"],
         dict(law="two-stage", fix={"E": 2, "q": 1 / 6}, cluster="none", resamples=20)),
    ],
)
def test_fit_equals_the_program(program, ladder, flags, arguments):
    expected = program.json("fit", ladder, *flags)
    found = phaselaw.fit(ladder, **arguments)
    assert_same(found.to_dict(), expected)
    assert_same(json.loads(found.json()), expected)
    again = phaselaw.fit(ladder, **arguments, threads=1)  # at any number of threads
    assert_same(again.to_dict(), expected)


def test_without_a_law_all_are_ranked(program, ladder):
    found = phaselaw.fit(ladder, resamples=10)
    assert isinstance(found, phaselaw.Ranking)
    assert_same(found.to_dict(), program.json("fit", ladder, "--resamples", "10"))
    assert_same(phaselaw.fit(ladder, "all", resamples=10).to_dict(), found.to_dict())
    assert found.best.law == found.ranking[0]["law"]
    with pytest.raises(AttributeError, match="without a law ranks every law"):
        phaselaw.fit_all


# Names and defaults of the keywords are those of the flags, and the module that says so is as the program writes it.
def test_signatures_are_the_flags(program):
    import inspect

    from phaselaw import _options

    for verb in ("fit", "plan", "isoflop", "diagnose", "forecast"):
        signature = inspect.signature(getattr(phaselaw, verb))
        shown = program.run(verb, "--help").stdout
        for name, option in _options.DESCRIBED[verb].items():
            assert "--" + name.replace("_", "-") in shown, (verb, name)
            assert signature.parameters[name].default == option.default
            assert f"{name} : default " in getattr(phaselaw, verb).__doc__
    written = program.run("keys", "--python").stdout
    assert written == (EXAMPLES.parent / "python/phaselaw/_options.py").read_text(encoding="utf-8")


def test_text_is_the_program_s(program, ladder, tmp_path):
    fit = phaselaw.fit(ladder, "chinchilla", resamples=20)
    shown = in_python(program.run("fit", ladder, "--law", "chinchilla", "--resamples", "20", "--quiet").stdout)
    assert repr(fit).startswith(shown)
    fit.save(tmp_path / "fit.json")
    assert repr(phaselaw.Fit.load(tmp_path / "fit.json")).startswith(shown)
    ranking = phaselaw.fit(ladder, interval="none")
    assert repr(ranking).startswith(in_python(program.run("fit", ladder, "--interval", "none", "--quiet").stdout))
    plan = phaselaw.plan(fit, 1e13)
    said = program.run("plan", "--fit", tmp_path / "fit.json", "--compute", "1e13", "--quiet").stdout
    assert repr(plan).startswith(in_python(said))


def test_a_frame_or_dict_equals_its_file(ladder):
    expected = phaselaw.fit(ladder, "chinchilla", resamples=30).to_dict()
    rows = rows_of(ladder)
    as_dict = {name: [float(row[name]) for row in rows] for name in rows[0]}
    tables = [as_dict, {name: np.array(column) for name, column in as_dict.items()}]
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    tables += [pandas.read_csv(ladder), polars.read_csv(ladder)]
    for table in tables:
        assert_same(phaselaw.fit(table, "chinchilla", resamples=30).to_dict(), expected)


def test_missing_values_of_frames():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"name": ["a,b", 'say "c"', None], "N": [1e6, 2e6, 4e6], "D": [1, 2, 3],
                              "loss": [3.0, np.nan, 2.5]})
    frame["D"] = frame["D"].astype("Int64") * 10**9
    table = phaselaw.read_table(frame)
    assert list(table["loss"]) == [3.0, 2.5] and list(table["n_params"]) == [1e6, 4e6] and table.line == [1, 3]


def test_curves_and_diagnosis_equal_the_program(program, curves):
    expected = program.json("fit", curves, "--law", "two-stage", "--rows", "envelope", "--resamples", "30")
    for table in (curves, curve_rows()):
        assert_same(phaselaw.fit(table, "two-stage", rows="envelope", resamples=30).to_dict(), expected)
    expected = program.json("diagnose", curves)
    assert_same(phaselaw.diagnose(curves).to_dict(), {k: v for k, v in expected.items() if k != "made_by"})
    assert_same(phaselaw.diagnose(curve_rows()).to_dict(), phaselaw.diagnose([curves]).to_dict())
    one = program.json("diagnose", curves, "--run", "b", "--warmup", "100", "--decay", "cosine", "--level", "0.9")
    found = phaselaw.diagnose(curves, run="b", warmup=100, decay="cosine", level=0.9)
    assert_same(found.to_dict(), {k: v for k, v in one.items() if k != "made_by"})


def test_plan_equals_the_program(program, ladder):
    fit = phaselaw.fit(ladder, "chinchilla")
    path = program.folder / "fit.json"
    fit.save(path)
    expected = program.json("plan", "--fit", path, "--compute", "1e14,1e16", "--next-run", "alpha")
    for given in (fit, fit.to_dict(), path, str(path)):
        assert_same(phaselaw.plan(given, [1e14, 1e16], next_run="alpha").to_dict(), expected)
    by_loss = program.json("plan", "--fit", path, "--loss", "2.3", "--tokens-per-param", "20")
    assert_same(phaselaw.plan(fit, loss=2.3, tokens_per_param=20).to_dict(), by_loss)
    of_sizes = program.json("plan", "--fit", path, "--n-params", "1e5", "--tokens", "2e6")
    found = phaselaw.plan(fit, n_params=1e5, tokens=2e6)
    assert_same(found.to_dict(), of_sizes)
    assert found.warnings == of_sizes["limits"]
    spending = program.json("plan", "--fit", path, "--compute", "1e16", "--inference-tokens", "1e12",
                            "--flop-convention", "with-attention", "--seq-len", "512")
    found = phaselaw.plan(fit, 1e16, inference_tokens=1e12, flop_convention="with-attention", seq_len=512)
    assert_same(found.to_dict(), spending)
    ranking = phaselaw.fit(ladder, resamples=10)
    assert phaselaw.plan(ranking, 1e15, law="chinchilla")["law"] == "chinchilla"
    chosen = phaselaw.plan(ranking, 1e15)  # the best that gives sizes
    assert chosen["n_params"]["value"] > 0
    assert_same(phaselaw.plan(ranking.to_dict(), 1e15).to_dict(), chosen.to_dict())


def test_a_fit_reads_back(ladder, tmp_path):
    fit = phaselaw.fit(ladder, "chinchilla", resamples=20)
    fit.save(tmp_path / "fit.json")
    assert phaselaw.Fit.load(tmp_path / "fit.json").json() == fit.json()


def test_isoflop_equals_the_program(program, tmp_path):
    law = lambda n, d: 1.7 + 400 * n**-0.34 + 410 * d**-0.28
    rows = [(n, c / (6 * n), c) for c in (1e18, 1e19, 1e20, 1e21) for n in np.geomspace(0.2, 5, 7) * (c / 1e3) ** 0.5]
    table = {"n_params": [r[0] for r in rows], "tokens": [r[1] for r in rows], "compute": [r[2] for r in rows],
             "loss": [law(n, d) for n, d, _ in rows]}
    path = tmp_path / "isoflop.csv"
    path.write_text("\n".join([",".join(table)] + [",".join(map(repr, map(float, r))) for r in zip(*table.values())]))
    expected = program.json("isoflop", path, "--resamples", "20")
    assert_same(phaselaw.isoflop(path, resamples=20).to_dict(), expected)
    assert_same(phaselaw.isoflop(table, resamples=20).to_dict(), expected)
    twice = {name: [*values, *values] for name, values in table.items()}
    twice["set"] = ["a"] * len(rows) + ["b"] * len(rows)
    apart = phaselaw.isoflop(twice, by="set", resamples=20).to_dict()["experiments"]
    assert [one["name"] for one in apart] == ["a", "b"]
    for one in apart:
        assert_same(one["methods"], expected["methods"])


@pytest.mark.parametrize(
    "numbers",
    [
        dict(compute=1e12, noise=0.3),
        dict(compute=1e12, n_data=1e3, n_layers=4, seq_len=8, d_model=16, d_hidden=256),
        dict(n_data=1e4, edition="v3", n_params=1e6, noise_exponent=0.1),
        dict(compute=1e30, edition="free", p=7, r=0.9, time=100, n_params=1e9, n_data=1e6, rate=0.1),
        dict(compute=1e12, edition="free", p_model=1, p_data=1, p_time=1),
        dict(law="time", n_data=1e3, rate=0.1, noise=0.5),
    ],
)
def test_theory_equals_the_program(program, numbers):
    flags = [word for name, value in numbers.items() for word in ("--" + name.replace("_", "-"), value)]
    found = phaselaw.theory(**numbers)
    assert_same(found.to_dict(), program.json("theory", *flags))
    assert found.edition == numbers.get("edition", "v1")
    with pytest.raises(AttributeError, match="no quantity 'slop'"):
        found.slop


def test_prediction_is_the_law(ladder):
    fit = phaselaw.fit(ladder, "chinchilla")
    e, a, alpha, b, beta = (fit.parameters[name].value for name in ("E", "A", "alpha", "B", "beta"))
    n, d = np.array([1e5, 1e6]), np.array([1e6, 3e7])
    found = fit.predict(N=n, tokens=d)
    assert found.value == pytest.approx(e + a * n**-alpha + b * d**-beta, rel=1e-12)
    assert np.all(found.lo <= found.value) and np.all(found.run_hi >= found.hi)
    with pytest.raises(phaselaw.InputError, match="tokens"):
        fit.predict(n_params=1e6)
    with pytest.raises(phaselaw.InputError, match="expected 2 numbers as in N, found 3"):
        fit.predict(N=n, tokens=[1.0, 2.0, 3.0])


def test_errors_are_the_program_s(program, ladder, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("n_params,tokens,loss\n1e6,1e9,3\n1e6,x,2.9\n2e6,2e9,2.8\n3e6,2e9,2.7\n1e7,1e9,2.6\n5e6,5e9,2.5\n")
    no_law = tmp_path / "none.json"
    no_law.write_text('{"law": "chinchilla"}')
    cases = [
        (["fit", "nowhere.csv"], lambda: phaselaw.fit("nowhere.csv")),
        (["fit", bad, "--law", "chinchilla"], lambda: phaselaw.fit(bad, "chinchilla")),
        (["fit", ladder, "--law", "chinchila"], lambda: phaselaw.fit(ladder, "chinchila")),
        (["fit", ladder, "--law", "chinchilla", "--fix", "gamma=1"],
         lambda: phaselaw.fit(ladder, "chinchilla", fix={"gamma": 1})),
        (["fit", ladder, "--law", "chinchilla", "--loss", "tset_loss"],
         lambda: phaselaw.fit(ladder, "chinchilla", loss="tset_loss")),
        (["fit", ladder, "--law", "chinchilla", "--where", "depth=3"],
         lambda: phaselaw.fit(ladder, "chinchilla", where="depth=3")),
        (["fit", ladder, "--law", "U^-a"], lambda: phaselaw.fit(ladder, "U^-a")),
        (["plan", "--fit", no_law, "--compute", "1e20"], lambda: phaselaw.plan(no_law, 1e20)),
        (["theory"], lambda: phaselaw.theory()),
        (["diagnose", ladder, "--run", "99"], lambda: phaselaw.diagnose(ladder, run="99")),
        (["diagnose", ladder, "--col", "lose=x"], lambda: phaselaw.diagnose(ladder, col={"lose": "x"})),
    ]
    for words, call in cases:
        with pytest.raises(phaselaw.InputError) as error:
            call()
        where = str(error.value).removeprefix(f"{no_law}: ")
        assert where == in_python(program.error(*words)).removeprefix(f"{no_law}: "), words
        assert isinstance(error.value, ValueError)


def test_errors_name_the_argument_as_the_program_names_the_flag(program, ladder):
    for verb, name, value, found in [
        ("fit", "objective", "hubber", "did you mean 'huber'"), ("fit", "level", 2, "in (0, 1)"),
        ("fit", "holdout", 1, "in [0, 1)"), ("fit", "resamples", 1, ">= 2"), ("isoflop", "window", 0.5, "> 1"),
    ]:
        with pytest.raises(phaselaw.InputError) as error:
            getattr(phaselaw, verb)(ladder, "chinchilla", **{name: value})
        said = program.error(verb, ladder, "--law", "chinchilla", f"--{name}", value)
        for text in (str(error.value), said):
            assert name in text or "unknown" in text, text
            assert found in text, text


def test_bad_frames():
    with pytest.raises(phaselaw.InputError, match="expected files, a frame of pandas, polars or pyarrow, or a dict"):
        phaselaw.fit(3, "chinchilla")
    with pytest.raises(phaselaw.InputError, match="expected columns of one length, found N 2, loss 1"):
        phaselaw.fit({"N": [1, 2], "loss": [1]}, "chinchilla")
    with pytest.raises(phaselaw.InputError, match="column N: expected one dimension"):
        phaselaw.fit({"N": np.ones((2, 2)), "loss": [1, 2]}, "chinchilla")
    with pytest.raises(phaselaw.InputError, match="column N: expected a list"):
        phaselaw.fit({"N": 3, "loss": [1]}, "chinchilla")
    with pytest.raises(phaselaw.InputError, match="expected columns, found none"):
        phaselaw.fit({}, "chinchilla")
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_csv(EXAMPLES / "ladder.csv")
    with pytest.raises(phaselaw.InputError, match="tokens"):
        phaselaw.fit(frame.drop(columns=["tokens", "compute_flop"]), "chinchilla")
    with pytest.raises(phaselaw.InputError, match="loss"):
        phaselaw.fit(frame.drop(columns="test_loss"), "chinchilla")
    frame["tokens"] = frame["tokens"].astype(object)
    frame.loc[3, "tokens"] = "many"
    with pytest.raises(phaselaw.InputError, match=r"DataFrame:4\b.*many"):
        phaselaw.fit(frame, "chinchilla")


def test_warnings_point_at_the_caller(ladder):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        phaselaw.fit(ladder, "chinchilla", resamples=20)
    texts = [str(w.message) for w in caught if issubclass(w.category, phaselaw.PhaselawWarning)]
    assert any("E ends at its bound" in text or "do not identify E" in text for text in texts)
    assert all(w.filename == __file__ for w in caught)


def test_a_fit_keeps_what_it_says(ladder):
    fit = phaselaw.fit(ladder, "chinchilla", resamples=20)
    assert fit.law == "chinchilla" and fit.certified and fit.n_points == 16 and fit.level == 0.95
    assert list(fit.parameters) == ["E", "A", "alpha", "B", "beta"]
    alpha = fit.parameters["alpha"]
    assert alpha.lo < alpha.value < alpha.hi
    assert fit.to_dict()["parameters"]["alpha"]["value"] == alpha.value
    fit.to_dict()["law"] = "another"  # a dict of one's own
    assert fit.law == "chinchilla"
    assert len(fit.data["loss"]) == 16
