"""One stream of bytes becomes pieces that end where an OUT frame may end."""

from __future__ import annotations

from podflare_guest.stdlib_core import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

QUIET_SECONDS = 0.02
_PATIENCE_SECONDS = 0.25
_LIMIT = 65_536


def complete(data: bytes, end: int) -> int:
    """Length of data[:end] without a character at its end that more bytes may still complete (RFC 3629, section 4)."""
    for back in range(1, min(3, end) + 1):
        byte = data[end - back]
        if byte < 0x80:
            return end
        if byte < 0xC0:
            continue
        needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
        if not 0xC2 <= byte <= 0xF4 or back >= needed:
            return end
        if back > 1:
            low, high = {0xE0: (0xA0, 0xBF), 0xED: (0x80, 0x9F), 0xF0: (0x90, 0xBF), 0xF4: (0x80, 0x8F)}.get(byte, (0x80, 0xBF))
            if not low <= data[end - back + 1] <= high:
                return end
        return end - back
    return end


class Source:
    """Holds back the part of a line that has no newline yet."""

    def __init__(self, stream: int, emit: Callable[[int, bytes, int], None]) -> None:
        self._stream = stream
        self._emit = emit
        self._held = b""
        self._at_ms = 0  # wall clock of the last read
        self._fed = 0.0
        self._since = 0.0  # of the oldest byte held
        self.settled = True  # `settle` has nothing to do
        self.raw = False  # nothing is held back

    def feed(self, data: bytes, at_ms: int, now: float) -> None:
        if self.raw:
            for at in range(0, len(data), _LIMIT):
                self._emit(self._stream, data[at : at + _LIMIT], at_ms)
            return
        self._at_ms = at_ms
        self._fed = now
        if self._held:
            data = self._held + data
        else:
            self._since = now
        start, length = 0, len(data)
        while length - start >= _LIMIT:
            end = data.rfind(b"\n", start, start + _LIMIT) + 1 or complete(data, start + _LIMIT)
            self._emit(self._stream, data[start:end], at_ms)
            start = end
        end = data.rfind(b"\n", start) + 1
        if end:
            self._emit(self._stream, data[start:end], at_ms)
            start = end
        if start:
            data = data[start:]
            self._since = now
        self._held = data
        self.settled = not data

    def due(self) -> float:
        """When to settle what is held: after the quiet time, and soon also where a line grows without one."""
        return min(self._fed + QUIET_SECONDS, self._since + _PATIENCE_SECONDS)

    def settle(self) -> None:
        """Emits what is held, but no part of a character that may still be completed."""
        self.settled = True
        end = complete(self._held, len(self._held))
        if end:
            piece, self._held = self._held[:end], self._held[end:]
            self._emit(self._stream, piece, self._at_ms)

    def finish(self) -> None:
        """Emits all that is held: the run ends."""
        self.settled = True
        if self._held:
            piece, self._held = self._held, b""
            self._emit(self._stream, piece, self._at_ms)
