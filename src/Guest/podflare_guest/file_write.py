"""Writing a file: it is whole under its name, or not there at all."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from time import monotonic, sleep

from podflare_guest import frames
from podflare_guest.file_entry import answer, make_folders, require_file
from podflare_guest.file_link import FileLink, FileRefused, shown
from podflare_guest.headroom import Headroom
from podflare_guest.stdlib_core import TYPE_CHECKING, dumps

if TYPE_CHECKING:
    from podflare_guest.file_task import Task

_LOCK_SECONDS = 2.0


def write(link: FileLink, task: Task) -> None:
    # Through links, as an ordinary write goes; the link stays.
    target = os.path.realpath(task.path)
    folder, name = os.path.split(target)
    mode = 0o644
    old: os.stat_result | None = None
    try:
        old = os.stat(target)
    except FileNotFoundError:
        task.conditions.require(task.path, None)
        make_folders(folder)
    else:
        require_file(task.path, old)
        task.conditions.require(task.path, old)
        mode = stat.S_IMODE(old.st_mode)
        if not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, "")
    headroom = Headroom(folder)
    headroom.require(task.size or 0)
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    with NewFile(descriptor) as new:
        for length in link.chunks():
            headroom.require(length)
            for piece in link.pieces(length):
                new.write(piece)
        created = _publish(task, new, target, folder, name, mode)
    link.send(frames.FILE_DONE, dumps(answer(target, created=created)))


def _publish(task: Task, new: NewFile, target: bytes, folder: bytes, name: bytes, mode: int) -> bool:
    """Returns whether there was no such file before."""
    if task.conditions.only_new:
        try:
            new.publish(name, mode, replace=False)
        except FileExistsError:
            raise task.conditions.refuse_existing(task.path) from None
        return True
    with Locked(folder if task.conditions.exist else b""):
        created = not os.path.lexists(target)
        if task.conditions.exist:
            task.conditions.require(task.path, None if created else os.stat(target))
        new.publish(name, mode)
    return created


class Locked:
    """Keeps other requests with conditions out of a folder, so that of several with the same etag one wins."""

    def __init__(self, folder: bytes) -> None:
        """An empty name: nothing is locked."""
        self._folder = folder
        self._descriptor = -1

    def __enter__(self) -> None:
        if not self._folder:
            return
        try:
            self._descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except PermissionError:
            return  # a folder that may be written and not read
        limit = monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                # Programs can lock it as well.
                if monotonic() > limit:
                    raise FileRefused("busy", f"{shown(self._folder)} is locked by a program") from None
                sleep(0.005)

    def __exit__(self, *error: object) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)


class NewFile:
    """A file without a name until it is whole, so that none is left of one that never is; where the file system has no such files, with one of its own."""

    def __init__(self, folder: int) -> None:
        """`folder`: a descriptor, which stays open."""
        self._folder = folder
        self._part = part_name()
        self._named = False
        try:
            self._fd = os.open(b".", os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600, dir_fd=self._folder)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT):
                raise
            self._fd = os.open(self._part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600, dir_fd=self._folder)
            self._named = True

    def __enter__(self) -> NewFile:
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._fd)
        if self._named:
            os.unlink(self._part, dir_fd=self._folder)

    def write(self, piece: memoryview | bytes) -> None:
        piece = memoryview(piece)
        while piece:
            piece = piece[os.write(self._fd, piece) :]

    def publish(self, name: bytes, mode: int, replace: bool = True, modified_ns: int | None = None) -> None:
        """Gives it its name, in one step. FileExistsError where something has the name and must not be replaced."""
        os.fchmod(self._fd, mode)
        if modified_ns is not None:
            os.utime(self._fd, ns=(modified_ns, modified_ns))
        try:
            self._link(name)
            return
        except FileExistsError:
            if not replace:
                raise
        except OSError:
            # A file system without files that have no name may have no links either.
            if not replace or not self._named:
                raise
        if not self._named:
            # A link cannot replace anything, a renaming can.
            self._link(self._part)
            self._named = True
        os.rename(self._part, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        self._named = False

    def _link(self, name: bytes) -> None:
        if self._named:
            os.link(self._part, name, src_dir_fd=self._folder, dst_dir_fd=self._folder, follow_symlinks=False)
        else:
            os.link(b"/proc/self/fd/%d" % self._fd, name, dst_dir_fd=self._folder, follow_symlinks=True)


def part_name() -> bytes:
    """A name for what gets its own name when it is complete."""
    return b".podflare-" + os.urandom(8).hex().encode() + b".part"
