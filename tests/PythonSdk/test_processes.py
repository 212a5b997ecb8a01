"""What the clients send to start code, programs and terminals, and to act on them."""

from __future__ import annotations

import base64
import signal
import unittest
from typing import Any

from both import sandboxes
from flavours import QUICK
from podflare import ContextInfo, NotATerminalError, NotOfferedError, RemoteFileNotFoundError, RunEndedError, SandboxUnreachableError
from scripted_server import RUN, Exchange, ScriptedServer, end, out


def pty(seq: int, data: bytes) -> dict[str, Any]:
    return {"type": "pty", "data": base64.b64encode(data).decode(), "seq": seq, "ts": 1}


def start(seq: int, pid: int = 7) -> dict[str, Any]:
    return {"type": "start", "data": pid, "seq": seq, "ts": 1}


class StartTests(unittest.TestCase):
    def test_the_body_of_code(self) -> None:
        calls: list[tuple[dict[str, Any], dict[str, Any]]] = [
            ({}, {"language": "python"}),
            ({"language": "bash", "env": {}}, {"language": "bash", "env": {}}),
            ({"context": "a"}, {"context": "a"}),
            ({"fresh": True, "display": "all"}, {"language": "python", "fresh": True, "display": "all"}),
            ({"fresh": "alone", "grace_seconds": 0}, {"language": "python", "fresh": "alone", "grace_seconds": 0}),
            ({"fresh": False, "tag": "t", "display": "none"}, {"language": "python", "tag": "t", "display": "none"}),
        ]
        leaving = {"on_disconnect": "interrupt", "disconnect_seconds": 0.1}
        with ScriptedServer(lambda x: x.events(end(1))) as server, sandboxes(server.url) as both:
            for sandbox in both:
                for named, body in calls:
                    for start_it, more in ((sandbox.run_code, leaving), (sandbox.run_code_stream, leaving), (sandbox.start_code, {})):
                        result = start_it("1", **named, **more)
                        if start_it is sandbox.run_code_stream:
                            result.result()
                        self.assertEqual({"code": "1", **body, **more}, server.requests[-1].json)
                sandbox.run_code_stream("1", stdin=True).result()
                self.assertEqual({"code": "1", "language": "python", "stdin": True}, server.requests[-1].json)

    def test_the_body_of_a_program(self) -> None:
        calls: list[tuple[Any, dict[str, Any], dict[str, Any]]] = [
            ("ls | wc -l", {}, {"command": "ls | wc -l"}),
            (["git", "status"], {"cwd": "src", "env": {"A": "b"}}, {"argv": ["git", "status"], "cwd": "/root/src", "env": {"A": "b"}}),
            (("a",), {"stderr": "stdout", "timeout_seconds": 1, "tag": "t"}, {"argv": ["a"], "stderr": "stdout", "timeout_seconds": 1, "tag": "t"}),
            (("a",), {"grace_seconds": 300}, {"argv": ["a"], "grace_seconds": 300}),
        ]
        with ScriptedServer(lambda x: x.events(start(1), out(2), end(3, 143, signal="SIGTERM"))) as server, sandboxes(server.url) as both:
            for sandbox in both:
                for command, named, body in calls:
                    result = sandbox.run(command, **named)
                    self.assertEqual(("x\n", 143, "SIGTERM"), (result.stdout, result.exit_code, result.signal))
                    self.assertEqual(body, server.requests[-1].json)
                    self.assertEqual(RUN, sandbox.start(command, **named).run_id)
                    self.assertEqual(body, server.requests[-1].json)
                sandbox.start("a", stdin=True)
                self.assertEqual({"command": "a", "stdin": True}, server.requests[-1].json)
                sandbox.start("a", pty=(80, 24))
                self.assertEqual({"command": "a", "pty": {"cols": 80, "rows": 24}}, server.requests[-1].json)

    def test_mistakes(self) -> None:
        with ScriptedServer(lambda x: x.drop()) as server, sandboxes(server.url) as both:
            for sandbox in both:
                for kind, text, call in (
                    (TypeError, "context must be a str, not ContextInfo: pass its id", lambda: sandbox.run_code("1", context=ContextInfo("a"))),
                    (ValueError, "either fresh or context", lambda: sandbox.run_code("1", fresh=True, context="a")),
                    (ValueError, "fresh must be one of 'alone'", lambda: sandbox.run_code("1", fresh="new")),
                    (ValueError, "display must be one of 'last', 'all', 'none', not 'first'", lambda: sandbox.run_code("1", display="first")),
                    (ValueError, "grace_seconds must be between 0 and 300", lambda: sandbox.run_code("1", grace_seconds=301)),
                    (ValueError, "disconnect_seconds needs on_disconnect='interrupt'", lambda: sandbox.run_code("1", disconnect_seconds=1)),
                    (ValueError, "on_disconnect must be one of", lambda: sandbox.run_code("1", on_disconnect="stop")),
                    (TypeError, "stdin must be True or False", lambda: sandbox.run_code_stream("1", stdin="data")),
                    (TypeError, "the command must be a str, or a sequence of str such as", lambda: sandbox.run(b"ls")),
                    (TypeError, "item 1 of the command must be a str, not int", lambda: sandbox.run(["kill", 9])),
                    (ValueError, "the command must not be empty", lambda: sandbox.start([])),
                    (ValueError, "stderr must be one of", lambda: sandbox.run("a", stderr="null")),
                    (ValueError, "pass either pty or stderr", lambda: sandbox.start("a", pty=(1, 1), stderr="stdout")),
                    (ValueError, "rows must be at most 1000", lambda: sandbox.open_terminal(80, 1001)),
                    (ValueError, "cols must be at least 1", lambda: sandbox.open_terminal(0)),
                    (ValueError, "kind must be one of", lambda: list(sandbox.runs("shell"))),
                    (TypeError, "update needs at least one of", sandbox.update),
                    (TypeError, r"metadata\['a'\] must be a str", lambda: sandbox.update(metadata={"a": 1})),
                    (ValueError, "depth must be at most 32", lambda: sandbox.files.list(depth=33)),
                ):
                    with self.subTest(text), self.assertRaisesRegex(kind, text):
                        call()
            self.assertEqual([], server.requests)

    def test_a_feature_that_the_server_lacks_raises_its_own_error(self) -> None:
        with ScriptedServer(lambda x: x.problem(501, "not_offered")) as server, sandboxes(server.url) as both:
            for sandbox in both:
                self.assertRaises(NotOfferedError, sandbox.run, "ls")

    def test_signals(self) -> None:
        with ScriptedServer(lambda x: x.events(start(1), end(2)) if "/exec" in x.seen.target else x.bytes(b"", 202)) as server, sandboxes(server.url) as both:
            for sandbox in both:
                run = sandbox.start("a")
                for name, sent in (("SIGTERM", "SIGTERM"), ("hup", "SIGHUP"), (signal.SIGUSR1, "SIGUSR1"), (9, "SIGKILL")):
                    run.signal(name, scope="all")
                    self.assertEqual({"signal": sent, "scope": "all"}, server.requests[-1].json)
                run.signal("INT")
                self.assertEqual("group", server.requests[-1].json["scope"])
                self.assertTrue(server.requests[-1].target.endswith(f"/runs/{RUN}/signal"))

    def test_a_signal_that_may_have_arrived_is_not_sent_again(self) -> None:
        def answer(x: Exchange) -> None:
            if "/exec" in x.seen.target:
                x.events(start(1), end(2))
            else:
                x.problem(503, "sandbox_unreachable", {"retry-after": "0"})

        with ScriptedServer(answer) as server, sandboxes(server.url, QUICK) as both:
            for sandbox in both:
                run = sandbox.start("a")
                before = len(server.requests)
                self.assertRaises(SandboxUnreachableError, run.signal, "SIGUSR1")
                self.assertEqual(1, len(server.requests) - before)


class TerminalTests(unittest.TestCase):
    def answer(self, x: Exchange) -> None:
        path = x.seen.target.partition("?")[0]
        if path.endswith("/exec"):
            x.events(start(1), pty(2, b"$ "), pty(3, "é".encode()[:1]), pty(4, "é".encode()[1:]), end(5, 3))
        elif path.endswith("/stdin"):
            x.json({"offset": x.seen.json["offset"] + len(base64.b64decode(x.seen.json["data_b64"]))}, 202)
        elif path.endswith("/resize") and x.seen.json["cols"] == 1:
            x.problem(409, "not_a_terminal")
        elif path.endswith("/signal") and self.has_ended:
            x.problem(409, "run_ended")
        else:
            x.bytes(b"", 202)

    has_ended = False

    def targets(self, server: ScriptedServer, end: str) -> list[Any]:
        return [seen.json for seen in server.requests if seen.target.endswith(end)]

    def test_a_terminal(self) -> None:
        with ScriptedServer(self.answer) as server, sandboxes(server.url) as both:
            for sandbox in both:
                server.requests.clear()
                with sandbox.open_terminal(100, 30, ["vi"], cwd="/tmp", tag="t") as terminal:
                    self.assertEqual({"argv": ["vi"], "cwd": "/tmp", "tag": "t", "pty": {"cols": 100, "rows": 30}}, server.requests[0].json)
                    self.assertEqual((RUN, None), (terminal.run_id, terminal.exit_code))
                    self.assertEqual(b"$ ", terminal.read())
                    terminal.write("ls\n")
                    terminal.write(b"", eof=True)
                    self.assertEqual([0, 3], [body["offset"] for body in self.targets(server, "/stdin")])
                    terminal.resize(120, 40)
                    self.assertEqual([{"cols": 120, "rows": 40}], self.targets(server, "/resize"))
                    self.assertRaises(NotATerminalError, terminal.resize, 1, 1)
                    self.assertEqual("é".encode(), b"".join(terminal))
                    self.assertEqual((b"", 3), (terminal.read(), terminal.exit_code))
                    # The characters that are split over events are whole in the result.
                    self.assertEqual("$ é", terminal.result().stdout)
                self.assertEqual([], self.targets(server, "/signal"), "it had ended")

    def test_leaving_kills_and_detaching_does_not(self) -> None:
        with ScriptedServer(self.answer) as server, sandboxes(server.url) as both:
            for sandbox in both:
                for self.has_ended in (False, True):
                    server.requests.clear()
                    with sandbox.open_terminal() as terminal:
                        terminal.read()
                    self.assertEqual([{"signal": "SIGKILL", "scope": "all"}], self.targets(server, "/signal"))
                server.requests.clear()
                with sandbox.open_terminal() as terminal:
                    terminal.detach()
                self.assertEqual([], self.targets(server, "/signal"))

    def test_input_after_the_end_raises(self) -> None:
        def answer(x: Exchange) -> None:
            if "/exec" in x.seen.target:
                x.events(start(1), end(2))
            else:
                x.problem(409, "run_ended")

        with ScriptedServer(answer) as server, sandboxes(server.url) as both:
            for sandbox in both:
                self.assertRaises(RunEndedError, sandbox.open_terminal().write, "x")


class WatchTests(unittest.TestCase):
    def test_changes(self) -> None:
        def change(seq: int, **data: Any) -> dict[str, Any]:
            return {"type": "file", "data": data, "seq": seq, "ts": 1}

        lines = (
            start(1, 0),
            change(2, path="/root/a", change="create", kind="file"),
            {"type": "of_the_future", "data": [1], "seq": 3, "ts": 1},
            change(4, path_b64=base64.b64encode(b"/root/\xff").decode(), change="rename", **{"from": "/root/a"}),
            end(5, 130, reason="interrupted"),
        )
        with ScriptedServer(lambda x: x.events(*lines) if "/exec" in x.seen.target else x.bytes(b"", 202)) as server, sandboxes(server.url) as both:
            for sandbox in both:
                server.requests.clear()
                with sandbox.files.watch("src", recursive=True) as changes:
                    self.assertEqual({"watch": {"path": "/root/src", "recursive": True}, "on_disconnect": "interrupt"}, server.requests[0].json)
                    first = next(changes)
                    self.assertEqual(("/root/a", "create", "file", None), (first.path, first.change, first.kind, first.moved_from))
                self.assertTrue(server.requests[-1].target.endswith("/interrupt"), "leaving ends it")
                found = list(sandbox.files.watch("src"))
                self.assertEqual([("create", "/root/a", None), ("rename", "/root/\udcff", "/root/a")], [(item.change, item.path, item.moved_from) for item in found])
                self.assertEqual("create /root/a", str(found[0]))

    def test_a_path_that_does_not_exist(self) -> None:
        with ScriptedServer(lambda x: x.problem(404, "file_not_found")) as server, sandboxes(server.url) as both:
            for sandbox in both:
                self.assertRaises(RemoteFileNotFoundError, sandbox.files.watch("x").start)
