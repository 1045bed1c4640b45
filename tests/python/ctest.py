#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The module's tests for ctest: in the virtual environment that tests/python/run.sh made, if there is one; else 77.

ctest.py PROGRAM DEFAULT_VENV MODULES [options of pytest]: the program to compare with where the package has none; the
environment unless PHASELAW_PYTHON_VENV names another; what it must have beside phaselaw, "pytest,nbclient".
"""

import os
import subprocess
import sys
from pathlib import Path

program, venv = sys.argv[1], os.environ.get("PHASELAW_PYTHON_VENV", sys.argv[2])
python = Path(venv) / "bin" / "python"
root = Path(__file__).resolve().parents[2]
if not python.is_file():
    print(f"skipped: no environment at {venv}; tests/python/run.sh {venv} makes one (from the package index)")
    sys.exit(77)
code = f"import phaselaw, {sys.argv[3]}; from phaselaw import _program; print(_program.PATH)"
probe = subprocess.run([python, "-c", code], cwd="/", capture_output=True, text=True)
if probe.returncode != 0:
    print(f"skipped: {python} does not have all of phaselaw, {sys.argv[3]}: {probe.stderr.strip().splitlines()[-1]}")
    sys.exit(77)
own = probe.stdout.strip()  # built with the same instructions, so the last digits agree
program = own if Path(own).is_file() else program
command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *sys.argv[4:]]
sys.exit(subprocess.run(command, cwd=root, env={**os.environ, "PHASELAW_PROGRAM": program}).returncode)
