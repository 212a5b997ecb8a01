# Generated from ../_async/terminal.py by unasync.py. Do not edit.
"""A terminal in a sandbox, in blocking code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType

from . import io
from .stream import RunStream
from .._errors import PodflareError
from .._events import Event
from .._http import Limit
from .._result import RunResult
from .._run_errors import RunEndedError

# How long ending the program may take when its terminal is left.
_KILL_SECONDS = 5


class Terminal(Iterator[bytes]):
    """A program on a terminal. Iterating over it gives its output, in pieces of at most 64 KiB, until it ends.

    Leaving the ``with`` block kills the program with everything that it has started, unless ``detach`` was called.
    """

    def __init__(self, stream: RunStream) -> None:
        self._stream = stream
        self._is_detached = False

    @property
    def run_id(self) -> str | None:
        """The id of the run. ``Sandbox.follow`` reads the terminal again, from anywhere."""
        return self._stream.run_id

    @property
    def exit_code(self) -> int | None:
        """None until the end of the program was read."""
        end = self._stream._state.exit
        return None if end is None else end.code

    def read(self) -> bytes:
        """Waits for output. Empty bytes mean that the program has ended.

        >>> output = terminal.read()
        """
        try:
            return self.__next__()
        except StopIteration:
            return b""

    def write(self, data: bytes | str, *, eof: bool = False) -> None:
        """Types on the terminal: bytes, or text that is encoded as UTF-8. eof: Ctrl-D. Raises RunEndedError after the end of the program.

        >>> terminal.write("ls\\n")
        """
        self._stream.send(data, eof=eof)

    def resize(self, cols: int, rows: int) -> None:
        """Changes the size, 1 to 1,000 characters each. The program gets SIGWINCH.

        >>> terminal.resize(120, 40)
        """
        stream = self._stream
        stream._client._run(stream._operations.resize(stream._known_id(), cols, rows))

    def detach(self) -> None:
        """Stops reading. The program continues; ``Sandbox.follow`` reads it again.

        >>> terminal.detach()
        """
        self._is_detached = True
        self._stream.close()

    def kill(self) -> None:
        """Kills the program with everything that it has started. Repeating it is harmless.

        >>> terminal.kill()
        """
        self._kill(None)

    def result(self) -> RunResult:
        """Waits for the end of the program. All output is in ``stdout`` of the result, that which was read before included.

        >>> (terminal.result()).exit_code
        0
        """
        return self._stream.result()

    def __iter__(self) -> Terminal:
        return self

    def __next__(self) -> bytes:
        while True:
            data = _output_of(self._stream.__next__())
            if data:
                return data

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        if not self._is_detached and self.exit_code is None:
            # If this fails, the program ends with the sandbox.
            with suppress(PodflareError), io.shield(_KILL_SECONDS):
                self._kill(Limit(_KILL_SECONDS))
        with io.shield(_KILL_SECONDS):
            self._stream.close()

    def _kill(self, limit: Limit | None) -> None:
        stream = self._stream
        with suppress(RunEndedError):
            stream._client._run(stream._operations.signal(stream._known_id(), "SIGKILL", "all"), limit)


def _output_of(event: Event) -> bytes:
    if event.type == "pty":
        return event.data
    # Why a program could not be started is said on stderr.
    return event.data.encode() if event.type in ("stdout", "stderr") and isinstance(event.data, str) else b""
