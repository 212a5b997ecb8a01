"""One Python interpreter, as the supervisor sees it."""

from __future__ import annotations

import marshal
import os
import struct
import sys

from podflare_guest.channel import PACKET, Channel
from podflare_guest.child import become_user, reset_signals
from podflare_guest.outcome import Outcome
from podflare_guest.processes import Moment
from podflare_guest.run_pipes import RunPipes, new_marker
from podflare_guest.stdlib_core import TYPE_CHECKING, signal

if TYPE_CHECKING:
    from collections.abc import Callable

    from podflare_guest.run import Run
    from podflare_guest.sandbox import Sandbox

_SCRIPT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "repl.py")
_END = struct.Struct(">16sBi")
# Bodies of results whose place in the output has not been read yet.
_RESULT_BYTES = 2 << 20
_MOST_RESULT_BYTES = 8 << 20


class Interpreter:
    """What it says is believed only under the tag of the run that it names: user code can write to its end of the socket too."""

    def __init__(self, sandbox: Sandbox, number: int, folder: str, variables: dict[bytes, bytes]) -> None:
        """`folder`: its working directory. `variables`: those of its context, below those of the sandbox."""
        self.number = number
        self.ready = False
        self.is_gone = False
        self.group = sandbox.lineages.new()
        self.on_ready: Callable[[], None] = lambda: None
        self.on_end: Callable[[bytes, Outcome], None] = lambda tag, outcome: None
        self._sandbox = sandbox
        self._variables = variables
        self._secret = os.urandom(16)
        self._marker = new_marker()
        self._runs = 0
        self._current: Run | None = None
        self._unread = False  # it may still have to read what was sent since its last run
        self._bodies: dict[int, bytearray] = {}
        self._body_bytes = 0
        # What it writes here before it executes a run shows, after its death, whether it had begun.
        self._begun = os.memfd_create("begun", os.MFD_CLOEXEC)
        os.ftruncate(self._begun, 16)
        self._channel = Channel(sandbox.loop, self._on_packet)
        self.pipes = self._new_pipes()
        try:
            self.pid = self._spawn(folder)
        except OSError:
            self.close()
            raise
        finally:
            self._channel.peer.close()
        self._newest = Moment().newest_field
        self._channel.send(b"S", self._secret + self._marker)
        self.set_environment(sandbox.environment)

    def set_environment(self, environment: dict[bytes, bytes]) -> None:
        """Replaces the sandbox's variables, between two runs."""
        self._unread = True
        self._channel.send(b"E", marshal.dumps({**self._variables, **environment}))

    def pipes_for_run(self, moment: Moment) -> RunPipes:
        """The pipes of the next run: those of the last one, unless a process or thread has been started since, which would write into them."""
        if moment.newest_field != self._newest:
            retired, self.pipes = self.pipes, self._new_pipes()
            self._newest = moment.newest_field
            self._channel.send(b"P", b"", (self.pipes.shared_end, self.pipes.errors_end))
            retired.retire()
        return self.pipes

    def start(self, run: Run) -> None:
        self._runs += 1
        self._current = run
        self._bodies.clear()
        self._body_bytes = 0
        # Only then may a signal come before its announcement, for which the interpreter would wait.
        patient = self._unread or not self._channel.is_idle or len(run.code) > PACKET // 2 or run.tool_calls is not None
        name = f"<run {self.number}.{self._runs}>"
        self._unread = False
        if run.stdin is not None:
            self._channel.send(b"N", b"", (run.stdin.pipe(),))
        if run.tool_calls is not None:
            self._channel.send(b"T", run.tool_calls.definitions, (run.tool_calls.begin(),))
        self._channel.send(b"R", marshal.dumps((run.tag, run.raw, name, run.environment, patient, run.display, run.columns, run.code)))

    def interrupt(self) -> None:
        """SIGINT to the process group; announced first, so that the interpreter can tell it from one that comes too late."""
        self._unread = True
        self._channel.send_unless_last(b"I")
        try:
            os.killpg(self.pid, signal.SIGINT)
        except ProcessLookupError:
            pass

    def kill(self) -> None:
        if not self.is_gone:
            os.kill(self.pid, signal.SIGKILL)

    def has_begun(self, run: Run) -> bool:
        """Whether it has executed anything of the run."""
        return os.pread(self._begun, 16, 0) == run.tag

    def reaped(self) -> None:
        """After waitpid: takes what it said last."""
        self.is_gone = True
        self._channel.read_all()

    def close(self) -> None:
        self._channel.close()
        self.pipes.retire()
        os.close(self._begun)

    def _new_pipes(self) -> RunPipes:
        return RunPipes(self._sandbox, self._marker, self._take_result)

    def _spawn(self, folder: str) -> int:
        settings = self._sandbox.settings
        environment = settings.environment(self.group)
        control, records, begun = self._channel.peer.fileno(), self.pipes.shared_end, self._begun
        pid = os.fork()
        if pid:
            return pid
        try:
            reset_signals()
            os.setsid()
            become_user(self._sandbox.user, records, self.pipes.errors_end, folder, (self.group,))
            for fd in (control, records, begun):
                os.set_inheritable(fd, True)
            modules = [settings.preload] if settings.preload else []
            # -s: nothing of the user's site folder is executed at the start. -u takes the buffer from the stdout of C code as well: nothing to flush at
            # the end of a run, nothing lost in a crash.
            os.execve(sys.executable, [sys.executable, "-s", "-u", _SCRIPT, str(control), str(records), str(begun), *modules], environment)
        finally:
            os._exit(127)

    def _on_packet(self, packet: bytes) -> None:
        kind = packet[:1]
        if kind == b"D":
            try:
                tag, flags, code = _END.unpack_from(packet, 1)
                texts = _strings(packet, 1 + _END.size)
            except (struct.error, ValueError):
                return
            error = dict(zip(("name", "value", "traceback"), texts)) if flags & 1 and len(texts) == 3 else None
            self.on_end(tag, Outcome(code & 0xFF, interrupted=bool(flags & 2), error=error))
        elif kind == b"V":
            self._take_body(packet)
        elif packet == b"Y" + self._secret and not self.ready:
            self.ready = True
            self.on_ready()

    def _take_body(self, packet: bytes) -> None:
        """A part of a result's body: V, the run's tag, u32 number of the result, data."""
        if self._current is None or packet[1:17] != self._current.tag or len(packet) < 21 or self._body_bytes > _MOST_RESULT_BYTES:
            return
        self._bodies.setdefault(int.from_bytes(packet[17:21], "big"), bytearray()).extend(packet[21:])
        self._body_bytes += len(packet) - 21
        self._channel.pause(self._body_bytes > _RESULT_BYTES)
        if self._current.tool_calls is not None:
            self.pipes.hurry()

    def _take_result(self, number: int, length: int) -> bytes:
        """The body of a result, empty where it is not what was announced."""
        # It was sent before its place in the output was written, so it is there, but may not have been read yet.
        while len(self._bodies.get(number, b"")) < length and self._channel.read():
            pass
        body = self._bodies.pop(number, bytearray())
        self._body_bytes -= len(body)
        self._channel.pause(self._body_bytes > _RESULT_BYTES)
        return bytes(body) if len(body) == length else b""


def _strings(packet: bytes, at: int) -> list[str]:
    found = []
    while at < len(packet):
        length = int.from_bytes(packet[at : at + 4], "big")
        at += 4
        if at + length > len(packet):
            raise ValueError("string beyond the packet")
        found.append(packet[at : at + length].decode("utf-8", "replace"))
        at += length
    return found
