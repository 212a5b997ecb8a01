# Generated from ../_async/stream.py by unasync.py. Do not edit.
"""The events of a run, in blocking code."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Any, Union

from . import io
from .client import Client
from .stdin import PIECE_BYTES, bytes_of
from .tools import MOST_AT_ONCE, ToolRunner
from .._errors import PodflareError, ProtocolError
from .._events import Event, ToolRequestEvent
from .._http import Limit
from .._log import LOG
from .._reading import RunState
from .._result import Output, RunResult
from .._run_errors import StdinFullError
from .._run_models import RunInfo
from .._sandbox_operations import SandboxOperations
from .._steps import Accepted, Stream
from .._tools import Tools, tools_of
from .._views import RunView, SignalScope

# How long a caller who leaves waits for the interrupt of its run.
INTERRUPT_SECONDS = 5

# The first delay of a writer whose run does not read.
_FULL_SECONDS = 0.05


class ToolCalls:
    """The calls of tools of a run that is read."""

    def __init__(self, stream: RunStream) -> None:
        self._stream = stream

    @property
    def may_repeat_calls(self) -> bool:
        """Whether the reader may see calls that were answered, or closed, before it sees them."""
        state = self._stream._state
        return state.was_replayed or state.start is None or state.connections > 1

    def answer(self, results: list[dict[str, Any]]) -> None:
        stream = self._stream
        stream.start()
        stream._client._run(stream._operations.answer_tool_calls(stream._known_id(), results))

    def get_info(self) -> RunInfo:
        stream = self._stream
        return stream._client._run(stream._operations.get_run(stream._known_id()))


class RunStream(RunView, Iterator[Event]):
    """The events of a run as they arrive. The last one is its exit.

    Nothing is sent before the first event is requested, or ``start`` is called, or the stream is entered with ``with``. A broken
    connection is not visible: reading continues after the last event.

    Ctrl-C while an event is awaited, or inside the ``with`` block, interrupts the run in the sandbox, and so does
    closing a generator that is inside the block. This takes at most 5 seconds. A run that is left in any other way continues: by ``break``,
    by ``close``, or by an exception of the program. So does a run of ``start_code`` or ``follow``, however its stream is left. ``interrupt``
    and ``Sandbox.interrupt`` still stop it.

    >>> with sandbox.run_code_stream("for i in range(3): print(i)") as run:
    ...     for event in run:
    ...         print(event.seq, event.data)
    ...     result = run.result()
    """

    def __init__(
        self, client: Client, operations: SandboxOperations, state: RunState, steps: Stream[Union[Event, Accepted]], *, is_owner: bool = True
    ) -> None:
        super().__init__(state)
        # Whether the run ends with the task that reads it.
        self._is_owner = is_owner
        self._client = client
        self._operations = operations
        self._items = client._stream(steps)
        self._output = Output(client._operations.settings.max_result_chars)
        self._is_started = False
        self._start_lock = io.Lock()
        self._stdin_lock = io.Lock()
        # Bytes of standard input that were accepted; None if it is not known.
        self._stdin_offset: int | None = 0 if state.start is not None else None

    def start(self) -> None:
        """Returns when the server has accepted the run. The run may still have to wait for another one.

        >>> run.start()
        """
        if self._is_started:
            return
        # A writer may wait for the start that a reader has begun.
        with self._start_lock:
            if not self._is_started:
                try:
                    self._next()
                finally:
                    self._is_started = True

    def result(self, *, tools: Tools | None = None) -> RunResult:
        """Waits for the end of the run, and returns its result. The output includes the events that were already iterated over.

        tools: answers the calls of tools that the code makes meanwhile, as ``run_code`` does. Of a run that was started elsewhere, only the
        calls that nobody has answered.

        >>> result = sandbox.run_code_stream("print(1)").result()
        """
        by_name = tools_of(tools)
        try:
            if not by_name:
                for _ in self:
                    pass
            else:
                runner = ToolRunner(ToolCalls(self), by_name)
                with io.workers(MOST_AT_ONCE) as begin:
                    for event in self:
                        if isinstance(event, ToolRequestEvent):
                            begin(runner.answer, event)
        except (Exception, GeneratorExit):
            raise
        except BaseException:
            # Ctrl-C does not always hit the wait for an event.
            self._give_up()
            raise
        return self._output.result(self._state)

    def send(self, data: bytes | str, *, eof: bool = False) -> None:
        """Writes to the standard input of the run, which must have been started with ``stdin=True`` or with a terminal.

        data: bytes, or text that is encoded as UTF-8. eof: nothing follows; on a terminal, Ctrl-D.

        It waits while the run does not read: the sandbox keeps at most 1 MiB that was not read yet. Requests are repeated as for other calls,
        and nothing is written twice. Raises RunEndedError, StdinClosedError, or StdinOffsetError if somebody else writes to it at the same time.

        >>> run.send("Ada\\n")
        """
        content = bytes_of(data)
        self.start()
        with self._stdin_lock:
            offset = self._known_offset()
            # Until the answer is there, it is not known how much has arrived.
            self._stdin_offset = None
            for start in range(0, len(content) or 1, PIECE_BYTES):
                piece = content[start : start + PIECE_BYTES]
                self._write(piece, eof and start + PIECE_BYTES >= len(content), offset + start)
            self._stdin_offset = offset + len(content)

    def answer_tool_call(self, call_id: str, content: object = None, *, error: str | None = None) -> None:
        """Answers a ToolRequestEvent: with a value that JSON can hold, or with the message of an error, which the code in the sandbox gets as ``ToolError``.

        The first answer to a call counts, and a repeated one changes nothing. Raises ToolCallClosedError if the call timed out, if its code no
        longer waits, or if the run has ended, and ToolCallNotFoundError. An answer above 1 MiB raises CodeTooLargeError, and the call stays open.

        >>> run.answer_tool_call(event.call_id, [1, 2])
        """
        ToolCalls(self).answer([{"call_id": call_id, "content": content} if error is None else {"call_id": call_id, "error": {"message": error}}])

    def signal(self, name: str | int, *, scope: SignalScope = "group") -> None:
        """Sends a signal to the processes of the run. If the answer is lost, it may have arrived all the same.

        name: ``SIGHUP``, ``SIGINT``, ``SIGQUIT``, ``SIGKILL``, ``SIGUSR1``, ``SIGUSR2``, ``SIGTERM``, ``SIGCONT``, ``SIGSTOP`` or ``SIGWINCH``.
        scope: ``process``; its ``group``; or ``all`` processes that the run has started, also after its end.

        >>> run.signal("SIGTERM")
        """
        self.start()
        self._client._run(self._operations.signal(self._known_id(), name, scope))

    def interrupt(self) -> None:
        """Interrupts the run as Ctrl-C in a terminal would. Its exit event still follows, and the sandbox keeps its variables.

        >>> run.interrupt()
        """
        if self._state.exit is not None:
            return
        if self._state.run_id is None:
            self.start()
        self._stop(None)

    def close(self) -> None:
        """Stops reading. The run continues in the sandbox; ``interrupt`` still stops it, and ``Sandbox.follow`` reads it again."""
        self._is_started = True
        self._state.is_abandoned = True
        close = getattr(self._items, "close", None)
        if close is not None:
            close()

    def __iter__(self) -> RunStream:
        return self

    def __next__(self) -> Event:
        self.start()
        while True:
            item = self._next()
            if not isinstance(item, Accepted):
                self._output.add(item)
                return item

    def __enter__(self) -> RunStream:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        if error is not None and not isinstance(error, Exception):
            self._give_up()
        with io.shield(INTERRUPT_SECONDS):
            self.close()

    def _known_id(self) -> str:
        if self._state.run_id is None:
            raise ProtocolError("the server's answer has no run id")
        return self._state.run_id

    def _known_offset(self) -> int:
        if self._stdin_offset is None or self._state.was_replayed and self._stdin_offset == 0:
            # It was started elsewhere, or a write has failed.
            info = self._client._run(self._operations.get_run(self._known_id()))
            return info.stdin_offset or 0
        return self._stdin_offset

    def _write(self, piece: bytes, eof: bool, offset: int) -> None:
        delay = _FULL_SECONDS
        while True:
            try:
                self._client._run(self._operations.write_stdin(self._known_id(), piece, eof, offset))
                return
            except StdinFullError:
                io.sleep(delay)
                delay = min(1.0, 2 * delay)

    def _next(self) -> Union[Event, Accepted]:
        try:
            return self._items.__next__()
        except (Exception, GeneratorExit):
            raise
        except BaseException:
            # Ctrl-C, or the task is being cancelled.
            self._give_up()
            raise

    def _stop(self, limit: Limit | None) -> None:
        for _ in self._client._stream(self._operations.stop(self._state), limit):
            pass

    def _give_up(self) -> None:
        """Interrupts the run because its caller leaves. Failures are logged: what the caller leaves for matters more."""
        state = self._state
        if state.exit is not None or state.is_abandoned or not self._is_owner:
            return
        state.is_abandoned = True
        try:
            with io.shield(INTERRUPT_SECONDS):
                self._stop(Limit(INTERRUPT_SECONDS))
                self._operations.open_runs.discard(state)
                return
        except PodflareError as e:
            LOG.warning("run %s may still be running: %s", state.run_id or "(id unknown)", e)
