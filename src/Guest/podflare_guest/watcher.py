"""What the process of a watch does, with the rights of the sandbox's user: it reports changes until the supervisor closes the socket."""

from __future__ import annotations

import errno
import os
import select
import stat

from podflare_guest import inotify
from podflare_guest.change_reports import ChangeReports
from podflare_guest.inotify import Inotify, Notice
from podflare_guest.stdlib_core import TYPE_CHECKING

if TYPE_CHECKING:
    from podflare_guest.stdlib_core import socket
    from podflare_guest.watch_spec import WatchSpec

MOST_FOLDERS = 10_000
# How long the second half of a renaming is waited for.
_RENAME_SECONDS = 0.01
_NO_MORE_WATCHES = (errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.ENOSYS, errno.ENOMEM)


class TooManyFolders(Exception):
    pass


def watch(link: socket.socket, spec: WatchSpec) -> None:
    """Returns when nobody listens any more, or when what is watched is gone."""
    try:
        try:
            is_folder = stat.S_ISDIR(os.stat(spec.path).st_mode)
            # A file may be replaced by another, so it is watched through its folder.
            target = spec.path if is_folder else os.path.realpath(spec.path)
        except OSError as error:
            ChangeReports(link, spec.path, _same).refuse(*_refusal(spec.path, error))
            return
        reports = ChangeReports(link, spec.path, _same if is_folder else lambda path: spec.path if path == target else None)
        folder = target if is_folder else os.path.dirname(target)
        try:
            watcher = Watcher(link, reports, folder, spec.recursive and is_folder)
        except TooManyFolders:
            reports.refuse("too_many_folders", f"there are more than {MOST_FOLDERS:,} folders")
            return
        except OSError as error:
            if error.errno not in _NO_MORE_WATCHES:
                reports.refuse(*_refusal(folder, error))
                return
        else:
            reports.ready()
            if watcher.serve():
                return
            # The kernel has no watches left for what has been added.
            reports.overflow()
        from podflare_guest.scanner import Scanner

        Scanner(link, reports, folder, spec.recursive and is_folder).serve()
    except ConnectionError:
        pass


def _same(path: bytes) -> bytes:
    return path


def _is_unnamed(name: bytes, path: bytes) -> bool:
    """Whether it is a file that was opened without a name (O_TMPFILE). The kernel reports one as "#" and its number."""
    return name[:1] == b"#" and name[1:].isdigit() and not os.path.lexists(path)


def _refusal(path: bytes, error: OSError) -> tuple[str, str]:
    shown = path.decode("utf-8", "backslashreplace")[:300]
    if error.errno in (errno.EACCES, errno.EPERM):
        return "denied", f"the sandbox's user may not watch {shown}"
    return "no_such_path", f"{shown} does not exist"


class Watcher:
    def __init__(self, link: socket.socket, reports: ChangeReports, root: bytes, recursive: bool) -> None:
        """Raises TooManyFolders, or OSError of the kernel or for the root itself."""
        self._link = link
        self._reports = reports
        self._root = root
        self._recursive = recursive
        self._paths: dict[int, bytes] = {}
        self._watches: dict[bytes, int] = {}
        self._half: tuple[int, bytes, bool] | None = None  # cookie and path of what has been renamed to a place that is not known yet
        self._found: set[bytes] = set()  # reported already, because its folder was listed
        self._inotify = Inotify()
        try:
            self._add(root, follow=True)
            if recursive:
                self._add_below(root, report=False)
        except BaseException:
            self._inotify.close()
            raise

    def serve(self) -> bool:
        """True: nobody listens, or the root is gone. False: the kernel has no watches left."""
        poll = select.poll()
        poll.register(self._inotify.fd, select.POLLIN)
        poll.register(self._link, select.POLLIN)
        try:
            while True:
                wait = self._reports.flush()
                if self._half is not None:
                    wait = _RENAME_SECONDS
                ready = {fd for fd, _ in poll.poll(None if wait is None else wait * 1_000 + 1)}
                if self._link.fileno() in ready:
                    return True  # nothing is ever sent, so it is closed
                notices = self._inotify.read() if ready else []
                if not notices:
                    self._found.clear()
                    self._give_up_half()
                for notice in notices:
                    if self._handle(notice):
                        self._reports.gone()
                        return True
        except OSError as error:
            if error.errno not in _NO_MORE_WATCHES:
                raise
            return False
        finally:
            self._inotify.close()

    def _handle(self, notice: Notice) -> bool:
        """True where the root is gone."""
        if self._half is not None and not (notice.mask & inotify.MOVED_TO and notice.cookie == self._half[0]):
            self._give_up_half()
        if notice.mask & inotify.OVERFLOW:
            self._reports.overflow()
            if self._recursive:
                self._add_missed()
            return False
        folder = self._paths.get(notice.watch)
        if folder is None:
            return False
        if notice.mask & inotify.IGNORED:
            self._forget(folder)
            return folder == self._root
        if not notice.name:
            # Of a folder itself. All but the root have their own notice in the folder above.
            if folder == self._root and notice.mask & inotify.ATTRIB:
                self._reports.report("attributes", folder, True)
            return folder == self._root and bool(notice.mask & (inotify.DELETE_SELF | inotify.MOVE_SELF | inotify.UNMOUNT))
        path = folder.rstrip(b"/") + b"/" + notice.name
        self._handle_name(notice, path, bool(notice.mask & inotify.IS_FOLDER))
        return False

    def _handle_name(self, notice: Notice, path: bytes, is_folder: bool) -> None:
        if notice.mask & inotify.MOVED_FROM:
            self._half = notice.cookie, path, is_folder
        elif notice.mask & inotify.MOVED_TO and self._half is not None:
            (_, source, _), self._half = self._half, None
            self._rename(source, path, is_folder)
        elif notice.mask & (inotify.CREATE | inotify.MOVED_TO):
            self._create(path, is_folder)
        elif notice.mask & inotify.DELETE:
            self._found.discard(path)
            self._reports.report("delete", path, is_folder or None)
        elif _is_unnamed(notice.name, path):
            pass
        elif notice.mask & inotify.MODIFY:
            self._reports.report("modify", path, is_folder)
        elif notice.mask & inotify.ATTRIB:
            self._reports.report("attributes", path, is_folder)

    def _create(self, path: bytes, is_folder: bool) -> None:
        if path in self._found:
            self._found.discard(path)
        else:
            self._reports.report("create", path, is_folder)
        if is_folder and self._recursive:
            # What it holds already was there before it was watched.
            self._add_new(path)

    def _rename(self, source: bytes, path: bytes, is_folder: bool) -> None:
        self._reports.report("rename", path, is_folder, source)
        if is_folder:
            for old in self._below(source):
                self._move(old, path + old[len(source) :])

    def _give_up_half(self) -> None:
        """What was moved to a place that is not watched is gone. The other half of a renaming follows at once."""
        if self._half is not None:
            (_, path, is_folder), self._half = self._half, None
            self._reports.report("delete", path, is_folder or None)
            for old in self._below(path):
                self._inotify.remove(self._forget(old))

    def _below(self, path: bytes) -> list[bytes]:
        return [folder for folder in self._watches if folder == path or folder.startswith(path + b"/")]

    def _move(self, old: bytes, new: bytes) -> None:
        number = self._forget(old)
        if new in self._watches:  # an empty folder that was replaced
            self._forget(new)
        self._paths[number], self._watches[new] = new, number

    def _forget(self, folder: bytes) -> int:
        number = self._watches.pop(folder)
        del self._paths[number]
        return number

    def _add(self, folder: bytes, follow: bool = False) -> None:
        if folder in self._watches:
            return
        if len(self._watches) >= MOST_FOLDERS:
            raise TooManyFolders
        number = self._inotify.add(folder, follow)
        previous = self._paths.get(number)
        if previous is not None:
            del self._watches[previous]
        self._paths[number], self._watches[folder] = folder, number

    def _add_new(self, folder: bytes) -> None:
        try:
            self._add(folder)
            self._add_below(folder, report=True)
        except TooManyFolders:
            self._reports.overflow()
        except OSError as error:
            if error.errno in _NO_MORE_WATCHES:
                raise

    def _add_missed(self) -> None:
        try:
            self._add_below(self._root, report=False)
        except TooManyFolders:
            pass  # an overflow is reported anyway

    def _add_below(self, folder: bytes, report: bool) -> None:
        """Folders that the user may not read, or that have gone meanwhile, are left out."""
        rest = [folder]
        while rest:
            try:
                entries = list(os.scandir(rest.pop()))
            except OSError:
                continue
            for entry in entries:
                is_folder = entry.is_dir(follow_symlinks=False)
                if report and entry.path not in self._found:
                    self._found.add(entry.path)
                    self._reports.report("create", entry.path, is_folder)
                if is_folder:
                    try:
                        self._add(entry.path)
                    except OSError as error:
                        if error.errno in _NO_MORE_WATCHES:
                            raise
                        continue
                    rest.append(entry.path)
