"""Changes on their way from the process of a watch to the supervisor, at most so many in a second."""

from __future__ import annotations

import os
import stat
from binascii import b2a_base64
from time import monotonic

from podflare_guest.stdlib_core import TYPE_CHECKING, dumps, socket
from podflare_guest.watch import CHANGE, GONE, READY, REFUSED

if TYPE_CHECKING:
    from collections.abc import Callable

_PER_SECOND = 1_000
_SECOND = 1.0


class ChangeReports:
    def __init__(self, link: socket.socket, root: bytes, wanted: Callable[[bytes], bytes | None]) -> None:
        """`root`: what an overflow names. `wanted`: the path that is shown for one that has changed; None for one that is not shown."""
        self._link = link
        self._root = root
        self._wanted = wanted
        self._second = 0.0  # when the current one began
        self._sent = 0
        self._dropping = False

    def ready(self) -> None:
        self._send(READY)

    def refuse(self, code: str, detail: str) -> None:
        self._send(REFUSED, f"{code} {detail}".encode("utf-8", "backslashreplace"))

    def gone(self) -> None:
        """What is watched does not exist any more."""
        self._flush()
        self._change("delete", self._root, "directory", None)
        self._send(GONE)

    def report(self, change: str, path: bytes, is_folder: bool | None = None, source: bytes | None = None) -> None:
        """`is_folder`: None where it is not known. `source`: the old path of what was renamed."""
        shown, old = self._wanted(path), self._wanted(source) if source is not None else None
        if shown is None and old is None:
            return
        now = monotonic()
        if now - self._second >= _SECOND:
            self._flush()
            self._second, self._sent = now, 0
        self._sent += 1
        if self._sent > _PER_SECOND:
            self._dropping = True
            return
        self._change(change, shown or path, "directory" if is_folder else _kind(path, change), (old or source) if source is not None else None)

    def overflow(self) -> None:
        """Some changes are not known."""
        self._dropping = True

    def flush(self) -> float | None:
        """Reports what was left out, when its time has come. Returns the seconds until then, None where there is nothing to report."""
        if not self._dropping:
            return None
        left = self._second + _SECOND - monotonic()
        if left > 0:
            return left
        self._flush()
        return None

    def _flush(self) -> None:
        if self._dropping:
            self._dropping = False
            self._change("overflow", self._root, "directory", None)

    def _change(self, change: str, path: bytes, kind: str | None, source: bytes | None) -> None:
        fields: dict[str, object] = {"change": change, "path": b2a_base64(path, newline=False).decode(), "kind": kind}
        if source is not None:
            fields["from"] = b2a_base64(source, newline=False).decode()
        self._send(CHANGE, dumps(fields))

    def _send(self, kind: int, body: bytes = b"") -> None:
        self._link.sendall(bytes((kind,)) + len(body).to_bytes(4, "big") + body, socket.MSG_NOSIGNAL)


def _kind(path: bytes, change: str) -> str | None:
    if change == "delete":
        return None
    if change == "modify":
        return "file"
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return None
    return "file" if stat.S_ISREG(mode) else "symlink" if stat.S_ISLNK(mode) else "directory" if stat.S_ISDIR(mode) else "other"
