"""One watch from outside: a fork of the supervisor that becomes the sandbox's user, and the socket on which it reports changes."""

from __future__ import annotations

import os

from podflare_guest import frames
from podflare_guest.child import MOST_DESCRIPTORS, become_user, reset_signals
from podflare_guest.frames import now_ms
from podflare_guest.kernel import PR_SET_DUMPABLE, prctl
from podflare_guest.loop import READ
from podflare_guest.outcome import Outcome, run_end
from podflare_guest.run import RUNNING
from podflare_guest.stdlib_core import TYPE_CHECKING, signal, socket

if TYPE_CHECKING:
    from collections.abc import Callable

    from podflare_guest.run import Run
    from podflare_guest.sandbox import Sandbox
    from podflare_guest.watch_spec import WatchSpec

# What the process reports, each as u8 kind and u32 length before its bytes.
READY, REFUSED, CHANGE, GONE = 1, 2, 3, 4
HEADER_BYTES = 5
MOST_MESSAGE_BYTES = 32 << 10
_READ_BYTES = 64 << 10
_NO_PROCESS = bytes(4)


class Watch:
    """Until the process is ready the run does not exist for the host."""

    def __init__(self, sandbox: Sandbox, run: Run, spec: WatchSpec, on_ready: Callable[[], None], on_refused: Callable[[str, str], None], on_end: Callable[[], None]) -> None:
        """`on_refused`: with code and detail, in place of the two others. Raises OSError where no process can be started."""
        self.run = run
        self.ready = False
        self._sandbox = sandbox
        self._on_ready = on_ready
        self._on_refused = on_refused
        self._on_end = on_end
        self._buffer = bytearray()
        self._gone = False  # what is watched
        self._watched = True
        self._socket, peer = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._pid = os.fork()
            if self._pid == 0:
                try:
                    _become_process(peer.fileno(), spec, sandbox)
                finally:
                    os._exit(1)
        except OSError:
            self._socket.close()
            raise
        finally:
            peer.close()
        self._socket.setblocking(False)
        sandbox.loop.watch(self._socket.fileno(), READ, self._on_data)
        sandbox.watch_child(self._pid, self._reaped)

    def stop(self) -> None:
        """Kills the process. The end of the run follows."""
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)

    def refuse(self, code: str, detail: str) -> None:
        """Answers that there is no such run, where it is not ready yet."""
        self._on_refused(code, detail)
        self.forget()

    def forget(self) -> None:
        """Nobody waits for it any more."""
        self._on_ready = self._on_end = lambda: None
        self._on_refused = lambda code, detail: None
        self.stop()

    def resume(self) -> None:
        """There may be room for events again."""
        self._set_watched(self._socket.fileno() >= 0)

    def _set_watched(self, watched: bool) -> None:
        if watched != self._watched:
            self._watched = watched
            if watched:
                self._sandbox.loop.watch(self._socket.fileno(), READ, self._on_data)
            else:
                self._sandbox.loop.forget(self._socket.fileno())

    def _on_data(self, events: int) -> None:
        if self._sandbox.ring.has_room:
            self._read()
        else:
            # Its process blocks, and then the kernel's queue of changes overflows, which is reported.
            self._set_watched(False)
            self._sandbox.blocked_pipes.append(self)

    def _read(self) -> bool:
        """False where there is nothing more."""
        try:
            data = self._socket.recv(_READ_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self._set_watched(False)  # waitpid reports the rest
            return False
        self._buffer += data
        while len(self._buffer) >= HEADER_BYTES:
            kind, length = self._buffer[0], int.from_bytes(self._buffer[1:HEADER_BYTES], "big")
            if length > MOST_MESSAGE_BYTES:
                self.stop()
                return False
            if len(self._buffer) < HEADER_BYTES + length:
                break
            message = bytes(self._buffer[HEADER_BYTES : HEADER_BYTES + length])
            del self._buffer[: HEADER_BYTES + length]
            self._take(kind, message)
        return True

    def _take(self, kind: int, message: bytes) -> None:
        if kind == READY:
            self._begin()
        elif kind == REFUSED and not self.ready:
            code, _, detail = message.decode("utf-8", "backslashreplace").partition(" ")
            self.refuse(code, detail)
        elif kind == CHANGE and self.ready:
            self._sandbox.send_event(self.run, frames.FILE_CHANGE, message)
        elif kind == GONE:
            self._gone = True

    def _begin(self) -> None:
        if not self.ready:
            self.ready = True
            self.run.state = RUNNING
            self.run.started_ms = now_ms()
            self._on_ready()
            self._sandbox.send_event(self.run, frames.PROCESS_START, _NO_PROCESS)

    def _reaped(self, status: int) -> None:
        self._pid = 0
        while self._read():
            pass
        self._set_watched(False)
        self._socket.close()
        self._on_end()

    def end(self) -> None:
        """Sends the end of the run; the process is gone."""
        self._begin()
        run = self.run
        self._sandbox.loop.timers.cancel(run)
        if self._gone:
            outcome = Outcome(0)
        else:
            outcome = Outcome(130, interrupted=True) if run.interrupted else Outcome(137, died=True)
        code, reason, _ = run_end(outcome, cause=run.cause, interrupted=run.interrupted, killed=False)
        self._sandbox.end_run(run, code, reason)


def _become_process(link: int, spec: WatchSpec, sandbox: Sandbox) -> None:
    reset_signals()
    os.setsid()  # interrupts are for runs
    null = os.open("/dev/null", os.O_WRONLY)
    become_user(sandbox.user, null, null, "/")
    os.dup2(link, 3)
    os.closerange(4, MOST_DESCRIPTORS)
    prctl(PR_SET_DUMPABLE, 0)  # a copy of the supervisor's memory is in here, and the user's other processes are the same user
    # Not in the supervisor, which would keep it in memory.
    from podflare_guest.watcher import watch

    watch(socket.socket(fileno=3), spec)
    os._exit(0)
