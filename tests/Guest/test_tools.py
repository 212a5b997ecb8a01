"""Tools that code calls: what the code sees, what the host sees, and how a call ends."""

from __future__ import annotations

import json
import struct
import unittest

from host import END, EVENT, HELLO, INTERRUPT, OUT, REFUSED, RUN, TAKEN, TOOL_RESULT, Frame, Guest

TOOL_REQUEST, TOOL_RESPONSE = 5, 6
SEARCH = {
    "name": "search",
    "description": "Searches the index.",
    "input_schema": {
        "type": "object",
        "properties": {"limit": {"type": "integer", "default": 10}, "q": {"type": "string", "description": "What to look for"}, "tag": {"enum": ["a", "b"]}},
        "required": ["q"],
    },
}
ADD = {"name": "add", "input_schema": {"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "number"}}, "required": ["a", "b"]}}


class ToolTests(unittest.TestCase):
    guest: Guest

    def setUp(self) -> None:
        self.guest = Guest()
        self.guest.version = 3
        self.guest.__enter__()
        self.addCleanup(self.guest.__exit__)

    def start(self, code: str, tools: list[dict] | None = None, **fields: object) -> str:
        return self.guest.start(code, tools=[SEARCH, ADD] if tools is None else tools, **fields)

    def events(self, run: str, kind: int) -> list[dict]:
        found = [f for f in self.guest.numbered if f.kind == EVENT and f.run == run and f.payload[16] == kind]
        for event in found:
            self.assertEqual(f"call_{int.from_bytes(event.payload[17:21], 'big')}", json.loads(event.payload[21:])["call_id"])
        return [json.loads(f.payload[21:]) for f in found]

    def requested(self, run: str, count: int = 1) -> dict:
        self.guest.wait(lambda: len(self.events(run, TOOL_REQUEST)) >= count, f"call {count}")
        return self.events(run, TOOL_REQUEST)[count - 1]

    def answer(self, run: str, call: int, content: object, failed: bool = False) -> Frame:
        data = str(content).encode() if failed else json.dumps(content).encode()
        return self.guest.request(TOOL_RESULT, bytes.fromhex(run[4:]) + struct.pack(">BI", failed, call) + data)

    def serve(self, run: str, tool) -> list[dict]:
        """Answers each call until the run ends."""
        answered = 0
        while True:
            self.guest.wait(lambda: len(self.events(run, TOOL_REQUEST)) > answered or any(f.kind == END and f.run == run for f in self.guest.numbered), "a call or the end")
            requests = self.events(run, TOOL_REQUEST)
            if len(requests) == answered:
                return requests
            for request in requests[answered:]:
                answered += 1
                self.assertEqual(TAKEN, self.answer(run, answered, tool(request)).kind)

    def output(self, run: str) -> str:
        result = self.guest.result(run)
        self.assertEqual((0, b""), (result.code, result.stderr))
        return result.stdout.decode()

    # What the code sees

    def test_values_of_every_kind_come_back_in_all_three_ways(self) -> None:
        values = [{"rows": [1, 2.5, None, True, "hé\n"]}, [], "text", 0, None]
        run = self.start(f"""
            values = {values!r}
            assert [tools.search(q=f'{{i}}') for i in range(len(values))] == values
            assert [call_tool('search', q=f'{{i}}') for i in range(len(values))] == values
            assert [await call_tool_async('search', q=f'{{i}}') for i in range(len(values))] == values
            print('all')""".replace("\n            ", "\n"), display="last")
        requests = self.serve(run, lambda request: values[int(request["arguments"]["q"])])
        self.assertEqual("all\n", self.output(run))
        self.assertEqual([f"call_{n}" for n in range(1, 16)], [r["call_id"] for r in requests])
        self.assertEqual({"q": "0"}, requests[0]["arguments"])
        self.assertEqual([{"call_id": f"call_{n}", "ok": True} for n in range(1, 16)], self.events(run, TOOL_RESPONSE))

    def test_functions_have_signature_and_documentation(self) -> None:
        run = self.start("""
import inspect
print(inspect.signature(tools.search))
print(tools.search.__name__, tools.search.__doc__.splitlines()[0], '| q (string): What to look for' if 'q (string): What to look for' in tools.search.__doc__ else '')
print(list(tools), dir(tools), len(tools), 'add' in tools, hasattr(tools, 'missing'))
for wrong in (lambda: tools.search(), lambda: tools.search('x', other=1)):
    try: wrong()
    except TypeError as error: print(error)
print(tools.search('x', tag='a'), tools['search']('y'), tools.get_weather(city='z'), tools['get-weather'](city='u'))
""", [SEARCH, {"name": "get-weather"}])
        requests = self.serve(run, lambda request: request["arguments"])
        self.assertEqual(
            "(q: str, limit: int = <not given>, tag=<not given>)\n"
            "search Searches the index. | q (string): What to look for\n"
            "['search', 'get-weather'] ['get-weather', 'search'] 2 False False\n"
            "tools.search() missing 1 required positional argument: 'q'\n"
            "tools.search() got an unexpected keyword argument 'other'\n"
            "{'q': 'x', 'tag': 'a'} {'q': 'y'} {'city': 'z'} {'city': 'u'}\n", self.output(run))
        self.assertEqual(["search", "search", "get-weather", "get-weather"], [r["name"] for r in requests])

    def test_an_error_of_the_tool_is_raised(self) -> None:
        run = self.start("try: tools.search(q='x')\nexcept ToolError as error: print('caught', error)\ntools.search('again')")
        self.requested(run)
        self.answer(run, 1, "no index", failed=True)
        self.requested(run, 2)
        self.answer(run, 2, "still none", failed=True)
        result = self.guest.result(run)
        self.assertEqual((1, b"caught no index\n"), (result.code, result.stdout))
        self.assertIn(b"ToolError: still none", result.stderr)
        self.assertEqual([{"call_id": "call_1", "ok": False}, {"call_id": "call_2", "ok": False}], self.events(run, TOOL_RESPONSE))

    def test_sixteen_calls_wait_at_once(self) -> None:
        run = self.start("import asyncio\nprint(await asyncio.gather(*(call_tool_async('add', a=n, b=1) for n in range(16))))", display="last")
        self.requested(run, 16)
        for call in range(16, 0, -1):  # in the other order
            arguments = self.events(run, TOOL_REQUEST)[call - 1]["arguments"]
            self.answer(run, call, arguments["a"] + arguments["b"])
        self.assertEqual(f"{list(range(1, 17))}\n", self.output(run))

    def test_threads_of_the_run_call_tools(self) -> None:
        run = self.start("from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(8) as pool: print(sum(pool.map(lambda n: tools.add(n, n), range(40))))")
        self.serve(run, lambda request: request["arguments"]["a"] * 2)
        self.assertEqual(f"{2 * sum(range(40))}\n", self.output(run))

    def test_a_call_has_its_place_between_the_output(self) -> None:
        run = self.start("import sys\nfor n in range(3):\n    print('before', n)\n    print('error', file=sys.stderr)\n    tools.add(n, n)")
        self.serve(run, lambda request: None)
        self.guest.result(run)
        order = [f.data if f.kind == OUT else b"?" for f in self.guest.numbered if f.run == run and (f.kind == OUT or f.kind == EVENT and f.payload[16] == TOOL_REQUEST)]
        self.assertEqual([part for n in range(3) for part in (b"before %d\n" % n, b"error\n", b"?")], order)

    def test_the_largest_arguments_and_answers_arrive(self) -> None:
        run = self.start("value = tools.search(q='é' * 500_000)\nprint(len(value), set(value))")
        self.assertEqual(500_000, len(self.requested(run)["arguments"]["q"]))
        self.assertEqual(TAKEN, self.answer(run, 1, "x" * ((1 << 20) - 2)).kind)
        self.assertEqual("1048574 {'x'}\n", self.output(run))

    def test_the_trace_of_the_run_is_named(self) -> None:
        run = self.start("tools.search(q='x')", traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        self.assertEqual("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", self.requested(run)["traceparent"])
        self.answer(run, 1, 0)

    # Who may call

    def test_other_runs_threads_and_children_get_an_error_without_an_event(self) -> None:
        first = self.start("""
import os, threading, time
go = threading.Event()
def late():
    go.wait()
    try: tools.search(q='late'); said = 'answered'
    except ToolError as error: said = str(error)
    done.append(said)
done = []
thread = threading.Thread(target=late, daemon=True); thread.start()
pid = os.fork()
if not pid:
    try: tools.search(q='child'); os._exit(3)
    except ToolError: os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
kept = tools.search
""")
        self.assertEqual("7\n", self.output(first))
        second = self.start("go.set(); thread.join(); print(done)\ntry: tools.other()\nexcept AttributeError as error: print(error)\nprint(kept(q='x'))")
        self.serve(second, lambda request: "now")
        self.assertEqual("['the run that started this thread or task has ended, so it cannot call tools']\nthis run has no tool other; it has search, add\nnow\n", self.output(second))
        third = self.guest.start("for wrong in (lambda: kept(q='x'), lambda: tools.search, lambda: call_tool('search')):\n    try: wrong()\n    except ToolError as error: print(error)")
        self.assertEqual("this run has no tools\n" * 3, self.output(third))
        self.assertEqual(([], 1, []), (self.events(first, TOOL_REQUEST), len(self.events(second, TOOL_REQUEST)), self.events(third, TOOL_REQUEST)))

    def test_a_run_without_tools_loads_nothing(self) -> None:
        run = self.guest.start("import sys\nprint([m for m in sys.modules if m.endswith(('.tools', '.tool_functions'))], 'tools' in dir(__builtins__), 'call_tool' in dir(__builtins__))")
        self.assertEqual("[] False False\n", self.output(run))

    def test_a_fresh_interpreter_and_a_context_have_them_too(self) -> None:
        from host import CONTEXT

        self.guest.request(CONTEXT, json.dumps({"do": "create", "id": "other"}).encode())
        for fields in ({"fresh": True}, {"context": "other"}):
            run = self.start("print(tools.add(1, 2))", **fields)
            self.requested(run)
            self.answer(run, 1, 3)
            self.assertEqual("3\n", self.output(run))

    # How a call ends

    def test_the_first_answer_counts_and_repeats_are_taken(self) -> None:
        run = self.start("print(tools.search(q='x'))\ntools.search(q='y')")
        self.requested(run)
        self.assertEqual((TAKEN, TAKEN), (self.answer(run, 1, "one").kind, self.answer(run, 1, "two").kind))
        refused = self.answer(run, 9, 1)
        self.assertEqual((REFUSED, "tool_call_not_found"), (refused.kind, refused.json["code"]))
        self.requested(run, 2)
        self.answer(run, 2, 0)
        self.assertEqual("one\n", self.output(run))
        refused = self.answer(run, 2, 0)
        self.assertEqual((REFUSED, "tool_call_closed"), (refused.kind, refused.json["code"]))
        self.assertEqual(2, len(self.events(run, TOOL_RESPONSE)))

    def test_a_call_that_nobody_answers_times_out(self) -> None:
        run = self.start("try: tools.search(q='x')\nexcept ToolError as error: print(error)\ntools.search(q='y')", tool_timeout_ms=200)
        self.requested(run, 2)
        refused = self.answer(run, 1, 0)
        self.assertEqual((REFUSED, "tool_call_closed"), (refused.kind, refused.json["code"]))
        self.guest.result(run)
        self.assertEqual({"call_id": "call_1", "ok": False, "reason": "timeout"}, self.events(run, TOOL_RESPONSE)[0])
        self.assertTrue(self.guest.output(run).startswith(b"the tool did not answer within 0.2 s\n"))

    def test_an_interrupt_is_raised_in_the_waiting_call(self) -> None:
        for code in ("tools.search(q='x')", "await call_tool_async('search', q='x')"):
            with self.subTest(code):
                run = self.start(f"try: {code}\nexcept BaseException as error: print(type(error).__name__); raise", display="last")
                self.requested(run)
                self.guest.request(INTERRUPT, json.dumps({"run": run, "grace_ms": 5_000}).encode())
                result = self.guest.result(run)
                self.assertEqual((130, "interrupted"), (result.code, result.reason))
                self.assertIn(result.stdout, (b"KeyboardInterrupt\n", b"CancelledError\n"))
                self.assertEqual([{"call_id": "call_1", "ok": False, "reason": "cancelled"}], self.events(run, TOOL_RESPONSE))
                self.assertEqual("tool_call_closed", self.answer(run, 1, 0).json["code"])

    def test_the_timeout_of_the_run_ends_its_calls(self) -> None:
        run = self.start("tools.search(q='x')", timeout_ms=300)
        result = self.guest.result(run)
        self.assertEqual((124, "timeout"), (result.code, result.reason))
        self.assertEqual([{"call_id": "call_1", "ok": False, "reason": "cancelled"}], self.events(run, TOOL_RESPONSE))

    def test_a_call_that_the_code_gives_up_is_closed_and_leaves_room(self) -> None:
        run = self.start("""
import asyncio
for n in range(20):
    try: await asyncio.wait_for(call_tool_async('add', a=n, b=n), 0.02)
    except asyncio.TimeoutError: pass
print(tools.add(1, 1))""", display="last")
        self.requested(run, 21)
        self.assertEqual(TAKEN, self.answer(run, 21, 2).kind)
        self.assertEqual("2\n", self.output(run))
        self.assertEqual(["cancelled"] * 20, [response.get("reason") for response in self.events(run, TOOL_RESPONSE)][:20])

    def test_the_death_of_the_interpreter_closes_its_calls(self) -> None:
        run = self.start("import os, threading\nthreading.Thread(target=lambda: tools.search(q='x'), daemon=True).start()\nimport time\nwhile True:\n    time.sleep(0.01)\n    if os.path.exists('die'): os.kill(os.getpid(), 9)")
        self.requested(run)
        (self.guest.home / "die").touch()
        self.assertEqual("crashed", self.guest.result(run).reason)
        self.assertEqual([{"call_id": "call_1", "ok": False, "reason": "cancelled"}], self.events(run, TOOL_RESPONSE))
        self.assertEqual([TOOL_REQUEST, TOOL_RESPONSE], [f.payload[16] for f in self.guest.numbered if f.kind == EVENT and f.run == run])

    # Bounds

    def test_calls_at_once_and_calls_in_all_are_bounded(self) -> None:
        run = self.start("""
import asyncio
async def call(n):
    try: return await call_tool_async('add', a=n, b=n)
    except ToolError as error:
        print('refused')
        return str(error)
print(set(await asyncio.gather(*(call(n) for n in range(5)))))
print([await call(n) for n in range(4)])""", display="last", tool_limits={"open": 3, "calls": 6})
        self.guest.wait(lambda: self.guest.output(run) == b"refused\nrefused\n", "two refusals")
        for call in (1, 2, 3):
            self.answer(run, call, "ok")
        for call in (4, 5, 6):
            self.requested(run, call)
            self.answer(run, call, "ok")
        _, _, first, _, second = self.output(run).splitlines()
        self.assertEqual({"ok", "3 calls wait for an answer already"}, eval(first))
        self.assertEqual(["ok", "ok", "ok", "a run may call tools 6 times"], eval(second))

    def test_arguments_that_cannot_be_sent_raise_without_an_event(self) -> None:
        run = self.start("""
deep = []
for _ in range(40): deep = [deep]
for value in (float('nan'), {1, 2}, '\\ud800', deep, 'x' * 2000):
    try: tools.search(q=value)
    except (TypeError, ValueError, ToolError) as error: print(type(error).__name__)
""", tool_limits={"bytes": 1000})
        self.assertEqual("ValueError\nTypeError\nUnicodeEncodeError\nValueError\nToolError\n", self.output(run))
        self.assertEqual([], self.events(run, TOOL_REQUEST))

    def test_definitions_out_of_bounds_are_refused(self) -> None:
        wrong = [[], [SEARCH] * 2, [{"name": ""}], [{"name": "a b"}], [{"name": "x" * 129}], [{"name": f"t{n}"} for n in range(65)], ["search"], {}, [{"name": "x", "description": "y" * 300_000}]]
        for tools in wrong:
            answer = self.guest.request(RUN, Guest.run_payload(self.guest.new_run(), "1", tools=tools))
            self.assertEqual((REFUSED, "invalid"), (answer.kind, answer.json["code"]), tools)
        answer = self.guest.request(RUN, Guest.run_payload(self.guest.new_run(), "true", tools=[SEARCH], language="bash"))
        self.assertEqual("invalid", answer.json["code"])

    # A new host

    def test_hello_names_the_open_calls(self) -> None:
        run = self.start("import asyncio\nprint(await asyncio.gather(*(call_tool_async('add', a=n, b=n) for n in range(3))))", display="last")
        self.requested(run, 3)
        self.answer(run, 2, "b")
        self.guest.disconnect()
        hello = self.guest.accept()
        self.assertEqual(["call_1", "call_3"], next(r for r in hello.json["runs"] if r["run"] == run)["open_tool_calls"])
        self.answer(run, 1, "a")
        self.answer(run, 3, "c")
        self.assertEqual("['a', 'b', 'c']\n", self.output(run))

    def test_a_forged_request_ends_nothing(self) -> None:
        run = self.start("""
import gc
from podflare_guest.repl import tools as part
found = [o for o in gc.get_objects() if type(o) is part.Tools][0]
names = dict(found.definitions)
found.definitions['other'] = names['search']
for name, arguments in (('other', {}), ('search', [1])):
    try: print(found.call(name, arguments) if name == 'other' else 'x')
    except ToolError as error: print(error)
print(tools.search(q='x'))
""")
        self.requested(run)
        self.answer(run, 1, "fine")
        self.assertEqual("this run has no tool other\nx\nfine\n", self.output(run))


if __name__ == "__main__":
    unittest.main()
