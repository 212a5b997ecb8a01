"""The standard input of a process: what waits to be written, and how much has been accepted."""

from __future__ import annotations

import os

from podflare_guest.loop import WRITE
from podflare_guest.refused import Refused
from podflare_guest.stdlib_core import TYPE_CHECKING

if TYPE_CHECKING:
    from podflare_guest.loop import Loop

_MOST_WAITING = 1 << 20
APPEND = (1 << 64) - 1


class Stdin:
    """Bytes are counted: a request that says where its data begins may be repeated."""

    def __init__(self, loop: Loop, end_mark: bytes = b"") -> None:
        """`end_mark`: what ends the input of a terminal, which stays open."""
        self._loop = loop
        self._end_mark = end_mark
        self._fd = -1
        self._waiting = bytearray()
        self._accepted = 0
        self._ended = self._broken = self._watched = False

    def open(self, fd: int) -> None:
        """Takes over the descriptor that the data goes into."""
        os.set_blocking(fd, False)
        self._fd = fd
        self._write()

    def accept(self, data: bytes, offset: int, end: bool) -> int:
        """Takes data that begins at `offset`, or anywhere with APPEND. Returns how many bytes have been accepted in all."""
        if offset == APPEND:
            offset = self._accepted
        if offset > self._accepted:
            raise Refused("stdin_offset", f"{self._accepted} bytes have been accepted", offset=self._accepted)
        data = data[self._accepted - offset :]
        if self._broken or self._ended and data:
            raise Refused("stdin_closed", "standard input is closed", offset=self._accepted)
        if len(self._waiting) + len(data) > _MOST_WAITING:
            raise Refused("stdin_full", "1 MiB is waiting to be read", offset=self._accepted)
        self._waiting += data
        self._accepted += len(data)
        if end and not self._ended:
            self._ended = not self._end_mark
            self._waiting += self._end_mark
        self._write()
        return self._accepted

    def close(self) -> None:
        self._broken = True
        self._waiting.clear()
        if self._fd >= 0:
            if self._watched:
                self._loop.forget(self._fd)
                self._watched = False
            os.close(self._fd)
            self._fd = -1

    def _write(self, events: int = WRITE) -> None:
        if self._fd < 0:
            return
        try:
            while self._waiting:
                del self._waiting[: os.write(self._fd, bytes(self._waiting[:65_536]))]
        except BlockingIOError:
            if not self._watched:
                self._watched = True
                self._loop.watch(self._fd, WRITE, self._write)
            return
        except OSError:  # nobody reads it any more
            self.close()
            return
        if self._watched:
            self._watched = False
            self._loop.forget(self._fd)
        if self._ended:
            self.close()
            self._broken = True
