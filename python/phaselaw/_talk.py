# SPDX-License-Identifier: Apache-2.0
"""Messages of the library: warnings become Python's warnings, notes go to the logger "phaselaw"."""

import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from phaselaw import _core, _words
from phaselaw._errors import PhaselawWarning

_logger = logging.getLogger("phaselaw")
_here = os.path.dirname(__file__)
_collecting = threading.local()


@contextmanager
def collected() -> Iterator[list[str]]:
    """Collects the messages of this thread's calls in a list, instead of warning and logging.

    warnings.catch_warnings() would change the filters of all threads.
    """
    outer = getattr(_collecting, "messages", None)
    _collecting.messages = []
    try:
        yield _collecting.messages
    finally:
        _collecting.messages = outer


def _depth() -> int:
    """Returns the number of frames from tell() to the caller's own code."""
    depth = 1
    frame = sys._getframe(1)
    while frame.f_back is not None and os.path.dirname(frame.f_code.co_filename) == _here:
        depth += 1
        frame = frame.f_back
    return depth


def tell(is_warning: bool, text: str) -> None:
    """Receives a message of the library."""
    text = _words.in_python(text)
    messages = getattr(_collecting, "messages", None)
    if messages is not None:
        messages.append(text)
    elif is_warning:
        warnings.warn(text, PhaselawWarning, stacklevel=_depth())
    else:
        _logger.info(text)


def show_progress(shown: bool = True) -> None:
    """Sets whether calls longer than two seconds show their progress on stderr, as the program does.

    Parameters
    ----------
    shown : bool, default True
        It is False until this function is called.

    Examples
    --------
    >>> phaselaw.show_progress()
    >>> phaselaw.show_progress(False)
    """
    _core.show_progress(shown)


_core.set_talk(tell)
