"""Notebook semantics: results, representations, await, notebook lines, figures."""

from __future__ import annotations

import ast
import glob
import json
import os
import random
import struct
import subprocess
import sys
import time
import unittest

from host import EVENT, GUEST, LATE, OUT, STDERR, STDOUT, Guest

sys.path.insert(0, str(GUEST))

from podflare_guest.repl.bounded_repr import bounded_repr  # noqa: E402
from podflare_guest.repl.notebook_lines import translate  # noqa: E402

PLAIN = "text/plain"
PYTHON = "/usr/bin/python3"
FORMS = {0: "omitted", 1: "text", 2: "bytes", 3: "json", 4: "truncated"}


class Shown:
    """A result as the host reads it."""

    def __init__(self, body: bytes) -> None:
        self.main = bool(body[0] & 1)
        self.parts: dict[str, tuple[str, object]] = {}
        at = 2
        for _ in range(body[1]):
            form, length = body[at], body[at + 1]
            mime = body[at + 2 : at + 2 + length].decode()
            at += 2 + length
            if form == 0:
                self.parts[mime] = (FORMS[form], struct.unpack_from(">Q", body, at)[0])
                at += 8
                continue
            size = struct.unpack_from(">I", body, at)[0]
            data = body[at + 4 : at + 4 + size]
            at += 4 + size
            self.parts[mime] = (FORMS[form], data if form == 2 else json.loads(data) if form == 3 else data.decode())
        assert at == len(body), (at, len(body))

    @property
    def text(self) -> object:
        return self.parts[PLAIN][1]


class Cells(unittest.TestCase):
    guest: Guest

    def start_guest(self, guest: Guest) -> None:
        self.guest = guest
        guest.version = 2
        guest.__enter__()
        self.addCleanup(guest.__exit__)

    def run_cell(self, code: str, display: str = "last", **fields: object) -> object:
        return self.guest.run(code, display=display, **fields)

    def events(self, code: str, display: str = "last", **fields: object) -> list[tuple[object, object]]:
        """Streams and results in the order in which they came."""
        run = self.guest.start(code, display=display, **fields)
        self.end = self.guest.result(run)
        found: list[tuple[object, object]] = []
        for frame in self.guest.numbered:
            if frame.run == run and frame.kind == EVENT:
                self.assertEqual(1, frame.payload[16])
                found.append(("result", Shown(frame.payload[17:])))
            elif frame.run == run and frame.kind == OUT:
                if found and found[-1][0] == frame.stream:
                    found[-1] = (frame.stream, found[-1][1] + frame.data)  # type: ignore[operator]
                else:
                    found.append((frame.stream, frame.data))
        return found

    def results(self, code: str, display: str = "last", **fields: object) -> list[Shown]:
        return [event for kind, event in self.events(code, display, **fields) if kind == "result"]  # type: ignore[misc]

    def only(self, code: str, **fields: object) -> Shown:
        (found,) = self.results(code, **fields)
        return found


class NotebookTests(Cells):
    def setUp(self) -> None:
        self.start_guest(Guest())

    # The last value

    def test_the_value_of_the_last_expression_is_the_main_result(self) -> None:
        result = self.only("x = 20\nx + 22")
        self.assertEqual((True, {PLAIN: ("text", "42")}), (result.main, result.parts))
        self.assertEqual("43", self.only("_ + 1").text)
        for code in ("x = 1", "None", "print(1)", "1;", "1 ;  # no", "for i in range(3): i", "def f(): 1"):
            self.assertEqual([], self.results(code), code)
        self.assertEqual("'é'", self.only("'é' # ; no semicolon").text)

    def test_results_stand_in_order_between_the_streams(self) -> None:
        found = self.events("import sys\nprint('a'); display(1); print('b', file=sys.stderr); display(2)\nprint('c')\n3")
        self.assertEqual([STDOUT, "result", STDERR, "result", STDOUT, "result"], [kind for kind, _ in found])
        self.assertEqual(["1", "2", "3"], [event.text for kind, event in found if kind == "result"])

    def test_all_shows_every_top_level_expression_and_none_is_plain_python(self) -> None:
        self.assertEqual([("1", False), ("2", False), ("3", True)], [(r.text, r.main) for r in self.results("1\nx = 5\n2\nNone\n3", display="all")])
        for display in ("none", None):
            fields = {} if display is None else {"display": display}
            run = self.guest.start("1", **fields)
            self.guest.result(run)
            self.assertEqual([], [f for f in self.guest.numbered if f.run == run and f.kind in (OUT, EVENT)])
            self.assertEqual("SyntaxError", self.guest.run("!ls", **fields).error["name"])
            self.assertEqual("SyntaxError", self.guest.run("await x", **fields).error["name"])
        self.assertEqual(b"{'a': 1}\n", self.guest.run("display({'a': 1})", display="none").stdout)

    def test_a_wrong_policy_is_refused(self) -> None:
        self.assertRaises(AssertionError, self.guest.start, "1", display="some")

    def test_source_above_the_limit_is_a_plain_program(self) -> None:
        self.assertEqual([], self.results("1" + "\n" * (256 << 10)))
        self.assertEqual([("1\n")], [data.decode() for _, data in self.events("import asyncio\nawait asyncio.sleep(0)\nprint(1)" + "\n" * (256 << 10))])

    def test_an_exception_keeps_results_and_shows_the_traceback_without_our_frames(self) -> None:
        found = self.events("display(1)\ndef f():\n    1/0\nf()")
        self.assertEqual(["result", STDERR], [kind for kind, _ in found])
        self.assertEqual(1, self.end.code)
        for code in ("1/0", "await asyncio.sleep(0)\n1/0", "import asyncio\nasync def f(): 1/0\nawait f()"):
            text = self.run_cell("import asyncio; x = 1") and self.run_cell(code).stderr.decode()
            self.assertIn("ZeroDivisionError", text)
            self.assertNotIn("podflare", text)
            self.assertNotIn("asyncio/", text)
            self.assertTrue(text.splitlines()[1].startswith('  File "<run '), text)

    # Representations

    def test_a_value_is_shown_in_all_its_representations(self) -> None:
        result = self.only(
            "class C:\n"
            "    def _repr_mimebundle_(self, include=None, exclude=None): return {'text/x': 'bundle', 'application/json': {'a': [1]}}, {'meta': 1}\n"
            "    def _repr_html_(self): return '<b>'\n    def _repr_png_(self): return b'\\x89PNG'\n    def _repr_latex_(self): return None\n    def __repr__(self): return 'C!'\nC()"
        )
        expected = {PLAIN: ("text", "C!"), "text/x": ("text", "bundle"), "application/json": ("json", {"a": [1]}), "text/html": ("text", "<b>"), "image/png": ("bytes", b"\x89PNG")}
        self.assertEqual(expected, result.parts)

    def test_a_representation_that_raises_is_left_out_and_the_run_goes_on(self) -> None:
        found = self.events("class C:\n    def _repr_html_(self): 1/0\n    def __repr__(self): raise ValueError('no')\ndisplay(C())\nprint('on')")
        self.assertEqual(0, self.end.code)
        self.assertEqual({PLAIN: ("text", "<C object: repr() raised ValueError>")}, found[0][1].parts)
        self.assertIn(b"ZeroDivisionError", self.end.stderr)
        self.assertEqual(b"on\n", self.end.stdout)

    def test_objects_that_answer_to_any_name_give_text_only(self) -> None:
        self.assertEqual([PLAIN], list(self.only("from unittest.mock import MagicMock\nMagicMock()").parts))
        self.assertEqual([PLAIN], list(self.only("class A:\n    def __getattr__(self, name): return lambda *a, **k: 'x'\nA()").parts))
        self.assertEqual([PLAIN], list(self.only("class H:\n    def _repr_html_(self): return 'x'\nH").parts))

    def test_json_that_is_none_and_odd_types_are_left_out(self) -> None:
        data = "{'text/plain': 'p', 'application/json': float('nan'), 'application/x+json': {1: object()}, 'nonsense': 'x', 'a/' + 'b' * 300: 'x', 'é/x': 'x', 3: 'x', 'text/n': 5}"
        self.assertEqual({PLAIN: ("text", "p")}, self.only(f"display({data}, raw=True)").parts)
        self.assertEqual(16, len(self.only("display({f'text/{i}': 'x' for i in range(40)}, raw=True)").parts))

    def test_a_result_is_bounded(self) -> None:
        result = self.only("display({'text/plain': 'p', 'image/png': b'x' * 5_000_000, 'text/html': 'h' * 900_000}, raw=True)")
        self.assertEqual({PLAIN: ("text", "p"), "image/png": ("omitted", 5_000_000), "text/html": ("text", "h" * 900_000)}, result.parts)
        self.assertEqual("truncated", self.only("'x' * 1_000_000").parts[PLAIN][0])
        self.assertEqual(65_536, len(self.only("'x' * 1_000_000").text))
        started = time.monotonic()
        self.assertEqual("truncated", self.only("list(range(10_000_000))").parts[PLAIN][0])
        self.assertLess(time.monotonic() - started, 10)

    def test_a_thousand_results_come_in_order_and_none_is_lost(self) -> None:
        found = self.results("for i in range(1000): display(i)")
        self.assertEqual([str(i) for i in range(1000)], [result.text for result in found])
        big = self.results("for i in range(12): display({'text/plain': str(i), 'image/png': bytes(1_000_000)}, raw=True)")
        self.assertEqual([(str(i), 1_000_000) for i in range(12)], [(r.text, len(r.parts["image/png"][1])) for r in big])

    def test_a_host_of_version_1_gets_the_text_as_output(self) -> None:
        with Guest() as guest:
            self.assertEqual(b"a\n42\n", guest.run("print('a')\n42", display="last").stdout)

    def test_a_display_of_an_ended_run_is_late_output(self) -> None:
        first = self.guest.start("import threading, time, os\ndef late():\n    while not os.path.exists('go'): time.sleep(0.002)\n    display('late')\nt = threading.Thread(target=late); t.start()", display="last")
        self.guest.result(first)
        self.assertEqual([], self.results("open('go', 'w').close(); t.join()"))
        self.guest.wait(lambda: any(f.kind == LATE and f.run == first for f in self.guest.numbered), "LATE")

    def test_ipython_display_can_be_imported_by_the_program_alone(self) -> None:
        (self.guest.home / "library.py").write_text("try:\n    import IPython\n    has = True\nexcept ImportError:\n    has = False\n")
        self.assertEqual("False", self.only("import library\nlibrary.has").text)
        result = self.only("from IPython.display import display, HTML, Markdown, JSON, Image, clear_output\ndisplay(HTML('<i>'))")
        self.assertEqual(("text", "<i>"), result.parts["text/html"])
        self.assertEqual({"a": 1}, self.only("JSON({'a': 1})").parts["application/json"][1])
        self.assertEqual(("bytes", b"\x89PNGx"), self.only("Image(data=b'\\x89PNGx')").parts["image/png"])

    def test_pillow_shows_its_images_without_a_viewer(self) -> None:
        (self.guest.home / "PIL").mkdir()
        (self.guest.home / "PIL" / "__init__.py").touch()
        (self.guest.home / "PIL" / "ImageShow.py").write_text("try:\n    from IPython.display import display\nexcept ImportError:\n    display = print\n")
        self.assertEqual(["'an image'"], [result.text for result in self.results("from PIL import ImageShow\nImageShow.display('an image')")])

    # await

    def test_await_works_at_the_top_level_and_variables_stay(self) -> None:
        self.assertEqual("'v'", self.only("import asyncio, contextvars\nvar = contextvars.ContextVar('var')\nawait asyncio.sleep(0.01)\nvar.set(7)\nx = 1\nawait asyncio.sleep(0, 'v')").text)
        self.assertEqual("(1, 7)", self.only("x, var.get()").text)
        self.assertEqual("5", self.only("async def f(): return 5\nasyncio.run(f())").text)
        self.assertEqual("(5, True, 5)", self.only("t = asyncio.current_task(); await asyncio.sleep(0)\ny = (asyncio.run(f()), asyncio.current_task() is t, await f())\ny").text)
        self.assertEqual("[0, 1, 2]", self.only("async def g():\n    for i in range(3): yield i\n[i async for i in g()]").text)

    def test_tasks_go_on_between_runs_and_their_output_is_late(self) -> None:
        first = self.guest.start("import asyncio, os\nasync def tick():\n    while not os.path.exists('go'): await asyncio.sleep(0.005)\n    print('tick'); open('ticked', 'w').close()\ntask = asyncio.create_task(tick())", display="last")
        self.guest.result(first)
        (self.guest.home / "go").touch()
        self.guest.wait(lambda: any(f.kind == LATE and f.run == first and f.data == b"tick\n" for f in self.guest.numbered), "LATE", 5)
        self.assertEqual("True", self.only("task.done()").text)

    def test_an_interrupt_of_an_await_keeps_state_loop_and_other_tasks(self) -> None:
        self.run_cell("import asyncio, time\nlog = []\nasync def tick():\n    while True:\n        log.append(1); await asyncio.sleep(0.01)\nticker = asyncio.create_task(tick())")
        for code in (
            "print('a'); await asyncio.sleep(600)",
            "print('a'); await asyncio.gather(asyncio.sleep(600), asyncio.sleep(600))",
            "await asyncio.sleep(0); print('a')\nwhile True: pass",
            "async def busy():\n    print('a')\n    while True: pass\nb = asyncio.create_task(busy())\nawait asyncio.sleep(600)",
            "asyncio.get_running_loop().call_soon(lambda: (print('a'), [time.sleep(0.005) for _ in iter(int, 1)]))\nawait asyncio.sleep(600)",
            "await asyncio.sleep(0); print('a')\nasyncio.run(asyncio.sleep(600))",
            "print('a'); asyncio.run(asyncio.sleep(600))",
        ):
            with self.subTest(code):
                run = self.guest.start(code, display="last")
                self.guest.wait(lambda: b"a\n" in self.guest.output(run), "output")
                self.guest.interrupt(run, grace_ms=20_000)
                result = self.guest.result(run, 10)
                self.assertEqual((130, "interrupted", False), (result.code, result.reason, result.restarted))
        self.assertEqual("False", self.only("ticker.done()").text)
        run = self.guest.start("try:\n    print('a'); await asyncio.sleep(600)\nfinally:\n    await asyncio.sleep(0.01); cleaned = 1", display="last")
        self.guest.wait(lambda: b"a\n" in self.guest.output(run), "output")
        self.guest.interrupt(run)
        self.assertEqual(130, self.guest.result(run).code)
        self.assertEqual("1", self.only("cleaned").text)

    # Notebook lines

    def test_shell_lines_and_magics(self) -> None:
        os.makedirs(self.guest.home / "sub")
        os.chown(self.guest.home / "sub", 1000, 1000)
        self.assertEqual([(STDOUT, b"hi 5 $x\n")], self.events("x = 5\n!echo hi {x} '$'x"))
        self.assertEqual("(['a', 'b'], 3)", self.only("f = !printf 'a\\nb\\n'; exit 3\nf, _exit_code").text)
        self.assertEqual([(STDOUT, b"1\n2\n")], self.events("%%bash\necho 1\necho 2"))
        self.assertEqual(f"'{self.guest.home}/sub'", self.only("%cd sub\n%pwd").text)
        self.assertEqual([(STDOUT, b"env: A=5\n5\n")], self.events("%env A={x}\n!echo $A"))
        self.assertEqual("'1\\n'", self.only("%%capture kept\nprint(1)") if False else (self.run_cell("%%capture kept\nprint(1)"), self.only("kept.stdout"))[1].text)
        self.run_cell("%%writefile a.py\nvalue = '!ls'\n")
        self.assertEqual("'!ls'", self.only("import sys; sys.path.insert(0, '')\nimport a\na.value").text)
        timed = self.events("%time sum(range(10))")
        self.assertIn(b"Wall time", timed[0][1])
        self.assertEqual("45", timed[1][1].text)
        self.assertIn(b"per loop", self.events("%timeit -n 10 -r 2 x + 1")[0][1])
        self.assertEqual("UsageError", self.run_cell("%nope 1").error["name"])
        self.assertIn("%%writefile", self.run_cell("%%nope\n1").error["value"])

    def test_valid_python_is_never_changed_and_errors_show_the_line_of_the_user(self) -> None:
        self.assertEqual("'\\n!ls\\n'", self.only("s = '''\n!ls\n'''\ns").text)
        self.assertEqual("1", self.only("a = 10; b = 3\na \\\n%b").text)
        text = self.run_cell("!true\nx = = 3").stderr.decode()
        self.assertIn("x = = 3", text)
        text = self.run_cell("!true\nif True:\n    !true\n  %pwd").stderr.decode()
        self.assertIn("%pwd", text)
        self.assertNotIn("__notebook__", text)

    def test_an_interrupted_shell_line_keeps_the_state(self) -> None:
        run = self.guest.start("kept = 1\n!echo a; sleep 600", display="last")
        self.guest.wait(lambda: b"a\n" in self.guest.output(run), "output")
        self.guest.interrupt(run)
        self.assertEqual(130, self.guest.result(run, 5).code)
        self.assertEqual("1", self.only("kept").text)

    def test_a_program_that_breaks_the_built_in_names_keeps_results_or_says_why(self) -> None:
        self.run_cell("import builtins\nfor n in ('len', 'isinstance', 'type', 'str', 'repr', 'compile', 'eval', 'getattr'): setattr(builtins, n, None)")
        self.assertEqual("2", self.only("1 + 1").text)


class BoundedReprTests(unittest.TestCase):
    def test_it_equals_repr_where_that_fits(self) -> None:
        chosen = random.Random(3)

        def value(depth: int) -> object:
            kind = chosen.randrange(9 if depth else 4)
            items = [value(depth - 1) for _ in range(chosen.randrange(4))] if kind > 3 else []
            simple = (chosen.randrange(10**6), "a'b\n" * chosen.randrange(3), b"\x00x", None)
            hashable = [chosen.randrange(100) for _ in range(chosen.randrange(20))]
            return (*simple, items, tuple(items), set(hashable), frozenset(hashable), dict(zip(hashable, items)))[kind]

        for _ in range(3_000):
            one = value(4)
            self.assertEqual((repr(one), False), bounded_repr(one))
        loop: list[object] = [1]
        loop.append(loop)
        self.assertEqual((repr(loop), False), bounded_repr(loop))

    def test_more_is_cut_while_it_is_rendered(self) -> None:
        for big in (list(range(10**6)), "x" * 10**7, {i: "y" * 1_000 for i in range(10_000)}, ["z" * 10**7] * 100):
            text, truncated = bounded_repr(big)
            self.assertTrue(truncated)
            self.assertLessEqual(len(text), 65_536)
        deep: list[object] = []
        for _ in range(50_000):
            deep = [deep]
        self.assertTrue(bounded_repr(deep)[1])


class TranslateTests(unittest.TestCase):
    def test_lines_anywhere_in_real_programs_are_found_and_nothing_else_is_changed(self) -> None:
        chosen = random.Random(1)
        files = sorted(glob.glob(os.path.dirname(os.__file__) + "/*.py") + glob.glob(os.path.dirname(os.__file__) + "/[a-e]*/*.py"))
        tried = 0
        for file in chosen.sample(files, min(120, len(files))):
            with open(file, encoding="utf-8", errors="replace") as opened:
                source = opened.read()
            if "\x0c" in source or "\r" in source or "__future__" in source:
                continue
            try:
                tree = ast.parse(source)
            except (SyntaxError, ValueError):
                continue
            lines = source.split("\n")
            starts = {}
            decorated = {node.lineno for node in ast.walk(tree) if getattr(node, "decorator_list", None)}
            for node in ast.walk(tree):
                if isinstance(node, ast.stmt):
                    starts[node.lineno] = min(starts.get(node.lineno, 10**6), node.col_offset)
            places = [
                number for number, column in starts.items()
                if column == len(lines[number - 1].encode()) - len(lines[number - 1].lstrip().encode())
                and number not in decorated and not lines[number - 1].lstrip().startswith(("elif", "@")) and not (number > 1 and lines[number - 2].rstrip().endswith("\\"))
            ]
            if not places:
                continue
            mixed = list(lines)
            picked = sorted(chosen.sample(places, min(5, len(places))), reverse=True)
            for number in picked:
                indent = lines[number - 1][: len(lines[number - 1]) - len(lines[number - 1].lstrip())]
                mixed.insert(number - 1, indent + chosen.choice(["!ls -la 'it", "%pwd", '!echo "', "zz = !ls (", "%time ["]))
            translated = (translate("\n".join(mixed)) or "").split("\n")
            changed = [index for index, (before, after) in enumerate(zip(mixed, translated)) if before != after]
            self.assertEqual((len(mixed), len(picked)), (len(translated), len(changed)), file)
            self.assertTrue(all("__notebook__" in translated[index] for index in changed), file)
            ast.parse("\n".join(translated))
            tried += 1
        self.assertGreater(tried, 40)

    def test_what_looks_like_a_line_and_is_none(self) -> None:
        for source in ("a = b != c\nx = (a\n%b)", "f'{x!r}'", "f'{x:#x}'", "'''\n!ls\n'''", "x %= 3", "# !ls\nx = 1", "y = [\n!z]"):
            translated = translate(source)
            self.assertTrue(translated is None or "__notebook__" not in translated, source)
        self.assertIn("__notebook__", translate('f"{d["k"]:#x}{{"\n!ls') or "")


@unittest.skipUnless(subprocess.run([PYTHON, "-c", "import matplotlib, pandas"], capture_output=True).returncode == 0, f"needs matplotlib and pandas for {PYTHON}")
class LibraryTests(Cells):
    def setUp(self) -> None:
        self.start_guest(self.new_guest())

    def new_guest(self, *arguments: str) -> Guest:
        shared = {name: os.environ.get(name, "") for name in ("PYTHONPATH", "LD_LIBRARY_PATH")}
        return Guest(PYTHON, environment={**shared, "MPLBACKEND": "Agg"}, arguments=arguments)

    def test_open_figures_are_results_at_the_end_also_after_an_exception(self) -> None:
        for code in ("import matplotlib.pyplot as plt\nplt.plot([1, 2]);", "plt.plot([1, 2]); plt.figure(); plt.plot([3])\n1/0"):
            found = self.results(code)
            self.assertEqual(code.count("plt.plot"), len(found))
            for result in found:
                self.assertEqual(b"\x89PNG", result.parts["image/png"][1][:4])
        self.assertEqual([], self.results("1;"))

    def test_show_shows_and_a_displayed_figure_is_not_shown_twice(self) -> None:
        self.run_cell("import matplotlib.pyplot as plt")
        found = self.events("plt.plot([1]); print('a'); plt.show(); print('b')")
        self.assertEqual([STDOUT, "result", STDOUT], [kind for kind, _ in found])
        self.assertEqual(1, len(self.results("fig, ax = plt.subplots()\nfig")))

    def test_a_back_end_that_the_program_chooses_is_respected(self) -> None:
        self.assertEqual([], self.results("import matplotlib\nmatplotlib.use('svg')\nimport matplotlib.pyplot as plt\nplt.plot([1]);"))

    def test_a_figure_that_is_too_large_is_rendered_smaller(self) -> None:
        result = self.only("import matplotlib.pyplot as plt, random\nfig = plt.figure(figsize=(16, 16), dpi=150)\nplt.imshow([[random.random() for _ in range(900)] for _ in range(900)], interpolation='none');")
        self.assertLess(len(result.parts["image/png"][1]), 1_536 << 10)

    def test_a_preloaded_matplotlib_shows_figures_too(self) -> None:
        self.start_guest(self.new_guest("--preload", "matplotlib.pyplot"))
        self.assertEqual(1, len(self.results("import matplotlib.pyplot as plt\nplt.plot([1]);")))

    def test_a_data_frame_is_a_table(self) -> None:
        result = self.only("import pandas as pd\npd.DataFrame({'a': [1, 2], 'b': ['x', None]})", columns=True)
        self.assertIn("<table", result.parts["text/html"][1])
        self.assertEqual({"a": [1, 2], "b": ["x", None]}, result.parts["application/vnd.podflare.columns+json"][1])
        self.assertNotIn("application/vnd.podflare.columns+json", self.only("pd.DataFrame()").parts)
        times = self.only("pd.DataFrame({'at': pd.to_datetime(['2026-01-02T03:04:05', None]), 'on': pd.to_datetime(['2026-01-01', '2026-01-02'], utc=True)})", columns=True)
        self.assertEqual({"at": ["2026-01-02T03:04:05", None], "on": ["2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00+00:00"]}, times.parts["application/vnd.podflare.columns+json"][1])


if __name__ == "__main__":
    unittest.main()
