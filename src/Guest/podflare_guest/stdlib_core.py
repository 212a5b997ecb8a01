"""The C modules of the standard library, without their Python wrappers.

`signal`, `socket` and `json` each load `enum` and `re`: 1.4 MB and 9 ms more for every sandbox, which parks two of these processes. The C modules under
them have been the same since Python 3.3; `json` is the fall-back where an interpreter lacks its scanner. `typing` costs even more: type checkers know
`TYPE_CHECKING` by its name.
"""

from __future__ import annotations

import _signal as signal
import _socket as socket
from _collections import deque

__all__ = ["TYPE_CHECKING", "deque", "signal", "socket", "dumps", "loads"]

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable


class _Strict:
    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float


def _make_scan() -> Callable[[str, int], tuple[object, int]] | None:
    try:
        from _json import make_scanner
    except ImportError:
        return None
    return make_scanner(_Strict)  # type: ignore[no-any-return]


_scan = _make_scan()


def loads(data: bytes) -> object:
    """Parses one JSON text in UTF-8; ValueError for anything else."""
    if _scan is None:
        import json

        return json.loads(data.decode())
    text = data.decode().strip(" \t\r\n")
    try:
        value, end = _scan(text, 0)
    except (StopIteration, RecursionError, SystemError):
        # SystemError: without json.decoder the scanner finds no exception to raise.
        raise ValueError("not JSON") from None
    if end != len(text):
        raise ValueError("text behind the JSON value")
    return value


def dumps(value: object) -> bytes:
    """Renders None, bool, int, str and lists and dicts of them as ASCII JSON."""
    return _render(value).encode("ascii")


def _render(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _quote(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_quote(key)}:{_render(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_render, value)) + "]"
    raise TypeError(type(value).__name__)


def _make_quote() -> Callable[[str], str]:
    try:
        from _json import encode_basestring_ascii
    except ImportError:
        import json

        return json.dumps
    return encode_basestring_ascii  # type: ignore[no-any-return]


_quote = _make_quote()
