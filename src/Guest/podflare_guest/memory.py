"""The kernel's count of out-of-memory kills in this container."""

from __future__ import annotations

import os

# Version 2 first; of version 1 the hierarchy may be mounted below.
_PATHS = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")


class MemoryEvents:
    """Without a readable file the count stays 0, and no death is ever called `oom`."""

    def __init__(self, path: str = "") -> None:
        self._fd = -1
        for candidate in (path,) if path else _PATHS:
            try:
                self._fd = os.open(candidate, os.O_RDONLY)
            except OSError:
                continue
            break
        self._before = 0

    def mark(self) -> None:
        """Remembers the count before a run."""
        self._before = self._count()

    def rose(self) -> bool:
        """Whether the kernel has killed for memory since the mark."""
        count = self._count()
        rose = count > self._before
        self._before = count
        return rose

    def _count(self) -> int:
        if self._fd < 0:
            return 0
        try:
            lines = os.pread(self._fd, 4096, 0).splitlines()
        except OSError:
            return 0
        for line in lines:
            name, _, value = line.partition(b" ")
            if name == b"oom_kill" and value.strip().isdigit():
                return int(value)
        return 0
