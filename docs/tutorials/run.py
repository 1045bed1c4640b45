#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tutorials as notebooks: run.py [NAME...] [--out FOLDER]

Each NAME.py is a script with cells ("# %%", "# %% [markdown]"). Here it is executed cell by cell by a notebook's kernel and
written with its output as NAME.ipynb. Needs nbclient, nbformat and ipykernel beside phaselaw[plot]. An error in a cell ends
with exit code 1 and its traceback.
"""

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
NAMES = ["practitioner", "theorist", "experimenter"]


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


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("names", nargs="*", default=NAMES)
    arguments.add_argument("--out", type=Path, default=HERE)
    options = arguments.parse_args()
    import nbclient
    import nbformat

    for name in options.names:
        notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
        for i, (is_markdown, source) in enumerate(cells_of((HERE / f"{name}.py").read_text())):
            new = nbformat.v4.new_markdown_cell if is_markdown else nbformat.v4.new_code_cell
            notebook.cells.append(new(source, id=f"{name}-{i}"))
        try:
            nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(HERE)}}).execute()
        except nbclient.exceptions.CellExecutionError as error:
            print(error, file=sys.stderr)
            return 1
        for cell in notebook.cells:  # nothing that depends on the clock
            cell.metadata.pop("execution", None)
        nbformat.write(notebook, options.out / f"{name}.ipynb")
        print(options.out / f"{name}.ipynb")
    return 0


if __name__ == "__main__":
    sys.exit(main())
