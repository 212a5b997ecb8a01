"""A folder, or a file, as a tar archive that is never held as a whole."""

from __future__ import annotations

import os
import stat

from podflare_guest import frames, tar_format
from podflare_guest.file_entry import entry, etag
from podflare_guest.file_link import CHUNK, FileLink, FileRefused, shown
from podflare_guest.stdlib_core import TYPE_CHECKING, dumps

if TYPE_CHECKING:
    from podflare_guest.file_task import Task

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
# Each level holds a descriptor.
_MOST_DEPTH = 200
_PIECE = 256 << 10


def tar_read(link: FileLink, task: Task) -> None:
    path = os.path.realpath(task.path)
    status = os.stat(path)
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        raise FileRefused("not_a_file", f"{shown(task.path)} is neither a file nor a directory")
    parent = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    # The archive's name for it is the one that was asked for, also where that is a link.
    name = os.path.basename(task.path.rstrip(b"/")) or b"root"
    if stat.S_ISDIR(status.st_mode):
        os.close(os.open(path, _FOLDER))  # what cannot be listed is refused before anything is sent
    found = entry(name, status)
    link.send(frames.FILE_OPENED, dumps({"size": None, "modified_ms": found["modified_ms"], "etag": etag(status), "entry": found}))
    _Archive(link).add_all(parent, os.path.basename(path) or b".", name)


class _Archive:
    def __init__(self, link: FileLink) -> None:
        self._link = link
        self._waiting = bytearray()

    def add_all(self, parent: int, name: bytes, shown_name: bytes) -> None:
        self._add(parent, name, shown_name, 1)
        self._write(tar_format.END)
        while self._waiting:
            self._send()
        self._link.wait_for_next()
        self._link.send(frames.FILE_END)

    def _add(self, parent: int, name: bytes, path: bytes, depth: int) -> None:
        """Links are members themselves. Devices, pipes and sockets are left out."""
        status = os.stat(name, dir_fd=parent, follow_symlinks=False)
        if stat.S_ISREG(status.st_mode):
            self._add_file(parent, name, path)
        elif stat.S_ISLNK(status.st_mode):
            self._write_header(path, tar_format.LINK, status, 0, os.readlink(name, dir_fd=parent))
        elif stat.S_ISDIR(status.st_mode):
            self._add_folder(parent, name, path, depth)

    def _add_file(self, parent: int, name: bytes, path: bytes) -> None:
        descriptor = _open(name, _FILE, parent, path)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return
            self._write_header(path, tar_format.FILE, status, status.st_size)
            left = status.st_size
            while left:
                piece = os.read(descriptor, min(left, _PIECE))
                if not piece:
                    raise FileRefused("changed", f"{shown(path)} became shorter while it was read")
                left -= len(piece)
                self._write(piece)
            self._write(bytes(tar_format.padding(status.st_size)))
        finally:
            os.close(descriptor)

    def _add_folder(self, parent: int, name: bytes, path: bytes, depth: int) -> None:
        if depth > _MOST_DEPTH:
            raise FileRefused("invalid", f"folders are more than {_MOST_DEPTH} deep")
        descriptor = _open(name, _FOLDER, parent, path)
        try:
            self._write_header(path + b"/", tar_format.FOLDER, os.fstat(descriptor), 0)
            for child in sorted(map(os.fsencode, os.listdir(descriptor))):
                try:
                    self._add(descriptor, child, path + b"/" + child, depth + 1)
                except FileNotFoundError:
                    continue  # it has gone meanwhile
        finally:
            os.close(descriptor)

    def _write_header(self, path: bytes, kind: bytes, status: os.stat_result, size: int, link: bytes = b"") -> None:
        self._write(tar_format.header(path, kind, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, size, int(status.st_mtime), link))

    def _write(self, data: bytes) -> None:
        self._waiting += data
        while len(self._waiting) >= CHUNK:
            self._send()

    def _send(self) -> None:
        self._link.wait_for_next()
        self._link.send(frames.FILE_DATA, bytes(self._waiting[:CHUNK]))
        del self._waiting[:CHUNK]


def _open(name: bytes, flags: int, parent: int, path: bytes) -> int:
    try:
        return os.open(name, flags, dir_fd=parent)
    except PermissionError:
        raise FileRefused("denied", f"the sandbox's user may not read {shown(path)}") from None
