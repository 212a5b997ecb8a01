"""Keys, tenants, usage and the audit log of a real service that requires keys."""

from __future__ import annotations

import hashlib
import json
import secrets
import unittest
from collections.abc import Callable

from podflare import (
    AuthenticationError,
    Client,
    InsufficientScopeError,
    KeyFromEnvironmentError,
    KeyNotFoundError,
    RetryPolicy,
    Sandbox,
    TenantExistsError,
    TenantNotFoundError,
    TenantSuspendedError,
)
from service import ADMIN_KEY, API_KEY, WITH_KEYS, wait_until


class ServiceAdministrationTests(unittest.TestCase):
    admin: Client

    @classmethod
    def setUpClass(cls) -> None:
        cls.admin = cls.enterClassContext(Client(WITH_KEYS.url, ADMIN_KEY))

    def setUp(self) -> None:
        self.tenant = f"t-{secrets.token_hex(6)}"
        self.admin.tenants.create(self.tenant, limits={"sandboxes": 2})

    def client_of(self, api_key: str) -> Client:
        return self.enterContext(Client(WITH_KEYS.url, api_key, retry=RetryPolicy.none()))

    def wait_for_refusal(self, kind: type[Exception], act: Callable[[], object]) -> None:
        def is_refused() -> bool:
            try:
                act()
            except kind:
                return True
            return False

        wait_until(is_refused, 20, f"{kind.__name__} is raised")

    def test_a_key_works_until_it_is_revoked(self) -> None:
        made = self.admin.keys.create("ci", ["sandboxes"], tenant=self.tenant, expires_in_seconds=3600)
        ci = self.client_of(made.secret)
        self.assertEqual((made.id, "ci", self.tenant, "active"), ((known := ci.keys.current()).id, known.name, known.tenant, known.state))
        self.assertTrue(made.secret.startswith(made.prefix or "-"))
        with self.assertRaises(InsufficientScopeError):
            ci.keys.create("more")
        self.assertRaises(InsufficientScopeError, ci.tenants.get, self.tenant)

        self.assertEqual("build", self.admin.keys.update(made.id, name="build").name)
        rotated = self.admin.keys.rotate(made.id, overlap_seconds=3600)
        self.assertEqual((made.id, "build"), (rotated.replaces, rotated.name))
        self.client_of(rotated.secret).check_health()
        self.assertEqual({made.id, rotated.id}, {key.id for key in self.admin.keys.list(tenant=self.tenant, page_size=1)})

        self.admin.keys.revoke(made.id)
        self.admin.keys.revoke(made.id)
        self.wait_for_refusal(AuthenticationError, ci.keys.current)
        self.assertEqual([made.id], [key.id for key in self.admin.keys.list(tenant=self.tenant, state="revoked")])
        self.assertRaises(KeyNotFoundError, self.admin.keys.get, "key_" + "0" * 24)
        environment = self.client_of(API_KEY).keys.current()
        self.assertRaises(KeyFromEnvironmentError, self.admin.keys.revoke, environment.id)

    def test_a_tenant_from_create_to_delete(self) -> None:
        self.assertEqual({"sandboxes": 2}, {name: limit for name, limit in self.admin.tenants.get(self.tenant).limits.items() if limit is not None})
        self.assertRaises(TenantExistsError, self.admin.tenants.create, self.tenant)
        self.assertRaises(TenantNotFoundError, self.admin.tenants.get, "nobody")
        self.assertIn(self.tenant, [tenant.id for tenant in self.admin.tenants.list(page_size=1)])
        changed = self.admin.tenants.update(self.tenant, limits={"sandboxes": None, "running": 3})
        self.assertEqual((None, 3), (changed.limits["sandboxes"], changed.limits["running"]))

        user = self.client_of(self.admin.keys.create("user", tenant=self.tenant).secret)
        sandbox = Sandbox(client=user)
        mine = user.tenants.current()
        assert mine.in_use is not None
        self.assertEqual((1, 3), (mine.in_use.sandboxes, mine.limits["running"]))
        self.assertEqual([(sandbox.id, "ready")], [(info.id, info.state) for info in self.admin.tenants.list_sandboxes(self.tenant)])
        self.admin.tenants.delete_sandbox(self.tenant, sandbox.id)
        self.assertEqual("ended", user.get_sandbox(sandbox.id).state)

        self.admin.tenants.update(self.tenant, state="suspended")
        self.wait_for_refusal(TenantSuspendedError, user.tenants.current)
        self.admin.tenants.delete(self.tenant)
        self.assertEqual("deleted", self.admin.tenants.get(self.tenant).state)

    def test_usage_and_audit_log_show_what_a_key_did(self) -> None:
        key = self.admin.keys.create("ci", ["sandboxes", "keys"], tenant=self.tenant)
        ci = self.client_of(key.secret)
        with Sandbox(client=ci) as sandbox:
            sandbox.run_code("print(1)")

        report = ci.usage(group_by=["key"])
        (row,) = report.rows
        self.assertEqual((key.id, "ci", 1, 1), (row.key, row.key_name, row.sandboxes, row.runs))
        self.assertGreater(row.sandbox_seconds, 0)
        self.assertEqual((row.sandbox_seconds, row.bytes_out), (report.total.sandbox_seconds, report.total.bytes_out))
        self.assertEqual({self.tenant}, {row.tenant for row in self.admin.usage(tenant=self.tenant, group_by=["tenant"]).rows})

        wait_until(lambda: len(list(ci.list_audit_entries())) == 4, 20, "all acts are in the log")
        entries = list(ci.list_audit_entries(page_size=1))
        self.assertEqual([4, 3, 2, 1], [entry.seq for entry in entries])
        self.assertEqual(["key.create", "sandbox.create", "sandbox.delete", "tenant.create"], sorted(entry.action for entry in entries))
        (end,) = self.admin.list_audit_entries(tenant=self.tenant, action="sandbox.delete")
        self.assertEqual((key.id, sandbox.id), (end.actor_id, end.target_id))
        # The complete entry is what its hash was computed over.
        text = json.dumps({name: value for name, value in entries[0].raw.items() if name != "hash"}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        self.assertEqual(entries[0].hash, hashlib.sha256(f"{entries[0].prev}\n{text}".encode()).hexdigest())
        self.assertEqual(entries[1].hash, entries[0].prev)
