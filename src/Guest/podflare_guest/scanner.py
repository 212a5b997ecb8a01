"""Changes found by comparing folders every second, for a watch that the kernel has no watches left for."""

from __future__ import annotations

import os
import select
import stat

from podflare_guest.change_reports import ChangeReports
from podflare_guest.stdlib_core import TYPE_CHECKING
from podflare_guest.watcher import MOST_FOLDERS

if TYPE_CHECKING:
    from podflare_guest.stdlib_core import socket

_PAUSE_MS = 1_000
_MOST_NAMES = 100_000

if TYPE_CHECKING:
    State = tuple[int, int, int, int, bool]  # inode, size, time of modification, time of change, whether it is a folder


class Scanner:
    def __init__(self, link: socket.socket, reports: ChangeReports, root: bytes, recursive: bool) -> None:
        self._link = link
        self._reports = reports
        self._root = root
        self._recursive = recursive

    def serve(self) -> None:
        """Returns when nobody listens any more, or when the root is gone."""
        seen = self._scan()
        self._reports.ready()
        poll = select.poll()
        poll.register(self._link, select.POLLIN)
        while not poll.poll(_PAUSE_MS):
            now = self._scan()
            if not os.path.isdir(self._root):
                self._reports.gone()
                return
            self._compare(seen, now)
            self._reports.flush()
            seen = now

    def _compare(self, before: dict[bytes, State], now: dict[bytes, State]) -> None:
        # The inode alone may be that of a new file.
        gone = {state[:3]: path for path, state in before.items() if path not in now}
        for path, state in now.items():
            old = before.get(path)
            if old is None:
                source = gone.pop(state[:3], None)
                if source is not None:
                    self._reports.report("rename", path, state[4], source)
                else:
                    self._reports.report("create", path, state[4])
            elif not state[4] and (old[0], old[1], old[2]) != (state[0], state[1], state[2]):
                self._reports.report("modify", path, False)
            elif not state[4] and old[3] != state[3]:
                self._reports.report("attributes", path, False)
        for path in gone.values():
            self._reports.report("delete", path, before[path][4] or None)

    def _scan(self) -> dict[bytes, State]:
        found: dict[bytes, State] = {}
        rest, folders = [self._root], 1
        while rest:
            try:
                entries = list(os.scandir(rest.pop()))
            except OSError:
                continue
            for entry in entries:
                try:
                    status = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                if len(found) >= _MOST_NAMES:
                    self._reports.overflow()
                    return found
                is_folder = stat.S_ISDIR(status.st_mode)
                found[entry.path] = status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns, is_folder
                if is_folder and self._recursive and folders < MOST_FOLDERS:
                    folders += 1
                    rest.append(entry.path)
        return found
