"""The targets of downloads."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from types import TracebackType
from typing import IO, Union


class Target:
    """A local file, which appears when it is complete, or an open binary file, which is written from its current position."""

    def __init__(self, target: Union[str, "os.PathLike[str]", IO[bytes]]) -> None:
        self._path: str | None = None
        if isinstance(target, (str, os.PathLike)):
            self._path = os.fspath(target)
            self._partial = f"{self._path}.{secrets.token_hex(4)}.part"
            self._file: IO[bytes] = open(self._partial, "xb")
            self.is_restartable = True
        elif not hasattr(target, "write"):
            raise TypeError(f"target must be the path of a local file or an open binary file, not {type(target).__name__}")
        else:
            self._file = target
            self.is_restartable = target.seekable()
        self._start = self._file.tell() if self.is_restartable else 0

    @property
    def file(self) -> IO[bytes]:
        return self._file

    def restart(self) -> None:
        self._file.seek(self._start)
        self._file.truncate()

    def __enter__(self) -> Target:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        if self._path is None:
            return
        try:
            self._file.close()
            if error is None:
                os.replace(self._partial, self._path)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(self._partial)
