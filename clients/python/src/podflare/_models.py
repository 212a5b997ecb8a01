"""What the server tells of sandboxes, runs and files."""

from __future__ import annotations

import base64
import binascii
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ._errors import PodflareWarning
from ._events import CodeError


@dataclass(frozen=True, slots=True)
class RunResult:
    """A run that has ended."""

    stdout: str
    stderr: str
    exit_code: int
    reason: str | None
    """Why it ended where the exit code does not tell: ``timeout``, ``interrupted``, ``killed``, ``expired``, ``oom``, ``crashed``, ``lost``."""
    error: CodeError | None
    """The uncaught exception, where the server tells it."""
    run_id: str | None
    trace_id: str | None
    """The trace in which the run is seen, 32 hex digits."""
    repl_restarted: bool = False
    """The names of earlier runs are gone, because the Python process had died."""

    @property
    def ok(self) -> bool:
        return self.exit_code == 0


@dataclass(frozen=True, slots=True)
class SandboxInfo:
    """A sandbox as the server describes it. ``raw`` has all of it."""

    id: str
    state: str
    template: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    created_at: str | None = None
    """RFC 3339, as are all times here."""
    expires_at: str | None = None
    ended_at: str | None = None
    ended_reason: str | None = None
    region: str | None = None
    endpoint: str | None = None
    warnings: tuple[str, ...] = ()
    """What was accepted leniently, brought down to a limit, or is not offered there."""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> SandboxInfo:
        metadata = body.get("metadata")
        return cls(
            id=str(body["id"]),
            state=str(body.get("state", "")),
            template=_text(body, "template"),
            metadata={str(k): str(v) for k, v in metadata.items()} if isinstance(metadata, dict) else {},
            created_at=_text(body, "created_at"),
            expires_at=_text(body, "expires_at"),
            ended_at=_text(body, "ended_at"),
            ended_reason=_text(body, "ended_reason"),
            region=_text(body, "region"),
            endpoint=_text(body, "endpoint"),
            warnings=_notes(body),
            raw=body,
        )


@dataclass(frozen=True, slots=True)
class SandboxPage:
    """One page of a list of sandboxes."""

    sandboxes: tuple[SandboxInfo, ...]
    next_cursor: str | None

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> SandboxPage:
        # A list that is not complete must not look complete.
        for note in _notes(body):
            warnings.warn(note, PodflareWarning, stacklevel=2)
        return cls(tuple(SandboxInfo.parse(item) for item in body["sandboxes"]), _text(body, "next_cursor"))


@dataclass(frozen=True, slots=True)
class RunInfo:
    """A run as the server describes it. ``raw`` has all of it."""

    id: str
    state: str
    exit_code: int | None = None
    """None until it has ended."""
    reason: str | None = None
    first_seq: int | None = None
    """The oldest event that is kept."""
    last_seq: int = 0
    created_at: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    trace_id: str | None = None
    repl_restarted: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> RunInfo:
        return cls(
            id=str(body["id"]),
            state=str(body.get("state", "")),
            exit_code=_whole(body, "exit_code"),
            reason=_text(body, "reason"),
            first_seq=_whole(body, "first_seq"),
            last_seq=_whole(body, "last_seq") or 0,
            created_at=_text(body, "created_at"),
            started_at=_text(body, "started_at"),
            ended_at=_text(body, "ended_at"),
            trace_id=_text(body, "trace_id"),
            repl_restarted=body.get("repl_restarted") is True,
            raw=body,
        )


@dataclass(frozen=True, slots=True)
class FileInfo:
    """A file or folder in a listing. ``raw`` has all that the server tells."""

    name: str
    """Bytes of the name that are not UTF-8 are escaped as ``os.fsdecode`` does."""
    type: str = "file"
    size: int | None = None
    modified_at: str | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> FileInfo:
        name = _text(body, "name")
        if name is None:
            try:
                name = base64.b64decode(body["name_b64"], validate=True).decode("utf-8", "surrogateescape")
            except (TypeError, binascii.Error) as e:
                raise ValueError("a file without a name") from e
        return cls(name, _text(body, "type") or "file", _whole(body, "size"), _text(body, "modified_at"), body)


def parse_listing(body: Mapping[str, Any]) -> tuple[tuple[FileInfo, ...], str | None]:
    """One page of a folder, and where the next one begins."""
    return tuple(FileInfo.parse(item) for item in body["files"]), _text(body, "next_cursor")


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) else None


def _notes(body: Mapping[str, Any]) -> tuple[str, ...]:
    notes = body.get("warnings")
    return tuple(str(note) for note in notes) if isinstance(notes, list) else ()


def _whole(body: Mapping[str, Any], name: str) -> int | None:
    value = body.get(name)
    return value if type(value) is int else None
