"""What a reader takes, and what it refuses: nothing is invented, and nothing unknown breaks it."""

from __future__ import annotations

import unittest

from flavours import FLAVOURS
from podflare import (
    CodeError,
    ConnectionFailedError,
    Event,
    EventsEvictedError,
    ExitEvent,
    ProtocolError,
    RunQueueFullError,
    Sandbox,
    SandboxUnreachableError,
    StdoutEvent,
    StreamEndedError,
)
from podflare._event_lines import Cursor, LineSplitter
from scripted_server import RUN, Script, ScriptedServer, Seen, end, out


class StrictnessTests(unittest.TestCase):
    def read(self, *scripts: Script) -> list[tuple[list[Event], BaseException | None, list[Seen]]]:
        """What each flavour makes of the same answers."""
        found = []
        for reader in FLAVOURS.values():
            with ScriptedServer(*scripts) as server:
                events, error = reader(server.url)
                found.append((events, error, server.requests))
        return found

    def afters(self, requests: list[Seen]) -> list[str]:
        return [seen.target.split("after=")[1].split("&")[0] for seen in requests[1:]]

    def test_a_stream_without_an_exit_raises_and_is_no_success(self) -> None:
        for events, error, requests in self.read(lambda x: x.events(out(1)), lambda x: x.events()):
            self.assertEqual([1], [event.seq for event in events])
            assert isinstance(error, StreamEndedError)
            self.assertEqual((RUN, 1), (error.run_id, error.last_seq))
            self.assertEqual(["1"] * 3, self.afters(requests), "the budget is used up without progress")

    def test_a_second_break_before_the_first_resumed_event_asks_for_the_same_place(self) -> None:
        scripts = (
            lambda x: x.events(out(1), out(2), cut=True),
            lambda x: x.events(cut=True),
            lambda x: x.events('{"type":"stdout","data":"half', cut=True),
            lambda x: x.events(out(3), cut=True),
            lambda x: x.events(out(4), end(5)),
        )
        for events, error, requests in self.read(*scripts):
            self.assertIsNone(error)
            self.assertEqual([1, 2, 3, 4, 5], [event.seq for event in events])
            self.assertEqual(["2", "2", "2", "3"], self.afters(requests))

    def test_only_progress_resets_the_budget(self) -> None:
        # Ten breaks with an event each are more than the budget of three, and do not use it up.
        progress = [lambda x, seq=seq: x.events(out(seq), cut=True) for seq in range(1, 11)]
        for events, error, requests in self.read(*progress, lambda x: x.events("\n", cut=True)):
            self.assertEqual(10, len(events))
            self.assertIsInstance(error, ConnectionFailedError)
            self.assertEqual(10 + 3, len(requests), "a sign of life is no progress")

    def test_events_that_come_again_are_passed_on_once(self) -> None:
        for events, error, _ in self.read(lambda x: x.events(out(1), out(2), cut=True), lambda x: x.events(out(1), out(2), out(3), end(4))):
            self.assertIsNone(error)
            self.assertEqual([1, 2, 3, 4], [event.seq for event in events])

    def test_a_gap_is_never_passed_on(self) -> None:
        for events, error, _ in self.read(lambda x: x.events(out(1), out(3), end(4))):
            self.assertEqual([1], [event.seq for event in events])
            self.assertIsInstance(error, ProtocolError)

    def test_unknown_types_and_fields_are_passed_over(self) -> None:
        lines = (
            out(1, more={"a": [1]}),
            {"type": "progress", "data": {"percent": 3}, "seq": 2, "ts": 1},
            {"type": "tick"},
            "\n",
            "  \r\n",
            end(3, reason=None, usage={"cpu": 1}),
        )
        for events, error, _ in self.read(lambda x: x.events(*lines)):
            self.assertIsNone(error)
            self.assertEqual([StdoutEvent("x\n", 1, 1, RUN), ExitEvent(0, 3, 1, run_id=RUN)], events)

    def test_absent_parts_of_an_error_are_empty(self) -> None:
        cases = {
            None: None,
            (): CodeError(),
            (("name", "E"),): CodeError("E"),
            (("name", "E"), ("value", None), ("traceback", None)): CodeError("E"),
            (("name", 3), ("traceback", ("a\n", "b\n"))): CodeError(traceback="a\nb\n"),
        }
        for parts, expected in cases.items():
            error_json = None if parts is None else {name: list(value) if isinstance(value, tuple) else value for name, value in parts}
            for events, error, _ in self.read(lambda x: x.events(end(1, 1, error=error_json))):
                self.assertIsNone(error)
                self.assertEqual([ExitEvent(1, 1, 1, error=expected, run_id=RUN)], events)

    def test_what_is_no_event_is_refused(self) -> None:
        lines = (
            "not json\n",
            "[]\n",
            {"type": "stdout", "data": "x"},
            {"type": "stdout", "data": 1, "seq": 1, "ts": 1},
            {"type": "exit", "seq": 1, "ts": 1},
            {"type": "exit", "data": None, "seq": 1, "ts": 1},
            {"type": "exit", "data": True, "seq": 1, "ts": 1},
        )
        for line in lines:
            for events, error, _ in self.read(lambda x: x.events(line, end(2))):
                self.assertEqual([], events, line)
                self.assertIsInstance(error, ProtocolError, line)

    def test_line_ends_inside_of_text_cut_nothing(self) -> None:
        # Raw, as another server may send them: only a newline ends a line.
        text = "a\u2028b\u0085c\x0bd"
        raw = f'{{"type":"stdout","data":"{text}","seq":1,"ts":1}}\n'.replace("\x0b", "\\u000b")
        for events, error, _ in self.read(lambda x: x.events(raw, end(2))):
            self.assertIsNone(error)
            self.assertEqual(text, events[0].data)

    def test_every_cut_of_a_stream_gives_the_same_events(self) -> None:
        stream = '{"type":"stdout","data":"é€😀\\n","seq":1,"ts":1}\n{"type":"exit","data":0,"seq":2,"ts":1}\n'.encode()
        expected = [StdoutEvent("é€😀\n", 1, 1), ExitEvent(0, 2, 1)]
        for first in range(len(stream)):
            for second in range(first, len(stream)):
                splitter, cursor, events = LineSplitter(), Cursor(0), []
                for piece in (stream[:first], stream[first:second], stream[second:]):
                    new, wrong = cursor.take(splitter.feed(piece))
                    self.assertIsNone(wrong)
                    events += new
                self.assertEqual(expected, events)

    def test_a_lost_start_is_repeated_with_its_key_and_body(self) -> None:
        scripts = (
            lambda x: x.drop(),
            lambda x: x.problem(503, "sandbox_unreachable", {"retry-after": "0"}),
            lambda x: x.problem(429, "run_queue_full", {"retry-after": "0"}),
            lambda x: x.events(end(1)),
        )
        for events, error, requests in self.read(*scripts):
            self.assertIsNone(error)
            self.assertEqual(1, len(events))
            self.assertEqual(4, len(requests))
            self.assertEqual(1, len({seen.headers["idempotency-key"] for seen in requests}))
            self.assertEqual(1, len({(seen.target, seen.body) for seen in requests}))

    def test_a_run_that_was_accepted_is_never_started_again(self) -> None:
        for _, error, requests in self.read(lambda x: x.events(cut=True), lambda x: x.problem(503, "sandbox_unreachable", {"retry-after": "0"})):
            self.assertIsInstance(error, SandboxUnreachableError)
            self.assertEqual(["POST", "GET", "GET", "GET"], [seen.method for seen in requests])

    def test_without_the_runs_id_there_is_no_second_start(self) -> None:
        for _, error, requests in self.read(lambda x: x.events(out(1), cut=True, headers={"podflare-run-id": ""})):
            self.assertIsInstance(error, ConnectionFailedError)
            self.assertEqual(1, len(requests))

    def test_headers_tell_of_the_run(self) -> None:
        headers = {"podflare-trace-id": "cd" * 16, "podflare-repl-restarted": "1"}
        with ScriptedServer(lambda x: x.events(out(1), cut=True, headers=headers), lambda x: x.events(end(2))) as server:
            with Sandbox(host=server.url) as sandbox:
                result = sandbox.run_code("1")
        self.assertEqual((RUN, "cd" * 16, True, "x\n"), (result.run_id, result.trace_id, result.repl_restarted, result.stdout))

    def test_evicted_events_raise_and_tell_what_is_left(self) -> None:
        for events, error, requests in self.read(lambda x: x.events(out(1), cut=True), lambda x: x.problem(410, "events_evicted", oldest_seq=7)):
            assert isinstance(error, EventsEvictedError)
            self.assertEqual((7, 1, 2), (error.oldest_seq, error.last_seq, len(requests)))

    def test_a_refusal_ends_in_its_exception(self) -> None:
        for _, error, requests in self.read(lambda x: x.problem(429, "run_queue_full", {"retry-after": "0"})):
            self.assertIsInstance(error, RunQueueFullError)
            self.assertEqual(4, len(requests))

