"""The files of a sandbox, in asynchronous code."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import IO

from . import io
from .client import AsyncClient
from .._arguments import HOME
from .._downloads import Target
from .._file_models import FileInfo
from .._uploads import AsyncData
from .._views import SandboxView


class AsyncSandboxFiles(SandboxView):
    """Copies files into a sandbox and out of it. A relative path in the sandbox starts in /root."""

    _client: AsyncClient

    async def upload(self, path: str, data: AsyncData) -> None:
        """Writes a file in the sandbox. It is replaced as a whole, or not at all.

        data: bytes, a str (encoded as UTF-8), a ``pathlib.Path`` of a local file, an open binary file, or chunks of bytes.

        >>> await sandbox.upload("data.csv", b"a,b\\n1,2\\n")
        """
        await self._client._run(self._operations.upload(path, data))

    async def download(self, path: str) -> bytes:
        """Reads a file of the sandbox into memory.

        >>> data = await sandbox.download("data.csv")
        """
        pieces: list[bytes] = []
        async for piece in self._client._stream(self._operations.download(path, restartable=True)):
            if isinstance(piece, bytes):
                pieces.append(piece)
            else:
                pieces.clear()
        return b"".join(pieces)

    async def download_to(self, path: str, target: str | os.PathLike[str] | IO[bytes]) -> None:
        """Copies a file of the sandbox into a local file, which appears when it is complete, or into an open binary file.

        >>> await sandbox.download_to("data.csv", "copy.csv")
        """
        with Target(target) as to:
            async for piece in self._client._stream(self._operations.download(path, restartable=to.is_restartable)):
                if isinstance(piece, bytes):
                    await io.write(to.file, piece)
                else:
                    to.restart()

    async def download_stream(self, path: str) -> AsyncIterator[bytes]:
        """A file of the sandbox in pieces. A connection that breaks in the middle raises.

        >>> async for piece in sandbox.download_stream("data.csv"):
        ...     print(len(piece))
        """
        async for piece in self._client._stream(self._operations.download(path, restartable=False)):
            assert isinstance(piece, bytes)
            yield piece

    async def delete_file(self, path: str) -> None:
        """Deletes a file of the sandbox.

        >>> await sandbox.delete_file("data.csv")
        """
        await self._client._run(self._operations.delete_file(path))

    async def list_files(self, path: str = HOME) -> tuple[FileInfo, ...]:
        """The files and folders in a folder of the sandbox.

        >>> names = [file.name for file in await sandbox.list_files("/tmp")]
        """
        return await self._client._run(self._operations.list_files(path))
