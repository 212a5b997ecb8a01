"""Runs code in one lasting namespace and tells the supervisor how each run ended."""

from __future__ import annotations

import _signal
import builtins
import linecache
import marshal
import os
import sys
import time

from podflare_guest.repl.control import Closed, Control
from podflare_guest.repl.failure import describe, exit_code
from podflare_guest.repl.streams import Streams, keep

_LATE_SIGNAL_SECONDS = 0.05
_SOURCES_LIMIT = 16 << 20


class Driver:
    def __init__(self, control: int, records: int, guest: str) -> None:
        self._control = Control(keep(control))
        os.close(control)
        self._records = keep(records)
        os.close(records)
        self._guest = guest + os.sep
        self._pid = os.getpid()
        self._base: dict[bytes, bytes | None] = {}  # what the sandbox's variables have replaced
        self._sources: dict[str, int] = {}
        self._source_size = 0
        self._announced = self._noticed = 0  # interrupts
        self._struck = False
        self._program_handler: object = _signal.default_int_handler
        self._fflush: object = None
        self._modules = 0

    def serve(self) -> None:
        """Starts up, then runs what it is sent, for ever."""
        _signal.signal(_signal.SIGINT, self._between_runs)
        secret = self._set_up()
        os.register_at_fork(after_in_child=self._control.close)
        self._control.ready(secret)
        while True:
            try:
                self._control.wait()
                kind, payload = self._control.receive()
            except (Closed, OSError):
                os._exit(0)
            except BaseException:  # a signal handler that the program has left behind
                continue
            if kind == b"R":
                self._run(*marshal.loads(payload))
            elif kind == b"E":
                self._set_environment(marshal.loads(payload))
            elif kind == b"I":
                self._announced += 1

    def _set_up(self) -> bytes:
        """All that a fresh REPL needs before it says that it is ready."""
        _, payload = self._control.receive()
        secret, marker = payload[:16], payload[16:]
        self._streams = Streams(self._records, marker)
        self._streams.install()
        main = type(sys)("__main__")
        main.__dict__["__builtins__"] = builtins
        sys.modules["__main__"] = main
        self._main = main
        return secret

    def _between_runs(self, number: int, frame: object) -> None:
        """SIGINT outside the program: for the run that is about to start, or too late for the one before."""
        self._noticed += 1
        self._struck = True

    def _run(self, tag: bytes, name: str, environment: dict[bytes, bytes], code: bytes) -> None:
        self._let_late_signals_pass()
        before = _put(environment)
        outcome = self._execute(code, name)
        if os.getpid() != self._pid:
            self._leave_child(outcome)
        status, struck, error = 0, False, None
        if isinstance(outcome, SystemExit):
            status = exit_code(outcome)
        elif outcome is not None:
            status = 1
            struck = isinstance(outcome, KeyboardInterrupt)
            if struck:
                self._noticed += 1
            error = describe(outcome, self._guest)
            self._report(outcome, error[2])
        outcome = None
        self._streams.flush()
        self._flush_c()
        self._control.end(tag, status, struck, error)
        # The supervisor goes on already; what follows costs the caller nothing.
        _put(before)
        self._streams.repair()

    def _report(self, failure: BaseException, text: str) -> None:
        """Writes the traceback, or leaves that to the hook of the program as the interpreter does."""
        if sys.excepthook is not sys.__excepthook__:
            try:
                sys.excepthook(type(failure), failure, failure.__traceback__)
                return
            except BaseException:  # the program's own code
                pass
        self._streams.stderr.write(text)

    def _let_late_signals_pass(self) -> None:
        """An interrupt that was sent to the run before must have arrived by now, or it would hit this one."""
        limit = time.monotonic() + _LATE_SIGNAL_SECONDS
        while self._noticed < self._announced and time.monotonic() < limit:
            time.sleep(0.001)
        self._announced = self._noticed = 0
        self._struck = False

    def _execute(self, code: bytes, name: str) -> BaseException | None:
        outcome: BaseException | None = None
        try:
            try:
                source = code.decode()
                self._remember(name, source)
                # From here to the end of the block SIGINT belongs to the program.
                _signal.signal(_signal.SIGINT, self._program_handler)
                if self._struck:
                    raise KeyboardInterrupt
                exec(compile(source, name, "exec", dont_inherit=True), self._main.__dict__)
            except BaseException as failure:
                outcome = failure
            self._close_window()
        except BaseException:  # struck between the end of the program and here: it has ended by itself
            self._close_window()
        return outcome

    def _close_window(self) -> None:
        while True:
            try:
                handler = _signal.signal(_signal.SIGINT, self._between_runs)
                if handler != self._between_runs:
                    self._program_handler = _signal.default_int_handler if handler is None else handler
                return
            except BaseException:  # struck once more
                continue

    def _remember(self, name: str, source: str) -> None:
        """Makes the source known to tracebacks and inspect; the oldest is forgotten first."""
        self._sources[name] = len(source)
        self._source_size += len(source)
        linecache.cache[name] = (len(source), None, source.splitlines(True), name)
        while self._source_size > _SOURCES_LIMIT and len(self._sources) > 1 or len(self._sources) > 1_000:
            oldest = next(iter(self._sources))
            self._source_size -= self._sources.pop(oldest)
            linecache.cache.pop(oldest, None)

    def _flush_c(self) -> None:
        """Empties the buffers of C code; only an extension module outside the standard library, or ctypes, can have filled one."""
        if self._fflush is None:
            if len(sys.modules) == self._modules:
                return
            self._modules = len(sys.modules)
            if "ctypes" not in sys.modules and not any(map(_is_foreign, list(sys.modules.values()))):
                return
            import ctypes

            self._fflush = ctypes.CDLL(None).fflush
        self._fflush(None)  # type: ignore[operator]

    def _set_environment(self, environment: dict[bytes, bytes]) -> None:
        _put(self._base)
        self._base = _put(environment)

    def _leave_child(self, outcome: BaseException | None) -> None:
        """A fork that ran to the end of the program is not the REPL: it ends as a program does."""
        if outcome is None or isinstance(outcome, SystemExit):
            raise outcome or SystemExit(0)
        self._streams.stderr.write(describe(outcome, self._guest)[2])
        raise SystemExit(1)


def _put(environment: dict[bytes, bytes] | dict[bytes, bytes | None]) -> dict[bytes, bytes | None]:
    """Sets variables, removes those that are None; returns what was there."""
    before: dict[bytes, bytes | None] = {}
    for name, value in environment.items():
        before[name] = os.environb.get(name)
        if value is None:
            os.environb.pop(name, None)
        else:
            os.environb[name] = value
    return before


def _is_foreign(module: object) -> bool:
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and ".so" in file and "lib-dynload" not in file
