#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the results of the full preset into docs/reproduce.md.

    docs/refresh_reproduce.py FIRST/results.json SECOND/results.json

The two files are those of two runs of `phaselaw reproduce --preset full` with different master seeds. The section "What
the full preset says" receives the numbers of verdicts and every claim that the paper states, as both runs measured it.
"""

import collections
import json
import math
import pathlib
import sys

PAGE = pathlib.Path(__file__).resolve().parent / "reproduce.md"
HEADING = "## What the full preset says\n"
STANDINGS = ("stated", "implied", "open question")


def number(value, digits):
    return f"{value:.{digits}f}"


def measured(claim):
    """The value with its 95 % interval, with the digits that the interval supports."""
    value, lo, hi = claim["measured"], claim["lo"], claim["hi"]
    if value is None:
        return "–"
    if lo is None or hi is None:
        return f"{value:.3g}"
    digits = max(0, 1 - math.floor(math.log10((hi - lo) / 2))) if hi > lo else 3
    return f"{number(value, digits)} [{number(lo, digits)}, {number(hi, digits)}]"


def predicted(claim):
    text = claim["predicted_text"] or f"{claim['predicted']:.3g}"
    if claim["relation"] == "equal" and claim["margin"] and "within" not in text:
        text += f" within {claim['margin']:.2g}"
    return text


def statement(claim):
    return claim["statement"].rstrip(".").replace("|", "/").replace("~", "\\~").replace("*", "\\*")


def main(first, second):
    runs = [json.loads(pathlib.Path(name).read_text(encoding="utf-8")) for name in (first, second)]
    if not all(run["complete"] for run in runs):
        sys.exit("a run is not complete")
    claims = runs[0]["claims"]
    other = {claim["id"]: claim for claim in runs[1]["claims"]}
    tested = [claim for claim in claims if claim["standing"] in STANDINGS]
    verdicts = collections.Counter(claim["verdict"] for claim in tested)
    changed = [claim["id"] for claim in tested if claim["verdict"] != other[claim["id"]]["verdict"]]
    stated = [claim["id"] for claim in tested if claim["standing"] == "stated" and claim["id"] in changed]
    opposite = [name for name in changed if "inconclusive" not in {other[name]["verdict"]} |
                {claim["verdict"] for claim in tested if claim["id"] == name}]
    lines = [
        HEADING,
        f"{len(tested)} claims and {len(claims) - len(tested)} self-checks. The verdicts are {verdicts['supported']} supported, "
        f"{verdicts['not supported']} not, {verdicts['inconclusive']} inconclusive. A run with another master seed, and so with",
        f"other teachers, decides {len(changed)} of them differently, {len(stated)} of these stated by the paper, and {len(opposite)} in the",
        "opposite sense. The claims that the paper states, with the second run beside the first:", "",
        "| claim | predicted | measured (95 %) | verdict | second run |", "|---|---|---|---|---|"]
    for claim in tested:
        if claim["standing"] != "stated":
            continue
        again = other[claim["id"]]
        same = "" if again["verdict"] == claim["verdict"] else f", {again['verdict']}"
        lines.append(f"| {statement(claim)} | {predicted(claim)} | {measured(claim)} | {claim['verdict']} | "
                     f"{measured(again)}{same} |")
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(HEADING)
    after = rest[rest.index("\n## "):]
    PAGE.write_text(before + "\n".join(lines) + "\n" + after, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
