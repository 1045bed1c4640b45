# SPDX-License-Identifier: Apache-2.0
"""Messages name Python's arguments: no flag of the program is left in an error, a warning or a printed result."""

import re
import warnings

import pytest

import phaselaw
from conftest import EXAMPLES
from phaselaw._options import DESCRIBED
from phaselaw._words import in_python
from samples import curve, isoflop_rows, result
from test_experiments import SMALL

LADDER = EXAMPLES / "ladder.csv"
KNOWN = {name for options in DESCRIBED.values() for name in options} | {"law", "compute", "history", "ladder"}


@pytest.mark.parametrize("program, python", [
    ("rows of curves; use --last", "rows of curves; use last=True"),
    ("a curve needs all rows of its run; omit --last", "a curve needs all rows of its run; omit last"),
    ("name it with --col run=COLUMN", "name it with col={'run': 'COLUMN'}"),
    ("use --col run=COLUMN, or --col run=a+b for several", "use col={'run': 'COLUMN'}, or col={'run': 'a+b'} for several"),
    ("set one with --scale n_params=1e6 or --scale tokens=1e9", "set one with scale={'n_params': 1e6} or scale={'tokens': 1e9}"),
    ("hold one with --fix, or measure", "hold one with fix, or measure"),
    ("such as --fix q=1/6", "such as fix={'q': '1/6'}"),
    ("known; give it with --fix E=VALUE, or omit it", "known; give it with fix={'E': VALUE}, or omit it"),
    ("leave it out with --where 'loss>0'", "leave it out with where='loss>0'"),
    ("with --where precision=8", "with where='precision=8'"),
    ("cannot be read; choose some with --where", "cannot be read; choose some with where"),
    ("compare laws with --law all, or fit a narrower range with --where", "compare laws with law='all', or fit a narrower range with where"),
    ("or omit --rows envelope", "or omit rows='envelope'"),
    ("add --kind curves to compare", "add kind='curves' to compare"),
    ("not independent; use --cluster auto", "not independent; use cluster='auto'"),
    ("choose one with --table 1", "choose one with table='1'"),
    ("(--decimal ,), or save", "(decimal=','), or save"),
    ("raise --memory-limit; or", "raise memory_limit; or"),
    ("add --p, for example --p 6, or --p-model", "add p, for example p=6, or p_model"),
    ("sizes, such as --n-params 7B --tokens 2T, for", "sizes, such as n_params=7e9 tokens=2e12, for"),
    ("--law: expected a column's name", "law: expected a column's name"),
    ("(fit --fix)", "(fit fix)"), ("and 5 more: --verbose", "and 5 more: to_dict()"),
    ("--spectrum-only computes the non-zero ones", "spectrum_only computes the non-zero ones"),
    ("use edition v1; add --edition free, or omit it", "use edition v1; add edition='free', or omit it"),
    ("a narrower run with --next-run n_params.", "a narrower run with next_run='n_params'."),
    ("join them with `phaselaw merge --out x`", "join them with `phaselaw merge --out x`"),
    ("make one with phaselaw fit TABLE.csv --law chinchilla --json fit.json",
     "make one with phaselaw fit TABLE.csv --law chinchilla --json fit.json"),
    ("found '--last'", "found '--last'"), ("a -- b", "a -- b"), ("x--last", "x--last"), ("--unheard-of 3", "--unheard-of 3"),
])
def test_sentences(program, python):
    assert in_python(program) == python
    assert in_python(python) == python


@pytest.mark.parametrize("verb, name", [(verb, name) for verb, options in DESCRIBED.items() for name in options])
def test_every_option_is_translated(verb, name):
    flag = "--" + name.replace("_", "-")
    for sentence in ("raise {}", "{}: expected a number > 0", "use {}, or omit it", "choose with {}", "add {} or see the help."):
        said = in_python(sentence.format(flag))
        assert "--" not in said and re.search(rf"\b{name}\b", said), said


CALLS = {
    "fit": lambda **o: phaselaw.fit(LADDER, "chinchilla", **o),
    "plan": lambda **o: phaselaw.plan(result("Fit"), **({"compute": 1e14} | o)),
    "isoflop": lambda **o: phaselaw.isoflop(isoflop_rows(), **o),
    "diagnose": lambda **o: phaselaw.diagnose(curve(), **o),
    "compare": lambda **o: phaselaw.compare(LADDER, LADDER, **o),
    "forecast": lambda **o: phaselaw.forecast(curve(), **o),
    "read_table": lambda **o: phaselaw.read_table(LADDER, **o),
    "predict": lambda **o: phaselaw.predict(SMALL, **o),
    "kernel": lambda **o: phaselaw.kernel(SMALL, **o),
    "flow": lambda **o: phaselaw.flow(SMALL, **o),
    "sweep": lambda **o: phaselaw.sweep({**SMALL, "grid": {"seeds": 2}}, "no_folder/s.db", **o),
    "theory": lambda **o: phaselaw.theory(**({"compute": 1e12} | o)),
}


@pytest.mark.filterwarnings("ignore::phaselaw.PhaselawWarning")
@pytest.mark.parametrize("verb, name", [(verb, name) for verb, options in DESCRIBED.items() for name in options])
def test_a_wrong_value_of_every_option_names_the_argument(verb, name):
    wrong = [object(), "no such value", -3, {"no_such_name": "x"}]
    raised = 0
    for value in wrong:
        try:
            CALLS[verb](**{name: value})
        except (phaselaw.InputError, phaselaw.RunError) as error:
            raised += 1
            assert not re.search(r"(?<!['\w])--[a-z]", re.sub(r"`[^`]*`|phaselaw [a-z]+ .*", "", str(error))), error
    assert raised >= 1


def test_warnings_and_printed_results_too():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = phaselaw.fit(LADDER, "chinchilla", resamples=40)
    said = [str(one.message) for one in caught]
    assert any("hold one with fix, or measure" in text for text in said), said
    assert "--" not in " ".join([*said, *fit.warnings, repr(fit), result("Plan")._repr_html_()])
    diagnosis = result("Diagnoses")
    assert "--warmup" in diagnosis.curves[0]["next"]  # the JSON is the program's
    assert "or warmup, and decay" in repr(diagnosis) and "--" not in diagnosis._repr_html_()
