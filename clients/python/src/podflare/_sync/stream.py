# Generated from ../_async/stream.py by unasync.py. Do not edit.
"""The events of a run, in blocking code."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Union

from . import io
from .client import Client
from .._errors import PodflareError
from .._events import Event
from .._http import Limit
from .._log import LOG
from .._operations import SandboxOperations
from .._reading import RunState
from .._result import Output, RunResult
from .._steps import Accepted, Stream
from .._views import RunView

# How long a caller who leaves waits for the interrupt of its run.
INTERRUPT_SECONDS = 5


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

    def start(self) -> None:
        """Returns when the server has accepted the run. The run may still have to wait for another one.

        >>> run.start()
        """
        if not self._is_started:
            self._is_started = True
            self._next()

    def result(self) -> RunResult:
        """Waits for the end of the run, and returns its result. The output includes the events that were already iterated over.

        >>> result = sandbox.run_code_stream("print(1)").result()
        """
        for _ in self:
            pass
        return self._output.result(self._state)

    def interrupt(self) -> None:
        """Interrupts the run as Ctrl-C in a terminal would. Its exit event still follows, and the sandbox keeps its variables.

        >>> run.interrupt()
        """
        if self._state.exit is not None:
            return
        if self._state.run_id is None:
            self.start()
        for _ in self._client._stream(self._operations.stop(self._state)):
            pass

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

    def _next(self) -> Union[Event, Accepted]:
        try:
            return self._items.__next__()
        except (Exception, GeneratorExit):
            raise
        except BaseException:
            # Ctrl-C, or the task is being cancelled.
            self._give_up()
            raise

    def _give_up(self) -> None:
        """Interrupts the run because its caller leaves. Failures are logged: what the caller leaves for matters more."""
        state = self._state
        if state.exit is not None or state.is_abandoned or not self._is_owner:
            return
        state.is_abandoned = True
        try:
            with io.shield(INTERRUPT_SECONDS):
                for _ in self._client._stream(self._operations.stop(state), Limit(INTERRUPT_SECONDS)):
                    pass
                self._operations.open_runs.discard(state)
                return
        except PodflareError as e:
            LOG.warning("run %s may still be running: %s", state.run_id or "(id unknown)", e)
