"""Mistakes that a new user makes: each gives an error, or a warning, that names the argument and says what was meant."""

from __future__ import annotations

import asyncio
import io
import unittest
import warnings
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from podflare import AsyncClient, AsyncSandbox, Client, PodflareWarning, RetryPolicy, Sandbox
from scripted_server import SANDBOX, ScriptedServer, end
from service import free_port

# Nothing listens there: an argument is refused before anything is sent.
NOWHERE = f"http://127.0.0.1:{free_port()}"
RUN = "run_0123456789abcdef0123456789abcdef"


class MistakesTests(unittest.TestCase):
    def refused(self, kind: type[Exception], text: str, call: Callable[[], object]) -> None:
        with self.subTest(text), self.assertRaisesRegex(kind, text):
            call()

    def test_arguments_of_a_sandbox(self) -> None:
        for make in (Sandbox, AsyncSandbox):
            for kind, text, arguments in (
                (ValueError, r"template .*not an address: use Sandbox\(host='http://here:1'\)", ("http://here:1",)),
                (ValueError, r"template .*use Sandbox.attach\('sbx_1'\)", ("sbx_1",)),
                (TypeError, "template must be a str", (3,)),
            ):
                self.refused(kind, text, lambda: make(*arguments, host=NOWHERE))
            for kind, text, named in (
                (TypeError, "timeout_seconds must be a number of seconds, not str", {"timeout_seconds": "10"}),
                (TypeError, r"timeout_seconds .*\.total_seconds\(\)", {"timeout": timedelta(seconds=1)}),
                (TypeError, "idle_timeout_seconds must be a number", {"idle_timeout_seconds": True}),
                (ValueError, "timeout_seconds must be a positive number of seconds, not 0", {"timeout_seconds": 0}),
                (ValueError, "timeout_seconds must be a positive number", {"timeout_seconds": float("nan")}),
                (TypeError, r"ram_mib must be an int \(MiB\)", {"ram_mib": "512"}),
                (TypeError, "ram_mib must be an int", {"ram_mib": 512.5}),
                (ValueError, "rootfs_gb must be at least 1", {"rootfs_gb": 0}),
                (TypeError, "egress must be True, False or a list of host names, not 'yes'", {"egress": "yes"}),
                (TypeError, "egress must be a str, not int", {"egress": ["a.example", 1]}),
                (ValueError, "egress must be a list of at least one host name", {"egress": []}),
                (TypeError, r"env\['A'\] must be a str, not int", {"env": {"A": 1}}),
                (TypeError, "env must be a mapping of str to str", {"env": "A=b"}),
                (TypeError, "env must be a mapping of str to str", {"envs": [("A", "b")]}),
                (TypeError, "keys of metadata must be str", {"metadata": {1: "a"}}),
                (TypeError, "idempotency_key must be a str", {"idempotency_key": 1}),
                (ValueError, "api_key must be an API key, not an address", {"api_key": "http://here"}),
                (TypeError, "host must be a str", {"host": 7070}),
                (ValueError, "host .*not an API key", {"host": "pf_live_abc"}),
            ):
                self.refused(kind, text, lambda: make(**{"host": NOWHERE, **named}))
        self.refused(ValueError, r"template .*API key: use Sandbox\(api_key=…\)$", lambda: Sandbox("pf_live_secret"))

    def test_clients_that_do_not_fit(self) -> None:
        self.refused(TypeError, "client must be a Client, not AsyncClient: use AsyncSandbox", lambda: Sandbox(client=AsyncClient(NOWHERE)))
        self.refused(TypeError, "client must be an AsyncClient, not Client: use Sandbox", lambda: AsyncSandbox(client=Client(NOWHERE)))
        self.refused(TypeError, "client must be a Client, not str", lambda: Sandbox.attach(SANDBOX, client="http://here"))
        self.refused(ValueError, "host and api_key belong to the client", lambda: Sandbox(client=Client(NOWHERE), api_key="a"))
        self.refused(TypeError, "retry must be a RetryPolicy", lambda: Client(NOWHERE, retry=3))
        self.refused(TypeError, "retries must be a number", lambda: RetryPolicy(retries="3"))
        self.refused(TypeError, "read_timeout_seconds must be a number", lambda: Client(NOWHERE, read_timeout_seconds=None))
        for host in ("http://here:99999", "http://here:x", "http://a b", "http://user:secret@here"):
            self.refused(ValueError, "^host must", lambda: Client(host))

    def test_ids_that_are_mixed_up(self) -> None:
        sandbox = Sandbox.attach(SANDBOX, host=NOWHERE)
        self.refused(ValueError, "sandbox_id must be an id such as sbx_…, not an address", lambda: Sandbox.attach("http://here"))
        self.refused(ValueError, "sandbox_id must be an id such as sbx_…, not 'run_1'", lambda: Sandbox.attach("run_1"))
        self.refused(TypeError, "sandbox_id must be a str, not Sandbox: pass its id", lambda: Sandbox.attach(sandbox))
        self.refused(ValueError, "sandbox_id must be an id", lambda: Sandbox.attach(""))
        self.refused(ValueError, "run_id must be an id such as run_…, not 'sbx_1'", lambda: sandbox.get_run("sbx_1"))
        self.refused(TypeError, "run_id must be a str, not RunStream: pass its run_id", lambda: sandbox.follow(sandbox.run_code_stream("1")))
        self.refused(TypeError, "after must be an int", lambda: sandbox.follow(RUN, after="3"))
        self.refused(ValueError, "after must be at least 0", lambda: sandbox.follow(RUN, after=-1))

    def test_arguments_of_a_run_and_a_file(self) -> None:
        sandbox = Sandbox.attach(SANDBOX, host=NOWHERE)
        self.refused(TypeError, "code must be a str, not bytes: decode it", lambda: sandbox.run_code(b"1"))
        self.refused(TypeError, r"code must be a str, not PosixPath: pass the file's content.*read_text\(\)", lambda: sandbox.run_code(Path("a.py")))
        self.refused(TypeError, "code must be a str, not list", lambda: sandbox.run_code(["ls", "-l"]))
        self.refused(TypeError, "language must be a str", lambda: sandbox.run_code("1", language=None))
        self.refused(TypeError, "timeout_seconds must be a number", lambda: sandbox.run_code("1", timeout="1"))
        self.refused(TypeError, r"env\['A'\] must be a str, not NoneType", lambda: sandbox.run_code("1", env={"A": None}))
        self.refused(TypeError, "path must be a str, not bytes", lambda: sandbox.upload(b"data", "a.csv"))
        self.refused(TypeError, "path must be a str, not PosixPath", lambda: sandbox.download(Path("a")))
        self.refused(TypeError, "data must be bytes, a str, a Path", lambda: sandbox.upload("a", None))
        self.refused(TypeError, "data must be a file that is opened in binary mode", lambda: sandbox.upload("a", io.StringIO("text")))
        self.refused(TypeError, "target must be the path of a local file", lambda: sandbox.download_to("a", None))

    def test_an_address_with_the_version_of_the_api_is_understood(self) -> None:
        with ScriptedServer(lambda x: x.bytes(b"ok")) as server, Client(f"{server.url}/v1/") as client:
            client.check_health()
            self.assertEqual("/v1/healthz", server.requests[0].target)


class GrantTests(unittest.TestCase):
    """What was requested and not granted."""

    def warned(self, created: dict[str, Any], **arguments: Any) -> list[tuple[tuple[str, ...], list[tuple[type[Warning], str, str]]]]:
        """The sandbox's warnings, and the Python warnings with their file, in blocking and in asynchronous code."""

        def blocking(url: str) -> tuple[str, ...]:
            with Sandbox(host=url, **arguments) as sandbox:
                return sandbox.warnings

        async def asynchronous(url: str) -> tuple[str, ...]:
            async with AsyncSandbox(host=url, **arguments) as sandbox:
                return sandbox.warnings

        found = []
        for use in (blocking, lambda url: asyncio.run(asynchronous(url))):
            with ScriptedServer(lambda x: x.events(end(1)), created=created) as server, warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                found.append((use(server.url), [(item.category, str(item.message), Path(item.filename).name) for item in caught if issubclass(item.category, PodflareWarning)]))
        return found

    def test_what_the_server_did_not_grant_is_warned_of_at_the_callers_line(self) -> None:
        texts = ("egress is not offered here; the sandbox has none", "ram_mib was brought down to the maximum of 2048")
        for kept, issued in self.warned({"egress": False, "warnings": list(texts)}, egress=True, ram_mib=4096):
            self.assertEqual(texts, kept)
            self.assertEqual([(PodflareWarning, text, "test_mistakes.py") for text in texts], issued)

    def test_egress_that_is_missing_without_a_word_is_warned_of(self) -> None:
        for kept, issued in self.warned({"egress": False}, egress=True):
            self.assertEqual(("egress was requested, but the sandbox has none",), kept)
            self.assertEqual(1, len(issued))

    def test_a_warning_that_is_an_error_leaves_no_sandbox(self) -> None:
        def blocking(url: str) -> None:
            Sandbox(host=url, egress=True)

        async def asynchronous(url: str) -> None:
            await AsyncSandbox(host=url, egress=True)

        for use in (blocking, lambda url: asyncio.run(asynchronous(url))):
            with ScriptedServer(lambda x: x.drop(), created={"egress": False}) as server, warnings.catch_warnings():
                warnings.simplefilter("error", PodflareWarning)
                self.assertRaises(PodflareWarning, use, server.url)
                self.assertEqual(1, len(server.deletes))

    def test_what_was_granted_or_not_requested_is_not(self) -> None:
        for created, arguments in (({"egress": True}, {"egress": True}), ({"egress": False}, {}), ({"egress": False}, {"egress": False}), ({}, {"egress": True})):
            for kept, issued in self.warned(created, **arguments):
                self.assertEqual(((), []), (kept, issued))
