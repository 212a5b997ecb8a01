"""One transfer's process from outside: a fork of the supervisor that becomes the sandbox's user, and the socket to it."""

from __future__ import annotations

import os

from podflare_guest import frames
from podflare_guest.child import MOST_DESCRIPTORS, become_user, reset_signals
from podflare_guest.file_link import CHUNK, HEADER
from podflare_guest.file_task import Task, serve
from podflare_guest.kernel import PR_SET_DUMPABLE, prctl
from podflare_guest.stdlib_core import TYPE_CHECKING, deque, signal, socket
from podflare_guest.loop import READ, WRITE

if TYPE_CHECKING:
    from collections.abc import Callable

    from podflare_guest.child import SandboxUser
    from podflare_guest.loop import Loop

_READ_BYTES = 256 << 10


class FileProcess:
    """Calls `on_message(kind, data)` for each message, with kind 0 when the process is gone without having reported its end.

    It gets one chunk at a time, when it has asked for it, and no message is accepted out of turn: the sandbox's user may have replaced the process.
    """

    def __init__(self, loop: Loop, request: dict[str, object], home: str, user: SandboxUser, on_message: Callable[[int, bytes], None]) -> None:
        task = Task.parse(request)
        self._loop = loop
        self._on_message = on_message
        self._outbox: deque[memoryview] = deque()
        self._buffer = bytearray()
        self._asked = False  # by the process, for a chunk
        self._wanted = False  # by the host
        self._socket, peer = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._open = True
        try:
            self.pid = os.fork()
            if self.pid == 0:
                try:
                    _become_process(peer.fileno(), task, home, user)
                finally:
                    os._exit(1)
        except OSError:
            self._socket.close()
            raise
        finally:
            peer.close()
        self._socket.setblocking(False)
        loop.watch(self._socket.fileno(), READ, self._on_ready)

    def take(self, kind: int, payload: bytes) -> bool:
        """Hands over a frame from the host. Returns False for one whose turn it is not."""
        if kind == frames.FILE_NEXT and not self._wanted and not payload:
            self._wanted = True
        elif kind == frames.FILE_DATA and self._asked and 0 < len(payload) <= CHUNK or kind == frames.FILE_END and self._asked and not payload:
            self._asked = False
        else:
            return False
        self._outbox.append(memoryview(HEADER.pack(kind, len(payload))))
        if payload:
            self._outbox.append(memoryview(payload))
        self._write()
        return True

    def kill(self) -> None:
        if self.pid:
            try:
                os.kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def close(self) -> None:
        if self._open:
            self._open = False
            self._loop.forget(self._socket.fileno())
            self._socket.close()
            self._outbox.clear()
            self._buffer.clear()

    def _write(self) -> None:
        try:
            while self._outbox:
                sent = self._socket.send(self._outbox[0], socket.MSG_NOSIGNAL)
                if sent < len(self._outbox[0]):
                    self._outbox[0] = self._outbox[0][sent:]
                else:
                    self._outbox.popleft()
        except BlockingIOError:
            pass
        except OSError:
            self._outbox.clear()  # it is gone; what it has sent before can still be read
        self._loop.change(self._socket.fileno(), READ | WRITE if self._outbox else READ)

    def _on_ready(self, events: int) -> None:
        if events & WRITE:
            self._write()
        if not events & ~WRITE:
            return
        try:
            data = self._socket.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._on_message(0, b"")
            return
        self._buffer += data
        while self._open and len(self._buffer) >= HEADER.size:
            kind, length = HEADER.unpack_from(self._buffer)
            if length > CHUNK or not self._allows(kind):
                self.kill()
                self._on_message(0, b"")
                return
            end = HEADER.size + length
            if len(self._buffer) < end:
                return
            message = bytes(self._buffer[HEADER.size : end])
            del self._buffer[:end]
            self._asked = self._asked or kind == frames.FILE_NEXT
            self._wanted = self._wanted and kind != frames.FILE_DATA
            self._on_message(kind, message)

    def _allows(self, kind: int) -> bool:
        if kind in (frames.FILE_DATA, frames.FILE_END):
            return self._wanted
        if kind == frames.FILE_NEXT:
            return not self._asked
        return kind in (frames.FILE_OPENED, frames.FILE_DONE, frames.FILE_FAILED)


def _become_process(link: int, task: Task, home: str, user: SandboxUser) -> None:
    reset_signals()
    os.setsid()  # interrupts are for runs
    null = os.open("/dev/null", os.O_WRONLY)
    become_user(user, null, null, home)
    os.dup2(link, 3)
    os.closerange(4, MOST_DESCRIPTORS)
    prctl(PR_SET_DUMPABLE, 0)  # a copy of the supervisor's memory is in here, and the user's other processes are the same user
    serve(socket.socket(fileno=3), task)
    os._exit(0)
