#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The passes of the transformer are written on model::Operations alone (docs/decisions/023-the-seat-for-a-device.md).

A branch knows sizes and addresses; only an operation reads or writes numbers, so that a device can replace the
operations. This test holds the sources of the branches to that: they index nothing but lists of layers and tables by
kind of block, and they call no function that touches memory or multiplies matrices.
"""

import pathlib
import re
import sys

MODEL = pathlib.Path(__file__).resolve().parents[2] / "phaselaw" / "model"
SOURCES = ("attention_branch.h", "attention_branch.cpp", "cross_branch.h", "cross_branch.cpp", "mlp_branch.h",
           "mlp_branch.cpp", "stack.h", "stack.cpp", "encoder.h", "encoder.cpp", "ends.h", "ends.cpp",
           "transformer.cpp")
INDEXED = {"layers", "wanted", "blocks", "separate_"}  # host tables, none of them numbers of a pass
TOUCHES = re.compile(r"#pragma omp|\bstd::(?:copy|fill|transform|accumulate|memcpy|memset)\w*|\bgemm\b|numerics::Op\b"
                     r"|[=(]\s*\*(?!\w+\.state_)\w")  # the last: a pointer is followed, other than to a workspace


def faults(source: str) -> list[str]:
    """What a source does that only an operation may do, as 'line: text'."""
    found = []
    for number, line in enumerate(source.splitlines(), 1):
        code = line.split("//")[0]
        indexed = set(re.findall(r"(\w+)\[", code)) - INDEXED - {"nodiscard"}
        if indexed or TOUCHES.search(code):
            found.append(f"{number}: {line.strip()}")
    return found


def main() -> int:
    for broken in ("out[i] = 0;", "std::copy_n(x, n, y);", "const T first = *x;", "gemm<T>(Op::none);"):
        if not faults(broken):
            print(f"the check accepts: {broken}")
            return 1
    bad = [f"phaselaw/model/{name}:{fault}" for name in SOURCES for fault in faults((MODEL / name).read_text())]
    for line in bad:
        print(f"{line}\n    a branch may not read or write numbers; add an operation to phaselaw/model/operations.h")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
