"""A terminal of a process: its output as OUT frames of stream 3, its size, its foreground group."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import termios

from podflare_guest import frames
from podflare_guest.frames import now_ms
from podflare_guest.loop import READ
from podflare_guest.stdlib_core import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from podflare_guest.run import Run
    from podflare_guest.sandbox import Sandbox

STREAM = b"\3"
_READ_BYTES = 65_536
_GATHER_SECONDS = 0.001
_QUIET_MS = 20
_MOST_DRAIN_READS = 16


class Terminal:
    """Has what an execution needs of the pipes of a run."""

    def __init__(self, sandbox: Sandbox, run: Run, size: tuple[int, int]) -> None:
        self._sandbox = sandbox
        self._run = run
        self._size = size
        self._master = -1
        self._reading = False
        self.before_output: Callable[[], None] | None = None  # called before each piece of output

    def open(self, master: int) -> None:
        """Takes over the master side, which the process has opened as the sandbox's user."""
        self._master = master
        os.set_blocking(master, False)
        self.resize(self._size)
        self._set_reading(True)

    def resize(self, size: tuple[int, int]) -> None:
        self._size = size
        if self._master >= 0:
            fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def foreground(self) -> int:
        """The process group that a Ctrl-C would reach; 0 where there is none."""
        try:
            return os.tcgetpgrp(self._master) if self._master >= 0 else 0
        except OSError:
            return 0

    def resume(self) -> None:
        self._set_reading(self._master >= 0)

    def finish(self) -> None:
        """Reads until the other side is closed or quiet."""
        # Whatever the process has written fits into the terminal's buffer; others may go on writing.
        for _ in range(_MOST_DRAIN_READS if self._master >= 0 else 0):
            ready = select.poll()
            ready.register(self._master, select.POLLIN)
            if not ready.poll(_QUIET_MS) or not self._read():
                break

    def retire(self) -> None:
        """Hangs up: what still has the terminal gets SIGHUP."""
        self._set_reading(False)
        self._sandbox.loop.timers.cancel(self)
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def _set_reading(self, reading: bool) -> None:
        if reading != self._reading:
            self._reading = reading
            if reading:
                self._sandbox.loop.watch(self._master, READ, self._on_ready)
            else:
                self._sandbox.loop.forget(self._master)

    def _on_ready(self, events: int = READ) -> None:
        # What follows within a moment goes into the same frame.
        self._set_reading(False)
        self._sandbox.loop.timers.set(self, _GATHER_SECONDS, self._read_all)

    def _read_all(self) -> None:
        if not self._sandbox.ring.has_room:
            self._sandbox.blocked_pipes.append(self)
        elif self._read():
            self._set_reading(True)

    def _read(self) -> bool:
        """False where the other side is closed."""
        try:
            data = os.read(self._master, _READ_BYTES)
        except BlockingIOError:
            return True
        except OSError:  # EIO: no process has it open
            return False
        if data:
            if self.before_output is not None:
                self.before_output()
            self._sandbox.send_numbered(frames.OUT, self._run.raw + STREAM + data, now_ms())
        return bool(data)
