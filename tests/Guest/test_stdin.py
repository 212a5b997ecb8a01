"""Standard input of code: what a program reads, what it asks for, and what waits for it."""

from __future__ import annotations

import json
import struct
import unittest

from host import EVENT, HELLO, INTERRUPT, OUT, REFUSED, RUN, STDIN, TAKEN, Frame, Guest

APPEND = (1 << 64) - 1
INPUT_REQUEST = 2


class StdinTests(unittest.TestCase):
    guest: Guest

    def setUp(self) -> None:
        self.guest = Guest()
        self.guest.version = 2
        self.guest.__enter__()
        self.addCleanup(self.guest.__exit__)

    def write(self, run: str, data: bytes, offset: int = APPEND, end: bool = False) -> Frame:
        return self.guest.request(STDIN, bytes.fromhex(run[4:]) + bytes((end,)) + struct.pack(">Q", offset) + data)

    def requests(self, run: str) -> list[tuple[bytes, bool]]:
        """Prompts of the run's requests for input, and whether each is for a password."""
        return [(f.payload[18:], bool(f.payload[17])) for f in self.guest.numbered if f.kind == EVENT and f.run == run and f.payload[16] == INPUT_REQUEST]

    def asked(self, run: str, count: int = 1) -> tuple[bytes, bool]:
        self.guest.wait(lambda: len(self.requests(run)) >= count, f"request {count} for input")
        return self.requests(run)[count - 1]

    def printed(self, run: str, expected: bytes) -> None:
        self.guest.wait(lambda: expected in self.guest.output(run), repr(expected))

    # What a program asks for

    def test_input_and_getpass_ask_and_the_prompt_is_not_printed(self) -> None:
        run = self.guest.start("print('first'); name = input('name? '); import getpass; word = getpass.getpass('word: ')\nprint(repr((name, word)))", stdin=True)
        self.assertEqual((b"name? ", False), self.asked(run))
        self.assertEqual((TAKEN, "running", 6), ((a := self.write(run, "hé x\n".encode())).kind, a.json["state"], a.json["offset"]))
        self.assertEqual((b"word: ", True), self.asked(run, 2))
        self.write(run, b"secret\r\n")
        result = self.guest.result(run)
        self.assertEqual((0, "first\n('hé x', 'secret')\n".encode(), b""), (result.code, result.stdout, result.stderr))
        self.assertEqual([(b"name? ", False), (b"word: ", True)], self.requests(run))

    def test_a_request_has_its_place_between_the_output(self) -> None:
        run = self.guest.start("import sys\nprint('before')\nprint('error', file=sys.stderr)\ninput('now')\nprint('after')", stdin=True)
        self.asked(run)
        self.write(run, b"\n")
        self.guest.result(run)
        order = [f.data if f.kind == OUT else b"?" for f in self.guest.numbered if f.run == run and f.kind in (OUT, EVENT)]
        self.assertEqual([b"before\n", b"error\n", b"?", b"after\n"], order)

    def test_reading_asks_without_a_prompt_where_nothing_waits(self) -> None:
        run = self.guest.start("import sys\nfor line in sys.stdin: print(line.strip())\nprint('end')", stdin=True)
        self.assertEqual((b"", False), self.asked(run))
        self.write(run, b"one\ntwo\n")
        self.printed(run, b"two\n")
        self.asked(run, 2)
        self.write(run, b"three", end=True)
        self.assertEqual(b"one\ntwo\nthree\nend\n", self.guest.result(run).stdout)
        self.assertEqual(2, len(self.requests(run)))

    def test_what_waits_already_is_read_without_asking_except_by_input(self) -> None:
        busy = self.guest.start("import os\nwhile not os.path.exists('go'): pass")
        run = self.guest.start("import sys\nprint(sys.stdin.readline(), input('p'), sys.stdin.read(3), sys.stdin.buffer.read())", stdin=True)
        self.assertEqual(("queued", 14), ((a := self.write(run, b"a\nb\nc\xc3\xa9def\ng\nh", end=True)).json["state"], a.json["offset"]))
        (self.guest.home / "go").touch()
        self.guest.result(busy)
        self.assertEqual("a\n b céd b'g\\nh'\n".encode(), self.guest.result(run).stdout)
        self.assertEqual([(b"p", False)], self.requests(run))

    def test_a_long_prompt_is_cut_at_a_character(self) -> None:
        run = self.guest.start("input('é' * 100_000)", stdin=True)
        self.assertEqual("é" * 32_500, self.asked(run)[0].decode())
        self.write(run, b"\n")
        self.assertEqual(b"", self.guest.result(run).stdout)

    def test_a_program_keeps_its_own_input_and_streams(self) -> None:
        for code in (
            "input = lambda prompt: 'own'\nprint(input('p'))",
            "import io, sys\nsys.stdin = io.StringIO('own\\n')\nprint(input(''))",
            "import sys\nfrom unittest import mock\nwith mock.patch('builtins.input', lambda prompt: 'own'): print(input('p'))",
        ):
            self.assertEqual(b"own\n", self.guest.run(code + "\nif 'input' in globals(): del input", stdin=True).stdout)
        run = self.guest.start("print(input('p'))", stdin=True)
        self.assertEqual(b"p", self.asked(run)[0])
        self.write(run, b"x\n")
        self.assertEqual(b"x\n", self.guest.result(run).stdout)

    def test_a_built_in_input_that_the_program_has_replaced_before_stays(self) -> None:
        self.guest.run("import builtins\nbuiltins.input = lambda prompt: 'own'")
        self.assertEqual(b"own\n", self.guest.run("print(input('p'))", stdin=True).stdout)

    # Who reads

    def test_children_share_the_descriptor_and_find_what_the_program_has_left(self) -> None:
        run = self.guest.start("import subprocess\nprint(input('p'))\nsubprocess.run(['head', '-c', '2'])\nprint(input('p'))\nsubprocess.run(['cat', '/dev/stdin'])", stdin=True)
        self.write(run, b"one\nhi\ntwo\nrest\n", end=True)
        # head leaves the end of its line, which the second input reads.
        self.assertEqual(b"one\nhi\ntwo\nrest\n", self.guest.result(run).stdout)

    def test_bash_has_input_too(self) -> None:
        run = self.guest.start("read -r a; echo \"got $a\"; cat", language="bash", stdin=True)
        self.write(run, b"x y\n")
        self.printed(run, b"got x y\n")
        self.write(run, b"rest\n", end=True)
        self.assertEqual(b"got x y\nrest\n", self.guest.result(run).stdout)
        self.assertEqual([], self.requests(run))

    def test_an_awaiting_program_may_ask_as_well(self) -> None:
        run = self.guest.start("import asyncio\nawait asyncio.sleep(0)\nx = input('p')\nawait asyncio.sleep(0)\nx", stdin=True, display="last")
        self.asked(run)
        self.write(run, b"1\n")
        self.assertEqual(0, self.guest.result(run).code)
        self.assertEqual(b"'1'\n", self.guest.run("print(repr(x))").stdout)

    # Its end

    def test_an_interrupt_while_it_waits_keeps_the_state(self) -> None:
        self.guest.run("kept = 1")
        for code in ("input('p')", "import sys; sys.stdin.read()", "import getpass; getpass.getpass()", "import asyncio\nawait asyncio.sleep(0)\ninput('p')"):
            with self.subTest(code):
                run = self.guest.start(code, stdin=True, display="last")
                self.asked(run)
                self.guest.interrupt(run)
                result = self.guest.result(run)
                self.assertEqual((130, "interrupted", False), (result.code, result.reason, result.end.get("state_lost", False)))
                self.assertEqual((b"1\n", False), ((r := self.guest.run("print(kept)")).stdout, r.restarted))

    def test_an_interrupt_at_the_start_of_a_run_with_input_is_not_lost(self) -> None:
        for _ in range(30):
            run = self.guest.new_run()
            self.guest.ask(RUN, self.guest.run_payload(run, "input('p')", stdin=True))
            self.guest.ask(INTERRUPT, json.dumps({"run": run, "grace_ms": 20_000}).encode())
            result = self.guest.result(run, 10)
            self.assertEqual((130, "interrupted"), (result.code, result.reason))
        self.assertFalse(self.guest.run("pass").restarted)

    def test_without_input_it_ends_at_once_before_and_after_a_run_that_has_some(self) -> None:
        code = "import sys\ntry: input('p')\nexcept EOFError: print('end', repr(sys.stdin.read()))\nimport subprocess; print(subprocess.run(['cat'], capture_output=True).stdout)"
        for _ in range(2):
            result = self.guest.run(code)
            self.assertEqual(b"pend ''\nb''\n", result.stdout, result)
            # It leaves something unread.
            run = self.guest.start("import sys; print(sys.stdin.read(1))", stdin=True)
            self.write(run, b"abc\ndef\n")
            self.assertEqual(b"a\n", self.guest.result(run).stdout)
            self.assertEqual(b"b''\n", self.guest.bash("python3 -c 'import sys; print(sys.stdin.buffer.read())'").stdout)
        run = self.guest.start("print(input('p'))", stdin=True)
        self.write(run, b"new\n")
        self.assertEqual(b"new\n", self.guest.result(run).stdout)

    def test_the_end_of_input_is_an_eof_error(self) -> None:
        run = self.guest.start("input('p')", stdin=True)
        self.asked(run)
        self.write(run, b"", end=True)
        result = self.guest.result(run)
        self.assertEqual((1, "EOFError"), (result.code, result.error["name"]))
        self.assertEqual(("stdin_closed", 0), ((a := self.write(self.ended_input(), b"x")).json["code"], a.json["offset"]))

    def ended_input(self) -> str:
        run = self.guest.start("import time; time.sleep(600)", stdin=True)
        self.write(run, b"", end=True)
        return run

    def test_a_fork_that_lives_on_asks_nobody(self) -> None:
        run = self.guest.start("import os\nif os.fork() == 0:\n    try: print(input('child '))\n    finally: os._exit(0)\nos.wait()\nprint(input('p'))", stdin=True)
        self.write(run, b"one\ntwo\n")
        self.assertEqual(b"child one\ntwo\n", self.guest.result(run).stdout)
        self.assertEqual([(b"p", False)], self.requests(run))

    # What waits

    def test_one_mebibyte_waits_also_for_a_queued_run_and_no_more(self) -> None:
        busy = self.guest.start("import os\nwhile not os.path.exists('go'): pass")
        data = bytes(range(256)) * 4096
        runs = [self.guest.start("import sys, hashlib; print(hashlib.sha1(sys.stdin.buffer.read()).hexdigest())", stdin=True) for _ in range(33)]
        self.assertEqual(1 << 20, self.write(runs[0], data, 0).json["offset"])
        self.assertEqual(1 << 20, self.write(runs[0], data, 0).json["offset"], "a repetition counts once")
        full = self.write(runs[0], b"x")
        self.assertEqual((REFUSED, "stdin_full", 1 << 20), (full.kind, full.json["code"], full.json["offset"]))
        for run in runs[1:32]:
            self.assertEqual(TAKEN, self.write(run, data).kind)
        self.assertEqual("stdin_full", self.write(runs[32], b"x").json["code"], "32 MiB of all runs")
        self.guest.interrupt(runs[31])
        self.guest.result(runs[31])
        self.assertEqual(TAKEN, self.write(runs[32], b"x").kind)
        (self.guest.home / "go").touch()
        self.guest.result(busy)
        import hashlib

        for run in runs[:31]:
            self.write(run, b"", end=True)
            self.assertEqual(hashlib.sha1(data).hexdigest().encode() + b"\n", self.guest.result(run).stdout)
        self.assertEqual("ended", self.write(runs[0], b"x").json["code"])
        self.assertEqual("ended", self.write(self.guest.new_run(), b"x").json["code"])

    def test_input_that_nobody_wants_is_refused_and_hello_says_what_was_accepted(self) -> None:
        run = self.guest.start("import time; time.sleep(600)")
        self.assertEqual((REFUSED, "stdin_closed"), ((a := self.write(run, b"x")).kind, a.json["code"]))
        other = self.guest.start("pass", stdin=True)
        self.write(other, b"abc")
        self.guest.disconnect()
        hello = self.guest.accept()
        self.assertEqual(HELLO, hello.kind)
        self.assertEqual([None, 3], [found["stdin"] for found in hello.json["runs"]])

    def test_a_run_that_is_handed_over_keeps_its_input(self) -> None:
        # The interpreter dies between two runs, and the supervisor may notice only after it has sent the next one.
        for _ in range(20):
            self.guest.run("import os, threading\nthreading.Timer(0, lambda: os._exit(3)).start()")
            run = self.guest.start("print(input('p'))", stdin=True)
            self.write(run, b"kept\n")
            result = self.guest.result(run)
            self.assertTrue(result.stdout == b"kept\n" or result.reason == "crashed", result)

    def test_after_a_rollback_a_request_is_output_under_the_same_number(self) -> None:
        self.guest.auto_ack = False
        run = self.guest.start("input('name? '); input()", stdin=True)
        self.asked(run)
        self.write(run, b"x\n")
        self.asked(run, 2)
        self.guest.version = 1
        self.guest.disconnect()
        self.guest.accept()
        found = self.guest.wait(lambda: [f for f in self.guest.frames if f.kind == OUT and f.run == run and f.number in (1, 2)][1:] and [f for f in self.guest.frames if f.kind == OUT and f.run == run], "the frames again")
        self.assertEqual([(1, b"name? "), (2, b"\n")], [(f.number, f.data) for f in found])


if __name__ == "__main__":
    unittest.main()
