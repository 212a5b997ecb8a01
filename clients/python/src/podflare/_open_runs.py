"""The runs that one sandbox object has not seen the end of."""

from __future__ import annotations

import threading

from ._reading import RunState

# As many runs as the server remembers of a sandbox.
_MAX_RUNS = 256


class OpenRuns:
    """Runs that were started or followed here and whose exit was not read, whether or not anybody still reads them.

    At most 256 are kept; the oldest is dropped first.
    """

    def __init__(self) -> None:
        self._runs: dict[RunState, None] = {}
        self._lock = threading.Lock()

    def add(self, run: RunState) -> None:
        with self._lock:
            self._runs[run] = None
            if len(self._runs) > _MAX_RUNS:
                del self._runs[next(iter(self._runs))]

    def discard(self, run: RunState) -> None:
        with self._lock:
            self._runs.pop(run, None)

    def all(self) -> list[RunState]:
        with self._lock:
            return list(self._runs)
