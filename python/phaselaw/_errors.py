# SPDX-License-Identifier: Apache-2.0
"""Exceptions and the warning category of phaselaw. Their messages are those of the program, in Python's words."""

from phaselaw import _words


class InputError(ValueError):
    """The input is wrong: the message says where, what was expected, what was found, and what to do."""

    def __init__(self, message: str = "") -> None:
        super().__init__(_words.in_python(message))


class RunError(RuntimeError):
    """The work failed at run time, for example because the disk is full or a file was lost."""

    def __init__(self, message: str = "") -> None:
        super().__init__(_words.in_python(message))


class PhaselawWarning(UserWarning):
    """A result has a limitation: the text says what is wrong, what it means for the result, and what to do."""


# C++ raises them too, and users know them by the package's name.
for _error in (InputError, RunError, PhaselawWarning):
    _error.__module__ = "phaselaw"
