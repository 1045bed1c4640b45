# SPDX-License-Identifier: Apache-2.0
"""What the tests of the Python module share: the program beside it, and a comparison to the last digit."""

import json
import math
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
# Of the machine or the moment, not of the result.
TRANSIENT = {"seconds", "seconds_beside", "made_by", "threads"}


def find_program():
    path = Path(os.environ.get("PHASELAW_PROGRAM", ROOT / "build/release/bin/phaselaw"))
    return path if path.is_file() else None


class Program:
    def __init__(self, path, folder):
        self.path, self.folder = path, folder

    def run(self, *words):
        return subprocess.run([str(self.path), *map(str, words)], capture_output=True, text=True, cwd=self.folder)

    def json(self, *words):
        out = self.folder / "answer.json"
        done = self.run(*words, "--json", out, "--quiet")
        assert done.returncode == 0, done.stderr
        return json.loads(out.read_text())

    def error(self, *words):
        """The text of its error, exit code 2."""
        done = self.run(*words)
        assert done.returncode == 2, done.stderr
        lines = [line for line in done.stderr.splitlines() if line.startswith("phaselaw: error: ")]
        return lines[-1].removeprefix("phaselaw: error: ")


@pytest.fixture
def program(tmp_path):
    path = find_program()
    if path is None:
        pytest.skip("no program to compare with; build it (setup/build.sh phaselaw) or set PHASELAW_PROGRAM")
    return Program(path, tmp_path)


def assert_same(python, program, where="", ulps=0):
    """Equal to the last digit: floats are compared as they are, or within so many units of the last place."""
    assert type(python) is type(program) or {type(python), type(program)} <= {int, float}, f"{where}: kinds"
    if isinstance(program, dict):
        a, b = ({k for k in side if k not in TRANSIENT} for side in (python, program))
        assert a == b, f"{where}: fields {a ^ b}"
        for key in b:
            assert_same(python[key], program[key], f"{where}.{key}", ulps)
    elif isinstance(program, list):
        assert len(python) == len(program), f"{where}: {len(python)} items against {len(program)}"
        for i, (x, y) in enumerate(zip(python, program)):
            assert_same(x, y, f"{where}[{i}]", ulps)
    else:
        near = ulps and isinstance(program, float) and abs(python - program) <= ulps * math.ulp(program)
        assert near or python == program, f"{where}: {python!r} against {program!r}"


@pytest.fixture
def ladder():
    """A table of 16 runs: run, n_params, tokens, compute_flop, test_loss."""
    return EXAMPLES / "ladder.csv"
