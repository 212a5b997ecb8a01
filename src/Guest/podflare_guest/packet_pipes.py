"""Two pipes of which it is known in which order they were written.

Each holds one packet. A pipe enters the ready list of an edge-triggered epoll when it gets its packet, and that list is first in, first out; so one read
per event gives the order of all writes. A writer that does not wait for its pipe loses output, so this is for runs that ask for it.
"""

from __future__ import annotations

import fcntl
import os
import select

from podflare_guest.loop import READ
from podflare_guest.stdlib_core import TYPE_CHECKING, deque

if TYPE_CHECKING:
    from collections.abc import Callable

    from podflare_guest.loop import Loop

_SET_PIPE_SIZE = 1031  # F_SETPIPE_SZ, which Python 3.9 does not have
_PACKET = 4096
_READ_BYTES = 65_536
# Packets that are handled before others get their turn.
_TURN = 64


class PacketPipe:
    """One of the two: what `RunPipes` needs of a pipe."""

    def __init__(self, pipes: PacketPipes, number: int) -> None:
        self._pipes = pipes
        self._number = number
        self.bytes_per_second = 0  # such a pipe is slow enough
        self.read_end, self.write_end = os.pipe()
        os.set_blocking(self.read_end, False)
        fcntl.fcntl(self.write_end, _SET_PIPE_SIZE, _PACKET)
        fcntl.fcntl(self.write_end, fcntl.F_SETFL, os.O_WRONLY | os.O_DIRECT)
        os.fchmod(self.write_end, 0o622)

    def drain(self) -> None:
        """Reads what both pipes hold at this moment."""
        self._pipes.drain()

    def resume(self) -> None:
        self._pipes.resume()

    def close_write_end(self) -> None:
        if self.write_end >= 0:
            os.close(self.write_end)
            self.write_end = -1

    def close(self) -> None:
        self.close_write_end()
        self._pipes.forget(self._number)


class PacketPipes:
    def __init__(self, loop: Loop, consume: tuple[Callable[[bytes, bool], None], ...], may_read: Callable[[PacketPipes], bool], on_end: Callable[[], None]) -> None:
        self._loop = loop
        self._consume = consume
        self._may_read = may_read
        self._on_end = on_end
        self._blocked = False
        self._waiting: deque[int] = deque()  # ready, in order, and not read yet
        self.pipes = (PacketPipe(self, 0), PacketPipe(self, 1))
        self._numbers = {pipe.read_end: number for number, pipe in enumerate(self.pipes)}
        self._epoll = select.epoll()
        for fd in self._numbers:
            self._epoll.register(fd, READ | select.EPOLLET)
        loop.watch(self._epoll.fileno(), READ, self._on_ready)

    def resume(self) -> None:
        if self._blocked:
            self._blocked = False
            self._loop.watch(self._epoll.fileno(), READ, self._on_ready)
            self._loop.timers.set(self, 0, self._on_ready)

    def drain(self) -> None:
        # A writer that has ended has written everything. For the others, each pipe holds one packet.
        for _ in range(len(self._numbers)):
            self._collect()
            for _ in range(len(self._waiting)):
                self._read(self._waiting.popleft())

    def forget(self, number: int) -> None:
        fd = self.pipes[number].read_end
        if self._numbers.pop(fd, None) is None:
            return
        os.close(fd)
        if not self._numbers:
            self._loop.timers.cancel(self)
            if not self._blocked:
                self._loop.forget(self._epoll.fileno())
            self._epoll.close()

    def _on_ready(self, events: int = READ) -> None:
        for _ in range(_TURN):
            self._collect()
            if not self._waiting:
                return
            if not self._may_read(self):
                self._blocked = True
                self._loop.forget(self._epoll.fileno())
                return
            self._read(self._waiting.popleft())
            if not self._numbers:
                return
        self._loop.timers.set(self, 0, self._on_ready)

    def _collect(self) -> None:
        if self._numbers:
            self._waiting.extend(fd for fd, _ in self._epoll.poll(0))

    def _read(self, fd: int) -> None:
        number = self._numbers.get(fd)
        if number is None:
            return
        try:
            data = os.read(fd, _READ_BYTES)
        except BlockingIOError:
            return
        if data:
            self._consume[number](data, False)
        else:
            self.forget(number)
            self._on_end()
