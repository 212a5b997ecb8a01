"""Spans for programs in a Podflare sandbox, without an OpenTelemetry SDK.

>>> from podflare_trace import span
>>> with span("load csv", rows=10):
...     ...

A span is a child of the one around it, or of the run. It is sent when it ends, by a thread, and never delays or fails the program.
"""

from __future__ import annotations

import atexit
import json
import os
import queue
import threading
import time
import urllib.request
from contextvars import ContextVar
from types import TracebackType
from typing import Any

__all__ = ["span"]

_MOST_WAITING = 1_000
_MOST_AT_ONCE = 100
_EXIT_SECONDS = 1.0

_current: ContextVar[tuple[str, str] | None] = ContextVar("podflare_span", default=None)  # trace id and span id
_ended: queue.Queue[dict[str, Any]] = queue.Queue(_MOST_WAITING)
_lock = threading.Lock()
_sender: threading.Thread | None = None
_sender_pid = 0


class span:
    """A span around a block. Attributes are texts, numbers, True and False; other values are shown as texts."""

    def __init__(self, name: str, **attributes: object) -> None:
        self._name = name
        self._attributes = attributes

    def set(self, **attributes: object) -> None:
        """Adds attributes, also while the block executes."""
        self._attributes.update(attributes)

    def __enter__(self) -> span:
        around = _current.get() or _of_run()
        self._trace, self._parent = around if around is not None else (os.urandom(16).hex(), "")
        self._id = os.urandom(8).hex()
        self._token = _current.set((self._trace, self._id))
        self._began = time.time_ns()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        _current.reset(self._token)
        found: dict[str, Any] = {
            "traceId": self._trace,
            "spanId": self._id,
            "name": self._name,
            "kind": 1,
            "startTimeUnixNano": str(self._began),
            "endTimeUnixNano": str(time.time_ns()),
            "attributes": [{"key": key, "value": _value(value)} for key, value in self._attributes.items()],
        }
        if self._parent:
            found["parentSpanId"] = self._parent
        if kind is not None:
            found["status"] = {"code": 2}
            found["attributes"].append({"key": "error.type", "value": {"stringValue": kind.__qualname__}})
        _enqueue(found)


def _of_run() -> tuple[str, str] | None:
    parts = os.environ.get("TRACEPARENT", "").split("-")
    return (parts[1], parts[2]) if len(parts) == 4 and len(parts[1]) == 32 and len(parts[2]) == 16 else None


def _value(value: object) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int) and -(1 << 63) <= value < 1 << 63:
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value if value - value == 0 else str(value).replace("inf", "Infinity").replace("nan", "NaN")}
    return {"stringValue": str(value)}


def _enqueue(found: dict[str, Any]) -> None:
    global _sender, _sender_pid
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return
    try:
        _ended.put_nowait(found)
    except queue.Full:
        return
    with _lock:
        # A fork has the queue, but not the thread.
        if _sender is None or _sender_pid != os.getpid():
            _sender, _sender_pid = threading.Thread(target=_send_all, name="podflare_trace", daemon=True), os.getpid()
            _sender.start()


def _send_all() -> None:
    while True:
        batch = [_ended.get()]
        while len(batch) < _MOST_AT_ONCE and not _ended.empty():
            batch.append(_ended.get())
        try:
            _send(batch)
        except Exception:  # telemetry never fails the program
            pass
        for _ in batch:
            _ended.task_done()


def _send(batch: list[dict[str, Any]]) -> None:
    headers = dict(pair.split("=", 1) for pair in os.environ.get("OTEL_EXPORTER_OTLP_HEADERS", "").split(",") if "=" in pair)
    headers["Content-Type"] = "application/json"
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": os.environ.get("OTEL_SERVICE_NAME", "sandbox")}}]}
    body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "podflare_trace"}, "spans": batch}]}]}
    address = os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"].rstrip("/") + "/v1/traces"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.open(urllib.request.Request(address, json.dumps(body).encode(), headers), timeout=2).close()


@atexit.register
def _flush() -> None:
    until = time.monotonic() + _EXIT_SECONDS
    while _ended.unfinished_tasks and time.monotonic() < until:
        time.sleep(0.01)
