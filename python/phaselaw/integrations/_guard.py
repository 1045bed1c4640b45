# SPDX-License-Identifier: Apache-2.0
"""A fault in an integration never reaches the training: it is reported once, and the integration switches itself off."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from phaselaw._errors import PhaselawWarning

T = TypeVar("T")


def tell(text: str, error: BaseException | None = None) -> None:
    """Warns, and logs instead where warnings are errors; never raises an Exception."""
    try:
        warnings.warn(text, PhaselawWarning, stacklevel=3)
    except Exception:
        try:
            logging.getLogger("phaselaw").warning(text)
        except Exception:  # a handler that raises
            return
    if error is not None:
        try:
            logging.getLogger("phaselaw").debug("the fault in full", exc_info=error)
        except Exception:
            return


def described(error: BaseException) -> str:
    try:
        text = " ".join(str(error).split())
    except Exception:  # an exception without a text
        text = ""
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__


class Guard:
    """Runs the work of an integration until it fails once.

    KeyboardInterrupt and SystemExit pass through, because they are meant for the training.

    Attributes
    ----------
    fault : str
        What failed; empty while nothing did.
    """

    def __init__(self) -> None:
        self.fault = ""

    def run(self, where: str, work: Callable[..., T], *arguments: Any) -> T | None:
        """Returns work(*arguments), or None after a fault."""
        if self.fault:
            return None
        try:
            return work(*arguments)
        except Exception as error:
            self.fault = f"{where}: {described(error)}"
            tell(f"phaselaw no longer watches this training, which is not affected; {self.fault}", error)
            return None
