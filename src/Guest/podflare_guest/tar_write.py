"""Unpacking a tar archive into a folder, member by member as it arrives."""

from __future__ import annotations

import errno
import os

from podflare_guest import frames, tar_format
from podflare_guest.file_entry import make_folders
from podflare_guest.file_link import CHUNK, FileLink, FileRefused, shown
from podflare_guest.file_moves import make_link
from podflare_guest.file_write import NewFile, part_name
from podflare_guest.headroom import Headroom
from podflare_guest.stdlib_core import TYPE_CHECKING, dumps
from podflare_guest.tar_format import BLOCK, LONGEST_EXTENSION, Header, invalid
from podflare_guest.tar_source import Source, received, truncated, unzipped

if TYPE_CHECKING:
    from podflare_guest.file_task import Task

_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_MEMBERS = 100_000
_MOST_TIME = 1 << 40


def tar_write(link: FileLink, task: Task) -> None:
    make_folders(task.path)
    headroom = Headroom(task.path)
    pieces = received(link, headroom)
    source = Source(unzipped(pieces) if task.gzip else pieces)
    counts = {"files": 0, "directories": 0, "bytes": 0}
    task.progress = counts  # type: ignore[assignment]
    root = os.open(task.path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    _Unpacking(source, root, headroom, counts).run()
    for _ in pieces:
        pass  # what follows the end of the archive
    link.send(frames.FILE_DONE, dumps(counts))


class _Unpacking:
    """Nothing outside of the root is written, whatever the names are: every folder on the way is opened without following links."""

    def __init__(self, source: Source, root: int, headroom: Headroom, counts: dict[str, int]) -> None:
        self._source = source
        self._root = root
        self._headroom = headroom
        self._counts = counts
        self._folder: tuple[tuple[bytes, ...], int] = ((), root)  # opened last; most members are in the folder of the one before
        self._unchecked = 0

    def run(self) -> None:
        members = 0
        while True:
            member = self._next_member()
            if member is None:
                return
            members += 1
            if members > _MOST_MEMBERS:
                raise invalid(f"the archive has more than {_MOST_MEMBERS:,} members")
            try:
                self._unpack(member)
            except OSError as error:
                raise self._failure(member, error) from None

    def _next_member(self) -> Header | None:
        records: dict[bytes, bytes] = {}
        while True:
            block = self._source.read_exactly(BLOCK)
            if len(block) < BLOCK:
                raise truncated()
            if not any(block):
                return None
            header = Header(block)
            if header.kind in (tar_format.LONG_NAME, tar_format.LONG_LINK):
                records[b"path" if header.kind == tar_format.LONG_NAME else b"linkpath"] = self._extension(header).partition(b"\0")[0]
            elif header.kind == tar_format.EXTENDED:
                records.update(tar_format.parse_records(self._extension(header)))
            elif header.kind == tar_format.GLOBAL:
                self._extension(header)
            else:
                header.extend(records)
                return header

    def _extension(self, header: Header) -> bytes:
        if header.size > LONGEST_EXTENSION:
            raise invalid("an extended header of the archive has more than 1 MiB")
        return b"".join(bytes(piece) for piece in self._source.data(header.size))

    def _unpack(self, member: Header) -> None:
        parts = _parts(member.name, "name")
        if member.kind == tar_format.FOLDER:
            folder = self._open(parts)
            if parts:
                os.chmod(b"/proc/self/fd/%d" % folder, member.mode & 0o777 | 0o700)
            self._counts["directories"] += 1
            self._skip(member)
            return
        if not parts:
            raise invalid("a member of the archive has no name")
        if member.kind not in (tar_format.FILE, tar_format.LINK, tar_format.HARD_LINK):
            raise invalid(f"{shown(member.name)} is neither a file nor a directory nor a link")
        if member.kind == tar_format.FILE:
            self._write_file(member, self._open(parts[:-1]), parts[-1])
        elif member.kind == tar_format.LINK:
            if not member.link or b"\0" in member.link:
                raise invalid(f"the link {shown(member.name)} leads nowhere")
            make_link(member.link, self._open(parts[:-1]), parts[-1])
            self._skip(member)
        else:
            self._link(member, parts)
            self._skip(member)
        self._counts["files"] += 1

    def _write_file(self, member: Header, folder: int, name: bytes) -> None:
        with NewFile(folder) as new:
            for piece in self._source.data(member.size):
                self._unchecked += len(piece)
                if self._unchecked >= CHUNK:
                    self._unchecked = 0
                    self._headroom.require(CHUNK)
                new.write(piece)
            modified = int(max(0.0, min(member.modified, _MOST_TIME)) * 1_000_000_000)
            new.publish(name, member.mode & 0o777, modified_ns=modified)
        self._counts["bytes"] += member.size

    def _link(self, member: Header, parts: tuple[bytes, ...]) -> None:
        """A further name for a member that was unpacked before, or for what is in the folder already."""
        target = _parts(member.link, "link")
        if not target:
            raise invalid(f"the link {shown(member.name)} leads nowhere")
        part = part_name()
        source = os.dup(self._open(target[:-1], create=False))
        try:
            folder = self._open(parts[:-1])
            os.link(target[-1], part, src_dir_fd=source, dst_dir_fd=folder, follow_symlinks=False)
            try:
                os.rename(part, parts[-1], src_dir_fd=folder, dst_dir_fd=folder)
            finally:
                # Renaming one name of a file to another of it does nothing.
                _unlink(part, folder)
        except FileNotFoundError:
            raise invalid(f"{shown(member.name)} is a link to {shown(member.link)}, which is not there") from None
        finally:
            os.close(source)

    def _skip(self, member: Header) -> None:
        for _ in self._source.data(member.size if member.kind not in (tar_format.LINK, tar_format.HARD_LINK) else 0):
            pass

    def _open(self, parts: tuple[bytes, ...], create: bool = True) -> int:
        """A folder below the root. It stays open until the next one is asked for."""
        if parts == self._folder[0]:
            return self._folder[1]
        descriptor = self._root
        for part in parts:
            try:
                inner = self._step(descriptor, part, create)
            finally:
                if descriptor != self._root:
                    os.close(descriptor)
            descriptor = inner
        if self._folder[1] != self._root:
            os.close(self._folder[1])
        self._folder = parts, descriptor
        return descriptor

    @staticmethod
    def _step(folder: int, part: bytes, create: bool) -> int:
        try:
            return os.open(part, _FOLDER, dir_fd=folder)
        except FileNotFoundError:
            if not create:
                raise
            os.mkdir(part, dir_fd=folder)
            return os.open(part, _FOLDER, dir_fd=folder)
        except OSError as error:
            if error.errno in (errno.ENOTDIR, errno.ELOOP):
                raise invalid(f"the archive leads through {shown(part)}, which is a link or a file") from None
            raise

    @staticmethod
    def _failure(member: Header, error: OSError) -> Exception:
        if isinstance(error, ConnectionError):
            return error
        if error.errno in (errno.EISDIR, errno.ENOTEMPTY):
            return FileRefused("not_a_file", f"{shown(member.name)} is a directory already")
        if error.errno in (errno.EACCES, errno.EPERM):
            return FileRefused("denied", f"the sandbox's user may not write {shown(member.name)}")
        if error.errno == errno.ENAMETOOLONG:
            return FileRefused("invalid", f"{shown(member.name)} contains a name that is too long")
        return error


def _unlink(name: bytes, folder: int) -> None:
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        pass


def _parts(name: bytes, what: str) -> tuple[bytes, ...]:
    parts = tuple(part for part in name.split(b"/") if part not in (b"", b"."))
    if name.startswith(b"/") or b".." in parts or b"\0" in name:
        raise invalid(f"the {what} {shown(name)} leads out of the folder")
    return parts
