"""The steps that operations are made of.

An operation is a generator: it yields what to do next, a step, and receives the reply. So requests, retries, resuming and the meaning of
answers are written once and without input or output; the clients only carry the steps out.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, Union

from ._requests import Request

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Send:
    """Send a request and read the whole answer. The reply is an Answer or Broken."""

    request: Request


@dataclass(frozen=True, slots=True)
class Open:
    """Send a request and read its answer up to the body; the whole answer if it is not a success. The reply is an Answer or Broken."""

    request: Request


@dataclass(frozen=True, slots=True)
class Read:
    """Read the next piece of the open answer. The reply is bytes, None at its end, or Broken."""


@dataclass(frozen=True, slots=True)
class Close:
    """Close the open answer. No reply."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait. No reply."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Emit(Generic[T]):
    """Deliver items to the caller. No reply."""

    items: Sequence[T]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes = b""

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Broken:
    """There was no answer, or only a part of one."""

    cause: Exception
    address: str
    """The server's address."""
    text: str
    """What happened."""
    hint: str = ""
    """What the user can check."""
    is_connected: bool = True
    """False if there was no connection at all, so that the request cannot have arrived."""


class Accepted:
    """Emitted once, when the server has accepted a run or is known to have: its id is known from then on."""


class Restart:
    """Emitted when a download starts over: what was emitted before is void."""


Reply = Union[Answer, Broken, bytes, None]
Call = Generator[Union[Send, Pause], Reply, T]
"""An operation with one answer."""
Stream = Generator[Union[Open, Read, Close, Pause, Emit[T]], Reply, None]
"""An operation that emits items as they arrive."""
