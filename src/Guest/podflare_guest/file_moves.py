"""Making folders, moving, and copying."""

from __future__ import annotations

import ctypes
import errno
import os
import stat

from podflare_guest import frames
from podflare_guest.file_entry import answer, make_folders, require_foreign
from podflare_guest.file_link import FileLink, FileRefused, shown
from podflare_guest.file_removal import remove_tree
from podflare_guest.file_write import NewFile, part_name
from podflare_guest.headroom import Headroom
from podflare_guest.stdlib_core import TYPE_CHECKING, dumps

if TYPE_CHECKING:
    from podflare_guest.file_task import Task

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Each level holds two descriptors.
_MOST_DEPTH = 200
_PIECE = 256 << 10
_CHECK_BYTES = 1 << 20
_AT_FDCWD, _NO_REPLACE = -100, 1


def make_folder(link: FileLink, task: Task) -> None:
    created = True
    if task.parents:
        make_folders(os.path.dirname(task.path.rstrip(b"/")))
    try:
        os.mkdir(task.path)
    except FileExistsError:
        if not os.path.isdir(task.path):
            raise FileRefused("exists", f"{shown(task.path)} exists, and is not a directory") from None
        created = False
    if created and task.mode is not None:
        os.chmod(task.path, task.mode & 0o7777)
    link.send(frames.FILE_DONE, dumps(answer(task.path, follow=True, created=created)))


def move(link: FileLink, task: Task) -> None:
    source, target, status, created = _prepare(task)
    try:
        _rename(source, target, task.overwrite)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise _target_failure(target, status, error) from None
        if os.path.isdir(target) and not os.path.islink(target):
            try:
                os.rmdir(target)
            except OSError as failed:
                raise _target_failure(target, status, failed) from None
        _Copy(task.overwrite).copy(source, target)
        remove_tree(source) if stat.S_ISDIR(status.st_mode) else os.unlink(source)
    link.send(frames.FILE_DONE, dumps(answer(target, created=created)))


def copy(link: FileLink, task: Task) -> None:
    source, target, status, created = _prepare(task)
    if stat.S_ISDIR(status.st_mode) and not task.recursive:
        raise FileRefused("not_a_file", f"{shown(source)} is a directory")
    try:
        _Copy(task.overwrite).copy(source, target)
    except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
        raise _target_failure(target, status, error) from None
    link.send(frames.FILE_DONE, dumps(answer(target, created=created)))


def _prepare(task: Task) -> tuple[bytes, bytes, os.stat_result, bool]:
    """Source, target, what the source is, and whether the target is new."""
    source, target = task.path.rstrip(b"/") or b"/", task.to.rstrip(b"/") or b"/"
    status = os.lstat(source)
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode) or stat.S_ISLNK(status.st_mode)):
        raise FileRefused("not_a_file", f"{shown(source)} is neither a file nor a directory nor a link")
    folder = os.path.dirname(target)
    if task.parents:
        make_folders(folder)
    elif not os.path.isdir(folder):
        raise FileRefused("not_found", f"{shown(folder)} is not there, or not a directory")
    own = os.path.join(os.path.realpath(os.path.dirname(source)), os.path.basename(source))
    new = os.path.join(os.path.realpath(folder), os.path.basename(target))
    if new == own or new.startswith(own + b"/"):
        raise FileRefused("invalid", f"{shown(target)} is {shown(source)} itself, or in it")
    created = not os.path.lexists(target)
    if not created and not task.overwrite:
        raise FileRefused("exists", f"{shown(target)} exists")
    return source, target, status, created


def _target_failure(target: bytes, source: os.stat_result, error: OSError) -> Exception:
    if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
        return FileRefused("not_empty" if stat.S_ISDIR(source.st_mode) and os.path.isdir(target) else "exists", f"{shown(target)} exists")
    if error.errno == errno.EISDIR:
        return FileRefused("not_a_file", f"{shown(target)} is a directory")
    if error.errno == errno.ENOTDIR:
        return FileRefused("not_a_directory", f"{shown(target)} is not a directory")
    return error


def _rename(source: bytes, target: bytes, replace: bool) -> None:
    renameat2 = None if replace else getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is not None:
        if renameat2(_AT_FDCWD, source, _AT_FDCWD, target, _NO_REPLACE) == 0:
            return
        if ctypes.get_errno() not in (errno.EINVAL, errno.ENOSYS):
            raise OSError(ctypes.get_errno(), "")
    # The file system cannot tell. `_prepare` has looked.
    os.rename(source, target)


class _Copy:
    def __init__(self, replace: bool) -> None:
        self._replace = replace
        self._unchecked = 0
        self._headroom: Headroom

    def copy(self, source: bytes, target: bytes) -> None:
        """Links are copied as links. Below a folder, devices, pipes and sockets are left out."""
        self._headroom = Headroom(os.path.dirname(target))
        folders = [os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC) for path in (source, target)]
        try:
            self._copy(folders[0], os.path.basename(source), folders[1], os.path.basename(target), 1)
        finally:
            for descriptor in folders:
                os.close(descriptor)

    def _copy(self, source: int, name: bytes, target: int, new_name: bytes, depth: int) -> None:
        status = os.stat(name, dir_fd=source, follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):
            make_link(os.readlink(name, dir_fd=source), target, new_name, self._replace)
        elif stat.S_ISREG(status.st_mode):
            self._copy_file(source, name, target, new_name)
        elif stat.S_ISDIR(status.st_mode):
            self._copy_folder(source, name, target, new_name, depth)

    def _copy_file(self, source: int, name: bytes, target: int, new_name: bytes) -> None:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, dir_fd=source)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return
            require_foreign(name, descriptor)
            self._headroom.require(status.st_size)
            with NewFile(target) as new:
                while piece := os.read(descriptor, _PIECE):
                    self._unchecked += len(piece)
                    if self._unchecked >= _CHECK_BYTES:
                        self._unchecked = 0
                        self._headroom.require(_CHECK_BYTES)
                    new.write(piece)
                new.publish(new_name, stat.S_IMODE(status.st_mode), self._replace)
        finally:
            os.close(descriptor)

    def _copy_folder(self, source: int, name: bytes, target: int, new_name: bytes, depth: int) -> None:
        if depth > _MOST_DEPTH:
            raise FileRefused("invalid", f"folders are more than {_MOST_DEPTH} deep")
        descriptor = os.open(name, _FOLDER, dir_fd=source)
        try:
            try:
                os.mkdir(new_name, 0o700, dir_fd=target)
                created = True
            except FileExistsError:
                created = False
            folder = os.open(new_name, _FOLDER, dir_fd=target)
            try:
                for child in os.listdir(descriptor):
                    self._copy(descriptor, os.fsencode(child), folder, os.fsencode(child), depth + 1)
                if created:
                    os.fchmod(folder, stat.S_IMODE(os.fstat(descriptor).st_mode))
            finally:
                os.close(folder)
        finally:
            os.close(descriptor)


def make_link(target: bytes, folder: int, name: bytes, replace: bool = True) -> None:
    """A link in place of what has the name, in one step."""
    try:
        os.symlink(target, name, dir_fd=folder)
        return
    except FileExistsError:
        if not replace:
            raise
    part = part_name()
    os.symlink(target, part, dir_fd=folder)
    try:
        os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        os.unlink(part, dir_fd=folder)
        raise
