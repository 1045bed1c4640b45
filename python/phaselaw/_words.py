# SPDX-License-Identifier: Apache-2.0
"""The program's messages in Python's words: the flag `--next-run` is the argument next_run.

    use --last                        use last=True
    --rows envelope                   rows='envelope'
    name it with --col run=COLUMN     name it with col={'run': 'COLUMN'}
    --where 'loss>0'                  where='loss>0'

Commands of the program, such as `phaselaw fit --json`, stay as they are.
"""

from __future__ import annotations

import re
from typing import Any

from phaselaw._options import DESCRIBED

# Arguments that are no options of a verb in _options.py: positional ones and those of one function.
_ARGUMENTS: dict[str, Any] = {
    "law": "", "compute": None, "curves": None, "history": None, "ladder": None, "register": "", "out": "",
    "weights": "", "blocks": False, "output": "",
}
_OTHER = {"json": "to_dict()", "verbose": "to_dict()", "from": "theory_from"}
_PROSE = frozenset(
    "a above add after all also alone an and are as at before but by can could does find first fit for from give given "
    "has have held if in is it its keeps leave looks may must name narrow narrower needs no of omit on one only or out "
    "raise remove see set so such than that the them then there these they this to two use used uses was where which "
    "with without writes".split()
)
_WORD = r"[A-Z]+(?:\.[a-z]+)?|[a-z]+\.[a-z]+|[a-z]*[0-9][^ ,;)]*"
_COMMAND = rf"`[^`]*`|\bphaselaw [a-z]+(?: (?:--[a-z][a-z-]*(?: (?!or |and |if |to )[^-\s,;)][^\s,;)]*)?|{_WORD}))*"
_FLAG = re.compile(rf"(?P<command>{_COMMAND})|(?<![\w'\"-])--(?P<flag>[a-z][a-z0-9-]*)(?P<after>:|[ =](?P<value>'[^']*'|[^\s'();]+))?")
_NUMBER = re.compile(r"[-+]?\d[\d.]*(e[-+]?\d+)?[kMBT]?", re.IGNORECASE)
_SUFFIX = {"k": "e3", "M": "e6", "B": "e9", "T": "e12"}


def _default(name: str) -> tuple[bool, Any]:
    """(whether this is an argument, its default)."""
    if name in _ARGUMENTS:
        return True, _ARGUMENTS[name]
    for options in DESCRIBED.values():
        if name in options:
            return True, options[name].default
    return False, None


def _bare(value: str) -> str:
    """A number or placeholder without quotes, everything else as a text."""
    if _NUMBER.fullmatch(value):
        return value[:-1] + _SUFFIX[value[-1]] if value[-1] in _SUFFIX else value
    return value if value in ("VALUE", "FACTOR") else repr(value)


def _assigned(name: str, default: Any, word: str) -> str | None:
    """name=word as Python writes it; None if the word is the sentence's next one rather than a value."""
    quoted = len(word) >= 2 and word[0] == word[-1] == "'"
    value = word[1:-1] if quoted else word
    if isinstance(default, dict):
        key, sign, of = value.partition("=")
        return f"{name}={{{key!r}: {_bare(of) if of else '...'}}}" if sign else None
    if quoted:
        return f"{name}={value!r}"
    if _NUMBER.fullmatch(value):
        return f"{name}={value!r}" if default == "" else f"{name}={_bare(value)}"
    if isinstance(default, bool) or value.lower() in _PROSE and not (name == "law" and value == "all"):
        return None
    plain = isinstance(default, (str, tuple)) or value.isupper()
    return f"{name}={value!r}" if plain and re.search(r"\w", value) else None


def _translated(found: re.Match[str]) -> str:
    if found["command"]:
        return found["command"]
    name = found["flag"].replace("-", "_")
    known, default = _default(name)
    after = found["after"] or ""
    if not known:
        return _OTHER[name] + after if name in _OTHER else found[0]
    word = found["value"] or ""
    stripped = word if word in (".", ",") and name == "decimal" else word.rstrip(".,;:")
    if name == "decimal" and stripped in (".", ","):
        return f"{name}={stripped!r}"
    assigned = _assigned(name, default, stripped) if stripped else None
    if assigned is not None:
        return assigned + word[len(stripped):]
    asked = re.search(r"(use|add|needs|with|only with|is) $", found.string[: found.start()])
    return (f"{name}=True" if isinstance(default, bool) and asked and after != ":" else name) + after


def in_python(text: str) -> str:
    """The text with the arguments of the Python module instead of the flags of the program."""
    return _FLAG.sub(_translated, text) if "--" in text else text
