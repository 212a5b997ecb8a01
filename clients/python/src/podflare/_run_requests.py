"""The requests of the API about runs and contexts."""

from __future__ import annotations

import base64
import signal as signals
from collections.abc import Mapping, Sequence
from typing import Any, Union
from urllib.parse import quote

from . import _arguments as arguments
from ._file_requests import path_fields
from ._requests import Request, get, headers_of, post_once, sandbox_path, send_json, with_query
from ._tools import Tool, definitions_of
from ._trace import Trace

BACKGROUND = "background"
"""The id of the run that has the output of ended runs."""

DEFAULT_CONTEXT = "python"

Command = Union[str, Sequence[str]]


def code_body(
    code: str,
    *,
    language: str,
    context: str | None,
    fresh: bool | str | None,
    display: str | None,
    stdin: bool,
    grace_seconds: float | None,
    tag: str | None,
    tools: Mapping[str, Tool] | None = None,
    tool_timeout_seconds: float | None = None,
) -> dict[str, Any]:
    if tool_timeout_seconds is not None and not tools:
        raise ValueError("tool_timeout_seconds needs tools")
    if fresh is not None and not isinstance(fresh, bool):
        arguments.word("fresh", fresh, "alone")
    if context is not None and fresh:
        raise ValueError("fresh code runs in no context: pass either fresh or context")
    arguments.text("language", language)
    return {
        "code": arguments.code(code),
        # A context decides the language.
        "language": language if context is None else None,
        "context": None if context is None else arguments.identifier("context", context, DEFAULT_CONTEXT),
        "fresh": fresh or None,
        "display": arguments.word("display", display, "last", "all", "none"),
        "tools": definitions_of(tools or {}),
        "tool_timeout_seconds": arguments.seconds("tool_timeout_seconds", tool_timeout_seconds),
        **_common(stdin, grace_seconds, tag),
    }


def process_body(
    command: Command,
    *,
    cwd: str | None,
    stdin: bool,
    pty: tuple[int, int] | None,
    stderr: str,
    grace_seconds: float | None,
    tag: str | None,
) -> dict[str, Any]:
    arguments.word("stderr", stderr, "separate", "stdout")
    if pty is not None and stderr != "separate":
        raise ValueError("a terminal has one stream: pass either pty or stderr")
    return {
        **_program(command),
        "cwd": None if cwd is None else arguments.absolute_path(cwd),
        "pty": None if pty is None else terminal_size(*pty),
        "stderr": None if stderr == "separate" else stderr,
        # A terminal always has an input.
        **_common(stdin and pty is None, grace_seconds, tag),
    }


def watch_body(path: str, recursive: bool) -> dict[str, Any]:
    arguments.flag("recursive", recursive)
    # A watch that nobody reads any more is of no use to anybody.
    return {"watch": {**path_fields("path", path), "recursive": recursive}, "on_disconnect": "interrupt"}


def terminal_size(cols: int, rows: int) -> dict[str, int]:
    for name, value in (("cols", cols), ("rows", rows)):
        arguments.whole(name, value, "characters", most=1_000)
    return {"cols": cols, "rows": rows}


def start_run(
    sandbox_id: str,
    program: Mapping[str, Any],
    *,
    env: Mapping[str, str] | None,
    timeout_seconds: float | None,
    on_disconnect: str | None,
    disconnect_seconds: float | None,
    heartbeat_seconds: int,
    trace: Trace | None,
    idempotency_key: str | None,
) -> Request:
    if disconnect_seconds is not None and on_disconnect != "interrupt":
        raise ValueError("disconnect_seconds needs on_disconnect='interrupt'")
    body = {
        **program,
        "timeout_seconds": arguments.seconds("timeout_seconds", timeout_seconds),
        "env": arguments.texts("env", env),
        "on_disconnect": program.get("on_disconnect") if on_disconnect is None else arguments.word("on_disconnect", on_disconnect, "continue", "interrupt"),
        "disconnect_seconds": arguments.seconds("disconnect_seconds", disconnect_seconds, least=0.1, most=3_600),
    }
    return post_once(with_query(f"{sandbox_path(sandbox_id)}/exec", {"heartbeat": heartbeat_seconds}), body, trace, idempotency_key)


def get_run(sandbox_id: str, run_id: str, trace: Trace | None) -> Request:
    return get(_run(sandbox_id, run_id), trace)


def get_run_trace(sandbox_id: str, run_id: str, trace: Trace | None) -> Request:
    return get(f"{_run(sandbox_id, run_id)}/trace", trace)


def list_runs(sandbox_id: str, *, kind: str | None, state: str | None, context: str | None, tag: str | None, cursor: str | None, trace: Trace | None) -> Request:
    arguments.word("kind", kind, "code", "process", "watch")
    arguments.word("state", state, "queued", "running", "ended")
    for name, value in (("context", context), ("tag", tag)):
        if value is not None:
            arguments.text(name, value)
    query = {"kind": kind, "state": state, "context": context, "tag": tag, "cursor": cursor}
    return get(with_query(f"{sandbox_path(sandbox_id)}/runs", query), trace)


def read_events(sandbox_id: str, run_id: str, after: int, heartbeat_seconds: int, trace: Trace | None, *, follow: bool = True) -> Request:
    query = {"after": after, "follow": "true" if follow else None, "heartbeat": heartbeat_seconds if follow else None}
    return get(with_query(f"{_run(sandbox_id, run_id)}/events", query), trace)


def interrupt_run(sandbox_id: str, run_id: str, trace: Trace | None) -> Request:
    return Request("POST", f"{_run(sandbox_id, run_id)}/interrupt", headers_of(trace))


def signal_run(sandbox_id: str, run_id: str, name: str | int, scope: str, trace: Trace | None) -> Request:
    body = {"signal": _signal(name), "scope": arguments.word("scope", scope, "process", "group", "all")}
    return send_json("POST", f"{_run(sandbox_id, run_id)}/signal", body, trace, is_idempotent=False)


def write_stdin(sandbox_id: str, run_id: str, data: bytes, eof: bool, offset: int, trace: Trace | None) -> Request:
    # With its offset a repeated request is recognized, so it may be sent again.
    body = {"data_b64": base64.b64encode(data).decode(), "eof": eof or None, "offset": offset}
    return send_json("POST", f"{_run(sandbox_id, run_id)}/stdin", body, trace)


def answer_tool_calls(sandbox_id: str, run_id: str, results: Sequence[Mapping[str, Any]], trace: Trace | None) -> Request:
    # The first answer to a call counts, so it may be sent again.
    return send_json("POST", f"{_run(sandbox_id, run_id)}/tool_results", {"results": list(results)}, trace)


def resize_run(sandbox_id: str, run_id: str, cols: int, rows: int, trace: Trace | None) -> Request:
    return send_json("POST", f"{_run(sandbox_id, run_id)}/resize", terminal_size(cols, rows), trace)


def create_context(
    sandbox_id: str, context_id: str, *, language: str | None, cwd: str | None, env: Mapping[str, str] | None, trace: Trace | None
) -> Request:
    body = {
        "id": arguments.text("id", context_id),
        "language": arguments.word("language", language, "python", "bash"),
        "cwd": None if cwd is None else arguments.absolute_path(cwd),
        "env": arguments.texts("env", env),
    }
    return send_json("POST", f"{sandbox_path(sandbox_id)}/contexts", body, trace)


def list_contexts(sandbox_id: str, trace: Trace | None) -> Request:
    return get(f"{sandbox_path(sandbox_id)}/contexts", trace)


def get_context(sandbox_id: str, context_id: str, trace: Trace | None) -> Request:
    return get(_context(sandbox_id, context_id), trace)


def delete_context(sandbox_id: str, context_id: str, trace: Trace | None) -> Request:
    return Request("DELETE", _context(sandbox_id, context_id), headers_of(trace))


def restart_context(sandbox_id: str, context_id: str, trace: Trace | None) -> Request:
    # A second restart would end the runs that came after the first one.
    return Request("POST", f"{_context(sandbox_id, context_id)}/restart", headers_of(trace), is_idempotent=False)


def interrupt_context(sandbox_id: str, context_id: str, queued: bool, trace: Trace | None) -> Request:
    return send_json("POST", f"{_context(sandbox_id, context_id)}/interrupt", {"queued": arguments.flag("queued", queued)}, trace)


def _program(command: Any) -> dict[str, Any]:
    if isinstance(command, str):
        return {"command": command}
    if isinstance(command, (bytes, bytearray)) or not isinstance(command, Sequence):
        raise TypeError(f"the command must be a str, or a sequence of str such as ('ls', '-l'), not {type(command).__name__}")
    if not command:
        raise ValueError("the command must not be empty")
    return {"argv": [arguments.text(f"item {index} of the command", item) for index, item in enumerate(command)]}


def _common(stdin: bool, grace_seconds: float | None, tag: str | None) -> dict[str, Any]:
    return {
        "stdin": arguments.flag("stdin", stdin) or None,
        "grace_seconds": arguments.seconds("grace_seconds", grace_seconds, least=0, most=300),
        "tag": None if tag is None else arguments.text("tag", tag),
    }


def _signal(name: Any) -> str:
    if isinstance(name, int):
        return signals.Signals(name).name
    text = arguments.text("signal", name).upper()
    return text if text.startswith("SIG") else f"SIG{text}"


def _run(sandbox_id: str, run_id: str) -> str:
    return f"{sandbox_path(sandbox_id)}/runs/{quote(arguments.identifier('run_id', run_id, 'run_'), safe='')}"


def _context(sandbox_id: str, context_id: str) -> str:
    return f"{sandbox_path(sandbox_id)}/contexts/{quote(arguments.identifier('context', context_id, DEFAULT_CONTEXT), safe='')}"
