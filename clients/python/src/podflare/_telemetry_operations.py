"""The operations of a tenant's telemetry destination, and their requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from . import _arguments as arguments
from . import _calls as calls
from ._operations import ClientOperations
from ._requests import Request, get, headers_of, send_json
from ._steps import Answer, Call
from ._telemetry_models import TelemetryDestination, TelemetryTest

_PATH = "/v1/telemetry"


class TelemetryOperations:
    """Operations on where telemetry goes."""

    def __init__(self, client: ClientOperations) -> None:
        self._client = client

    def set(
        self, endpoint: str, *, headers: Mapping[str, str] | None, signals: Iterable[str] | None, capture_content: bool, redact: Iterable[str] | None
    ) -> Call[TelemetryDestination]:
        body = {
            "endpoint": arguments.text("endpoint", endpoint),
            "headers": arguments.texts("headers", headers),
            "signals": None if signals is None else arguments.words("signals", signals),
            "capture_content": bool(capture_content),
            "redact": None if redact is None else arguments.words("redact", redact),
        }
        return calls.call_json(send_json("PUT", _PATH, body, self._client.trace()), TelemetryDestination.parse, self._client.settings.retry)

    def get(self) -> Call[TelemetryDestination]:
        return calls.call_json(get(_PATH, self._client.trace()), TelemetryDestination.parse, self._client.settings.retry)

    def test(self) -> Call[TelemetryTest]:
        return calls.call_json(send_json("POST", f"{_PATH}/test", {}, self._client.trace()), TelemetryTest.parse, self._client.settings.retry)

    def remove(self) -> Call[Answer]:
        return self._client.call(Request("DELETE", _PATH, headers_of(self._client.trace())))
