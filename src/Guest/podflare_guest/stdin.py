"""The standard input of a run: what waits to be written, and how much has been accepted."""

from __future__ import annotations

import os

from podflare_guest.loop import WRITE
from podflare_guest.refused import Refused
from podflare_guest.stdlib_core import TYPE_CHECKING

if TYPE_CHECKING:
    from podflare_guest.loop import Loop

_MOST_WAITING = 1 << 20
_MOST_WAITING_IN_ALL = 32 << 20
APPEND = (1 << 64) - 1


class StdinBudget:
    """Bytes that wait in all runs together: what waits for queued runs is the supervisor's memory."""

    def __init__(self) -> None:
        self.waiting = 0


class Stdin:
    """Bytes are counted: a request that says where its data begins may be repeated. Data is accepted before there is anything to write it into."""

    def __init__(self, loop: Loop, budget: StdinBudget, end_mark: bytes = b"") -> None:
        """`end_mark`: what ends the input of a terminal, which stays open."""
        self.accepted = 0  # bytes in all
        self._loop = loop
        self._budget = budget
        self._end_mark = end_mark
        self._fd = -1
        self._read_end = -1
        self._waiting = bytearray()
        self._ended = self._broken = self._watched = False

    def pipe(self) -> int:
        """The end of a pipe from which the run reads. The same pipe for an interpreter that gets the run after another has died."""
        if self._read_end < 0:
            self._read_end, write_end = os.pipe()
            # Opening /dev/stdin opens the pipe anew, as the sandbox's user.
            os.fchmod(self._read_end, 0o644)
            self.open(write_end)
        return self._read_end

    def release_pipe(self) -> None:
        """The process has the pipe: when it closes it, that is the end."""
        if self._read_end >= 0:
            os.close(self._read_end)
            self._read_end = -1

    def open(self, fd: int) -> None:
        """Takes over the descriptor that the data goes into."""
        os.set_blocking(fd, False)
        self._fd = fd
        self._write()

    def accept(self, data: bytes, offset: int, end: bool) -> int:
        """Takes data that begins at `offset`, or anywhere with APPEND. Returns how many bytes have been accepted in all."""
        if offset == APPEND:
            offset = self.accepted
        if offset > self.accepted:
            raise Refused("stdin_offset", f"{self.accepted} bytes have been accepted", offset=self.accepted)
        data = data[self.accepted - offset :]
        if self._broken or self._ended and data:
            raise Refused("stdin_closed", "standard input is closed", offset=self.accepted)
        if len(self._waiting) + len(data) > _MOST_WAITING:
            raise Refused("stdin_full", "1 MiB is waiting to be read", offset=self.accepted)
        if self._budget.waiting + len(data) > _MOST_WAITING_IN_ALL:
            raise Refused("stdin_full", "32 MiB of all runs are waiting to be read", offset=self.accepted)
        if end and not self._ended:
            self._ended = not self._end_mark
            self._wait(data + self._end_mark)
        else:
            self._wait(data)
        self.accepted += len(data)
        self._write()
        return self.accepted

    def close(self) -> None:
        """The run has ended."""
        self._stop()
        self.release_pipe()

    def _stop(self) -> None:
        self._broken = True
        self._written(len(self._waiting))
        if self._fd >= 0:
            if self._watched:
                self._loop.forget(self._fd)
                self._watched = False
            os.close(self._fd)
            self._fd = -1

    def _wait(self, data: bytes) -> None:
        self._waiting += data
        self._budget.waiting += len(data)

    def _written(self, count: int) -> None:
        del self._waiting[:count]
        self._budget.waiting -= count

    def _write(self, events: int = WRITE) -> None:
        if self._fd < 0:
            return
        try:
            while self._waiting:
                self._written(os.write(self._fd, bytes(self._waiting[:65_536])))
        except BlockingIOError:
            if not self._watched:
                self._watched = True
                self._loop.watch(self._fd, WRITE, self._write)
            return
        except OSError:  # nobody reads it any more
            self._stop()
            return
        if self._watched:
            self._watched = False
            self._loop.forget(self._fd)
        if self._ended:
            self._stop()
