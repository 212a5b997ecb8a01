"""From the pipes of the sandbox to OUT frames of the run that is current."""

from __future__ import annotations

import os
from time import monotonic

from podflare_guest import frames
from podflare_guest.frames import now_ms
from podflare_guest.lean import TYPE_CHECKING
from podflare_guest.pipe import Pipe
from podflare_guest.source import Source
from podflare_guest.split import STDERR, STDOUT, Splitter

if TYPE_CHECKING:
    from collections.abc import Callable

    from podflare_guest.loop import Loop
    from podflare_guest.ring import Ring

_WAITING_LIMIT = 256 << 10


class Output:
    """Two pipes: `shared` has all of stdout, and Python's stderr in between; `errors` has descriptor 2 of child processes and C code."""

    def __init__(self, loop: Loop, ring: Ring, send: Callable[[bytes], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._send = send
        self._run = b""
        self._waiting: list[tuple[int, bytes, int]] = []
        self._waiting_bytes = 0
        self.marker = os.urandom(16)
        self._splitter = Splitter(self.marker)
        self._stdout = Source(STDOUT, self._emit)
        self._stderr = Source(STDERR, self._emit)
        self._raw_stderr = Source(STDERR, self._emit)
        self._shared = Pipe(loop, "shared", self._take_shared, self._may_read)
        self._errors = Pipe(loop, "errors", self._take_errors, self._may_read)

    @property
    def shared_end(self) -> int:
        return self._shared.write_end

    @property
    def errors_end(self) -> int:
        return self._errors.write_end

    def begin(self, run: bytes) -> None:
        """What was written between the runs opens this one."""
        self._run = run
        waiting, self._waiting = self._waiting, []
        self._waiting_bytes = 0
        for stream, piece, at_ms in waiting:
            self._emit(stream, piece, at_ms)
        self.resume()

    def finish(self) -> None:
        """Emits all that the run has written; later output waits for the next run."""
        self._shared.drain()
        self._errors.drain()
        for source in (self._stdout, self._stderr, self._raw_stderr):
            source.finish()
        self._loop.timers.cancel("quiet")
        self._run = b""

    def say(self, data: bytes) -> None:
        """Adds a line of our own to the run's stderr."""
        self._take_errors(data, False)

    def resume(self) -> None:
        self._shared.resume()
        self._errors.resume()

    def _may_read(self) -> bool:
        return self._ring.has_room if self._run else self._waiting_bytes < _WAITING_LIMIT

    def _take_shared(self, data: bytes, cut: bool) -> None:
        at_ms, now = now_ms(), monotonic()
        for stream, piece in self._splitter.split(data, cut):
            # What stands before a change of stream must leave before it.
            if stream == STDOUT:
                self._stderr.settle()
                self._stdout.feed(piece, at_ms, now)
            else:
                self._stdout.settle()
                self._stderr.feed(piece, at_ms, now)
        self._await_quiet(now)

    def _take_errors(self, data: bytes, cut: bool) -> None:
        now = monotonic()
        self._raw_stderr.feed(data, now_ms(), now)
        self._await_quiet(now)

    def _await_quiet(self, now: float) -> None:
        due = [at for at in (self._stdout.due(), self._stderr.due(), self._raw_stderr.due()) if at is not None]
        if due:
            self._loop.timers.set("quiet", min(due) - now, self._settle)
        else:
            self._loop.timers.cancel("quiet")

    def _settle(self) -> None:
        now = monotonic()
        for source in (self._stdout, self._stderr, self._raw_stderr):
            due = source.due()
            if due is not None and due <= now:
                source.settle()
        self._await_quiet(now)

    def _emit(self, stream: int, piece: bytes, at_ms: int) -> None:
        if self._run:
            self._send(self._ring.append(frames.OUT, self._run + bytes((stream,)) + piece, at_ms))
        else:
            self._waiting.append((stream, piece, at_ms))
            self._waiting_bytes += len(piece) + 64  # a list entry costs more than a short piece
