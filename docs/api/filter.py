#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What Doxygen reads instead of a header: our plain // comments as its own /// (before a declaration) and ///< (after one).

A comment that stands before `namespace` describes the file. Equations and tables, the indented lines of a comment, keep their
lines."""
import re
import sys


def comment_start(line: str) -> int:
    """Where the // of a line begins that is not inside a string; -1: nowhere."""
    inside = False
    for i, c in enumerate(line):
        if c == '"' and (i == 0 or line[i - 1] != "\\"):
            inside = not inside
        if not inside and line.startswith("//", i):
            return i
    return -1


def as_text(lines: list) -> list:
    """Comment lines as Doxygen's; runs of indented lines (equations, tables) as verbatim blocks."""
    out, verbatim = [], False
    for line in lines:
        indented = line.startswith("  ")
        if indented != verbatim and line.strip():
            while verbatim and not out[-1].strip():
                out.pop()
            out.append("@verbatim" if indented else "@endverbatim")
            verbatim = indented
        # Outside verbatim nothing is a command or a tag.
        out.append(line if verbatim else re.sub(r"([@\\<>#&$%\"|~])", r"\\\1", line.strip()))
    if verbatim:
        out.append("@endverbatim")
    return out


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as header:
        lines = header.read().split("\n")
    out, block, at = [], [], 0
    while at < len(lines):
        stripped = lines[at].strip()
        if stripped.startswith("//") and not stripped.startswith("// SPDX"):
            block = []
            while at < len(lines) and lines[at].strip().startswith("//"):
                block.append(lines[at].strip()[2:].removeprefix(" ") if lines[at].strip() != "//" else "")
                at += 1
            following = next((line for line in lines[at:] if line.strip()), "")
            of_file = following.startswith(("namespace", "#include"))
            # A block comment: in ///, Doxygen keeps the slashes of verbatim lines.
            out += ["/** @file" if of_file else "/**", *(text.replace("*/", "* /") for text in as_text(block)), "*/"]
            continue
        start = comment_start(lines[at])
        if start > 0 and not stripped.startswith(("#", "}", "//")):
            out.append(lines[at][:start] + "///< " + " ".join(as_text([lines[at][start + 2:]])))
        else:
            out.append(lines[at])
        at += 1
    print("\n".join(out))


if __name__ == "__main__":
    main()
