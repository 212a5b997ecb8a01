"""What a result carries: every part that the server sends, text for people and models, and the ways to get one."""

from __future__ import annotations

import asyncio
import unittest
from typing import Any

from podflare import AsyncClient, AsyncSandbox, Client, CodeError, RunInfo, RunResult, Sandbox, SandboxInfo
from scripted_server import RUN, SANDBOX, Exchange, ScriptedServer, end, out

HEADERS = {
    "podflare-trace-id": "cd" * 16,
    "podflare-repl-restarted": "1",
    "podflare-warning": "timeout_seconds was brought down to the maximum of 86400; env is large",
    "idempotent-replayed": "true",
}
WARNINGS = ("timeout_seconds was brought down to the maximum of 86400", "env is large")


def err(seq: int, data: str) -> dict[str, Any]:
    return {"type": "stderr", "data": data, "seq": seq, "ts": 1}


class ResultTests(unittest.TestCase):
    def results(self, *scripts: Any) -> list[RunResult]:
        """The result of one run, from each way to get one."""

        def blocking(url: str) -> list[RunResult]:
            with Client(url) as client:
                sandbox = Sandbox.attach(SANDBOX, client=client)
                found = [sandbox.run_code("1"), sandbox.run_code_stream("1").result(), sandbox.start_code("1").result()]
                with sandbox.run_code_stream("1") as stream:
                    list(stream)
                    return [*found, stream.result()]

        async def asynchronous(url: str) -> list[RunResult]:
            async with AsyncClient(url) as client:
                sandbox = AsyncSandbox.attach(SANDBOX, client=client)
                found = [await sandbox.run_code("1"), await sandbox.run_code_stream("1").result(), await (await sandbox.start_code("1")).result()]
                async with sandbox.run_code_stream("1") as stream:
                    async for _ in stream:
                        pass
                    return [*found, await stream.result()]

        with ScriptedServer(*scripts) as server:
            return blocking(server.url) + asyncio.run(asynchronous(server.url))

    def test_every_way_to_a_result_carries_all_that_the_server_sends(self) -> None:
        for result in self.results(lambda x: x.events(out(1), err(2, "e\n"), out(3), end(4, 124, reason="timeout", state_lost=True), headers=HEADERS)):
            self.assertEqual(("x\nx\n", "e\n", "x\ne\nx\n", 124, "timeout"), (result.stdout, result.stderr, result.text, result.exit_code, result.reason))
            self.assertEqual((RUN, "cd" * 16, True, True, True), (result.run_id, result.trace_id, result.repl_restarted, result.state_lost, result.was_replayed))
            self.assertEqual(WARNINGS, result.warnings)

    def test_warnings_survive_a_broken_connection(self) -> None:
        with ScriptedServer(lambda x: x.events(out(1), cut=True, headers=HEADERS), lambda x: x.events(end(2))) as server:
            with Client(server.url) as client, Sandbox.attach(SANDBOX, client=client).run_code_stream("1") as stream:
                self.assertEqual(WARNINGS, stream.warnings)
                self.assertEqual((WARNINGS, True), (stream.result().warnings, stream.result().was_replayed))

    def test_descriptions_carry_all_that_the_server_sends(self) -> None:
        sandbox = SandboxInfo.parse({"id": "sbx_1", "state": "ready", "egress": True, "idle_timeout_seconds": 1.5})
        self.assertEqual((True, 1.5, ()), (sandbox.egress, sandbox.idle_timeout_seconds, sandbox.egress_allow))
        named = SandboxInfo.parse({"id": "sbx_1", "egress": True, "egress_allow": ["api.example.com"]})
        self.assertEqual(("api.example.com",), named.egress_allow)
        run = RunInfo.parse({"id": "run_1", "state": "ended", "language": "bash", "timeout_seconds": 300, "state_lost": True})
        self.assertEqual(("bash", 300, True), (run.language, run.timeout_seconds, run.state_lost))

    def test_output_is_kept_up_to_a_limit(self) -> None:
        with ScriptedServer(lambda x: x.events(out(1, "abc"), out(2, "def"), out(3, "g"), end(4))) as server:
            for limit, stdout in ((0, ""), (4, "abcd"), (6, "abcdef"), (7, "abcdefg")):
                with Client(server.url, max_result_chars=limit) as client:
                    result = Sandbox.attach(SANDBOX, client=client).run_code("1")
                    self.assertEqual((stdout, limit < 7, 0), (result.stdout, result.truncated, result.exit_code))
        self.assertRaises(ValueError, Client, max_result_chars=-1)

    def test_a_traceback_is_shown_once(self) -> None:
        result = RunResult("", "Traceback\nE: e\n", 1, None, CodeError("E", "e", "Traceback\nE: e\n"), RUN, None)
        self.assertEqual(1, repr(result).count("Traceback"))


class WaysTests(unittest.TestCase):
    def test_other_names_of_arguments(self) -> None:
        with ScriptedServer(lambda x: x.events(out(1), err(2, "e\n"), end(3))) as server, Client(server.url) as client:
            sandbox = Sandbox.create("small", client=client, timeout=60, envs={"A": "b"})
            seen: list[str] = []
            sandbox.run_code("1", timeout=5, envs={"C": "d"}, on_stdout=lambda event: seen.append(f"out {event}"), on_stderr=lambda event: seen.append(f"err {event}"))
            self.assertEqual(["out x\n", "err e\n"], seen)
            self.assertEqual({"template": "small", "timeout_seconds": 60, "env": {"A": "b"}}, server.creates[0].json)
            self.assertEqual({"code": "1", "language": "python", "timeout_seconds": 5, "env": {"C": "d"}}, server.requests[0].json)
            self.assertRaisesRegex(TypeError, "timeout_seconds and timeout", sandbox.run_code, "1", timeout=1, timeout_seconds=1)
            self.assertRaisesRegex(TypeError, "env and envs", Sandbox, client=client, env={}, envs={})

    def test_an_asynchronous_callback_is_awaited(self) -> None:
        seen: list[str] = []

        async def note(event: object) -> None:
            await asyncio.sleep(0)
            seen.append(str(event))

        async def main() -> None:
            async with await AsyncSandbox.create(host=server.url, timeout=60) as sandbox:
                await sandbox.run_code("1", on_stdout=note, on_stderr=lambda event: seen.append("err"))

        with ScriptedServer(lambda x: x.events(out(1), err(2, "e\n"), end(3))) as server:
            asyncio.run(main())
        self.assertEqual(["x\n", "err"], seen)

    def test_a_background_run_is_started_once_and_read_when_it_is_wanted(self) -> None:
        scripts = (lambda x: x.events(out(1), cut=True, headers=HEADERS), lambda x: x.events(out(1), end(2)))
        with ScriptedServer(*scripts) as server, Client(server.url) as client:
            run = Sandbox.attach(SANDBOX, client=client).start_code("1")
            self.assertEqual((RUN, 1), (run.run_id, len(server.requests)))
            self.assertEqual("x\n", run.result().stdout)
            self.assertEqual(["POST", "GET"], [seen.method for seen in server.requests])

    def test_connect_and_list(self) -> None:
        def answer(x: Exchange) -> None:
            if x.seen.target.partition("?")[0] == "/v1/sandboxes":
                x.json({"sandboxes": [{"id": "sbx_1", "state": "ready"}], "next_cursor": None})
            else:
                x.json({"id": SANDBOX, **state})

        state: dict[str, str] = {"state": "ready"}
        with ScriptedServer(answer) as server:
            self.assertEqual(["sbx_1"], [info.id for info in Sandbox.list(state="ready", host=server.url)])
            with Sandbox.connect(SANDBOX, host=server.url) as sandbox:
                self.assertEqual(SANDBOX, sandbox.id)
            for state, kind in (({"state": "ended", "ended_reason": "idle"}, "SandboxEndedError"), ({"state": "lost"}, "SandboxLostError")):
                with self.assertRaises(Exception) as caught:
                    Sandbox.connect(SANDBOX, host=server.url)
                self.assertEqual(kind, type(caught.exception).__name__)

            async def asynchronous() -> list[str]:
                state["state"] = "ready"
                await (await AsyncSandbox.connect(SANDBOX, host=server.url)).close()
                return [info.id async for info in AsyncSandbox.list(host=server.url)]

            self.assertEqual(["sbx_1"], asyncio.run(asynchronous()))
