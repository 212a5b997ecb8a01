"""A sandbox, in asynchronous code."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping
from contextlib import suppress
from types import TracebackType
from typing import IO, Any, Union

import anyio
import anyio.to_thread

from ._async_client import AsyncClient
from ._core import Accepted, Call, RunState, result_of
from ._diff import SCAN, SandboxDiff, compare, files_of
from ._downloads import Target
from ._errors import NotFoundError, PodflareError
from ._events import Event
from ._models import FileInfo, RunInfo, RunResult, SandboxInfo
from ._operations import SandboxOperations
from ._requests import HOME
from ._trace import trace_of_argument
from ._uploads import AsyncData
from ._views import Language, OnDisconnect, RunView, SandboxView


# Time for ending a sandbox while a task is being cancelled.
_CLOSE_SECONDS = 10


class AsyncRunStream(RunView, AsyncIterator[Event]):
    """The events of a run as they come, the last one being its exit.

    Nothing is sent before the first event is asked for, or ``start`` is called, as entering it with ``async with`` does. A connection that breaks
    never shows: reading goes on behind the last event.
    """

    def __init__(self, items: AsyncIterator[Union[Event, Accepted]], state: RunState, interrupt: Callable[[str], Awaitable[None]]) -> None:
        super().__init__(state)
        self._items = items
        self._interrupt = interrupt
        self._is_started = False

    async def start(self) -> None:
        """Returns when the server has accepted the run, which may still have to wait for another one."""
        if not self._is_started:
            self._is_started = True
            await self._items.__anext__()

    async def interrupt(self) -> None:
        """Interrupts the run as Ctrl-C would; its exit event still comes. The state of the sandbox is kept."""
        await self.start()
        if self._state.run_id is None:
            raise RuntimeError("the run is not accepted yet, so it cannot be interrupted")
        await self._interrupt(self._state.run_id)

    async def close(self) -> None:
        """Stops reading. The run goes on."""
        self._is_started = True
        close = getattr(self._items, "aclose", None)
        if close is not None:
            await close()

    def __aiter__(self) -> AsyncRunStream:
        return self

    async def __anext__(self) -> Event:
        await self.start()
        item = await self._items.__anext__()
        while isinstance(item, Accepted):
            item = await self._items.__anext__()
        return item

    async def __aenter__(self) -> AsyncRunStream:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        await self.close()


class AsyncSandbox(SandboxView):
    """A sandbox with a Python that remembers: names, imports and files stay from one run to the next.

    Entering it with ``async with``, or awaiting it, makes the sandbox; leaving the block or ``close`` ends it.

    template: the image that the sandbox is made from; else the server's default.
    client: to share connections and settings with other sandboxes; else host and api_key are as for AsyncClient.
    traceparent, tracestate: the caller's trace (W3C Trace Context), to which all that happens in this sandbox belongs.
    timeout_seconds: how long the sandbox may live in all. idle_timeout_seconds: how long without a run or a file call.
    metadata: to find it again by. env: environment variables of all its runs.
    """

    def __init__(
        self,
        template: str | None = None,
        *,
        client: AsyncClient | None = None,
        host: str | None = None,
        api_key: str | None = None,
        traceparent: str | None = None,
        tracestate: str | None = None,
        timeout_seconds: float | None = None,
        idle_timeout_seconds: float | None = None,
        ram_mib: int | None = None,
        rootfs_gb: int | None = None,
        egress: bool | None = None,
        metadata: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> None:
        self._trace = trace_of_argument(traceparent, tracestate)
        self._use(client, host, api_key)
        self._create: Call[SandboxInfo] | None = self._client._operations.create(
            self._trace,
            template=template,
            timeout_seconds=timeout_seconds,
            idle_timeout_seconds=idle_timeout_seconds,
            ram_mib=ram_mib,
            rootfs_gb=rootfs_gb,
            egress=egress,
            metadata=metadata,
            env=env,
            idempotency_key=idempotency_key,
        )

    @classmethod
    def attach(
        cls,
        sandbox_id: str,
        *,
        client: AsyncClient | None = None,
        host: str | None = None,
        api_key: str | None = None,
        traceparent: str | None = None,
        tracestate: str | None = None,
    ) -> AsyncSandbox:
        """A sandbox that exists. Nothing is sent, and ``close`` leaves it alone; ``delete`` ends it."""
        trace = trace_of_argument(traceparent, tracestate)
        sandbox = cls.__new__(cls)
        sandbox._use(client, host, api_key)
        sandbox._create = None
        sandbox._made = SandboxOperations(sandbox._client._operations, sandbox_id, trace)
        return sandbox

    async def run_code(
        self,
        code: str,
        *,
        language: Language = "python",
        timeout_seconds: float | None = None,
        env: Mapping[str, str] | None = None,
        on_disconnect: OnDisconnect | None = None,
        traceparent: str | None = None,
        idempotency_key: str | None = None,
    ) -> RunResult:
        """Runs code to its end. An exit code other than 0 raises nothing.

        timeout_seconds: after which the sandbox ends the run, with exit code 124. on_disconnect: ``interrupt`` ends it when nobody reads it.
        """
        stream = self.run_code_stream(
            code,
            language=language,
            timeout_seconds=timeout_seconds,
            env=env,
            on_disconnect=on_disconnect,
            traceparent=traceparent,
            idempotency_key=idempotency_key,
        )
        return result_of([event async for event in stream], stream._state)

    def run_code_stream(
        self,
        code: str,
        *,
        language: Language = "python",
        timeout_seconds: float | None = None,
        env: Mapping[str, str] | None = None,
        on_disconnect: OnDisconnect | None = None,
        traceparent: str | None = None,
        idempotency_key: str | None = None,
    ) -> AsyncRunStream:
        """Runs code and gives each line that it writes when it is written. The arguments are those of ``run_code``."""
        state, steps = self._operations.run(
            code,
            language=language,
            env=env,
            timeout_seconds=timeout_seconds,
            on_disconnect=on_disconnect,
            traceparent=traceparent,
            idempotency_key=idempotency_key,
        )
        return AsyncRunStream(self._client._stream(steps), state, self._interrupt)

    def follow(self, run_id: str, *, after: int = 0) -> AsyncRunStream:
        """The events of a run that was started elsewhere or earlier, behind a ``seq``, up to its exit."""
        state, steps = self._operations.follow(run_id, after)
        return AsyncRunStream(self._client._stream(steps), state, self._interrupt)

    def replay(self) -> AsyncIterator[Event]:
        """The last events of all runs of this sandbox, oldest first. It does not wait for more."""
        return self._client._stream(self._operations.replay())

    async def interrupt(self, run_id: str | None = None) -> None:
        """Interrupts a run as Ctrl-C would; without an id, each run that was started here and has not ended."""
        for run in [run_id] if run_id is not None else self._operations.open_runs():
            await self._interrupt(run)

    async def get_run(self, run_id: str) -> RunInfo:
        """What the server tells of a run: whether it has ended, and how."""
        return await self._client._run(self._operations.get_run(run_id))

    async def info(self) -> SandboxInfo:
        return await self._client._run(self._operations.info())

    async def upload(self, path: str, data: AsyncData) -> None:
        """Writes a file in the sandbox: all of it, or nothing. A relative path starts in /root.

        data: bytes, a text, a ``pathlib.Path`` of a local file, an open binary file, or chunks of bytes.
        """
        await self._client._run(self._operations.upload(path, data))

    async def download(self, path: str) -> bytes:
        """Reads a file of the sandbox into memory."""
        pieces: list[bytes] = []
        async for piece in self._client._stream(self._operations.download(path, restartable=True)):
            if isinstance(piece, bytes):
                pieces.append(piece)
            else:
                pieces.clear()
        return b"".join(pieces)

    async def download_to(self, path: str, target: str | os.PathLike[str] | IO[bytes]) -> None:
        """Copies a file of the sandbox into a local file, which is there when all of it is; or into an open binary file."""
        with Target(target) as to:
            async for piece in self._client._stream(self._operations.download(path, restartable=to.is_restartable)):
                if isinstance(piece, bytes):
                    # Files block, and the event loop has other work.
                    await anyio.to_thread.run_sync(to.write, piece)
                else:
                    to.restart()

    async def download_stream(self, path: str) -> AsyncIterator[bytes]:
        """A file of the sandbox in pieces. A connection that breaks in the middle raises."""
        async for piece in self._client._stream(self._operations.download(path, restartable=False)):
            assert isinstance(piece, bytes)
            yield piece

    async def delete_file(self, path: str) -> None:
        await self._client._run(self._operations.delete_file(path))

    async def list_files(self, path: str = HOME) -> tuple[FileInfo, ...]:
        """What is in a folder of the sandbox."""
        return await self._client._run(self._operations.list_files(path))

    async def diff(self, other: AsyncSandbox) -> SandboxDiff:
        """What differs between the files under /root and /tmp of this sandbox and of another one. Both compute it themselves."""
        here = await self.run_code(SCAN, language="bash")
        there = await other.run_code(SCAN, language="bash")
        return compare(files_of(here), files_of(there))

    async def delete(self) -> None:
        """Ends the sandbox; again is fine."""
        with suppress(NotFoundError):
            await self._client._run(self._operations.delete())
        self._ends_on_close = False

    async def close(self) -> None:
        """Ends the sandbox if it was made here, and closes its connections if they are its own."""
        try:
            if self._ends_on_close:
                await self.delete()
        finally:
            await self._close_own_client()

    def __await__(self) -> Generator[Any, None, AsyncSandbox]:
        return self.__aenter__().__await__()

    async def __aenter__(self) -> AsyncSandbox:
        create, self._create = self._create, None
        if create is None:
            return self
        try:
            info = await self._client._run(create)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._close_own_client()
            raise
        self.warnings = info.warnings
        self._made = SandboxOperations(self._client._operations, info.id, self._trace)
        self._ends_on_close = True
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        if error is None:
            await self.close()
            return
        # What went wrong inside, a cancellation too, matters more than that its sandbox could not be ended: its idle limit ends it then.
        with suppress(PodflareError), anyio.move_on_after(_CLOSE_SECONDS, shield=True):
            await self.close()

    def _use(self, client: AsyncClient | None, host: str | None, api_key: str | None) -> None:
        if client is not None and (host is not None or api_key is not None):
            raise ValueError("host and api_key are the client's: give either them or a client")
        self._owns_client = client is None
        self._client = AsyncClient(host, api_key) if client is None else client

    async def _close_own_client(self) -> None:
        if self._owns_client:
            await self._client.close()

    async def _interrupt(self, run_id: str) -> None:
        await self._client._run(self._operations.interrupt(run_id))
