"""The operations of a sandbox about runs and contexts."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from . import _arguments as arguments
from . import _reading as reading
from . import _requests as sandbox_requests
from . import _run_requests as requests
from ._events import Event
from ._open_runs import OpenRuns
from ._operations import ClientOperations, SandboxScope
from ._reading import RunState
from ._requests import Request
from ._run_models import ContextInfo, RunInfo, RunPage, parse_contexts, parse_interrupted, parse_offset
from ._steps import Accepted, Answer, Call, Stream
from ._trace import Trace, trace_of_argument


class RunOperations(SandboxScope):
    """Starts runs, reads them, and acts on them."""

    def __init__(self, client: ClientOperations, sandbox_id: str, trace: Trace | None) -> None:
        super().__init__(client, sandbox_id, trace)
        self.open_runs = OpenRuns()

    def run(
        self,
        program: Mapping[str, Any],
        *,
        env: Mapping[str, str] | None = None,
        timeout_seconds: float | None = None,
        on_disconnect: str | None = None,
        disconnect_seconds: float | None = None,
        traceparent: str | None = None,
        idempotency_key: str | None = None,
        in_background: bool = False,
    ) -> tuple[RunState, Stream[Event | Accepted]]:
        """Starts a run and reads it. ``program`` is the part of the request that says what is executed and how."""
        trace = self._trace(trace_of_argument(traceparent))
        start = requests.start_run(
            self.id,
            program,
            env=env,
            timeout_seconds=timeout_seconds,
            on_disconnect=on_disconnect,
            disconnect_seconds=disconnect_seconds,
            heartbeat_seconds=self._heartbeat_seconds,
            trace=trace,
            idempotency_key=idempotency_key,
        )
        state = RunState(start=start, timeout_seconds=timeout_seconds)
        return state, self._read(start, state, 0, trace, in_background)

    def follow(self, run_id: str, after: int) -> tuple[RunState, Stream[Event | Accepted]]:
        arguments.whole("after", after, "the seq of an event", least=0)
        trace = self._trace()
        state = RunState(run_id)
        return state, self._read(self._events(run_id, after, trace), state, after, trace)

    def background(self, after: int, follow: bool) -> Stream[Event]:
        arguments.whole("after", after, "the seq of an event", least=0)
        arguments.flag("follow", follow)
        trace = self._trace()

        def read(seq: int) -> Request:
            return requests.read_events(self.id, requests.BACKGROUND, seq, self._heartbeat_seconds, trace, follow=follow)

        return reading.read_background(read, after, follow, self._policy)

    def replay(self) -> Stream[Event]:
        return reading.read_replay(sandbox_requests.replay(self.id, self._trace()), self._policy)

    def get_run(self, run_id: str) -> Call[RunInfo]:
        return self._json(requests.get_run(self.id, run_id, self._trace()), RunInfo.parse)

    def get_run_trace(self, run_id: str) -> Call[dict[str, Any]]:
        return self._json(requests.get_run_trace(self.id, run_id, self._trace()), dict)

    def list_runs(self, *, kind: str | None, state: str | None, context: str | None, tag: str | None, cursor: str | None) -> Call[RunPage]:
        request = requests.list_runs(self.id, kind=kind, state=state, context=context, tag=tag, cursor=cursor, trace=self._trace())
        return self._json(request, RunPage.parse)

    def interrupt(self, run_id: str) -> Call[Answer]:
        return self._call(requests.interrupt_run(self.id, run_id, self._trace()))

    def stop(self, state: RunState) -> Stream[Event]:
        """Interrupts a run that may not have been accepted yet."""
        trace = self._trace()
        return reading.stop_run(state, lambda run_id: requests.interrupt_run(self.id, run_id, trace))

    def signal(self, run_id: str, name: str | int, scope: str) -> Call[Answer]:
        return self._call(requests.signal_run(self.id, run_id, name, scope, self._trace()))

    def write_stdin(self, run_id: str, data: bytes, eof: bool, offset: int) -> Call[int]:
        return self._json(requests.write_stdin(self.id, run_id, data, eof, offset, self._trace()), parse_offset)

    def answer_tool_calls(self, run_id: str, results: Sequence[Mapping[str, Any]]) -> Call[Answer]:
        return self._call(requests.answer_tool_calls(self.id, run_id, results, self._trace()))

    def resize(self, run_id: str, cols: int, rows: int) -> Call[Answer]:
        return self._call(requests.resize_run(self.id, run_id, cols, rows, self._trace()))

    def create_context(self, context_id: str | None, language: str | None, cwd: str | None, env: Mapping[str, str] | None) -> Call[ContextInfo]:
        # With an id of our own a repeated request finds what the first one created.
        name = f"ctx-{uuid.uuid4().hex[:16]}" if context_id is None else context_id
        request = requests.create_context(self.id, name, language=language, cwd=cwd, env=env, trace=self._trace())
        return self._json(request, ContextInfo.parse)

    def list_contexts(self) -> Call[tuple[ContextInfo, ...]]:
        return self._json(requests.list_contexts(self.id, self._trace()), parse_contexts)

    def get_context(self, context_id: str) -> Call[ContextInfo]:
        return self._json(requests.get_context(self.id, context_id, self._trace()), ContextInfo.parse)

    def delete_context(self, context_id: str) -> Call[Answer]:
        return self._call(requests.delete_context(self.id, context_id, self._trace()))

    def restart_context(self, context_id: str) -> Call[ContextInfo]:
        return self._json(requests.restart_context(self.id, context_id, self._trace()), ContextInfo.parse)

    def interrupt_context(self, context_id: str, queued: bool) -> Call[tuple[str, ...]]:
        return self._json(requests.interrupt_context(self.id, context_id, queued, self._trace()), parse_interrupted)

    def _read(
        self, start: Request, state: RunState, after: int, trace: Trace | None, in_background: bool = False
    ) -> Stream[Event | Accepted]:
        # A generator, so that a stream that is never read is not counted as open.
        self.open_runs.add(state)
        try:
            policy = self._policy
            yield from reading.read_run(start, lambda run_id, seq: self._events(run_id, seq, trace), state, after, policy, in_background=in_background)
        finally:
            if state.exit is not None or not state.may_have_started and state.run_id is None:
                self.open_runs.discard(state)

    def _events(self, run_id: str, after: int, trace: Trace | None) -> Request:
        return requests.read_events(self.id, run_id, after, self._heartbeat_seconds, trace)
