"""The exceptions for refusals about files."""

from __future__ import annotations

from ._api_errors import ApiError, ConflictError, InvalidRequestError, NotFoundError, TooLargeError, UnsupportedMediaTypeError


class RemoteFileNotFoundError(NotFoundError):
    """The sandbox has no such file."""


class NotAFileError(ConflictError):
    """A directory, socket or device was found where a file is needed."""


class NotAFolderError(ConflictError):
    """A folder is needed, and the path leads to or through something else (``not_a_directory``)."""


class FileAccessDeniedError(ApiError):
    """The sandbox's user may not read or write the path (``file_access_denied``)."""


class FileTooLargeError(TooLargeError):
    """The file is larger than the server accepts."""


class DiskFullError(ApiError):
    """The file does not fit on the disk. The old file is kept."""


class RemoteFileExistsError(ConflictError):
    """Something exists under the new name and must not be replaced (``file_exists``)."""


class FolderNotEmptyError(ConflictError):
    """The folder has content (``directory_not_empty``). ``recursive=True`` removes it too."""


class PreconditionFailedError(ApiError):
    """The file is not what the request requires it to be. Nothing was changed."""


class RangeNotSatisfiableError(ApiError):
    """No byte of the requested range exists."""


class InvalidArchiveError(InvalidRequestError):
    """The archive is damaged, or has members that must not be written. What came before them was written."""


class UnsupportedEncodingError(UnsupportedMediaTypeError):
    """The server does not accept the request's ``Content-Encoding``."""
