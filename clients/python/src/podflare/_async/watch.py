"""Watches the files of a sandbox, in asynchronous code."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from types import TracebackType

from . import io
from .stream import INTERRUPT_SECONDS, AsyncRunStream
from .._errors import PodflareError
from .._events import FileChangedEvent
from .._http import Limit


class AsyncWatch(AsyncIterator[FileChangedEvent]):
    """Changes below a path. It ends when it is left or closed, when its reader is gone for 10 seconds, or with the sandbox.

    >>> async with sandbox.files.watch("src") as changes:
    ...     async for change in changes:
    ...         print(change.change, change.path)
    """

    def __init__(self, stream: AsyncRunStream) -> None:
        self._stream = stream
        self._is_started = False

    @property
    def run_id(self) -> str | None:
        """None until it has started."""
        return self._stream.run_id

    async def start(self) -> None:
        """Returns when changes are being recorded. Raises RemoteFileNotFoundError if the path does not exist.

        >>> await changes.start()
        """
        while not self._is_started:
            event = await self._stream.__anext__()
            self._is_started = event.type == "start"

    async def close(self) -> None:
        """Ends the watch.

        >>> await changes.close()
        """
        # If this fails, it ends because nobody reads it.
        with suppress(PodflareError), io.shield(INTERRUPT_SECONDS):
            if self._stream.run_id is not None and self._stream._state.exit is None:
                await self._stream._stop(Limit(INTERRUPT_SECONDS))
        with io.shield(INTERRUPT_SECONDS):
            await self._stream.close()

    def __aiter__(self) -> AsyncWatch:
        return self

    async def __anext__(self) -> FileChangedEvent:
        while True:
            event = await self._stream.__anext__()
            if isinstance(event, FileChangedEvent):
                return event

    async def __aenter__(self) -> AsyncWatch:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        await self.close()
