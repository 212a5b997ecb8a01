"""What is told of a file, and the conditions under which a request is to be carried out."""

from __future__ import annotations

import os
import stat
from binascii import b2a_base64

from podflare_guest.file_link import FileRefused, shown
from podflare_guest.invalid import Invalid

_names: dict[tuple[str, int], str] = {}


def etag(status: os.stat_result) -> str:
    """Changes with the content: whatever writes the file changes one of these."""
    return f"{status.st_ino:x}-{status.st_size:x}-{status.st_mtime_ns:x}-{status.st_ctime_ns:x}"


def entry(name: bytes, status: os.stat_result, target: bytes | None = None) -> dict[str, object]:
    """`target`: of a link."""
    fields: dict[str, object] = {
        "name": b2a_base64(name, newline=False).decode(),
        "type": file_type(status.st_mode),
        "size": status.st_size,
        "mode": f"{stat.S_IMODE(status.st_mode):04o}",
        "owner": _name("user", status.st_uid),
        "group": _name("group", status.st_gid),
        "modified_ms": status.st_mtime_ns // 1_000_000,
        "etag": etag(status),
    }
    if target is not None:
        fields["target"] = b2a_base64(target, newline=False).decode()
    return fields


def entry_at(path: bytes, name: bytes, follow: bool = False) -> dict[str, object]:
    """Raises OSError where there is nothing."""
    status = os.stat(path, follow_symlinks=follow)
    return entry(name, status, os.readlink(path) if stat.S_ISLNK(status.st_mode) else None)


def answer(path: bytes, follow: bool = False, **more: object) -> dict[str, object]:
    """The fields that an operation reports of the file that it leaves behind."""
    found = entry_at(path, os.path.basename(path.rstrip(b"/")), follow)
    return {"etag": found["etag"], "entry": found, **more}


def file_type(mode: int) -> str:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "directory"
    return "symlink" if stat.S_ISLNK(mode) else "other"


def require_foreign(path: bytes, descriptor: int) -> None:
    """Refuses what describes this process, which is a copy of the supervisor: /proc/self/maps shows where the supervisor's memory is."""
    if os.readlink(f"/proc/self/fd/{descriptor}").startswith(f"/proc/{os.getpid()}/"):
        raise FileRefused("denied", f"the sandbox's user may not read {shown(path)}")


def require_file(path: bytes, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise FileRefused("not_a_file", f"{shown(path)} is a directory" if stat.S_ISDIR(status.st_mode) else f"{shown(path)} is not a regular file")


def make_folders(path: bytes) -> None:
    """Makes a folder and those above it, where they are missing."""
    try:
        os.makedirs(path, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise FileRefused("not_a_directory", f"{shown(path)} is not a directory") from None


class Conditions:
    """`match`, `none_match`: None, "*" for any file, or etags."""

    def __init__(self, match: object, none_match: object) -> None:
        self.match = _parse(match, "if_match")
        self.none_match = _parse(none_match, "if_none_match")

    @property
    def only_new(self) -> bool:
        """Whether there must be no file."""
        return self.none_match == "*"

    @property
    def exist(self) -> bool:
        return self.match is not None or self.none_match is not None

    def require(self, path: bytes, status: os.stat_result | None) -> None:
        """`status`: of the file; None if it does not exist. Raises FileRefused."""
        if self.match is not None and not _meets(self.match, status):
            raise self._refusal(path, "is not the version that is asked for" if status is not None else "does not exist", status)
        if self.none_match is not None and _meets(self.none_match, status):
            raise self._refusal(path, "exists" if self.only_new else "is the version that is not wanted", status)

    def refuse_existing(self, path: bytes) -> FileRefused:
        """For a file that has appeared since the conditions were checked."""
        return self._refusal(path, "exists", _status(path))

    @staticmethod
    def _refusal(path: bytes, text: str, status: os.stat_result | None) -> FileRefused:
        fields: dict[str, object] = {} if status is None else {"etag": etag(status), "modified_ms": status.st_mtime_ns // 1_000_000}
        return FileRefused("precondition", f"{shown(path)} {text}", **fields)


def _status(path: bytes) -> os.stat_result | None:
    try:
        return os.stat(path)
    except OSError:
        return None


def _meets(condition: str | list[str], status: os.stat_result | None) -> bool:
    return status is not None and (condition == "*" or etag(status) in condition)


def _parse(value: object, name: str) -> str | list[str] | None:
    if value is None or value == "*":
        return value  # type: ignore[return-value]
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    raise Invalid(f"{name} is neither * nor a list of etags")


def _name(kind: str, number: int) -> str:
    """The name of a user or group; the number where it has none."""
    found = _names.get((kind, number))
    if found is None:
        try:
            if kind == "user":
                import pwd

                found = pwd.getpwuid(number).pw_name
            else:
                import grp

                found = grp.getgrgid(number).gr_name
        except KeyError:
            found = str(number)
        _names[kind, number] = found
    return found
