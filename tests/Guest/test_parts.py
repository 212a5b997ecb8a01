"""The parts that decide without a process: cutting, splitting, judging, remembering."""

from __future__ import annotations

import itertools
import random
import socket
import sys
import tempfile
import time
import unittest
from collections import deque
from unittest import mock

from host import GUEST

sys.path.insert(0, str(GUEST))

from podflare_guest import lineage  # noqa: E402
from podflare_guest.context import Context  # noqa: E402
from podflare_guest.stdlib_core import dumps, loads  # noqa: E402
from podflare_guest.frames import PING, WELCOME, frame  # noqa: E402
from podflare_guest.link import Link  # noqa: E402
from podflare_guest.loop import Loop  # noqa: E402
from podflare_guest.processes import Moment, Process, reap  # noqa: E402
from podflare_guest.python_execution import PythonExecution  # noqa: E402
from podflare_guest.ring import Ring  # noqa: E402
from podflare_guest.run import Run  # noqa: E402
from podflare_guest.run_table import RunTable  # noqa: E402
from podflare_guest.source import Source, complete  # noqa: E402
from podflare_guest.split import STDERR, STDOUT, Splitter  # noqa: E402
from podflare_guest.outcome import Outcome, run_end  # noqa: E402


def completable(tail: bytes) -> bool:
    """Whether more bytes can make one character of the tail."""
    for more in (more for length in (1, 2, 3) for more in itertools.product((0x80, 0x90, 0xA0, 0xBF), repeat=length)):
        try:
            if len((tail + bytes(more)).decode()) == 1:
                return True
        except UnicodeDecodeError:
            pass
    return False


class CompleteTests(unittest.TestCase):
    def test_what_is_held_is_what_more_bytes_can_make_a_character(self) -> None:
        # Every byte at an edge of a range, in every sequence of up to four.
        edges = [0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF]
        known = {tail: completable(tail) for length in (1, 2, 3) for tail in map(bytes, itertools.product(edges, repeat=length))}
        self.assertGreater(sum(known.values()), 50)
        for length in range(1, 5):
            for data in map(bytes, itertools.product(edges, repeat=length)):
                held = next((tail for tail in (3, 2, 1) if tail <= length and known[data[length - tail :]]), 0)
                if length - held != complete(data, length):
                    self.fail(f"{data!r}: {held} bytes to be held")


class SplitterTests(unittest.TestCase):
    def test_any_cut_of_the_pipe_gives_the_same_streams_in_the_same_order(self) -> None:
        marker = bytes(range(200, 216))
        chosen = random.Random(5)
        for _ in range(300):
            written = []
            stream = b""
            for _ in range(chosen.randrange(1, 12)):
                # Parts of a marker in plain output must come through.
                data = chosen.choice([b"a", b"line\n", marker[:7], marker[:15], marker[3:], b"x" * 300])
                kind = chosen.choice([STDOUT, STDERR])
                written.append((kind, data))
                stream += data if kind == STDOUT else marker + len(data).to_bytes(2, "big") + data
            splitter = Splitter(marker)
            found = []
            at = 0
            while at < len(stream):
                end = min(len(stream), at + chosen.choice([1, 2, 3, 17, 40, 500]))
                found += splitter.split(stream[at:end], end < len(stream))
                at = end
            merged = [(kind, b"".join(d for _, d in group)) for kind, group in itertools.groupby(found, lambda piece: piece[0])]
            expected = [(kind, b"".join(d for _, d in group)) for kind, group in itertools.groupby(written, lambda piece: piece[0])]
            self.assertEqual(expected, merged)

    def test_a_forged_record_swallows_no_more_than_a_record(self) -> None:
        splitter = Splitter(b"M" * 16)
        found = splitter.split(b"M" * 16 + b"\xff\xff" + b"x" * 10_000, True)
        self.assertEqual(10_000, sum(len(data) for _, data in found))


class SourceTests(unittest.TestCase):
    def test_pieces_end_at_lines_or_at_the_limit_and_lose_nothing(self) -> None:
        chosen = random.Random(11)
        for _ in range(40):
            pieces: list[bytes] = []
            source = Source(STDOUT, lambda stream, piece, at_ms: pieces.append(piece))
            text = "".join(chosen.choices(["a", "é", "€", "😀", "\n", "€" * 40_000], weights=[5, 5, 5, 5, 1, 1], k=30)).encode()
            at = 0
            while at < len(text):
                end = at + chosen.choice([1, 3, 1_000, 70_000])
                source.feed(text[at:end], 0, 0.0)
                at = end
            source.finish()
            self.assertEqual(text, b"".join(pieces))
            for piece in pieces[:-1]:
                self.assertTrue(piece.endswith(b"\n") or len(piece) > 65_532, len(piece))
            for piece in pieces:
                self.assertLessEqual(len(piece), 65_536)
                piece.decode()


class OutcomeTests(unittest.TestCase):
    def test_the_table_of_the_protocol(self) -> None:
        error = {"name": "E", "value": "", "traceback": ""}
        none = {"cause": "", "interrupted": False, "killed": False}
        for outcome, how, expected in (
            (Outcome(3), {}, (3, None, None)),
            (Outcome(1, error=error), {}, (1, None, error)),
            (Outcome(1, error=error, interrupted=True), {}, (1, None, error)),
            (Outcome(1, error=error, interrupted=True), {"interrupted": True}, (130, "interrupted", None)),
            (Outcome(0), {"interrupted": True}, (0, None, None)),
            (Outcome(1, error=error), {"interrupted": True}, (1, None, error)),
            (Outcome(137, died=True), {"interrupted": True, "killed": True}, (137, "killed", None)),
            (Outcome(0), {"cause": "timeout"}, (124, "timeout", None)),
            (Outcome(137, died=True, oom=True), {"cause": "timeout", "killed": True}, (124, "timeout", None)),
            (Outcome(137, died=True), {"cause": "killed"}, (137, "killed", None)),
            (Outcome(137, died=True), {"cause": "expired"}, (137, "expired", None)),
            (Outcome(137, died=True, oom=True), {}, (137, "oom", None)),
            (Outcome(137, oom=True), {}, (137, "oom", None)),
            (Outcome(139, died=True), {}, (139, "crashed", None)),
        ):
            self.assertEqual(expected, run_end(outcome, **{**none, **how}))


class RunTableTests(unittest.TestCase):
    def test_ten_thousand_ids_are_known_and_open_runs_are_never_forgotten(self) -> None:
        table = RunTable()
        runs = [Run(i.to_bytes(16, "big"), f"run_{i:032x}", "python", b"") for i in range(10_003)]
        table.enter(runs[0])
        for number, run in enumerate(runs[1:], 1):
            table.enter(run)
            table.end(run, number)
            table.acknowledge({run.raw: number})
        self.assertEqual("queued", table.state(runs[0].raw))
        self.assertEqual(["unknown", "unknown", "unknown", "ended"], [table.state(run.raw) for run in runs[1:5]][:3] + [table.state(runs[-1].raw)])


class MomentTests(unittest.TestCase):
    def test_within_one_tick_the_process_id_decides(self) -> None:
        moment = Moment()
        for pid, ticks, expected in ((5, -1, False), (moment.newest, 0, False), (moment.newest + 1, 0, True), (5, 1, True)):
            stat = f"{pid} (a) b) S 1 " + "0 " * 17 + f"{moment.ticks + ticks} 0"
            self.assertEqual(expected, moment.precedes(Process(pid, stat.encode())), (pid, ticks))


class Hopper:
    """A process that forks and ends whenever it is looked at, so many times; then it stays to be killed."""

    def __init__(self, hops: int, group: int) -> None:
        self.pid, self.hops, self.group, self.alive = 100, hops, group, True

    def pids(self) -> list[int]:
        return [self.pid] if self.alive else []

    def status(self, pid: int) -> bytes | None:
        if pid != self.pid or not self.alive:
            return None
        if self.hops:
            self.hops -= 1
            self.pid += 1
            return None
        return f"Name:\tx\nState:\tR (running)\nTgid:\t{pid}\nGroups:\t7 {self.group} \n".encode()

    def kill(self, pid: int, number: int) -> None:
        if pid != self.pid:
            raise ProcessLookupError
        self.alive = False


class LineageKillTests(unittest.TestCase):
    def test_a_process_that_is_never_where_it_was_seen_is_not_taken_for_gone(self) -> None:
        for hops in (0, 1, 2, 7, 30):
            hopper = Hopper(hops, 61_200)
            fakes = {"_pids": hopper.pids, "_read_status": hopper.status, "newest_pid": lambda: hopper.pid, "require_own_namespace": lambda: None}
            with mock.patch.multiple(lineage, **fakes), mock.patch("os.kill", hopper.kill):
                kill = lineage.LineageKill(61_200)
                for _ in range(100):
                    done = kill.step()
                    if done is not False:
                        break
                self.assertTrue(done)
                self.assertFalse(hopper.alive)

    def test_what_never_becomes_certain_is_given_up(self) -> None:
        hopper = Hopper(1_000_000, 61_200)
        fakes = {"_pids": hopper.pids, "_read_status": hopper.status, "newest_pid": lambda: hopper.pid, "require_own_namespace": lambda: None}
        with mock.patch.multiple(lineage, **fakes, _MOST_FOLLOWED=64), mock.patch("os.kill", hopper.kill):
            kill = lineage.LineageKill(61_200)
            self.assertIsNone(next(done for done in (kill.step() for _ in range(1_000)) if done is not False))


class StdlibCoreTests(unittest.TestCase):
    def test_json_is_read_strictly_and_written_as_ascii(self) -> None:
        value = {"a": [1, None, True, "é\n\u2028"], "b": {}}
        self.assertEqual(value, loads(dumps(value)))
        dumps(value).decode("ascii")
        for text in (b"", b"{", b"[1", b"{} x", b"nul", b"\xff", b"[" * 100_000):
            self.assertRaises(ValueError, loads, text)


class InterpreterDeathTests(unittest.TestCase):
    def test_the_death_of_the_next_interpreter_while_a_dead_ones_processes_are_being_killed_repeats_no_run(self) -> None:
        context, execution = Context.__new__(Context), PythonExecution.__new__(PythonExecution)
        own, following = mock.Mock(), mock.Mock()
        following.has_begun.return_value = False
        execution.run, execution.interpreter, execution.abandon = mock.Mock(handed_over=False, cause=None, interrupted=False), own, mock.Mock()
        context._execution, context._queue = execution, deque()
        context._interpreter_died(following, 137)
        self.assertIs(execution, context._execution)
        self.assertEqual(0, len(context._queue))
        execution.abandon.assert_not_called()


class SilenceTests(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        folder = temporary.name
        self.host = socket.socket(socket.AF_UNIX)
        self.addCleanup(self.host.close)
        self.host.bind(f"{folder}/s")
        self.host.listen()
        self.dropped = 0
        self.loop = Loop()
        self.link = Link(self.loop, f"{folder}/s", Ring(), lambda: b"{}", lambda kind, number, payload: None)
        self.link.on_drop = self.count_drop
        self.link.dial()
        self.peer, _ = self.host.accept()
        self.addCleanup(self.peer.close)
        self.turn()

    def count_drop(self) -> None:
        self.dropped += 1

    def turn(self) -> None:
        for fd, events in self.loop._epoll.poll(0):
            self.loop._handlers[fd](events)

    def test_a_host_that_was_not_listened_to_is_not_silent(self) -> None:
        self.peer.sendall(frame(WELCOME) + frame(PING))
        # As after seconds in which the supervisor had no CPU, or was busy with processes.
        with mock.patch("podflare_guest.link.monotonic", lambda: time.monotonic() + 7):
            self.link._check_silence()
            self.assertEqual(0, self.dropped)
            self.turn()
        with mock.patch("podflare_guest.link.monotonic", lambda: time.monotonic() + 12):
            self.link._check_silence()
            self.assertEqual(0, self.dropped, "it was heard 5 s ago")
        with mock.patch("podflare_guest.link.monotonic", lambda: time.monotonic() + 14):
            self.link._check_silence()
            self.assertEqual(1, self.dropped, "nothing was sent since")

    def test_a_host_that_has_hung_up_is_gone_however_late_that_is_seen(self) -> None:
        self.peer.close()
        with mock.patch("podflare_guest.link.monotonic", lambda: time.monotonic() + 7):
            self.link._check_silence()
        self.assertEqual(1, self.dropped)


class KillStepTests(unittest.TestCase):
    def test_a_step_ends_also_where_processes_start_faster_than_they_are_looked_at(self) -> None:
        clock, newest = [0.0], [100]

        def next_pid() -> int:
            newest[0] += 1
            clock[0] += 0.001
            return newest[0]

        with mock.patch.multiple(lineage, newest_pid=next_pid, monotonic=lambda: clock[0], require_own_namespace=lambda: None, _pids=lambda: iter(()), _read_status=lambda pid: None):
            kill = lineage.LineageKill(61_200)
            ends = []
            while not ends or ends[-1] is False:
                before = clock[0]
                ends.append(kill.step())
                self.assertLess(clock[0] - before, 0.1)
        self.assertIsNone(ends[-1], "then everything is killed")
        self.assertLess(clock[0], 6)

    def test_children_that_never_end_to_end_are_collected_in_portions(self) -> None:
        with mock.patch("os.waitpid", lambda pid, flags: (7, 0)):
            self.assertIsNone(reap(lambda pid, status: None))


if __name__ == "__main__":
    unittest.main()
