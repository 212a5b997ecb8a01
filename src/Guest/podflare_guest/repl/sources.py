"""The source of each run, which tracebacks and inspect show.

They read it from linecache. That module is not imported here, because an interpreter whose programs do not need it would be a megabyte larger.
"""

from __future__ import annotations

from podflare_guest.repl.own_builtins import BUILTINS as __builtins__

from _collections import deque

_LIMIT = 16 << 20
_MOST = 1_000
_cache: dict[str, tuple[int, None, list[str], str]] = {}
_modules: list[object] = []  # linecache as the guest and the program know it: not the same where a program has put its own in the place


class Sources:
    def __init__(self) -> None:
        self._known: deque[tuple[str, int]] = deque()  # name and size
        self._size = 0

    def add(self, name: str, source: str) -> None:
        """Makes the source known; the oldest is forgotten first."""
        self._known.append((name, len(source)))
        self._size += len(source)
        # Lines as the compiler counts them: str.splitlines knows more ends than it does.
        text = source.replace("\r\n", "\n").replace("\r", "\n") if "\r" in source else source
        lines = [line + "\n" for line in text.split("\n")]
        if len(lines) > 1 and lines[-1] == "\n":
            lines.pop()
        _cache[name] = entry = (len(source), None, lines, name)
        for cache in _caches():
            cache[name] = entry
        while self._size > _LIMIT and len(self._known) > 1 or len(self._known) > _MOST:
            oldest, size = self._known.popleft()
            self._size -= size
            for cache in (_cache, *_caches()):
                cache.pop(oldest, None)  # type: ignore[attr-defined]


def publish(linecache: object) -> None:
    """Gives what is known to linecache, and from here on all that will be."""
    if not any(module is linecache for module in _modules):
        _modules.append(linecache)
    for cache in _caches():
        for name, entry in _cache.items():
            if name not in cache:
                cache[name] = entry


def _caches() -> list[dict[str, object]]:
    # A program may have put another dictionary in the place.
    return [cache for module in _modules if type(cache := module.__dict__.get("cache")) is dict]


def is_program(file: str) -> bool:
    return type(file) is str and file.startswith("<run ")


def line_of(file: str, number: int) -> str:
    entry = _cache.get(file)
    lines = entry[2] if entry is not None else []
    return lines[number - 1] if 0 < number <= len(lines) else ""
