"""The requests of the API."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any
from urllib.parse import quote, urlencode

from . import _arguments as arguments
from ._trace import Trace
from ._uploads import Upload

HOME = "/root"


@dataclass(frozen=True, slots=True)
class Request:
    """One call of the API, which can be sent repeatedly."""

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
        "template": arguments.template(template),
        "timeout_seconds": arguments.seconds("timeout_seconds", timeout_seconds),
        "idle_timeout_seconds": arguments.seconds("idle_timeout_seconds", idle_timeout_seconds),
        "ram_mib": arguments.whole("ram_mib", ram_mib, "MiB"),
        "rootfs_gb": arguments.whole("rootfs_gb", rootfs_gb, "GiB"),
        "egress": arguments.flag("egress", egress),
        "metadata": arguments.texts("metadata", metadata),
        "env": arguments.texts("env", env),
        "traceparent": bound_to.traceparent if bound_to else None,
        "tracestate": bound_to.tracestate if bound_to else None,
    }
    return _post("/v1/sandboxes", body, trace, idempotency_key)


def list_sandboxes(*, state: str | None, metadata: Mapping[str, str] | None, limit: int | None, cursor: str | None, trace: Trace | None) -> Request:
    if state is not None:
        arguments.text("state", state)
    query = {"state": state, "limit": arguments.whole("page_size", limit, "sandboxes"), "cursor": cursor}
    query.update({f"metadata.{name}": value for name, value in (arguments.texts("metadata", metadata) or {}).items()})
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
    body = {
        "code": arguments.code(code),
        "language": arguments.text("language", language),
        "timeout_seconds": arguments.seconds("timeout_seconds", timeout_seconds),
        "env": arguments.texts("env", env),
        "on_disconnect": None if on_disconnect is None else arguments.text("on_disconnect", on_disconnect),
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
    """The absolute path of a file in a sandbox. A relative path starts in the home folder, as it does for code in the sandbox.

    Raises ValueError for ``..``: the part before it may be a link, so only the sandbox could resolve it.
    """
    if isinstance(path, PurePath):
        raise TypeError(f"path must be a str, not {type(path).__name__}: it names a file in the sandbox, use str(…) or .as_posix()")
    arguments.text("path", path)
    if not path or "\0" in path:
        raise ValueError("path must not be empty or contain a NUL character")
    parts = [part for part in (path if path.startswith("/") else f"{HOME}/{path}").split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ValueError(f"path must not contain '..': {path!r}")
    return "/" + "/".join(parts)


def _get(target: str, trace: Trace | None) -> Request:
    return Request("GET", target, _headers(trace))


def _post(target: str, body: Mapping[str, Any], trace: Trace | None, idempotency_key: str | None) -> Request:
    # The first attempt has a key too: if its answer is lost, a retry must not create a second sandbox or run the code twice.
    key = uuid.uuid4().hex if idempotency_key is None else idempotency_key
    arguments.text("idempotency_key", key)
    if not (1 <= len(key) <= 255 and all("!" <= c <= "~" for c in key)):
        raise ValueError("idempotency_key must be 1 to 255 visible ASCII characters")
    headers = {**_headers(trace), "content-type": "application/json", "idempotency-key": key}
    return Request("POST", target, headers, json.dumps({name: value for name, value in body.items() if value is not None}).encode())


def _headers(trace: Trace | None) -> dict[str, str]:
    # No compression: lines must not wait in a decompressor.
    return {"accept-encoding": "identity", **(trace.headers() if trace else {})}


def _with_query(path: str, query: Mapping[str, Any]) -> str:
    given = {name: value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(given, quote_via=quote)}" if given else path


def _sandbox(sandbox_id: str) -> str:
    return f"/v1/sandboxes/{quote(arguments.identifier('sandbox_id', sandbox_id, 'sbx_'), safe='')}"


def _run(sandbox_id: str, run_id: str) -> str:
    return f"{_sandbox(sandbox_id)}/runs/{quote(arguments.identifier('run_id', run_id, 'run_'), safe='')}"


def _file(sandbox_id: str, path: str) -> str:
    absolute = absolute_path(path)
    if absolute == "/":
        raise ValueError("path must name a file")
    return f"{_sandbox(sandbox_id)}/files{quote(absolute, errors='strict')}"


