"""The requests of the API, each built in one place."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from ._trace import Trace
from ._uploads import Upload

HOME = "/root"


@dataclass(frozen=True, slots=True)
class Request:
    """One call of the API, ready to be sent, and sent again."""

    method: str
    target: str
    """Path and query below the server's address, encoded."""
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | Upload | None = None

    @property
    def is_repeatable(self) -> bool:
        return not isinstance(self.content, Upload) or self.content.is_repeatable


def create_sandbox(
    *,
    template: str | None,
    timeout_seconds: float | None,
    idle_timeout_seconds: float | None,
    ram_mib: int | None,
    rootfs_gb: int | None,
    egress: bool | None,
    metadata: Mapping[str, str] | None,
    env: Mapping[str, str] | None,
    bound_to: Trace | None,
    trace: Trace | None,
    idempotency_key: str | None,
) -> Request:
    body = {
        "template": template,
        "timeout_seconds": _duration("timeout_seconds", timeout_seconds),
        "idle_timeout_seconds": _duration("idle_timeout_seconds", idle_timeout_seconds),
        "ram_mib": ram_mib,
        "rootfs_gb": rootfs_gb,
        "egress": egress,
        "metadata": _texts("metadata", metadata),
        "env": _texts("env", env),
        "traceparent": bound_to.traceparent if bound_to else None,
        "tracestate": bound_to.tracestate if bound_to else None,
    }
    return _post("/v1/sandboxes", body, trace, idempotency_key)


def list_sandboxes(*, state: str | None, metadata: Mapping[str, str] | None, limit: int | None, cursor: str | None, trace: Trace | None) -> Request:
    query = {"state": state, "limit": limit, "cursor": cursor}
    query.update({f"metadata.{name}": value for name, value in (_texts("metadata", metadata) or {}).items()})
    return _get(_with_query("/v1/sandboxes", query), trace)


def get_sandbox(sandbox_id: str, trace: Trace | None) -> Request:
    return _get(_sandbox(sandbox_id), trace)


def delete_sandbox(sandbox_id: str, trace: Trace | None) -> Request:
    return Request("DELETE", _sandbox(sandbox_id), _headers(trace))


def replay(sandbox_id: str, trace: Trace | None) -> Request:
    return _get(f"{_sandbox(sandbox_id)}/replay", trace)


def start_run(
    sandbox_id: str,
    code: str,
    *,
    language: str,
    env: Mapping[str, str] | None,
    timeout_seconds: float | None,
    on_disconnect: str | None,
    heartbeat_seconds: int,
    trace: Trace | None,
    idempotency_key: str | None,
) -> Request:
    if not isinstance(code, str):
        raise TypeError(f"code must be a str, not {type(code).__name__}")
    body = {
        "code": code,
        "language": language,
        "timeout_seconds": _duration("timeout_seconds", timeout_seconds),
        "env": _texts("env", env),
        "on_disconnect": on_disconnect,
    }
    return _post(_with_query(f"{_sandbox(sandbox_id)}/exec", {"heartbeat": heartbeat_seconds}), body, trace, idempotency_key)


def get_run(sandbox_id: str, run_id: str, trace: Trace | None) -> Request:
    return _get(_run(sandbox_id, run_id), trace)


def follow_run(sandbox_id: str, run_id: str, after: int, heartbeat_seconds: int, trace: Trace | None) -> Request:
    query = {"after": after, "follow": "true", "heartbeat": heartbeat_seconds}
    return _get(_with_query(f"{_run(sandbox_id, run_id)}/events", query), trace)


def interrupt_run(sandbox_id: str, run_id: str, trace: Trace | None) -> Request:
    return Request("POST", f"{_run(sandbox_id, run_id)}/interrupt", _headers(trace))


def put_file(sandbox_id: str, path: str, content: Upload, trace: Trace | None) -> Request:
    headers = {**_headers(trace), "content-type": "application/octet-stream"}
    if content.length is not None:
        headers["content-length"] = str(content.length)
    return Request("PUT", _file(sandbox_id, path), headers, content)


def get_file(sandbox_id: str, path: str, trace: Trace | None) -> Request:
    return _get(_file(sandbox_id, path), trace)


def delete_file(sandbox_id: str, path: str, trace: Trace | None) -> Request:
    return Request("DELETE", _file(sandbox_id, path), _headers(trace))


def list_files(sandbox_id: str, path: str, cursor: str | None, trace: Trace | None) -> Request:
    return _get(_with_query(f"{_sandbox(sandbox_id)}/files", {"path": absolute_path(path), "cursor": cursor}), trace)


def health() -> Request:
    return _get("/v1/healthz", None)


def absolute_path(path: str) -> str:
    """A path inside a sandbox, from its root; a relative one starts in the home folder, as in the code that runs there.

    Raises ValueError for ``..``: what stands before it may be a link, so only the sandbox could say where it leads.
    """
    if not isinstance(path, str):
        raise TypeError(f"path must be a str, not {type(path).__name__}")
    if not path or "\0" in path:
        raise ValueError("path must not be empty or hold a NUL")
    parts = [part for part in (path if path.startswith("/") else f"{HOME}/{path}").split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ValueError(f"path must not hold '..': {path!r}")
    return "/" + "/".join(parts)


def _get(target: str, trace: Trace | None) -> Request:
    return Request("GET", target, _headers(trace))


def _post(target: str, body: Mapping[str, Any], trace: Trace | None, idempotency_key: str | None) -> Request:
    # From the first attempt on: an answer that is lost must not make a second sandbox, or run code twice.
    key = uuid.uuid4().hex if idempotency_key is None else idempotency_key
    if not (1 <= len(key) <= 255 and all("!" <= c <= "~" for c in key)):
        raise ValueError("idempotency_key must be 1 to 255 visible ASCII characters")
    headers = {**_headers(trace), "content-type": "application/json", "idempotency-key": key}
    return Request("POST", target, headers, json.dumps({name: value for name, value in body.items() if value is not None}).encode())


def _headers(trace: Trace | None) -> dict[str, str]:
    # Identity: text that arrives line by line must not wait in a decompressor.
    return {"accept-encoding": "identity", **(trace.headers() if trace else {})}


def _with_query(path: str, query: Mapping[str, Any]) -> str:
    given = {name: value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(given, quote_via=quote)}" if given else path


def _sandbox(sandbox_id: str) -> str:
    return f"/v1/sandboxes/{_segment(sandbox_id)}"


def _run(sandbox_id: str, run_id: str) -> str:
    return f"{_sandbox(sandbox_id)}/runs/{_segment(run_id)}"


def _file(sandbox_id: str, path: str) -> str:
    absolute = absolute_path(path)
    if absolute == "/":
        raise ValueError("path must name a file")
    return f"{_sandbox(sandbox_id)}/files{quote(absolute, errors='strict')}"


def _segment(name: str) -> str:
    # "." and ".." would name another route.
    if not isinstance(name, str) or not name.strip("."):
        raise ValueError(f"not an id: {name!r}")
    return quote(name, safe="")


def _duration(name: str, seconds: float | None) -> float | None:
    if seconds is not None and not (seconds > 0 and math.isfinite(seconds)):
        raise ValueError(f"{name} must be positive")
    return seconds


def _texts(name: str, pairs: Mapping[str, str] | None) -> dict[str, str] | None:
    if pairs is None:
        return None
    for key, value in pairs.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise TypeError(f"{name} must map str to str")
    return dict(pairs)
