# SPDX-License-Identifier: Apache-2.0
"""The tutorials: each runs as a script, and as a notebook prints what the committed notebook shows."""

import importlib.util
import os
import re
import subprocess
import sys

import pytest

from conftest import ROOT

FOLDER = ROOT / "docs" / "tutorials"
spec = importlib.util.spec_from_file_location("tutorials", FOLDER / "run.py")
tutorials = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tutorials)

NUMBER = re.compile(r"[-+]?\d[\d,]*\.?\d*(?:e[-+]?\d+)?")


def value_and_unit(text):
    """A number as shown, and one unit of its last digit."""
    mantissa, _, exponent = text.replace(",", "").partition("e")
    scale = 10.0 ** int(exponent or 0)
    return float(mantissa) * scale, 10.0 ** -len(mantissa.partition(".")[2]) * scale


def assert_same_text(found, shown, where):
    """Equal but for rounding: on another processor a number may fall to the other side of a half."""
    assert NUMBER.sub("#", found) == NUMBER.sub("#", shown), where
    for a, b in zip(NUMBER.findall(found), NUMBER.findall(shown)):
        (x, unit), (y, other) = value_and_unit(a), value_and_unit(b)
        assert abs(x - y) <= 1.001 * max(unit, other), f"{where}: {a} against {b}"


def texts(cell):
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            yield output.text
        else:
            yield from (output.data[kind] for kind in ("text/plain", "text/html") if kind in output.data)


def test_numbers_that_differ_in_more_than_rounding_are_seen():
    assert_same_text("alpha 0.211 [1,234, 2e-3]", "alpha 0.212 [1,235, 3e-3]", "")
    for found, shown in (("0.211", "0.213"), ("1,234", "1,236"), ("2e-3", "2e-2"), ("a 1", "b 1"), ("1 2", "1")):
        with pytest.raises(AssertionError):
            assert_same_text(found, shown, "")


@pytest.mark.parametrize("name", tutorials.NAMES)
def test_the_notebook_prints_what_is_committed(name):
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    pytest.importorskip("matplotlib")
    again = tutorials.execute(name)
    committed = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    advice = f"docs/tutorials/run.py {name} makes it again"
    assert [cell.source for cell in again.cells] == [cell.source for cell in committed.cells], advice
    for cell, old in zip(again.cells, committed.cells):
        found, shown = list(texts(cell)), list(texts(old))
        assert len(found) == len(shown), f"{cell.id}; {advice}"
        for a, b in zip(found, shown):
            assert_same_text(a, b, f"{cell.id}; {advice}")
    assert str(ROOT) not in (FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", tutorials.NAMES)
def test_the_script_runs(name, tmp_path):
    pytest.importorskip("matplotlib")
    words = [sys.executable, "-W", "error::DeprecationWarning", FOLDER / f"{name}.py"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "MPLBACKEND": "agg"})
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.iterdir())
