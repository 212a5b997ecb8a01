"""Parses the lines of events."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import Any

from ._errors import ProtocolError
from ._events import (
    CodeError,
    DroppedEvent,
    Event,
    ExitEvent,
    FileChangedEvent,
    InputRequestEvent,
    ResultEvent,
    StartEvent,
    StderrEvent,
    StdoutEvent,
    TerminalEvent,
    ToolRequestEvent,
    ToolResponseEvent,
    UnknownEvent,
)

Line = Mapping[str, Any]


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

    kind, seq = event.get("type"), event.get("seq")
    parse = _PARSERS.get(kind) if isinstance(kind, str) else None
    if type(seq) is not int:
        if parse is not None:
            raise ProtocolError(f"the server sent an event without seq: {_shown(line)}")
        return None
    if parse is None:
        return UnknownEvent(seq)
    ts, run = event.get("ts"), event.get("run", run_id)
    try:
        return parse(event, seq, ts if type(ts) is int else 0, run if isinstance(run, str) else None)
    except (KeyError, TypeError, ValueError, binascii.Error) as e:
        raise ProtocolError(f"the server sent an event whose data is of the wrong type: {_shown(line)}") from e


def _stdout(event: Line, seq: int, ts: int, run: str | None) -> StdoutEvent:
    data, raw = _output(event)
    return StdoutEvent(data, seq, ts, run, raw, _text(event, "from"))


def _stderr(event: Line, seq: int, ts: int, run: str | None) -> StderrEvent:
    data, raw = _output(event)
    return StderrEvent(data, seq, ts, run, raw, _text(event, "from"))


def _output(event: Line) -> tuple[str, bytes | None]:
    data = _of(str, event["data"])
    if event.get("encoding") != "base64":
        return data, None
    raw = base64.b64decode(data, validate=True)
    return raw.decode(errors="replace"), raw


def _result(event: Line, seq: int, ts: int, run: str | None) -> ResultEvent:
    omitted, truncated = event.get("omitted"), event.get("truncated")
    return ResultEvent(
        _of(dict, event["data"]),
        seq,
        ts,
        run,
        event.get("main") is True,
        {mime: size for mime, size in omitted.items() if type(size) is int} if isinstance(omitted, dict) else {},
        tuple(mime for mime in truncated if isinstance(mime, str)) if isinstance(truncated, list) else (),
    )


def _input_request(event: Line, seq: int, ts: int, run: str | None) -> InputRequestEvent:
    return InputRequestEvent(_of(str, event["data"]), seq, ts, run, event.get("password") is True)


def _tool_request(event: Line, seq: int, ts: int, run: str | None) -> ToolRequestEvent:
    data = _of(dict, event["data"])
    arguments = data.get("arguments")
    return ToolRequestEvent(
        _of(str, data["call_id"]), _text(data, "name") or "", arguments if isinstance(arguments, dict) else None, seq, ts, run, _text(data, "traceparent")
    )


def _tool_response(event: Line, seq: int, ts: int, run: str | None) -> ToolResponseEvent:
    data = _of(dict, event["data"])
    return ToolResponseEvent(_of(str, data["call_id"]), data.get("ok") is True, seq, ts, run, _text(data, "reason"))


def _start(event: Line, seq: int, ts: int, run: str | None) -> StartEvent:
    return StartEvent(_of(int, event["data"]), seq, ts, run)


def _pty(event: Line, seq: int, ts: int, run: str | None) -> TerminalEvent:
    return TerminalEvent(base64.b64decode(_of(str, event["data"]), validate=True), seq, ts, run)


def _file(event: Line, seq: int, ts: int, run: str | None) -> FileChangedEvent:
    data = _of(dict, event["data"])
    path = path_of(data)
    if path is None:
        raise ValueError("a change without a path")
    return FileChangedEvent(path, _of(str, data["change"]), seq, ts, run, _text(data, "kind"), path_of(data, "from"))


def _dropped(event: Line, seq: int, ts: int, run: str | None) -> DroppedEvent:
    return DroppedEvent(_of(int, event["data"]), seq, ts, run)


def _exit(event: Line, seq: int, ts: int, run: str | None) -> ExitEvent:
    return ExitEvent(
        _of(int, event["data"]), seq, ts, _text(event, "reason"), _error(event.get("error")), run, event.get("state_lost") is True, _text(event, "signal")
    )


_PARSERS: Mapping[str, Callable[[Line, int, int, "str | None"], Event]] = {
    "stdout": _stdout,
    "stderr": _stderr,
    "result": _result,
    "input_request": _input_request,
    "tool_request": _tool_request,
    "tool_response": _tool_response,
    "start": _start,
    "pty": _pty,
    "file": _file,
    "dropped": _dropped,
    "exit": _exit,
}


def path_of(body: Line, name: str = "path") -> str | None:
    """A path or name. One that is not UTF-8 is sent as Base64 and escaped as in ``os.fsdecode``."""
    if (text := _text(body, name)) is not None:
        return text
    encoded = body.get(f"{name}_b64")
    return base64.b64decode(encoded, validate=True).decode("utf-8", "surrogateescape") if isinstance(encoded, str) else None


def _of(kind: type[Any], value: Any) -> Any:
    # Not isinstance, because a bool is an int.
    if type(value) is not kind:
        raise TypeError(f"not a {kind.__name__}")
    return value


def _text(body: Line, name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) else None


def _error(error: Any) -> CodeError | None:
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
