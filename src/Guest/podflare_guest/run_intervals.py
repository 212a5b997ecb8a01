"""When the last runs executed, so that the host can tell which run a span belongs to."""

from __future__ import annotations

from podflare_guest.stdlib_core import TYPE_CHECKING

if TYPE_CHECKING:
    from podflare_guest.run import Run

_MOST_SENT = 8
_MOST_REMEMBERED = 256
_END = 3


class RunIntervals:
    """Runs overlap, so each has the group of its processes with it: the runs of one interpreter follow each other."""

    def __init__(self) -> None:
        self._all: list[list] = []  # group, 16 bytes of the run, start and end in ms; 0 for an end while it executes

    def begin(self, group: int, run: Run) -> list:
        interval = [group, run.raw, run.started_ms, 0]
        self._all.append(interval)
        if len(self._all) > _MOST_REMEMBERED:
            # Half of them at a time. What still executes stays, and there are 64 of these at most.
            half = _MOST_REMEMBERED // 2
            self._all[:half] = [old for old in self._all[:half] if not old[_END]]
        return interval

    @staticmethod
    def end(interval: list, at_ms: int) -> None:
        interval[_END] = at_ms

    def encode(self, group: int) -> bytes:
        """u8 count, then of each run its 16 bytes, i64 start and i64 end. Of the last runs of the group; of all groups where that is 0."""
        chosen = [interval for interval in self._all if interval[0] == group or not group][-_MOST_SENT:]
        return bytes((len(chosen),)) + b"".join(raw + start.to_bytes(8, "big") + end.to_bytes(8, "big") for _, raw, start, end in chosen)
