"""Numbered frames that the host has not acknowledged."""

from __future__ import annotations

from podflare_guest.frames import END, HEADER_BYTES, OUT, RUN_BYTES, Malformed, frame
from podflare_guest.stdlib_core import TYPE_CHECKING, deque

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMIT = 8 << 20
# One read of 64 KiB becomes at most four times as much: its records may be single characters.
_HEADROOM = 512 << 10
_OF_A_RUN = (OUT, END)


class Ring:
    def __init__(self) -> None:
        self._frames: deque[bytes] = deque()
        self._bytes = 0
        self.first = 1  # number of the oldest frame held, or of the next one

    @property
    def next(self) -> int:
        return self.first + len(self._frames)

    @property
    def has_room(self) -> bool:
        """Whether more output may be read."""
        return self._bytes <= _LIMIT - _HEADROOM

    def append(self, kind: int, payload: bytes, at_ms: int) -> bytes:
        data = frame(kind, payload, self.next, at_ms)
        self._frames.append(data)
        self._bytes += len(data)
        return data

    def acknowledge(self, number: int) -> dict[bytes, int]:
        """Drops the frames up to this one. Returns the last dropped frame of each run."""
        last: dict[bytes, int] = {}
        if number >= self.next:
            raise Malformed(f"ACK of {number} before it was sent")
        while self.first <= number:
            data = self._frames.popleft()
            self._bytes -= len(data)
            if data[4] in _OF_A_RUN:
                last[data[HEADER_BYTES : HEADER_BYTES + RUN_BYTES]] = self.first
            self.first += 1
        return last

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._frames)
