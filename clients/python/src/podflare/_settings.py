"""Where a client connects to, with which key, and how long it waits."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from . import _arguments as arguments
from ._retry import RetryPolicy
from ._trace import Trace, trace_of_argument, trace_of_environment

DEFAULT_HOST = "http://127.0.0.1:7070"
HOST_VARIABLE = "PODFLARE_HOSTD_URL"
API_KEY_VARIABLE = "PODFLARE_API_KEY"

# Addresses as other tools write them: with the mount for the vendor's client, which reads the same variable, or with the version of the API.
_SUFFIXES = ("/compat/podflare", "/v1")

MAX_RESULT_CHARS = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """What a client was created with."""

    base: str
    """The server's address without a trailing slash."""
    api_key: str | None = field(repr=False)
    trace: Trace | None
    connect_timeout_seconds: float
    read_timeout_seconds: float
    retry: RetryPolicy
    max_result_chars: int = MAX_RESULT_CHARS

    @property
    def is_loopback(self) -> bool:
        """Whether the server runs on this machine, where a proxy could not reach it."""
        name = (urlsplit(self.base).hostname or "").rstrip(".")
        if name == "localhost" or name.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return False

    @property
    def heartbeat_seconds(self) -> int:
        """The interval at which the server sends an empty line while a run is silent, so that a dead connection is noticed."""
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
    max_result_chars: int = MAX_RESULT_CHARS,
) -> Settings:
    """Checks the arguments and fills in the environment.

    Raises ValueError or TypeError for an unusable argument, before anything is sent.
    """
    for name, value in (("connect_timeout_seconds", connect_timeout_seconds), ("read_timeout_seconds", read_timeout_seconds)):
        if value is None:
            raise TypeError(f"{name} must be a number of seconds, not None")
        arguments.seconds(name, value)
    if retry is not None and not isinstance(retry, RetryPolicy):
        raise TypeError(f"retry must be a RetryPolicy, such as RetryPolicy(retries=3), not {type(retry).__name__}")
    if max_result_chars is None:
        raise TypeError("max_result_chars must be an int (characters), not None")
    arguments.whole("max_result_chars", max_result_chars, "characters", least=0)
    return Settings(
        _base(host, environment),
        _api_key(api_key, environment),
        trace_of_argument(traceparent, tracestate) or trace_of_environment(environment),
        connect_timeout_seconds,
        read_timeout_seconds,
        retry or RetryPolicy(),
        max_result_chars,
    )


def _base(host: str | None, environment: Mapping[str, str]) -> str:
    name, address = "host", host
    if address is not None:
        arguments.text(name, address)
    if not address:
        name, address = HOST_VARIABLE, environment.get(HOST_VARIABLE) or DEFAULT_HOST
    address = address.strip()
    if address.startswith("pf_live_"):
        raise ValueError(f"{name} must be an address such as {DEFAULT_HOST}, not an API key: use api_key=…")
    if "://" not in address:
        address = f"http://{address}"
    try:
        parts = urlsplit(address)
        # Reading the port checks it.
        is_usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable or parts.query or parts.fragment or any(c.isspace() for c in address):
        raise ValueError(f"{name} must be an address such as {DEFAULT_HOST}, not {address!r}")
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"{name} must not contain a user name or password: use api_key=…")
    address = address.rstrip("/")
    for suffix in _SUFFIXES:
        address = address.removesuffix(suffix).rstrip("/")
    return address


def _api_key(argument: str | None, environment: Mapping[str, str]) -> str | None:
    name, key = "api_key", argument
    if key is not None:
        arguments.text(name, key)
    if not key:
        name, key = API_KEY_VARIABLE, environment.get(API_KEY_VARIABLE)
    if not key:
        return None
    key = key.strip()
    if not key or any(not "!" <= c <= "~" for c in key):
        raise ValueError(f"{name} must be visible ASCII characters without spaces")
    if "://" in key:
        raise ValueError(f"{name} must be an API key, not an address: use host=…")
    return key
