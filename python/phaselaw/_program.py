# SPDX-License-Identifier: Apache-2.0
"""Starts the program that is part of this package. The process becomes the program, so signals and exit codes are its own.

The module imports nothing of the package, so that the command `phaselaw` does not wait for NumPy."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bin", "phaselaw")


def start(arguments: list[str]) -> NoReturn:
    """Replaces this process by the program. SystemExit with exit code 1 and the remedy if that is impossible."""
    try:
        os.execv(PATH, ["phaselaw", *arguments])
    except OSError as error:
        raise SystemExit(
            f"phaselaw: error: {PATH} cannot be started ({error.strerror}); install the package again: "
            "pip install --force-reinstall, with the wheel of this version"
        ) from None


if __name__ == "__main__":
    start(sys.argv[1:])
