"""The standard input of a run, in asynchronous code."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, Union

from .._errors import PodflareError
from .._events import InputRequestEvent
from .._run_errors import RunEndedError, StdinClosedError

Stdin = Union[bytes, str, Callable[[InputRequestEvent], object]]
"""What a run reads: data, or a function that answers each ``input_request`` with a line. See ``AsyncSandbox.run_code``."""

# Data that the sandbox accepts at once (1 MiB, and a character has at most four bytes), so that nothing has to be sent while output is read.
AT_ONCE_CHARS = 256 * 1024
# Small enough that a part of it fits while the run reads slowly.
PIECE_BYTES = 256 * 1024


class Target(Protocol):
    """A run whose input is sent."""

    async def send(self, data: bytes, *, eof: bool = False) -> None: ...

    async def interrupt(self) -> None: ...


class AsyncFeed:
    """Sends data to a run, as fast as it reads."""

    def __init__(self, run: Target, data: bytes) -> None:
        self._run = run
        self._data = data
        self.error: PodflareError | None = None
        """Why the data could not be sent. The run was interrupted then, because it might wait for the rest forever."""

    async def send(self) -> None:
        try:
            await self._run.send(self._data, eof=True)
        except (StdinClosedError, RunEndedError):
            # It does not want the rest.
            pass
        except PodflareError as e:
            self.error = e
            with suppress(PodflareError):
                await self._run.interrupt()


def bytes_of(data: bytes | str) -> bytes:
    return data.encode() if isinstance(data, str) else bytes(data)


def line_of(answer: object) -> bytes | None:
    """The line that answers a request for input; None is the end of the input."""
    if answer is None:
        return None
    if not isinstance(answer, (str, bytes)):
        raise TypeError(f"stdin must return a str or bytes, or None for the end of the input, not {type(answer).__name__}")
    line = bytes_of(answer)
    return line if line.endswith(b"\n") else line + b"\n"
