"""A stub of autogen-core 0.7.5, restated on 2026-11-30 from its sources of 2026-04-06: what podflare.adapters.autogen uses."""

from asyncio import Future
from typing import Any


class CancellationToken:
    def __init__(self) -> None:
        self._is_cancelled = False
        self._futures: list[Future[Any]] = []

    def cancel(self) -> None:
        self._is_cancelled = True
        for future in self._futures:
            future.cancel()

    def link_future(self, future: "Future[Any]") -> "Future[Any]":
        if self._is_cancelled:
            future.cancel()
        self._futures.append(future)
        return future
