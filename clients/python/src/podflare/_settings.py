"""Where a client connects to, as whom, and how long it waits."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ._retry import RetryPolicy
from ._trace import Trace, trace_of_argument, trace_of_environment

DEFAULT_HOST = "http://127.0.0.1:7070"
HOST_VARIABLE = "PODFLARE_HOSTD_URL"
API_KEY_VARIABLE = "PODFLARE_API_KEY"

# The mount for another client, whose events have no newlines. Both clients read one variable, and what this one needs is beside it.
_OTHER_MOUNT = "/compat/podflare"


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a client is made with."""

    base: str
    """The server's address without a slash at its end."""
    api_key: str | None = field(repr=False)
    trace: Trace | None
    connect_timeout_seconds: float
    read_timeout_seconds: float
    retry: RetryPolicy

    @property
    def heartbeat_seconds(self) -> int:
        """Silence after which the server is asked for a sign of life, so that a dead connection is told from a quiet run."""
        return max(1, min(15, int(self.read_timeout_seconds / 2)))


def settings_of(
    host: str | None,
    api_key: str | None,
    traceparent: str | None,
    tracestate: str | None,
    connect_timeout_seconds: float,
    read_timeout_seconds: float,
    retry: RetryPolicy | None,
    environment: Mapping[str, str] = os.environ,
) -> Settings:
    """Checks the arguments and fills in the environment.

    Raises ValueError for an argument that cannot be used, before anything is sent.
    """
    for name, seconds in (("connect_timeout_seconds", connect_timeout_seconds), ("read_timeout_seconds", read_timeout_seconds)):
        if not (seconds > 0 and math.isfinite(seconds)):
            raise ValueError(f"{name} must be positive")
    return Settings(
        _base(host or environment.get(HOST_VARIABLE) or DEFAULT_HOST),
        _api_key(api_key or environment.get(API_KEY_VARIABLE) or None),
        trace_of_argument(traceparent, tracestate) or trace_of_environment(environment),
        connect_timeout_seconds,
        read_timeout_seconds,
        retry or RetryPolicy(),
    )


def _base(host: str) -> str:
    host = host.strip()
    if "://" not in host:
        host = f"http://{host}"
    parts = urlsplit(host)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"host must be an address such as {DEFAULT_HOST}, not {host!r}")
    return host.rstrip("/").removesuffix(_OTHER_MOUNT).rstrip("/")


def _api_key(key: str | None) -> str | None:
    if key is None:
        return None
    key = key.strip()
    if not key or any(not "!" <= c <= "~" for c in key):
        raise ValueError("api_key must be visible ASCII characters")
    return key
