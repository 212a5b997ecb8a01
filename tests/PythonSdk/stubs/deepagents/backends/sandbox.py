"""A stub of deepagents.backends.sandbox 0.7.8 (2026-08-21): the abstract members of BaseSandbox. The real class builds its file tools on them."""

from abc import ABC, abstractmethod

from .protocol import ExecuteResponse, FileDownloadResponse, FileUploadResponse


class BaseSandbox(ABC):
    @property
    @abstractmethod
    def id(self) -> str: ...

    @abstractmethod
    def execute(self, command: str, *, timeout: int | None = None) -> ExecuteResponse: ...

    @abstractmethod
    def upload_files(self, files: list[tuple[str, bytes]]) -> list[FileUploadResponse]: ...

    @abstractmethod
    def download_files(self, paths: list[str]) -> list[FileDownloadResponse]: ...
