"""The source of each run, which tracebacks and inspect show."""

from __future__ import annotations

from podflare_guest.repl.own_builtins import BUILTINS as __builtins__

import linecache
import re
from _collections import deque

_LIMIT = 16 << 20
_MOST = 1_000
_split_lines = re.compile("\r\n|\r|\n").split
_linecache = linecache.__dict__
_cache = linecache.cache


class Sources:
    def __init__(self) -> None:
        self._known: deque[tuple[str, int]] = deque()  # name and size
        self._size = 0

    def add(self, name: str, source: str) -> None:
        """Makes the source known; the oldest is forgotten first."""
        self._known.append((name, len(source)))
        self._size += len(source)
        # Lines as the compiler counts them: str.splitlines knows more ends than it does.
        lines = [line + "\n" for line in (_split_lines(source) if "\r" in source else source.split("\n"))]
        if len(lines) > 1 and lines[-1] == "\n":
            lines.pop()
        _cache[name] = entry = (len(source), None, lines, name)
        cache = _linecache.get("cache")
        if cache is not _cache and type(cache) is dict:
            cache[name] = entry  # the program has put another one in its place
        while self._size > _LIMIT and len(self._known) > 1 or len(self._known) > _MOST:
            oldest, size = self._known.popleft()
            self._size -= size
            _cache.pop(oldest, None)


def is_program(file: str) -> bool:
    return type(file) is str and file.startswith("<run ")


def line_of(file: str, number: int) -> str:
    entry = _cache.get(file)
    lines = entry[2] if entry is not None and len(entry) > 2 else []
    return lines[number - 1] if 0 < number <= len(lines) else ""
