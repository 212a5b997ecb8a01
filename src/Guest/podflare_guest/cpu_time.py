"""The CPU time that this container has used, as its control group counts it."""

from __future__ import annotations

import os

# Version 2 first. The hierarchies of version 1 may be mounted below it.
_STAT = "/sys/fs/cgroup/cpu.stat"
_USAGE = ("/sys/fs/cgroup/cpuacct/cpuacct.usage", "/sys/fs/cgroup/cpu,cpuacct/cpuacct.usage")
_FIELD = b"usage_usec "


class CpuTime:
    """Counts from the first `begin` on. Without a readable file nothing is reported."""

    def __init__(self) -> None:
        self._fd, self._is_stat = _open()
        self._before = -1

    def begin(self) -> None:
        """The first interpreter answers: what it took to start counts for nobody."""
        if self._before < 0:
            self._before = self._count()

    def read(self) -> int | None:
        """Nanoseconds used since `begin`."""
        if self._before < 0:
            return None
        now = self._count()
        return now - self._before if now >= self._before else None

    def _count(self) -> int:
        if self._fd < 0:
            return -1
        try:
            text = os.pread(self._fd, 512, 0)
        except OSError:
            return -1
        if not self._is_stat:
            return int(text) if text.strip().isdigit() else -1
        start = text.find(_FIELD)
        value = text[start + len(_FIELD) :].split(b"\n", 1)[0] if start >= 0 else b""
        return int(value) * 1000 if value.isdigit() else -1


def _open() -> tuple[int, bool]:
    for path in (_STAT, *_USAGE):
        try:
            return os.open(path, os.O_RDONLY), path == _STAT
        except OSError:
            continue
    return -1, False
