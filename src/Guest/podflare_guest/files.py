"""File transfers: what passes between the host and the processes that touch the files.

The supervisor itself never opens a path that somebody names: each transfer has a process of its own, which is the sandbox's user, and which may wait for
a slow disk.
"""

from __future__ import annotations

from podflare_guest import frames
from podflare_guest.frames import frame
from podflare_guest.invalid import Invalid
from podflare_guest.run import parse_object
from podflare_guest.stdlib_core import TYPE_CHECKING, dumps

if TYPE_CHECKING:
    from collections.abc import Callable

    from podflare_guest.file_process import FileProcess
    from podflare_guest.sandbox import Sandbox

# Each may hold a chunk in either direction.
_MOST = 16
_CANCEL_SECONDS = 1.0


class Files:
    """All transfers of the one connection; they end with it."""

    def __init__(self, sandbox: Sandbox, send: Callable[[bytes], None]) -> None:
        self._sandbox = sandbox
        self._send = send
        self._transfers: dict[int, FileProcess] = {}
        self._processes: set[FileProcess] = set()  # until they are reaped, which may be after their transfer

    def on_frame(self, kind: int, number: int, payload: bytes) -> None:
        if kind == frames.FILE:
            self._open(number, payload)
            return
        transfer = self._transfers.get(number)
        if transfer is None:
            return  # it has ended while this was on its way
        if kind == frames.FILE_CANCEL:
            self._leave(number)
        elif not transfer.take(kind, payload):
            self._fail(number, "invalid", "a frame of the transfer came out of turn")

    def drop(self) -> None:
        """Ends all transfers, because the connection to the host is gone."""
        for number in list(self._transfers):
            self._leave(number)

    def _open(self, number: int, payload: bytes) -> None:
        # Most sandboxes never see a file call: they must not pay for this with their start.
        from podflare_guest.file_process import FileProcess

        if number in self._transfers:
            self._fail(number, "invalid", "the number of the transfer is in use")
        elif not self._sandbox.may_start:
            self._send_failed(number, "busy", "the sandbox is ending, or all its processes are being killed")
        elif len(self._processes) >= _MOST:
            self._send_failed(number, "busy", f"{_MOST} transfers are open already")
        else:
            try:
                process = FileProcess(self._sandbox.loop, parse_object(payload), self._sandbox.settings.home, self._sandbox.user, lambda kind, data: self._on_message(number, kind, data))
            except Invalid as error:
                self._send_failed(number, "invalid", str(error))
            except OSError as error:
                self._send_failed(number, "busy", f"no process can be started: {error.strerror}")
            else:
                self._transfers[number] = process
                self._processes.add(process)
                self._sandbox.watch_child(process.pid, lambda status: self._reaped(process))

    def _reaped(self, process: FileProcess) -> None:
        self._processes.discard(process)
        self._sandbox.loop.timers.cancel(process)
        process.pid = 0  # its id may be another's from now on

    def _on_message(self, number: int, kind: int, data: bytes) -> None:
        if kind == 0:
            self._fail(number, "gone", "the process of this transfer has been killed")
            return
        if kind in (frames.FILE_END, frames.FILE_DONE, frames.FILE_FAILED):
            self._leave(number)
        self._send(frame(kind, data, number))

    def _fail(self, number: int, code: str, detail: str) -> None:
        self._leave(number)
        self._send_failed(number, code, detail)

    def _send_failed(self, number: int, code: str, detail: str) -> None:
        self._send(frame(frames.FILE_FAILED, dumps({"code": code, "detail": detail}), number))

    def _leave(self, number: int) -> None:
        process = self._transfers.pop(number)
        # Without the socket it undoes what it has begun and ends; the signal is for one that is stopped, or stuck on a disk.
        process.close()
        if process.pid:
            self._sandbox.loop.timers.set(process, _CANCEL_SECONDS, process.kill)
