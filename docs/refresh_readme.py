#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Keeps the output shown in README.md real.

    docs/refresh_readme.py PROGRAM [--check]

Each ```console block of README.md is a line "$ phaselaw ..." and what it printed to stdout. Without --check the commands
are run in a scratch folder and the blocks rewritten; with it, the quick ones are compared and the rest (whose command
says reproduce: minutes) are left alone. Times such as "in 92 s" are not compared.
Exit code: 0 as shown, 1 differs.
"""

import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

README = pathlib.Path(__file__).resolve().parent.parent / "README.md"
BLOCK = re.compile(r"```console\n\$ (phaselaw [^\n]*)\n(.*?)```", re.S)
TIME = re.compile(r"in [0-9.]+ (s|min [0-9]+ s)")


def run(program, command, folder):
    words = shlex.split(command)[1:]
    done = subprocess.run([program, *words], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{command}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    check = "--check" in sys.argv[2:]
    text = README.read_text()
    differing = []
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "examples").symlink_to(README.parent / "examples")

        def fresh(match):
            command, shown = match.groups()
            if check and " reproduce " in command:
                return match.group(0)
            printed = run(program, command, folder)
            if TIME.sub("", printed) != TIME.sub("", shown):
                differing.append(command)
            return f"```console\n$ {command}\n{printed}```"

        renewed = BLOCK.sub(fresh, text)
    if check:
        for command in differing:
            print(f"README.md shows another output of: {command}; run docs/refresh_readme.py {sys.argv[1]}")
        sys.exit(1 if differing else 0)
    README.write_text(renewed)
    print(f"README.md: {len(differing)} blocks renewed")


if __name__ == "__main__":
    main()
