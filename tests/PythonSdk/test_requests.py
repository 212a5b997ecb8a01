"""How a client is set up, what it sends, and what it repeats."""

from __future__ import annotations

import os
import time
import unittest
from email.utils import formatdate
from unittest import mock

import podflare
from flavours import QUICK
from podflare import (
    ApiError,
    Client,
    ConnectionFailedError,
    InternalServerError,
    InvalidRequestError,
    NotFoundError,
    ProtocolError,
    RetryPolicy,
    Sandbox,
    SandboxQuotaExceededError,
    UnavailableError,
)
from podflare._problems import BY_CODE, error_of, is_worth_repeating
from podflare._retry import Budget
from podflare._settings import settings_of
from scripted_server import SANDBOX, ScriptedServer, end
from service import REPOSITORY, free_port


class SettingsTests(unittest.TestCase):
    def host_of(self, host: str | None = None, **environment: str) -> str:
        return settings_of(host, None, None, None, 1, 1, None, environment).base

    def test_the_address(self) -> None:
        self.assertEqual("http://127.0.0.1:7070", self.host_of())
        self.assertEqual("http://other:1", self.host_of(PODFLARE_HOSTD_URL="http://other:1/"))
        self.assertEqual("https://here/x", self.host_of("https://here/x/", PODFLARE_HOSTD_URL="http://other:1"))
        self.assertEqual("http://here:1", self.host_of("here:1"))
        # Another client reads the same variable, and needs another mount.
        self.assertEqual("http://here:1", self.host_of(PODFLARE_HOSTD_URL="http://here:1/compat/podflare/"))
        for host in ("ftp://here", "http://", "http://here/?a=1", "/path"):
            self.assertRaises(ValueError, self.host_of, host)

    def test_the_key(self) -> None:
        with ScriptedServer(lambda x: x.json({"id": SANDBOX, "state": "ready"})) as server, mock.patch.dict(os.environ):
            for api_key, variable, sent in ((None, None, None), (None, "env", "Bearer env"), ("own", "env", "Bearer own")):
                os.environ.pop("PODFLARE_API_KEY", None)
                if variable:
                    os.environ["PODFLARE_API_KEY"] = variable
                with Client(server.url, api_key) as client:
                    client.get_sandbox(SANDBOX)
                    self.assertNotIn("env", repr(client._operations.settings))
                self.assertEqual(sent, server.requests[-1].headers.get("authorization"))
        self.assertRaises(ValueError, Client, api_key="a\r\nb")

    def test_signs_of_life_come_within_the_read_timeout(self) -> None:
        for read_timeout, heartbeat in ((60, 15), (30, 15), (10, 5), (2, 1)):
            self.assertEqual(heartbeat, settings_of(None, None, None, None, 1, read_timeout, None, {}).heartbeat_seconds)

    def test_wrong_arguments(self) -> None:
        for arguments in ({"read_timeout_seconds": 0}, {"connect_timeout_seconds": -1}, {"read_timeout_seconds": float("inf")}):
            self.assertRaises(ValueError, Client, **arguments)
        self.assertRaises(ValueError, RetryPolicy, retries=-1)
        self.assertRaises(ValueError, Sandbox, client=Client(), host="http://here")
        self.assertRaises(ValueError, Sandbox, idempotency_key="é")
        self.assertRaises(ValueError, Sandbox, timeout_seconds=-1)
        self.assertRaises(TypeError, Sandbox, metadata={"a": 1})


class RequestTests(unittest.TestCase):
    def test_a_create_carries_what_was_asked_for_and_nothing_else(self) -> None:
        with ScriptedServer(lambda x: x.events(end(1))) as server:
            with Sandbox(host=server.url):
                pass
            with Sandbox(
                "small", host=server.url, timeout_seconds=60, idle_timeout_seconds=1.5, ram_mib=256, rootfs_gb=1, egress=False, metadata={"a": "b"}, env={"C": "d"}
            ) as sandbox:
                sandbox.run_code("1")
                sandbox.run_code("1", language="bash", env={"A": "b"}, timeout_seconds=2, on_disconnect="interrupt")
            asked = {"timeout_seconds": 60, "idle_timeout_seconds": 1.5, "ram_mib": 256, "rootfs_gb": 1, "egress": False, "metadata": {"a": "b"}, "env": {"C": "d"}}
            self.assertEqual([{}, {"template": "small", **asked}], [seen.json for seen in server.creates])
            more = {"language": "bash", "env": {"A": "b"}, "timeout_seconds": 2, "on_disconnect": "interrupt"}
            self.assertEqual([{"code": "1", "language": "python"}, {"code": "1", **more}], [seen.json for seen in server.requests])
            keys = [seen.headers["idempotency-key"] for seen in (*server.creates, *server.requests)]
            self.assertEqual(4, len(set(keys)))
            self.assertTrue(all(seen.headers["accept-encoding"] == "identity" for seen in server.requests))

    def test_a_create_names_the_hosts_that_the_sandbox_can_reach(self) -> None:
        with ScriptedServer(lambda x: x.events(end(1))) as server:
            for hosts in (["api.example.com", "*.b.example"], ("api.example.com",)):
                with Sandbox(host=server.url, egress=hosts):
                    pass
            self.assertEqual([{"egress": {"allow": ["api.example.com", "*.b.example"]}}, {"egress": {"allow": ["api.example.com"]}}], [seen.json for seen in server.creates])

    def test_pages_are_followed(self) -> None:
        scripts = (
            lambda x: x.json({"sandboxes": [{"id": "sbx_1", "state": "ready"}], "next_cursor": "c/1"}),
            lambda x: x.json({"sandboxes": [{"id": "sbx_2", "state": "ready"}], "next_cursor": None, "warnings": ["host h did not answer"]}),
        )
        with ScriptedServer(*scripts) as server, Client(server.url) as client:
            with self.assertWarns(podflare.PodflareWarning):
                found = [info.id for info in client.list_sandboxes(state="ready", metadata={"a b": "c&d"}, page_size=1)]
            self.assertEqual(["sbx_1", "sbx_2"], found)
            self.assertEqual(
                ["/v1/sandboxes?state=ready&limit=1&metadata.a%20b=c%26d", "/v1/sandboxes?state=ready&limit=1&cursor=c%2F1&metadata.a%20b=c%26d"],
                [seen.target for seen in server.requests],
            )


class RepeatTests(unittest.TestCase):
    def get(self, server: ScriptedServer, retry: RetryPolicy = QUICK) -> object:
        with Client(server.url, retry=retry) as client:
            return client.get_sandbox(SANDBOX)

    def test_what_may_pass_is_repeated(self) -> None:
        scripts = (
            lambda x: x.drop(),
            lambda x: x.bytes(b"<html>bad gateway</html>", 502),
            lambda x: x.problem(503, "storage_unavailable", {"retry-after": "0"}),
            lambda x: x.json({"id": SANDBOX, "state": "ready"}),
        )
        with ScriptedServer(*scripts) as server:
            self.get(server)
            self.assertEqual(4, len(server.requests))

    def test_what_will_not_pass_is_not(self) -> None:
        for status, code in ((400, "invalid_request"), (404, "sandbox_not_found"), (429, "sandbox_quota_exceeded"), (500, "internal"), (501, "not_offered")):
            with ScriptedServer(lambda x: x.problem(status, code, {"retry-after": "0"})) as server:
                self.assertRaises(BY_CODE[code], self.get, server)
                self.assertEqual(1, len(server.requests), code)

    def test_the_servers_wait_is_kept(self) -> None:
        with ScriptedServer(lambda x: x.problem(503, "no_capacity", {"retry-after": "1"}), lambda x: x.json({"id": SANDBOX, "state": ""})) as server:
            started = time.monotonic()
            self.get(server)
            self.assertGreaterEqual(time.monotonic() - started, 1)

    def test_a_wait_that_is_too_long_raises(self) -> None:
        with ScriptedServer(lambda x: x.problem(429, "rate_limited", {"retry-after": "3600"})) as server:
            with self.assertRaises(ApiError) as caught:
                self.get(server)
            self.assertEqual((3600, 1), (caught.exception.retry_after, len(server.requests)))

    def test_a_policy_of_nothing(self) -> None:
        with ScriptedServer(lambda x: x.problem(503, "shutting_down", {"retry-after": "0"})) as server:
            self.assertRaises(UnavailableError, self.get, server, RetryPolicy.none())
            self.assertEqual(1, len(server.requests))

    def test_no_server_is_told(self) -> None:
        with self.assertRaisesRegex(ConnectionFailedError, "could not reach the server"):
            Client(f"http://127.0.0.1:{free_port()}", retry=QUICK).check_health()

    def test_delays_grow_vary_and_keep_to_the_server(self) -> None:
        policy = RetryPolicy(first_delay_seconds=1, max_delay_seconds=4)
        budget = Budget(4, policy)
        delays = [budget.spend() for _ in range(5)]
        self.assertIsNone(delays.pop())
        for delay, most in zip(delays, (1, 2, 4, 4)):
            assert delay is not None
            self.assertTrue(most / 2 <= delay <= most)
        budget.reset()
        first = budget.spend(10)
        assert first is not None
        self.assertTrue(10.5 <= first <= 11)
        self.assertGreater(len({Budget(1, policy).spend() for _ in range(20)}), 1)

    def test_an_answer_that_cannot_be_read_raises(self) -> None:
        for body in (b"", b"[]", b"{}", b"<html>"):
            with ScriptedServer(lambda x: x.bytes(body)) as server:
                self.assertRaises(ProtocolError, self.get, server)


class ErrorTests(unittest.TestCase):
    def test_every_code_has_its_class(self) -> None:
        for code, kind in BY_CODE.items():
            error = error_of(418, {}, f'{{"code":"{code}"}}'.encode(), 0)
            self.assertIs(kind, type(error))
            self.assertIs(kind, getattr(podflare, kind.__name__))
            self.assertIn(kind.__name__, podflare.__all__)

    def test_every_code_of_the_server_is_known(self) -> None:
        pages = {page.stem for page in (REPOSITORY / "docs/errors").glob("*.md")} - {"README"}
        self.assertGreater(len(pages), 30)
        self.assertEqual(set(), pages - BY_CODE.keys())

    def test_a_full_log_is_caught_as_before_it_had_a_class(self) -> None:
        for status, kind in ((429, podflare.TooManyRequestsError), (503, UnavailableError)):
            with ScriptedServer(lambda x: x.problem(status, "log_budget_exceeded", {"retry-after": "0"})) as server, Client(server.url, retry=QUICK) as client:
                with self.assertRaises(kind) as caught:
                    Sandbox.attach(SANDBOX, client=client).run_code("1")
                self.assertIs(podflare.LogBudgetExceededError, type(caught.exception))
                self.assertEqual(4, len(server.requests), "it is worth waiting for")

    def test_all_parts(self) -> None:
        body = b'{"error":"e","detail":"d","code":"invalid_request","trace_id":"t","errors":{"env":["a","b"],"code":"c"},"oldest_seq":5,"ended_reason":"idle"}'
        error = error_of(400, {"retry-after": "2"}, body, 0)
        self.assertIsInstance(error, InvalidRequestError)
        self.assertEqual(("d", 400, "t", 2, 5, "idle"), (error.message, error.status, error.trace_id, error.retry_after, error.oldest_seq, error.ended_reason))
        self.assertEqual({"env": ("a", "b"), "code": ("c",)}, error.errors)
        self.assertEqual("d; env: a, b; code: c (code=invalid_request, trace_id=t)", str(error))

    def test_what_has_no_code(self) -> None:
        self.assertIsInstance(error_of(404, {}, b"nothing here", 0), NotFoundError)
        self.assertIsInstance(error_of(404, {}, b'{"code":"from_the_future"}', 0), NotFoundError)
        self.assertIsInstance(error_of(500, {}, b"null", 0), InternalServerError)
        self.assertIs(ApiError, type(error_of(302, {}, b"", 0)))
        self.assertEqual({}, error_of(400, {}, b'{"errors":null}', 0).errors)

    def test_a_wait_until_a_date(self) -> None:
        self.assertEqual(30, error_of(503, {"retry-after": formatdate(1_000_030, usegmt=True)}, b"", 1_000_000).retry_after)
        self.assertIsNone(error_of(503, {"retry-after": "soon"}, b"", 0).retry_after)

    def test_a_writer_waits_for_a_full_input_itself(self) -> None:
        full = error_of(429, {"retry-after": "1"}, b'{"code":"stdin_full","offset":7}', 0)
        self.assertEqual((podflare.StdinFullError, 7, False), (type(full), full.offset, is_worth_repeating(full)))

    def test_a_quota_is_no_matter_of_waiting(self) -> None:
        self.assertTrue(issubclass(SandboxQuotaExceededError, podflare.TooManyRequestsError))
