# Generated from ../_async/runs.py by unasync.py. Do not edit.
"""The runs of a sandbox, in blocking code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from .processes import SandboxProcesses
from .stream import RunStream
from .._api_errors import MethodNotAllowedError, NotFoundError, NotOfferedError, UrlNotFoundError
from .._events import Event
from .._reading import RunState
from .._run_models import RunInfo
from .._run_requests import DEFAULT_CONTEXT


class SandboxRuns(SandboxProcesses):
    """Lists, follows and interrupts runs."""

    def follow(self, run_id: str, *, after: int = 0) -> RunStream:
        """The events of a run that was started elsewhere or earlier, up to its exit.

        after: the ``seq`` after which to begin; 0 for all events.

        >>> result = sandbox.follow("run_…").result()
        """
        state, steps = self._operations.follow(run_id, after)
        return RunStream(self._client, self._operations, state, steps, is_owner=False)

    def replay(self) -> Iterator[Event]:
        """The last 1,000 events of all runs of this sandbox, oldest first, and the last 200 of background output. It does not wait for more.

        >>> for event in sandbox.replay():
        ...     print(event.run_id, event.seq)
        """
        return self._client._stream(self._operations.replay())

    def background(self, *, after: int = 0, follow: bool = False) -> Iterator[Event]:
        """What the code of runs wrote after their end: StdoutEvent and StderrEvent with ``origin``, and DroppedEvent for what was too much.

        The newest 1 MiB is kept, written at up to 64 KiB a second. after: the ``seq`` after which to begin; 0 for all that is kept.
        follow: wait for more, until the sandbox ends. Raises EventsEvictedError if ``after`` is older than what is kept.

        >>> for event in sandbox.background():
        ...     print(event.origin, event)
        """
        return self._client._stream(self._operations.background(after, follow))

    def runs(
        self,
        kind: Literal["code", "process", "watch"] | None = None,
        state: Literal["queued", "running", "ended"] | None = None,
        tag: str | None = None,
        *,
        context: str | None = None,
    ) -> Iterator[RunInfo]:
        """The runs of this sandbox, newest first, of the last 256. Further pages are requested as they are needed.

        kind, state, tag, context: only those that match all that is given.

        >>> for run in sandbox.runs(state="running"):
        ...     print(run.id, run.tag)
        """
        cursor: str | None = None
        while True:
            page = self._client._run(self._operations.list_runs(kind=kind, state=state, context=context, tag=tag, cursor=cursor))
            for run in page.runs:
                yield run
            cursor = page.next_cursor
            if not cursor:
                return

    def interrupt(self, run_id: str | None = None, *, context: str = DEFAULT_CONTEXT, queued: bool = False) -> tuple[str, ...]:
        """Interrupts a run as Ctrl-C in a terminal would. The sandbox keeps its variables.

        run_id: by default, the run that the context executes, even if another client started it. context: the id of the context.
        queued: also interrupts the runs that wait for the context.

        Returns the ids of the runs. Interrupting a run that has just ended is harmless.

        >>> sandbox.interrupt()
        """
        if run_id is not None:
            self._client._run(self._operations.interrupt(run_id))
            return (run_id,)
        try:
            return self._client._run(self._operations.interrupt_context(context, queued))
        except (UrlNotFoundError, MethodNotAllowedError, NotOfferedError):
            # The server, or the sandbox, is older than contexts.
            return self._interrupt_open_runs()

    def get_run(self, run_id: str) -> RunInfo:
        """Describes a run: whether it has ended, and how.

        >>> info = sandbox.get_run("run_…")
        """
        return self._client._run(self._operations.get_run(run_id))

    def get_run_trace(self, run_id: str) -> dict[str, Any]:
        """The spans of a run as OTLP's ``TracesData``, which tracing tools import. Needs no tracing backend.

        The spans of a run that has not ended have the attribute ``podflare.run.open``.

        >>> trace = sandbox.get_run_trace("run_…")
        """
        return self._client._run(self._operations.get_run_trace(run_id))

    def _interrupt_open_runs(self) -> tuple[str, ...]:
        """Interrupts every run that was started or followed through this object and whose exit was not read."""
        interrupted: dict[str, None] = {}
        for state in self._operations.open_runs.all():
            if self._stop(state) and state.run_id is not None:
                interrupted[state.run_id] = None
        return tuple(interrupted)

    def _stop(self, state: RunState) -> bool:
        """Returns False if the run does not exist."""
        try:
            if state.run_id is not None:
                self._client._run(self._operations.interrupt(state.run_id))
            else:
                for _ in self._client._stream(self._operations.stop(state)):
                    pass
        except NotFoundError:
            self._operations.open_runs.discard(state)
            return False
        if state.is_abandoned:
            self._operations.open_runs.discard(state)
        return True
