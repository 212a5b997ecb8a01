"""The supervisor's one loop: descriptors, timers, ended children."""

from __future__ import annotations

import os
import select

from podflare_guest.stdlib_core import TYPE_CHECKING, signal
from podflare_guest.timers import Timers

if TYPE_CHECKING:
    from collections.abc import Callable

READ = select.EPOLLIN
WRITE = select.EPOLLOUT


class Loop:
    def __init__(self) -> None:
        self.timers = Timers()
        self._epoll = select.epoll()
        self._handlers: dict[int, Callable[[int], None]] = {}

    def watch(self, fd: int, events: int, handler: Callable[[int], None]) -> None:
        self._handlers[fd] = handler
        self._epoll.register(fd, events)

    def change(self, fd: int, events: int) -> None:
        self._epoll.modify(fd, events)

    def forget(self, fd: int) -> None:
        del self._handlers[fd]
        self._epoll.unregister(fd)

    def on_child(self, handler: Callable[[], None]) -> None:
        """Calls `handler` after children have ended."""
        read_end, write_end = os.pipe()
        os.set_blocking(read_end, False)
        os.set_blocking(write_end, False)
        signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)

        def wake(events: int) -> None:
            try:
                os.read(read_end, 4096)
            except BlockingIOError:
                pass
            handler()

        self.watch(read_end, READ, wake)

    def run(self, after_turn: Callable[[], None]) -> None:
        """Serves for ever; `after_turn` runs once for all that one wait brought."""
        after_turn()
        while True:
            for fd, events in self._epoll.poll(self.timers.wait_seconds()):
                # A handler of this round may have dropped the descriptor.
                handler = self._handlers.get(fd)
                if handler is not None:
                    handler(events)
            self.timers.fire()
            after_turn()
