"""All runs that the guest knows: those that are open, and the ids of those that have ended."""

from __future__ import annotations

from podflare_guest.run import ENDED, QUEUED, UNKNOWN, Run
from podflare_guest.stdlib_core import TYPE_CHECKING, deque

if TYPE_CHECKING:
    from collections.abc import Iterator

_QUEUED_RUNS = 64
_QUEUED_BYTES = 32 << 20
_KNOWN_RUNS = 10_000


class RunTable:
    def __init__(self) -> None:
        self._queued = self._queued_bytes = 0
        self._open: dict[bytes, Run] = {}  # until END is acknowledged
        self._known: set[bytes] = set()
        self._oldest: deque[bytes] = deque()  # the same ids; taking from the front of a dict steps over all that was removed there

    def __iter__(self) -> Iterator[Run]:
        return iter(self._open.values())

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
        return self._queued < _QUEUED_RUNS and self._queued_bytes + len(run.code) <= _QUEUED_BYTES

    def enter(self, run: Run) -> None:
        self._queued += 1
        self._queued_bytes += len(run.code)
        self._open[run.raw] = run
        self._known.add(run.raw)
        self._oldest.append(run.raw)
        if len(self._known) > _KNOWN_RUNS:
            # One pass at most: what is open is never forgotten, and there is little of it.
            while self._oldest[0] in self._open:
                self._oldest.rotate(-1)
            self._known.remove(self._oldest.popleft())

    def leave_queue(self, run: Run) -> None:
        """The run starts, or ends without having started."""
        self._queued -= 1
        self._queued_bytes -= len(run.code)

    def return_to_queue(self, run: Run) -> None:
        """The run has been started, but nothing of it has been executed."""
        run.state = QUEUED
        self._queued += 1
        self._queued_bytes += len(run.code)

    def end(self, run: Run, number: int) -> None:
        """Marks the run as ended by the frame with this number. Its id stays known."""
        if run.state == QUEUED:
            self.leave_queue(run)
        run.state = ENDED
        run.end_number = number
        run.code = b""

    def acknowledge(self, last_of_runs: dict[bytes, int]) -> None:
        """The host has kept frames of these runs; of each all up to this number. A run leaves with its last frame."""
        for raw, last in last_of_runs.items():
            run = self._open.get(raw)
            if run is not None:
                run.acknowledged = last
                if run.state == ENDED and run.end_number <= last:
                    del self._open[raw]
