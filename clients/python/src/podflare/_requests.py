"""The requests of the API about sandboxes, and what all requests have in common. Those about runs and files are in modules of their own."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from . import _arguments as arguments
from ._trace import Trace
from ._uploads import Upload


@dataclass(frozen=True, slots=True)
class Request:
    """One call of the API, which can be sent repeatedly."""

    method: str
    target: str
    """Path and query below the server's address, encoded."""
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | Upload | None = None
    is_idempotent: bool = True
    """False if it must not be sent again unless the first one certainly had no effect."""

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
    egress: bool | Iterable[str] | None,
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
        "egress": arguments.egress(egress),
        "metadata": arguments.texts("metadata", metadata),
        "env": arguments.texts("env", env),
        "traceparent": bound_to.traceparent if bound_to else None,
        "tracestate": bound_to.tracestate if bound_to else None,
    }
    return post_once("/v1/sandboxes", body, trace, idempotency_key)


def list_sandboxes(*, state: str | None, metadata: Mapping[str, str] | None, limit: int | None, cursor: str | None, trace: Trace | None) -> Request:
    if state is not None:
        arguments.text("state", state)
    query = {"state": state, "limit": arguments.whole("page_size", limit, "sandboxes"), "cursor": cursor}
    query.update({f"metadata.{name}": value for name, value in (arguments.texts("metadata", metadata) or {}).items()})
    return get(with_query("/v1/sandboxes", query), trace)


def get_sandbox(sandbox_id: str, trace: Trace | None) -> Request:
    return get(sandbox_path(sandbox_id), trace)


def get_metrics(sandbox_id: str, since: datetime | None, until: datetime | None, trace: Trace | None) -> Request:
    query = {"start": arguments.milliseconds("since", since), "end": arguments.milliseconds("until", until)}
    return get(with_query(f"{sandbox_path(sandbox_id)}/metrics", query), trace)


def get_logs(sandbox_id: str, after: int, trace: Trace | None) -> Request:
    return get(with_query(f"{sandbox_path(sandbox_id)}/logs", {"after": arguments.whole("after", after, "lines", least=0)}), trace)


def update_sandbox(
    sandbox_id: str,
    *,
    timeout_seconds: float | None,
    idle_timeout_seconds: float | None,
    metadata: Mapping[str, str | None] | None,
    trace: Trace | None,
) -> Request:
    body = {
        "timeout_seconds": arguments.seconds("timeout_seconds", timeout_seconds),
        "idle_timeout_seconds": arguments.seconds("idle_timeout_seconds", idle_timeout_seconds),
        # A null removes the entry.
        "metadata": arguments.texts("metadata", metadata, nullable=True),
    }
    if all(value is None for value in body.values()):
        raise TypeError("update needs at least one of timeout_seconds, idle_timeout_seconds and metadata")
    return send_json("PATCH", sandbox_path(sandbox_id), body, trace)


def delete_sandbox(sandbox_id: str, trace: Trace | None) -> Request:
    return Request("DELETE", sandbox_path(sandbox_id), headers_of(trace))


def replay(sandbox_id: str, trace: Trace | None) -> Request:
    return get(f"{sandbox_path(sandbox_id)}/replay", trace)


def health() -> Request:
    return get("/v1/healthz", None)


def list_templates(trace: Trace | None) -> Request:
    return get("/v1/templates", trace)


def get(target: str, trace: Trace | None) -> Request:
    return Request("GET", target, headers_of(trace))


def post_once(target: str, body: Mapping[str, Any], trace: Trace | None, idempotency_key: str | None) -> Request:
    """A request that the server carries out once for each key."""
    # The first attempt has a key too: if its answer is lost, a retry must not create a second sandbox or run the code twice.
    key = uuid.uuid4().hex if idempotency_key is None else idempotency_key
    arguments.text("idempotency_key", key)
    if not (1 <= len(key) <= 255 and all("!" <= c <= "~" for c in key)):
        raise ValueError("idempotency_key must be 1 to 255 visible ASCII characters")
    return send_json("POST", target, body, trace, headers={"idempotency-key": key})


def send_json(
    method: str, target: str, body: Mapping[str, Any], trace: Trace | None, *, headers: Mapping[str, str] | None = None, is_idempotent: bool = True
) -> Request:
    """A request with a JSON object. Fields that are None are left out."""
    all_headers = {**headers_of(trace), "content-type": "application/json", **(headers or {})}
    return Request(method, target, all_headers, json.dumps({name: value for name, value in body.items() if value is not None}).encode(), is_idempotent)


def headers_of(trace: Trace | None) -> dict[str, str]:
    # No compression: lines must not wait in a decompressor.
    return {"accept-encoding": "identity", **(trace.headers() if trace else {})}


def with_query(path: str, query: Mapping[str, Any]) -> str:
    given = {name: value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(given, quote_via=quote)}" if given else path


def sandbox_path(sandbox_id: str) -> str:
    return f"/v1/sandboxes/{quote(arguments.identifier('sandbox_id', sandbox_id, 'sbx_'), safe='')}"
