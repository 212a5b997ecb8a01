"""sys.stdout, sys.stderr and print of the interpreter. Nothing is buffered: a line has left this process before the next statement runs."""

from __future__ import annotations

from podflare_guest.repl.own_builtins import BUILTINS as __builtins__

import builtins
import io
import sys
from _contextvars import ContextVar
from _thread import RLock, _count as thread_count, get_native_id
from fcntl import F_DUPFD_CLOEXEC, F_GETFL, F_SETFL, fcntl
from os import O_NONBLOCK, close, dup2, listdir, register_at_fork
from os import write as write_descriptor
from select import select

_RECORD = 4096  # PIPE_BUF on Linux: up to here the kernel keeps a write in one piece
RESULT, _LATE, INPUT, TOOL = 1 << 12, 2 << 12, 3 << 12, 4 << 12
_SYS = sys
RUN: ContextVar[bytes | None] = ContextVar("podflare_run", default=None)


class _State:
    run = b""  # whose output the pipes take; after a run it is still that one
    threads: dict[int, bytes] = {}  # those that existed when the current run began, and the run that started each
    lock = RLock()  # a line is one piece only up to PIPE_BUF otherwise


def _renew_lock() -> None:
    _State.lock = RLock()


register_at_fork(after_in_child=_renew_lock)


def _write(fd: int, data: bytes | memoryview) -> int:
    """Writes once. A child may have switched the pipe, which it shares with us, to non-blocking."""
    while True:
        try:
            return write_descriptor(fd, data)
        except BlockingIOError:
            select([], [fd], [])


def _write_whole(data: bytes) -> int:
    """Writes all of it to descriptor 1. The output of another thread does not come in between."""
    if thread_count():
        with _State.lock:
            return _write_rest(data, 0)
    # Without other threads the lock would only cost time.
    try:
        written = write_descriptor(1, data)
    except BlockingIOError:
        written = 0
    return written if type(data) is bytes and written == len(data) else _write_rest(data, written)


def _write_rest(data: bytes, written: int) -> int:
    rest = memoryview(data).cast("B")
    while written < len(rest):
        written += _write(1, rest[written:])
    return written


def late_run() -> bytes | None:
    """The run that the writer belongs to, unless it is the current one."""
    run = RUN.get()
    if run is None:
        run = _State.threads.get(get_native_id()) if _State.threads else None
    return None if run is None or run == _State.run else run


class _Stdout(io.FileIO):
    """Descriptor 1. Unlike FileIO alone it writes all, also where a signal cuts a long write short."""

    records: Records
    text: Stream

    def write(self, data: bytes) -> int:  # type: ignore[override]
        if RUN.get() is not _State.run and (run := late_run()) is not None:
            return self.records.late(run, 1, data)
        return _write_whole(data)

    def close(self) -> None:
        self.text.write_directly(False)
        super().close()


class _Stderr(io.RawIOBase):
    """Descriptor 2 by name; in truth records in the pipe of stdout, so that both streams keep their order."""

    name = "<stderr>"
    mode = "wb"

    def __init__(self, records: Records) -> None:
        self._records = records

    def fileno(self) -> int:
        return 2

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        if self.closed:
            raise ValueError("I/O operation on closed file.")
        if RUN.get() is not _State.run and (run := late_run()) is not None:
            return self._records.late(run, 2, data)
        return self._records.stderr(data)


class Records:
    """What is written between the bytes of stdout, and distinguished from them by a marker."""

    def __init__(self, fd: int, marker: bytes) -> None:
        self.fd = fd
        self._marker = marker
        self._most = _RECORD - len(marker) - 2

    def stderr(self, data: bytes) -> int:
        return self._write(0, b"", data)

    def late(self, run: bytes, stream: int, data: bytes) -> int:
        """Output of a run that has ended."""
        return self._write(_LATE, run + bytes((stream,)), data)

    def place(self, kind: int, number: int, length: int) -> None:
        """The place of a result, of a request for input or of a call of a tool, whose body has been sent before."""
        self._write(kind, b"", number.to_bytes(4, "big") + length.to_bytes(4, "big"))

    def _write(self, kind: int, head: bytes, data: bytes) -> int:
        view = memoryview(data).cast("B")
        most = self._most - len(head)
        with _State.lock:
            for at in range(0, len(view), most):
                piece = view[at : at + most]
                _write(self.fd, self._marker + (kind | len(head) + len(piece)).to_bytes(2, "big") + head + piece)
        return len(view)


class Stream(io.TextIOWrapper):
    """The type by which print knows our streams."""

    mode = "w"
    # Whether a text may be encoded and written here, which is faster than the base class. It ends when the program changes the stream.
    _direct = False

    def write_directly(self, may: bool) -> None:
        self._direct = may

    def write(self, text: str) -> int:
        if self._direct and type(text) is str and (RUN.get() is _State.run or late_run() is None):
            _write_whole(text.encode("utf-8", "backslashreplace"))
            return len(text)
        return super().write(text)

    def reconfigure(self, **options: object) -> None:  # type: ignore[override]
        self._direct = False
        super().reconfigure(**options)  # type: ignore[arg-type]

    def detach(self) -> object:  # type: ignore[override]
        self._direct = False
        return super().detach()

    def close(self) -> None:
        self._direct = False
        super().close()


class Streams:
    def __init__(self, records: int, marker: bytes) -> None:
        self.records = Records(records, marker)
        # The three standard descriptors, kept where a program that closes all the low ones is unlikely to reach.
        self._saved = [keep(fd) for fd in (0, 1, 2)]
        self._reserve = [keep(0), keep(0)]
        self.stdout: Stream
        self.stderr: Stream

    def make_room(self) -> None:
        """Frees the descriptors that the next pipes arrive in: a program may have used up all others."""
        while self._reserve:
            close(self._reserve.pop())

    def install(self) -> None:
        self._open()
        builtins.print = _printer(builtins.print)

    def use(self, shared: int, errors: int) -> None:
        """From here on output goes into these pipes."""
        dup2(shared, self.records.fd, inheritable=False)
        for fd, new in ((1, shared), (2, errors)):
            dup2(new, fd)
            dup2(new, self._saved[fd], inheritable=False)
            close(new)
        self.renew_reserve()

    def renew_reserve(self) -> None:
        """Takes the place again that `make_room` has freed."""
        while len(self._reserve) < 2:
            self._reserve.append(keep(self._saved[0]))

    def begin(self, run: bytes) -> None:
        """From here on output belongs to this run, except that of threads and tasks that earlier ones have started."""
        if thread_count():
            own, previous = get_native_id(), _State.threads
            try:
                tids = [int(name) for name in listdir("/proc/self/task")]
            except OSError:  # no descriptor left
                tids = list(previous)
            _State.threads = {tid: previous.get(tid, _State.run) for tid in tids if tid != own}
        elif _State.threads:
            _State.threads = {}
        _State.run = run
        RUN.set(run)

    def repair(self) -> None:
        """Gives the next run the descriptors and streams that this one may have spoilt."""
        for fd, saved in enumerate(self._saved):
            dup2(saved, fd)
        for fd in (1, 2):
            flags = fcntl(fd, F_GETFL)
            if flags & O_NONBLOCK:
                fcntl(fd, F_SETFL, flags & ~O_NONBLOCK)
        names = _SYS.__dict__
        for name in ("excepthook", "displayhook"):
            if name not in names:
                names[name] = names.get(f"__{name}__")
        if _closed(names.get("stdin")):
            _SYS.stdin = _SYS.__stdin__ = open(0, closefd=False)  # type: ignore[misc]
        if _closed(self.stdout) or _closed(self.stderr) or _closed(names.get("stdout")) or _closed(names.get("stderr")):
            self._open()

    def flush(self) -> None:
        """A program may have put streams of its own in place of ours, or may have made ours buffer."""
        names = _SYS.__dict__
        for stream in {id(stream): stream for stream in (names.get("stdout"), names.get("stderr"), self.stdout, self.stderr)}.values():
            try:
                stream.flush()
            except BaseException:  # whatever a stream of the program's own raises
                pass

    def _open(self) -> None:
        plain = _Stdout(1, "wb", closefd=False)
        plain.name = "<stdout>"  # type: ignore[misc]
        plain.records = self.records
        self.stdout = Stream(plain, "utf-8", "backslashreplace", "\n", write_through=True)  # type: ignore[arg-type]
        self.stderr = Stream(_Stderr(self.records), "utf-8", "backslashreplace", "\n", write_through=True)  # type: ignore[type-var]
        plain.text = self.stdout
        self.stdout.write_directly(True)
        _SYS.stdout = _SYS.__stdout__ = self.stdout  # type: ignore[misc]
        _SYS.stderr = _SYS.__stderr__ = self.stderr  # type: ignore[misc]


def keep(fd: int) -> int:
    """A copy of the descriptor, out of the way and closed on exec."""
    for low in (700, 200, 3):
        try:
            return fcntl(fd, F_DUPFD_CLOEXEC, low)
        except OSError:
            continue
    raise OSError("no descriptor left")


def _closed(stream: object) -> bool:
    try:
        return stream is None or bool(getattr(stream, "closed", False))
    except BaseException:  # ValueError of a detached stream, or whatever the program's own stream raises
        return True


def _printer(builtin: object) -> object:
    def print(*values: object, sep: str | None = " ", end: str | None = "\n", file: object = None, flush: bool = False) -> None:
        # The built-in writes values and newline one by one: without a buffer these are two system calls, between which another thread gets its turn,
        # so that lines of threads would run into each other.
        out = _SYS.stdout if file is None else file
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
