"""The operations of clients and sandboxes: each method checks its arguments, builds the request, and returns the steps for a client.

Nothing is sent here, so a wrong argument raises before any input or output. The current trace is read at the time of the call.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import _arguments as arguments
from . import _calls as calls
from . import _reading as reading
from . import _requests as requests
from ._events import Event
from ._models import FileInfo, RunInfo, SandboxInfo, SandboxPage, parse_listing
from ._open_runs import OpenRuns
from ._reading import RunState
from ._requests import Request
from ._retry import RetryPolicy
from ._settings import Settings
from ._steps import Accepted, Answer, Call, Restart, Stream
from ._trace import Trace, trace_of_argument, trace_of_call
from ._uploads import AsyncData, Upload


class ClientOperations:
    """Operations that do not belong to a sandbox object."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def trace(self, call: Trace | None = None, sandbox: Trace | None = None) -> Trace | None:
        return trace_of_call(call, sandbox, self.settings.trace)

    def call(self, request: Request) -> Call[Answer]:
        return calls.call(request, self.settings.retry)

    def create(
        self,
        bound_to: Trace | None,
        *,
        template: str | None,
        timeout_seconds: float | None,
        idle_timeout_seconds: float | None,
        ram_mib: int | None,
        rootfs_gb: int | None,
        egress: bool | None,
        metadata: Mapping[str, str] | None,
        env: Mapping[str, str] | None,
        idempotency_key: str | None,
    ) -> Request:
        """The request of a create, for ``created``."""
        return requests.create_sandbox(
            template=template,
            timeout_seconds=timeout_seconds,
            idle_timeout_seconds=idle_timeout_seconds,
            ram_mib=ram_mib,
            rootfs_gb=rootfs_gb,
            egress=egress,
            metadata=metadata,
            env=env,
            bound_to=bound_to,
            trace=self.trace(sandbox=bound_to),
            idempotency_key=idempotency_key,
        )

    def created(self, request: Request, retry: RetryPolicy | None = None) -> Call[SandboxInfo]:
        return calls.call_json(request, SandboxInfo.parse, retry or self.settings.retry)

    def undo_create(self, request: Request) -> Call[None]:
        """Deletes the sandbox of a create whose caller left before the answer. The idempotency key finds it."""
        info = yield from self.created(request, RetryPolicy.none())
        yield from self.delete(info.id)

    def get(self, sandbox_id: str, trace: Trace | None = None) -> Call[SandboxInfo]:
        return calls.call_json(requests.get_sandbox(sandbox_id, self.trace(sandbox=trace)), SandboxInfo.parse, self.settings.retry)

    def delete(self, sandbox_id: str, trace: Trace | None = None) -> Call[Answer]:
        return self.call(requests.delete_sandbox(sandbox_id, self.trace(sandbox=trace)))

    def page(self, *, state: str | None, metadata: Mapping[str, str] | None, limit: int | None, cursor: str | None) -> Call[SandboxPage]:
        request = requests.list_sandboxes(state=state, metadata=metadata, limit=limit, cursor=cursor, trace=self.trace())
        return calls.call_json(request, SandboxPage.parse, self.settings.retry)

    def health(self) -> Call[Answer]:
        return self.call(requests.health())


class SandboxOperations:
    """Operations of one sandbox."""

    def __init__(self, client: ClientOperations, sandbox_id: str, trace: Trace | None) -> None:
        self.id = arguments.identifier("sandbox_id", sandbox_id, "sbx_")
        self._client = client
        self._trace = trace
        self.open_runs = OpenRuns()

    def run(
        self,
        code: str,
        *,
        language: str,
        env: Mapping[str, str] | None,
        timeout_seconds: float | None,
        on_disconnect: str | None,
        traceparent: str | None,
        idempotency_key: str | None,
        in_background: bool = False,
    ) -> tuple[RunState, Stream[Event | Accepted]]:
        trace = self._trace_of(trace_of_argument(traceparent))
        start = requests.start_run(
            self.id,
            code,
            language=language,
            env=env,
            timeout_seconds=timeout_seconds,
            on_disconnect=on_disconnect,
            heartbeat_seconds=self._client.settings.heartbeat_seconds,
            trace=trace,
            idempotency_key=idempotency_key,
        )
        state = RunState(start=start, timeout_seconds=timeout_seconds)
        return state, self._read(start, state, 0, trace, in_background)

    def follow(self, run_id: str, after: int) -> tuple[RunState, Stream[Event | Accepted]]:
        arguments.whole("after", after, "the seq of an event", least=0)
        trace = self._trace_of()
        state = RunState(run_id)
        return state, self._read(self._follow(run_id, after, trace), state, after, trace)

    def replay(self) -> Stream[Event]:
        return reading.read_replay(requests.replay(self.id, self._trace_of()), self._client.settings.retry)

    def info(self) -> Call[SandboxInfo]:
        return self._client.get(self.id, self._trace)

    def delete(self) -> Call[Answer]:
        return self._client.delete(self.id, self._trace)

    def get_run(self, run_id: str) -> Call[RunInfo]:
        return calls.call_json(requests.get_run(self.id, run_id, self._trace_of()), RunInfo.parse, self._client.settings.retry)

    def interrupt(self, run_id: str) -> Call[Answer]:
        return self._client.call(requests.interrupt_run(self.id, run_id, self._trace_of()))

    def stop(self, state: RunState) -> Stream[Event]:
        """Interrupts a run that may not have been accepted yet."""
        trace = self._trace_of()
        return reading.stop_run(state, lambda run_id: requests.interrupt_run(self.id, run_id, trace))

    def upload(self, path: str, data: AsyncData) -> Call[Answer]:
        return self._client.call(requests.put_file(self.id, path, Upload(data), self._trace_of()))

    def download(self, path: str, *, restartable: bool) -> Stream[bytes | Restart]:
        return reading.download(requests.get_file(self.id, path, self._trace_of()), self._client.settings.retry, restartable=restartable)

    def delete_file(self, path: str) -> Call[Answer]:
        return self._client.call(requests.delete_file(self.id, path, self._trace_of()))

    def list_files(self, path: str) -> Call[tuple[FileInfo, ...]]:
        found: list[FileInfo] = []
        cursor: str | None = None
        while True:
            page = requests.list_files(self.id, path, cursor, self._trace_of())
            files, following = yield from calls.call_json(page, parse_listing, self._client.settings.retry)
            found += files
            if following is None or following == cursor:
                return tuple(found)
            cursor = following

    def _read(
        self, start: Request, state: RunState, after: int, trace: Trace | None, in_background: bool = False
    ) -> Stream[Event | Accepted]:
        # A generator, so that a stream that is never read is not counted as open.
        self.open_runs.add(state)
        try:
            policy = self._client.settings.retry
            yield from reading.read_run(start, lambda run_id, seq: self._follow(run_id, seq, trace), state, after, policy, in_background=in_background)
        finally:
            if state.exit is not None or not state.may_have_started and state.run_id is None:
                self.open_runs.discard(state)

    def _follow(self, run_id: str, after: int, trace: Trace | None) -> Request:
        return requests.follow_run(self.id, run_id, after, self._client.settings.heartbeat_seconds, trace)

    def _trace_of(self, call: Trace | None = None) -> Trace | None:
        return self._client.trace(call, self._trace)
