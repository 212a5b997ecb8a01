"""The events of a run, and how their lines are parsed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal, Union

from ._errors import ProtocolError


@dataclass(frozen=True, slots=True)
class StdoutEvent:
    """Text that the code wrote to standard output: at most one line, including its newline. ``str(event)`` is the text."""

    type: Literal["stdout"] = field(default="stdout", init=False)
    data: str
    seq: int
    """The number of the event in its run, from 1, without gaps."""
    ts: int
    """Unix time in milliseconds at which the sandbox saw the text."""
    run_id: str | None = None

    def __str__(self) -> str:
        return self.data


@dataclass(frozen=True, slots=True)
class StderrEvent:
    """Text that the code wrote to standard error: at most one line, including its newline. ``str(event)`` is the text."""

    type: Literal["stderr"] = field(default="stderr", init=False)
    data: str
    seq: int
    ts: int
    run_id: str | None = None

    def __str__(self) -> str:
        return self.data


@dataclass(frozen=True, slots=True)
class CodeError:
    """The uncaught exception that ended a run. Parts that the server does not report are empty."""

    name: str = ""
    value: str = ""
    traceback: str | None = field(default=None, repr=False)
    """Not in ``repr``, because it is in the result's stderr as well."""


@dataclass(frozen=True, slots=True)
class ExitEvent:
    """The end of a run: the last event, exactly once."""

    type: Literal["exit"] = field(default="exit", init=False)
    code: int
    """0; 1 for an uncaught exception; n for ``sys.exit(n)``; 124 timeout; 130 interrupted; 137 killed; 255 lost."""
    seq: int
    ts: int
    reason: str | None = None
    """``timeout``, ``interrupted``, ``killed``, ``expired``, ``oom``, ``crashed`` or ``lost``; None if the exit code says it all."""
    error: CodeError | None = None
    run_id: str | None = None
    state_lost: bool = False
    """This end destroyed the variables of the sandbox, as far as the server reports it."""

    @property
    def data(self) -> int:
        """The exit code, under its name in the HTTP API."""
        return self.code


Event = Union[StdoutEvent, StderrEvent, ExitEvent]


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """An event type of a newer server. It is counted but not delivered, so that existing programs keep working."""

    seq: int


def parse_event(line: bytes, run_id: str | None) -> Event | UnknownEvent | None:
    """Parses one line.

    Returns None for an empty line, which only keeps the connection alive, and for an event of an unknown type without ``seq``.
    Raises ProtocolError for a line that is not an event.
    """
    # Other keys are ignored: they belong to newer servers.
    if not line or line.isspace():
        return None
    try:
        event = json.loads(line)
    except ValueError as e:
        raise ProtocolError(f"the server sent a line that is not JSON: {_shown(line)}") from e
    if not isinstance(event, dict):
        raise ProtocolError(f"the server sent a line that is not an event: {_shown(line)}")

    kind, seq, data = event.get("type"), event.get("seq"), event.get("data")
    if type(seq) is not int:
        if kind in ("stdout", "stderr", "exit"):
            raise ProtocolError(f"the server sent an event without seq: {_shown(line)}")
        return None
    ts, run = event.get("ts"), event.get("run", run_id)
    at = ts if type(ts) is int else 0
    if kind == "stdout" and isinstance(data, str):
        return StdoutEvent(data, seq, at, run)
    if kind == "stderr" and isinstance(data, str):
        return StderrEvent(data, seq, at, run)
    if kind == "exit" and type(data) is int:
        reason = event.get("reason")
        return ExitEvent(data, seq, at, reason if isinstance(reason, str) else None, _parse_error(event.get("error")), run, event.get("state_lost") is True)
    if kind in ("stdout", "stderr", "exit"):
        raise ProtocolError(f"the server sent an event whose data is of the wrong type: {_shown(line)}")
    return UnknownEvent(seq)


def _parse_error(error: Any) -> CodeError | None:
    if not isinstance(error, dict):
        return None
    name, value, traceback = error.get("name"), error.get("value"), error.get("traceback")
    if isinstance(traceback, list):
        traceback = "".join(part for part in traceback if isinstance(part, str))
    return CodeError(
        name if isinstance(name, str) else "",
        value if isinstance(value, str) else "",
        traceback if isinstance(traceback, str) else None,
    )


def _shown(line: bytes) -> str:
    return repr(line[:120])


class LineSplitter:
    """Splits bytes into lines, in time proportional to the number of bytes, however they arrive and however long a line is."""

    def __init__(self) -> None:
        self._open: list[bytes] = []

    def feed(self, data: bytes) -> list[bytes]:
        """Returns the lines that are now complete, without their newlines.

        Only ``\\n`` ends a line. Text after the last one is kept until its line is complete.
        """
        lines = data.split(b"\n")
        if len(lines) == 1:
            if data:
                self._open.append(data)
            return []
        if self._open:
            lines[0] = b"".join((*self._open, lines[0]))
            self._open.clear()
        rest = lines.pop()
        if rest:
            self._open.append(rest)
        return lines


class Cursor:
    """The position of a reader in a run. It delivers each event once and in order, whatever is sent again after a reconnection."""

    def __init__(self, after: int, run_id: str | None = None) -> None:
        self.after = after
        self.run_id = run_id
        self.has_exit = False

    def take(self, lines: list[bytes]) -> tuple[list[Event], ProtocolError | None]:
        """Returns the new events, and the error after them if there was one."""
        events: list[Event] = []
        for line in lines:
            try:
                event = parse_event(line, self.run_id)
            except ProtocolError as e:
                return events, e
            if event is None:
                continue
            if isinstance(event, ExitEvent) and event.seq <= self.after:
                # The server repeats the exit for a reader that has already passed it.
                self.has_exit = True
                events.append(event)
                return events, None
            if event.seq <= self.after:
                continue
            if event.seq != self.after + 1:
                return events, ProtocolError(f"the server skipped events: {event.seq} follows {self.after}")
            self.after = event.seq
            if isinstance(event, UnknownEvent):
                continue
            events.append(event)
            if isinstance(event, ExitEvent):
                self.has_exit = True
                return events, None
        return events, None
