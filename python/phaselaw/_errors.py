# SPDX-License-Identifier: Apache-2.0
"""What goes wrong, and whose fault it is. The words are the program's."""


class InputError(ValueError):
    """The input: where, what was expected, what was found, what to do. The program ends with exit code 2."""


class RunError(RuntimeError):
    """The work failed while running: a full disk, a lost file. The program ends with exit code 1."""


class PhaselawWarning(UserWarning):
    """A result that is not to be taken as it stands; the text says why and what to do."""


# Raised from C++ too; people know them by the package's name.
for _error in (InputError, RunError, PhaselawWarning):
    _error.__module__ = "phaselaw"
