#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The JSON Schema of experiment and study files against the program, on files and on damaged copies of them.

    key_schema.py PROGRAM

Every example and every template is valid. Every file with one damage (an unknown key, another type, a number outside its
range, a word that is not known, a grid without values) is invalid, and the program refuses it too. Skipped (77) without the
package jsonschema.
"""

import copy
import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

try:
    from jsonschema import Draft202012Validator
except ImportError:
    print("skipped: needs the Python package jsonschema")
    sys.exit(77)

ROOT = Path(__file__).resolve().parents[2]


def said(program, *words):
    return subprocess.run([program, *words], capture_output=True, text=True, check=False)


def toml(document):
    """The document as TOML: one level of sections; other values are written in the syntax that JSON shares with TOML."""
    def value(x):
        if isinstance(x, dict):
            return "{" + ", ".join(f"{json.dumps(k)} = {value(v)}" for k, v in x.items()) + "}"
        if isinstance(x, list):
            return "[" + ", ".join(value(item) for item in x) + "]"
        return json.dumps(x)

    lines = [f"{key} = {value(x)}" for key, x in document.items() if not isinstance(x, dict)]
    for section, table in document.items():
        if isinstance(table, dict):
            lines += [f"[{section}]", *(f"{json.dumps(key)} = {value(x)}" for key, x in table.items())]
    return "\n".join(lines) + "\n"


def damaged_values(key):
    """Values that the key does not accept."""
    yield {"a": 1}
    if key["list"]:
        yield "all"
        yield [1]
        return
    yield [1]
    if key["type"] in ("integer", "number"):
        yield True
        yield "no such word"
        if key["minimum"] is not None:
            yield key["minimum"] - 1
        if key["exclusive_minimum"] is not None:
            yield key["exclusive_minimum"]
        if key["maximum"] is not None:
            yield 2 * key["maximum"] + 1
        if key["exclusive_maximum"] is not None:
            yield key["exclusive_maximum"]
        if key["type"] == "integer":
            yield 1.5
    elif key["type"] == "boolean":
        yield 1
        yield "true"
    else:
        yield 1
        yield False
        if key["type"] == "word":
            yield "no such word"


STUDY = {"model": {"d_model": 16, "n_layers": 1}, "data": {"n_data": 8}, "training": {"steps": 4}}


def damaged_studies():
    for grid in ({}, {"seeds": 0}, {"seeds": 1.5}, {"n_data": [1]}, {"data.n_dat": [1]}, {"data.n_data": []},
                 {"data.n_data": 4}, {"data.n_data": [4, "x"]}, {"data.n_data": [0]}, {"n_params": []},
                 {"n_params": {"from": 1, "to": 10}}, {"n_params": {"from": 1, "to": 10, "points": 1}},
                 {"flow.n_test": [4]}, {"training.optimizer": ["sgd", "adam"]}, {"data": {"n_dat": [1]}}):
        yield {**STUDY, "grid": grid}
    yield {"modle": {}}
    yield {"seed": -1}
    yield {"seed": 0.5}
    yield {"model": 4}


def check(failures, condition, message):
    if not condition:
        failures.append(message)


def main():
    program = sys.argv[1]
    answer = said(program, "keys", "--schema")
    schema = json.loads(answer.stdout)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    keys = json.loads(said(program, "keys", "--json", "-").stdout)["keys"]
    failures, valid, invalid = [], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        files = sorted((ROOT / "examples").glob("*.toml"))
        for entry in json.loads(said(program, "init", "--json", "-").stdout)["templates"]:
            if entry["file"].endswith(".toml"):
                path = Path(folder) / entry["file"]
                check(failures, said(program, "init", entry["template"], "--out", str(path)).returncode == 0, path)
                files.append(path)
        for path in files:
            errors = list(validator.iter_errors(tomllib.loads(path.read_text())))
            valid += 1
            check(failures, not errors, f"{path.name} is invalid: {[error.message[:200] for error in errors]}")
        # Each key with its default is valid, and with a damaged value neither valid nor accepted.
        cases = list(damaged_studies())
        for key in keys:
            section, name = key["section"], key["name"]
            if key["default"] is not None:
                good = {section: {name: key["default"]}}
                valid += 1
                check(failures, validator.is_valid(good), f"{good} is invalid")
            for value in damaged_values(key):
                case = copy.deepcopy(STUDY)
                case.setdefault(section, {})[name] = value
                if section in ("ladder", "accounting"):
                    case["grid"] = {"n_params": [1000.0]} if section == "ladder" else {"seeds": 1}
                cases.append(case)
            cases.append({section: {name + "_": key["default"]}})
        for case in cases:
            invalid += 1
            check(failures, not validator.is_valid(case), f"{case} is valid")
        # The program is slower, so it gets a part of them, spread over all.
        for number, case in enumerate(cases[::7]):
            path = Path(folder) / f"{number}.toml"
            path.write_text(toml(case))
            refused = said(program, "sweep", str(path), "--dry-run")
            check(failures, refused.returncode == 2, f"the program accepts {case}: {refused.stderr}{refused.stdout}")
    for failure in failures:
        print(failure)
    print(f"{valid} valid and {invalid} damaged files, {len(failures)} failures")
    return 1 if failures or valid < 100 or invalid < 300 else 0


if __name__ == "__main__":
    sys.exit(main())
