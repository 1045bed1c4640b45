# SPDX-License-Identifier: Apache-2.0
"""Checks, before the compiled module is loaded, that this processor supports the instructions for which it was built.
Otherwise the interpreter would end with an illegal instruction and without a message."""

from __future__ import annotations

from collections.abc import Sequence


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
            "build it on this machine (pip install .), or elsewhere without PHASELAW_NATIVE, which is for all machines of "
            "this architecture (pip wheel .)"
        )
