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
_MERGED_SIGNAL_SECONDS = 0.005
_SOURCES_LIMIT = 16 << 20
# Between runs these wait for the next one. SIGINT does not: it would hit a run that it was not meant for.
_HELD_SIGNALS = {
    _signal.SIGALRM,
    _signal.SIGVTALRM,
    _signal.SIGPROF,
    _signal.SIGUSR1,
    _signal.SIGUSR2,
    _signal.SIGCHLD,
    _signal.SIGIO,
    _signal.SIGURG,
    _signal.SIGHUP,
    _signal.SIGTERM,
    _signal.SIGQUIT,
}


class Driver:
    def __init__(self, control: int, records: int, guest: str, modules: list[str]) -> None:
        self._control = Control(keep(control))
        os.close(control)
        self._records = keep(records)
        os.close(records)
        self._guest = guest + os.sep
        self._modules = modules  # to import before the first run
        self._pid = os.getpid()
        self._base: dict[bytes, bytes | None] = {}  # what the sandbox's variables have replaced
        self._sources: dict[str, int] = {}
        self._source_size = 0
        self._announced = self._noticed = 0  # interrupts
        self._unannounced = False  # a signal of before this run, of which nothing is known
        self._program_handler: object = _signal.default_int_handler
        self._program_mask: set[int] = set()

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
            except Closed:
                os._exit(0)
            except BaseException:  # a signal handler of the program's, run here because a thread of its own took the signal
                if not self._control.alive():
                    os._exit(0)
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
        if self._modules:
            from podflare_guest.repl.preload import preload

            preload(self._modules, self._records)
        return secret

    def _between_runs(self, number: int, frame: object) -> None:
        """SIGINT outside the program: too late for the run before, or early for the next, which finds its announcement."""
        self._noticed += 1

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
        self._control.end(tag, status, struck, error)
        # The supervisor goes on already; what follows costs the caller nothing.
        _put(before)
        self._streams.repair()

    def _report(self, failure: BaseException, text: str) -> None:
        """Writes the traceback, or leaves that to the hook of the program as the interpreter does."""
        if sys.excepthook is not sys.__excepthook__:
            try:
                trace = failure.__traceback__
                while trace is not None and trace.tb_frame.f_code.co_filename.startswith(self._guest):
                    trace = trace.tb_next
                sys.excepthook(type(failure), failure, trace)
                return
            except BaseException:  # the program's own code
                pass
        self._streams.stderr.write(text)

    def _let_late_signals_pass(self) -> None:
        """What was announced during the run before must have arrived by now, or it would hit this one."""
        if self._noticed < self._announced:
            # After the first the others are likely merged with it, as pending signals are.
            limit = time.monotonic() + (_MERGED_SIGNAL_SECONDS if self._noticed else _LATE_SIGNAL_SECONDS)
            while self._noticed < self._announced and time.monotonic() < limit:
                time.sleep(0.0005)
        self._unannounced = self._noticed > self._announced
        self._announced = self._noticed = 0

    def _execute(self, code: bytes, name: str) -> BaseException | None:
        outcome: BaseException | None = None
        try:
            try:
                source = code.decode()
                self._remember(name, source)
                # From here to the end of the block signals belong to the program.
                _signal.signal(_signal.SIGINT, self._program_handler)
                _signal.pthread_sigmask(_signal.SIG_SETMASK, self._program_mask)
                if self._control.interrupted(self._unannounced):
                    raise KeyboardInterrupt
                exec(compile(source, name, "exec", dont_inherit=True), self._main.__dict__)
            except BaseException as failure:
                outcome = failure
            self._close_window()
        except BaseException:  # struck between the end of the program and here: it has ended by itself
            self._close_window()
        return outcome

    def _close_window(self) -> None:
        """Keeps the program's signal handlers out of the driver, whatever they raise while this is done."""
        masked = swapped = False
        while not swapped:
            try:
                if not masked:
                    self._program_mask = _signal.pthread_sigmask(_signal.SIG_BLOCK, ())
                    masked = True
                _signal.pthread_sigmask(_signal.SIG_BLOCK, _HELD_SIGNALS)
                handler = _signal.signal(_signal.SIGINT, self._between_runs)
                if handler != self._between_runs:
                    self._program_handler = _signal.default_int_handler if handler is None else handler
                swapped = True
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

    def _set_environment(self, environment: dict[bytes, bytes]) -> None:
        _put(self._base)
        self._base = _put(environment)

    def _leave_child(self, outcome: BaseException | None) -> None:
        """A fork that ran to the end of the program is not the REPL: it ends as a program does."""
        _signal.pthread_sigmask(_signal.SIG_SETMASK, self._program_mask)
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
