"""Runs one scenario, written as blocking code, with the blocking client and with the asynchronous one."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import podflare
from podflare import AsyncClient, AsyncSandbox, Client, RetryPolicy, Sandbox
from scripted_server import SANDBOX

Scenario = Callable[[Any], None]

_WRAPPED = tuple(kind for name, kind in vars(podflare).items() if name.startswith("Async") and isinstance(kind, type))


class Wrapped:
    """An asynchronous object as a blocking one: each call runs on the event loop until it ends."""

    def __init__(self, loop: asyncio.AbstractEventLoop, inner: Any) -> None:
        self._loop = loop
        self._inner = inner

    def _finish(self, value: Any) -> Any:
        if inspect.isawaitable(value) and not isinstance(value, AsyncSandbox):

            async def wait() -> Any:
                return await value

            value = self._loop.run_until_complete(wait())
        if isinstance(value, tuple) and any(isinstance(item, _WRAPPED) for item in value):
            return tuple(Wrapped(self._loop, item) for item in value)
        return Wrapped(self._loop, value) if isinstance(value, _WRAPPED) or hasattr(value, "__anext__") else value

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not inspect.ismethod(found) and not isinstance(found, type(abs)):
            return self._finish(found)
        return lambda *arguments, **named: self._finish(found(*arguments, **named))

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            return self._finish(self._inner.__anext__())
        except StopAsyncIteration:
            raise StopIteration from None

    def __enter__(self) -> Any:
        return self._finish(self._inner.__aenter__())

    def __exit__(self, *error: Any) -> Any:
        return self._finish(self._inner.__aexit__(*error))


@contextmanager
def sandboxes(url: str, retry: RetryPolicy | None = None, sandbox_id: str | None = SANDBOX) -> Iterator[list[Any]]:
    """A blocking sandbox and an asynchronous one in a blocking wrapper, attached or, without an id, created."""
    loop = asyncio.new_event_loop()
    client = AsyncClient(url, retry=retry)
    try:
        with Client(url, retry=retry) as blocking:
            if sandbox_id is not None:
                yield [Sandbox.attach(sandbox_id, client=blocking), Wrapped(loop, AsyncSandbox.attach(sandbox_id, client=client))]
                return
            with Sandbox(client=blocking) as first, Wrapped(loop, AsyncSandbox(client=client)) as second:
                yield [first, second]
    finally:
        loop.run_until_complete(client.close())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
