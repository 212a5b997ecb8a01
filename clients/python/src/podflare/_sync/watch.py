# Generated from ../_async/watch.py by unasync.py. Do not edit.
"""Watches the files of a sandbox, in blocking code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType

from . import io
from .stream import INTERRUPT_SECONDS, RunStream
from .._errors import PodflareError
from .._events import FileChangedEvent
from .._http import Limit


class Watch(Iterator[FileChangedEvent]):
    """Changes below a path. It ends when it is left or closed, when its reader is gone for 10 seconds, or with the sandbox.

    >>> with sandbox.files.watch("src") as changes:
    ...     for change in changes:
    ...         print(change.change, change.path)
    """

    def __init__(self, stream: RunStream) -> None:
        self._stream = stream
        self._is_started = False

    @property
    def run_id(self) -> str | None:
        """None until it has started."""
        return self._stream.run_id

    def start(self) -> None:
        """Returns when changes are being recorded. Raises RemoteFileNotFoundError if the path does not exist.

        >>> changes.start()
        """
        while not self._is_started:
            event = self._stream.__next__()
            self._is_started = event.type == "start"

    def close(self) -> None:
        """Ends the watch.

        >>> changes.close()
        """
        # If this fails, it ends because nobody reads it.
        with suppress(PodflareError), io.shield(INTERRUPT_SECONDS):
            if self._stream.run_id is not None and self._stream._state.exit is None:
                self._stream._stop(Limit(INTERRUPT_SECONDS))
        with io.shield(INTERRUPT_SECONDS):
            self._stream.close()

    def __iter__(self) -> Watch:
        return self

    def __next__(self) -> FileChangedEvent:
        while True:
            event = self._stream.__next__()
            if isinstance(event, FileChangedEvent):
                return event

    def __enter__(self) -> Watch:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self.close()
