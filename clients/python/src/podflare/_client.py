"""The blocking client: carries out the steps of the core."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import TypeVar, Union

import httpx

from ._core import Answer, Broken, Call, Close, Emit, Open, Read, Reply, Send, Stream
from ._http import BROKEN, answer_of, client_options, send_at_once, url_of
from ._models import SandboxInfo
from ._operations import ClientOperations
from ._requests import Request
from ._retry import RetryPolicy
from ._settings import settings_of
from ._uploads import Upload

T = TypeVar("T")


class Client:
    """A connection to a Podflare server, to be shared by sandboxes and threads.

    host: the server's address; else PODFLARE_HOSTD_URL, else http://127.0.0.1:7070.
    api_key: else PODFLARE_API_KEY, else none.
    traceparent, tracestate: the caller's trace (W3C Trace Context) for all that is done here; else PODFLARE_TRACEPARENT.
    connect_timeout_seconds: for a connection to be made.
    read_timeout_seconds: for the next byte of an answer. How long code may run is another thing: ``run_code(timeout_seconds=…)``.
    retry: how often what is safe to repeat is repeated.
    verify, transport: as httpx takes them.
    """

    def __init__(
        self,
        host: str | None = None,
        api_key: str | None = None,
        *,
        traceparent: str | None = None,
        tracestate: str | None = None,
        connect_timeout_seconds: float = 10.0,
        read_timeout_seconds: float = 60.0,
        retry: RetryPolicy | None = None,
        verify: bool | str = True,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        settings = settings_of(host, api_key, traceparent, tracestate, connect_timeout_seconds, read_timeout_seconds, retry)
        self._operations = ClientOperations(settings)
        self._http = httpx.Client(**client_options(settings), verify=verify, transport=transport)

    @property
    def host(self) -> str:
        return self._operations.settings.base

    def list_sandboxes(self, *, state: str | None = None, metadata: Mapping[str, str] | None = None, page_size: int | None = None) -> Iterator[SandboxInfo]:
        """All sandboxes of this API key, page by page; those in a state (ready, ending, ended, lost) or with these metadata only."""
        cursor: str | None = None
        while True:
            page = self._run(self._operations.page(state=state, metadata=metadata, limit=page_size, cursor=cursor))
            yield from page.sandboxes
            cursor = page.next_cursor
            if not cursor:
                return

    def get_sandbox(self, sandbox_id: str) -> SandboxInfo:
        """What the server tells of a sandbox; for a day after its end too."""
        return self._run(self._operations.get(sandbox_id))

    def delete_sandbox(self, sandbox_id: str) -> None:
        """Ends a sandbox; again is fine."""
        self._run(self._operations.delete(sandbox_id))

    def check_health(self) -> None:
        """Raises where the server does not answer."""
        self._run(self._operations.health())

    def close(self) -> None:
        """Closes the connections. Sandboxes live on."""
        self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self.close()

    def _run(self, steps: Call[T]) -> T:
        reply: Reply = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration as end:
                result: T = end.value
                return result
            reply = None
            if isinstance(step, Send):
                reply = self._send(step.request)
            else:
                time.sleep(step.seconds)

    def _stream(self, steps: Stream[T]) -> Iterator[T]:
        response: httpx.Response | None = None
        pieces: Iterator[bytes] = iter(())
        reply: Reply = None
        try:
            while True:
                try:
                    step = steps.send(reply)
                except StopIteration:
                    return
                reply = None
                if isinstance(step, Emit):
                    yield from step.items
                elif isinstance(step, Read):
                    reply = _read(pieces)
                elif isinstance(step, Open):
                    opened = self._open(step.request)
                    if isinstance(opened, httpx.Response):
                        response, pieces = opened, opened.iter_raw()
                        reply = answer_of(opened)
                    else:
                        reply = opened
                elif isinstance(step, Close):
                    if response is not None:
                        response.close()
                else:
                    time.sleep(step.seconds)
        finally:
            steps.close()
            if response is not None:
                response.close()

    def _send(self, request: Request) -> Union[Answer, Broken]:
        try:
            response = self._http.send(self._build(request))
            return answer_of(response, response.content)
        except BROKEN as e:
            return Broken(e)

    def _open(self, request: Request) -> Union[httpx.Response, Answer, Broken]:
        """Returns the response where it is a success: its body has not been read."""
        try:
            response = self._http.send(self._build(request), stream=True)
            if response.is_success:
                return response
            return answer_of(response, response.read())
        except BROKEN as e:
            return Broken(e)

    def _build(self, request: Request) -> httpx.Request:
        content = iter(request.content) if isinstance(request.content, Upload) else request.content
        url, extensions = url_of(self._operations.settings, request), {"trace": send_at_once}
        return self._http.build_request(request.method, url, headers=dict(request.headers), content=content, extensions=extensions)


def _read(pieces: Iterator[bytes]) -> Union[bytes, Broken, None]:
    try:
        return next(pieces, None)
    except BROKEN as e:
        return Broken(e)
