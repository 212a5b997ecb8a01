"""repr with a bound: a list of ten million integers must not become 90 MB of text only because it was the last value of a program."""

from __future__ import annotations

from podflare_guest.repl.own_builtins import BUILTINS as __builtins__

TEXT_LIMIT = 65_536
_MOST_LEVELS = 100
_BRACKETS = {list: ("[", "]"), tuple: ("(", ")"), set: ("{", "}"), frozenset: ("frozenset({", "})"), dict: ("{", "}")}
_AGAIN = {list: "[...]", tuple: "(...)", dict: "{...}"}
# A smaller set costs nothing either way, and the order of its elements is then surely that of repr.
_SMALL_SET = 8


class _Full(Exception):
    """There is no room left."""


class _Renderer:
    def __init__(self, limit: int) -> None:
        self.pieces: list[str] = []
        self.room = limit
        self.truncated = False

    def render(self, value: object, depth: int, containers: frozenset[int]) -> None:
        kind = type(value)
        if kind in (str, bytes, bytearray):
            if len(value) > self.room:  # type: ignore[arg-type]
                self._put(repr(value[: self.room + 1]))  # type: ignore[index]
            self._put(repr(value))
        elif kind in _BRACKETS and len(value) > (_SMALL_SET if kind in (set, frozenset) else 0):  # type: ignore[arg-type]
            if id(value) in containers:
                self._put(_AGAIN.get(kind, "..."))
            elif depth > _MOST_LEVELS:
                self.truncated = True
                self._put("...")
            else:
                self._render_items(value, depth, containers | {id(value)})
        else:
            self._put(repr(value))

    def _render_items(self, value: object, depth: int, containers: frozenset[int]) -> None:
        opening, closing = _BRACKETS[type(value)]
        self._put(opening)
        separator = ""
        for item in value:  # type: ignore[attr-defined]
            if separator:
                self._put(separator)
            separator = ", "
            self.render(item, depth + 1, containers)
            if type(value) is dict:
                self._put(": ")
                self.render(value[item], depth + 1, containers)
        if type(value) is tuple and len(value) == 1:
            self._put(",")
        self._put(closing)

    def _put(self, piece: str) -> None:
        self.pieces.append(piece)
        self.room -= len(piece)
        if self.room < 0:
            raise _Full


def bounded_repr(value: object, limit: int = TEXT_LIMIT) -> tuple[str, bool]:
    """Returns the text, at most `limit` characters long, and whether anything is missing. Where nothing is, it equals repr."""
    renderer = _Renderer(limit)
    try:
        renderer.render(value, 0, frozenset())
    except _Full:
        return "".join(renderer.pieces)[:limit], True
    return "".join(renderer.pieces), renderer.truncated
