"""Folders as archives: local folders that are uploaded, and archives that are unpacked."""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Iterator
from typing import IO, Union

from ._uploads import CHUNK_BYTES, Upload

_BLOCK = tarfile.BLOCKSIZE
# A mode from a sandbox must neither make a program of another user's nor lock its owner out.
_MODE_BITS = 0o777
_OWNER_BITS = 0o600


class FolderUpload(Upload):
    """The content of a local folder as a tar archive, without the folder's own name. It is read again for a retry.

    Regular files, folders and links are included, links as they are. Owners are left out; anything else is skipped.
    """

    def __init__(self, folder: Union[str, "os.PathLike[str]"]) -> None:
        self.length = None
        self.is_repeatable = True
        self._async = None
        path = os.fspath(folder)
        if not os.path.isdir(path):
            raise NotADirectoryError(f"not a folder: {path}")
        self._open = lambda: _archive_of(path)


class UnsafeArchiveError(ValueError):
    """An archive has a member that must not be written, such as one outside of its folder."""


def unpack(archive: IO[bytes], folder: Union[str, "os.PathLike[str]"]) -> None:
    """Writes the members of an archive below a folder, which is created if it does not exist. The first part of each name is left out: in an
    archive from a sandbox it is the name of the folder there.

    The archive is not trusted. Raises UnsafeArchiveError for a name outside of the folder, a member below a link, and anything but regular
    files, folders and links that lead to a place inside of the folder.
    """
    top = os.path.realpath(folder)
    os.makedirs(top, exist_ok=True)
    links: list[tuple[str, str]] = []
    with tarfile.open(fileobj=archive, mode="r|") as members:
        for member in members:
            target = _target(top, member.name)
            if member.isdir():
                os.makedirs(target, exist_ok=True)
            elif member.isreg():
                content = members.extractfile(member)
                assert content is not None
                _write(target, content, member.mode)
            elif member.issym():
                links.append((member.name, member.linkname))
            else:
                raise UnsafeArchiveError(f"{member.name!r} is neither a file, a folder nor a link")
    # Last, so that no file is written through one of them.
    for name, leads_to in links:
        _link(top, _target(top, name), leads_to)


def _archive_of(folder: str) -> Iterator[bytes]:
    pending = [""]
    while pending:
        inside = pending.pop()
        with os.scandir(os.path.join(folder, inside)) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        for entry in found:
            name = f"{inside}/{entry.name}" if inside else entry.name
            if entry.is_dir(follow_symlinks=False):
                pending.append(name)
            yield from _member(entry.path, name)
    yield bytes(2 * _BLOCK)


def _member(path: str, name: str) -> Iterator[bytes]:
    """One member of an archive: its header, and the content of a file."""
    info = os.lstat(path)
    member = tarfile.TarInfo(name)
    member.mode, member.mtime = stat.S_IMODE(info.st_mode), int(info.st_mtime)
    if stat.S_ISDIR(info.st_mode):
        member.type = tarfile.DIRTYPE
    elif stat.S_ISLNK(info.st_mode):
        member.type, member.linkname = tarfile.SYMTYPE, os.readlink(path)
    elif not stat.S_ISREG(info.st_mode):
        return
    else:
        with open(path, "rb") as file:
            yield from _file(member, file)
        return
    yield _header(member)


def _file(member: tarfile.TarInfo, file: IO[bytes]) -> Iterator[bytes]:
    member.size = left = os.fstat(file.fileno()).st_size
    yield _header(member)
    while left > 0:
        chunk = file.read(min(CHUNK_BYTES, left))
        if not chunk:
            # The header has promised more.
            raise OSError(f"the file became shorter while it was read: {file.name}")
        left -= len(chunk)
        yield chunk
    if rest := member.size % _BLOCK:
        yield bytes(_BLOCK - rest)


def _header(member: tarfile.TarInfo) -> bytes:
    return member.tobuf(tarfile.PAX_FORMAT, errors="surrogateescape")


def _target(top: str, name: str) -> str:
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or not parts or ".." in parts or os.sep == "\\" and any(mark in name for mark in ":\\"):
        raise UnsafeArchiveError(f"{name!r} is not a name inside of the folder")
    parts = parts[1:]
    target = top
    for part in parts[:-1]:
        target = os.path.join(target, part)
        if os.path.islink(target):
            raise UnsafeArchiveError(f"{name!r} is below a link")
    return os.path.join(target, *parts[-1:])


def _write(target: str, content: IO[bytes], mode: int) -> None:
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.lexists(target):
        # Not through a link, and not into a file that others have open.
        os.unlink(target)
    with open(target, "xb") as file:
        while chunk := content.read(CHUNK_BYTES):
            file.write(chunk)
    os.chmod(target, mode & _MODE_BITS | _OWNER_BITS)


def _link(top: str, target: str, leads_to: str) -> None:
    parts = leads_to.split("/")
    while parts and parts[0] == "..":
        del parts[0]
    place = os.path.realpath(os.path.join(os.path.dirname(target), leads_to))
    # A ".." behind a name that becomes a link later would not lead where it leads now.
    if os.path.isabs(leads_to) or ".." in parts or os.path.commonpath((top, place)) != top:
        raise UnsafeArchiveError(f"a link leads out of the folder: {leads_to!r}")
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.lexists(target):
        os.unlink(target)
    os.symlink(leads_to, target)
