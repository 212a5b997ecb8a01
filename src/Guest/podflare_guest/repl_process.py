"""One REPL process, as the supervisor sees it."""

from __future__ import annotations

import marshal
import os
import struct
import sys

from podflare_guest.channel import Channel
from podflare_guest.child import become_user, reset_signals
from podflare_guest.lean import TYPE_CHECKING, signal
from podflare_guest.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from podflare_guest.loop import Loop
    from podflare_guest.output import Output
    from podflare_guest.run import Run
    from podflare_guest.settings import Settings

_SCRIPT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "repl.py")
_END = struct.Struct(">16sBi")


class ReplProcess:
    """What it says is believed only under the tag of the run that it names: user code can write to its end of the socket too."""

    def __init__(self, loop: Loop, number: int, settings: Settings, output: Output, environment: dict[bytes, bytes]) -> None:
        self.number = number
        self.ready = False
        self.on_ready: Callable[[], None] = lambda: None
        self.on_end: Callable[[bytes, Outcome], None] = lambda tag, outcome: None
        self._secret = os.urandom(16)
        self._runs = 0
        self._channel = Channel(loop, self._on_packet)
        try:
            self.pid = self._spawn(settings, output)
        except OSError:
            self._channel.close()
            raise
        finally:
            self._channel.peer.close()
        self._channel.send(b"S", self._secret + output.marker)
        self.set_environment(environment)

    def set_environment(self, environment: dict[bytes, bytes]) -> None:
        """Replaces the sandbox's variables, between two runs."""
        self._channel.send(b"E", marshal.dumps(environment))

    def start(self, run: Run) -> None:
        self._runs += 1
        self._channel.send(b"R", marshal.dumps((run.tag, f"<run {self.number}.{self._runs}>", run.environment, run.code)))

    def interrupt(self) -> None:
        """SIGINT to the process group; announced first, so that the REPL can tell it from one that comes too late."""
        self._channel.send_unless_last(b"I")
        try:
            os.killpg(self.pid, signal.SIGINT)
        except ProcessLookupError:
            pass

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def buried(self) -> None:
        """After waitpid: takes what it said last."""
        self._channel.read_all()
        self._channel.close()

    def _spawn(self, settings: Settings, output: Output) -> int:
        environment = settings.environment()
        control, records = self._channel.peer.fileno(), output.shared_end
        pid = os.fork()
        if pid:
            return pid
        try:
            reset_signals()
            os.setsid()
            become_user(output.shared_end, output.errors_end, settings.home)
            os.set_inheritable(control, True)
            os.set_inheritable(records, True)
            # -u takes the buffer from the stdout of C code as well: nothing to flush at the end of a run, nothing lost in a crash.
            modules = [settings.preload] if settings.preload else []
            os.execve(sys.executable, [sys.executable, "-u", _SCRIPT, str(control), str(records), *modules], environment)
        finally:
            os._exit(127)

    def _on_packet(self, packet: bytes) -> None:
        if packet == b"Y" + self._secret and not self.ready:
            self.ready = True
            self.on_ready()
        elif packet[:1] == b"D":
            try:
                tag, flags, code = _END.unpack_from(packet, 1)
                texts = _strings(packet, 1 + _END.size)
            except (struct.error, ValueError):
                return
            error = dict(zip(("name", "value", "traceback"), texts)) if flags & 1 and len(texts) == 3 else None
            self.on_end(tag, Outcome(code & 0xFF, struck=bool(flags & 2), error=error))


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
