"""What the process of one transfer does: read, write, delete or list, with the rights of the sandbox's user."""

from __future__ import annotations

import errno
import os
import stat
import struct
from binascii import Error, a2b_base64, b2a_base64

from podflare_guest import frames
from podflare_guest.headroom import Headroom
from podflare_guest.stdlib_core import TYPE_CHECKING, dumps, socket
from podflare_guest.invalid import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER = struct.Struct(">BI")
CHUNK = 1 << 20
_PIECE = 256 << 10
_MOST_NAMES = 1_000
_LONGEST_PATH = 4_095
_LONGEST_SHOWN = 300

# Whatever else goes wrong with a name: it is not the name of a file that can be read or written.
_CODES = {
    errno.ENOENT: "not_found",
    errno.ENOTDIR: "not_a_directory",
    errno.EACCES: "denied",
    errno.EPERM: "denied",
    errno.EROFS: "denied",
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
    errno.ENOMEM: "full",
    errno.EFBIG: "too_large",
    errno.ENAMETOOLONG: "invalid",
    errno.EMFILE: "busy",
    errno.ENFILE: "busy",
    errno.EAGAIN: "busy",
}


class Task:
    """A request for one transfer."""

    def __init__(self, do: str, path: bytes, size: int | None, after: bytes, limit: int) -> None:
        self.do = do
        self.path = path
        self.size = size
        self.after = after
        self.limit = limit

    @classmethod
    def parse(cls, fields: dict[str, object]) -> Task:
        do = fields.get("do")
        if do not in ("read", "write", "delete", "list"):
            raise Invalid("do must be read, write, delete or list")
        path = _bytes(fields, "path")
        if not path.startswith(b"/") or b"\0" in path or len(path) > _LONGEST_PATH:
            raise Invalid("path must be absolute, at most 4,095 bytes long and without a NUL")
        return cls(str(do), path, _whole(fields, "size"), _bytes(fields, "after"), min(_whole(fields, "limit") or _MOST_NAMES, _MOST_NAMES))


class Refused(Exception):
    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def serve(link: socket.socket, task: Task) -> None:
    """Does the task and reports how it ended. Without the peer it just ends, and nothing is left of what it began."""
    try:
        try:
            if task.do == "read":
                _read(link, task)
            elif task.do == "write":
                _write(link, task)
            else:
                _send(link, frames.FILE_DONE, dumps(_list(task) if task.do == "list" else _delete(task)))
        except Refused as error:
            _send_failed(link, error.code, str(error))
        except ConnectionError:
            raise
        except OSError as error:
            code = _CODES.get(error.errno or 0, "not_a_file")
            if code == "not_a_directory" and task.do in ("read", "delete"):
                code = "not_found"
            _send_failed(link, code, _describe(code, task, error))
    except ConnectionError:
        pass


def _read(link: socket.socket, task: Task) -> None:
    _require_file(task, os.stat(task.path))  # before it is opened: that alone may do something to a device
    # Neither a pipe nor a terminal that has taken its place meanwhile may hold or take us.
    fd = os.open(task.path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    opened = os.fstat(fd)
    _require_file(task, opened)
    # A size of 0 is no promise: the kernel's own files have it whatever is in them.
    _send(link, frames.FILE_OPENED, dumps({"size": opened.st_size, "modified_ms": opened.st_mtime_ns // 1_000_000}))
    left = opened.st_size or None
    while _receive(link) == (frames.FILE_NEXT, 0):
        wanted = CHUNK if left is None else min(CHUNK, left)
        chunk = _read_chunk(fd, wanted)
        if chunk:
            _send(link, frames.FILE_DATA, chunk)
        if left is not None:
            if len(chunk) < wanted:
                raise Refused("changed", f"{_shown(task.path)} became shorter while it was read")
            left -= len(chunk)
        if not chunk:
            _send(link, frames.FILE_END)
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


def _write(link: socket.socket, task: Task) -> None:
    # Through links, as an ordinary write goes; the link stays.
    target = os.path.realpath(task.path)
    folder, name = os.path.split(target)
    mode = 0o644
    try:
        old = os.stat(target)
    except FileNotFoundError:
        os.makedirs(folder, exist_ok=True)
    else:
        _require_file(task, old)
        mode = stat.S_IMODE(old.st_mode)
        if not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, "")
    headroom = Headroom(folder)
    headroom.require(task.size or 0)
    with _NewFile(folder) as new:
        while True:
            _send(link, frames.FILE_NEXT)
            kind, length = _receive(link)
            if kind == frames.FILE_END:
                break
            headroom.require(length)
            for piece in _pieces(link, length):
                new.write(piece)
        new.publish(name, mode)
    _send(link, frames.FILE_DONE, dumps({}))


class _NewFile:
    """A file without a name until it is whole, so that none is left of one that never is; where the file system has no such files, with one of its own."""

    def __init__(self, folder: bytes) -> None:
        self._folder = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._part = b".podflare-" + os.urandom(8).hex().encode() + b".part"
        self._named = False
        try:
            self._fd = os.open(b".", os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600, dir_fd=self._folder)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT):
                raise
            self._fd = os.open(self._part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600, dir_fd=self._folder)
            self._named = True

    def __enter__(self) -> _NewFile:
        return self

    def __exit__(self, *error: object) -> None:
        if self._named:
            os.unlink(self._part, dir_fd=self._folder)

    def write(self, piece: memoryview) -> None:
        while piece:
            piece = piece[os.write(self._fd, piece) :]

    def publish(self, name: bytes, mode: int) -> None:
        """Puts it in the place of what has the name, in one step."""
        os.fchmod(self._fd, mode)
        if not self._named:
            # A link cannot replace anything, a renaming can.
            os.link(b"/proc/self/fd/%d" % self._fd, self._part, dst_dir_fd=self._folder, follow_symlinks=True)
            self._named = True
        os.rename(self._part, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        self._named = False


def _delete(task: Task) -> dict[str, object]:
    if stat.S_ISDIR(os.lstat(task.path).st_mode):
        raise Refused("not_a_file", f"{_shown(task.path)} is a directory")
    os.unlink(task.path)
    return {}


def _list(task: Task) -> dict[str, object]:
    from heapq import nsmallest  # not in the supervisor, which would keep it in memory

    # One page is all that is ever held: a folder may have a million names.
    with os.scandir(task.path) as entries:
        names = nsmallest(task.limit + 1, (entry.name for entry in entries if entry.name > task.after))
    found: list[object] = []
    for name in names[: task.limit]:
        try:
            entry = os.lstat(os.path.join(task.path, name))
        except FileNotFoundError:
            continue
        found.append({"name": _text(name), "type": _type(entry.st_mode), "size": entry.st_size, "modified_ms": entry.st_mtime_ns // 1_000_000})
    return {"files": found, "next": _text(names[task.limit - 1]) if len(names) > task.limit else None}


def _type(mode: int) -> str:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "directory"
    return "symlink" if stat.S_ISLNK(mode) else "other"


def _require_file(task: Task, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise Refused("not_a_file", f"{_shown(task.path)} is a directory" if stat.S_ISDIR(found.st_mode) else f"{_shown(task.path)} is not a regular file")


def _describe(code: str, task: Task, error: OSError) -> str:
    """One sentence that names the file and what is wrong with it."""
    path = _shown(task.path)
    sentences = {
        "not_found": f"{path} does not exist",
        "not_a_directory": f"{path} is not a directory" if task.do == "list" else f"a part of {path} is not a directory",
        "denied": f"the sandbox's user may not {task.do} {path}",
        "full": f"{path} does not fit: no space is left for it",
        "too_large": f"{path} is larger than its file system allows",
        "invalid": f"{path} contains a name that is too long",
    }
    return sentences.get(code, f"{path} cannot be accessed: {os.strerror(error.errno or errno.EIO)}")


def _shown(path: bytes) -> str:
    text = path.decode("utf-8", "backslashreplace")
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"


def _send(link: socket.socket, kind: int, payload: bytes = b"") -> None:
    link.sendall(HEADER.pack(kind, len(payload)) + payload, socket.MSG_NOSIGNAL)


def _send_failed(link: socket.socket, code: str, detail: str) -> None:
    _send(link, frames.FILE_FAILED, dumps({"code": code, "detail": detail}))


def _receive(link: socket.socket) -> tuple[int, int]:
    header = link.recv(HEADER.size, socket.MSG_WAITALL)
    if len(header) < HEADER.size:
        raise ConnectionResetError
    return HEADER.unpack(header)  # type: ignore[return-value]


def _pieces(link: socket.socket, length: int) -> Iterator[memoryview]:
    buffer = memoryview(bytearray(min(length, _PIECE)))
    while length:
        count = link.recv_into(buffer[: min(length, _PIECE)])
        if not count:
            raise ConnectionResetError
        yield buffer[:count]
        length -= count


def _text(name: bytes) -> str:
    return b2a_base64(name, newline=False).decode()


def _bytes(fields: dict[str, object], name: str) -> bytes:
    value = fields.get(name, "")
    try:
        if isinstance(value, str):
            return a2b_base64(value)
    except (Error, ValueError):
        pass
    raise Invalid(f"{name} is not base64")


def _whole(fields: dict[str, object], name: str) -> int | None:
    value = fields.get(name)
    if value is None or isinstance(value, int) and value >= 0:
        return value  # type: ignore[return-value]
    raise Invalid(f"{name} is not a whole number")
