"""What asynchronous code needs from httpx and anyio. Its counterpart for blocking code is ``podflare._sync.io``."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractContextManager, asynccontextmanager
from typing import IO, Any, TypeVar

import anyio
import anyio.to_thread
import httpx

from .._uploads import Upload

T = TypeVar("T")

HttpClient = httpx.AsyncClient
HttpTransport = httpx.AsyncHTTPTransport
BaseTransport = httpx.AsyncBaseTransport
Lock = anyio.Lock

# anyio sends without Nagle's algorithm already.
EXTENSIONS: dict[str, Any] = {}


async def sleep(seconds: float) -> None:
    await anyio.sleep(seconds)


def shield(seconds: float) -> AbstractContextManager[object]:
    """Cancelling the task does not stop the block, which ends early after so many seconds."""
    return anyio.move_on_after(seconds, shield=True)


async def write(file: IO[bytes], piece: bytes) -> None:
    # Writing a file would block the event loop.
    await anyio.to_thread.run_sync(file.write, piece)


async def notify(callback: Callable[[T], object], item: T) -> None:
    """Calls a function of the user, and awaits what it returns if that is awaitable."""
    result = callback(item)
    if inspect.isawaitable(result):
        await result


def chunks_of(upload: Upload) -> AsyncIterator[bytes]:
    return upload.__aiter__()


def pieces_of(response: httpx.Response) -> AsyncIterator[bytes]:
    return response.aiter_raw()


@asynccontextmanager
async def beside(work: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Carries out the work at the same time as the block, and stops it when the block ends."""
    failure: Exception | None = None
    async with anyio.create_task_group() as group:
        group.start_soon(work)
        try:
            yield
        except Exception as e:
            # Raised outside of the group, which would wrap it.
            failure = e
        group.cancel_scope.cancel()
    if failure is not None:
        raise failure


async def ask(function: Callable[[T], object], item: T) -> object:
    """Calls a function of the user that answers, and awaits the answer if it is awaitable."""
    answer = function(item)
    return await answer if inspect.isawaitable(answer) else answer


_ABANDON: dict[str, Any] = {"abandon_on_cancel" if "abandon_on_cancel" in inspect.signature(anyio.to_thread.run_sync).parameters else "cancellable": True}


async def carry_out(work: Callable[[], object]) -> object:
    """Calls a function of the user that may take long. One that is not asynchronous would block the event loop, so it runs in a thread."""
    if inspect.iscoroutinefunction(getattr(work, "func", work)):
        result = work()
    else:
        result = await anyio.to_thread.run_sync(work, **_ABANDON)
    return await result if inspect.isawaitable(result) else result


@asynccontextmanager
async def workers(most: int) -> AsyncIterator[Callable[[Callable[[T], Coroutine[Any, Any, None]], T], None]]:
    """Gives a function that begins work beside the block, so many at a time. What is not done when the block ends is cancelled."""
    failure: Exception | None = None
    places = anyio.Semaphore(most)
    async with anyio.create_task_group() as group:

        async def work_in_turn(work: Callable[[T], Coroutine[Any, Any, None]], item: T) -> None:
            async with places:
                await work(item)

        try:
            yield lambda work, item: group.start_soon(work_in_turn, work, item)
        except Exception as e:
            # Raised outside of the group, which would wrap it.
            failure = e
        group.cancel_scope.cancel()
    if failure is not None:
        raise failure


async def in_thread(work: Callable[[], None]) -> None:
    # It would block the event loop.
    await anyio.to_thread.run_sync(work)
