"""sys.stdout, sys.stderr and print of the REPL. Nothing is buffered: a line has left this process before the next statement runs."""

from __future__ import annotations

import builtins
import fcntl
import io
import os
import select
import sys

_RECORD = 4096  # PIPE_BUF on Linux: up to here the kernel keeps a write in one piece


def _write(fd: int, data: bytes | memoryview) -> int:
    """Writes once; a child may have switched the pipe, which it shares with us, to non-blocking."""
    while True:
        try:
            return os.write(fd, data)
        except BlockingIOError:
            select.select([], [fd], [])


class _Plain(io.FileIO):
    """Descriptor 1. Unlike FileIO alone it writes all, also where a signal cuts a long write short."""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        written = _write(1, data)
        size = len(data) if type(data) is bytes else memoryview(data).nbytes
        if written < size:
            rest = memoryview(data).cast("B")
            while written < size:
                written += _write(1, rest[written:])
        return size


class _Records(io.RawIOBase):
    """Descriptor 2 by name; in truth records in the pipe of stdout, so that both streams keep their order."""

    name = "<stderr>"
    mode = "wb"

    def __init__(self, fd: int, marker: bytes) -> None:
        self._fd = fd
        self._marker = marker
        self._most = _RECORD - len(marker) - 2

    def fileno(self) -> int:
        return 2

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        if self.closed:
            raise ValueError("I/O operation on closed file.")
        view = memoryview(data).cast("B")
        for at in range(0, len(view), self._most):
            piece = view[at : at + self._most]
            _write(self._fd, self._marker + len(piece).to_bytes(2, "big") + piece)
        return len(view)


class Stream(io.TextIOWrapper):
    """The type by which print knows our streams."""


class Streams:
    def __init__(self, records: int, marker: bytes) -> None:
        self._records = records
        self._marker = marker
        # The three standard descriptors, kept where a program that closes all the low ones is unlikely to reach.
        self._saved = [keep(fd) for fd in (0, 1, 2)]
        self.stdout: Stream
        self.stderr: Stream

    def install(self) -> None:
        self._open()
        builtins.print = _printer(builtins.print)

    def repair(self) -> None:
        """Gives the next run the descriptors and streams that this one may have spoilt."""
        for fd, saved in enumerate(self._saved):
            os.dup2(saved, fd)
        for fd in (1, 2):
            flags = fcntl.fcntl(fd, fcntl.F_GETFL)
            if flags & os.O_NONBLOCK:
                fcntl.fcntl(fd, fcntl.F_SETFL, flags & ~os.O_NONBLOCK)
        if _closed(sys.stdin):
            sys.stdin = sys.__stdin__ = open(0, closefd=False)  # type: ignore[misc]
        if _closed(self.stdout) or _closed(self.stderr) or _closed(sys.stdout) or _closed(sys.stderr):
            self._open()

    def flush(self) -> None:
        """A program may have put streams of its own in place of ours, or may have asked ours to buffer."""
        for stream in {id(stream): stream for stream in (sys.stdout, sys.stderr, self.stdout, self.stderr)}.values():
            try:
                stream.flush()
            except Exception:  # whatever a stream of the program's own raises
                pass

    def _open(self) -> None:
        plain = _Plain(1, "wb", closefd=False)
        plain.name = "<stdout>"  # type: ignore[misc]
        self.stdout = Stream(plain, "utf-8", "backslashreplace", "\n", write_through=True)  # type: ignore[arg-type]
        self.stderr = Stream(_Records(self._records, self._marker), "utf-8", "backslashreplace", "\n", write_through=True)  # type: ignore[type-var]
        sys.stdout = sys.__stdout__ = self.stdout  # type: ignore[misc]
        sys.stderr = sys.__stderr__ = self.stderr  # type: ignore[misc]


def keep(fd: int) -> int:
    """A copy of the descriptor, out of the way and closed on exec."""
    for low in (700, 200, 3):
        try:
            return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, low)
        except OSError:
            continue
    raise OSError("no descriptor left")


def _closed(stream: object) -> bool:
    try:
        return stream is None or bool(getattr(stream, "closed", False))
    except Exception:  # ValueError of a detached stream, or whatever the program's own stream raises
        return True


def _printer(builtin: object) -> object:
    def print(*values: object, sep: str | None = " ", end: str | None = "\n", file: object = None, flush: bool = False) -> None:
        # The built-in writes values and newline one by one: without a buffer these are two system calls, between which another thread gets its turn,
        # so that lines of threads would run into each other.
        out = sys.stdout if file is None else file
        if type(out) is Stream and type(sep) is str and type(end) is str:
            out.write((str(values[0]) if len(values) == 1 else sep.join(map(str, values))) + end)
            if flush:
                out.flush()
        else:
            builtin(*values, sep=sep, end=end, file=file, flush=flush)  # type: ignore[operator]

    print.__module__ = "builtins"
    print.__qualname__ = "print"
    print.__doc__ = builtin.__doc__
    return print
