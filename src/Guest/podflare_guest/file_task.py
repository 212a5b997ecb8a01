"""What a file process is asked for, and how it reports what went wrong; with the rights of the sandbox's user."""

from __future__ import annotations

import errno
import os
from binascii import Error, a2b_base64

from podflare_guest.file_entry import Conditions
from podflare_guest.file_link import FileLink, FileRefused, shown
from podflare_guest.invalid import Invalid
from podflare_guest.stdlib_core import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from podflare_guest.stdlib_core import socket

    Action = Callable[[FileLink, "Task"], None]

_MOST_NAMES = 1_000
_LONGEST_PATH = 4_095

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
# For these, a parent that is not a folder means that the path does not exist.
_NAME_ONE_FILE = ("read", "delete", "stat", "tar_read")
# As in "the sandbox's user may not read FILE".
_VERBS = {"tree": "list", "stat": "look at", "mkdir": "create", "tar_read": "read", "tar_write": "write into"}


class Task:
    """A request for one transfer or operation."""

    def __init__(self, do: str, path: bytes, action: Action, conditions: Conditions) -> None:
        self.do = do
        self.path = path
        self.action = action
        self.conditions = conditions
        self.size: int | None = None  # of what is written
        self.first: int | None = None  # byte of what is read
        self.end: int | None = None  # of what is read, exclusive
        self.after = b""  # the name after which a page begins
        self.limit = _MOST_NAMES
        self.depth = 1
        self.to = b""
        self.overwrite = True
        self.parents = self.follow = self.gzip = False
        self.recursive: bool | None = None
        self.mode: int | None = None
        self.progress: dict[str, object] = {}  # reported with a failure

    @classmethod
    def parse(cls, fields: dict[str, object]) -> Task:
        do = fields.get("do")
        task = cls(str(do), _path(fields, "path"), _action(do), Conditions(fields.get("if_match"), fields.get("if_none_match")))
        if do == "read":
            task.first, task.end = _whole(fields, "from"), _whole(fields, "to")
        task.size = _whole(fields, "size")
        task.after = _bytes(fields, "after")
        task.limit = min(_whole(fields, "limit") or _MOST_NAMES, _MOST_NAMES)
        depth = _whole(fields, "depth")
        task.depth = 1 if depth is None else depth
        if do in ("move", "copy"):
            task.to = _path(fields, "to")
        task.overwrite = fields.get("overwrite") is not False
        task.parents, task.follow, task.gzip = (fields.get(name) is True for name in ("parents", "follow", "gzip"))
        task.recursive = None if fields.get("recursive") is None else fields["recursive"] is True
        task.mode = _whole(fields, "mode")
        return task


def _action(do: object) -> Action:
    """Loaded before the process is forked, so that only the first task of its kind waits for it."""
    if do == "read":
        from podflare_guest.file_read import read

        return read
    if do == "write":
        from podflare_guest.file_write import write

        return write
    if do == "delete":
        from podflare_guest.file_removal import delete

        return delete
    if do in ("list", "tree", "stat"):
        from podflare_guest import file_listing

        return {"list": file_listing.list_folder, "tree": file_listing.list_tree, "stat": file_listing.stat}[str(do)]
    if do in ("mkdir", "move", "copy"):
        from podflare_guest import file_moves

        return {"mkdir": file_moves.make_folder, "move": file_moves.move, "copy": file_moves.copy}[str(do)]
    if do == "tar_read":
        from podflare_guest.tar_read import tar_read

        return tar_read
    if do == "tar_write":
        from podflare_guest.tar_write import tar_write

        return tar_write
    raise Invalid("do must be read, write, delete, list, tree, stat, mkdir, move, copy, tar_read or tar_write")


def serve(connection: socket.socket, task: Task) -> None:
    """Does the task and reports how it ended. Without the peer it just ends, and nothing is left of what it began."""
    link = FileLink(connection)
    try:
        try:
            task.action(link, task)
        except FileRefused as error:
            link.send_failed(error.code, str(error), {**task.progress, **error.fields})
        except ConnectionError:
            raise
        except OSError as error:
            code = _CODES.get(error.errno or 0, "not_a_file")
            if code == "not_a_directory" and task.do in _NAME_ONE_FILE:
                code = "not_found"
            link.send_failed(code, _describe(code, task, error), task.progress)
    except ConnectionError:
        pass


def _describe(code: str, task: Task, error: OSError) -> str:
    """One sentence that names the file and what is wrong with it."""
    path = shown(task.path)
    sentences = {
        "not_found": f"{path} does not exist",
        "not_a_directory": f"{path} is not a directory" if task.do in ("list", "tree") else f"a part of {path} is not a directory",
        "denied": f"the sandbox's user may not {_VERBS.get(task.do, task.do)} {path}",
        "full": f"{path} does not fit: no space is left for it",
        "too_large": f"{path} is larger than its file system allows",
        "invalid": f"{path} contains a name that is too long",
    }
    return sentences.get(code, f"{path} cannot be accessed: {os.strerror(error.errno or errno.EIO)}")


def _path(fields: dict[str, object], name: str) -> bytes:
    path = _bytes(fields, name)
    if not path.startswith(b"/") or b"\0" in path or len(path) > _LONGEST_PATH:
        raise Invalid(f"{name} must be absolute, at most 4,095 bytes long and without a NUL")
    return path


def _bytes(fields: dict[str, object], name: str) -> bytes:
    value = fields.get(name, "")
    try:
        if value is None or isinstance(value, str):
            return a2b_base64(value or "")
    except (Error, ValueError):
        pass
    raise Invalid(f"{name} is not base64")


def _whole(fields: dict[str, object], name: str) -> int | None:
    value = fields.get(name)
    if value is None or isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value  # type: ignore[return-value]
    raise Invalid(f"{name} is not a whole number")
