# Generated from ../_async/files.py by unasync.py. Do not edit.
"""The files of a sandbox, in blocking code."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import IO

from . import io
from .client import Client
from .._arguments import HOME
from .._downloads import Target
from .._file_models import FileInfo
from .._uploads import Data
from .._views import SandboxView


class SandboxFiles(SandboxView):
    """Copies files into a sandbox and out of it. A relative path in the sandbox starts in /root."""

    _client: Client

    def upload(self, path: str, data: Data) -> None:
        """Writes a file in the sandbox. It is replaced as a whole, or not at all.

        data: bytes, a str (encoded as UTF-8), a ``pathlib.Path`` of a local file, an open binary file, or chunks of bytes.

        >>> sandbox.upload("data.csv", b"a,b\\n1,2\\n")
        """
        self._client._run(self._operations.upload(path, data))

    def download(self, path: str) -> bytes:
        """Reads a file of the sandbox into memory.

        >>> data = sandbox.download("data.csv")
        """
        pieces: list[bytes] = []
        for piece in self._client._stream(self._operations.download(path, restartable=True)):
            if isinstance(piece, bytes):
                pieces.append(piece)
            else:
                pieces.clear()
        return b"".join(pieces)

    def download_to(self, path: str, target: str | os.PathLike[str] | IO[bytes]) -> None:
        """Copies a file of the sandbox into a local file, which appears when it is complete, or into an open binary file.

        >>> sandbox.download_to("data.csv", "copy.csv")
        """
        with Target(target) as to:
            for piece in self._client._stream(self._operations.download(path, restartable=to.is_restartable)):
                if isinstance(piece, bytes):
                    io.write(to.file, piece)
                else:
                    to.restart()

    def download_stream(self, path: str) -> Iterator[bytes]:
        """A file of the sandbox in pieces. A connection that breaks in the middle raises.

        >>> for piece in sandbox.download_stream("data.csv"):
        ...     print(len(piece))
        """
        for piece in self._client._stream(self._operations.download(path, restartable=False)):
            assert isinstance(piece, bytes)
            yield piece

    def delete_file(self, path: str) -> None:
        """Deletes a file of the sandbox.

        >>> sandbox.delete_file("data.csv")
        """
        self._client._run(self._operations.delete_file(path))

    def list_files(self, path: str = HOME) -> tuple[FileInfo, ...]:
        """The files and folders in a folder of the sandbox.

        >>> names = [file.name for file in sandbox.list_files("/tmp")]
        """
        return self._client._run(self._operations.list_files(path))
