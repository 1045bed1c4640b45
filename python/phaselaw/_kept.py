# SPDX-License-Identifier: Apache-2.0
"""Pickles of results: the class, the JSON, and the text and tables that the program prints.

A pickle names its form and the version that wrote it. A form that this version does not know is refused.
"""

from __future__ import annotations

import copy
import importlib
import re
from typing import Any

from phaselaw import _core
from phaselaw._errors import InputError

FORM = 1
"""Form of the pickles; a version that cannot read the older ones raises it."""


class Kept:
    """What _core.Answer and _core.Json give, kept as text."""

    def __init__(self, found: dict[str, Any], json: str, line: str, text: str, tables: list[Any]) -> None:
        self.state = (found, json, line, text, tables)

    def to_dict(self) -> dict[str, Any]:
        return copy.deepcopy(self.state[0])

    def json(self, indent: int = 2) -> str:
        if indent < 0:
            return self.state[2]
        # Texts contain no raw line ends in JSON, so the blanks at the start of a line are its depth.
        return re.sub("^ +", lambda blanks: blanks[0][::2].replace(" ", " " * indent), self.state[1], flags=re.MULTILINE)

    def text(self) -> str:
        return self.state[3]

    def tables(self) -> list[Any]:
        return list(self.state[4])


def state_of(core: Any) -> tuple[Any, ...]:
    """The arguments of Kept for a core: plain dicts, lists and texts."""
    if isinstance(core, Kept):
        return core.state
    shown = (core.text(), core.tables()) if hasattr(core, "text") else ("", [])
    return (core.to_dict(), core.json(2), core.json(-1), *shown)


def restore(form: int, version: str, module: str, name: str, state: dict[str, Any]) -> Any:
    """Makes the result of a pickle; InputError if another version wrote it in a form that this one cannot read."""
    ours = _core.made_by()["version"]
    advice = f"install phaselaw {version} to read it, or make it again"
    if name in ("Fit", "Ranking"):
        advice = f"save it as JSON with phaselaw {version} (save('fit.json')), or make it again"
    cause: object = f"phaselaw {ours} reads form {FORM}"
    if form == FORM:
        try:
            return getattr(importlib.import_module(module), name)._from_kept(state)
        except Exception as error:  # whatever a foreign state causes, the reader learns the versions
            cause = error
    raise InputError(
        f"this pickle of a {name} was written by phaselaw {version} in form {form} and cannot be read by phaselaw "
        f"{ours} ({cause}); {advice}"
    )


def reduced(result: Any, state: dict[str, Any]) -> tuple[Any, ...]:
    """What __reduce__ of a result returns."""
    return restore, (FORM, _core.made_by()["version"], type(result).__module__, type(result).__name__, state)
