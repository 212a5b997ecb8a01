"""Runs one test with the blocking client and with the asynchronous one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from podflare import AsyncClient, AsyncSandbox, Client, Event, RetryPolicy, Sandbox
from scripted_server import SANDBOX

QUICK = RetryPolicy(retries=3, resumes=3, first_delay_seconds=0.001, max_delay_seconds=0.01)
Reader = Callable[[str], tuple[list[Event], BaseException | None]]


def read_blocking(url: str, retry: RetryPolicy = QUICK) -> tuple[list[Event], BaseException | None]:
    """The events of a run, and what was raised behind them."""
    events: list[Event] = []
    with Client(url, retry=retry) as client:
        try:
            for event in Sandbox.attach(SANDBOX, client=client).run_code_stream("1"):
                events.append(event)
        except Exception as e:
            return events, e
    return events, None


def read_async(url: str, retry: RetryPolicy = QUICK) -> tuple[list[Event], BaseException | None]:
    async def read() -> tuple[list[Event], BaseException | None]:
        events: list[Event] = []
        async with AsyncClient(url, retry=retry) as client:
            try:
                async for event in AsyncSandbox.attach(SANDBOX, client=client).run_code_stream("1"):
                    events.append(event)
            except Exception as e:
                return events, e
        return events, None

    return asyncio.run(read())


FLAVOURS: dict[str, Reader] = {"blocking": read_blocking, "async": read_async}
