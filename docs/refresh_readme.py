#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Keeps the outputs and the figure that the documents show up to date.

    docs/refresh_readme.py PROGRAM [--check]

Each ```console block of README.md and docs/*.md that begins with a line "$ phaselaw ..." shows what this command prints
to stdout. Without --check, the commands of each page are run in a scratch folder, the blocks are rewritten, and the
figures of FIGURES are made again. With --check, the outputs are compared; figures, commands that contain "reproduce" (they
take minutes) and the transcript are left out. Times such as "in 92 s" are not compared. The transcript docs/first_run.md
shows stdout and stderr together, and its table runs.csv is read from the transcript itself. It is not compared, because
it shows laws that do not converge, and their last digits depend on the machine.
Exit code: 0 if the documents show what the program prints, 1 if an output differs.
"""

import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"```console\n\$ (phaselaw [^\n]*)\n(.*?)```", re.S)
TRANSCRIPT = ROOT / "docs" / "first_run.md"
STEP = re.compile(r"\$ (phaselaw [^\n]*)\n(.*?)(?=\[\d+ min \d+ s since the start\])", re.S)
TABLE = re.compile(r"\$ cat runs\.csv\n(.*?)\n\n", re.S)
TIME = re.compile(r"in [0-9.]+ (s|min [0-9]+ s)")

# A figure of the documents: the commands that make it, and the file that they write.
FIGURES = {
    "docs/figures/ladder_plan.svg": (
        ("phaselaw fit examples/ladder.csv --law chinchilla --json fit.json",
         "phaselaw plan --fit fit.json --compute 1e13 --out planned --figures"),
        "planned/report-figures/figure-2.svg"),
}


def run(program, command, folder, messages=False):
    """What a command prints to stdout, with `messages` to stdout and stderr."""
    words = shlex.split(command)[1:]
    stderr = subprocess.STDOUT if messages else subprocess.PIPE
    done = subprocess.run([program, *words], cwd=folder, stdout=subprocess.PIPE, stderr=stderr, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{command}: exit code {done.returncode}\n{done.stderr or done.stdout}")
    return done.stdout


def scratch_folder():
    folder = tempfile.TemporaryDirectory()
    (pathlib.Path(folder.name) / "examples").symlink_to(ROOT / "examples")
    return folder


def renew_page(program, page, check):
    """The commands of a page with another output than shown; without `check` the page is rewritten."""
    differing = []
    text = page.read_text(encoding="utf-8")
    transcript = page == TRANSCRIPT
    with scratch_folder() as folder:
        if transcript:
            (pathlib.Path(folder) / "runs.csv").write_text(TABLE.search(text).group(1) + "\n", encoding="utf-8")

        def fresh(match):
            command, shown = match.groups()
            if check and " reproduce " in command:
                return match.group(0)
            printed = run(program, command, folder, messages=transcript)
            if TIME.sub("", printed) != TIME.sub("", shown):
                differing.append(command)
            return match.group(0)[: match.start(2) - match.start()] + printed + match.group(0)[match.end(2) - match.start() :]

        renewed = (STEP if transcript else BLOCK).sub(fresh, text)
    if not check and renewed != text:
        page.write_text(renewed, encoding="utf-8")
    return differing


def renew_figures(program):
    for figure, (commands, made) in FIGURES.items():
        with scratch_folder() as folder:
            for command in commands:
                run(program, command, folder)
            shutil.copyfile(pathlib.Path(folder) / made, ROOT / figure)


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    check = "--check" in sys.argv[2:]
    differing = 0
    for page in PAGES:
        if check and page == TRANSCRIPT:
            continue
        for command in renew_page(program, page, check):
            differing += 1
            name = page.relative_to(ROOT)
            if check:
                print(f"{name} shows another output of: {command}; run docs/refresh_readme.py {sys.argv[1]}")
            else:
                print(f"{name}: renewed the output of: {command}")
    if check:
        sys.exit(1 if differing else 0)
    renew_figures(program)
    print(f"{differing} outputs and {len(FIGURES)} figure renewed")


if __name__ == "__main__":
    main()
