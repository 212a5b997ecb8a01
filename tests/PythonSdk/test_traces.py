"""The caller's trace: what is read of it, and which one a call carries."""

from __future__ import annotations

import os
import sys
import types
import unittest
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from podflare import AsyncClient, AsyncSandbox, Client, Sandbox, TraceparentWarning
from podflare._trace import TRACEPARENT_VARIABLE, parse_traceparent
from scripted_server import ScriptedServer, end

T = "4bf92f3577b34da6a3ce929d0e0e4736"
S = "00f067aa0ba902b7"
t = "4bf92f3564d486ad"
Z = "0" * 16

# W3C Trace Context, "traceparent Header Field Values" and "Versioning of traceparent", and the 64-bit form that is padded.
VALID = {
    f"00-{T}-{S}-01": f"00-{T}-{S}-01",
    f"00-{T}-{S}-00": f"00-{T}-{S}-00",
    f"00-{T}-{S}-02": f"00-{T}-{S}-02",
    f"00-{T}-{S}-03": f"00-{T}-{S}-03",
    f"00-{T}-{S}-ff": f"00-{T}-{S}-03",
    f"00-{T}-{S}-fc": f"00-{T}-{S}-00",
    f" \t00-{T}-{S}-01\t ": f"00-{T}-{S}-01",
    f"cc-{T}-{S}-01": f"00-{T}-{S}-01",
    f"cc-{T}-{S}-01-": f"00-{T}-{S}-01",
    f"cc-{T}-{S}-01-x": f"00-{T}-{S}-01",
    f"cc-{T}-{S}-03": f"00-{T}-{S}-01",
}
PADDED = {
    f"00-{t}-{S}-01": f"00-{Z}{t}-{S}-01",
    f"00-{t}-{S}-00": f"00-{Z}{t}-{S}-00",
    f"00-{t}-{S}-03": f"00-{Z}{t}-{S}-01",
}
INVALID = [
    f"cc-{T}-{S}-01.x",
    f"ff-{T}-{S}-01",
    f"0x-{T}-{S}-01",
    f"00_{T}_{S}_01",
    f"00-{T}-{S}-01-",
    f"00-{T}-{S}-01-x",
    f"00-{T}-{S}-1",
    f"00-{T}-{S}-0G",
    f"00-{T.upper()}-{S}-01",
    f"00-{T}-{S.upper()}-01",
    f"CC-{T}-{S}-01",
    f"00-{'0' * 32}-{S}-01",
    f"00-{T}-{Z}-01",
    f"00-{Z}-{S}-01",
    f"00-{t}-{Z}-01",
    f"00-{T}-{S}-01,00-{T}-{S}-01",
    "",
    f"cc-{T}-{S}-01-" + "x" * 512,
    f"01-{t}-{S}-01",
    f"00-{t}-{S}-01-x",
    f"00-{t[1:]}-{S}-01",
    f"00-{t}0-{S}-01",
    f"00-{t.upper()}-{S}-01",
    f"00-{T}-{S}-01\n",
    f"00-{t}-{S}-01\n",
    f"00-{T}-{S}-0１",
]

ARGUMENT, SANDBOX, CLIENT, ENVIRONMENT, SPAN = (f"00-{T}-{n * 16}-01" for n in "12345")


class ParsingTests(unittest.TestCase):
    def test_the_vectors(self) -> None:
        for text, expected in VALID.items():
            self.assertEqual((expected, False), parse_traceparent(text), text)
        for text, expected in PADDED.items():
            self.assertEqual((expected, True), parse_traceparent(text), text)
        for text in INVALID:
            self.assertIsNone(parse_traceparent(text), text)

    def test_an_invalid_argument_raises_before_anything_is_sent(self) -> None:
        # Nothing listens on this address, and a request would say so.
        nowhere = "http://127.0.0.1:1"
        for text in INVALID:
            for make in (
                lambda: Sandbox(host=nowhere, traceparent=text),
                lambda: Client(nowhere, traceparent=text),
                lambda: AsyncSandbox(host=nowhere, traceparent=text),
                lambda: AsyncClient(nowhere, traceparent=text),
                lambda: Sandbox.attach("sbx_1", host=nowhere, traceparent=text),
                lambda: Sandbox.attach("sbx_1", host=nowhere).run_code("1", traceparent=text),
            ):
                self.assertRaises(ValueError, make)
        self.assertRaises(ValueError, lambda: Client(nowhere, tracestate="a=1"))
        self.assertRaises(ValueError, lambda: Client(nowhere, traceparent=ARGUMENT, tracestate="a=1\r\nx: y"))


class PrecedenceTests(unittest.TestCase):
    def setUp(self) -> None:
        self.server = ScriptedServer(lambda x: x.events(end(1)))
        self.addCleanup(self.server.__exit__)
        environment = mock.patch.dict(os.environ)
        environment.start()
        self.addCleanup(environment.stop)
        os.environ.pop(TRACEPARENT_VARIABLE, None)

    def sent(self, *, client: str | None = None, sandbox: str | None = None, argument: str | None = None) -> tuple[str | None, str | None, str | None]:
        """The traceparent of a create, in its body too, and that of a run."""
        with Client(self.server.url, traceparent=client) as connection, Sandbox(client=connection, traceparent=sandbox) as box:
            box.run_code("1", traceparent=argument)
        create, run = self.server.creates[-1], self.server.requests[-1]
        return create.headers.get("traceparent"), create.json.get("traceparent"), run.headers.get("traceparent")

    def test_the_nearest_wins(self) -> None:
        self.assertEqual((None, None, None), self.sent())
        os.environ[TRACEPARENT_VARIABLE] = ENVIRONMENT
        self.assertEqual((ENVIRONMENT, None, ENVIRONMENT), self.sent())
        self.assertEqual((CLIENT, None, CLIENT), self.sent(client=CLIENT))
        self.assertEqual((SANDBOX, SANDBOX, SANDBOX), self.sent(client=CLIENT, sandbox=SANDBOX))
        self.assertEqual((SANDBOX, SANDBOX, ARGUMENT), self.sent(client=CLIENT, sandbox=SANDBOX, argument=ARGUMENT))

    def test_a_current_span_counts_as_of_the_call(self) -> None:
        with opentelemetry_with(SPAN):
            self.assertEqual((SPAN, None, SPAN), self.sent(client=CLIENT))
            self.assertEqual((SPAN, SANDBOX, SPAN), self.sent(client=CLIENT, sandbox=SANDBOX))
            self.assertEqual((SPAN, SANDBOX, ARGUMENT), self.sent(client=CLIENT, sandbox=SANDBOX, argument=ARGUMENT))
            run = self.server.requests[-2]
            self.assertEqual(("v=1", "k=2"), (run.headers["tracestate"], run.headers["baggage"]))
        with opentelemetry_with(None):
            self.assertEqual((CLIENT, None, CLIENT), self.sent(client=CLIENT))

    def test_every_call_carries_it(self) -> None:
        with Sandbox(host=self.server.url, traceparent=SANDBOX, tracestate="a=1") as box:
            list(box.run_code_stream("1"))
            list(box.follow("run_1", after=3))
            list(box.replay())
            box.interrupt("run_1")
        self.assertEqual({(SANDBOX, "a=1")}, {(seen.headers.get("traceparent"), seen.headers.get("tracestate")) for seen in self.server.requests})

    def test_a_resumed_stream_carries_it(self) -> None:
        with ScriptedServer(lambda x: x.events(cut=True), lambda x: x.events(end(1))) as server:
            with Sandbox(host=server.url, traceparent=SANDBOX) as box:
                box.run_code("1", traceparent=ARGUMENT)
            self.assertEqual([ARGUMENT, ARGUMENT], [seen.headers["traceparent"] for seen in server.requests])

    def test_a_64_bit_id_is_padded_and_warned_of(self) -> None:
        text, padded = next(iter(PADDED.items()))
        with self.assertWarns(TraceparentWarning) as caught:
            self.assertEqual((padded, padded, padded), self.sent(sandbox=text))
        self.assertEqual(1, len(caught.warnings))
        with self.assertWarns(TraceparentWarning) as caught:
            self.assertEqual((padded, None, padded), self.sent(client=text))
        self.assertEqual(1, len(caught.warnings))

    def test_an_invalid_environment_is_warned_of_once_and_ignored(self) -> None:
        os.environ[TRACEPARENT_VARIABLE] = "00-nonsense"
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            self.assertEqual((None, None, None), self.sent())
            self.assertEqual((None, None, None), self.sent())
        self.assertEqual([TraceparentWarning], [warning.category for warning in caught])


@contextmanager
def opentelemetry_with(traceparent: str | None) -> Iterator[None]:
    """Stands in for the package opentelemetry-api, which the distribution does not have: the two propagators that are used of it."""

    class TraceContextTextMapPropagator:
        def inject(self, carrier: dict[str, str]) -> None:
            if traceparent is not None:
                carrier.update(traceparent=traceparent, tracestate="v=1")

    class W3CBaggagePropagator:
        def inject(self, carrier: dict[str, str]) -> None:
            carrier["baggage"] = "k=2"

    names = ("opentelemetry", "opentelemetry.trace", "opentelemetry.trace.propagation", "opentelemetry.trace.propagation.tracecontext")
    modules = {name: types.ModuleType(name) for name in (*names, "opentelemetry.baggage", "opentelemetry.baggage.propagation")}
    setattr(modules["opentelemetry.trace.propagation.tracecontext"], "TraceContextTextMapPropagator", TraceContextTextMapPropagator)
    setattr(modules["opentelemetry.baggage.propagation"], "W3CBaggagePropagator", W3CBaggagePropagator)
    with mock.patch.dict(sys.modules, modules):
        yield
