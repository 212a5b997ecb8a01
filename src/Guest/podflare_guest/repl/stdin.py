"""Standard input of the runs that have one: sys.stdin, input and getpass, which report that the program waits for input.

Loaded with the first such run. All others have /dev/null, as the interpreter starts with.
"""

from __future__ import annotations

from podflare_guest.repl.own_builtins import BUILTINS as __builtins__

import builtins
import io
import sys
from os import isatty, read, register_at_fork
from select import select

from podflare_guest.repl.after_import import AfterImport
from podflare_guest.repl.streams import late_run
from podflare_guest.repl.trusted_imports import is_library

_SYS = sys
_LONGEST_PROMPT = 65_000
_PIECE = 65_536
_BUFFER = io.DEFAULT_BUFFER_SIZE
_builtin_input = __builtins__["input"]


class _Descriptor(io.RawIOBase):
    """Descriptor 0, which children share. Reads at most one line at a time, byte by byte, and leaves the rest to the next reader."""

    name = "<stdin>"
    mode = "rb"

    def __init__(self, stdin: Stdin) -> None:
        self._stdin = stdin
        self.announced = False  # that the next read may have to wait

    def fileno(self) -> int:
        return 0

    def readable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return isatty(0)

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        self._announce()
        if len(view) > _BUFFER:
            # Only a caller that wants a number of bytes, and not a line, passes a buffer of this size.
            data = read(0, len(view))
            view[: len(data)] = data
            return len(data)
        count = 0
        while count < len(view):
            byte = read(0, 1)
            if not byte:
                break
            view[count : count + 1] = byte
            count += 1
            if byte == b"\n":
                break
        return count

    def readall(self) -> bytes:
        pieces = []
        while True:
            self._announce()
            piece = read(0, _PIECE)
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)

    def _announce(self) -> None:
        announced, self.announced = self.announced, False
        if not announced and not select([0], [], [], 0)[0]:
            self._stdin.ask("", False)


class _Text(io.TextIOWrapper):
    """The type by which input and getpass know our stream."""

    mode = "r"


class Stdin:
    def __init__(self, send: object) -> None:
        """`send(body)`: a request for input of the current run; u8 flags (1: a password), and the prompt."""
        self._send = send
        self._open = False
        if builtins.__dict__.get("input") is _builtin_input:
            builtins.input = self._make_input()  # unless the program has one of its own
        AfterImport("getpass", self._replace_getpass).install()
        register_at_fork(after_in_child=self._close)

    def begin(self) -> None:
        """Descriptor 0 is that of a run which has input. Nothing that an earlier one has read ahead is left."""
        self._open = True
        _SYS.stdin = _SYS.__stdin__ = _Text(io.BufferedReader(_Descriptor(self)), "utf-8", "surrogateescape")  # type: ignore[misc]

    def end(self) -> None:
        """The run has ended, and descriptor 0 is empty again."""
        if self._open:
            self._open = False
            for name in ("stdin", "__stdin__"):
                if type(_SYS.__dict__.get(name)) is _Text:
                    _SYS.__dict__[name] = open(0, closefd=False)

    def ask(self, prompt: str, password: bool) -> None:
        if self._open and late_run() is None:
            text = prompt.encode("utf-8", "backslashreplace")[:_LONGEST_PROMPT]
            # A character that the cut has halved would come out as a replacement character.
            self._send(bytes((password,)) + text.decode("utf-8", "ignore").encode())  # type: ignore[operator]

    def _close(self) -> None:
        self._open = False

    def _read_line(self, prompt: object, password: bool) -> str:
        stream = _SYS.stdin
        self.ask(str(prompt), password)
        raw = stream.buffer.raw  # type: ignore[attr-defined]
        raw.announced = True
        try:
            line = stream.readline()
        finally:
            raw.announced = False
        if not line:
            raise EOFError("EOF when reading a line")
        return line[:-1] if line[-1] == "\n" else line

    def _has_input(self) -> bool:
        """Whether the caller is a program whose run has input, and which has not put a stream of its own in place of ours."""
        return self._open and type(_SYS.__dict__.get("stdin")) is _Text and not _SYS.stdin.closed and late_run() is None

    def _make_input(self) -> object:
        def input(prompt: object = "", /) -> str:
            return self._read_line(prompt, False) if self._has_input() else _builtin_input(prompt)

        input.__module__ = "builtins"
        input.__qualname__ = "input"
        input.__doc__ = _builtin_input.__doc__
        return input

    def _replace_getpass(self, module: object) -> None:
        original = getattr(module, "getpass", None)
        if original is None or not is_library(module):
            return

        def getpass(prompt: str = "Password: ", stream: object = None, **more: object) -> str:
            return self._read_line(prompt, True) if self._has_input() else original(prompt, stream, **more)

        getpass.__module__ = "getpass"
        getpass.__qualname__ = "getpass"
        getpass.__doc__ = original.__doc__
        module.getpass = getpass  # type: ignore[attr-defined]
