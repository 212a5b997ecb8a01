"""The operations of clients, and what those of sandboxes have in common: each method checks its arguments, builds the request, and returns the steps for a client.

Nothing is sent here, so a wrong argument raises before any input or output. The current trace is read at the time of the call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from . import _arguments as arguments
from . import _calls as calls
from . import _requests as requests
from ._models import SandboxInfo, SandboxPage, TemplateInfo
from ._requests import Request
from ._retry import RetryPolicy
from ._settings import Settings
from ._steps import Answer, Call
from ._trace import Trace, trace_of_call

T = TypeVar("T")


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
        egress: bool | Iterable[str] | None,
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

    def templates(self) -> Call[list[TemplateInfo]]:
        return calls.call_json(requests.list_templates(self.trace()), TemplateInfo.parse_list, self.settings.retry)

    def health(self) -> Call[Answer]:
        return self.call(requests.health())


class SandboxScope:
    """What the operations of one sandbox have in common."""

    def __init__(self, client: ClientOperations, sandbox_id: str, trace: Trace | None) -> None:
        self.id = arguments.identifier("sandbox_id", sandbox_id, "sbx_")
        self._client = client
        self._bound_to = trace

    @property
    def _policy(self) -> RetryPolicy:
        return self._client.settings.retry

    @property
    def _heartbeat_seconds(self) -> int:
        return self._client.settings.heartbeat_seconds

    def _trace(self, call: Trace | None = None) -> Trace | None:
        return self._client.trace(call, self._bound_to)

    def _call(self, request: Request) -> Call[Answer]:
        return self._client.call(request)

    def _json(self, request: Request, parse: Callable[[Mapping[str, Any]], T]) -> Call[T]:
        return calls.call_json(request, parse, self._policy)
