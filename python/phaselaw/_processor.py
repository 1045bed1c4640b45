# SPDX-License-Identifier: Apache-2.0
"""Before the compiled module is loaded: has this processor the instructions that it was built with? Without them it
would die of an illegal instruction, with no word about why."""

from __future__ import annotations

from collections.abc import Sequence


def missing(needed: Sequence[str], cpuinfo: str = "/proc/cpuinfo") -> list[str]:
    """Of the instruction sets, those that the processor lacks; none where it does not say what it has."""
    try:
        with open(cpuinfo, encoding="ascii", errors="replace") as file:
            line = next((line for line in file if line.startswith("flags")), None)
    except OSError:
        return []
    there = set(line.split()) if line else set(needed)
    return [name for name in needed if name not in there]


def require(needed: Sequence[str], cpuinfo: str = "/proc/cpuinfo") -> None:
    if lacking := missing(needed, cpuinfo):
        raise ImportError(
            f"this phaselaw was built for a processor with {', '.join(lacking)}, which this one does not have; build it "
            "here (pip install .), or where it was built for every machine of this architecture: "
            "pip wheel . -C cmake.define.PHASELAW_NATIVE=OFF"
        )
