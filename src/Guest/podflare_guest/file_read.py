"""Reading a file, or a part of it."""

from __future__ import annotations

import os

from podflare_guest import frames
from podflare_guest.file_entry import entry, etag, require_file, require_foreign
from podflare_guest.file_link import CHUNK, FileLink, FileRefused, shown
from podflare_guest.stdlib_core import TYPE_CHECKING, dumps

if TYPE_CHECKING:
    from podflare_guest.file_task import Task


def read(link: FileLink, task: Task) -> None:
    require_file(task.path, os.stat(task.path))  # before it is opened: that alone may do something to a device
    # Neither a pipe nor a terminal that has taken its place meanwhile may hold or take us.
    fd = os.open(task.path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    opened = os.fstat(fd)
    require_file(task.path, opened)
    require_foreign(task.path, fd)
    task.conditions.require(task.path, opened)
    size = opened.st_size
    fields: dict[str, object] = {"size": size, "modified_ms": opened.st_mtime_ns // 1_000_000, "etag": etag(opened), "entry": entry(os.path.basename(task.path), opened)}
    # A size of 0 is no promise: the kernel's own files have it whatever is in them.
    left = size or None
    if left is not None and (task.first is not None or task.end is not None):
        first, end = task.first or 0, size if task.end is None else min(task.end, size)
        if first >= end:
            raise FileRefused("range", f"{shown(task.path)} has {size} bytes", size=size)
        os.lseek(fd, first, os.SEEK_SET)
        fields["from"], fields["to"] = first, end
        left = end - first
    link.send(frames.FILE_OPENED, dumps(fields))
    while True:
        link.wait_for_next()
        wanted = CHUNK if left is None else min(CHUNK, left)
        chunk = _read_chunk(fd, wanted)
        if chunk:
            link.send(frames.FILE_DATA, chunk)
        if left is not None:
            if len(chunk) < wanted:
                raise FileRefused("changed", f"{shown(task.path)} became shorter while it was read")
            left -= len(chunk)
        if not chunk:
            link.send(frames.FILE_END)
            return


def _read_chunk(fd: int, wanted: int) -> bytes:
    pieces = []
    while wanted:
        piece = os.read(fd, wanted)
        if not piece:
            break
        pieces.append(piece)
        wanted -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
