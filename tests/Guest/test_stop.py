"""Interrupts, timeouts and kills: what ends, what stays, and what END says of it."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import unittest
from pathlib import Path

from host import END, ENV, GUEST, INTERRUPT, REFUSED, RUN, STARTED, TAKEN, Guest

SWALLOW = "while True:\n    try:\n        print('before')\n        while True: pass\n    except KeyboardInterrupt: print = lambda text: None\n"
# C code that looks at no signal once it has written.
STUCK_IN_C = "import itertools, os\nsum(itertools.chain(map(os.write, [1], [b'before\\n']), range(10 ** 12)))\n"
# Three levels, each in a session of its own, and none of them obeys SIGINT.
TREE = "trap '' INT; setsid bash -c \"trap '' INT; setsid bash -c 'sleep 600; true' & sleep 600; true\" & "
# Without the dead whose parent has not asked for them.
PROCESSES = """
import os
def alive(name):
    try: return name.isdigit() and int(name) not in (1, os.getpid()) and open(f'/proc/{name}/stat').read().rpartition(')')[2].split()[0] != 'Z'
    except (FileNotFoundError, ProcessLookupError): return False
print([int(name) for name in os.listdir('/proc') if alive(name)])
"""
# A limit of its own, so that the bomb does not reach other processes of this machine that happen to have the same user.
BOMB = "ulimit -u {limit}; trap '' INT; b() {{ b | b & }}; b 2>/dev/null; while :; do :; done"


class StopTests(unittest.TestCase):
    guest: Guest

    def setUp(self) -> None:
        self.guest = Guest().__enter__()
        self.addCleanup(self.guest.__exit__)

    def started(self, run: str) -> None:
        self.guest.wait(lambda: any(f.kind == STARTED and f.run == run for f in self.guest.frames), "STARTED")

    def printed(self, run: str, expected: bytes) -> None:
        self.guest.wait(lambda: expected in self.guest.output(run), repr(expected))

    def others(self) -> bytes:
        """Ids of all processes but the supervisor and the REPL."""
        return self.guest.run(PROCESSES).stdout

    # Interrupt

    def test_an_interrupt_ends_the_run_and_keeps_the_state(self) -> None:
        # Python swallows an interrupt that meets a finalizer, such as Popen's: none is left for a later run to meet.
        self.guest.run("import gc, time, subprocess, threading, asyncio; kept = 1")
        for code in (
            "print('a'); [0 for _ in iter(int, 1)]",
            "print('a'); time.sleep(600)",
            "print('a'); subprocess.run(['sleep', '600'])",
            "print('a'); threading.Event().wait()",
            "print('a'); asyncio.run(asyncio.sleep(600))",
        ):
            with self.subTest(code):
                run = self.guest.start(code)
                self.printed(run, b"a\n")
                self.assertEqual("running", self.guest.interrupt(run).json["state"])
                result = self.guest.result(run, 4)
                self.assertEqual((130, "interrupted", False), (result.code, result.reason, result.restarted))
                self.assertEqual(b"1\n", self.guest.run("print(kept); n = gc.collect()").stdout)
        self.assertEqual(b"[]\n", self.others())

    def test_an_interrupt_at_the_start_of_a_run_is_not_lost(self) -> None:
        for _ in range(100):
            run = self.guest.new_run()
            self.guest.ask(RUN, self.guest.run_payload(run, "while True: pass"))
            self.guest.ask(INTERRUPT, json.dumps({"run": run, "grace_ms": 20_000}).encode())
            result = self.guest.result(run, 5)
            self.assertEqual((130, "interrupted"), (result.code, result.reason))

    def test_an_interrupt_behind_long_code_and_new_variables_is_not_lost(self) -> None:
        run = self.guest.new_run()
        self.guest.ask(RUN, self.guest.run_payload(run, "while True: pass\n" + "#" * (4 << 20)))
        env = self.guest.ask(ENV, b'{"env":{"A":"1"}}')
        self.guest.ask(INTERRUPT, json.dumps({"run": run, "grace_ms": 20_000}).encode())
        self.assertEqual(TAKEN, self.guest.answer(env).kind)
        self.assertEqual((130, "interrupted"), ((result := self.guest.result(run, 10)).code, result.reason))
        self.assertEqual(b"1\n", self.guest.run("import os; print(os.environ['A'])").stdout)

    def test_an_interrupt_around_the_end_of_a_run_never_hits_the_next(self) -> None:
        chosen = random.Random(3)
        self.guest.run("hits = 0")
        reasons = set()
        for _ in range(1_000):
            first, second = self.guest.new_run(), self.guest.new_run()
            self.guest.ask(RUN, self.guest.run_payload(first, f"for _ in range({chosen.randrange(6_000)}): pass"))
            self.guest.ask(RUN, self.guest.run_payload(second, "for _ in range(300): hits += 0"))
            for _ in range(chosen.randrange(1, 3)):
                self.guest.ask(INTERRUPT, json.dumps({"run": first, "grace_ms": 20_000}).encode())
            result = self.guest.result(first)
            self.assertIn((result.code, result.reason, result.restarted), ((0, None, False), (130, "interrupted", False)))
            reasons.add(result.reason)
            result = self.guest.result(second)
            self.assertEqual((0, None, b""), (result.code, result.reason, result.stderr))
        self.assertEqual({None, "interrupted"}, reasons, "the interrupts did not fall on both sides of the end")

    def test_no_exception_of_a_burst_of_interrupts_ends_the_interpreter(self) -> None:
        for burst in (2, 5):
            with self.subTest(burst):
                script = str(Path(__file__).with_name("interrupt_bursts.py"))
                done = subprocess.run([sys.executable, script, str(GUEST), str(burst), "60000"], capture_output=True, text=True, timeout=120)
                self.assertEqual(("0 KeyboardInterrupt NoneType\n", ""), (done.stdout, done.stderr), "exceptions that left it, and the outcomes of runs")

    def test_an_interrupt_that_is_not_obeyed_kills_after_the_grace_time(self) -> None:
        for code in (SWALLOW, STUCK_IN_C):
            with self.subTest(code):
                run = self.guest.start(code)
                self.printed(run, b"before\n")
                self.guest.interrupt(run, grace_ms=100)
                result = self.guest.result(run)
                self.assertEqual((137, "killed", b"before\n"), (result.code, result.reason, result.stdout))
                self.assertTrue(self.guest.run("pass").restarted)

    def test_a_program_that_ends_in_its_own_way_when_interrupted_keeps_its_code(self) -> None:
        run = self.guest.start("import sys\ntry:\n    print('a')\n    while True: pass\nexcept KeyboardInterrupt: sys.exit(3)")
        self.printed(run, b"a\n")
        self.guest.interrupt(run)
        self.assertEqual((3, None), ((result := self.guest.result(run)).code, result.reason))

    def test_a_keyboard_interrupt_of_its_own_is_an_exception(self) -> None:
        result = self.guest.run("import signal; signal.raise_signal(signal.SIGINT)")
        self.assertEqual((1, None, "KeyboardInterrupt"), (result.code, result.reason, result.error["name"]))

    def test_queued_ended_and_unknown_runs(self) -> None:
        ended = self.guest.start("pass")
        self.guest.result(ended)
        running = self.guest.start("while True: pass")
        queued, killed = self.guest.start("print('never')"), self.guest.start("print('never')")
        self.assertEqual("queued", self.guest.interrupt(queued).json["state"])
        result = self.guest.result(queued)
        self.assertEqual((130, "interrupted", None, []), (result.code, result.reason, result.end["started"], result.frames))
        self.guest.kill(killed, "timeout")
        self.assertEqual((124, "timeout"), ((result := self.guest.result(killed)).code, result.reason))
        self.assertEqual("ended", self.guest.interrupt(ended).json["state"])
        self.assertEqual("unknown", self.guest.interrupt(self.guest.new_run()).json["state"])
        self.guest.interrupt(running)
        self.assertEqual(130, self.guest.result(running).code)

    def test_a_signal_handler_that_raises_between_runs_harms_nobody(self) -> None:
        self.guest.run(
            "import signal\nstrikes = 0\ndef handler(*_):\n    global strikes\n    strikes += 1\n"
            "    if strikes == 200: signal.setitimer(signal.ITIMER_REAL, 0)\n    raise TimeoutError\n"
            "signal.signal(signal.SIGALRM, handler)\nsignal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)"
        )
        results = [self.guest.run("1") for _ in range(300)]
        # The alarm may strike this one as well, wherever it is; where runs take longer than it, always, until its handler stops it.
        while self.guest.run("signal.setitimer(signal.ITIMER_REAL, 0); signal.signal(signal.SIGALRM, signal.SIG_IGN)").code:
            pass
        self.assertEqual({None}, {result.reason for result in results})
        self.assertEqual((b"1\n", False), ((result := self.guest.run("print(1)")).stdout, result.restarted))

    # Timeout

    def test_a_timeout_that_is_obeyed_keeps_the_state_and_leaves_nothing_of_the_run(self) -> None:
        self.guest.run("import subprocess, time; kept = 1; old = subprocess.Popen(['sleep', '600'], start_new_session=True)")
        result = self.guest.run(f"print('a')\nsubprocess.Popen(['bash', '-c', {TREE!r}])\nwhile True: pass", timeout_ms=300)
        self.assertEqual((124, "timeout", b"a\n"), (result.code, result.reason, result.stdout))
        self.assertEqual(b"1\nTrue\n", self.guest.run("print(kept); print(old.poll() is None); old.kill(); old.wait()").stdout.replace(b"None\n", b""))
        self.assertEqual(b"[]\n", self.others())

    def test_a_timeout_that_is_not_obeyed_kills_everything(self) -> None:
        for code in (SWALLOW, STUCK_IN_C, f"import subprocess\nsubprocess.Popen(['bash', '-c', {TREE!r}])\n" + SWALLOW):
            with self.subTest(code):
                result = self.guest.run(code, timeout_ms=200, grace_ms=100)
                self.assertEqual((124, "timeout", b"before\n"), (result.code, result.reason, result.stdout))
                self.assertEqual(b"[]\n", self.others())

    def test_the_timeout_counts_from_the_start_of_the_run(self) -> None:
        first = self.guest.start("import os\nwhile not os.path.exists('go'): pass")
        second = self.guest.start("print('in time')", timeout_ms=200)
        third = self.guest.start("while True: pass", timeout_ms=200)
        fourth = self.guest.start("true", language="bash")
        self.assertRaises(TimeoutError, self.guest.result, second, 0.4)
        (self.guest.home / "go").touch()
        self.guest.result(first)
        self.assertEqual(0, self.guest.result(second).code)
        self.assertEqual(124, self.guest.result(third).code)
        self.assertEqual(0, self.guest.result(fourth).code)

    def test_a_fork_bomb_ends_with_its_run(self) -> None:
        for language, code in (("bash", BOMB), ("python", "import subprocess; subprocess.Popen(['bash', '-c', {bomb!r}]).wait()")):
            with self.subTest(language):
                bomb = BOMB.format(limit=self.user_processes() + 100)
                result = self.guest.run(bomb if language == "bash" else code.format(bomb=bomb), language=language, timeout_ms=500, grace_ms=100)
                self.assertEqual((124, "timeout"), (result.code, result.reason))
                self.assertEqual(b"[]\n", self.others())

    def user_processes(self) -> int:
        import pathlib

        return sum(1 for path in pathlib.Path("/proc").glob("[0-9]*/task/*") if path.stat().st_uid == 1000)

    # Kill

    def test_a_kill_says_its_reason_and_leaves_nothing(self) -> None:
        for reason, code in (("killed", 137), ("expired", 137), ("timeout", 124)):
            run = self.guest.start(f"import subprocess\nsubprocess.Popen(['bash', '-c', {TREE!r}])\nprint('a')\nwhile True: pass")
            self.printed(run, b"a\n")
            self.guest.kill(run, reason)
            result = self.guest.result(run)
            self.assertEqual((code, reason, b"a\n"), (result.code, result.reason, result.stdout))
            self.assertEqual(b"[]\n", self.others())

    def test_killing_all_ends_the_queue_and_closes(self) -> None:
        running = self.guest.start("print('a')\nwhile True: pass")
        queued = self.guest.start("pass")
        self.printed(running, b"a\n")
        self.guest.kill(None, "expired")
        for run in (running, queued):
            self.assertEqual((137, "expired"), ((result := self.guest.result(run)).code, result.reason))
        answer = self.guest.request(RUN, self.guest.run_payload(self.guest.new_run(), "pass"))
        self.assertEqual((REFUSED, "closing"), (answer.kind, answer.json["code"]))
        self.assertEqual((TAKEN, "ended"), ((answer := self.guest.request(RUN, self.guest.run_payload(queued, "pass"))).kind, answer.json["state"]))
        kinds = [frame.kind for frame in self.guest.frames]
        self.assertLess(max(i for i, kind in enumerate(kinds) if kind == TAKEN and i < kinds.index(END)), kinds.index(END), "TAKEN came first")

    # bash

    def test_bash_obeys_an_interrupt_with_its_children(self) -> None:
        for code in ("echo a; sleep 600; echo no", "echo a; while :; do :; done"):
            run = self.guest.start(code, language="bash")
            self.printed(run, b"a\n")
            self.guest.interrupt(run)
            result = self.guest.result(run, 4)
            self.assertEqual((130, "interrupted", b"a\n"), (result.code, result.reason, result.stdout))

    def test_an_interrupt_before_bash_has_started_is_not_lost(self) -> None:
        for _ in range(20):
            run = self.guest.new_run()
            self.guest.ask(RUN, self.guest.run_payload(run, "while :; do :; done", language="bash"))
            self.guest.ask(INTERRUPT, json.dumps({"run": run, "grace_ms": 20_000}).encode())
            self.assertEqual((130, "interrupted"), ((result := self.guest.result(run, 5)).code, result.reason))

    def test_killing_bash_takes_its_whole_tree_and_leaves_the_repl(self) -> None:
        self.guest.run("import subprocess; kept = 1; old = subprocess.Popen(['sleep', '600'])")
        for how in ("kill", "timeout", "obeyed", "interrupt"):
            with self.subTest(how):
                tree = TREE if how != "obeyed" else TREE + "trap - INT; "
                run = self.guest.start(tree + "echo a; while :; do :; done", language="bash", timeout_ms=400 if how in ("timeout", "obeyed") else 30_000, grace_ms=100 if how != "obeyed" else 20_000)
                self.printed(run, b"a\n")
                if how == "kill":
                    self.guest.kill(run)
                elif how == "interrupt":
                    self.guest.interrupt(run, grace_ms=50)
                result = self.guest.result(run)
                expected = (137, "killed") if how in ("kill", "interrupt") else (124, "timeout")
                self.assertEqual(expected, (result.code, result.reason))
                self.assertEqual(b"1 True\n", self.guest.run("print(kept, old.poll() is None)").stdout)
                self.assertEqual(1, len(json.loads(self.others())))
        self.guest.run("old.kill(); old.wait()")


if __name__ == "__main__":
    unittest.main()
