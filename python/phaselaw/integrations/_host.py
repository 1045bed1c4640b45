# SPDX-License-Identifier: Apache-2.0
"""The class of a training framework that a callback derives from."""

from __future__ import annotations

import importlib
import sys
from typing import Any


def base_class(name: str, modules: tuple[str, ...], package: str) -> Any:
    """Returns the class of the first module that can be imported; modules that are already in use come first.

    Raises
    ------
    ImportError
        If there is none: which package to install.
    """
    reasons = []
    for module in sorted(modules, key=lambda module: module not in sys.modules):
        try:
            return getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as error:
            reasons.append(str(error))
    raise ImportError(f"this callback of phaselaw needs {package}: pip install {package} ({'; '.join(reasons)})")
