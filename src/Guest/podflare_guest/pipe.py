"""One pipe of output: when it is read, and when not."""

from __future__ import annotations

import fcntl
import os
import sys
import termios
from time import monotonic

from podflare_guest.lean import TYPE_CHECKING
from podflare_guest.loop import READ

if TYPE_CHECKING:
    from collections.abc import Callable

    from podflare_guest.loop import Loop

_GULP = 65_536
# The first line of a burst is read at once, the next ones in one gulp a moment later: a read per line would cost more than the line.
_PAUSE_SECONDS = 0.001
# A gulp of this size means a fast writer, who would wait for us in a pause.
_LARGE = 16_384


class Pipe:
    def __init__(self, loop: Loop, name: str, consume: Callable[[bytes, bool], None], may_read: Callable[[], bool]) -> None:
        self._loop = loop
        self._name = name
        self._consume = consume
        self._may_read = may_read
        # Of default size: larger ones count against a limit of the host's root user, which all sandboxes share (pipe-user-pages-soft).
        self._read_end, self.write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        # To open /dev/stdout is to open the pipe anew, as the sandbox's user; reading it stays ours.
        os.fchmod(self.write_end, 0o622)
        self._read_at = 0.0
        self._large = False
        self._armed = True
        self._blocked = False
        loop.watch(self._read_end, READ, self._on_ready)

    def drain(self) -> None:
        """Reads what the pipe holds at this moment. Not until it is empty: a chatty background process never lets it be."""
        left = int.from_bytes(fcntl.ioctl(self._read_end, termios.FIONREAD, b"\0\0\0\0"), sys.byteorder)
        while left > 0:
            try:
                data = os.read(self._read_end, min(left, _GULP))
            except BlockingIOError:
                break
            left -= len(data)
            self._consume(data, left > 0)
        self._read_at = 0.0

    def resume(self) -> None:
        """There may be room again."""
        if self._blocked:
            self._blocked = False
            self._arm(True)

    def _arm(self, armed: bool) -> None:
        if armed != self._armed:
            self._armed = armed
            self._loop.change(self._read_end, READ if armed else 0)

    def _on_ready(self, events: int = READ) -> None:
        now = monotonic()
        wait = self._read_at + _PAUSE_SECONDS - now
        if wait > 0 and not self._large:
            self._arm(False)
            self._loop.timers.set(self._name, wait, self._on_ready)
            return
        if not self._may_read():
            self._blocked = True
            self._arm(False)
            return
        self._arm(True)
        try:
            data = os.read(self._read_end, _GULP)
        except BlockingIOError:
            return
        self._read_at = now
        self._large = len(data) >= _LARGE
        self._consume(data, len(data) == _GULP)
