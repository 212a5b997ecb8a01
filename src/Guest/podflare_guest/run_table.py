"""All runs that the guest knows: the queue, the current one, and those that have ended."""

from __future__ import annotations

from podflare_guest.lean import TYPE_CHECKING, deque
from podflare_guest.run import ENDED, UNKNOWN, Run

if TYPE_CHECKING:
    from collections.abc import Iterator

_QUEUE_RUNS = 64
_QUEUE_BYTES = 32 << 20
_KNOWN_RUNS = 10_000


class RunTable:
    def __init__(self) -> None:
        self.current: Run | None = None
        self._queue: deque[Run] = deque()
        self._queue_bytes = 0
        self._open: dict[bytes, Run] = {}  # until END is acknowledged
        self._known: set[bytes] = set()
        self._oldest: deque[bytes] = deque()  # the same; a dict would step over all that has been taken from its front

    def __iter__(self) -> Iterator[Run]:
        return iter(self._open.values())

    @property
    def queue(self) -> list[Run]:
        return list(self._queue)

    def find(self, raw: bytes) -> Run | None:
        return self._open.get(raw)

    def state(self, raw: bytes | None) -> str:
        if raw is None:
            return UNKNOWN
        run = self._open.get(raw)
        if run is not None:
            return run.state
        return ENDED if raw in self._known else UNKNOWN

    def has_room(self, run: Run) -> bool:
        return len(self._queue) < _QUEUE_RUNS and self._queue_bytes + len(run.code) <= _QUEUE_BYTES

    def enter(self, run: Run) -> None:
        self._queue.append(run)
        self._queue_bytes += len(run.code)
        self._open[run.raw] = run
        self._known.add(run.raw)
        self._oldest.append(run.raw)
        if len(self._known) > _KNOWN_RUNS:
            # One pass at most: what is open is never forgotten, and there is little of it.
            while self._oldest[0] in self._open:
                self._oldest.rotate(-1)
            self._known.remove(self._oldest.popleft())

    def peek(self) -> Run | None:
        return self._queue[0] if self._queue else None

    def take(self) -> Run:
        run = self._queue.popleft()
        self._queue_bytes -= len(run.code)
        self.current = run
        return run

    def end(self, run: Run, number: int) -> None:
        """Takes the run out of queue or place; its id stays."""
        if run is self.current:
            self.current = None
        else:
            self._queue.remove(run)
            self._queue_bytes -= len(run.code)
        run.state = ENDED
        run.end_number = number
        run.code = b""

    def acknowledge(self, number: int) -> None:
        for run in [run for run in self._open.values() if run.state == ENDED and run.end_number <= number]:
            del self._open[run.raw]
