"""The caller's trace: how a traceparent is read, and which one a call carries."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from ._errors import PodflareWarning
from ._warn import warn

TRACEPARENT_VARIABLE = "PODFLARE_TRACEPARENT"

# W3C Trace Context, "traceparent Header Field Values" and "Versioning of traceparent".
_STANDARD = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)
_64_BIT = re.compile(r"00-([0-9a-f]{16})-([0-9a-f]{16})-([0-9a-f]{2})")
_MAX_LENGTH = 512
_MAX_TRACESTATE = 512
_SAMPLED = 0x01
_KNOWN_FLAGS = 0x03

_warned_of: set[str] = set()


class TraceparentWarning(PodflareWarning):
    """A traceparent was padded to 128 bits, or the one in the environment is not valid and was ignored."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A caller's trace context as it is sent."""

    traceparent: str
    tracestate: str | None = None
    baggage: str | None = None

    def headers(self) -> dict[str, str]:
        fields = {"traceparent": self.traceparent, "tracestate": self.tracestate, "baggage": self.baggage}
        return {name: value for name, value in fields.items() if value}


def parse_traceparent(text: str) -> tuple[str, bool] | None:
    """Reads a traceparent of at most 512 characters.

    Returns the value to send, and whether its 64-bit trace id was padded with zeros on the left. Returns None if the standard says to ignore it.
    """
    text = text.strip(" \t")
    if len(text) > _MAX_LENGTH:
        return None
    if match := _64_BIT.fullmatch(text):
        trace_id, span_id, flags = match.groups()
        # A padded id is not random, so the random bit is cleared.
        return _render("0" * 16 + trace_id, span_id, int(flags, 16) & _SAMPLED, padded=True)
    match = _STANDARD.fullmatch(text)
    if match is None:
        return None
    version, trace_id, span_id, flags, more = match.groups()
    if version == "ff" or (version == "00" and more is not None):
        return None
    return _render(trace_id, span_id, int(flags, 16) & (_KNOWN_FLAGS if version == "00" else _SAMPLED), padded=False)


def _render(trace_id: str, span_id: str, flags: int, *, padded: bool) -> tuple[str, bool] | None:
    if not trace_id.strip("0") or not span_id.strip("0"):
        return None
    return f"00-{trace_id}-{span_id}-{flags:02x}", padded


def trace_of_argument(traceparent: str | None, tracestate: str | None = None) -> Trace | None:
    """The trace that an argument names.

    Raises ValueError for a traceparent that is not valid, and warns if it was padded.
    """
    if traceparent is None:
        if tracestate is not None:
            raise ValueError("tracestate needs a traceparent")
        return None
    if not isinstance(traceparent, str):
        raise TypeError(f"traceparent must be a str, not {type(traceparent).__name__}")
    parsed = parse_traceparent(traceparent)
    if parsed is None:
        raise ValueError(f"traceparent is not valid: {traceparent[:80]!r}; it looks like 00-<32 hex digits>-<16 hex digits>-01")
    if tracestate is not None and (len(tracestate) > _MAX_TRACESTATE or not (tracestate.isascii() and tracestate.isprintable())):
        raise ValueError(f"tracestate must be at most {_MAX_TRACESTATE} printable ASCII characters")
    value, padded = parsed
    if padded:
        _warn_of_padding(traceparent, value)
    return Trace(value, tracestate)


def trace_of_environment(environment: Mapping[str, str] = os.environ) -> Trace | None:
    """The trace that PODFLARE_TRACEPARENT names. The environment must not break a program, so a wrong value is ignored with one warning."""
    text = environment.get(TRACEPARENT_VARIABLE)
    if not text:
        return None
    parsed = parse_traceparent(text)
    if parsed is None:
        if text not in _warned_of:
            _warned_of.add(text)
            warn(f"{TRACEPARENT_VARIABLE} is not a valid traceparent and is ignored: {text[:80]!r}", TraceparentWarning)
        return None
    value, padded = parsed
    if padded and text not in _warned_of:
        _warned_of.add(text)
        _warn_of_padding(text, value)
    return Trace(value)


def trace_of_call(argument: Trace | None, sandbox: Trace | None, client: Trace | None) -> Trace | None:
    """The trace that a call carries: its own argument or the current span, else the sandbox's, else the client's (or the environment's)."""
    return argument or current_span() or sandbox or client


def current_span() -> Trace | None:
    """The current OpenTelemetry span, if that package is installed and there is a span."""
    try:
        from opentelemetry.baggage.propagation import W3CBaggagePropagator
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
    except ImportError:
        return None
    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    if "traceparent" not in carrier:
        return None
    W3CBaggagePropagator().inject(carrier)
    return Trace(carrier["traceparent"], carrier.get("tracestate"), carrier.get("baggage"))


@contextmanager
def use_trace(traceparent: str | None) -> Iterator[None]:
    """Makes a trace the current one of OpenTelemetry, if that package is installed."""
    try:
        from opentelemetry import context
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
    except ImportError:
        yield
        return
    if traceparent is None:
        yield
        return
    token = context.attach(TraceContextTextMapPropagator().extract({"traceparent": traceparent}))
    try:
        yield
    finally:
        context.detach(token)


def _warn_of_padding(text: str, value: str) -> None:
    warn(f"traceparent {text.strip()!r} has a 64-bit trace id; it is sent as {value!r}", TraceparentWarning)
