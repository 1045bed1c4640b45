# SPDX-License-Identifier: Apache-2.0
"""The options of a verb in the signature and documentation of its function, and as the library reads them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from phaselaw import _options
from phaselaw._options import DESCRIBED

F = TypeVar("F", bound=Callable[..., Any])


def _types(verb: str) -> dict[str, str]:
    """The types of a verb's options, as _options.py writes them."""
    name = {"read_table": "Read", "flow": "Run", "theory": "Theory"}.get(verb, verb.capitalize())
    described = getattr(_options, name + ("Numbers" if verb == "theory" else "Options"))
    return {key: getattr(kind, "__forward_arg__", str(kind)) for key, kind in described.__annotations__.items()}


def described(verb: str) -> Callable[[F], F]:
    """Adds the options of a verb to a function's signature and documentation."""

    def decorate(function: F) -> F:
        own = [p for p in inspect.signature(function).parameters.values() if p.kind is not p.VAR_KEYWORD]
        options = DESCRIBED[verb].items()
        types = _types(verb)
        options_of_verb = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=o.default, annotation=types[name])
            for name, o in options
        ]
        returned = inspect.signature(function).return_annotation
        function.__signature__ = inspect.Signature(own + options_of_verb, return_annotation=returned)  # type: ignore[attr-defined]
        lines = [f"    {name} : default {o.default!r}\n        {o.help}" for name, o in options]
        text = (function.__doc__ or "").rstrip()
        after = re.search(r"\n\n    (Raises|Warns|Notes|Examples)\n    -", text)
        end = len(text) if after is None else after.start()
        heading = "\n\n    Other Parameters\n    ----------------\n"
        function.__doc__ = text[:end] + heading + "\n".join(lines) + text[end:] + "\n"
        return function

    return decorate


def keywords(verb: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Converts a single value to a list of one where the option is a list."""
    found = dict(options)
    for name, value in options.items():
        option = DESCRIBED[verb].get(name)
        if option is not None and option.is_list and (isinstance(value, (str, int, float)) or not hasattr(value, "__len__")):
            found[name] = [] if value is None else [value]
        elif isinstance(value, Mapping):
            found[name] = dict(value)
    return found
