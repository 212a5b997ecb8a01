"""One pipe of output: when it is read, and when not."""

from __future__ import annotations

import fcntl
import os
import sys
import termios
from time import monotonic

from podflare_guest.loop import READ
from podflare_guest.stdlib_core import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from podflare_guest.loop import Loop

_READ_BYTES = 65_536
# The first line of a burst is read at once, the next ones in one read a moment later: a read per line would cost more than the line.
_PAUSE_SECONDS = 0.001
# A read of this size means a fast writer, which would wait for us in a pause.
_LARGE = 16_384


class Pipe:
    def __init__(self, loop: Loop, consume: Callable[[bytes, bool], None], may_read: Callable[[Pipe], bool], on_end: Callable[[], None]) -> None:
        """`may_read`: False blocks the pipe, and with it its writers, until `resume`."""
        self._loop = loop
        self._consume = consume
        self._may_read = may_read
        self._on_end = on_end
        self.bytes_per_second = 0  # 0: as fast as it comes
        # Of default size: larger ones count against a limit of the host's root user, which all sandboxes share (pipe-user-pages-soft).
        self._read_end, self.write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        # Opening /dev/stdout opens the pipe anew, as the sandbox's user. Reading it stays ours.
        os.fchmod(self.write_end, 0o622)
        self._next_read = 0.0
        self._armed = True
        self._blocked = False
        self._open = True
        loop.watch(self._read_end, READ, self._on_ready)

    def drain(self) -> None:
        """Reads what the pipe holds at this moment. Not until it is empty: a chatty background process never lets it become so."""
        left = self._open and int.from_bytes(fcntl.ioctl(self._read_end, termios.FIONREAD, b"\0\0\0\0"), sys.byteorder)
        while left > 0:
            try:
                data = os.read(self._read_end, min(left, _READ_BYTES))
            except BlockingIOError:
                break
            left -= len(data)
            self._consume(data, left > 0)
        self._next_read = 0.0

    def hurry(self) -> None:
        """Something is about to be written for which the writer waits: it is read without a pause."""
        self._next_read = 0.0
        if not self._armed and not self._blocked:
            self._loop.timers.cancel(self)
            self._arm(True)

    def resume(self) -> None:
        """There may be room again."""
        if self._blocked:
            self._blocked = False
            self._arm(True)

    def close_write_end(self) -> None:
        """From here on the pipe ends when the last process of the sandbox has closed it."""
        if self.write_end >= 0:
            os.close(self.write_end)
            self.write_end = -1

    def close(self) -> None:
        """Closes the pipe. A process that still writes to it gets SIGPIPE."""
        self.close_write_end()
        if self._open:
            self._open = False
            self._loop.timers.cancel(self)
            if self._armed:
                self._loop.forget(self._read_end)
            os.close(self._read_end)

    def _arm(self, armed: bool) -> None:
        if armed != self._armed and self._open:
            self._armed = armed
            # Taken out altogether: a pipe whose writers are gone would report that for ever, even when it is watched for nothing.
            if armed:
                self._loop.watch(self._read_end, READ, self._on_ready)
            else:
                self._loop.forget(self._read_end)

    def _on_ready(self, events: int = READ) -> None:
        now = monotonic()
        wait = self._next_read - now
        if wait > 0:
            self._arm(False)
            self._loop.timers.set(self, wait, self._on_ready)
            return
        if not self._may_read(self):
            self._blocked = True
            self._arm(False)
            return
        self._arm(True)
        try:
            data = os.read(self._read_end, _READ_BYTES)
        except BlockingIOError:
            return
        if not data:
            self.close()
            self._on_end()
            return
        pause = 0.0 if len(data) >= _LARGE else _PAUSE_SECONDS
        if self.bytes_per_second:
            pause = max(pause, len(data) / self.bytes_per_second)
        self._next_read = now + pause
        self._consume(data, len(data) == _READ_BYTES)
