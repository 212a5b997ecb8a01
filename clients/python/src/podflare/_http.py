"""How requests and answers look to httpx, for both clients."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

import httpx

from ._core import Answer
from ._requests import Request
from ._settings import Settings
from ._version import VERSION

BROKEN = httpx.TransportError
"""What httpx raises where a connection fails. Anything else is a mistake of the program, or of what it uploads."""


class Bearer(httpx.Auth):
    """Sends the API key. Without one it keeps a .netrc file from being used instead."""

    def __init__(self, api_key: str | None) -> None:
        self._api_key = api_key

    def auth_flow(self, request: httpx.Request) -> Any:
        if self._api_key is not None:
            request.headers["authorization"] = f"Bearer {self._api_key}"
        yield request


def client_options(settings: Settings) -> dict[str, Any]:
    return {
        "auth": Bearer(settings.api_key),
        "headers": {"user-agent": f"podflare-selfhosted/{VERSION}"},
        "timeout": httpx.Timeout(settings.read_timeout_seconds, connect=settings.connect_timeout_seconds),
        # Each stream holds a connection, so their number must not have a small limit. The server keeps idle ones for longer than this.
        "limits": httpx.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=60),
        "follow_redirects": False,
    }


def url_of(settings: Settings, request: Request) -> str:
    return settings.base + request.target


def answer_of(response: httpx.Response, body: bytes = b"") -> Answer:
    return Answer(response.status_code, _by_lower_name(response.headers), body)


def send_at_once(event: str, info: Mapping[str, Any]) -> None:
    """A trace hook that switches Nagle's algorithm off. Older httpx leaves it on, and each request with a body then waits 40 ms for an ACK."""
    if event == "connection.connect_tcp.complete":
        connection = info["return_value"].get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _by_lower_name(headers: httpx.Headers) -> Mapping[str, str]:
    return {name.lower(): value for name, value in headers.items()}
