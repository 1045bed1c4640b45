# SPDX-License-Identifier: Apache-2.0
"""Checks, before the compiled module is loaded, that it was built for this Python and this processor. Otherwise the
interpreter would miss a module without a reason, or end with an illegal instruction and without a message."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path


def missing(needed: Sequence[str], cpuinfo: str = "/proc/cpuinfo") -> list[str]:
    """Returns the instruction sets that the processor lacks; none if the system does not list them."""
    try:
        with open(cpuinfo, encoding="ascii", errors="replace") as file:
            line = next((line for line in file if line.startswith("flags")), None)
    except OSError:
        return []
    there = set(line.split()) if line else set(needed)
    return [name for name in needed if name not in there]


def require(needed: Sequence[str], cpuinfo: str = "/proc/cpuinfo") -> None:
    """Raises ImportError if an instruction set is missing."""
    if lacking := missing(needed, cpuinfo):
        raise ImportError(
            f"this phaselaw was built for a processor with {', '.join(lacking)}, which this one does not have; "
            "build it on this machine (pip install .), or install a wheel for all machines of this architecture "
            "(setup/wheels.sh builds them)"
        )


def require_module(name: str = "phaselaw._core") -> None:
    """Raises ImportError if no compiled module of this name is for this Python."""
    if importlib.util.find_spec(name) is not None:
        return
    parent, _, stem = name.rpartition(".")
    folders = sys.modules[parent].__path__
    others = sorted(path.name for folder in folders for path in Path(folder).glob(f"{stem}.*so"))
    here = f"{sys.implementation.name} {sys.version_info[0]}.{sys.version_info[1]}"
    found = f"it contains {', '.join(others)}" if others else "it contains no compiled module"
    raise ImportError(
        f"this phaselaw is not for {here}: {found}; install it with the pip of this interpreter "
        f"({sys.executable} -m pip install, with the wheel for it, or . in the sources)"
    )
