"""The representations of a value by MIME type, and their form on the wire."""

from __future__ import annotations

from podflare_guest.repl.own_builtins import BUILTINS as __builtins__

import sys

from podflare_guest.repl.bounded_repr import TEXT_LIMIT, bounded_repr
from podflare_guest.repl.trusted_imports import import_trusted

_METHODS = (
    ("_repr_html_", "text/html"),
    ("_repr_markdown_", "text/markdown"),
    ("_repr_svg_", "image/svg+xml"),
    ("_repr_png_", "image/png"),
    ("_repr_jpeg_", "image/jpeg"),
    ("_repr_latex_", "text/latex"),
    ("_repr_json_", "application/json"),
    ("_repr_javascript_", "application/javascript"),
    ("_repr_pdf_", "application/pdf"),
)
PLAIN = "text/plain"
COLUMNS = "application/vnd.podflare.columns+json"
_DATA_LIMIT = 1_536 << 10
_MOST_TYPES = 16
_OMITTED, _TEXT, _BYTES, _JSON, _TRUNCATED_TEXT = 0, 1, 2, 3, 4
_MAIN = 1
_SYS = sys


def represent(value: object, columns: bool, problems: list[BaseException]) -> dict[str, object]:
    """Asks the value for all its representations. What one of its methods raises goes into `problems`; that representation is left out."""
    found: dict[str, object] = {}
    method = _method(value, "_repr_mimebundle_")
    if method is not None:
        bundle = _call(lambda: method(include=None, exclude=None), problems)
        if isinstance(bundle, dict):
            found.update(bundle)
    for name, mime in _METHODS:
        method = _method(value, name) if mime not in found else None
        if method is not None:
            data = _call(method, problems)
            if data is not None:
                found[mime] = data
    if columns:
        table = _call(lambda: _columns(value), problems)
        if table is not None:
            found[COLUMNS] = table
    return found


def plain_text(value: object, problems: list[BaseException]) -> tuple[str, bool]:
    """The bounded text/plain of the value, and whether it is truncated."""
    try:
        return bounded_repr(value)
    except Exception as error:
        problems.append(error)
        return f"<{type(value).__name__} object: repr() raised {type(error).__name__}>", False


def encode(data: dict[str, object], main: bool, truncated: bool = False) -> bytes:
    """The body of a result. Over the limit the largest representations other than text/plain are left out, and named."""
    parts: dict[str, tuple[int, bytes]] = {}
    for mime, value in data.items():
        part = _encode_part(mime, value, truncated)
        if part is not None and len(parts) < _MOST_TYPES:
            parts[mime] = part
    size = sum(len(content) for _, content in parts.values())
    while size > _DATA_LIMIT:
        largest = max((mime for mime in parts if mime != PLAIN), key=lambda mime: len(parts[mime][1]))
        length = len(parts[largest][1])
        size -= length
        parts[largest] = (_OMITTED, length.to_bytes(8, "big"))
        if length == 8:
            break
        size += 8
    body = bytearray((_MAIN if main else 0, len(parts)))
    for mime, (form, content) in parts.items():
        name = mime.encode("ascii")
        body += bytes((form, len(name))) + name
        body += content if form == _OMITTED else len(content).to_bytes(4, "big") + content
    return bytes(body)


def size_of(data: dict[str, object]) -> int:
    return sum(len(value) for value in data.values() if isinstance(value, (str, bytes)))


def fits(size: int) -> bool:
    return size <= _DATA_LIMIT - TEXT_LIMIT


def _encode_part(mime: object, value: object, truncated: bool) -> tuple[int, bytes] | None:
    """None for what cannot be a representation."""
    if not isinstance(mime, str) or not mime.isascii() or not 3 <= len(mime) <= 255 or "/" not in mime:
        return None
    if mime == "application/json" or mime.endswith("+json"):
        json = import_trusted("json")
        try:
            return _JSON, json.dumps(value, allow_nan=False, ensure_ascii=False).encode()  # type: ignore[attr-defined]
        except (TypeError, ValueError, RecursionError, UnicodeEncodeError):
            return None
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _BYTES, bytes(value)
    if not isinstance(value, str):
        return None
    if mime == PLAIN and (truncated or len(value) > TEXT_LIMIT):
        return _TRUNCATED_TEXT, value[:TEXT_LIMIT].encode("utf-8", "backslashreplace")
    return _TEXT, value.encode("utf-8", "backslashreplace")


def _method(value: object, name: str) -> object:
    """A method that the value's class really has: some objects answer to any name."""
    if isinstance(value, type):
        return None
    try:
        if callable(getattr(type(value), name, None)):
            return getattr(value, name)
        own = vars(value).get(name) if isinstance(getattr(value, "__dict__", None), dict) else None
        return own if callable(own) else None
    except Exception:  # a property, or a metaclass of the program's own
        return None


def _call(method: object, problems: list[BaseException]) -> object:
    try:
        data = method()  # type: ignore[operator]
    except Exception as error:
        problems.append(error)
        return None
    return data[0] if isinstance(data, tuple) and data else data  # the second is metadata


def _columns(value: object) -> object:
    """A data frame as {column: [values]}."""
    pandas = _SYS.modules.get("pandas")
    if pandas is None or not isinstance(value, pandas.DataFrame):
        return None
    json = import_trusted("json")
    return {str(name): _column(value[name], json) for name in value.columns}


def _column(series: object, json: object) -> object:
    """Times as text, as everywhere in JSON; what pandas makes of them otherwise are milliseconds that cannot be told from numbers."""
    if getattr(getattr(series, "dtype", None), "kind", "") == "M":
        return [time.isoformat() if time == time else None for time in series]  # type: ignore[attr-defined]
    return json.loads(series.to_json(orient="values", date_format="iso"))  # type: ignore[attr-defined]
