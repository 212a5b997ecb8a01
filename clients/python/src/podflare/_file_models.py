"""Descriptions of files, as the server sends them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ._event_lines import path_of
from ._models import text_of, whole_of


@dataclass(frozen=True, slots=True)
class FileInfo:
    """A file or folder. ``raw`` is the complete entry."""

    name: str
    """Bytes that are not UTF-8 are escaped as in ``os.fsdecode``, here and in ``path`` and ``target``."""
    type: str = "file"
    """``file``, ``directory``, ``symlink`` or ``other``."""
    size: int | None = None
    """In bytes."""
    modified_at: str | None = None
    """RFC 3339."""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    path: str | None = None
    """The absolute path."""
    mode: str | None = None
    """The permissions in octal, such as ``"0644"``."""
    owner: str | None = None
    group: str | None = None
    target: str | None = None
    """Where a link leads to."""
    etag: str | None = None
    """Changes with the content."""

    @property
    def is_directory(self) -> bool:
        return self.type == "directory"

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> FileInfo:
        name = path_of(body, "name")
        if name is None:
            raise ValueError("a file without a name")
        return cls(
            name,
            text_of(body, "type") or "file",
            whole_of(body, "size"),
            text_of(body, "modified_at"),
            body,
            path_of(body),
            text_of(body, "mode"),
            text_of(body, "owner"),
            text_of(body, "group"),
            path_of(body, "target"),
            text_of(body, "etag"),
        )


@dataclass(frozen=True, slots=True)
class ArchiveSummary:
    """What was written of a folder."""

    files: int
    directories: int
    bytes: int
    """Of the contents of files."""

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> ArchiveSummary:
        return cls(int(body["files"]), int(body["directories"]), int(body["bytes"]))


def parse_listing(body: Mapping[str, Any]) -> tuple[tuple[FileInfo, ...], str | None]:
    """One page of a folder, and where the next one begins."""
    return tuple(FileInfo.parse(item) for item in body["files"]), text_of(body, "next_cursor")
