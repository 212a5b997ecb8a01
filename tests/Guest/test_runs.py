"""How runs begin and end: codes, reasons, state, variables, limits."""

from __future__ import annotations

import json
import unittest

from host import ENV, END, KILL, REFUSED, RUN, STARTED, TAKEN, Guest

FORGE = """
import glob, os, stat, sys
def control():
    for fd in map(int, os.listdir('/proc/self/fd')):
        try:
            if fd >= 700 and stat.S_ISSOCK(os.fstat(fd).st_mode): return fd
        except OSError: pass
def tag():
    frame = sys._getframe()
    while 'tag' not in frame.f_locals or frame.f_code.co_name != '_run': frame = frame.f_back
    return frame.f_locals['tag']
def forge(tag):
    import socket
    socket.socket(fileno=os.dup(control())).send(b'D' + tag + b'\\0' + (7).to_bytes(4, 'big'))
"""


class RunTests(unittest.TestCase):
    guest: Guest

    def setUp(self) -> None:
        self.guest = Guest().__enter__()
        self.addCleanup(self.guest.__exit__)

    def processes(self) -> int:
        return int(self.guest.run("import os; print(sum(name.isdigit() for name in os.listdir('/proc')))").stdout)

    # Endings

    def test_what_a_run_has_started_ends_with_its_repl_and_what_was_there_before_stays(self) -> None:
        self.guest.run("import subprocess, os; before = subprocess.Popen(['sleep', '600'])")
        run = "child = subprocess.Popen('while :; do echo stray; done', shell=True, start_new_session=True)\nwhile not os.path.exists('go'): pass\nos.kill(os.getpid(), 9)"
        (self.guest.home / "go").touch()
        result = self.guest.run(run)
        self.assertEqual((137, "crashed"), (result.code, result.reason))
        self.assertEqual(b"1\n", self.guest.bash("grep -la '[s]leep' /proc/[0-9]*/cmdline 2>/dev/null | wc -l").stdout)
        self.assertEqual(b"clean\n", self.guest.run("print('clean')").stdout)

    def test_the_code_is_that_of_sys_exit(self) -> None:
        for argument, code, stderr in (("3", 3, b""), ("", 0, b""), ("None", 0, b""), ("True", 1, b""), ("-1", 255, b""), ("'text'", 1, b"text\n")):
            with self.subTest(argument):
                result = self.guest.run(f"import sys; sys.exit({argument})")
                self.assertEqual((code, None, None, stderr), (result.code, result.reason, result.error, result.stderr))

    def test_an_exception_keeps_the_state_and_shows_the_source_without_our_frames(self) -> None:
        self.guest.run("def divide(n):\n    return 1 / n\nkept = 5")
        result = self.guest.run("print(kept)\ndivide(0)")
        self.assertEqual((1, None, b"5\n"), (result.code, result.reason, result.stdout))
        self.assertEqual(("ZeroDivisionError", "division by zero"), (result.error["name"], result.error["value"]))
        self.assertEqual(result.stderr.decode(), result.error["traceback"])
        text = [line.strip() for line in result.error["traceback"].splitlines() if set(line.strip()) - set("^~ ")]
        expected = ["Traceback (most recent call last):", 'File "<run 1.2>", line 2, in <module>', "divide(0)", 'File "<run 1.1>", line 2, in divide', "return 1 / n"]
        self.assertEqual([*expected, "ZeroDivisionError: division by zero"], text)

    def test_frames_of_print_are_cut_too(self) -> None:
        result = self.guest.run("class C:\n    def __str__(self): raise ValueError('in str')\nprint(C())")
        self.assertNotIn("podflare", result.error["traceback"])
        self.assertIn("in __str__", result.error["traceback"])

    def test_a_syntax_error_and_a_hostile_exception_end_the_run_only(self) -> None:
        self.assertEqual("SyntaxError", self.guest.run("x = (").error["name"])
        self.assertEqual("IndentationError", self.guest.run("a = 1\n b = 2").error["name"])
        hostile = self.guest.run("class E(Exception):\n    def __str__(self): raise E\nraise E")
        self.assertEqual((1, "E"), (hostile.code, hostile.error["name"]))
        huge = self.guest.run("raise ValueError('€' * 10_000_000)")
        self.assertEqual(1, huge.code)
        self.assertLessEqual(len(huge.error["traceback"].encode()), 65_536)
        self.assertEqual(b"1\n", self.guest.run("print(1)").stdout)

    def test_the_death_of_the_repl_is_told_and_the_next_run_has_a_fresh_one(self) -> None:
        for death, code in (("print('last'); os._exit(5)", 5), ("import ctypes; print('last'); ctypes.string_at(0)", 139), ("print('last'); os.kill(os.getpid(), 9)", 137)):
            with self.subTest(death):
                self.guest.run("x = 1")
                result = self.guest.run("import os; " + death)
                self.assertEqual((code, "crashed", b"last\n", False), (result.code, result.reason, result.stdout, result.restarted))
                answer = self.guest.request(RUN, self.guest.run_payload(run := self.guest.new_run(), "x"))
                self.assertTrue(answer.json["repl_restarted"])
                result = self.guest.result(run)
                self.assertEqual(("NameError", True), (result.error["name"], result.restarted))
                self.assertFalse(self.guest.run("pass").restarted)

    def test_a_repl_that_dies_between_runs_is_replaced(self) -> None:
        self.guest.run("import os, threading\ndef die():\n    while not os.path.exists('go'): pass\n    os._exit(3)\nthreading.Thread(target=die).start()")
        repl = self.guest.frames[-1]
        (self.guest.home / "go").touch()
        self.guest.wait(lambda: [f for f in self.guest.frames if f.kind == 6 and f.json["repl"] == 2], "READY 2")
        self.assertTrue(self.guest.run("pass").restarted)
        self.assertEqual(END, repl.kind)

    def test_a_repl_that_cannot_start_fails_the_run_that_waits_for_it(self) -> None:
        broken = self.guest.folder / "broken.py"
        with Guest(environment={"PYTHONPATH": str(self.guest.folder)}, arguments=("--preload", "broken")) as guest:
            broken.write_text("import os; os._exit(9)")
            guest.run("import os; os._exit(0)")
            result = guest.run("print(1)")
            self.assertEqual((9, "crashed", None), (result.code, result.reason, result.end["started"]))
            broken.unlink()
            self.assertEqual(b"1\n", guest.run("print(1)").stdout)

    def test_oom_is_said_only_where_the_kernel_counted_a_kill(self) -> None:
        wait = "import os\nwhile not os.path.exists('go'): pass\nos.unlink('go')\nos.kill(os.getpid(), 9)"
        for language, code in (("python", wait), ("bash", "until [ -e go ]; do :; done; rm go; kill -9 $$")):
            for kills, reason in ((1, "oom"), (0, "crashed" if language == "python" else None)):
                with self.subTest(language=language, kills=kills):
                    run = self.guest.start(code, language=language)
                    self.guest.wait(lambda: any(f.kind == STARTED and f.run == run for f in self.guest.frames), "STARTED")
                    before = int(self.guest.memory_events.read_text().split()[-1])
                    self.guest.memory_events.write_text(f"oom 0\noom_kill {before + kills}\n")
                    (self.guest.home / "go").touch()
                    result = self.guest.result(run)
                    self.assertEqual((137, reason), (result.code, result.reason))

    def test_a_forged_end_is_ignored(self) -> None:
        self.guest.run(FORGE + "old = tag()")
        for forged in ("old", "os.urandom(16)"):
            result = self.guest.run(f"forge({forged}); os.write(control(), b'junk'); print('went on'); sys.exit(3)")
            self.assertEqual((3, b"went on\n"), (result.code, result.stdout))
        # The same message with the run's own tag is believed: the forgery above fails for its tag alone.
        self.assertEqual(7, self.guest.run("forge(tag())").code)

    def test_a_thousand_tiny_runs_all_have_their_own_output(self) -> None:
        waiting: list[tuple[str, int]] = []
        for i in range(1_000):
            run = self.guest.new_run()
            self.guest.ask(RUN, self.guest.run_payload(run, f"print({i})"))
            waiting.append((run, i))
            if len(waiting) == 50:
                for run, number in waiting:
                    self.assertEqual(b"%d\n" % number, self.guest.result(run).stdout)
                waiting.clear()

    # What a run finds

    def test_what_programs_expect_of_a_python_works(self) -> None:
        for code in (
            "import asyncio\nasync def f():\n    await asyncio.sleep(0); print('ok')\nasyncio.run(f())",
            "if __name__ == '__main__': print('ok')",
            "import multiprocessing as m\ndef f(x): return x * x\nwith m.get_context('fork').Pool(2) as p: print('ok' if p.map(f, [2]) == [4] else p)",
            "import multiprocessing as m\nwith m.get_context('spawn').Pool(1) as p: print('ok' if p.map(abs, [-2]) == [2] else p)",
            "import subprocess; print(subprocess.run(['echo', 'ok'], capture_output=True, text=True).stdout, end='')",
            "import subprocess, sys; print('ok' if subprocess.run([sys.executable, '-c', 'import site, sys; sys.exit(sys.flags.isolated)']).returncode == 0 else 0)",
            "import pickle\nclass C: pass\nprint('ok' if pickle.loads(pickle.dumps(C())) and pickle.loads(pickle.dumps(print)) is print else 0)",
            "import inspect\ndef f(): return 1\nprint('ok' if inspect.getsource(f) == 'def f(): return 1\\n' else inspect.getsource(f))",
            "import os; open('helper.py', 'w').write('value = 1'); import helper; print('ok' if helper.value else 0)",
            "import os, sys; print('ok' if (os.getuid(), os.getgid()) == (1000, 1000) and os.getcwd() == os.environ['HOME'] and sys.argv == [''] else 0)",
            "import signal; print('ok' if signal.getsignal(signal.SIGINT) is signal.default_int_handler else 0)",
            "import sys; print('ok' if sys.stdout.fileno() == 1 and sys.stderr.fileno() == 2 and not sys.stdout.isatty() and not sys.path[0] else sys.path)",
            "import os; print('ok' if all('podflare' not in m.lower() for m in globals()) else 0)",
            "import io, contextlib\nwith contextlib.redirect_stdout(io.StringIO()) as s: print('o', 'k', sep='', end='')\nprint(s.getvalue())",
        ):
            with self.subTest(code):
                result = self.guest.run(code)
                self.assertEqual((0, b"ok\n"), (result.code, result.stdout), result)

    def test_standard_input_is_empty(self) -> None:
        self.assertEqual("EOFError", self.guest.run("input()").error["name"])
        self.assertEqual((b"1\n", 0), ((result := self.guest.bash("read x; echo $?")).stdout, result.code))

    def test_variables_hold_for_their_run_and_those_of_the_sandbox_for_all(self) -> None:
        show = "import os; print(*(os.environ.get(n, '-') for n in ('A', 'B', 'TRACEPARENT', 'TRACESTATE', 'BAGGAGE')))"
        shell = "echo ${A:--} ${B:--} ${TRACEPARENT:--} ${TRACESTATE:--} ${BAGGAGE:--}"
        fields = {"env": {"A": "run", "TRACESTATE": "mine"}, "traceparent": "tp", "tracestate": "ts", "baggage": "bg"}
        self.assertEqual(TAKEN, self.guest.request(ENV, json.dumps({"env": {"A": "box", "B": "bé"}}).encode()).kind)
        for language, code in (("python", show), ("bash", shell)):
            with self.subTest(language):
                self.assertEqual("box bé - - -\n".encode(), self.guest.run(code, language=language).stdout)
                self.assertEqual("run bé tp mine bg\n".encode(), self.guest.run(code, language=language, **fields).stdout)
                self.assertEqual("box bé - - -\n".encode(), self.guest.run(code, language=language).stdout)
        self.guest.run("import os; os._exit(0)")
        self.assertEqual("box bé - - -\n".encode(), self.guest.run(show).stdout)
        self.guest.request(ENV, json.dumps({"env": {"B": "2"}}).encode())
        self.assertEqual(b"- 2 - - -\n", self.guest.run(show).stdout)
        self.assertEqual(b"- 2 - - -\n", self.guest.run(shell, language="bash").stdout)

    def test_code_may_be_sixteen_mebibytes(self) -> None:
        size = 16 << 20
        for language, code in (("python", "print(len(x))\n"), ("bash", "echo ${#x}\n")):
            with self.subTest(language):
                body = "x='" + "y" * (size - len(code) - 5) + "'\n"
                result = self.guest.run((body + code).ljust(size, "#"), language=language)
                self.assertEqual(b"%d\n" % (len(body) - 5), result.stdout)

    # bash

    def test_bash_is_a_process_of_its_own_with_its_own_code(self) -> None:
        self.guest.run("x = 1; open('file', 'w').write('shared')")
        result = self.guest.bash("id -u; pwd; cat file; echo err >&2; exit 7")
        self.assertEqual((7, None, b"err\n"), (result.code, result.reason, result.stderr))
        self.assertEqual(f"1000\n{self.guest.home}\nshared".encode(), result.stdout)
        self.assertEqual(143, self.guest.bash("kill -TERM $$").code)
        self.assertEqual(b"y\n0\n", self.guest.bash("yes | head -1; echo ${PIPESTATUS[1]}").stdout)
        self.assertEqual(b"1\n", self.guest.run("print(x)").stdout)

    def test_a_background_child_of_bash_does_not_hold_the_end_and_lives_on(self) -> None:
        self.assertEqual(0, self.guest.bash("sleep 600 & setsid sleep 600 & echo started").code)
        # The supervisor, the interpreter, and the two.
        self.assertEqual(4, self.processes())

    # Requests

    def test_the_queue_keeps_its_order_and_its_limits(self) -> None:
        first = self.guest.start("import os\nwhile not os.path.exists('go'): pass")
        waiting = [self.guest.start(f"print({i})", language="python") for i in range(64)]
        refused = self.guest.request(RUN, self.guest.run_payload(self.guest.new_run(), "print()"))
        self.assertEqual((REFUSED, "queue_full"), (refused.kind, refused.json["code"]))
        (self.guest.home / "go").touch()
        self.guest.result(first)
        for i, run in enumerate(waiting):
            self.assertEqual(b"%d\n" % i, self.guest.result(run).stdout)
        ends = [f.run for f in self.guest.numbered if f.kind == END]
        self.assertEqual([first, *waiting], ends)

    def test_the_queue_holds_no_more_than_32_mebibytes_of_code(self) -> None:
        first = self.guest.start("import os\nwhile not os.path.exists('go'): pass")
        code = "#" * (16 << 20)
        kinds = [self.guest.request(RUN, self.guest.run_payload(self.guest.new_run(), code)).kind for _ in range(3)]
        self.assertEqual([TAKEN, TAKEN, REFUSED], kinds)
        (self.guest.home / "go").touch()
        self.guest.result(first)

    def test_a_known_run_is_not_run_again(self) -> None:
        run = self.guest.start("print('once')")
        self.guest.result(run)
        for _ in range(2):
            answer = self.guest.request(RUN, self.guest.run_payload(run, "print('twice')"))
            self.assertEqual((TAKEN, "ended"), (answer.kind, answer.json["state"]))
        self.guest.run("pass")
        self.assertEqual(1, sum(frame.kind == END and frame.run == run for frame in self.guest.frames))
        self.assertEqual(b"once\n", self.guest.output(run))

    def test_what_cannot_be_done_is_refused(self) -> None:
        for fields in ({"language": "perl"}, {"timeout_ms": "soon"}, {"timeout_ms": -1}, {"env": {"A=B": "c"}}, {"env": {"A": "\0"}}, {"env": ["A"]}, {"order": "exact"}, {"order": 1}, {"stderr": "stdout"}, {"language": "bash", "stderr": "file"}):
            answer = self.guest.request(RUN, self.guest.run_payload(self.guest.new_run(), "print()", **fields))
            self.assertEqual((REFUSED, "invalid"), (answer.kind, answer.json["code"]), fields)
        self.assertEqual(REFUSED, self.guest.request(RUN, self.guest.run_payload("run_x", "print()")).kind)
        self.assertEqual(REFUSED, self.guest.request(RUN, self.guest.run_payload(self.guest.new_run(), b"'\xff'")).kind)
        self.assertEqual(REFUSED, self.guest.request(ENV, b'{"env":{"":"x"}}').kind)
        self.assertEqual(REFUSED, self.guest.request(KILL, b'{"run":null,"reason":"bored"}').kind)
        self.assertEqual(b"1\n", self.guest.run("print(1)").stdout)


class PreloadTests(unittest.TestCase):
    def test_modules_are_loaded_before_the_first_run_of_every_repl_and_what_they_print_is_not_output(self) -> None:
        code = "import sys; print([name in sys.modules for name in ('this', 'http.client', 'no_such_module')]); print('err', file=sys.stderr)"
        # `this` prints on import; a module that is not there is left out.
        with Guest(arguments=("--preload", "this,no_such_module,http.client")) as guest:
            for _ in range(2):
                result = guest.run(code)
                self.assertEqual((0, b"[True, True, False]\n", b"err\n"), (result.code, result.stdout, result.stderr))
                self.assertEqual("crashed", guest.run("import os; os._exit(1)").reason)


if __name__ == "__main__":
    unittest.main()
