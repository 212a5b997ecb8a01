"""The asynchronous client: carries out the steps of the core. It runs under asyncio and trio, as httpx does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import TypeVar, Union

import anyio
import httpx

from ._core import Answer, Broken, Call, Close, Emit, Open, Read, Reply, Send, Stream
from ._http import BROKEN, answer_of, client_options, url_of
from ._models import SandboxInfo
from ._operations import ClientOperations
from ._requests import Request
from ._retry import RetryPolicy
from ._settings import settings_of
from ._uploads import Upload

T = TypeVar("T")


class AsyncClient:
    """A connection to a Podflare server, to be shared by sandboxes and tasks. The arguments are those of Client."""

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
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        settings = settings_of(host, api_key, traceparent, tracestate, connect_timeout_seconds, read_timeout_seconds, retry)
        self._operations = ClientOperations(settings)
        self._http = httpx.AsyncClient(**client_options(settings), verify=verify, transport=transport)

    @property
    def host(self) -> str:
        return self._operations.settings.base

    async def list_sandboxes(
        self, *, state: str | None = None, metadata: Mapping[str, str] | None = None, page_size: int | None = None
    ) -> AsyncIterator[SandboxInfo]:
        """All sandboxes of this API key, page by page; those in a state (ready, ending, ended, lost) or with these metadata only."""
        cursor: str | None = None
        while True:
            page = await self._run(self._operations.page(state=state, metadata=metadata, limit=page_size, cursor=cursor))
            for sandbox in page.sandboxes:
                yield sandbox
            cursor = page.next_cursor
            if not cursor:
                return

    async def get_sandbox(self, sandbox_id: str) -> SandboxInfo:
        """What the server tells of a sandbox; for a day after its end too."""
        return await self._run(self._operations.get(sandbox_id))

    async def delete_sandbox(self, sandbox_id: str) -> None:
        """Ends a sandbox; again is fine."""
        await self._run(self._operations.delete(sandbox_id))

    async def check_health(self) -> None:
        """Raises where the server does not answer."""
        await self._run(self._operations.health())

    async def close(self) -> None:
        """Closes the connections. Sandboxes live on."""
        await self._http.aclose()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        await self.close()

    async def _run(self, steps: Call[T]) -> T:
        reply: Reply = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration as end:
                result: T = end.value
                return result
            reply = None
            if isinstance(step, Send):
                reply = await self._send(step.request)
            else:
                await anyio.sleep(step.seconds)

    async def _stream(self, steps: Stream[T]) -> AsyncIterator[T]:
        response: httpx.Response | None = None
        pieces: AsyncIterator[bytes] | None = None
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
                    reply = await _read(pieces)
                elif isinstance(step, Open):
                    opened = await self._open(step.request)
                    if isinstance(opened, httpx.Response):
                        response, pieces = opened, opened.aiter_raw()
                        reply = answer_of(opened)
                    else:
                        reply = opened
                elif isinstance(step, Close):
                    if response is not None:
                        await response.aclose()
                else:
                    await anyio.sleep(step.seconds)
        finally:
            steps.close()
            if response is not None:
                # Also where the task is being cancelled: the connection must go back to the pool.
                with anyio.CancelScope(shield=True):
                    await response.aclose()

    async def _send(self, request: Request) -> Union[Answer, Broken]:
        try:
            response = await self._http.send(self._build(request))
            return answer_of(response, response.content)
        except BROKEN as e:
            return Broken(e)

    async def _open(self, request: Request) -> Union[httpx.Response, Answer, Broken]:
        """Returns the response where it is a success: its body has not been read."""
        try:
            response = await self._http.send(self._build(request), stream=True)
            if response.is_success:
                return response
            return answer_of(response, await response.aread())
        except BROKEN as e:
            return Broken(e)

    def _build(self, request: Request) -> httpx.Request:
        content = request.content.__aiter__() if isinstance(request.content, Upload) else request.content
        return self._http.build_request(request.method, url_of(self._operations.settings, request), headers=dict(request.headers), content=content)


async def _read(pieces: AsyncIterator[bytes] | None) -> Union[bytes, Broken, None]:
    if pieces is None:
        return None
    try:
        return await pieces.__anext__()
    except StopAsyncIteration:
        return None
    except BROKEN as e:
        return Broken(e)
