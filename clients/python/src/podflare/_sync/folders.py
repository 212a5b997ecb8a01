# Generated from ../_async/folders.py by unasync.py. Do not edit.
"""The ``files`` of a sandbox, in blocking code."""

from __future__ import annotations

import os
import tempfile
from functools import partial

from . import io
from .code import SandboxCode
from .files import SandboxFiles
from .watch import Watch
from .._arguments import HOME
from .._file_errors import NotAFolderError, RemoteFileNotFoundError
from .._file_models import ArchiveSummary, FileInfo
from .._folders import unpack
from .._run_requests import watch_body
from .._uploads import Data

_IN_MEMORY_BYTES = 8 * 1024 * 1024


class Files:
    """The files of a sandbox. A relative path starts in /root; ``..`` is refused.

    All calls raise RemoteFileNotFoundError, NotAFileError, NotAFolderError or FileAccessDeniedError where that is what is wrong.
    """

    def __init__(self, sandbox: SandboxFiles, code: SandboxCode) -> None:
        self._sandbox = sandbox
        self._code = code

    def read(self, path: str) -> bytes:
        """Reads a file into memory. ``Sandbox.download_to`` and ``download_stream`` are for large ones.

        >>> data = sandbox.files.read("data.bin")
        """
        return self._sandbox.download(path)

    def read_text(self, path: str, encoding: str = "utf-8") -> str:
        """Reads a text file. Raises UnicodeDecodeError if it is not in that encoding.

        >>> text = sandbox.files.read_text("notes.txt")
        """
        return (self._sandbox.download(path)).decode(encoding)

    def write(self, path: str, data: Data) -> None:
        """Writes a file, with the folders above it. It is replaced as a whole, or not at all. The data is as for ``Sandbox.upload``.

        >>> sandbox.files.write("data.bin", b"\\x00")
        """
        self._sandbox.upload(path, data)

    def write_text(self, path: str, text: str, encoding: str = "utf-8") -> None:
        """Writes a text file, as ``write`` does.

        >>> sandbox.files.write_text("notes.txt", "one\\n")
        """
        self._sandbox.upload(path, text.encode(encoding))

    def stat(self, path: str, *, follow: bool = True) -> FileInfo:
        """Describes a file or folder. follow: describe what a link leads to, instead of the link.

        >>> (sandbox.files.stat("notes.txt")).size
        4
        """
        return self._sandbox._client._run(self._sandbox._operations.stat(path, follow))

    def exists(self, path: str) -> bool:
        """Whether there is something under this path. A link that leads nowhere counts as well.

        >>> sandbox.files.exists("notes.txt")
        True
        """
        try:
            self.stat(path, follow=False)
        except (RemoteFileNotFoundError, NotAFolderError):
            return False
        return True

    def list(self, path: str = HOME, depth: int = 1) -> tuple[FileInfo, ...]:
        """The files and folders in a folder, sorted by path. depth: 1 to 32; 2 includes the content of its folders, and so on.

        >>> [file.name for file in sandbox.files.list("/tmp")]
        []
        """
        return self._sandbox._client._run(self._sandbox._operations.list_files(path, depth))

    def mkdir(self, path: str, *, parents: bool = False, mode: int | None = None) -> None:
        """Makes a folder. It is no error if it exists. parents: make those above it too. mode: permissions, such as ``0o700``.

        Raises RemoteFileExistsError if something other than a folder has this name.

        >>> sandbox.files.mkdir("a/b", parents=True)
        """
        self._sandbox._client._run(self._sandbox._operations.make_folder(path, parents, mode))

    def move(self, source: str, target: str, *, overwrite: bool = True, parents: bool = False) -> None:
        """Renames a file or folder. overwrite: replace a file under the new name; otherwise RemoteFileExistsError. parents: make folders above it.

        It is not repeated if the answer is lost.

        >>> sandbox.files.move("notes.txt", "old.txt")
        """
        self._sandbox._client._run(self._sandbox._operations.move(source, target, overwrite, parents))

    def copy(self, source: str, target: str, *, overwrite: bool = True, parents: bool = False, recursive: bool = False) -> None:
        """Copies a file, or with ``recursive`` a folder. The other arguments are those of ``move``.

        >>> sandbox.files.copy("old.txt", "copy.txt")
        """
        self._sandbox._client._run(self._sandbox._operations.copy(source, target, overwrite, parents, recursive))

    def remove(self, path: str, *, recursive: bool = False) -> None:
        """Removes a file, or with ``recursive`` a folder with its content; links are removed, not followed.

        Raises FolderNotEmptyError or NotAFileError for a folder without ``recursive``.

        >>> sandbox.files.remove("copy.txt")
        """
        self._sandbox._client._run(self._sandbox._operations.delete_file(path, recursive))

    def upload_dir(self, local: str | os.PathLike[str], path: str = HOME) -> ArchiveSummary:
        """Copies the content of a local folder into a folder of the sandbox: files, folders and links, at most 100,000. Nothing is removed.

        Each file is replaced as a whole, or not at all.

        >>> (sandbox.files.upload_dir("project", "project")).files
        12
        """
        return self._sandbox._client._run(self._sandbox._operations.upload_folder(local, path))

    def download_dir(self, path: str, local: str | os.PathLike[str]) -> None:
        """Copies the content of a folder of the sandbox into a local folder, which is created if it does not exist. Nothing is removed.

        Nothing is written outside of that folder, whatever the sandbox sends: a link that leads out of it raises UnsafeArchiveError, as do
        devices. The archive is kept in memory up to 8 MiB, then in a temporary file.

        >>> sandbox.files.download_dir("project", "copy")
        """
        with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as archive:
            for piece in self._sandbox._client._stream(self._sandbox._operations.download_folder(path)):
                if isinstance(piece, bytes):
                    io.write(archive, piece)
                else:
                    archive.seek(0)
                    archive.truncate()
            archive.seek(0)
            io.in_thread(partial(unpack, archive, local))

    def watch(self, path: str, *, recursive: bool = False) -> Watch:
        """Changes of a file, or of the files in a folder; with ``recursive`` also in all folders below it, at most 10,000.

        Entering it with ``with`` returns when changes are being recorded. A sandbox has at most 16 watches.

        >>> with sandbox.files.watch("src", recursive=True) as changes:
        ...     change = changes.__next__()
        """
        return Watch(self._code._run(watch_body(path, recursive), is_owner=False))
