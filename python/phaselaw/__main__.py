# SPDX-License-Identifier: Apache-2.0
"""python -m phaselaw: the program."""

import sys

from phaselaw import _program

_program.start(sys.argv[1:])
