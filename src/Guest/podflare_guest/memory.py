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
        self._before = b""

    def mark(self) -> None:
        """Remembers the count before a run."""
        self._before = self._read()

    def rose(self) -> bool:
        """Whether the kernel has killed for memory since the mark."""
        now = self._read()
        rose = _count(now) > _count(self._before)
        self._before = now
        return rose

    def _read(self) -> bytes:
        if self._fd < 0:
            return b""
        try:
            return os.pread(self._fd, 4096, 0)
        except OSError:
            return b""


def _count(text: bytes) -> int:
    for line in text.splitlines():
        name, _, value = line.partition(b" ")
        if name == b"oom_kill" and value.strip().isdigit():
            return int(value)
    return 0
