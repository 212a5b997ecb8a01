"""A terminal in a sandbox, in asynchronous code."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from types import TracebackType

from . import io
from .stream import AsyncRunStream
from .._errors import PodflareError
from .._events import Event
from .._http import Limit
from .._result import RunResult
from .._run_errors import RunEndedError

# How long ending the program may take when its terminal is left.
_KILL_SECONDS = 5


class AsyncTerminal(AsyncIterator[bytes]):
    """A program on a terminal. Iterating over it gives its output, in pieces of at most 64 KiB, until it ends.

    Leaving the ``async with`` block kills the program with everything that it has started, unless ``detach`` was called.
    """

    def __init__(self, stream: AsyncRunStream) -> None:
        self._stream = stream
        self._is_detached = False

    @property
    def run_id(self) -> str | None:
        """The id of the run. ``AsyncSandbox.follow`` reads the terminal again, from anywhere."""
        return self._stream.run_id

    @property
    def exit_code(self) -> int | None:
        """None until the end of the program was read."""
        end = self._stream._state.exit
        return None if end is None else end.code

    async def read(self) -> bytes:
        """Waits for output. Empty bytes mean that the program has ended.

        >>> output = await terminal.read()
        """
        try:
            return await self.__anext__()
        except StopAsyncIteration:
            return b""

    async def write(self, data: bytes | str, *, eof: bool = False) -> None:
        """Types on the terminal: bytes, or text that is encoded as UTF-8. eof: Ctrl-D. Raises RunEndedError after the end of the program.

        >>> await terminal.write("ls\\n")
        """
        await self._stream.send(data, eof=eof)

    async def resize(self, cols: int, rows: int) -> None:
        """Changes the size, 1 to 1,000 characters each. The program gets SIGWINCH.

        >>> await terminal.resize(120, 40)
        """
        stream = self._stream
        await stream._client._run(stream._operations.resize(stream._known_id(), cols, rows))

    async def detach(self) -> None:
        """Stops reading. The program continues; ``AsyncSandbox.follow`` reads it again.

        >>> await terminal.detach()
        """
        self._is_detached = True
        await self._stream.close()

    async def kill(self) -> None:
        """Kills the program with everything that it has started. Repeating it is harmless.

        >>> await terminal.kill()
        """
        await self._kill(None)

    async def result(self) -> RunResult:
        """Waits for the end of the program. All output is in ``stdout`` of the result, that which was read before included.

        >>> (await terminal.result()).exit_code
        0
        """
        return await self._stream.result()

    def __aiter__(self) -> AsyncTerminal:
        return self

    async def __anext__(self) -> bytes:
        while True:
            data = _output_of(await self._stream.__anext__())
            if data:
                return data

    async def __aenter__(self) -> AsyncTerminal:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        if not self._is_detached and self.exit_code is None:
            # If this fails, the program ends with the sandbox.
            with suppress(PodflareError), io.shield(_KILL_SECONDS):
                await self._kill(Limit(_KILL_SECONDS))
        with io.shield(_KILL_SECONDS):
            await self._stream.close()

    async def _kill(self, limit: Limit | None) -> None:
        stream = self._stream
        with suppress(RunEndedError):
            await stream._client._run(stream._operations.signal(stream._known_id(), "SIGKILL", "all"), limit)


def _output_of(event: Event) -> bytes:
    if event.type == "pty":
        return event.data
    # Why a program could not be started is said on stderr.
    return event.data.encode() if event.type in ("stdout", "stderr") and isinstance(event.data, str) else b""
