"""The kernel's count of out-of-memory kills in this container."""

from __future__ import annotations

import os

# Version 2 first. The hierarchy of version 1 may be mounted below it.
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

    def read(self) -> bytes:
        """The counters at this moment, for `rose_since`."""
        if self._fd < 0:
            return b""
        try:
            return os.pread(self._fd, 4096, 0)
        except OSError:
            return b""

    def rose_since(self, before: bytes) -> bool:
        """Whether the kernel has killed for memory since `before` was read."""
        return _count(self.read()) > _count(before)


def _count(text: bytes) -> int:
    for line in text.splitlines():
        name, _, value = line.partition(b" ")
        if name == b"oom_kill" and value.strip().isdigit():
            return int(value)
    return 0
