"""Deleting a file, or a folder with all that it holds."""

from __future__ import annotations

import errno
import os
import stat

from podflare_guest import frames
from podflare_guest.file_link import FileLink, FileRefused, shown
from podflare_guest.file_write import Locked, part_name
from podflare_guest.stdlib_core import TYPE_CHECKING

if TYPE_CHECKING:
    from podflare_guest.file_task import Task

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Each level holds a descriptor.
_MOST_DEPTH = 200
# A folder may get new names while it is emptied.
_ATTEMPTS = 5


def delete(link: FileLink, task: Task) -> None:
    path = task.path.rstrip(b"/") or b"/"
    with Locked(os.path.dirname(path) if task.conditions.exist else b""):
        try:
            found = os.lstat(path)
        except FileNotFoundError:
            task.conditions.require(path, None)
            raise
        task.conditions.require(path, found)
        if not stat.S_ISDIR(found.st_mode):
            os.unlink(path)
        elif task.recursive is None:
            raise FileRefused("not_a_file", f"{shown(path)} is a directory")
        elif not task.recursive:
            _remove_empty(path)
        else:
            remove_tree(path)
    link.send(frames.FILE_DONE, b"{}")


def _remove_empty(path: bytes) -> None:
    try:
        os.rmdir(path)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise FileRefused("not_empty", f"{shown(path)} is not empty") from None
        raise


def remove_tree(path: bytes) -> None:
    """Removes a folder and all below it. Links are removed, and never followed."""
    root = os.open(path, _FOLDER)
    try:
        too_deep: list[bytes] = []
        _empty(root, root, 1, too_deep)
        while too_deep:
            _remove(root, too_deep.pop(), root, 1, too_deep)
    finally:
        os.close(root)
    _remove_empty(path)


def _empty(folder: int, root: int, depth: int, too_deep: list[bytes]) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            # By a descriptor names are texts.
            name = os.fsencode(entry.name)
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(name, dir_fd=folder)
            elif depth < _MOST_DEPTH:
                _remove(folder, name, root, depth + 1, too_deep)
            else:
                # Out of the depth, to be removed later.
                moved = part_name()
                os.rename(name, moved, src_dir_fd=folder, dst_dir_fd=root)
                too_deep.append(moved)


def _remove(parent: int, name: bytes, root: int, depth: int, too_deep: list[bytes]) -> None:
    descriptor = os.open(name, _FOLDER, dir_fd=parent)
    try:
        for attempt in range(_ATTEMPTS):
            os.lseek(descriptor, 0, os.SEEK_SET)
            _empty(descriptor, root, depth, too_deep)
            try:
                os.rmdir(name, dir_fd=parent)
                return
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST) or attempt == _ATTEMPTS - 1:
                    raise
    finally:
        os.close(descriptor)
