"""A sandbox as the backend of deepagents (LangChain): its shell and its files.

>>> from deepagents import create_deep_agent
>>> from podflare import Sandbox
>>> from podflare.adapters.deepagents import PodflareBackend
>>> with Sandbox() as sandbox:
...     agent = create_deep_agent(model=model, backend=PodflareBackend(sandbox))
"""

from __future__ import annotations

from typing import Any

from ._shared import framework
from .. import FileAccessDeniedError, InvalidRequestError, NotAFileError, NotAFolderError, RemoteFileNotFoundError, Sandbox

_protocol: Any = framework("deepagents.backends.protocol", "deepagents")
_Base: Any = framework("deepagents.backends.sandbox", "deepagents").BaseSandbox


class PodflareBackend(_Base):  # type: ignore[misc]
    """Commands and files of a sandbox for the tools of an agent. The caller closes the sandbox.

    timeout_seconds: the time limit of a command whose caller gives none. Default: 30 minutes.
    """

    def __init__(self, sandbox: Sandbox, *, timeout_seconds: float = 1800) -> None:
        self._sandbox = sandbox
        self._timeout_seconds = timeout_seconds

    @property
    def id(self) -> str:
        return self._sandbox.id

    def execute(self, command: str, *, timeout: int | None = None) -> Any:
        """Runs a shell command. The output is stdout and stderr in the order in which they were written.

        timeout: seconds; 0 for no limit. A command that exceeds it has the exit code 124.
        """
        limit = self._timeout_seconds if timeout is None else timeout or None
        result = self._sandbox.run(command, stderr="stdout", timeout_seconds=limit)
        output = result.output
        if result.reason == "timeout":
            output += f"{'' if not output or output.endswith(chr(10)) else chr(10)}[timed out after {limit:.15g} s]"
        return _protocol.ExecuteResponse(output=output, exit_code=result.exit_code, truncated=result.truncated)

    def upload_files(self, files: list[tuple[str, bytes]]) -> list[Any]:
        """Writes files. A path that cannot be written is an error in its response."""
        return [_protocol.FileUploadResponse(path=path, error=self._error_of(path, content)) for path, content in files]

    def download_files(self, paths: list[str]) -> list[Any]:
        """Reads files. A path that cannot be read is an error in its response."""
        responses = []
        for path in paths:
            content = None
            error = None if path.startswith("/") else "invalid_path"
            if error is None:
                try:
                    content = self._sandbox.files.read(path)
                except _REFUSALS as e:
                    error = self._word_of(e, path)
            responses.append(_protocol.FileDownloadResponse(path=path, content=content, error=error))
        return responses

    def _error_of(self, path: str, content: bytes) -> str | None:
        if not path.startswith("/"):
            return "invalid_path"
        try:
            self._sandbox.files.write(path, content)
        except _REFUSALS as e:
            return self._word_of(e, path)
        return None

    def _word_of(self, error: Exception, path: str) -> str:
        if isinstance(error, RemoteFileNotFoundError):
            return "file_not_found"
        if isinstance(error, FileAccessDeniedError):
            return "permission_denied"
        if isinstance(error, NotAFileError):
            return "is_directory"
        return "invalid_path"


_REFUSALS = (RemoteFileNotFoundError, FileAccessDeniedError, NotAFileError, NotAFolderError, InvalidRequestError)
