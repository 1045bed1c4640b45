#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tries the program on 29 files as users have them: check_cases.py PROGRAM [FOLDER] [--only NN]

FOLDER holds one folder for each case, with a number in front of its name. Without such a folder the check is skipped (77).
cases.py says what is right: an answer with its numbers, or a refusal that names a step which leads to it.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from cases import CASES, Case, Wrong

FOLDER = Path(__file__).resolve().parents[3] / ".." / "shared" / "cases" / "tables"


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("program")
    arguments.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    arguments.add_argument("--only", default="")
    options = arguments.parse_args()
    if not options.folder.is_dir():
        print(f"{options.folder} does not exist: skipped")
        sys.exit(77)
    wrong = 0
    for number, check in CASES.items():
        if not number.startswith(options.only):
            continue
        folder = next(iter(sorted(options.folder.glob(f"{number}-*"))), None)
        if folder is None:
            print(f"FAIL {number}: no such folder in {options.folder}")
            wrong += 1
            continue
        try:
            check(Case(os.path.abspath(options.program), folder))
            print(f"ok   {folder.name}")
        except (Wrong, KeyError, IndexError, TypeError, AttributeError, subprocess.TimeoutExpired) as e:
            print(f"FAIL {folder.name}: {type(e).__name__ + ': ' if not isinstance(e, Wrong) else ''}{e}")
            wrong += 1
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
