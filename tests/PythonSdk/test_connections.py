"""Connections that fail, and clients that are closed: what the user reads."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest import mock

from flavours import QUICK
from podflare import AsyncClient, AsyncSandbox, Client, ClientClosedError, ConnectionFailedError, PodflareError, RetryPolicy, Sandbox
from podflare._settings import settings_of
from scripted_server import SANDBOX, ScriptedServer, end, out
from service import free_port

PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


@contextmanager
def without_proxies() -> Iterator[None]:
    with mock.patch.dict(os.environ):
        for name in PROXIES:
            os.environ.pop(name, None)
        yield


def failure_of(url: str, retry: RetryPolicy = QUICK) -> list[PodflareError]:
    """What the blocking and the asynchronous client raise for a health check."""

    async def check() -> None:
        async with AsyncClient(url, retry=retry) as client:
            await client.check_health()

    def check_blocking() -> None:
        with Client(url, retry=retry) as client:
            client.check_health()

    found: list[PodflareError] = []
    for attempt in (check_blocking, lambda: asyncio.run(check())):
        try:
            attempt()
        except PodflareError as e:
            found.append(e)
    return found


class ConnectionTests(unittest.TestCase):
    def test_an_error_names_the_address_and_says_what_to_check(self) -> None:
        url = f"http://127.0.0.1:{free_port()}"
        with self.assertLogs("podflare", "INFO"):
            errors = failure_of(url)
        self.assertEqual(2, len(errors))
        for error in errors:
            self.assertIsInstance(error, ConnectionFailedError)
            for part in (f"could not reach the server at {url}", "refused", "Is the server running?", "podflare doctor", "after 4 attempts"):
                self.assertIn(part, str(error))

    def test_a_traceback_shows_nothing_of_the_http_library(self) -> None:
        code = f"from podflare import Client, RetryPolicy; Client('http://127.0.0.1:{free_port()}', retry=RetryPolicy.none()).check_health()"
        shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60).stderr
        self.assertIn("\npodflare.ConnectionFailedError: could not reach", shown)
        self.assertNotIn("httpcore/", shown)

    def test_waiting_for_a_server_is_logged_from_the_first_retry_on(self) -> None:
        with self.assertLogs("podflare", "WARNING") as logged:
            failure_of(f"http://127.0.0.1:{free_port()}")
        self.assertEqual(2 * 3, len(logged.output))
        self.assertRegex(logged.output[0], r"retrying in 0\.0[01] s \(attempt 2 of 4\): could not reach the server at http://127[.:\d]+: Connection refused$")

    def test_a_lost_server_is_logged_while_a_run_is_read(self) -> None:
        server = ScriptedServer(lambda x: x.events(out(1), cut=True))
        with Client(server.url, retry=QUICK) as client, self.assertLogs("podflare", "INFO") as logged:
            with Sandbox.attach(SANDBOX, client=client).run_code_stream("1") as stream:
                next(stream)
                server.__exit__()
                with self.assertRaises(ConnectionFailedError) as caught:
                    next(stream)
        self.assertTrue(any(line.startswith("WARNING") for line in logged.output), logged.output)
        self.assertIn(server.url, str(caught.exception))
        self.assertEqual(1, caught.exception.last_seq)

    def test_an_address_without_a_port_is_pointed_out(self) -> None:
        with mock.patch("socket.create_connection", side_effect=ConnectionRefusedError("refused")):
            with self.assertRaisesRegex(ConnectionFailedError, "has no port; by default the server listens on 7070"), Client("http://localhost", retry=RetryPolicy.none()) as client:
                client.check_health()

    def test_tls_where_the_server_has_none(self) -> None:
        with ScriptedServer(lambda x: x.bytes(b"ok")) as server:
            for error in failure_of(server.url.replace("http:", "https:"), RetryPolicy.none()):
                self.assertRegex(str(error), "Does the server use TLS")

    def test_this_machine_is_reached_without_a_proxy(self) -> None:
        # A SOCKS proxy, too: httpx refuses one when its package for it is missing, even if it is never used.
        for proxy in (f"http://127.0.0.1:{free_port()}", "socks5://127.0.0.1:1"):
            with mock.patch.dict(os.environ, {name: proxy for name in PROXIES}), ScriptedServer(lambda x: x.bytes(b"ok")) as server:
                self.assertEqual([], failure_of(server.url, RetryPolicy.none()))
                self.assertEqual([], failure_of(server.url.replace("127.0.0.1", "localhost"), RetryPolicy.none()))
                self.assertEqual(4, len(server.requests))

    def test_addresses_of_this_machine(self) -> None:
        for host, expected in (
            ("http://127.0.0.1:1", True), ("http://127.8.9.1", True), ("http://localhost", True), ("http://a.localhost:1", True), ("http://LOCALHOST.:1", True),
            ("http://[::1]:1", True), ("http://10.0.0.1", False), ("http://localhost.example", False), ("http://[::2]", False),
        ):
            self.assertEqual(expected, settings_of(host, None, None, None, 1, 1, None, {}).is_loopback, host)

    def test_a_proxy_is_used_for_other_machines_and_named_when_it_fails(self) -> None:
        with without_proxies():
            os.environ["ALL_PROXY"] = "nonsense://x"
            for kind in (Client, AsyncClient):
                self.assertRaisesRegex(ValueError, "ALL_PROXY", kind, "http://sandboxes.example")
        with ScriptedServer(lambda x: x.bytes(b"ok")) as proxy, without_proxies():
            os.environ["http_proxy"] = proxy.url
            self.assertEqual([], failure_of("http://sandboxes.example", RetryPolicy.none()))
            self.assertEqual({"http://sandboxes.example/v1/healthz"}, {seen.target for seen in proxy.requests})

    def test_a_server_that_hangs_does_not_hold_a_block_that_failed(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            started = time.monotonic()
            with self.assertRaises(KeyError), Sandbox.attach(SANDBOX, host=url) as sandbox:
                sandbox._ends_on_close = True
                raise KeyError
            self.assertLess(time.monotonic() - started, 15)


class ClosedTests(unittest.TestCase):
    def check(self, call: Callable[[], object]) -> None:
        with self.assertRaises(ClientClosedError) as caught:
            call()
        self.assertIsInstance(caught.exception, PodflareError)
        # Earlier versions let the RuntimeError of the HTTP library through.
        self.assertIsInstance(caught.exception, RuntimeError)
        self.assertRegex(str(caught.exception), r"^This client is closed; [^.]+\.$")

    def test_everything_after_close_raises_one_sentence(self) -> None:
        with ScriptedServer(lambda x: x.events(end(1))) as server:
            with Sandbox(host=server.url) as sandbox:
                pass
            stream = sandbox.run_code_stream("1")
            for call in (
                lambda: sandbox.run_code("1"), lambda: next(stream), lambda: sandbox.start_code("1"), sandbox.info, sandbox.delete,
                lambda: sandbox.upload("a", b""), lambda: sandbox.download("a"), lambda: list(sandbox.replay()),
            ):
                self.check(call)
            client = Client(server.url)
            client.close()
            client.close()
            self.check(client.check_health)
            self.check(lambda: Sandbox(client=client))

    def test_asynchronous(self) -> None:
        async def use() -> None:
            async with AsyncSandbox(host=server.url) as sandbox:
                pass
            await sandbox.run_code("1")

        with ScriptedServer(lambda x: x.events(end(1))) as server:
            self.check(lambda: asyncio.run(use()))
