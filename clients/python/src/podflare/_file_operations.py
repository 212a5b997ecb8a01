"""The operations of a sandbox about files."""

from __future__ import annotations

import os

from . import _file_requests as requests
from . import _reading as reading
from ._file_models import ArchiveSummary, FileInfo, parse_listing
from ._folders import FolderUpload
from ._operations import SandboxScope
from ._steps import Answer, Call, Restart, Stream
from ._uploads import AsyncData, Upload


class FileOperations(SandboxScope):
    """Copies, lists and changes files."""

    def upload(self, path: str, data: AsyncData) -> Call[Answer]:
        return self._call(requests.put_file(self.id, path, Upload(data), self._trace()))

    def download(self, path: str, *, restartable: bool) -> Stream[bytes | Restart]:
        return reading.download(requests.get_file(self.id, path, self._trace()), self._policy, restartable=restartable)

    def delete_file(self, path: str, recursive: bool = False) -> Call[Answer]:
        return self._call(requests.delete_file(self.id, path, self._trace(), recursive=recursive))

    def list_files(self, path: str, depth: int = 1) -> Call[tuple[FileInfo, ...]]:
        found: list[FileInfo] = []
        cursor: str | None = None
        while True:
            files, following = yield from self._json(requests.list_files(self.id, path, depth, cursor, self._trace()), parse_listing)
            found += files
            if following is None or following == cursor:
                return tuple(found)
            cursor = following

    def stat(self, path: str, follow: bool) -> Call[FileInfo]:
        return self._json(requests.stat_file(self.id, path, follow, self._trace()), FileInfo.parse)

    def make_folder(self, path: str, parents: bool, mode: int | None) -> Call[Answer]:
        return self._call(requests.make_folder(self.id, path, parents, mode, self._trace()))

    def move(self, source: str, target: str, overwrite: bool, parents: bool) -> Call[Answer]:
        return self._call(requests.move(self.id, source, target, overwrite, parents, self._trace()))

    def copy(self, source: str, target: str, overwrite: bool, parents: bool, recursive: bool) -> Call[Answer]:
        return self._call(requests.copy(self.id, source, target, overwrite, parents, recursive, self._trace()))

    def upload_folder(self, local: str | os.PathLike[str], path: str) -> Call[ArchiveSummary]:
        return self._json(requests.put_archive(self.id, path, FolderUpload(local), self._trace()), ArchiveSummary.parse)

    def download_folder(self, path: str) -> Stream[bytes | Restart]:
        return reading.download(requests.get_archive(self.id, path, self._trace()), self._policy, restartable=True)
