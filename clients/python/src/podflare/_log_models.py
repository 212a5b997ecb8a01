"""What the service logged about a sandbox, as it sends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ._models import text_of, whole_of


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of the service's log about a sandbox.

    >>> [line.message for line in sandbox.logs()][-1]
    'Ended run run_… in sandbox sbx_…: code 0, reason none.'
    """

    ts: str
    """RFC 3339, in UTC."""
    level: str
    """``info``, ``warn``, ``error`` or ``critical``."""
    message: str
    source: str = ""
    """``worker`` or ``frontend``."""
    run_id: str | None = None
    trace_id: str | None = None

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> LogLine:
        return cls(str(body["ts"]), str(body["level"]), str(body["message"]), str(body.get("source", "")), text_of(body, "run_id"), text_of(body, "trace_id"))


@dataclass(frozen=True, slots=True)
class LogPage:
    """A part of a log."""

    lines: tuple[LogLine, ...]
    next_after: int
    dropped: int = 0

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> LogPage:
        return cls(tuple(LogLine.parse(item) for item in body["logs"]), int(body["next_after"]), whole_of(body, "dropped") or 0)
