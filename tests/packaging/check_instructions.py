# SPDX-License-Identifier: Apache-2.0
"""Reads the machine code of a program or library and checks that it runs on every x86-64 processor: instructions above the
baseline stand only in the functions Versions<...>::avx2 and ::avx512 (phaselaw/base/instruction_set.h), which are called
only where the processor has them. A copy of an inline function that was compiled for a newer processor, and that the
linker chose for all, would be found here.

    check_instructions.py FILE

Exit code 77 (skipped): another architecture, a file without names of functions, or no objdump."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

VERSION = re.compile(r"8VersionsI.*E(4avx2|6avx512)E")
WIDE = re.compile(r"%[yz]mm\d|%k[0-7]\b|%xmm(1[6-9]|2\d|3[01])\b")
# VEX forms of SSE instructions, and BMI. Not `tzcnt`, which older processors execute as `bsf`; `verr` and `verw` are old.
NEWER = re.compile(r"^(v(?!err|erw)[a-z0-9]+|andn|bextr|blsi|blsmsk|blsr|mulx|pdep|pext|rorx|sarx|shlx|shrx|bzhi|lzcnt)$")


def newer_instructions(lines):
    """Yields (function, instruction) for each instruction above the baseline."""
    function = "?"
    for line in lines:
        if line.endswith(">:\n"):
            function = line[line.index("<") + 1 : -3]
            continue
        parts = line.rstrip().split("\t")
        if len(parts) < 2:
            continue
        words = parts[-1].split()
        if words and (NEWER.match(words[0].removesuffix("l").removesuffix("q")) or NEWER.match(words[0]) or WIDE.search(parts[-1])):
            yield function, parts[-1]


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    if shutil.which("objdump") is None:
        print("skipped: objdump (binutils) is not installed")
        return 77
    sections = subprocess.run(["objdump", "--section-headers", "--syms", sys.argv[1]], capture_output=True, text=True)
    if "no symbols" in sections.stdout:
        print("skipped: the names of its functions were stripped")
        return 77
    found = {"4avx2": set(), "6avx512": set()}
    wide = {"%ymm": 0, "%zmm": 0}
    stray: dict[str, str] = {}
    command = ["objdump", "--disassemble", "--no-show-raw-insn", sys.argv[1]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace") as objdump:
        if "x86-64" not in "".join(objdump.stdout.readline() for _ in range(3)):
            objdump.kill()
            print("skipped: not a program for x86-64")
            return 77
        for function, instruction in newer_instructions(objdump.stdout):
            if version := VERSION.search(function):
                found[version.group(1)].add(function)
                for register in wide:
                    wide[register] += register in instruction
            else:
                stray.setdefault(function, instruction)
    # Without these the check would pass for a program that has no versions at all, or names that no longer match.
    for version, functions in found.items():
        if len(functions) < 20:
            print(f"expected at least 20 functions {version}, found {len(functions)}: is this phaselaw, with its symbols?")
            return 1
    if min(wide.values()) == 0:
        print(f"expected wide registers in the versions, found {wide}")
        return 1
    for function, instruction in list(stray.items())[:20]:
        print(f"{function}: {instruction}")
    if stray:
        print(f"{len(stray)} functions use instructions that not every x86-64 processor has")
        return 1
    print(f"{sum(map(len, found.values()))} versions of loops; no newer instruction elsewhere")
    return 0


if __name__ == "__main__":
    sys.exit(main())
