# SPDX-License-Identifier: Apache-2.0
"""Checks and converts arguments. An InputError names the argument, what was expected, and what was found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from phaselaw._errors import InputError


def found(value: Any) -> str:
    """Returns a text such as "found an int"."""
    name = type(value).__name__
    return f"found {'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def numbers(value: Any, name: str) -> npt.NDArray[np.float64]:
    """Converts to a C-contiguous float64 array of at least one dimension; copies only if necessary."""
    if value is None:
        raise InputError(f"{name}: expected numbers, found None")
    try:
        return np.ascontiguousarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        what = f"found {value!r}" if isinstance(value, str) else found(value)
        raise InputError(f"{name}: expected numbers, {what}") from None


def mapping(value: Any, name: str, of: str) -> dict[str, Any]:
    """Converts a mapping to a dict; `of` is an example for the message."""
    if not isinstance(value, Mapping):
        raise InputError(f"{name}: expected a dict, e.g. {of}; {found(value)}")
    return dict(value)
