#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tutorials as notebooks: run.py [NAME...] [--out FOLDER]

Each NAME.py is a script with cells ("# %%", "# %% [markdown]"). Here it is executed cell by cell by a notebook's kernel and
written with its output as NAME.ipynb beside it; tests/python/test_tutorials.py compares what is committed. Needs
phaselaw[notebook]. An error in a cell ends with exit code 1 and its traceback.
"""

import argparse
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
NAMES = ["practitioner", "theorist", "experimenter", "reader"]


def cells_of(text):
    """[(is markdown, source)] of a script with percent cells."""
    cells, kind, lines = [], None, []
    for line in [*text.splitlines(), "# %%"]:
        if line.startswith("# %%"):
            source = "\n".join(lines).strip()
            if kind is not None and source:
                cells.append((kind == "markdown", source))
            kind, lines = ("markdown" if "[markdown]" in line else "code"), []
        elif kind == "markdown":
            lines.append(line.removeprefix("#").removeprefix(" "))
        elif kind is not None:
            lines.append(line)
    return cells


def execute(name):
    """The notebook of NAME.py with what its cells printed and drew, less what differs from one run to the next."""
    import nbclient
    import nbformat

    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    for i, (is_markdown, source) in enumerate(cells_of((HERE / f"{name}.py").read_text(encoding="utf-8"))):
        new = nbformat.v4.new_markdown_cell if is_markdown else nbformat.v4.new_code_cell
        notebook.cells.append(new(source, id=f"{name}-{i}"))
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(HERE)}}).execute()
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # the clock
        for output in cell.get("outputs", []):
            if output.output_type == "stream":  # a warning names the kernel's own temporary file
                output.text = re.sub(r"(?m)^\S*ipykernel_\S*\.py:(\d+): ", r"line \1: ", output.text)
    return notebook


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("names", nargs="*", default=NAMES)
    arguments.add_argument("--out", type=Path, default=HERE)
    options = arguments.parse_args()
    import nbclient
    import nbformat

    for name in options.names:
        try:
            nbformat.write(execute(name), options.out / f"{name}.ipynb")
        except nbclient.exceptions.CellExecutionError as error:
            print(error, file=sys.stderr)
            return 1
        print(options.out / f"{name}.ipynb")
    return 0


if __name__ == "__main__":
    sys.exit(main())
