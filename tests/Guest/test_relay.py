"""The OTLP relay: what programs may send it, what the host gets, and what neither can break."""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import time
import unittest

from host import ENV, Frame, Guest, require_guest

OTLP, OTLP_TAKEN = 50, 51
BODY = b"\x0a\x02\x12\x00"
OPTIONS = "Content-Type: application/x-protobuf\r\n"


class Batch:
    """What the parts of one batch say together."""

    def __init__(self, parts: list[Frame]) -> None:
        first = parts[0].payload
        self.number = parts[0].number
        self.signal, self.encoding, count = first[1:4]
        self.runs = [("run_" + first[at : at + 16].hex(), *struct.unpack_from(">qq", first, at + 16)) for at in range(4, 4 + 32 * count, 32)]
        end = 4 + 32 * count
        self.dropped = struct.unpack_from(">III", first, end)
        self.body = first[end + 12 :] + b"".join(part.payload[1:] for part in parts[1:])


class RelayTests(unittest.TestCase):
    guest: Guest

    def setUp(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.guest = Guest(arguments=("--otlp-port", str(self.port))).__enter__()
        self.addCleanup(self.guest.__exit__)

    def connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), 20)
        self.addCleanup(connection.close)
        return connection

    def raw(self, data: bytes) -> bytes:
        """Sends it and reads until the guest has closed the connection."""
        connection = self.connect()
        connection.sendall(data)
        return self.rest(connection)

    def rest(self, connection: socket.socket) -> bytes:
        found = b""
        try:
            while part := connection.recv(65_536):
                found += part
        except ConnectionResetError:
            pass
        return found

    def post(self, body: bytes = BODY, path: str = "/v1/traces", headers: str = OPTIONS) -> bytes:
        return self.raw(f"POST {path} HTTP/1.1\r\nHost: x\r\n{headers}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

    def batches(self, count: int, since: int = 0) -> list[Batch]:
        """Waits for as many whole batches."""

        def find() -> list[Batch] | None:
            found, parts = [], []
            for frame in self.guest.frames[since:]:
                if frame.kind != OTLP:
                    continue
                parts.append(frame)
                if frame.payload[0]:
                    found.append(Batch(parts))
                    parts = []
            return found if len(found) >= count else None

        return self.guest.wait(find, f"{count} batches")

    def take(self, number: int) -> None:
        self.guest.send(OTLP_TAKEN, struct.pack(">Q", number))

    def test_hello_says_that_there_is_a_relay(self) -> None:
        self.assertIs(True, self.guest.frames[0].json["relay"])

    def test_a_batch_reaches_the_host_as_it_was_sent(self) -> None:
        self.assertIn(b"200 OK", self.post())
        self.assertIn(b"\r\n\r\n{}", self.post(b'{"resourceLogs":[]}', "/v1/logs?a=b", "content-type: application/json; charset=utf-8\r\n"))
        self.assertIn(b"200 OK", self.post(b"zipped", "/v1/metrics", OPTIONS + "Content-Encoding: gzip\r\n"))
        large = os.urandom(1 << 20)
        self.take(self.batches(3)[-1].number)
        self.guest.run("pass")
        self.assertIn(b"200 OK", self.post(large[: 900 << 10]))
        found = self.batches(4)
        self.assertEqual([(1, 1, 0, BODY), (2, 2, 1, b'{"resourceLogs":[]}'), (3, 3, 2, b"zipped")], [(b.number, b.signal, b.encoding, b.body) for b in found[:3]])
        self.assertEqual(large[: 900 << 10], found[3].body)
        self.assertLessEqual(max(len(f.payload) for f in self.guest.frames if f.kind == OTLP), (64 << 10) + 512)

    def test_requests_in_chunks_one_after_the_other_and_byte_by_byte(self) -> None:
        connection = self.connect()
        head = b"POST /v1/traces HTTP/1.1\r\nContent-Type: application/x-protobuf\r\n"
        for byte in head + b"Transfer-Encoding: chunked\r\n\r\n2;x=y\r\n\x0a\x02\r\n2\r\n\x12\x00\r\n0\r\nTrailer: t\r\n\r\n":
            connection.sendall(bytes((byte,)))
        connection.sendall((head + b"Content-Length: 4\r\n\r\n" + BODY) * 2)
        connection.sendall(head + b"Connection: close\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        found = b""
        while b"100 Continue" not in found:
            found += connection.recv(4096)
        connection.sendall(BODY)
        found += self.rest(connection)
        self.assertEqual(4, found.count(b"200 OK"))
        self.assertEqual([BODY] * 4, [batch.body for batch in self.batches(4)])

    def test_what_is_not_otlp_is_refused_and_the_next_request_is_served(self) -> None:
        post, kind = b"POST /v1/traces HTTP/1.1\r\n", b"Content-Type: application/json\r\n"
        for status, data in (
            (400, b"\x16\x03\x01\x02\x00\x01\x00"),
            (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
            (400, post + kind + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
            (400, post + kind + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
            (400, post + kind + b"Content-Length: -1\r\n\r\n"),
            (400, post + b" folded\r\n\r\n"),
            (400, post + kind + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n"),
            (400, post + kind + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n"),
            (400, post + kind + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 2_000),
            (404, b"POST /v1/spans HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"),
            (405, b"GET /v1/traces HTTP/1.1\r\n\r\n"),
            (411, post + kind + b"\r\n"),
            (413, post + kind + b"Content-Length: 1048577\r\n\r\n"),
            (413, post + kind + b"Content-Length: 99999999999999999999\r\n\r\n"),
            (413, post + kind + b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n"),
            (415, post + b"Content-Type: text/plain\r\nContent-Length: 1\r\n\r\na"),
            (415, post + kind + b"Content-Encoding: br\r\nContent-Length: 1\r\n\r\na"),
            (431, post + b"A: " + b"x" * 9_000),
        ):
            with self.subTest(data=data[:60]):
                self.assertRegex(self.raw(data), rb"^HTTP/1.1 %d [^\r]+\r\nContent-Length: 0\r\nConnection: close\r\n\r\n$" % status)
        self.assertIn(b"200 OK", self.post())
        self.assertEqual("1\n", self.guest.run("print(1)").stdout.decode())

    def test_batches_come_again_until_they_are_taken(self) -> None:
        for _ in range(3):
            self.post()
        self.batches(3)
        self.take(1)
        self.guest.run("pass")
        self.guest.disconnect()
        self.post(b"while away")
        before = len(self.guest.frames)
        self.guest.accept()
        self.assertEqual([(2, BODY), (3, BODY), (4, b"while away")], [(b.number, b.body) for b in self.batches(3, before)])

    def test_a_full_queue_drops_the_newest_and_says_so(self) -> None:
        answers = [self.post(bytes(300 << 10)) for _ in range(3)] + [self.post(bytes(300 << 10)), self.post(bytes(300 << 10), "/v1/logs")]
        self.assertEqual([False] * 3 + [True] * 2, [b"the relay is full" in answer for answer in answers])
        self.assertTrue(all(answer.startswith(b"HTTP/1.1 200 OK") for answer in answers))
        self.take(self.batches(3)[-1].number)
        self.guest.run("pass")
        self.post()
        self.assertEqual((1, 1, 0), self.batches(4)[-1].dropped)

    def test_output_and_ends_do_not_wait_for_telemetry(self) -> None:
        self.post(bytes(900 << 10))
        began = time.monotonic()
        self.assertEqual(b"x" * 100_000, self.guest.run("print('x' * 100_000, end='')").stdout)
        self.assertLess(time.monotonic() - began, 5)

    def test_a_batch_names_the_runs_of_the_context_or_process_that_sends_it(self) -> None:
        self.guest.version = 2
        self.guest.disconnect()
        self.guest.accept()
        code = """
import os, urllib.request
headers = dict(pair.split("=") for pair in os.environ["OTEL_EXPORTER_OTLP_HEADERS"].split(","))
headers["Content-Type"] = "application/json"
urllib.request.urlopen(urllib.request.Request(os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] + "/v1/traces", b"{}", headers)).read()
"""
        first = self.guest.start(code)
        self.guest.result(first)
        process = self.guest.start("", kind="process", argv=["python3", "-c", code])
        self.guest.result(process)
        second = self.guest.start(code)
        self.guest.result(second)
        self.post()
        one, two, three, unlabelled = self.batches(4)
        self.assertEqual([[first], [process], [first, second], [first, process, second]], [[run for run, _, _ in batch.runs] for batch in (one, two, three, unlabelled)])
        self.assertEqual(0, one.runs[0][2])
        self.assertLessEqual(three.runs[0][1], three.runs[0][2])
        self.assertEqual([], self.labelled(61_000).runs)

    def labelled(self, group: int) -> Batch:
        self.post(headers=OPTIONS + f"X-Podflare-Lineage: {group}\r\n")
        return self.batches(5)[-1]

    def test_the_variables_lead_to_the_relay_and_others_win(self) -> None:
        shown = "import os, json; print(json.dumps({k: v for k, v in os.environ.items() if k.startswith('OTEL_')}))"
        found = json.loads(self.guest.run(shown).stdout)
        self.assertEqual((f"http://127.0.0.1:{self.port}", "http/protobuf", "500"), (found["OTEL_EXPORTER_OTLP_ENDPOINT"], found["OTEL_EXPORTER_OTLP_PROTOCOL"], found["OTEL_BSP_SCHEDULE_DELAY"]))
        self.guest.request(ENV, json.dumps({"env": {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}}).encode())
        self.assertEqual("http/json", json.loads(self.guest.run(shown).stdout)["OTEL_EXPORTER_OTLP_PROTOCOL"])
        self.assertEqual("http://own", json.loads(self.guest.run(shown, env={"OTEL_EXPORTER_OTLP_ENDPOINT": "http://own"}).stdout)["OTEL_EXPORTER_OTLP_ENDPOINT"])
        self.assertIn(f"127.0.0.1:{self.port}", self.guest.bash("echo $OTEL_EXPORTER_OTLP_ENDPOINT").stdout.decode())

    def test_the_helper_nests_spans_under_the_run_and_never_fails_the_program(self) -> None:
        run = self.guest.run(
            """
from podflare_trace import span
with span("outer", rows=10, ok=True, ratio=0.5, who="é"):
    try:
        with span("inner") as inner:
            inner.set(other=[1])
            1 / 0
    except ZeroDivisionError:
        pass
print(span.__module__)
""",
            traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        )
        self.assertEqual((0, b"podflare_trace\n", b""), (run.code, run.stdout, run.stderr))

        def spans() -> list[dict]:
            found = [span for batch in self.batches(1) for span in json.loads(batch.body)["resourceSpans"][0]["scopeSpans"][0]["spans"]]
            return found if len(found) == 2 else []

        inner, outer = self.guest.wait(spans, "two spans")
        self.assertEqual(("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", "outer"), (outer["traceId"], outer["parentSpanId"], outer["name"]))
        self.assertEqual((outer["spanId"], outer["traceId"], {"code": 2}), (inner["parentSpanId"], inner["traceId"], inner["status"]))
        self.assertEqual(
            [("rows", {"intValue": "10"}), ("ok", {"boolValue": True}), ("ratio", {"doubleValue": 0.5}), ("who", {"stringValue": "é"})],
            [(attribute["key"], attribute["value"]) for attribute in outer["attributes"]],
        )
        away = self.guest.run("from podflare_trace import span\nwith span('x'): pass\nprint(1)", env={"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"})
        self.assertEqual((0, b"1\n", b""), (away.code, away.stdout, away.stderr))

    def test_no_more_than_eight_connections_are_open_and_the_ninth_waits(self) -> None:
        idle = [self.connect() for _ in range(8)]
        ninth = self.connect()
        ninth.sendall(f"POST /v1/traces HTTP/1.1\r\n{OPTIONS}Connection: close\r\nContent-Length: 4\r\n\r\n".encode() + BODY)
        self.guest.run("pass")
        ninth.settimeout(0.2)
        with self.assertRaises(TimeoutError):
            ninth.recv(1)
        idle[0].close()
        ninth.settimeout(20)
        self.assertIn(b"200 OK", self.rest(ninth))

    def test_unfinished_bodies_are_bounded_together(self) -> None:
        half = b"POST /v1/traces HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 1048576\r\n\r\n" + bytes(1_000_000)
        connections = [self.connect() for _ in range(3)]
        for connection in connections:
            try:
                connection.sendall(half)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it is the one that was refused
        refused, _, _ = select.select(connections, [], [], 20)
        self.assertEqual(1, len(refused))
        self.assertIn(self.rest(refused[0])[:12], (b"", b"HTTP/1.1 413"))
        for connection in connections:
            connection.close()
        self.assertIn(b"200 OK", self.post())


class NoRelayTests(unittest.TestCase):
    def test_a_port_that_is_taken_means_no_relay_and_no_variables(self) -> None:
        require_guest()
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            with Guest(arguments=("--otlp-port", str(taken.getsockname()[1]))) as guest:
                self.assertIs(False, guest.frames[0].json["relay"])
                self.assertEqual(b"None\n", guest.run("import os; print(os.environ.get('OTEL_EXPORTER_OTLP_ENDPOINT'))").stdout)
