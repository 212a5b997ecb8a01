"""Descriptions of sandboxes, as the server sends them, and how fields of all descriptions are read."""

from __future__ import annotations

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
    egress_allow: tuple[str, ...] = ()
    """The only hosts that the sandbox can reach, if it was created with a list of hosts."""
    idle_timeout_seconds: float | None = None
    env_names: tuple[str, ...] = ()
    """The names of the environment variables that it was created with, at most 100. The server never shows their values."""
    trace_id: str | None = None
    """The trace that it belongs to, if it was created with a ``traceparent``."""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> SandboxInfo:
        metadata = body.get("metadata")
        return cls(
            id=str(body["id"]),
            state=str(body.get("state", "")),
            template=text_of(body, "template"),
            metadata={str(k): str(v) for k, v in metadata.items()} if isinstance(metadata, dict) else {},
            created_at=text_of(body, "created_at"),
            expires_at=text_of(body, "expires_at"),
            ended_at=text_of(body, "ended_at"),
            ended_reason=text_of(body, "ended_reason"),
            region=text_of(body, "region"),
            endpoint=text_of(body, "endpoint"),
            warnings=notes_of(body),
            egress=body["egress"] if isinstance(body.get("egress"), bool) else None,
            egress_allow=tuple(str(host) for host in body["egress_allow"]) if isinstance(body.get("egress_allow"), list) else (),
            trace_id=text_of(body, "trace_id"),
            env_names=tuple(str(name) for name in body["env_names"]) if isinstance(body.get("env_names"), list) else (),
            idle_timeout_seconds=number_of(body, "idle_timeout_seconds"),
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
        for note in notes_of(body):
            warn(note)
        return cls(tuple(SandboxInfo.parse(item) for item in body["sandboxes"]), text_of(body, "next_cursor"))


@dataclass(frozen=True, slots=True)
class TemplateInfo:
    """A template that a sandbox can be created from, with its limits.

    >>> client.list_templates()[0].name
    'default'
    """

    name: str
    default: bool = False
    """Whether it is used when a request does not name one."""
    memory_mib: int | None = None
    """Memory of a sandbox that does not request any, in MiB."""
    max_memory_mib: int | None = None
    """The most that ``ram_mib`` can request, in MiB."""
    cpus: float | None = None
    """CPUs of a sandbox; may be a fraction."""
    pids: int | None = None
    """The largest number of processes and threads."""
    preload: tuple[str, ...] = ()
    """Python modules that are imported before the first run."""

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> TemplateInfo:
        preload = body.get("preload")
        return cls(
            name=str(body["name"]),
            default=body.get("default") is True,
            memory_mib=whole_of(body, "memory_mib"),
            max_memory_mib=whole_of(body, "max_memory_mib"),
            cpus=number_of(body, "cpus"),
            pids=whole_of(body, "pids"),
            preload=tuple(map(str, preload)) if isinstance(preload, list) else (),
        )

    @classmethod
    def parse_list(cls, body: Mapping[str, Any]) -> list[TemplateInfo]:
        return [cls.parse(item) for item in body["templates"]]


def text_of(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) else None


def notes_of(body: Mapping[str, Any]) -> tuple[str, ...]:
    notes = body.get("warnings")
    return tuple(str(note) for note in notes) if isinstance(notes, list) else ()


def whole_of(body: Mapping[str, Any], name: str) -> int | None:
    value = body.get(name)
    return value if type(value) is int else None


def number_of(body: Mapping[str, Any], name: str) -> float | None:
    value = body.get(name)
    return value if type(value) in (int, float) else None


def ensure_alive(info: SandboxInfo) -> None:
    """Raises the error that a run in this sandbox would raise if it has ended."""
    if info.state in ("ended", "ending"):
        raise SandboxEndedError(f"the sandbox has ended: {info.ended_reason or info.state}", code="sandbox_ended", ended_reason=info.ended_reason)
    if info.state == "lost":
        raise SandboxLostError("the sandbox is lost: its machine or container has failed", code="sandbox_lost")
