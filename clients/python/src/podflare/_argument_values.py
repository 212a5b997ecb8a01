"""The values of a tool call's arguments, as their validation sees them: its limits, when they are equal, and how it names them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, Optional, Union

_MAX_DEPTH = 128  # schemas inside each other; references count
_MAX_STEPS = 200_000
MAX_MATCHED = 4_096  # characters of a text that a pattern is applied to
_MAX_ERROR = 500
MAX_DETAIL = 200
_MAX_NAME = 32
_SHOWN_ALTERNATIVES = 3

Path = Optional[tuple[Any, Union[str, int]]]  # the path of the parent, and a name or an index
_SURROGATE = re.compile("[\ud800-\udfff]")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
NOUNS = {
    "null": "null", "boolean": "a boolean", "integer": "an integer", "number": "a number", "string": "a string", "array": "an array", "object": "an object",
}


class InvalidArgumentsError(Exception):
    """The arguments of a call do not match the schema of the tool. The message names the argument."""


class Violation(NamedTuple):
    path: Path
    text: str
    alternatives: tuple[Any, ...] = ()


class Pass:
    """What one validation may still do. The arguments come from untrusted code, so their size and depth are limited."""

    def __init__(self, steps: float = _MAX_STEPS) -> None:
        self._steps = steps
        self.depth = 0

    def enter(self, value: Any, path: Path) -> None:
        """Counts a value, and refuses what not every language can hold."""
        self.depth += 1
        self._steps -= 1 + (len(value) >> 6 if isinstance(value, (str, list, dict)) else 0)
        if self._steps < 0:
            raise InvalidArgumentsError("the arguments are too large to be validated")
        if self.depth > _MAX_DEPTH:
            raise InvalidArgumentsError("the arguments are nested too deeply to be validated")
        for text in (value,) if isinstance(value, str) else value if isinstance(value, dict) else ():
            if not text.isascii() and _SURROGATE.search(text):
                raise InvalidArgumentsError(message_of(Violation(path, "is not valid Unicode")))
            if text is not value and len(text) > MAX_MATCHED:
                raise InvalidArgumentsError(message_of(Violation(path, "has a name that is too long")))
        if is_number(value) and not is_finite(value):
            raise InvalidArgumentsError(message_of(Violation(path, "is out of the range of numbers")))

    def key(self, value: Any, path: Path = None) -> str:
        """A text that is the same for equal values only."""
        self.enter(value, path)
        if isinstance(value, list):
            key = f"[{','.join(self.key(item, path) for item in value)}]"
        elif isinstance(value, Mapping):
            key = f"{{{','.join(sorted(f'{len(name)}:{name}{self.key(item, path)}' for name, item in value.items()))}}}"
        elif isinstance(value, str):
            key = f"{len(value)}:{value}"
        elif isinstance(value, float) and value.is_integer():
            key = str(int(value))
        else:
            key = repr(value)
        self.depth -= 1
        return key


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def kind_of(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object" if isinstance(value, dict) else "number"


def shown(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if not is_number(value):
        return "…"
    if value == math.floor(value):
        return str(int(value)) if abs(value) < 2**53 else "…"
    return repr(value) if 1e-4 <= abs(value) < 1e15 else "…"


def message_of(violation: Violation) -> str:
    text = f"{_place(violation.path)} {violation.text}"
    if violation.alternatives:
        shown = violation.alternatives[:_SHOWN_ALTERNATIVES]
        text += ": " + "; ".join(one.text if one.path is violation.path else f"{_place(one.path)} {one.text}" for one in shown)
    return cut(text, _MAX_ERROR)


def _place(path: Path) -> str:
    keys: list[str] = []
    while path is not None:
        path, key = path
        named = isinstance(key, str) and _IDENTIFIER.fullmatch(key) and len(key) <= _MAX_NAME
        keys.append(f".{key}" if named else f'["{cut(key, _MAX_NAME)}"]' if isinstance(key, str) else f"[{key}]")
    keys.reverse()
    return "arguments" + "".join(keys if len(keys) <= 10 else [*keys[:6], "…", *keys[-4:]])


def cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[:length] + "…"
