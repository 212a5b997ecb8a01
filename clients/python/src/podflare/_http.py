"""How requests and answers look to httpx, for both halves."""

from __future__ import annotations

import os
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any, Optional, TypeVar
from urllib.parse import urlsplit

import httpx

from ._errors import ClientClosedError, ConnectionFailedError
from ._requests import Request
from ._settings import Settings
from ._steps import Answer, Broken
from ._version import VERSION

T = TypeVar("T")

BROKEN = (httpx.TransportError, ssl.SSLError)
"""What httpx raises when a connection fails; some versions do not wrap TLS errors. Anything else is a mistake in the program or its upload."""

# A certificate is checked before anything is sent.
_NOT_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol, ssl.SSLCertVerificationError)


class Bearer(httpx.Auth):
    """Sends the API key. Without a key it prevents the use of a .netrc file."""

    def __init__(self, api_key: str | None) -> None:
        self._api_key = api_key

    def auth_flow(self, request: httpx.Request) -> Any:
        if self._api_key is not None:
            request.headers["authorization"] = f"Bearer {self._api_key}"
        yield request


class Limit:
    """A time limit for an operation as a whole, where no caller waits for its result."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        return max(0.0, self._end - time.monotonic())

    def timeout(self) -> httpx.Timeout:
        """For one request: connecting and waiting for the answer share what is left."""
        if self.left == 0:
            raise ConnectionFailedError("the server did not answer in time")
        return httpx.Timeout(max(0.05, self.left / 2))


def open_http(kind: Callable[..., T], transport_kind: Callable[..., Any], settings: Settings, verify: bool | str, transport: Any) -> T:
    """A client of httpx with our settings."""
    # Each stream holds a connection, so their number must not have a small limit. The server keeps idle ones for longer than this.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=60)
    if transport is None and settings.is_loopback:
        # With a transport of our own the proxies of the environment are not used: none of them reaches this machine.
        transport = transport_kind(verify=verify, limits=limits)
    try:
        return kind(
            auth=Bearer(settings.api_key),
            headers={"user-agent": f"podflare-selfhosted/{VERSION}"},
            timeout=httpx.Timeout(settings.read_timeout_seconds, connect=settings.connect_timeout_seconds),
            limits=limits,
            follow_redirects=False,
            verify=verify,
            transport=transport,
        )
    except (ImportError, ValueError) as e:
        raise ValueError(f"the proxy in HTTP_PROXY, HTTPS_PROXY or ALL_PROXY cannot be used: {e}. NO_PROXY exempts {settings.base}") from e


def extensions_of(extensions: Mapping[str, Any], limit: Optional[Limit]) -> dict[str, Any]:
    return {**extensions, "timeout": limit.timeout().as_dict()} if limit is not None else dict(extensions)


def url_of(settings: Settings, request: Request) -> str:
    return settings.base + request.target


def answer_of(response: httpx.Response, body: bytes = b"") -> Answer:
    return Answer(response.status_code, {name.lower(): value for name, value in response.headers.items()}, body)


def broken(error: Exception, settings: Settings) -> Broken:
    text = _text(error)
    return Broken(error, settings.base, text, _hint(error, text, settings), not isinstance(error, _NOT_CONNECTED))


def ensure_open(is_closed: bool) -> None:
    if is_closed:
        raise ClientClosedError("This client is closed; create a new one, or use it inside its 'with' block.")


def _text(error: Exception) -> str:
    """What the operating system reports, if anything: some back ends say no more than "All connection attempts failed"."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return str(cause)
        if isinstance(cause, socket.gaierror):
            return cause.strerror or str(cause)
        if isinstance(cause, OSError) and cause.errno is not None:
            return os.strerror(cause.errno)
        cause = cause.__cause__ or cause.__context__
    return str(error) or type(error).__name__


def _hint(error: Exception, text: str, settings: Settings) -> str:
    if isinstance(error, httpx.ProxyError):
        return "The connection goes through the proxy in HTTP_PROXY, HTTPS_PROXY or ALL_PROXY; NO_PROXY exempts an address."
    if not isinstance(error, (*_NOT_CONNECTED, ssl.SSLError)):
        return ""
    if "CERTIFICATE_VERIFY" in text:
        return "The server's certificate is not trusted: verify='ca.pem' names the certificate authority."
    if "SSL" in text or "WRONG_VERSION" in text:
        return "Does the server use TLS? If not, its address starts with http://."
    port = "" if urlsplit(settings.base).port is not None else " The address has no port; by default the server listens on 7070."
    return f"Is the server running?{port} 'podflare doctor' checks it; host=… or PODFLARE_HOSTD_URL sets the address."
