"""Keys, tenants, usage and the audit log: what both clients send, and what they make of the answers."""

from __future__ import annotations

import asyncio
import unittest
from collections.abc import Callable
from datetime import date, datetime, timezone
from typing import Any

from both import Wrapped
from flavours import QUICK
from podflare import AsyncClient, Client, ConnectionFailedError, InsufficientScopeError, KeyNotFoundError, TenantExistsError, TenantSuspendedError, UsageRow
from scripted_server import SANDBOX, Exchange, ScriptedServer

SECRET = "pf_live_0000000000000000000000000000000MtAw2"
KEY = {"id": "key_1", "name": "ci", "tenant": "acme", "scopes": ["sandboxes"], "prefix": "pf_live_0000", "state": "active", "created_at": "2026-11-30T12:00:00.000Z", "expires_at": None}
WEBHOOK = {"id": "whk_1", "url": "https://example.com/hook", "events": ["run.ended"], "description": "", "state": "active", "disabled_because": None, "pending": 2, "skipped": 0}
TENANT = {"id": "acme", "name": "Acme", "state": "active", "limits": {"sandboxes": 50, "running": None}, "created_at": "2026-11-30T12:00:00.000Z"}
AMOUNTS = {"sandboxes": 3, "sandbox_seconds": 812.407, "cpu_seconds": 31.2, "memory_gib_seconds": 406.2, "runs": 57, "bytes_out": 18231}
ENTRY = {
    "seq": 42,
    "id": "aud_1",
    "at": "2026-11-29T18:00:00.000Z",
    "tenant": "acme",
    "action": "key.revoke",
    "actor": {"type": "key", "id": "key_2", "tenant": "acme"},
    "target": {"type": "key", "id": "key_1"},
    "source": {"address": "203.0.113.7", "user_agent": "podflare/1.2"},
    "changes": {"state": ["active", "revoked"]},
    "reason": None,
    "trace_id": "ab" * 16,
    "prev": "0" * 64,
    "hash": "1" * 64,
}


class AdministrationTests(unittest.TestCase):
    def with_both(self, scenario: Callable[[Any], None], *scripts: Callable[[Exchange], None]) -> list[str]:
        """Runs a scenario with each client, and returns what one of them has sent; the other must have sent the same."""
        sent: list[list[str]] = []
        for is_blocking in (True, False):
            with self.subTest("blocking" if is_blocking else "async"), ScriptedServer(*scripts) as server:
                if is_blocking:
                    with Client(server.url, retry=QUICK) as client:
                        scenario(client)
                else:
                    loop = asyncio.new_event_loop()
                    inner = AsyncClient(server.url, retry=QUICK)
                    try:
                        scenario(Wrapped(loop, inner))
                    finally:
                        loop.run_until_complete(inner.close())
                        loop.run_until_complete(loop.shutdown_asyncgens())
                        loop.close()
                sent.append([f"{seen.method} {seen.target} {seen.body.decode()}".rstrip() for seen in server.requests])
        self.assertEqual(sent[0], sent[1])
        return sent[0]

    def test_a_webhook_from_create_to_delete(self) -> None:
        def scenario(client: Any) -> None:
            webhook = client.webhooks.create("https://example.com/hook", ["run.ended"])
            self.assertEqual(("whsec_x", "whk_1", ("run.ended",), "active"), (webhook.secret, webhook.id, webhook.events, webhook.state))
            # A secret must not get into logs by accident.
            self.assertNotIn("whsec_x", f"{webhook!r} {webhook.raw}")
            self.assertEqual(["whk_1"], [item.id for item in client.webhooks.list()])
            self.assertEqual(2, client.webhooks.get("whk_1").pending)
            self.assertEqual("active", client.webhooks.update("whk_1", state="active").state)
            self.assertEqual("whsec_x", client.webhooks.rotate("whk_1").secret)
            client.webhooks.test("whk_1")
            delivery = client.webhooks.deliveries("whk_1")[0]
            self.assertEqual((812, "pending", "503", 12.4), (delivery.event_seq, delivery.state, delivery.attempts[0].outcome, delivery.attempts[0].milliseconds))
            client.webhooks.replay("whk_1", 812)
            client.webhooks.delete("whk_1")
            with self.assertRaises(TypeError):
                client.webhooks.update("whk_1")
            with self.assertRaises(TypeError):
                client.webhooks.create("https://example.com/", "run.ended")

        new = lambda x: x.json({**WEBHOOK, "secret": "whsec_x"}, 201)
        known = lambda x: x.json(WEBHOOK)
        accepted = lambda x: x.bytes(b"", 202)
        delivery = {"event_id": "evt_1", "event_seq": 812, "type": "run.ended", "state": "pending", "attempts": [{"ts": "2026-11-30T12:00:00.000Z", "outcome": "503", "ms": 12.4}], "next_at": None}
        sent = self.with_both(
            scenario, new, lambda x: x.json({"webhooks": [WEBHOOK]}), known, known, new, accepted, lambda x: x.json({"deliveries": [delivery]}), accepted, lambda x: x.bytes(b"", 204)
        )
        self.assertEqual(
            [
                'POST /v1/webhooks {"url": "https://example.com/hook", "events": ["run.ended"]}',
                "GET /v1/webhooks",
                "GET /v1/webhooks/whk_1",
                'PATCH /v1/webhooks/whk_1 {"state": "active"}',
                "POST /v1/webhooks/whk_1/rotate {}",
                "POST /v1/webhooks/whk_1/test {}",
                "GET /v1/webhooks/whk_1/deliveries",
                "POST /v1/webhooks/whk_1/deliveries/812/replay {}",
                "DELETE /v1/webhooks/whk_1",
            ],
            sent,
        )

    def test_events_are_listed_page_by_page_and_followed(self) -> None:
        def event(seq: int) -> dict[str, Any]:
            return {"seq": seq, "id": f"evt_{seq}", "type": "run.ended", "ts": 7, "sandbox_id": "sbx_1", "run_id": "run_1", "data": {"exit_code": 0}}

        def scenario(client: Any) -> None:
            events = list(client.list_events(types=["run.ended", "sandbox.*"], page_size=2))
            self.assertEqual([1, 2, 9], [told.seq for told in events])
            self.assertEqual(("run.ended", "run_1", 0), (events[0].type, events[0].run_id, events[0].data["exit_code"]))
            followed = iter(client.follow_events(after=9))
            self.assertEqual(10, next(followed).seq)

        def page(after: int, *seqs: int) -> Callable[[Exchange], None]:
            return lambda x: x.json({"events": [event(seq) for seq in seqs], "next_after": after})

        sent = self.with_both(scenario, page(2, 1, 2), page(8), page(9, 9), page(9), page(9), page(10, 10))
        self.assertEqual("GET /v1/events?after=0&limit=2&types=run.ended%2Csandbox.%2A", sent[0])
        self.assertEqual(["GET /v1/events?after=9&wait=20"] * 2, sent[4:])

    def test_a_telemetry_destination_from_set_to_remove(self) -> None:
        def scenario(client: Any) -> None:
            destination = client.telemetry.set("https://otlp.example.com", headers={"x-api-key": "secret"}, signals=["traces"], capture_content=True, redact=["[0-9]{16}"])
            self.assertEqual(("https://otlp.example.com", ("x-api-key",), True, ("one is late",)), (destination.endpoint, destination.header_names, destination.capture_content, destination.warnings))
            shown = client.telemetry.get()
            self.assertEqual((812, 3, "connect", ("traces",)), (shown.sent, shown.dropped, shown.last_error, shown.signals))
            self.assertEqual(("200", 41.3), ((test := client.telemetry.test()).outcome, test.ms))
            client.telemetry.remove()
            self.assertIsNone(client.telemetry.get().endpoint)
            with self.assertRaises(TypeError):
                client.telemetry.set("https://otlp.example.com", signals="traces")

        body = {"endpoint": "https://otlp.example.com", "header_names": ["x-api-key"], "signals": ["traces"], "capture_content": True, "redact": [], "sent": 812, "dropped": 3, "last_error": "connect"}
        sent = self.with_both(
            scenario, lambda x: x.json({**body, "warnings": ["one is late"]}), lambda x: x.json(body), lambda x: x.json({"outcome": "200", "ms": 41.3}), lambda x: x.bytes(b"", 204), lambda x: x.json({"endpoint": None})
        )
        self.assertEqual(
            [
                'PUT /v1/telemetry {"endpoint": "https://otlp.example.com", "headers": {"x-api-key": "secret"}, "signals": ["traces"], "capture_content": true, "redact": ["[0-9]{16}"]}',
                "GET /v1/telemetry",
                "POST /v1/telemetry/test {}",
                "DELETE /v1/telemetry",
                "GET /v1/telemetry",
            ],
            sent,
        )

    def test_hosts_the_overview_and_the_server(self) -> None:
        def scenario(client: Any) -> None:
            self.assertEqual([("0c5e1f2a", "ready", 12), ("00000002", "away", None)], [(host.id, host.state, host.sandboxes) for host in client.hosts.list()])
            self.assertEqual(["cordoned", "ready", "draining"], [act("0c5e1f2a").state for act in (client.hosts.cordon, client.hosts.uncordon, client.hosts.drain)])
            overview = client.overview()
            self.assertEqual((True, {"default": 3}, 2, 1, 1), (overview.complete, overview.sandboxes, overview.active_runs, overview.queued_runs, len(overview.minutes)))
            self.assertEqual((31, 1.5, None), (overview.minutes[0].runs, overview.minutes[0].create_ms_p50, overview.minutes[0].run_ms_p95))
            info = client.server_info()
            self.assertEqual(("0.9.0", "keys", ("run_usage",), None), (info.version, info.auth, info.features, info.status_url))
            self.assertRaises(ValueError, lambda: client.hosts.drain(".."))

        host = {"id": "0c5e1f2a", "state": "ready", "name": "worker-1", "sandboxes": 12, "slots": 200, "memory_used": 0.1}
        minute = {"ts": 0, "creates": 4, "runs": 31, "errors": 2, "create_ms": {"p50": 1.5, "p95": 3}, "run_ms": None}
        sent = self.with_both(
            scenario,
            lambda seen: seen.json({"hosts": [host, {"id": "00000002", "state": "away"}]}),
            *(lambda seen, state=state: seen.json({**host, "state": state}) for state in ("cordoned", "ready", "draining")),
            lambda seen: seen.json({"complete": True, "sandboxes": {"running": 3, "by_template": {"default": 3}}, "runs": {"active": 2, "queued": 1}, "minutes": [minute]}),
            lambda seen: seen.json({"version": "0.9.0", "auth": "keys", "region": None, "links": {}, "features": ["run_usage"], "trace_link": None}),
        )
        hosts = [f"POST /v1/hosts/0c5e1f2a/{action}" for action in ("cordon", "uncordon", "drain")]
        self.assertEqual(["GET /v1/hosts", *hosts, "GET /v1/overview", "GET /v1/info"], sent)

    def test_a_key_from_create_to_revoke(self) -> None:
        def scenario(client: Any) -> None:
            key = client.keys.create("ci", ["sandboxes", "read"], expires_in_seconds=60, tenant="acme")
            self.assertEqual((SECRET, "key_1", ("sandboxes",), "active", "pf_live_0000"), (key.secret, key.id, key.scopes, key.state, key.prefix))
            # A secret must not get into logs by accident.
            self.assertNotIn(SECRET, f"{key!r} {key.raw}")
            self.assertEqual("acme", client.keys.current().tenant)
            self.assertEqual("ci", client.keys.get("key_1").name)
            self.assertEqual("ci", client.keys.update("key_1", scopes=["read"]).name)
            self.assertEqual(SECRET, client.keys.rotate("key_1", overlap_seconds=0).secret)
            client.keys.revoke("key_1")

        new = lambda x: x.json({**KEY, "key": SECRET}, 201)
        known = lambda x: x.json(KEY)
        sent = self.with_both(scenario, new, known, known, known, new, lambda x: x.bytes(b"", 204))
        self.assertEqual(
            [
                'POST /v1/keys {"name": "ci", "scopes": ["sandboxes", "read"], "expires_in_seconds": 60, "tenant": "acme"}',
                "GET /v1/keys/current",
                "GET /v1/keys/key_1",
                'PATCH /v1/keys/key_1 {"scopes": ["read"]}',
                'POST /v1/keys/key_1/rotate {"overlap_seconds": 0}',
                "DELETE /v1/keys/key_1",
            ],
            sent,
        )

    def test_pages_are_followed(self) -> None:
        def scenario(client: Any) -> None:
            self.assertEqual(["key_1", "key_2"], [key.id for key in client.keys.list(tenant="acme", state="active", page_size=1)])
            self.assertEqual(["acme", "b"], [tenant.id for tenant in client.tenants.list(page_size=1)])
            self.assertEqual([42, 41], [entry.seq for entry in client.list_audit_entries(page_size=1)])

        def answer(x: Exchange) -> None:
            is_first = "cursor=c" not in x.seen.target
            cursor = {"next_cursor": "c" if is_first else None}
            if x.seen.target.startswith("/v1/keys"):
                x.json({"keys": [KEY if is_first else {**KEY, "id": "key_2"}], **cursor})
            elif x.seen.target.startswith("/v1/tenants"):
                x.json({"tenants": [TENANT if is_first else {**TENANT, "id": "b"}], **cursor})
            else:
                x.json({"entries": [ENTRY if is_first else {**ENTRY, "seq": 41}], **cursor})

        sent = self.with_both(scenario, answer)
        self.assertEqual(
            [
                "GET /v1/keys?tenant=acme&state=active&limit=1",
                "GET /v1/keys?tenant=acme&state=active&limit=1&cursor=c",
                "GET /v1/tenants?limit=1",
                "GET /v1/tenants?limit=1&cursor=c",
                "GET /v1/audit?limit=1",
                "GET /v1/audit?limit=1&cursor=c",
            ],
            sent,
        )

    def test_a_tenant_from_create_to_delete(self) -> None:
        def scenario(client: Any) -> None:
            tenant = client.tenants.create("acme", name="Acme", limits={"sandboxes": 50, "egress_hosts": ["a.example"]})
            self.assertEqual(("acme", 50, None, None), (tenant.id, tenant.limits["sandboxes"], tenant.limits["running"], tenant.in_use))
            use = client.tenants.current().in_use
            self.assertEqual((3, 1, 1536), (use.sandboxes, use.running, use.memory_mib))
            client.tenants.get("acme")
            client.tenants.update("acme", limits={"sandboxes": None}, state="suspended", end_sandboxes=True)
            self.assertEqual([SANDBOX], [info.id for info in client.tenants.list_sandboxes("acme", state="ready")])
            client.tenants.delete_sandbox("acme", SANDBOX)
            client.tenants.delete("acme")

        known = lambda x: x.json(TENANT)
        sent = self.with_both(
            scenario,
            lambda x: x.json(TENANT, 201),
            lambda x: x.json({**TENANT, "in_use": {"sandboxes": 3, "running": 1, "memory_mib": 1536}}),
            known,
            known,
            lambda x: x.json({"sandboxes": [{"id": SANDBOX, "state": "ready"}], "next_cursor": None}),
            lambda x: x.bytes(b"", 204),
            lambda x: x.bytes(b"", 202),
        )
        self.assertEqual(
            [
                'POST /v1/tenants {"id": "acme", "name": "Acme", "limits": {"sandboxes": 50, "egress_hosts": ["a.example"]}}',
                "GET /v1/tenants/current",
                "GET /v1/tenants/acme",
                'PATCH /v1/tenants/acme {"limits": {"sandboxes": null}, "state": "suspended", "end_sandboxes": true}',
                "GET /v1/tenants/acme/sandboxes?state=ready",
                f"DELETE /v1/tenants/acme/sandboxes/{SANDBOX}",
                "DELETE /v1/tenants/acme",
            ],
            sent,
        )

    def test_usage(self) -> None:
        def scenario(client: Any) -> None:
            report = client.usage(first_day=date(2026, 11, 1), last_day="2026-11-29", group_by=["day", "key"], tenant="*")
            self.assertEqual((UsageRow(**AMOUNTS, day="2026-11-29", key="key_1", key_name="ci"),), report.rows)
            self.assertEqual((UsageRow(**AMOUNTS), "2026-11-01", "2026-11-29"), (report.total, report.first_day, report.last_day))

        answer = {"from": "2026-11-01", "to": "2026-11-29", "rows": [{"day": "2026-11-29", "key": "key_1", "key_name": "ci", **AMOUNTS}], "total": AMOUNTS, "as_of": "now"}
        sent = self.with_both(scenario, lambda x: x.json(answer))
        self.assertEqual(["GET /v1/usage?from=2026-11-01&to=2026-11-29&group_by=day%2Ckey&tenant=%2A&format=json"], sent)

    def test_the_audit_log(self) -> None:
        def scenario(client: Any) -> None:
            since = datetime(2026, 11, 29, 12, 30, tzinfo=timezone.utc)
            (entry,) = client.list_audit_entries(since=since, until="2026-11-30T00:00:00Z", action="key.revoke", actor="key_2", tenant="_server")
            self.assertEqual((42, "key.revoke", "key_2", "key_1", "203.0.113.7"), (entry.seq, entry.action, entry.actor_id, entry.target_id, entry.address))
            self.assertEqual((ENTRY, {"state": ["active", "revoked"]}), (entry.raw, entry.changes))

        sent = self.with_both(scenario, lambda x: x.json({"entries": [ENTRY], "next_cursor": None}))
        self.assertEqual(["GET /v1/audit?from=2026-11-29T12%3A30%3A00%2B00%3A00&to=2026-11-30T00%3A00%3A00Z&action=key.revoke&actor=key_2&tenant=_server"], sent)

    def test_what_would_leave_a_second_key_is_not_repeated(self) -> None:
        for act in (lambda client: client.keys.create("ci"), lambda client: client.keys.rotate("key_1"), lambda client: client.tenants.create("acme")):
            sent = self.with_both(lambda client: self.assertRaises(ConnectionFailedError, act, client), lambda x: x.drop())
            self.assertEqual(1, len(sent))

    def test_refusals_have_their_exceptions(self) -> None:
        for status, code, kind in (
            (403, "insufficient_scope", InsufficientScopeError),
            (403, "tenant_suspended", TenantSuspendedError),
            (404, "key_not_found", KeyNotFoundError),
            (409, "tenant_exists", TenantExistsError),
        ):
            self.with_both(lambda client: self.assertRaises(kind, client.keys.get, "key_1"), lambda x: x.problem(status, code))

    def test_a_refusal_names_the_scope(self) -> None:
        def scenario(client: Any) -> None:
            with self.assertRaises(InsufficientScopeError) as raised:
                client.tenants.get("acme")
            self.assertEqual(("admin",), raised.exception.required_scopes)

        self.with_both(scenario, lambda x: x.problem(403, "insufficient_scope", required_scopes=["admin"]))

    def test_wrong_arguments(self) -> None:
        with Client("http://127.0.0.1:9") as client:
            for act in (
                lambda: client.keys.create("ci", []),
                lambda: client.keys.create("ci", expires_in_seconds=0),
                # A secret must not become part of a URL.
                lambda: client.keys.revoke(SECRET),
                lambda: client.keys.get(".."),
                lambda: client.keys.rotate("key_1", overlap_seconds=-1),
                lambda: list(client.keys.list(state="gone")),
                lambda: client.tenants.update("acme", end_sandboxes=True),
                lambda: client.tenants.get(".."),
                lambda: client.usage(group_by=["week"]),
                lambda: list(client.list_audit_entries(since=datetime(2026, 11, 29))),
            ):
                self.assertRaises(ValueError, act)
            for act in (
                lambda: client.keys.create("ci", "sandboxes"),
                lambda: client.keys.update("key_1"),
                lambda: client.tenants.update("acme"),
                lambda: client.tenants.create("acme", limits=["sandboxes"]),
                lambda: client.usage(first_day=datetime(2026, 11, 29)),
                lambda: list(client.list_audit_entries(since=date(2026, 11, 29))),
            ):
                self.assertRaises(TypeError, act)
