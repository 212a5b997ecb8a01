"""Output that arrives after its run's end, from threads and from children that live on.

Its pipes are always read, so that no writer freezes, and what is forwarded is bounded by rate. A host that does not know `LATE` frames gets it as output
of the run that executes at that moment; between runs it is dropped.
"""

from __future__ import annotations

from time import monotonic

from podflare_guest import frames
from podflare_guest.frames import now_ms
from podflare_guest.stdlib_core import TYPE_CHECKING, deque

if TYPE_CHECKING:
    from podflare_guest.run import Run
    from podflare_guest.run_pipes import RunPipes
    from podflare_guest.sandbox import Sandbox

_BYTES_PER_SECOND = 64 << 10
_BURST = 256 << 10
_MOST_UNACKNOWLEDGED = 256 << 10
_REPORT_SECONDS = 1.0
_MOST_PIPES = 64
_FRAME_COST = 64  # so that tiny pieces are bounded too
_DROPPED = 0


class LateOutput:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._pipes: dict[RunPipes, None] = {}
        self.foreground: Run | None = None  # the run that shows late output if the host does not know LATE
        self._budget = float(_BURST)
        self._budget_at = monotonic()
        self._unacknowledged: deque[tuple[int, int]] = deque()
        self._unacknowledged_bytes = 0
        self._dropped = 0

    @property
    def may_read(self) -> bool:
        """False only where late output takes the way of a run's own."""
        return self.foreground is None or self._sandbox.link.version > 1 or self._sandbox.ring.has_room

    def add(self, pipes: RunPipes) -> None:
        """Takes over pipes that are used by no run any more."""
        self._pipes[pipes] = None
        if len(self._pipes) > _MOST_PIPES:
            oldest = next(iter(self._pipes))
            del self._pipes[oldest]
            oldest.close()

    def remove(self, pipes: RunPipes) -> None:
        self._pipes.pop(pipes, None)

    def write(self, origin: bytes, stream: int, piece: bytes, at_ms: int) -> None:
        if self._sandbox.link.version == 1:
            if self.foreground is not None:
                self._sandbox.send_numbered(frames.OUT, self.foreground.raw + bytes((stream,)) + piece, at_ms)
            return
        cost = len(piece) + _FRAME_COST
        now = monotonic()
        self._budget = min(float(_BURST), self._budget + (now - self._budget_at) * _BYTES_PER_SECOND)
        self._budget_at = now
        if cost > self._budget or self._unacknowledged_bytes + cost > _MOST_UNACKNOWLEDGED:
            self._drop(len(piece))
            return
        self._budget -= cost
        self._send(origin + bytes((stream,)) + piece, cost, at_ms)

    def acknowledge(self, number: int) -> None:
        while self._unacknowledged and self._unacknowledged[0][0] <= number:
            self._unacknowledged_bytes -= self._unacknowledged.popleft()[1]

    def _send(self, payload: bytes, cost: int, at_ms: int) -> None:
        self._unacknowledged.append((self._sandbox.ring.next, cost))
        self._unacknowledged_bytes += cost
        self._sandbox.send_numbered(frames.LATE, payload, at_ms)

    def _drop(self, count: int) -> None:
        if not self._dropped:
            self._sandbox.loop.timers.set("dropped", _REPORT_SECONDS, self._report)
        self._dropped += count

    def _report(self) -> None:
        if self._unacknowledged_bytes > _MOST_UNACKNOWLEDGED:
            self._sandbox.loop.timers.set("dropped", _REPORT_SECONDS, self._report)
            return
        dropped, self._dropped = self._dropped, 0
        self._send(bytes(16) + bytes((_DROPPED,)) + dropped.to_bytes(8, "big"), _FRAME_COST, now_ms())
