"""The content of uploads."""

from __future__ import annotations

import io
import os
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from typing import IO, Optional, Union, cast

import anyio.to_thread

CHUNK_BYTES = 256 * 1024

Data = Union[bytes, bytearray, memoryview, str, "os.PathLike[str]", IO[bytes], Iterable[bytes]]
"""What can be uploaded: bytes, a str (encoded as UTF-8), the path of a local file (``pathlib.Path``), an open binary file, or chunks of bytes."""

AsyncData = Union[Data, AsyncIterable[bytes]]


class Upload:
    """The content of an upload. It is read in chunks, and again for a retry if its source allows that."""

    def __init__(self, data: AsyncData) -> None:
        self.length: int | None = None
        """In bytes, if it is known in advance."""
        self.is_repeatable = True
        self._open: Callable[[], Iterator[bytes]]
        self._async: AsyncIterable[bytes] | None = None

        if isinstance(data, str):
            data = data.encode()
        if isinstance(data, (bytes, bytearray, memoryview)):
            content = bytes(data)
            self.length = len(content)
            self._open = lambda: _chunks(io.BytesIO(content))
        elif isinstance(data, os.PathLike):
            path = os.fspath(data)
            self.length = os.stat(path).st_size
            self._open = lambda: _chunks_of_file(path)
        elif isinstance(data, AsyncIterable):
            self.is_repeatable = False
            self._async = data
        elif isinstance(data, io.TextIOBase):
            raise TypeError("data must be a file that is opened in binary mode, such as open(…, 'rb')")
        elif hasattr(data, "read"):
            self._use_file(cast("IO[bytes]", data))
        elif isinstance(data, Iterable):
            self.is_repeatable = False
            chunks = cast("Iterable[bytes]", data)
            self._open = lambda: iter(chunks)
        else:
            raise TypeError(f"data must be bytes, a str, a Path, an open binary file or an iterable of bytes, not {type(data).__name__}")

    def _use_file(self, file: IO[bytes]) -> None:
        self.is_repeatable = file.seekable()
        if not self.is_repeatable:
            self._open = lambda: _chunks(file)
            return
        start = file.tell()
        self.length = file.seek(0, io.SEEK_END) - start
        file.seek(start)

        def again() -> Iterator[bytes]:
            file.seek(start)
            return _chunks(file)

        self._open = again

    def __iter__(self) -> Iterator[bytes]:
        if self._async is not None:
            raise TypeError("data is an asynchronous iterable: only AsyncSandbox can upload it")
        return self._open()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._async is not None:
            async for chunk in self._async:
                yield chunk
            return
        chunks = self._open()
        # Reading a file would block the event loop.
        read: Callable[[], Optional[bytes]] = lambda: next(chunks, None)
        while (piece := await anyio.to_thread.run_sync(read)) is not None:
            yield piece


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        if not isinstance(chunk, bytes):
            raise TypeError("data must be a file that is opened in binary mode")
        yield chunk


def _chunks_of_file(path: str) -> Iterator[bytes]:
    with open(path, "rb") as file:
        yield from _chunks(file)
