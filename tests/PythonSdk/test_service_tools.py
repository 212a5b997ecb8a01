"""Code in real sandboxes that calls functions of this program, with both clients."""

from __future__ import annotations

import asyncio
import threading
import time
import unittest
from typing import Annotated, Any, Literal

from both import sandboxes
from podflare import AsyncSandbox, Client, CodeTooLargeError, Sandbox, Tool, ToolCallClosedError, ToolCallNotFoundError
from podflare._tools import schema_of
from service import SERVICE, wait_until


def search(q: str, limit: int = 3) -> list[str]:
    """Searches the index."""
    return [f"{q}{n}" for n in range(limit)]


def fail(reason: Any = "no index") -> None:
    raise LookupError(reason)


class ServiceToolTests(unittest.TestCase):
    both: list[Any]

    @classmethod
    def setUpClass(cls) -> None:
        cls.both = cls.enterClassContext(sandboxes(SERVICE.url, sandbox_id=None))

    def test_code_calls_functions_of_this_program(self) -> None:
        for s in self.both:
            result = s.run_code(
                "print(tools.search.__doc__.splitlines()[0])\nrows = tools.search('x') + call_tool('search', q='y', limit=1)\nrows + await call_tool_async('get-it')",
                tools={"search": search, "get-it": Tool("get-it", lambda: [{"a": None}], description="Gets.")},
            )
            self.assertEqual(("Searches the index.\n", "['x0', 'x1', 'x2', 'y0', {'a': None}]"), (result.stdout, result.main.text))

    def test_what_a_tool_raises_is_raised_in_the_code(self) -> None:
        for s in self.both:
            code = "for call in (lambda: tools.fail(), lambda: tools.fail(reason='a'), lambda: tools.odd(), lambda: call_tool('search')):\n    try: call()\n    except ToolError as error: print(error)"
            result = s.run_code(code, tools=[fail, search, Tool("odd", lambda: {1, 2})])
            self.assertEqual(
                "LookupError: no index\nLookupError: a\nTypeError: Object of type set is not JSON serializable\narguments.q is required\n", result.stdout)

    def test_arguments_that_do_not_match_the_schema_never_reach_the_function(self) -> None:
        item = {"type": "object", "properties": {"price": {"type": "number", "minimum": 0}}, "required": ["price"]}
        schema = {"type": "object", "properties": {"items": {"type": "array", "items": item}}, "required": ["items"], "additionalProperties": False}
        for s in self.both:
            calls: list[Any] = []
            result = s.run_code(
                "for arguments in ({'items': [{'price': 1}, {'price': '2'}]}, {'items': [{}]}, {}, {'items': [], 'more': 1}, {'items': [{'price': 10**400}]}):\n"
                "    try: call_tool('order', **arguments)\n    except ToolError as error: print(error)\n"
                "tools.order(items=[{'price': 3}])",
                tools=[Tool("order", lambda items: calls.append(items) or "ordered", input_schema=schema)],
            )
            errors = [
                "arguments.items[1].price must be a number, not a string", "arguments.items[0].price is required", "arguments.items is required",
                "arguments.more is not allowed", "arguments.items[0].price is out of the range of numbers",
            ]
            self.assertEqual((errors, "'ordered'", [[{"price": 3}]]), (result.stdout.splitlines(), result.text.splitlines()[-1], calls))

    def test_tools_run_at_the_same_time(self) -> None:
        for s in self.both:
            barrier = threading.Barrier(4, timeout=20)
            result = s.run_code(
                "import asyncio\nlen(await asyncio.gather(*(call_tool_async('meet') for _ in range(4))))", tools={"meet": lambda: barrier.wait()})
            self.assertEqual("4", result.text)

    def test_an_answer_that_is_too_large_fails_the_call_and_not_the_run(self) -> None:
        for s in self.both:
            result = s.run_code("try: tools.large()\nexcept ToolError as error: print('1048576' in str(error))\ntools.search('x')", tools=[search, Tool("large", lambda: "x" * (1 << 20))])
            self.assertEqual("True\n", result.stdout)

    def test_a_hundred_calls_and_not_one_more(self) -> None:
        for s in self.both:
            calls: list[int] = []
            result = s.run_code(
                "total = 0\nfor n in range(100): total += tools.add(n=n)\nprint(total)\ntry: tools.add(n=1)\nexcept ToolError as error: print(error)",
                tools={"add": lambda n: calls.append(n) or n})
            self.assertEqual(("4950\na run may call tools 100 times\n", list(range(100))), (result.stdout, calls))

    def test_a_call_that_takes_too_long_fails_and_late_answers_do_no_harm(self) -> None:
        for s in self.both:
            release = threading.Event()
            result = s.run_code(
                "try: tools.slow()\nexcept ToolError as error: print(error)\nprint(tools.release())", tools={"slow": lambda: release.wait(20), "release": lambda: release.set()}, tool_timeout_seconds=0.3)
            self.assertEqual("the tool did not answer within 0.3 s\nNone\n", result.stdout)

    def test_events_are_answered_by_who_reads_them(self) -> None:
        for s in self.both:
            stream = s.run_code_stream("try: tools.search(q='x')\nexcept ToolError as error: print(error)\nprint(tools.search(q='y'))", tools=[search])
            seen = []
            for event in stream:
                seen.append(event.type)
                if event.type == "tool_request" and event.arguments == {"q": "x"}:
                    with self.assertRaises(ToolCallNotFoundError):
                        stream.answer_tool_call("call_9", 1)
                    with self.assertRaises(CodeTooLargeError):
                        stream.answer_tool_call(event.call_id, "x" * (1 << 20))
                    self.assertEqual(("call_1",), s.get_run(stream.run_id).open_tool_calls)
                    stream.answer_tool_call(event.call_id, error="never")
                    stream.answer_tool_call(event.call_id, "again")
                elif event.type == "tool_request":
                    self.assertRegex(event.traceparent or "", "^00-")
                    stream.answer_tool_call(event.call_id, {"a": [1]})
            self.assertEqual(["tool_request", "tool_response", "stdout", "tool_request", "tool_response", "stdout", "exit"], seen)
            self.assertEqual("never\n{'a': [1]}\n", stream.result().stdout)
            with self.assertRaises(ToolCallClosedError):
                stream.answer_tool_call("call_1", 1)

    def test_a_reader_that_starts_anew_answers_only_what_is_open(self) -> None:
        for s in self.both:
            run = s.start_code("print(tools.search(q='a'))\nprint(tools.search(q='b'))", tools=[search])
            for event in run:
                if event.type == "tool_request":
                    if event.arguments["q"] == "b":
                        break
                    run.answer_tool_call(event.call_id, "first")
            calls: list[str] = []
            result = s.follow(run.run_id).result(tools={"search": lambda q: calls.append(q) or "second"})
            self.assertEqual(("first\nsecond\n", ["b"]), (result.stdout, calls))

    def test_an_interrupt_ends_a_run_that_waits_for_a_tool(self) -> None:
        for s in self.both:
            run = s.start_code("tools.search(q='a')", tools=[search])
            wait_until(lambda: s.get_run(run.run_id).open_tool_calls == ("call_1",), 20, "a call waits")
            run.interrupt()
            self.assertEqual("interrupted", run.result().reason)


class CutToolTests(unittest.TestCase):
    def test_each_tool_runs_once_although_the_connection_is_cut(self) -> None:
        from cutting_proxy import CuttingProxy

        calls: list[int] = []
        proxy = CuttingProxy(SERVICE.port, 8, 20_000, seed=7)
        self.addCleanup(proxy.close)
        with Client(proxy.url) as client, Sandbox(client=client) as sandbox:
            result = sandbox.run_code(
                "total = 0\nfor n in range(60):\n    print('x' * 500)\n    total += tools.add(n=n)\nprint(total)", tools={"add": lambda n: calls.append(n) or n})
        self.assertEqual((sum(range(60)), list(range(60))), (int(result.stdout.splitlines()[-1]), calls))


class AsynchronousToolTests(unittest.TestCase):
    def test_asynchronous_and_blocking_functions(self) -> None:
        async def wait(n: int) -> int:
            await asyncio.sleep(0.01)
            return n

        def block(n: int) -> int:
            time.sleep(0.01)
            return -n

        async def run() -> str | None:
            async with AsyncSandbox(host=SERVICE.url) as sandbox:
                return (await sandbox.run_code("[tools.wait(n=1), tools.block(n=2)]", tools=[wait, block])).text

        self.assertEqual("[1, -2]", asyncio.run(run()))


class DefinitionTests(unittest.TestCase):
    def test_the_schema_comes_from_the_signature(self) -> None:
        def function(a: str, b: Annotated[list[int], "Numbers"], c: Literal["x", "y"] = "x", d: float | None = None, e=object(), **more: Any) -> None: ...  # type: ignore[no-untyped-def]

        self.assertEqual(
            {
                "type": "object",
                "properties": {
                    "a": {"type": "string"},
                    "b": {"type": "array", "items": {"type": "integer"}, "description": "Numbers"},
                    "c": {"enum": ["x", "y"], "default": "x"},
                    "d": {"anyOf": [{"type": "number"}, {"type": "null"}], "default": None},
                    "e": {},
                },
                "required": ["a", "b"],
                "additionalProperties": True,
            },
            schema_of(function),
        )

    def test_wrong_tools_are_named(self) -> None:
        with Client("http://127.0.0.1:9") as client:
            sandbox = Sandbox.attach("sbx_" + "0" * 32, client=client)
            for tools, kind in (({"a b": search}, ValueError), ({"a": 1}, TypeError), ("search", TypeError), ([search, search], ValueError), ({"x": Tool("y", search)}, ValueError)):
                with self.assertRaises(kind):
                    sandbox.run_code("1", tools=tools)  # type: ignore[arg-type]
            with self.assertRaises(ValueError):
                sandbox.run_code("1", tool_timeout_seconds=1)


if __name__ == "__main__":
    unittest.main()
