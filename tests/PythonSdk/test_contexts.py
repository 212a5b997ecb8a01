"""Contexts, the list of runs, background output, and changes of a sandbox: what is sent, and what is made of the answers."""

from __future__ import annotations

import unittest
import warnings
from typing import Any

from both import sandboxes
from flavours import QUICK
from podflare import (
    ContextExistsError,
    ContextNotFoundError,
    ContextQuotaExceededError,
    ContextRequiredError,
    EventsEvictedError,
    PodflareWarning,
    SandboxUnreachableError,
)
from scripted_server import RUN, SANDBOX, Exchange, ScriptedServer, end, out

CONTEXT = {"id": "a", "language": "python", "cwd": "/tmp", "state": "idle", "run": None, "queued": 0, "execution_count": 3, "newer": 1}


class ContextTests(unittest.TestCase):
    def answer(self, x: Exchange) -> None:
        path = x.seen.target.partition("?")[0].removeprefix(f"/v1/sandboxes/{SANDBOX}")
        if path == "/contexts" and x.seen.method == "GET":
            x.json({"contexts": [{"id": "python"}, CONTEXT]})
        elif path == "/contexts":
            x.json({**CONTEXT, "id": x.seen.json["id"]}, 201)
        elif path == "/contexts/a/interrupt":
            x.json({"runs": [RUN]}, 202)
        elif path == "/contexts/a/restart":
            x.json({**CONTEXT, "execution_count": 0})
        elif x.seen.method == "DELETE":
            x.bytes(b"", 204)
        elif path == "/contexts/a":
            x.json(CONTEXT)
        elif path == "/exec":
            x.events(end(1))
        else:
            x.problem(404, "context_not_found")

    def test_all_calls(self) -> None:
        with ScriptedServer(self.answer) as server, sandboxes(server.url) as both:
            for sandbox in both:
                self.assertEqual(["python", "a"], [context.id for context in sandbox.contexts.list()])
                context = sandbox.contexts.get("a")
                self.assertEqual(("a", "idle", "/tmp", 3), (context.id, context.info.state, context.info.cwd, context.info.execution_count))
                context.run_code("1", display="none", timeout_seconds=1, tag="t")
                self.assertEqual({"code": "1", "context": "a", "display": "none", "timeout_seconds": 1, "tag": "t"}, server.requests[-1].json)
                list(context.run_code_stream("2", env={}))
                self.assertEqual({"code": "2", "context": "a", "env": {}}, server.requests[-1].json)
                self.assertEqual((RUN,), context.interrupt(queued=True))
                self.assertEqual({"queued": True}, server.requests[-1].json)
                self.assertEqual((RUN,), sandbox.interrupt(context="a"))
                self.assertEqual({"queued": False}, server.requests[-1].json)
                context.restart()
                self.assertEqual(0, context.info.execution_count)
                context.delete()
                self.assertEqual(("DELETE", f"/v1/sandboxes/{SANDBOX}/contexts/a"), (server.requests[-1].method, server.requests[-1].target))
                self.assertRaises(ContextNotFoundError, sandbox.contexts.get, "b")
                self.assertRaises(ValueError, sandbox.contexts.get, "..")

    def test_a_create_can_be_repeated(self) -> None:
        with ScriptedServer(lambda x: x.drop(), self.answer) as server, sandboxes(server.url, QUICK) as both:
            sent = both[0].contexts.create(cwd="tmp", env={"A": "b"})
            first, second = server.requests
            self.assertEqual(first.json, second.json)
            self.assertEqual({"id": sent.id, "cwd": "/root/tmp", "env": {"A": "b"}}, second.json)
            self.assertRegex(sent.id, r"^[a-z0-9][a-z0-9_-]{0,63}$")
            self.assertNotEqual(sent.id, both[1].contexts.create().id)
            self.assertEqual("mine", both[1].contexts.create("mine").id)

    def test_refusals(self) -> None:
        for status, code, kind in (
            (409, "context_exists", ContextExistsError),
            (409, "context_required", ContextRequiredError),
            (429, "context_quota_exceeded", ContextQuotaExceededError),
        ):
            with ScriptedServer(lambda x: x.problem(status, code, {"retry-after": "1"})) as server, sandboxes(server.url, QUICK) as both:
                for sandbox in both:
                    before = len(server.requests)
                    self.assertRaises(kind, sandbox.contexts.create)
                    self.assertEqual(1, len(server.requests) - before)

    def test_a_restart_that_may_have_happened_is_not_repeated(self) -> None:
        for fail in (lambda x: x.drop(), lambda x: x.problem(503, "sandbox_unreachable", {"retry-after": "0"})):
            with ScriptedServer(lambda x: x.json(CONTEXT), fail) as server, sandboxes(server.url, QUICK) as both:
                context = both[0].contexts.get("a")
                self.assertRaises(Exception, context.restart)
                self.assertEqual(2, len(server.requests))
        # One that was refused is.
        refused = lambda x: x.problem(503, "shutting_down", {"retry-after": "0"})
        with ScriptedServer(lambda x: x.json(CONTEXT), refused, lambda x: x.json(CONTEXT)) as server, sandboxes(server.url, QUICK) as both:
            both[0].contexts.get("a").restart()


class RunListTests(unittest.TestCase):
    def test_pages_are_followed(self) -> None:
        run = {
            "id": RUN, "state": "running", "kind": "process", "context": None, "tag": "web", "pid": 7, "argv": ["a", "b"], "cwd": "/root",
            "stdin_offset": 4, "signal": None, "execution_count": None, "timeout_seconds": None,
        }  # fmt: skip
        pages = (lambda x: x.json({"runs": [run], "next_cursor": "c"}), lambda x: x.json({"runs": [{"id": "run_2", "state": "ended", "signal": "SIGTERM"}]}))
        for index in range(2):
            with ScriptedServer(*pages) as server, sandboxes(server.url) as both:
                first, second = both[index].runs("process", "running", "web", context="a")
                self.assertEqual(("process", "web", 7, ("a", "b"), "/root", 4), (first.kind, first.tag, first.pid, first.argv, first.cwd, first.stdin_offset))
                self.assertEqual(("run_2", "SIGTERM"), (second.id, second.signal))
                query = "kind=process&state=running&context=a&tag=web"
                self.assertEqual([f"/v1/sandboxes/{SANDBOX}/runs?{query}{more}" for more in ("", "&cursor=c")], [seen.target for seen in server.requests])


class BackgroundTests(unittest.TestCase):
    def afters(self, server: ScriptedServer) -> list[str]:
        return [seen.target.partition("after=")[2].partition("&")[0] for seen in server.requests]

    def test_what_there_is(self) -> None:
        lines = (out(5, **{"from": RUN}), {"type": "dropped", "data": 70, "seq": 6, "ts": 1})
        scripts = (lambda x: x.problem(410, "events_evicted", oldest_seq=5), lambda x: x.events(*lines, headers={"podflare-run-id": "background"}))
        for index in range(2):
            with ScriptedServer(*scripts) as server, sandboxes(server.url) as both:
                found = list(both[index].background())
                self.assertEqual([("stdout", "x\n", 5, "background", RUN), ("dropped", 70, 6, "background", None)],
                                 [(event.type, event.data, event.seq, event.run_id, getattr(event, "origin", None)) for event in found])
                self.assertEqual(["0", "4"], self.afters(server))
                self.assertNotIn("follow", server.requests[0].target)

    def test_following_ends_with_the_sandbox_and_survives_a_cut(self) -> None:
        scripts = (lambda x: x.events(out(4), cut=True), lambda x: x.events(), lambda x: x.events(out(5), end(6, 137, reason="killed")))
        for index in range(2):
            with ScriptedServer(*scripts) as server, sandboxes(server.url, QUICK) as both:
                self.assertEqual([4, 5, 6], [event.seq for event in both[index].background(after=3, follow=True)])
                self.assertEqual(["3", "4", "4"], self.afters(server))
                self.assertIn("follow=true", server.requests[0].target)

    def test_a_place_that_is_no_longer_kept_raises(self) -> None:
        with ScriptedServer(lambda x: x.problem(410, "events_evicted", oldest_seq=5)) as server, sandboxes(server.url) as both:
            for sandbox in both:
                with self.assertRaises(EventsEvictedError) as caught:
                    list(sandbox.background(after=2))
                self.assertEqual(5, caught.exception.oldest_seq)


class UpdateTests(unittest.TestCase):
    def test_an_update_and_its_warnings(self) -> None:
        answer = {"id": SANDBOX, "state": "ready", "metadata": {"b": "c"}, "warnings": ["timeout_seconds was brought down"]}
        with ScriptedServer(lambda x: x.json(answer)) as server, sandboxes(server.url) as both:
            for sandbox in both:
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    info = sandbox.update(timeout_seconds=60, idle_timeout_seconds=1.5, metadata={"a": None, "b": "c"})
                self.assertEqual({"b": "c"}, info.metadata)
                self.assertEqual(["timeout_seconds was brought down"], [str(item.message) for item in caught if item.category is PodflareWarning])
                self.assertEqual("PATCH", server.requests[-1].method)
                self.assertEqual({"timeout_seconds": 60, "idle_timeout_seconds": 1.5, "metadata": {"a": None, "b": "c"}}, server.requests[-1].json)


class EventTests(unittest.TestCase):
    def test_results_of_every_form(self) -> None:
        result = {"type": "result", "seq": 1, "ts": 1, "main": True, "omitted": {"text/html": 2_000_000}, "truncated": ["text/plain"], "data": {
            "text/plain": "a", "image/png": "iVBORw==", "application/json": {"b": [1]}, "image/svg+xml": "<svg/>", "text/latex": "$x$",
        }}  # fmt: skip
        seen: list[Any] = []
        with ScriptedServer(lambda x: x.events(result, end(2))) as server, sandboxes(server.url) as both:
            for sandbox in both:
                found = sandbox.run_code("1", on_result=seen.append)
                self.assertIs(found.main, found.results[0])
                main = found.main
                self.assertEqual(("a", b"\x89PNG", {"b": [1]}, "<svg/>", "$x$", None), (main.text, main.png, main.json, main.svg, main.latex, main.html))
                self.assertEqual(({"text/html": 2_000_000}, ("text/plain",), True), (main.omitted, main.truncated, main.is_image))
                self.assertEqual(("", "a", "a\n[1 image]"), (found.output, found.text, found.for_model()))
        self.assertEqual(2, len(seen))

    def test_every_event_has_what_old_programs_use(self) -> None:
        lines = (
            {"type": "start", "data": 7, "seq": 1, "ts": 1},
            {"type": "result", "data": {"text/plain": "1"}, "seq": 2, "ts": 1, "main": False},
            {"type": "input_request", "data": "? ", "seq": 3, "ts": 1, "password": False},
            {"type": "pty", "data": "YQ==", "seq": 4, "ts": 1},
            {"type": "file", "data": {"path": "/a", "change": "delete"}, "seq": 5, "ts": 1},
            {"type": "dropped", "data": 1, "seq": 6, "ts": 1},
            {"type": "of_the_future", "data": None, "seq": 7, "ts": 1},
            {"type": "stdout", "data": "/w==", "encoding": "base64", "seq": 8, "ts": 1},
            out(9),
            end(10),
        )
        with ScriptedServer(lambda x: x.events(*lines)) as server, sandboxes(server.url) as both:
            for sandbox in both:
                events = list(sandbox.run_code_stream("1"))
                self.assertEqual([1, 2, 3, 4, 5, 6, 8, 9, 10], [event.seq for event in events])
                self.assertEqual((b"\xff", "\ufffd"), (events[6].raw, events[6].data))
                for event in events:
                    self.assertEqual((RUN, 1), (event.run_id, event.ts))
                    self.assertIsNotNone(event.data)
                    str(event), repr(event)
                # With callbacks of text alone, and without any.
                texts: list[str] = []
                self.assertEqual("a\ufffdx\n", sandbox.run_code("1", on_stdout=lambda event: texts.append(event.data)).stdout)
                self.assertEqual(["\ufffd", "x\n"], texts)

    def test_values_beyond_the_limit_of_a_result_are_left_out(self) -> None:
        from podflare import Client, Sandbox

        lines = ({"type": "result", "data": {"text/plain": "12345"}, "seq": 1, "ts": 1}, {"type": "result", "data": {"text/plain": "678"}, "seq": 2, "ts": 1}, end(3))
        with ScriptedServer(lambda x: x.events(*lines)) as server, Client(server.url, max_result_chars=7) as client:
            result = Sandbox.attach(SANDBOX, client=client).run_code("1")
            self.assertEqual((1, True, "12345\n[further output was not kept]"), (len(result.results), result.truncated, result.for_model()))
