"""What blocking code needs from httpx and the standard library. Its counterpart for asynchronous code is ``podflare._async.io``."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import IO, Any, TypeVar

import httpx

from .._uploads import Upload

T = TypeVar("T")

HttpClient = httpx.Client
HttpTransport = httpx.HTTPTransport
BaseTransport = httpx.BaseTransport


def _send_at_once(event: str, info: Mapping[str, Any]) -> None:
    """A trace hook that disables Nagle's algorithm. Older versions of httpx leave it on, and each request with a body then waits 40 ms for an ACK."""
    if event == "connection.connect_tcp.complete":
        connection = info["return_value"].get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


EXTENSIONS: dict[str, Any] = {"trace": _send_at_once}


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def shield(seconds: float) -> AbstractContextManager[object]:
    """Blocking code cannot be cancelled, and its requests carry their own time limit."""
    return nullcontext()


def write(file: IO[bytes], piece: bytes) -> None:
    file.write(piece)


def notify(callback: Callable[[T], object], item: T) -> None:
    """Calls a function of the user."""
    callback(item)


def chunks_of(upload: Upload) -> Iterator[bytes]:
    return iter(upload)


def pieces_of(response: httpx.Response) -> Iterator[bytes]:
    return response.iter_raw()
