"""Descriptions of sandboxes, runs and files, as the server sends them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ._api_errors import SandboxEndedError, SandboxLostError
from ._warn import warn


@dataclass(frozen=True, slots=True)
class SandboxInfo:
    """A sandbox as the server describes it. ``raw`` is the complete answer.

    >>> sandbox.info().state
    'ready'
    """

    id: str
    state: str
    """``ready``, ``ending``, ``ended`` or ``lost``."""
    template: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    created_at: str | None = None
    """RFC 3339, like all times here."""
    expires_at: str | None = None
    ended_at: str | None = None
    ended_reason: str | None = None
    """``deleted``, ``expired`` or ``idle``."""
    region: str | None = None
    endpoint: str | None = None
    warnings: tuple[str, ...] = ()
    """What the server changed in the request, reduced to a limit, or does not offer."""
    egress: bool | None = None
    """Whether the sandbox can reach the internet."""
    idle_timeout_seconds: float | None = None
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
            egress=body["egress"] if isinstance(body.get("egress"), bool) else None,
            idle_timeout_seconds=_number(body, "idle_timeout_seconds"),
            raw=body,
        )


@dataclass(frozen=True, slots=True)
class SandboxPage:
    """One page of a list of sandboxes."""

    sandboxes: tuple[SandboxInfo, ...]
    next_cursor: str | None

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> SandboxPage:
        # An incomplete list must not look complete.
        for note in _notes(body):
            warn(note)
        return cls(tuple(SandboxInfo.parse(item) for item in body["sandboxes"]), _text(body, "next_cursor"))


@dataclass(frozen=True, slots=True)
class RunInfo:
    """A run as the server describes it. ``raw`` is the complete answer.

    >>> sandbox.get_run(result.run_id).state
    'ended'
    """

    id: str
    state: str
    """``queued``, ``running`` or ``ended``."""
    exit_code: int | None = None
    """None until the run has ended."""
    reason: str | None = None
    first_seq: int | None = None
    """The oldest event that is kept."""
    last_seq: int = 0
    created_at: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    trace_id: str | None = None
    repl_restarted: bool = False
    """The variables of earlier runs are gone, because the Python process had died before this run."""
    language: str | None = None
    """``python`` or ``bash``."""
    timeout_seconds: float | None = None
    state_lost: bool = False
    """The end of this run destroyed the variables, as far as the server reports it."""
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
            language=_text(body, "language"),
            timeout_seconds=_number(body, "timeout_seconds"),
            state_lost=body.get("state_lost") is True,
            raw=body,
        )


@dataclass(frozen=True, slots=True)
class FileInfo:
    """A file or folder in a listing. ``raw`` is the complete entry."""

    name: str
    """Bytes that are not UTF-8 are escaped as in ``os.fsdecode``."""
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


def _number(body: Mapping[str, Any], name: str) -> float | None:
    value = body.get(name)
    return value if type(value) in (int, float) else None


def ensure_alive(info: SandboxInfo) -> None:
    """Raises the error that a run in this sandbox would raise if it has ended."""
    if info.state in ("ended", "ending"):
        raise SandboxEndedError(f"the sandbox has ended: {info.ended_reason or info.state}", code="sandbox_ended", ended_reason=info.ended_reason)
    if info.state == "lost":
        raise SandboxLostError("the sandbox is lost: its machine or container has failed", code="sandbox_lost")
