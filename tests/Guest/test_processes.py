"""Processes as runs: start, standard input, signals, terminals, ends."""

from __future__ import annotations

import json
import os
import struct
import unittest

from host import EVENT, OUT, REFUSED, RESIZE, RUN, SIGNAL, STDIN, TAKEN, Frame, Guest, Result

APPEND = (1 << 64) - 1
TERMINAL = 3


class ProcessTests(unittest.TestCase):
    guest: Guest

    def setUp(self) -> None:
        self.guest = Guest()
        self.guest.version = 2
        self.guest.__enter__()
        self.addCleanup(self.guest.__exit__)

    def begin(self, *argv: str, command: str = "", **fields: object) -> str:
        more = {"argv": list(argv)} if argv else {}
        return self.guest.start(command, kind="process", **more, **fields)

    def finish(self, *argv: str, command: str = "", **fields: object) -> Result:
        return self.guest.result(self.begin(*argv, command=command, **fields))

    def write(self, run: str, data: bytes, offset: int = APPEND, end: bool = False) -> Frame:
        return self.guest.request(STDIN, bytes.fromhex(run[4:]) + bytes((end,)) + struct.pack(">Q", offset) + data)

    def signal(self, run: str, name: str, scope: str = "group") -> Frame:
        return self.guest.request(SIGNAL, json.dumps({"run": run, "signal": name, "scope": scope}).encode())

    def printed(self, run: str, expected: bytes) -> None:
        self.guest.wait(lambda: expected in self.guest.output(run), repr(expected))

    def events(self, run: str) -> list[int]:
        return [int.from_bytes(f.payload[17:], "big") for f in self.guest.numbered if f.kind == EVENT and f.run == run and f.payload[16] == 3]

    def others(self) -> bytes:
        return self.guest.bash("grep -l '[s]leep' /proc/[0-9]*/cmdline 2>/dev/null | wc -l").stdout

    # Start and end

    def test_a_process_starts_at_once_beside_other_runs_and_says_its_id(self) -> None:
        busy = self.guest.start("import os\nwhile not os.path.exists('go'): pass")
        run = self.begin("sh", "-c", "echo $$ $0 \"$1\"; echo err >&2; exit 7", "name", "é x")
        result = self.guest.result(run)
        (pid,) = self.events(run)
        self.assertEqual((7, None, f"{pid} name é x\n".encode(), b"err\n"), (result.code, result.reason, result.stdout, result.stderr))
        first = next(f for f in self.guest.numbered if f.run == run)
        self.assertEqual(EVENT, first.kind)
        (self.guest.home / "go").touch()
        self.guest.result(busy)

    def test_a_command_folder_and_variables(self) -> None:
        os.mkdir(self.guest.home / "sub")
        result = self.finish(command="pwd; echo $A; echo e >&2; echo o", cwd=f"{self.guest.home}/sub", env={"A": "1"}, stderr="stdout")
        self.assertEqual(f"{self.guest.home}/sub\n1\ne\no\n".encode(), result.stdout)

    def test_a_process_may_have_one_pipe_for_both_streams_or_their_exact_order(self) -> None:
        code = "".join(f"echo {i}{' >&2' if i % 2 else ''}; " for i in range(40))
        expected = [(1 + i % 2, b"%d\n" % i) for i in range(40)]
        for _ in range(5):
            self.assertEqual(expected, self.finish(command=code, order="exact").lines)
            self.assertEqual([(1, text) for _, text in expected], self.finish("bash", "-c", code, stderr="stdout").lines)

    def test_output_as_bytes_is_cut_where_a_read_has_ended(self) -> None:
        run = self.begin(command="printf 'a\\nb\\303'; printf 'x\\377' >&2; cat", encoding="base64", stdin=True)
        # Half of a character and of a line, which would be held back as text for as long as it may be completed.
        for stream, expected in ((1, b"a\nb\xc3"), (2, b"x\xff")):
            self.guest.wait(lambda: expected == b"".join(f.data for f in self.guest.numbered if f.kind == OUT and f.run == run and f.stream == stream), repr(expected))
        self.write(run, b"\xa9\n", end=True)
        result = self.guest.result(run)
        self.assertEqual((b"a\nb\xc3\xa9\n", b"x\xff"), (result.stdout, result.stderr))
        data = os.urandom(1_000_000)
        (self.guest.home / "data").write_bytes(data)
        self.assertEqual(data, self.finish("cat", "data", encoding="base64").stdout)
        self.assertEqual(data, self.finish("cat", "data").stdout)

    def test_hello_says_what_executes(self) -> None:
        runs = [self.begin("sh", "-c", "sleep 600", "é" * 5_000, cwd="/"), self.begin(command="sleep 600"), self.guest.start("import time; time.sleep(600)")]
        pids = [self.guest.wait(lambda: self.events(run), "the start")[0] for run in runs[:2]]
        self.guest.disconnect()
        found = {entry["run"]: entry for entry in self.guest.accept().json["runs"]}
        self.assertEqual((pids[0], "/", ["sh", "-c", "sleep 600"]), (found[runs[0]]["pid"], found[runs[0]]["cwd"], found[runs[0]]["argv"][:3]))
        self.assertEqual("é…", found[runs[0]]["argv"][3][-2:])
        self.assertEqual((pids[1], str(self.guest.home), ["bash", "-c", "sleep 600"]), tuple(found[runs[1]][name] for name in ("pid", "cwd", "argv")))
        self.assertEqual((1, None), (found[runs[2]]["execution"], found[runs[2]].get("pid")))

    def test_a_program_that_cannot_be_executed_has_no_start(self) -> None:
        (self.guest.home / "plain").write_text("x")
        for argv, fields, code, text in (
            (("no-such-program",), {}, 127, b"no-such-program: No such file or directory\n"),
            ((f"{self.guest.home}/plain",), {}, 126, b"Permission denied"),
            (("true",), {"cwd": "/no/such/folder"}, 126, b"/no/such/folder: No such file or directory\n"),
        ):
            run = self.begin(*argv, **fields)
            result = self.guest.result(run)
            self.assertEqual((code, []), (result.code, self.events(run)))
            self.assertIn(text, result.stderr)

    def test_an_end_by_a_signal_is_told_from_a_code(self) -> None:
        ended = self.finish("sh", "-c", "kill -TERM $$; sleep 600")
        self.assertEqual((143, "SIGTERM"), (ended.code, ended.end["signal"]))
        self.assertNotIn("signal", self.finish("sh", "-c", "exit 143").end)

    def test_interrupt_timeout_and_kill(self) -> None:
        run = self.begin(command="echo a; sleep 600")
        self.printed(run, b"a\n")
        self.guest.interrupt(run)
        self.assertEqual((130, "interrupted"), ((r := self.guest.result(run)).code, r.reason))
        tree = "trap '' INT; setsid sleep 600 & sleep 600 & echo a; while :; do :; done"
        self.assertEqual((124, "timeout"), ((r := self.finish(command=tree, timeout_ms=200, grace_ms=100)).code, r.reason))
        run = self.begin(command=tree)
        self.printed(run, b"a\n")
        self.guest.kill(run)
        self.assertEqual((137, "killed"), ((r := self.guest.result(run)).code, r.reason))
        self.assertEqual(b"0\n", self.others())
        # Interrupted before it is executed.
        for _ in range(20):
            run = self.begin("sleep", "600")
            self.guest.interrupt(run, 20_000)
            self.assertEqual((130, "interrupted"), ((r := self.guest.result(run, 5)).code, r.reason))

    def test_signals_reach_process_group_or_all(self) -> None:
        program = "trap 'echo usr1' USR1; (trap 'echo child' USR1; while :; do sleep 0.01; done) & setsid sh -c \"trap 'echo apart' USR1; echo ready; while :; do sleep 0.01; done\" & while :; do sleep 0.01; done"
        run = self.begin(command=program)
        self.printed(run, b"ready\n")
        self.assertEqual(TAKEN, self.signal(run, "SIGUSR1", "process").kind)
        self.printed(run, b"usr1\n")
        self.assertNotIn(b"child", self.guest.output(run))
        self.signal(run, "SIGUSR1", "group")
        self.printed(run, b"child\n")
        self.assertNotIn(b"apart", self.guest.output(run))
        # Whatever sleeps there dies of it, so it comes last.
        self.signal(run, "SIGUSR1", "all")
        self.printed(run, b"apart\n")
        self.signal(run, "SIGKILL", "all")
        self.assertEqual((137, None, "SIGKILL"), ((r := self.guest.result(run)).code, r.reason, r.end["signal"]))
        self.assertEqual((REFUSED, "ended"), ((a := self.signal(run, "SIGTERM")).kind, a.json["code"]))

    def test_sixty_four_processes_at_once_and_no_more(self) -> None:
        runs = [self.begin("sleep", "600") for _ in range(64)]
        answer = self.guest.request(RUN, self.guest.run_payload(self.guest.new_run(), "", kind="process", argv=["true"]))
        self.assertEqual((REFUSED, "queue_full"), (answer.kind, answer.json["code"]))
        self.assertEqual(b"1\n", self.guest.run("print(1)").stdout)
        self.guest.kill(None, "expired")
        for run in runs:
            self.assertEqual((137, "expired"), ((r := self.guest.result(run)).code, r.reason))

    # Standard input

    def test_what_is_written_arrives_once_and_in_order(self) -> None:
        run = self.begin("cat", stdin=True)
        self.assertEqual(4, self.write(run, b"one\n", 0).json["offset"])
        self.assertEqual(4, self.write(run, b"one\n", 0).json["offset"])
        self.assertEqual(8, self.write(run, b"e\ntwo\n", 2).json["offset"])
        gap = self.write(run, b"x", 100)
        self.assertEqual((REFUSED, "stdin_offset", 8), (gap.kind, gap.json["code"], gap.json["offset"]))
        self.printed(run, b"two\n")
        self.write(run, b"three\n", end=True)
        self.assertEqual(b"one\ntwo\nthree\n", self.guest.result(run).stdout)
        self.assertEqual((REFUSED, "ended"), ((a := self.write(run, b"x")).kind, a.json["code"]))

    def test_input_is_bounded_and_closed_where_none_is_wanted(self) -> None:
        run = self.begin("sleep", "600", stdin=True)
        self.write(run, bytes(1 << 20))
        full = self.write(run, bytes(1 << 20))
        self.assertEqual((REFUSED, "stdin_full"), (full.kind, full.json["code"]))
        self.guest.kill(run)
        self.guest.result(run)
        run = self.begin("sleep", "600")
        self.assertEqual((REFUSED, "stdin_closed"), ((a := self.write(run, b"x")).kind, a.json["code"]))
        self.guest.kill(run)
        self.assertEqual(b"", self.finish("cat").stdout)
        big = os.urandom(5_000_000)
        run = self.begin(command="sleep 0.2; sha1sum", stdin=True)
        import hashlib

        at = 0
        while at < len(big):
            if self.write(run, big[at : at + 500_000], at).kind == TAKEN:
                at += 500_000
        self.write(run, b"", end=True)
        self.assertIn(hashlib.sha1(big).hexdigest().encode(), self.guest.result(run).stdout)

    # Terminals

    def test_a_terminal_has_its_size_and_can_be_resized(self) -> None:
        run = self.begin("bash", "--norc", "-i", pty={"cols": 100, "rows": 30}, env={"PS1": "$ "})
        self.printed(run, b"$ ")
        self.write(run, b"tty; stty size; echo $TERM; test -t 0 && id -u\n")
        self.printed(run, b"1000\r\n")
        self.assertIn(b"/dev/pts/", self.guest.output(run))
        self.assertIn(b"30 100\r\nxterm-256color\r\n", self.guest.output(run))
        self.assertEqual(TAKEN, self.guest.request(RESIZE, json.dumps({"run": run, "cols": 120, "rows": 50}).encode()).kind)
        self.write(run, b"stty size\n")
        self.printed(run, b"50 120\r\n")
        self.write(run, b"sleep 600\n")
        self.guest.wait(lambda: self.others() == b"1\n", "sleep")
        # It goes to the foreground of the terminal, so the shell lives on.
        self.signal(run, "SIGINT")
        self.write(run, b"echo code $?\n")
        self.printed(run, b"code 130\r\n")
        self.write(run, b"", end=True)
        result = self.guest.result(run)
        self.assertEqual({TERMINAL}, {frame.stream for frame in result.frames})
        self.assertEqual((0, None), (result.code, result.reason))

    def test_a_terminal_loses_nothing_and_ends_with_its_process(self) -> None:
        run = self.begin("bash", "-c", "for i in $(seq 20000); do echo $i; done; exit 3", pty={"cols": 80, "rows": 24})
        result = self.guest.result(run)
        data = b"".join(frame.data for frame in result.frames)
        self.assertEqual((3, "".join(f"{i}\r\n" for i in range(1, 20_001)).encode()), (result.code, data))
        # What stays behind does not hold the end.
        run = self.begin("bash", "-c", "sleep 600 & echo started", pty={"cols": 80, "rows": 24})
        self.assertEqual(0, self.guest.result(run, 5).code)

    # Bad input

    def test_what_cannot_be_done_is_refused_and_names_the_field(self) -> None:
        for fields, word in (
            ({"kind": "ship"}, "kind"),
            ({"kind": "process"}, "command"),
            ({"kind": "process", "argv": []}, "argv"),
            ({"kind": "process", "argv": ["a\0b"]}, "argv"),
            ({"kind": "process", "argv": [1]}, "argv"),
            ({"kind": "process", "argv": ["x"] * 1_025}, "argv"),
            ({"kind": "process", "argv": ["x", "y" * 131_072]}, "argv"),
            ({"kind": "process", "argv": ["x"], "cwd": "relative"}, "cwd"),
            ({"kind": "process", "argv": ["x"], "pty": {"cols": 0, "rows": 1}}, "pty"),
            ({"kind": "process", "argv": ["x"], "pty": {"cols": 80, "rows": 24}, "order": "exact"}, "pty"),
        ):
            answer = self.guest.request(RUN, self.guest.run_payload(self.guest.new_run(), "", **fields))
            self.assertEqual((REFUSED, "invalid"), (answer.kind, answer.json["code"]), fields)
            self.assertIn(word, answer.json["detail"])
        run = self.begin("sleep", "600")
        self.assertEqual("invalid", self.signal(run, "SIGBORED").json["code"])
        self.assertEqual("invalid", self.signal(run, "SIGTERM", "world").json["code"])
        self.assertEqual("not_a_terminal", self.guest.request(RESIZE, json.dumps({"run": run, "cols": 1, "rows": 1}).encode()).json["code"])
        self.assertEqual("invalid", self.guest.request(RESIZE, json.dumps({"run": run, "cols": 1}).encode()).json["code"])
        self.assertEqual("ended", self.signal(self.guest.new_run(), "SIGTERM").json["code"])
        self.guest.kill(run)

    def test_a_terminal_after_a_rollback_is_output_under_the_same_numbers(self) -> None:
        self.guest.auto_ack = False
        run = self.begin("bash", "-c", "echo a; sleep 600", pty={"cols": 80, "rows": 24})
        self.printed(run, b"a\r\n")
        self.guest.version = 1
        self.guest.disconnect()
        self.guest.accept()
        self.guest.wait(lambda: [f for f in self.guest.frames if f.kind == OUT and f.payload[16] == 1 and b"a\r\n" in f.data], "the frame again")


if __name__ == "__main__":
    unittest.main()
