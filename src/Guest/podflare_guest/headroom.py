"""Room for what is to be written, memory included: files of a tmpfs are memory, and where that ends the kernel kills the sandbox's largest process."""

from __future__ import annotations

import errno
import os

# What is left for the programs.
_MARGIN_BYTES = 8 << 20
_MEMORY_TYPES = (b"tmpfs", b"ramfs")


class Headroom:
    def __init__(self, folder: bytes) -> None:
        self._folder = folder
        self._limit = _memory_limit() if _in_memory(folder) else None

    def require(self, size: int) -> None:
        """Raises ENOSPC where so many bytes more would not fit."""
        space = os.statvfs(self._folder)
        if space.f_blocks and size > space.f_bavail * space.f_frsize:
            raise OSError(errno.ENOSPC, "")
        if self._limit is not None and size > self._limit - _memory_used() - _MARGIN_BYTES:
            raise OSError(errno.ENOSPC, "")


def _in_memory(folder: bytes) -> bool:
    device = os.stat(folder).st_dev
    number = b"%d:%d" % (os.major(device), os.minor(device))
    try:
        with open("/proc/self/mountinfo", "rb") as mounts:
            for line in mounts:
                fields = line.split()
                if fields[2] == number:
                    return fields[fields.index(b"-") + 1] in _MEMORY_TYPES
    except (OSError, ValueError, IndexError):
        pass
    return False


def _memory_limit() -> int | None:
    """The container's limit in bytes; None without one, or where the kernel does not tell."""
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            return int(_file(path))
        except (OSError, ValueError):
            pass
    return None


def _memory_used() -> int:
    """Bytes that the kernel cannot take back from the container without killing."""
    try:
        if os.path.exists("/sys/fs/cgroup/memory.max"):
            used, stat, names = _file("/sys/fs/cgroup/memory.current"), _file("/sys/fs/cgroup/memory.stat"), (b"inactive_file", b"active_file", b"slab_reclaimable")
        else:
            used, stat = _file("/sys/fs/cgroup/memory/memory.usage_in_bytes"), _file("/sys/fs/cgroup/memory/memory.stat")
            names = (b"total_inactive_file", b"total_active_file", b"")
        counts = dict(line.split(b" ", 1) for line in stat.splitlines())
        return int(used) - sum(int(counts.get(name, 0)) for name in names)
    except (OSError, ValueError):
        return 0


def _file(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return file.read(1 << 16)
