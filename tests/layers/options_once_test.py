#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An option of a question is written down once: in the fields() of its request.

The command line, the Python keywords and the JSON of the options come from there, so a new option is an edit of two
files: the struct with its fields(), and the code that obeys it. This test holds the other files to that: a verb that
asks with a request spells no flag of it, and the Python package spells no keyword of it outside the module that
'phaselaw keys --python' writes.
"""

import ast
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERBS = ("fit", "plan", "isoflop", "diagnose", "forecast", "compare", "watch", "kernel", "predict", "theory")


def options_of(module: str) -> dict[str, set[str]]:
    """The keywords of every TypedDict of the written module, by class."""
    return {
        node.name: {item.target.id for item in node.body if isinstance(item, ast.AnnAssign)}
        for node in ast.parse(module).body
        if isinstance(node, ast.ClassDef) and node.name != "Option"
    }


def flags_spelled(source: str) -> set[str]:
    """The flags that a verb declares by hand."""
    declared = re.findall(r'\.(?:option|flag|required|optional_positional)\("--([a-z-]+)"', source)
    return {flag.replace("-", "_") for flag in declared}


def keywords_spelled(source: str) -> set[str]:
    """The parameters that the functions of a Python file name themselves."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            names.update(argument.arg for argument in node.args.kwonlyargs)
    return names


def test_finds_what_is_written_twice() -> None:
    assert flags_spelled('add(..).option("--next-run", x, "y").flag("--laws", z)') == {"next_run", "laws"}
    assert keywords_spelled("def fit(table, *, level=0.9): ...") == {"level"}
    assert options_of("class A(TypedDict, total=False):\n    level: float\n") == {"A": {"level"}}


def test_verbs_spell_no_option_of_their_request() -> None:
    options = options_of((ROOT / "python/phaselaw/_options.py").read_text(encoding="utf-8"))
    known = set().union(*options.values())
    assert {"level", "next_run", "warmup"} <= known, "the written module has lost its options"
    for verb in VERBS:
        own = options.get(f"{verb.capitalize()}Options", known)
        twice = flags_spelled((ROOT / f"phaselaw/cli/{verb}.cpp").read_text(encoding="utf-8")) & own
        assert not twice, f"phaselaw/cli/{verb}.cpp spells {sorted(twice)}, which the fields() of its request have"


def test_python_spells_no_option_of_a_question() -> None:
    options = options_of((ROOT / "python/phaselaw/_options.py").read_text(encoding="utf-8"))
    questions = ("FitOptions", "PlanOptions", "IsoflopOptions", "DiagnoseOptions")
    of_tables = set().union(*(options[name] for name in questions))
    twice = keywords_spelled((ROOT / "python/phaselaw/laws.py").read_text(encoding="utf-8")) & of_tables
    assert not twice, f"python/phaselaw/laws.py spells {sorted(twice)}"


if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print(f"{name}: passed")
    sys.exit(0)
