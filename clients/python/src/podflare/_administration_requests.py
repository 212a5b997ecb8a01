"""The requests of the API about keys, tenants, usage and the audit log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from . import _arguments as arguments
from ._requests import Request, get, headers_of, send_json, with_query
from ._trace import Trace

_KEYS = "/v1/keys"
_TENANTS = "/v1/tenants"


def create_key(name: str, scopes: Iterable[str], *, expires_in_seconds: float | None, tenant: str | None, trace: Trace | None) -> Request:
    body = {
        "name": arguments.text("name", name),
        "scopes": arguments.words("scopes", scopes),
        "expires_in_seconds": arguments.seconds("expires_in_seconds", expires_in_seconds),
        "tenant": None if tenant is None else arguments.text("tenant", tenant),
    }
    # The secret is only in the answer: a repetition would leave a key that nobody has.
    return send_json("POST", _KEYS, body, trace, is_idempotent=False)


def list_keys(*, tenant: str | None, state: str | None, limit: int | None, cursor: str | None, trace: Trace | None) -> Request:
    state = arguments.word("state", state, "active", "expired", "revoked")
    return get(with_query(_KEYS, {"tenant": _text("tenant", tenant), "state": state, "limit": arguments.whole("page_size", limit, "keys"), "cursor": cursor}), trace)


def get_key(key_id: str, trace: Trace | None) -> Request:
    return get(_key(key_id), trace)


def get_current_key(trace: Trace | None) -> Request:
    return get(f"{_KEYS}/current", trace)


def update_key(key_id: str, *, name: str | None, scopes: Iterable[str] | None, expires_in_seconds: float | None, trace: Trace | None) -> Request:
    body = {
        "name": _text("name", name),
        "scopes": None if scopes is None else arguments.words("scopes", scopes),
        "expires_in_seconds": arguments.seconds("expires_in_seconds", expires_in_seconds),
    }
    if all(value is None for value in body.values()):
        raise TypeError("update needs at least one of name, scopes and expires_in_seconds")
    return send_json("PATCH", _key(key_id), body, trace)


def rotate_key(key_id: str, *, overlap_seconds: float | None, trace: Trace | None) -> Request:
    # 30 days at most.
    overlap = arguments.seconds("overlap_seconds", overlap_seconds, least=0, most=30 * 24 * 60 * 60)
    return send_json("POST", f"{_key(key_id)}/rotate", {"overlap_seconds": overlap}, trace, is_idempotent=False)


def revoke_key(key_id: str, trace: Trace | None) -> Request:
    return Request("DELETE", _key(key_id), headers_of(trace))


def create_tenant(tenant_id: str, *, name: str | None, limits: Mapping[str, Any] | None, trace: Trace | None) -> Request:
    body = {"id": arguments.text("tenant_id", tenant_id), "name": _text("name", name), "limits": _limits(limits)}
    # A repetition would be refused, because the tenant exists then.
    return send_json("POST", _TENANTS, body, trace, is_idempotent=False)


def list_tenants(*, limit: int | None, cursor: str | None, trace: Trace | None) -> Request:
    return get(with_query(_TENANTS, {"limit": arguments.whole("page_size", limit, "tenants"), "cursor": cursor}), trace)


def get_tenant(tenant_id: str, trace: Trace | None) -> Request:
    return get(_tenant(tenant_id), trace)


def get_current_tenant(trace: Trace | None) -> Request:
    return get(f"{_TENANTS}/current", trace)


def update_tenant(
    tenant_id: str, *, name: str | None, limits: Mapping[str, Any] | None, state: str | None, end_sandboxes: bool | None, trace: Trace | None
) -> Request:
    body = {
        "name": _text("name", name),
        "limits": _limits(limits),
        "state": arguments.word("state", state, "active", "suspended"),
        "end_sandboxes": arguments.flag("end_sandboxes", end_sandboxes),
    }
    if all(value is None for value in body.values()):
        raise TypeError("update needs at least one of name, limits and state")
    if end_sandboxes and state != "suspended":
        raise ValueError("end_sandboxes=True needs state='suspended'")
    return send_json("PATCH", _tenant(tenant_id), body, trace)


def delete_tenant(tenant_id: str, trace: Trace | None) -> Request:
    return Request("DELETE", _tenant(tenant_id), headers_of(trace))


def list_tenant_sandboxes(tenant_id: str, *, state: str | None, limit: int | None, cursor: str | None, trace: Trace | None) -> Request:
    query = {"state": _text("state", state), "limit": arguments.whole("page_size", limit, "sandboxes"), "cursor": cursor}
    return get(with_query(f"{_tenant(tenant_id)}/sandboxes", query), trace)


def delete_tenant_sandbox(tenant_id: str, sandbox_id: str, trace: Trace | None) -> Request:
    return Request("DELETE", f"{_tenant(tenant_id)}/sandboxes/{quote(arguments.identifier('sandbox_id', sandbox_id, 'sbx_'), safe='')}", headers_of(trace))


def usage(*, first_day: date | str | None, last_day: date | str | None, group_by: Iterable[str] | None, tenant: str | None, trace: Trace | None) -> Request:
    groups = None if group_by is None else arguments.words("group_by", group_by)
    for group in groups or ():
        arguments.word("group_by", group, "day", "key", "tenant")
    query = {
        "from": _day("first_day", first_day),
        "to": _day("last_day", last_day),
        "group_by": None if groups is None else ",".join(groups),
        "tenant": _text("tenant", tenant),
        "format": "json",
    }
    return get(with_query("/v1/usage", query), trace)


def list_audit_entries(
    *,
    since: datetime | str | None,
    until: datetime | str | None,
    action: str | None,
    actor: str | None,
    tenant: str | None,
    limit: int | None,
    cursor: str | None,
    trace: Trace | None,
) -> Request:
    query = {
        "from": _time("since", since),
        "to": _time("until", until),
        "action": _text("action", action),
        "actor": _text("actor", actor),
        "tenant": _text("tenant", tenant),
        "limit": arguments.whole("page_size", limit, "entries"),
        "cursor": cursor,
    }
    return get(with_query("/v1/audit", query), trace)


def list_hosts(trace: Trace | None) -> Request:
    return get("/v1/hosts", trace)


def set_host_mode(host_id: str, action: str, trace: Trace | None) -> Request:
    return Request("POST", f"/v1/hosts/{quote(arguments.identifier('host_id', host_id, '0c5e1f2a'), safe='')}/{action}", headers_of(trace))


def overview(trace: Trace | None) -> Request:
    return get("/v1/overview", trace)


def server_info(trace: Trace | None) -> Request:
    return get("/v1/info", trace)


def _key(key_id: str) -> str:
    return f"{_KEYS}/{quote(arguments.key_identifier(key_id), safe='')}"


def _tenant(tenant_id: str) -> str:
    return f"{_TENANTS}/{quote(arguments.identifier('tenant_id', tenant_id, 'acme'), safe='')}"


def _text(name: str, value: Any) -> str | None:
    return None if value is None else arguments.text(name, value)


def _limits(limits: Any) -> dict[str, Any] | None:
    if limits is None:
        return None
    if not isinstance(limits, Mapping):
        raise TypeError(f"limits must be a mapping, such as {{'sandboxes': 50}}, not {type(limits).__name__}")
    # A null sets a limit back to the server's default, so it is sent.
    return {arguments.text("limits", name): value if value is None or isinstance(value, (int, float)) else arguments.words(name, value) for name, value in limits.items()}


def _day(name: str, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    # A datetime is a date too, and its day depends on its time zone.
    if not isinstance(value, date) or isinstance(value, datetime):
        raise TypeError(f"{name} must be a date or a str such as '2026-11-29', not {type(value).__name__}")
    return value.isoformat()


def _time(name: str, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if not isinstance(value, datetime):
        raise TypeError(f"{name} must be a datetime or a str such as '2026-11-29T12:30:00Z', not {type(value).__name__}")
    if value.tzinfo is None:
        raise ValueError(f"{name} must have a time zone, such as timezone.utc")
    return value.isoformat()
