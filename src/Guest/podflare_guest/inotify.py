"""The kernel's notices of changes below folders, by ctypes: the standard library does not have them."""

from __future__ import annotations

import ctypes
import os
import struct

MODIFY, ATTRIB, MOVED_FROM, MOVED_TO, CREATE, DELETE, DELETE_SELF, MOVE_SELF = 0x2, 0x4, 0x40, 0x80, 0x100, 0x200, 0x400, 0x800
UNMOUNT, OVERFLOW, IGNORED, IS_FOLDER = 0x2000, 0x4000, 0x8000, 0x4000_0000
_ONLY_FOLDERS, _NO_LINKS, _NOT_WHEN_UNLINKED = 0x100_0000, 0x200_0000, 0x400_0000
_EVENTS = MODIFY | ATTRIB | MOVED_FROM | MOVED_TO | CREATE | DELETE | DELETE_SELF | MOVE_SELF
_HEADER = struct.Struct("=iIII")
_READ_BYTES = 64 << 10


class Notice:
    __slots__ = ("watch", "mask", "cookie", "name")

    def __init__(self, watch: int, mask: int, cookie: int, name: bytes) -> None:
        self.watch = watch
        self.mask = mask
        self.cookie = cookie  # the same for both halves of a renaming
        self.name = name


class Inotify:
    def __init__(self) -> None:
        """Raises OSError, EMFILE among them: the user has too many."""
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.fd = self._check(self._libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK))

    def add(self, folder: bytes, follow: bool) -> int:
        """Watches a folder. Returns the watch, the same one for the same folder. Raises OSError, ENOSPC among them: the user has too many."""
        mask = _EVENTS | _ONLY_FOLDERS | _NOT_WHEN_UNLINKED | (0 if follow else _NO_LINKS)
        return self._check(self._libc.inotify_add_watch(self.fd, ctypes.c_char_p(folder), ctypes.c_uint32(mask)))

    def remove(self, watch: int) -> None:
        self._libc.inotify_rm_watch(self.fd, watch)

    def read(self) -> list[Notice]:
        """What has been noticed; empty where there is nothing."""
        try:
            data = os.read(self.fd, _READ_BYTES)
        except BlockingIOError:
            return []
        found, at = [], 0
        while at < len(data):
            watch, mask, cookie, length = _HEADER.unpack_from(data, at)
            at += _HEADER.size
            found.append(Notice(watch, mask, cookie, data[at : at + length].rstrip(b"\0")))
            at += length
        return found

    def close(self) -> None:
        os.close(self.fd)

    @staticmethod
    def _check(result: int) -> int:
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return int(result)
