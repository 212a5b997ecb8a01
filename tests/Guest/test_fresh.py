"""Fresh runs: an interpreter of their own, outside all queues, of which nothing stays."""

from __future__ import annotations

import json
import struct
import unittest

from file_tests import text
from host import CONTEXT, FILE, FILE_FAILED, FILE_NEXT, LATE, READY, REFUSED, RUN, STDIN, TAKEN, Guest

SLEEPERS = "grep -l '[s]leep' /proc/[0-9]*/cmdline 2>/dev/null | wc -l"


class FreshTests(unittest.TestCase):
    guest: Guest

    def setUp(self) -> None:
        self.guest = Guest()
        self.guest.version = 2
        self.guest.__enter__()
        self.addCleanup(self.guest.__exit__)

    def printed(self, run: str, expected: bytes) -> None:
        self.guest.wait(lambda: expected in self.guest.output(run), repr(expected))

    def context(self, do: str, **fields: object) -> dict:
        return self.guest.request(CONTEXT, json.dumps({"do": do, **fields}).encode()).json

    def test_a_fresh_run_waits_for_nobody_knows_nothing_and_leaves_nothing(self) -> None:
        self.guest.run("x = 1")
        busy = self.guest.start("import os\nwhile not os.path.exists('go'): pass")
        waiting = self.guest.start("print('waited')")
        for language, code in (
            ("python", "import subprocess, os\nsubprocess.Popen(['setsid', 'sleep', '600'])\nprint('x' in globals(), os.environ['A'], os.getcwd())\ny = 2"),
            ("bash", "setsid sleep 600 & sleep 600 & echo ${x-False} $A $PWD"),
        ):
            result = self.guest.run(code, language=language, fresh=True, env={"A": "1"})
            self.assertEqual((0, None, f"False 1 {self.guest.home}\n".encode()), (result.code, result.reason, result.stdout), result)
            self.assertEqual({"code", "started", "repl_restarted", "usage"}, set(result.end))
            self.assertFalse(result.restarted)
            # Its end comes after that of all that it has started.
            self.assertEqual(b"0\n", self.guest.run(SLEEPERS, language="bash", fresh=True).stdout)
        self.assertEqual(["python"], [context["id"] for context in self.context("list")["contexts"]])
        self.assertEqual(1, sum(frame.kind == READY for frame in self.guest.frames))
        (self.guest.home / "go").touch()
        self.guest.result(busy)
        self.assertEqual(b"waited\n", self.guest.result(waiting).stdout)
        result = self.guest.run("print(x, 'y' in globals())")
        self.assertEqual((b"1 False\n", False, 4), (result.stdout, result.restarted, result.end["execution"]))
        self.guest.wait(lambda: self.guest.bash("grep -l '[r]epl.py' /proc/[0-9]*/cmdline | wc -l").stdout == b"1\n", "the end of the interpreters")

    def test_no_output_of_a_fresh_run_comes_after_its_end(self) -> None:
        # The program ends when the first output is there, which on a busy machine takes a while.
        child = "while :; do echo x; touch written; done"
        for language, code in (("python", f"import os, subprocess, time\nsubprocess.Popen(['sh', '-c', '{child}'])\nwhile not os.path.exists('written'): time.sleep(0.001)"), ("bash", f"{child} & until [ -e written ]; do sleep 0.01; done")):
            for _ in range(3):
                self.assertIn(b"x\n", self.guest.run(code, language=language, fresh=True).stdout)
                self.guest.bash("rm -f written")
        self.guest.bash("true")
        self.assertEqual([], [frame for frame in self.guest.numbered if frame.kind == LATE])

    def test_the_ends_of_fresh_runs_are_those_of_any_run(self) -> None:
        tree = "import subprocess\nsubprocess.Popen(['setsid', 'sleep', '600'])\nprint('a')\nwhile True: pass"
        run = self.guest.start(tree, fresh=True)
        self.printed(run, b"a\n")
        self.guest.interrupt(run)
        self.assertEqual((130, "interrupted"), ((r := self.guest.result(run)).code, r.reason))
        run = self.guest.start(tree, fresh=True)
        self.printed(run, b"a\n")
        self.guest.kill(run)
        self.assertEqual((137, "killed", None), ((r := self.guest.result(run)).code, r.reason, r.end.get("state_lost")))
        self.assertEqual((124, "timeout"), ((r := self.guest.run(tree, fresh=True, timeout_ms=400)).code, r.reason))
        self.assertEqual((3, "crashed"), ((r := self.guest.run("import os; os._exit(3)", fresh=True)).code, r.reason))
        self.assertEqual((1, "ZeroDivisionError"), ((r := self.guest.run("1/0", fresh=True)).code, r.error["name"]))
        self.assertEqual(b"0\n", self.guest.bash(SLEEPERS).stdout)
        # Nothing of them counts any more.
        for _ in range(10):
            self.assertEqual(b"1\n", self.guest.run("print(1)", fresh=True).stdout)

    def test_a_fresh_run_has_results_and_input(self) -> None:
        run = self.guest.start("input('p')", fresh=True, stdin=True, display="last")
        self.guest.request(STDIN, bytes.fromhex(run[4:]) + b"\1" + struct.pack(">Q", 0) + b"abc\n")
        self.assertEqual(0, self.guest.result(run).code)
        bodies = [frame.payload[16:] for frame in self.guest.numbered if frame.kind == 32 and frame.run == run]
        self.assertEqual([2, 1], [body[0] for body in bodies])
        self.assertIn(b"'abc'", bodies[1])

    def test_contexts_and_fresh_runs_are_eight_together(self) -> None:
        self.context("create", id="a")
        runs = [self.guest.start("print('in')\nwhile True: pass", fresh=True) for _ in range(6)]
        answer = self.guest.request(RUN, self.guest.run_payload(self.guest.new_run(), "1", fresh=True))
        self.assertEqual((REFUSED, "context_limit"), (answer.kind, answer.json["code"]))
        # Before anything is killed.
        self.assertEqual("context_limit", self.guest.request(RUN, self.guest.run_payload(self.guest.new_run(), "1", fresh="alone")).json["code"])
        self.assertEqual("context_limit", self.context("create", id="b")["code"])
        self.guest.kill(runs[0])
        self.guest.result(runs[0])
        self.assertEqual(b"1\n", self.guest.run("print(1)", fresh=True).stdout)
        for fields in ({"fresh": True, "context": "a"}, {"fresh": "often"}, {"fresh": True, "order": "exact"}):
            answer = self.guest.request(RUN, self.guest.run_payload(self.guest.new_run(), "1", **fields))
            self.assertEqual((REFUSED, "invalid"), (answer.kind, answer.json["code"]), fields)

    def test_alone_kills_everything_else_first(self) -> None:
        self.context("create", id="a")
        self.guest.run("x = 1")
        self.guest.run("x = 1", context="a")
        self.guest.bash("setsid sleep 600 >/dev/null 2>&1 &")
        others = [self.guest.start("print('in')\nwhile True: pass", **fields) for fields in ({}, {"context": "a"}, {"fresh": True})]
        others.append(self.guest.start("", kind="process", argv=["sh", "-c", "echo in; exec sleep 600"]))
        others.append(self.guest.start("", kind="watch", path=text(str(self.guest.home))))
        for run in others[:4]:
            self.printed(run, b"in\n")
        others.append(self.guest.start("print('never')"))
        self.guest.send(FILE, json.dumps({"do": "write", "path": text(f"{self.guest.home}/new")}).encode(), 1)
        self.guest.wait(lambda: [f for f in self.guest.frames if f.kind == FILE_NEXT], "FILE_NEXT")
        run = self.guest.start("import os\nprint(sorted(n for n in os.listdir('/proc') if n.isdigit() and b'sleep' in open(f'/proc/{n}/cmdline', 'rb').read()), os.environ['SECRET'])", fresh="alone", env={"SECRET": "s"})
        result = self.guest.result(run)
        self.assertEqual((b"[] s\n", 0), (result.stdout, result.code), result)
        for other in others:
            self.assertEqual((137, "killed"), ((r := self.guest.result(other)).code, r.reason))
            self.assertLess(next(f.number for f in self.guest.numbered if f.kind == 31 and f.run == other), next(f.number for f in self.guest.numbered if f.run == run))
        self.guest.wait(lambda: [f for f in self.guest.frames if f.kind == FILE_FAILED], "FILE_FAILED")
        for context in ("python", "a"):
            result = self.guest.run("print('x' in globals())", context=context)
            self.assertEqual((b"False\n", True), (result.stdout, result.restarted))
        self.assertEqual(b"1 s\n", self.guest.bash("echo 1 $S", fresh="alone", env={"S": "s"}).stdout)

    def test_a_waiting_watch_is_refused_when_everything_is_killed(self) -> None:
        watch = self.guest.ask(RUN, self.guest.run_payload(self.guest.new_run(), "", kind="watch", path=text(str(self.guest.home))))
        alone = self.guest.ask(RUN, self.guest.run_payload(self.guest.new_run(), "1", fresh="alone"))
        self.assertEqual((REFUSED, "closing"), ((a := self.guest.answer(watch)).kind, a.json["code"]))
        self.assertEqual(TAKEN, self.guest.answer(alone).kind)


if __name__ == "__main__":
    unittest.main()
