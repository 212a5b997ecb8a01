"""Descriptions of runs and contexts, as the server sends them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ._models import number_of, text_of, whole_of
from ._resource_models import RunUsage


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
    kind: str | None = None
    """``code``, ``process``, ``watch`` or ``background``."""
    context: str | None = None
    """The context that executes the code; None for bash without a context, and for other kinds."""
    tag: str | None = None
    """The name that the caller gave it."""
    execution_count: int | None = None
    """The number of this run among the Python runs of its context, from 1."""
    signal: str | None = None
    """The signal that ended the process, such as ``SIGTERM``."""
    stdin_offset: int | None = None
    """Bytes that were accepted of its standard input; None if it has none."""
    pid: int | None = None
    """The process id in the sandbox, while the process runs."""
    argv: tuple[str, ...] = ()
    """The program and its arguments, while the process runs."""
    cwd: str | None = None
    """The folder in which the process started, while it runs."""
    open_tool_calls: tuple[str, ...] | None = None
    """Ids of the calls of tools that wait for an answer; None for a run without tools, after its end, and if the server does not know them yet."""
    usage: RunUsage | None = None
    """What the sandbox used while the run executed; None until the run has ended, and if the server does not know it."""

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> RunInfo:
        argv, calls = body.get("argv"), body.get("open_tool_calls")
        return cls(
            id=str(body["id"]),
            state=str(body.get("state", "")),
            exit_code=whole_of(body, "exit_code"),
            reason=text_of(body, "reason"),
            first_seq=whole_of(body, "first_seq"),
            last_seq=whole_of(body, "last_seq") or 0,
            created_at=text_of(body, "created_at"),
            started_at=text_of(body, "started_at"),
            ended_at=text_of(body, "ended_at"),
            trace_id=text_of(body, "trace_id"),
            repl_restarted=body.get("repl_restarted") is True,
            language=text_of(body, "language"),
            timeout_seconds=number_of(body, "timeout_seconds"),
            state_lost=body.get("state_lost") is True,
            raw=body,
            kind=text_of(body, "kind"),
            context=text_of(body, "context"),
            tag=text_of(body, "tag"),
            execution_count=whole_of(body, "execution_count"),
            signal=text_of(body, "signal"),
            stdin_offset=whole_of(body, "stdin_offset"),
            pid=whole_of(body, "pid"),
            argv=tuple(str(item) for item in argv) if isinstance(argv, list) else (),
            cwd=text_of(body, "cwd"),
            open_tool_calls=tuple(str(call) for call in calls) if isinstance(calls, list) else None,
            usage=RunUsage.parse(body["usage"]) if isinstance(body.get("usage"), dict) else None,
        )


@dataclass(frozen=True, slots=True)
class RunPage:
    """One page of a list of runs."""

    runs: tuple[RunInfo, ...]
    next_cursor: str | None

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> RunPage:
        return cls(tuple(RunInfo.parse(item) for item in body["runs"]), text_of(body, "next_cursor"))


@dataclass(frozen=True, slots=True)
class ContextInfo:
    """A context as the server describes it. ``raw`` is the complete answer."""

    id: str
    language: str | None = None
    cwd: str | None = None
    """The folder in which it started."""
    state: str | None = None
    """``idle``, ``busy`` or ``starting``."""
    run: str | None = None
    """The id of the run that it executes."""
    queued: int = 0
    """How many runs wait for it."""
    execution_count: int = 0
    """How many Python runs it has executed."""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> ContextInfo:
        return cls(
            str(body["id"]),
            text_of(body, "language"),
            text_of(body, "cwd"),
            text_of(body, "state"),
            text_of(body, "run"),
            whole_of(body, "queued") or 0,
            whole_of(body, "execution_count") or 0,
            body,
        )


def parse_contexts(body: Mapping[str, Any]) -> tuple[ContextInfo, ...]:
    return tuple(ContextInfo.parse(item) for item in body["contexts"])


def parse_interrupted(body: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids of the runs that an interrupt of a context has reached."""
    return tuple(str(run) for run in body["runs"])


def parse_offset(body: Mapping[str, Any]) -> int:
    """The bytes that were accepted of a run's standard input."""
    return int(body["offset"])
