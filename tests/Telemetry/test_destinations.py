"""Tenants' own destinations in a real service: an independent receiver for each tenant and one for the operator."""

from __future__ import annotations

import json
import secrets
import time
import unittest
from typing import Any

from service import QUICK, Receiver, Service, install, wait_until
from test_cluster import new_parent

ADMIN = "key-of-an-administrator-of-this-server"
SPANS = "from podflare_trace import span\nwith span('{name}'):\n    print({name!r})"


class DestinationTests(unittest.TestCase):
    """They share one service; each has tenants of its own."""

    operator: Receiver
    service: Service

    @classmethod
    def setUpClass(cls) -> None:
        install()
        cls.operator = Receiver()
        cls.addClassCleanup(cls.operator.close)
        settings = {"PODFLARE_ADMIN_KEYS": f"ops:{ADMIN}", "PODFLARE_AUTH": "keys", "Podflare__Destinations__AllowHttp": "true", "Podflare__Destinations__AllowedAddresses": "127.0.0.1"}
        cls.service = Service(name="dest", OTEL_EXPORTER_OTLP_ENDPOINT=cls.operator.url, **QUICK, **settings)
        cls.addClassCleanup(cls.service.close)

    def ask(self, method: str, path: str, key: str, body: Any = None) -> dict[str, Any]:
        status, _, content = self.service.send(method, path, body, Authorization=f"Bearer {key}")
        if status not in (200, 201, 204):
            raise AssertionError(f"{method} {path}: {status} {content!r}")
        answer: dict[str, Any] = json.loads(content) if content else {}
        return answer

    def tenant(self) -> tuple[str, str]:
        """A new tenant and a key of it."""
        tenant = f"t-{secrets.token_hex(4)}"
        self.ask("POST", "/v1/tenants", ADMIN, {"id": tenant})
        key: str = self.ask("POST", "/v1/keys", ADMIN, {"name": "test", "tenant": tenant, "scopes": ["sandboxes", "keys"]})["key"]
        return tenant, key

    def receiver(self, mode: str = "ok") -> Receiver:
        receiver = Receiver(mode) if mode != "ok" else Receiver()
        self.addCleanup(receiver.close)
        return receiver

    def run_in_new(self, key: str, name: str, create: dict[str, Any] | None = None, code: str | None = None, **body: Any) -> tuple[str, str]:
        """Runs code in a new sandbox, which is deleted afterwards; trace and run."""
        trace, _, header = new_parent()
        headers = {"Authorization": f"Bearer {key}", "traceparent": header}
        sandbox = self.service.create(create, **headers)["id"]
        run = self.service.run(sandbox, code if code is not None else SPANS.format(name=name), body, **headers)
        self.addCleanup(self.service.delete, sandbox, **headers)
        return trace, run.id

    def test_each_tenant_gets_its_own_spans_and_the_operator_gets_no_programs_span_of_them(self) -> None:
        tenants = [(*self.tenant(), self.receiver()) for _ in range(2)]
        for i, (_, key, receiver) in enumerate(tenants):
            answer = self.ask("PUT", "/v1/telemetry", key, {"endpoint": receiver.url, "headers": {"x-tenant": f"secret-{i}"}})
            self.assertEqual((receiver.url, ["x-tenant"], []), (answer["endpoint"], answer["header_names"], answer["warnings"]))
        _, plain = self.tenant()
        traces = [self.run_in_new(key, f"work-{i}") for i, (_, key, _) in enumerate(tenants)]
        without, _ = self.run_in_new(plain, "work-plain")
        for i, ((tenant, key, receiver), (trace, run)) in enumerate(zip(tenants, traces)):
            own = receiver.wait_span("execute_tool run_code", trace, podflare_run_id=run, podflare_tenant_id=tenant)
            work = receiver.wait_span(f"work-{i}", trace, podflare_run_id=run)
            self.assertEqual(own["id"], work["parent"])
            for part in ("podflare.run.queue", "podflare.run.execute"):
                self.assertEqual(own["id"], receiver.wait_span(part, trace)["parent"])
            self.assertEqual({f"secret-{i}"}, {request["headers"].get("x-tenant") for request in receiver.requests})
            # The create is a call of the tenant, too; how its container was started is the operator's.
            created = receiver.wait_span("podflare.sandbox.create", trace, podflare_tenant_id=tenant)
            self.assertEqual(created["id"], receiver.wait_span("podflare.pool.take", trace)["parent"])
            self.assertEqual(created["id"], self.operator.wait_span("podflare.sandbox.create", trace)["id"])
            self.assertEqual([], [span["name"] for span in receiver.spans if span["name"] == "podflare.container.create"])
            self.assertEqual({trace}, {span["trace"] for span in receiver.spans})
            counted = wait_until(lambda key=key: (found := self.ask("GET", "/v1/telemetry", key))["sent"] >= 4 and found, 10, "the counters")
            self.assertEqual((0, None), (counted["dropped"], counted["last_error"]))
            # Podflare's own span is the operator's as well, under the same id.
            self.assertEqual(own["id"], self.operator.wait_span("execute_tool run_code", trace)["id"])
        self.operator.wait_span("work-plain", without)
        self.assertEqual([], [span["name"] for span in self.operator.spans if span["name"] in ("work-0", "work-1")])

    def test_a_destination_that_hangs_or_is_away_changes_nothing_for_runs_and_neighbours(self) -> None:
        hung, healthy = self.receiver("hang"), self.receiver()
        (_, slow), (_, fast) = self.tenant(), self.tenant()
        self.ask("PUT", "/v1/telemetry", slow, {"endpoint": hung.url})
        self.ask("PUT", "/v1/telemetry", fast, {"endpoint": healthy.url})
        began = time.monotonic()
        for i in range(3):
            self.run_in_new(slow, f"slow-{i}")
        trace, run = self.run_in_new(fast, "fast")
        healthy.wait_span("fast", trace, podflare_run_id=run)
        # One request to the hanging one would last 10 s.
        self.assertLess(time.monotonic() - began, 9)
        self.ask("PUT", "/v1/telemetry", slow, {"endpoint": "http://127.0.0.1:9"})
        self.assertEqual("connect", self.ask("POST", "/v1/telemetry/test", slow)["outcome"])
        self.run_in_new(slow, "away")
        wait_until(lambda: self.ask("GET", "/v1/telemetry", slow)["last_error"] == "connect", 15, "the error is shown")

    def test_code_and_output_go_to_the_tenants_destination_alone_and_without_secrets(self) -> None:
        receiver = self.receiver()
        _, key = self.tenant()
        self.ask("PUT", "/v1/telemetry", key, {"endpoint": receiver.url, "capture_content": True, "redact": ["id-[0-9]+"]})
        planted = "sesame-" + secrets.token_hex(8)
        code = "import os, sys\nprint('x' * 20_000)\nprint(os.environ['TOKEN'], os.environ['MORE'], 'Bearer abcdef123456', 'id-4711')\nprint('oh', file=sys.stderr)\nsys.exit(3)"
        trace, run = self.run_in_new(key, "", {"env": {"MORE": planted + "-more"}}, code, env={"TOKEN": planted})
        told = receiver.wait_span("execute_tool run_code", trace, podflare_run_id=run)["attributes"]
        self.assertEqual((code.replace("Bearer abcdef123456", "[redacted]").replace("id-4711", "[redacted]"), "text/x-python"), (told["input.value"], told["input.mime_type"]))
        result = json.loads(told["gen_ai.tool.call.result"])
        self.assertEqual((3, "oh\n", told["output.value"], True), (result["exit_code"], result["stderr"], result["stdout"], told["podflare.content.truncated"]))
        self.assertTrue(told["output.value"].startswith("xxx"))
        self.assertTrue(told["output.value"].endswith("\n[redacted] [redacted] [redacted] [redacted]\n"), told["output.value"][-200:])
        self.assertLessEqual(len(told["output.value"].encode()), 8192)
        self.assertEqual("python", json.loads(told["gen_ai.tool.call.arguments"])["language"])
        for create, body in (({"capture_content": False}, {}), ({}, {"capture_content": False})):
            other, run = self.run_in_new(key, "", create, "print('quiet')", **body)
            told = receiver.wait_span("execute_tool run_code", other, podflare_run_id=run)["attributes"]
            self.assertEqual([], [name for name in told if "value" in name or "content" in name or "call" in name])
        self.operator.wait_span("execute_tool run_code", trace)
        for everywhere in (json.dumps(self.operator.requests), self.service.text()):
            self.assertNotIn(planted, everywhere)
            self.assertNotIn("input.value", everywhere)
        self.assertNotIn(planted, json.dumps(receiver.requests))

    def test_a_test_sends_one_span_and_a_removed_destination_gets_nothing(self) -> None:
        receiver = self.receiver()
        _, key = self.tenant()
        self.ask("PUT", "/v1/telemetry", key, {"endpoint": receiver.url + "/v1/traces", "signals": ["traces"]})
        self.assertEqual("200", self.ask("POST", "/v1/telemetry/test", key)["outcome"])
        receiver.wait_span("podflare.telemetry.test")
        self.ask("DELETE", "/v1/telemetry", key)
        self.assertIsNone(self.ask("GET", "/v1/telemetry", key)["endpoint"])
        trace, _ = self.run_in_new(key, "after")
        self.operator.wait_span("after", trace)
        self.assertEqual(["podflare.telemetry.test"], [span["name"] for span in receiver.spans])
        audit = wait_until(lambda: (found := self.ask("GET", "/v1/audit?action=telemetry.update", key)["entries"]) and len(found) == 2 and found, 20, "both changes are in the audit log")
        self.assertEqual([[receiver.url, None], [None, receiver.url]], [entry["changes"]["endpoint"] for entry in audit])


if __name__ == "__main__":
    unittest.main()
