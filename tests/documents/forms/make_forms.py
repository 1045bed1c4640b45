#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes one known study in every form in which people keep such tables: make_forms.py OUT [NAME ...]

OUT/NAME/ holds the files of a form; OUT/reference/ the plain tables with which answers are compared. check_forms.py
reads them with the program. The standard library is enough.
"""

import shutil
import sys
from pathlib import Path

import forms_curves  # noqa: F401  (each registers its forms)
import forms_delimited  # noqa: F401
import forms_files  # noqa: F401
import forms_logs  # noqa: F401
import forms_tables  # noqa: F401
import forms_users  # noqa: F401
from registry import FORMS, delimited, put
from study import DIVERGED, HEADER, binary, decimals, final_rows, make_study, text

# How a study of curves counts its rows, as text: steps, epochs, or the fraction of one epoch. The reference calls
# each of them step.
CLOCKS = {"curves": str, "curves32": str, "epochs": lambda step: str(step // 50),
          "fractions": lambda step: str(step / 1000)}


def studies():
    exact = make_study(decimals)
    of_decimals = ("final", "finite", "error", "envelope", "curves", "epochs", "fractions")
    return dict.fromkeys(of_decimals, exact) | {"curves32": make_study(binary)}


def write_references(folder, held):
    """final.csv, error.csv, envelope.csv; for each clock one file for each run and stream."""
    put(folder, "final.csv", delimited([HEADER, *final_rows(held["final"])]))
    put(folder, "finite.csv", delimited([HEADER, *final_rows([r for r in held["finite"] if r.name != DIVERGED])]))
    put(folder, "error.csv", delimited([HEADER, *final_rows(held["error"], loss=lambda v: f"{v / 10:.12g}")]))
    put(folder, "envelope.csv", delimited(
        [["run", "n_params", "tokens", "loss"],
         *([r.name, text(r.n_params), text(r.tokens_at(s)), text(v)] for r in held["envelope"] for s, v in r.val if v == v)]))
    for study, of in CLOCKS.items():
        for stream in ("train", "val"):
            rows = [["run", "step", "loss"]]
            for r in held[study]:
                rows += [[r.name, of(s), text(v)] for s, v in getattr(r, stream)]
            put(folder, f"{study}-{stream}.csv", delimited(rows))


def make(out, names=()):
    held = studies()
    write_references(out / "reference", held)
    made = []
    for form in FORMS:
        if (names and form.name not in names) or (form.needs and not shutil.which(form.needs)):
            continue
        folder = out / form.name
        folder.mkdir(parents=True, exist_ok=True)
        form.write(folder, held[form.study])
        made.append(form)
    return made


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: make_forms.py OUT [NAME ...]")
    made = make(Path(sys.argv[1]), sys.argv[2:])
    print(f"{len(made)} forms in {sys.argv[1]}")


if __name__ == "__main__":
    main()
