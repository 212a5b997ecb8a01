"""A run that is a process of its own, optionally on a terminal."""

from __future__ import annotations

import fcntl
import os
import struct
import termios

from podflare_guest import frames
from podflare_guest.child import allow_interrupts, become_user, fork_without_interrupts, reset_signals
from podflare_guest.execution import Execution
from podflare_guest.frames import now_ms
from podflare_guest.lineage import LineageKill, members
from podflare_guest.loop import READ
from podflare_guest.outcome import Outcome
from podflare_guest.processes import exit_code
from podflare_guest.run_pipes import RunPipes, new_marker
from podflare_guest.stdlib_core import TYPE_CHECKING, signal, socket
from podflare_guest.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from podflare_guest.process_spec import ProcessSpec
    from podflare_guest.run import Run
    from podflare_guest.sandbox import Sandbox

_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
_END_OF_INPUT = b"\4"
_MOST_REPORTS = 2


class ProcessExecution(Execution):
    def __init__(self, sandbox: Sandbox, run: Run, spec: ProcessSpec, on_finished: Callable[[], None]) -> None:
        self.group = sandbox.lineages.new()
        self.terminal = Terminal(sandbox, run, spec.size) if spec.size is not None else None
        if run.wants_stdin:
            sandbox.open_stdin(run, _END_OF_INPUT if self.terminal is not None else b"")
        self.pipes = self.terminal or RunPipes(sandbox, new_marker(), exact=run.exact_order and not run.merged_stderr)  # type: ignore[assignment]
        self.pid = 0
        self._spec = spec
        self._gone = True
        self._signal = ""
        super().__init__(sandbox, run, on_finished)

    def _start(self) -> None:
        loop = self._sandbox.loop
        if isinstance(self.pipes, RunPipes):
            self.pipes.begin(self.run)
        # Its start is the first event: if there is output, the program is executed, and the link has reported that.
        self.pipes.before_output = self._read_link
        # Closed when the program is executed; carries a text if that failed, and the master side of a terminal.
        self._link, peer = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        stdin = self.run.stdin.pipe() if self.run.stdin is not None and self.terminal is None else -1
        try:
            self.pid = fork_without_interrupts()
            if self.pid == 0:
                try:
                    self._become_process(peer, stdin)
                finally:
                    os._exit(_NOT_EXECUTABLE)
        except OSError as error:
            self._link.close()
            self._say(f"fork: {error.strerror}\n".encode())
            loop.timers.set(("fork", self.run), 0, lambda: self.ended(Outcome(_NOT_EXECUTABLE)))
            return
        finally:
            peer.close()
            if self.run.stdin is not None:
                self.run.stdin.release_pipe()
        self._gone = False
        self.run.pid = self.pid
        self._link.setblocking(False)
        loop.watch(self._link.fileno(), READ, self._on_link)
        self._sandbox.watch_child(self.pid, self._reaped)

    def send_interrupt(self) -> None:
        self.send_signal(signal.SIGINT, "group")

    def send_signal(self, number: int, scope: str) -> None:
        """`scope`: process, group (of a terminal the one in the foreground), or all that the run has started."""
        if scope == "all":
            for pid in members(self.group):
                _send(os.kill, pid, number)
        elif not self._gone:
            foreground = self.terminal.foreground() if self.terminal is not None and scope == "group" else 0
            if scope == "process":
                _send(os.kill, self.pid, number)
            elif not _send(os.killpg, foreground or self.pid, number):
                _send(os.kill, self.pid, number)  # its group does not exist yet

    def is_gone(self) -> bool:
        return self._gone

    def closed(self) -> None:
        self._close_link()
        self.pipes.retire()

    def end_fields(self) -> dict[str, object]:
        return {"signal": self._signal} if self._signal else {}

    def _say(self, text: bytes) -> None:
        if isinstance(self.pipes, RunPipes):
            self.pipes.say(text)
        else:
            self._sandbox.send_numbered(frames.OUT, self.run.raw + b"\3" + text, now_ms())

    def _on_link(self, events: int) -> None:
        try:
            packet, rights, _, _ = self._link.recvmsg(512, socket.CMSG_SPACE(4))
        except BlockingIOError:
            return
        except OSError:
            packet, rights = b"", []
        if packet == b"t" and rights and self.terminal is not None and self.run.stdin is not None:
            (master,) = struct.unpack("i", rights[0][2][:4])
            self.terminal.open(master)
            self.run.stdin.open(os.dup(master))
            return
        self._close_link()
        if packet[:1] == b"f":
            self._say(packet[1:])
        elif not packet and not self._gone:
            self._sandbox.send_event(self.run, frames.PROCESS_START, self.pid.to_bytes(4, "big"))

    def _read_link(self) -> None:
        if self._link.fileno() >= 0:
            self._on_link(READ)

    def _close_link(self) -> None:
        if self._link.fileno() >= 0:
            self._sandbox.loop.forget(self._link.fileno())
            self._link.close()

    def _reaped(self, status: int) -> None:
        # What the process reported about its start comes first: a terminal, and a failure or the end.
        for _ in range(_MOST_REPORTS):
            self._read_link()
        self._gone = True
        if os.WIFSIGNALED(status):
            self._signal = _NAMES.get(os.WTERMSIG(status), "")
        code = exit_code(status)
        outcome = Outcome(code, interrupted=code == 130, oom=self.died_of_memory(code))
        self.ended(outcome, LineageKill(self.group) if self.run.cause else None)

    def _become_process(self, link: socket.socket, stdin: int) -> None:
        sandbox, spec = self._sandbox, self._spec
        environment = sandbox.settings.environment(self.group)
        environment.update(sandbox.environment)
        if self.terminal is not None:
            environment.setdefault(b"TERM", b"xterm-256color")
        environment.update(self.run.environment)
        arguments = spec.arguments or [b"bash", b"-c", self.run.code]
        program = arguments[0] if spec.arguments else os.fsencode(sandbox.settings.bash)
        reset_signals()
        os.setsid()
        if isinstance(self.pipes, RunPipes):
            become_user(sandbox.user, self.pipes.shared_end, self.pipes.shared_end if self.run.merged_stderr else self.pipes.errors_end, sandbox.settings.home, (self.group,), stdin)
        else:
            null = os.open("/dev/null", os.O_WRONLY)
            become_user(sandbox.user, null, null, sandbox.settings.home, (self.group,))
            _open_terminal(link)
        failed = spec.folder
        try:
            if spec.folder:
                os.chdir(spec.folder)
                environment[b"PWD"] = os.fsencode(spec.folder)
            failed = os.fsdecode(program)
            allow_interrupts()
            os.execvpe(program, arguments, environment)
        except OSError as error:
            missing = isinstance(error, (FileNotFoundError, NotADirectoryError)) and failed != spec.folder
            link.send(b"f" + f"{failed}: {error.strerror}\n".encode("utf-8", "backslashreplace")[:500])
            os._exit(_NOT_FOUND if missing else _NOT_EXECUTABLE)


_NAMES = {number: name for name, number in vars(signal).items() if name.startswith("SIG") and not name.startswith("SIG_") and isinstance(number, int)}


def _open_terminal(link: socket.socket) -> None:
    """Opened by the user, whose it must be. The supervisor gets the master side."""
    master, slave = os.openpty()
    link.sendmsg([b"t"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", master))])
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in (0, 1, 2):
        os.dup2(slave, fd)


def _send(kill: Callable[[int, int], None], target: int, number: int) -> bool:
    try:
        kill(target, number)
    except ProcessLookupError:
        return False
    return True
