"""What blocking code needs from httpx and the standard library. Its counterpart for asynchronous code is ``podflare._async.io``."""

from __future__ import annotations

import contextvars
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import IO, Any, TypeVar

import httpx

from .._uploads import Upload

T = TypeVar("T")

HttpClient = httpx.Client
HttpTransport = httpx.HTTPTransport
BaseTransport = httpx.BaseTransport
Lock = threading.Lock

# How long the end of a run waits for a write to its input that is still under way.
_JOIN_SECONDS = 5


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


@contextmanager
def beside(work: Callable[[], None]) -> Iterator[None]:
    """Carries out the work at the same time as the block."""
    thread = threading.Thread(target=work, name="podflare-stdin", daemon=True)
    thread.start()
    yield
    # Its request fails once the run has ended.
    thread.join(_JOIN_SECONDS)


def ask(function: Callable[[T], object], item: T) -> object:
    """Calls a function of the user that answers."""
    return function(item)


def carry_out(work: Callable[[], object]) -> object:
    """Calls a function of the user that may take long."""
    return work()


@contextmanager
def workers(most: int) -> Iterator[Callable[[Callable[[T], None], T], None]]:
    """Gives a function that begins work beside the block, so many at a time. What is not done when the block ends is left alone."""
    places = threading.Semaphore(most)

    def begin(work: Callable[[T], None], item: T) -> None:
        def work_in_turn() -> None:
            with places:
                work(item)

        # Tools see the caller's context variables, as functions that it calls itself do.
        threading.Thread(target=contextvars.copy_context().run, args=(work_in_turn,), name="podflare-tool", daemon=True).start()

    yield begin


def in_thread(work: Callable[[], None]) -> None:
    work()
