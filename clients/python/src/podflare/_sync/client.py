# Generated from ../_async/client.py by unasync.py. Do not edit.
"""The client of blocking code: carries out the steps of operations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import TypeVar, Union

import httpx

from . import io
from .administration import Administration
from .._http import BROKEN, Limit, answer_of, broken, ensure_open, extensions_of, open_http, url_of
from .._models import SandboxInfo, TemplateInfo
from .._operations import ClientOperations
from .._requests import Request
from .._retry import RetryPolicy
from .._settings import MAX_RESULT_CHARS, settings_of
from .._steps import Answer, Broken, Call, Close, Emit, Open, Read, Reply, Send, Stream
from .._uploads import Upload

T = TypeVar("T")

# How long closing a connection may take after the task was cancelled.
_CLOSE_SECONDS = 10


class Client(Administration):
    """A connection to a Podflare server, to be shared by sandboxes and threads.

    host: the server's address. Default: PODFLARE_HOSTD_URL, else http://127.0.0.1:7070.
    api_key: default: PODFLARE_API_KEY, else none.
    traceparent, tracestate: the trace (W3C Trace Context) that everything done here belongs to. Default: PODFLARE_TRACEPARENT.
    connect_timeout_seconds: the longest wait for a connection.
    read_timeout_seconds: the longest wait for the next byte of an answer. It does not limit how long code may run; see ``run_code``.
    retry: how often requests are retried.
    verify, transport: as for httpx. An address of this machine is reached without a proxy.
    max_result_chars: the most output that a result keeps, in characters; ``RunResult.truncated`` says that there was more.

    Raises ValueError or TypeError for an argument that cannot be used.

    >>> with Client("http://10.0.0.5:7070", api_key="…") as client:
    ...     with Sandbox(client=client) as sandbox:
    ...         sandbox.run_code("print(1)")
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
        transport: io.BaseTransport | None = None,
        max_result_chars: int = MAX_RESULT_CHARS,
    ) -> None:
        settings = settings_of(
            host, api_key, traceparent, tracestate, connect_timeout_seconds, read_timeout_seconds, retry, max_result_chars=max_result_chars
        )
        self._operations = ClientOperations(settings)
        self._http = open_http(io.HttpClient, io.HttpTransport, settings, verify, transport)

    @property
    def host(self) -> str:
        """The server's address."""
        return self._operations.settings.base

    def list_sandboxes(
        self, *, state: str | None = None, metadata: Mapping[str, str] | None = None, page_size: int | None = None
    ) -> Iterator[SandboxInfo]:
        """All sandboxes of this API key. Further pages are requested as they are needed.

        state: only those that are ``ready``, ``ending``, ``ended`` or ``lost``. metadata: only those that have these pairs.
        page_size: sandboxes in one request; the server's default is 100, its maximum 1,000.

        >>> for info in client.list_sandboxes(state="ready"):
        ...     print(info.id)
        """
        cursor: str | None = None
        while True:
            page = self._run(self._operations.page(state=state, metadata=metadata, limit=page_size, cursor=cursor))
            for sandbox in page.sandboxes:
                yield sandbox
            cursor = page.next_cursor
            if not cursor:
                return

    def get_sandbox(self, sandbox_id: str) -> SandboxInfo:
        """Describes a sandbox. It works for a day after the sandbox's end.

        >>> info = client.get_sandbox("sbx_…")
        """
        return self._run(self._operations.get(sandbox_id))

    def delete_sandbox(self, sandbox_id: str) -> None:
        """Ends a sandbox. Repeating it is harmless.

        >>> client.delete_sandbox("sbx_…")
        """
        self._run(self._operations.delete(sandbox_id))

    def list_templates(self) -> list[TemplateInfo]:
        """The templates that a sandbox can be created from, as this server knows them.

        >>> names = [template.name for template in client.list_templates()]
        """
        return self._run(self._operations.templates())

    def check_health(self) -> None:
        """Raises if the server does not answer.

        >>> client.check_health()
        """
        self._run(self._operations.health())

    def close(self) -> None:
        """Closes the connections. Sandboxes and their runs continue."""
        self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self.close()

    def _run(self, steps: Call[T], limit: Limit | None = None) -> T:
        reply: Reply = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration as end:
                result: T = end.value
                return result
            reply = None
            if isinstance(step, Send):
                reply = self._send(step.request, limit)
            else:
                io.sleep(step.seconds if limit is None else min(step.seconds, limit.left))

    def _stream(self, steps: Stream[T], limit: Limit | None = None) -> Iterator[T]:
        response: httpx.Response | None = None
        pieces: Iterator[bytes] | None = None
        reply: Reply = None
        try:
            while True:
                try:
                    step = steps.send(reply)
                except StopIteration:
                    return
                reply = None
                if isinstance(step, Emit):
                    for item in step.items:
                        yield item
                elif isinstance(step, Read):
                    reply = self._read(pieces)
                elif isinstance(step, Open):
                    opened = self._open(step.request, limit)
                    if isinstance(opened, httpx.Response):
                        response, pieces = opened, io.pieces_of(opened)
                        reply = answer_of(opened)
                    else:
                        reply = opened
                elif isinstance(step, Close):
                    if response is not None:
                        response.close()
                else:
                    io.sleep(step.seconds)
        finally:
            steps.close()
            if response is not None:
                # The connection must go back to the pool even if the task is being cancelled.
                with io.shield(_CLOSE_SECONDS):
                    response.close()

    def _send(self, request: Request, limit: Limit | None) -> Union[Answer, Broken]:
        ensure_open(self._http.is_closed)
        try:
            response = self._http.send(self._build(request, limit))
            return answer_of(response, response.content)
        except BROKEN as e:
            return broken(e, self._operations.settings)

    def _open(self, request: Request, limit: Limit | None) -> Union[httpx.Response, Answer, Broken]:
        """Returns the response, whose body has not been read, if it is a success."""
        ensure_open(self._http.is_closed)
        try:
            response = self._http.send(self._build(request, limit), stream=True)
            if response.is_success:
                return response
            return answer_of(response, response.read())
        except BROKEN as e:
            return broken(e, self._operations.settings)

    def _read(self, pieces: Iterator[bytes] | None) -> Union[bytes, Broken, None]:
        if pieces is None:
            return None
        try:
            return pieces.__next__()
        except StopIteration:
            return None
        except BROKEN as e:
            return broken(e, self._operations.settings)
        except httpx.StreamError:
            # Another thread or task has closed the client or this stream.
            ensure_open(self._http.is_closed)
            raise

    def _build(self, request: Request, limit: Limit | None) -> httpx.Request:
        content = io.chunks_of(request.content) if isinstance(request.content, Upload) else request.content
        url, extensions = url_of(self._operations.settings, request), extensions_of(io.EXTENSIONS, limit)
        return self._http.build_request(request.method, url, headers=dict(request.headers), content=content, extensions=extensions)
