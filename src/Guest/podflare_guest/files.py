"""File transfers: what passes between the host and the processes that touch the files.

The supervisor itself never opens a path that somebody names: each transfer has a process of its own, which is the sandbox's user, and which may wait for
a slow disk.
"""

from __future__ import annotations

from podflare_guest import frames
from podflare_guest.frames import frame
from podflare_guest.lean import TYPE_CHECKING, dumps
from podflare_guest.run import Invalid, parse_object

if TYPE_CHECKING:
    from collections.abc import Callable

    from podflare_guest.file_process import FileProcess
    from podflare_guest.loop import Loop

# Each may hold a chunk in either direction.
_MOST = 16
_CANCEL_SECONDS = 1.0


class Files:
    """All transfers of the one connection; they end with it."""

    def __init__(self, loop: Loop, home: str, send: Callable[[bytes], None], is_busy: Callable[[], bool]) -> None:
        self._loop = loop
        self._home = home
        self._send = send
        self._is_busy = is_busy
        self._transfers: dict[int, FileProcess] = {}
        self._processes: dict[int, FileProcess] = {}  # until they are reaped, which may be after their transfer

    @property
    def pids(self) -> set[int]:
        """Processes that are no part of any run."""
        return set(self._processes)

    def on_frame(self, kind: int, number: int, payload: bytes) -> None:
        if kind == frames.FILE:
            self._open(number, payload)
            return
        transfer = self._transfers.get(number)
        if transfer is None:
            return  # it has ended while this was on its way
        if kind == frames.FILE_CANCEL:
            self._leave(number)
        elif not transfer.tell(kind, payload):
            self._fail(number, "invalid", "out of turn")

    def drop(self) -> None:
        """The connection is gone, and whoever wanted the transfers with it."""
        for number in list(self._transfers):
            self._leave(number)

    def buried(self, pid: int) -> None:
        """A child has been reaped: its id may be another's from now on."""
        process = self._processes.pop(pid, None)
        if process is not None:
            process.pid = 0
            self._loop.timers.cancel(f"file {pid}")

    def _open(self, number: int, payload: bytes) -> None:
        # Most sandboxes never see a file call: they shall not pay for this with their start.
        from podflare_guest.file_process import FileProcess

        if number in self._transfers:
            self._fail(number, "invalid", "the number is in use")
        elif len(self._processes) >= _MOST or self._is_busy():
            self._say_failed(number, "busy", "too many transfers, or the sandbox is being cleared")
        else:
            try:
                process = FileProcess(self._loop, parse_object(payload), self._home, lambda kind, data: self._on_message(number, kind, data))
            except Invalid as error:
                self._say_failed(number, "invalid", str(error))
            except OSError as error:
                self._say_failed(number, "busy", error.strerror or "")
            else:
                self._transfers[number] = self._processes[process.pid] = process

    def _on_message(self, number: int, kind: int, data: bytes) -> None:
        if kind == 0:
            self._fail(number, "gone", "the process of this transfer has been killed")
            return
        if kind in (frames.FILE_END, frames.FILE_DONE, frames.FILE_FAILED):
            self._leave(number)
        self._send(frame(kind, data, number))

    def _fail(self, number: int, code: str, detail: str) -> None:
        self._leave(number)
        self._say_failed(number, code, detail)

    def _say_failed(self, number: int, code: str, detail: str) -> None:
        self._send(frame(frames.FILE_FAILED, dumps({"code": code, "detail": detail}), number))

    def _leave(self, number: int) -> None:
        process = self._transfers.pop(number)
        # Without the socket it undoes what it has begun and ends; the signal is for one that is stopped, or stuck on a disk.
        process.close()
        if process.pid:
            self._loop.timers.set(f"file {process.pid}", _CANCEL_SECONDS, process.kill)
