"""One bash run: bash under a process that adopts all its orphans, so that the run can be killed whole and alone."""

from __future__ import annotations

import os

from podflare_guest.child import become_user, reset_signals
from podflare_guest.kernel import PR_SET_CHILD_SUBREAPER, prctl
from podflare_guest.lean import TYPE_CHECKING, signal, socket
from podflare_guest.loop import READ
from podflare_guest.processes import exit_code

if TYPE_CHECKING:
    from collections.abc import Callable

    from podflare_guest.loop import Loop
    from podflare_guest.output import Output
    from podflare_guest.run import Run
    from podflare_guest.settings import Settings

_STARTED, _HOLD, _ENDED = b"s", b"h", b"e"


class BashProcess:
    """The keeper stays root, so the run cannot kill it. It exits with bash's code, and what bash left running is then PID 1's; held, it stays until released."""

    def __init__(self, loop: Loop, settings: Settings, output: Output, run: Run, environment: dict[bytes, bytes], on_held: Callable[[], None]) -> None:
        self._loop = loop
        self._on_held = on_held
        self._interrupted = False
        self._started = False
        self._open = True
        self._socket, peer = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        code = _code_file(run.code)
        try:
            self.pid = os.fork()
            if self.pid == 0:
                try:
                    _keep(peer.fileno(), code, settings.home, output, environment)
                finally:
                    os._exit(127)
        except OSError:
            self._socket.close()
            raise
        finally:
            os.close(code)
            peer.close()
        self._socket.setblocking(False)
        loop.watch(self._socket.fileno(), READ, self._on_ready)

    def interrupt(self) -> None:
        """SIGINT to the group of keeper and bash; the keeper ignores it."""
        if not self._started:
            self._interrupted = True  # the group is not there yet
            return
        try:
            os.killpg(self.pid, signal.SIGINT)
        except ProcessLookupError:
            pass

    def hold(self) -> None:
        """Keeps the subtree together after bash's end, so that it can be killed."""
        try:
            self._socket.send(_HOLD)
        except OSError:
            pass  # the keeper is gone, or has been told often enough

    def release(self) -> None:
        if self._open:
            self._open = False
            self._loop.forget(self._socket.fileno())
            self._socket.close()

    def _on_ready(self, events: int) -> None:
        try:
            packet = self._socket.recv(16)
        except OSError:
            packet = b""
        if packet == _STARTED:
            self._started = True
            if self._interrupted:
                self.interrupt()
        elif packet == _ENDED:
            self._on_held()
        else:
            self.release()  # the keeper is gone; waitpid tells its code


def _code_file(code: bytes) -> int:
    # Code of 1 MiB does not fit an argument; a memory file needs no writable folder.
    fd = os.memfd_create("code", os.MFD_CLOEXEC)
    with open(fd, "wb", buffering=0, closefd=False) as file:
        left = memoryview(code)
        while left:
            left = left[file.write(left) :]
    return fd


def _keep(link: int, code: int, home: str, output: Output, environment: dict[bytes, bytes]) -> None:
    reset_signals()
    # bash must not miss an interrupt between its fork and its exec.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    os.setsid()
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    bash = os.fork()
    if bash == 0:
        _become_bash(code, home, output, environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(link, 0)
    os.closerange(1, 256)  # more than the supervisor ever has open
    supervisor = socket.socket(fileno=0)
    supervisor.send(_STARTED)
    while True:
        pid, status = os.wait()
        if pid == bash:
            break
    try:
        if supervisor.recv(1, socket.MSG_DONTWAIT) == _HOLD:
            supervisor.send(_ENDED, socket.MSG_NOSIGNAL)
            while supervisor.recv(1):
                pass
    except OSError:
        pass  # not held, or released before it said so
    os._exit(exit_code(status))


def _become_bash(code: int, home: str, output: Output, environment: dict[bytes, bytes]) -> None:
    try:
        become_user(output.shared_end, output.errors_end, home)
        for fd in (1, 2):
            os.set_blocking(fd, True)  # a child of an earlier run may have changed the pipe's description
        os.dup2(code, 3)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        os.execvpe("bash", ["bash", "/dev/fd/3"], environment)
    except OSError as error:
        os.write(2, f"bash: {error.strerror}\n".encode())
    finally:
        os._exit(127)
