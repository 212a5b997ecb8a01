"""Where the telemetry of a tenant goes, as the server sends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ._models import number_of, text_of, whole_of

TelemetrySignal = Literal["traces", "logs", "metrics"]


@dataclass(frozen=True, slots=True)
class TelemetryDestination:
    """The tenant's own OpenTelemetry backend, and what the live workers have sent there since they use it.

    >>> client.telemetry.get().sent
    812
    """

    endpoint: str | None
    """None if the tenant has no destination."""
    header_names: tuple[str, ...] = ()
    """Their values are never shown."""
    signals: tuple[str, ...] = ()
    capture_content: bool = False
    """Whether code and output are sent as well."""
    redact: tuple[str, ...] = ()
    updated_at: str | None = None
    sent: int = 0
    """Spans, log records and metrics that it has accepted."""
    dropped: int = 0
    """Those that it did not accept, or that were too many."""
    last_error: str | None = None
    """A status code, ``timeout``, ``connect`` or ``address_refused``."""
    last_error_at: str | None = None
    last_success_at: str | None = None
    warnings: tuple[str, ...] = ()
    """After a change: what is not as it should be."""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> TelemetryDestination:
        return cls(
            endpoint=text_of(body, "endpoint"),
            header_names=_texts(body, "header_names"),
            signals=_texts(body, "signals"),
            capture_content=body.get("capture_content") is True,
            redact=_texts(body, "redact"),
            updated_at=text_of(body, "updated_at"),
            sent=whole_of(body, "sent") or 0,
            dropped=whole_of(body, "dropped") or 0,
            last_error=text_of(body, "last_error"),
            last_error_at=text_of(body, "last_error_at"),
            last_success_at=text_of(body, "last_success_at"),
            warnings=_texts(body, "warnings"),
            raw=body,
        )


@dataclass(frozen=True, slots=True)
class TelemetryTest:
    """What came of a test.

    >>> client.telemetry.test().outcome
    '200'
    """

    outcome: str
    """A status code, ``timeout``, ``connect``, ``address_refused``, ``sealed``, or ``none`` without a destination."""
    ms: float = 0

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> TelemetryTest:
        return cls(str(body["outcome"]), number_of(body, "ms") or 0)


def _texts(body: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = body.get(name)
    return tuple(map(str, found)) if isinstance(found, list) else ()
