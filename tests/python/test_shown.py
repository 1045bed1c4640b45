# SPDX-License-Identifier: Apache-2.0
"""What a notebook shows: tables that say everything the text says, figures with labelled axes."""

import html.parser

import numpy as np
import pytest

import phaselaw
from phaselaw._words import in_python

pytestmark = pytest.mark.filterwarnings("ignore::phaselaw.PhaselawWarning")


class Reader(html.parser.HTMLParser):
    """Checks that tags are closed in order, and keeps cells and text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.cells, self.text = [], [], ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "style":
            return
        self.text += data
        if self.open and self.open[-1] in ("td", "th"):
            self.cells[-1] += data


@pytest.fixture
def fit(ladder):
    return phaselaw.fit(ladder, "chinchilla", resamples=40)


def test_a_fit_as_a_table(fit):
    page = Reader(fit._repr_html_())
    for name, estimate in fit.parameters.items():
        assert name in page.cells
        assert str(estimate) == f"{name} {phaselaw.format_value(estimate.value, estimate.lo, estimate.hi)}"
        assert str(estimate).removeprefix(f"{name} ") in page.cells
    for warning in fit.warnings:
        assert warning in page.text
    assert fit.formula in page.text and "95 % interval" in page.text and "The rows determine" in repr(fit)
    assert all(name in repr(fit) for name in fit.parameters)
    assert "<script" not in fit._repr_html_()


def test_a_formula_cannot_inject_markup(ladder):
    table = dict(phaselaw.read_table(ladder).columns)
    table = {name: list(values) for name, values in table.items() if name in ("n_params", "tokens", "loss")}
    fit = phaselaw.fit(table, "E + A*N^-alpha", interval="none")
    fit._dict["warnings"] = ["<b>&"]
    assert "<b>&" not in fit._repr_html_() and "&lt;b&gt;&amp;" in fit._repr_html_()


def test_a_plan_as_a_table(fit):
    plan = phaselaw.plan(fit, [1e14, 1e16])
    page = Reader(plan._repr_html_())
    assert {"compute (FLOP)", "n_params", "tokens", "loss", "bottleneck", "1e14", "1e16"} <= set(page.cells)
    assert "n_params" in repr(plan) and len(plan) == 2
    assert plan.points[0].n_params.value == plan.to_dict()["plans"][0]["n_params"]["value"]
    assert plan.points[1].loss.lo < plan.points[1].loss.hi
    with pytest.raises(AttributeError, match="no estimate 'n_parms'"):
        plan.points[0].n_parms


def test_numbers_are_the_program_s(fit, program, tmp_path):
    path = tmp_path / "fit.json"
    fit.save(path)
    shown = program.run("plan", "--fit", str(path), "--compute", "1e14").stdout
    plan = phaselaw.plan(fit, 1e14)
    cells = Reader(plan._repr_html_()).cells
    for name in ("n_params", "tokens", "loss"):
        estimate = getattr(plan.points[0], name)
        text = str(estimate).removeprefix(f"{name} ")
        assert text in shown and text in cells and text in repr(plan)
        assert text == phaselaw.format_value(estimate.value, estimate.lo, estimate.hi, estimate.unit)
    assert "," not in str(plan.points[0].n_params).replace(", ", "")


def test_values_for_people():
    assert phaselaw.format_value(159497, 48123, 1.71e6, "parameters") == "160k [48k, 1.7M]"
    assert phaselaw.format_value(7.9e7, 2.6e6, 2.1e9, "FLOP") == "7.9e7 [2.6e6, 2.1e9]"
    assert phaselaw.format_value(0.2134, 0.2101) == "0.2134 [0.2101, unbounded]"
    assert phaselaw.format_value(0.16349) == "0.163"
    assert str(phaselaw.Estimate("q", 0.25, fixed=True)) == "q 0.25"
    assert str(phaselaw.Estimate("q", None)) == "q –"


def test_a_ranking_as_a_table(ladder):
    ranking = phaselaw.fit(ladder, resamples=5)
    page = Reader(ranking._repr_html_())
    assert {row["law"] for row in ranking.ranking} <= set(page.cells)
    assert ranking.best.law in repr(ranking)


def test_theory_as_text_is_the_program_s(program):
    for numbers in (
        dict(compute=1e12, noise=0.3),
        dict(compute=1e30, n_params=1e9, n_data=1e6, rate=0.1),
        dict(law="data", n_data=1e3, noise=0.3),
    ):
        flags = [word for name, value in numbers.items() for word in ("--" + name.replace("_", "-"), str(value))]
        shown = [line.split() for line in program.run("theory", *flags).stdout.splitlines()]
        assert [line.split() for line in repr(phaselaw.theory(**numbers)).splitlines()] == shown


def test_theory_and_curves_as_tables(ladder):
    from test_experiments import SMALL
    from test_laws import curve_rows

    theory = phaselaw.theory(compute=1e12, noise=0.3)
    page = Reader(theory._repr_html_())
    assert {"excess_risk_upper", phaselaw._core.format_number(theory.excess_risk_upper, 6)} <= set(page.cells)
    assert "rate" not in page.cells and "excess_risk_upper" in repr(theory)  # what is not known is left out
    measured = phaselaw.theory_from(SMALL)
    page = Reader(measured._repr_html_())
    assert {check["statement"] for check in measured["checks"]} <= set(page.cells) and "Lemma 5.3 [R]" in repr(measured)
    diagnoses = phaselaw.diagnose(curve_rows())
    page = Reader(diagnoses._repr_html_())
    assert {"a", "b", "c"} <= set(page.cells) and all(in_python(curve["next"]) in page.text for curve in diagnoses.curves)
    prediction = phaselaw.predict(SMALL, n_data=[4, 8], resamples=10, check=True)
    page = Reader(prediction._repr_html_())
    assert {"4", "8", "trained", phaselaw._core.format_number(prediction.checked[0].measured[-1], 3)} <= set(page.cells)
    risk, lo, hi = (getattr(prediction.surfaces[0], name)[0][-1] for name in ("risk", "lo", "hi"))
    assert phaselaw.format_value(risk, lo, hi) in page.cells and phaselaw.format_value(risk, lo, hi) in repr(prediction)


def test_figures_return_labelled_axes(fit, tmp_path):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    import matplotlib.pyplot as pyplot

    from test_experiments import SMALL

    model = phaselaw.Transformer(n_layers=1, seq_len=2, d_model=4, d_hidden=8, n_heads=1, d_head=4)
    kernel = phaselaw.tangent_kernel(model, model.init(), np.random.default_rng(0).standard_normal((3, 2, 4)))
    drawn = {
        "fit": phaselaw.plot.fit(fit),
        "plan": phaselaw.plot.plan(phaselaw.plan(fit, [1e12, 1e13])),
        "spectrum": phaselaw.plot.spectrum(kernel),
        "kernel": phaselaw.plot.spectrum(phaselaw.kernel(SMALL)),
        "flow": phaselaw.plot.flow(phaselaw.flow(SMALL)),
        "prediction": phaselaw.plot.prediction(phaselaw.predict(SMALL, n_data=[4, 8], resamples=10)),
    }
    for name, ax in drawn.items():
        assert ax.get_xlabel() and ax.get_ylabel(), name
        assert ax.get_xscale() == ax.get_yscale() == "log", name
        assert ax.lines or ax.collections, name
        ax.figure.savefig(tmp_path / f"{name}.png")
    own = pyplot.subplots()[1]
    assert phaselaw.plot.fit(fit, own) is own
    with pytest.raises(phaselaw.InputError, match="no column 'depth'"):
        phaselaw.plot.fit(fit, x="depth")
    pyplot.close("all")
