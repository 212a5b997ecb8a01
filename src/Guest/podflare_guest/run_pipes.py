"""The two pipes into which the processes of a run write, and what becomes of their bytes.

`shared` carries all of stdout and, between it, Python's own stderr and results. `errors` carries descriptor 2 of child processes and C code. Children keep
the pipes of the run that started them, so their later output is known for what it is.
"""

from __future__ import annotations

import os
from time import monotonic

from podflare_guest import frames
from podflare_guest.frames import now_ms
from podflare_guest.pipe import Pipe
from podflare_guest.source import Source
from podflare_guest.split import INPUT, LATE, RESULT, STDERR, STDOUT, TOOL, Splitter
from podflare_guest.stdlib_core import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from podflare_guest.packet_pipes import PacketPipe, PacketPipes
    from podflare_guest.run import Run
    from podflare_guest.sandbox import Sandbox

_NO_RUN = bytes(16)
_LATE_BYTES_PER_SECOND = 8 << 20


class RunPipes:
    def __init__(self, sandbox: Sandbox, marker: bytes, take_result: Callable[[int, int], bytes] = lambda number, length: b"", exact: bool = False) -> None:
        """`take_result`: the body of a result, of a request for input or of a call of a tool, of which the pipe has number and length only. `exact`: the order of both pipes is known."""
        self._sandbox = sandbox
        self._take_result = take_result
        self._run: Run | None = None
        self._origin = _NO_RUN  # the run that used these pipes last
        self._splitter = Splitter(marker)
        self._stdout = Source(STDOUT, self._emit)
        self._stderr = Source(STDERR, self._emit)
        self._raw_stderr = Source(STDERR, self._emit)
        self._sources = (self._stdout, self._stderr, self._raw_stderr)
        self._exact = exact
        self._shared: Pipe | PacketPipe
        self._errors: Pipe | PacketPipe
        if exact:
            from podflare_guest.packet_pipes import PacketPipes

            self._shared, self._errors = PacketPipes(sandbox.loop, (self._take_shared, self._take_errors), self._may_read, self._pipe_ended).pipes
        else:
            self._shared = Pipe(sandbox.loop, self._take_shared, self._may_read, self._pipe_ended)
            self._errors = Pipe(sandbox.loop, self._take_errors, self._may_read, self._pipe_ended)
        self._open_pipes = 2
        self.before_output: Callable[[], None] | None = None  # called before each piece of output

    @property
    def shared_end(self) -> int:
        return self._shared.write_end

    @property
    def errors_end(self) -> int:
        return self._errors.write_end

    def begin(self, run: Run) -> None:
        """From here on what is written belongs to the run."""
        self._run = run
        self._origin = run.raw
        self._shared.bytes_per_second = self._errors.bytes_per_second = 0
        if run.raw_output:
            for source in self._sources:
                source.raw = True

    def hurry(self) -> None:
        """The code is about to wait for an answer to what it writes. For the pipes of an interpreter, which are never exact."""
        if isinstance(self._shared, Pipe):
            self._shared.hurry()

    def finish(self) -> None:
        """Emits all that has been written. What comes later is late output."""
        self._shared.drain()
        self._errors.drain()
        self._flush_splitter()
        for source in self._sources:
            source.finish()
        self._sandbox.loop.timers.cancel(self)
        self._run = None
        self.before_output = None
        self._shared.bytes_per_second = self._errors.bytes_per_second = _LATE_BYTES_PER_SECOND
        self._shared.resume()
        self._errors.resume()

    def retire(self) -> None:
        """No process is started with these pipes any more; they end with the last that has them."""
        self._shared.close_write_end()
        self._errors.close_write_end()
        if self._open_pipes:
            self._sandbox.late.add(self)

    def say(self, data: bytes) -> None:
        """Adds a line of our own to the run's stderr."""
        self._take_errors(data, False)

    def close(self) -> None:
        self._shared.close()
        self._errors.close()
        self._sandbox.loop.timers.cancel(self)

    def _may_read(self, pipe: Pipe | PacketPipes) -> bool:
        may_read = self._sandbox.ring.has_room if self._run is not None else self._sandbox.late.may_read
        if not may_read:
            self._sandbox.blocked_pipes.append(pipe)
        return may_read

    def _pipe_ended(self) -> None:
        self._open_pipes -= 1
        if not self._open_pipes:
            self._flush_splitter()
            for source in self._sources:
                source.finish()
            self._sandbox.loop.timers.cancel(self)
            self._sandbox.late.remove(self)

    def _take_shared(self, data: bytes, cut: bool) -> None:
        at_ms, now = now_ms(), monotonic()
        if self._exact:
            self._raw_stderr.settle()
        for kind, piece in self._splitter.split(data, cut):
            # What was written before a change of stream must leave before it.
            if kind == STDOUT:
                self._stderr.settle()
                self._stdout.feed(piece, at_ms, now)
            elif kind == STDERR:
                self._stdout.settle()
                self._stderr.feed(piece, at_ms, now)
            elif kind == RESULT:
                self._stdout.settle()
                self._stderr.settle()
                self._emit_result(int.from_bytes(piece[:4], "big"), int.from_bytes(piece[4:8], "big"), at_ms)
            elif kind == INPUT:
                self._stdout.settle()
                self._stderr.settle()
                self._emit_input_request(int.from_bytes(piece[:4], "big"), int.from_bytes(piece[4:8], "big"), at_ms)
            elif kind == TOOL:
                self._stdout.settle()
                self._stderr.settle()
                self._call_tool(int.from_bytes(piece[:4], "big"), int.from_bytes(piece[4:8], "big"), at_ms)
            elif kind == LATE and len(piece) > 17 and piece[16] in (STDOUT, STDERR):
                self._sandbox.late.write(piece[:16], piece[16], piece[17:], at_ms)
        self._await_quiet(now)

    def _flush_splitter(self) -> None:
        """Treats what looked like the beginning of a record as output, because nothing follows."""
        if self._splitter.is_carrying:
            self._take_shared(b"", False)

    def _take_errors(self, data: bytes, cut: bool) -> None:
        now = monotonic()
        if self._exact:
            self._stdout.settle()
        self._raw_stderr.feed(data, now_ms(), now)
        self._await_quiet(now)

    def _await_quiet(self, now: float) -> None:
        due = [source.due() for source in self._sources if not source.settled]
        if due:
            self._sandbox.loop.timers.set(self, min(due) - now, self._settle)
        else:
            self._sandbox.loop.timers.cancel(self)

    def _settle(self) -> None:
        now = monotonic()
        for source in self._sources:
            if not source.settled and source.due() <= now:
                source.settle()
        self._await_quiet(now)

    def _emit(self, stream: int, piece: bytes, at_ms: int) -> None:
        if self.before_output is not None:
            self.before_output()
        if self._run is not None:
            self._sandbox.send_numbered(frames.OUT, self._run.raw + bytes((stream,)) + piece, at_ms)
        else:
            self._sandbox.late.write(self._origin, stream, piece, at_ms)

    def _emit_result(self, number: int, length: int, at_ms: int) -> None:
        body = self._take_result(number, length)
        # A result of a run that has ended has no place in any stream of text.
        if body and self._run is not None:
            self._sandbox.send_result(self._run, body, at_ms)

    def _emit_input_request(self, number: int, length: int, at_ms: int) -> None:
        body = self._take_result(number, length)
        if body and self._run is not None:
            self._sandbox.send_input_request(self._run, body, at_ms)

    def _call_tool(self, number: int, length: int, at_ms: int) -> None:
        body = self._take_result(number, length)
        # Without its body it is answered, too: the code waits.
        if self._run is not None and self._run.tool_calls is not None:
            self._run.tool_calls.request(number, body, at_ms)


def new_marker() -> bytes:
    """Distinguishes records of the interpreter in the shared pipe from what the program writes there."""
    return os.urandom(16)
