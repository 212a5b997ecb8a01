"""Executes one run after the other in one lasting namespace, and reports to the supervisor how each has ended."""

from __future__ import annotations

from podflare_guest.repl.own_builtins import BUILTINS as __builtins__

import builtins
import os
import sys
from _signal import SIGINT, signal
from marshal import loads
from mmap import mmap
from os import _exit, close, dup2, getpid
from time import monotonic, sleep

from podflare_guest.repl.after_import import AfterImport
from podflare_guest.repl.control import Closed, Control
from podflare_guest.repl.environment import put
from podflare_guest.repl.failure import describe, exit_status, remember
from podflare_guest.repl.notebook import Notebook
from podflare_guest.repl.program import Program
from podflare_guest.repl.sources import publish
from podflare_guest.repl.streams import INPUT, RESULT, TOOL, Streams, keep
from podflare_guest.repl.trusted_imports import import_trusted

_SYS = sys
_LATE_SIGNAL_SECONDS = 0.05
_MERGED_SIGNAL_SECONDS = 0.005


class Driver:
    def __init__(self, control: int, records: int, begun: int, guest: str, modules: list[str]) -> None:
        """`begun`: where the tag of a run is written before it is executed. `modules`: to import before the first run."""
        self._control = Control(keep(control))
        self._records = keep(records)
        self._begun = mmap(begun, 16)  # cheaper than a system call per run
        for fd in (control, records, begun):
            close(fd)
        self._hidden = (guest + os.sep,)
        self._modules = modules
        self._pid = getpid()
        self._variables: dict[bytes, bytes | None] = {}  # what the sandbox's variables have replaced
        # Interrupts of a run, announced by the supervisor; signals that came outside of a program; programs that ended by one.
        self._announced = self._noticed = self._ended_by_interrupt = 0
        self._unannounced = False  # a signal of before this run, whose announcement may still come
        self._between_runs = self._notice
        self._notebook: Notebook | None = None
        self._stdin: object = None
        self._tools: object = None
        self._tag = b""
        self._streams: Streams
        self._program: Program

    def set_up(self) -> None:
        """All that a fresh interpreter needs before it reports that it is ready."""
        signal(SIGINT, self._between_runs)
        _, payload = self._control.receive(self._control.wait())
        self._secret, marker = payload[:16], payload[16:]
        self._streams = Streams(self._records, marker)
        self._streams.install()
        main = type(sys)("__main__")
        main.__dict__["__builtins__"] = builtins
        sys.modules["__main__"] = main
        self._main = main
        AfterImport("linecache", publish).install()
        self._program = Program(main.__dict__, self._between_runs)
        if self._modules:
            from podflare_guest.repl.preload import preload

            preload(self._modules, self._records)
            for part in ("display", "figures"):
                import_trusted("podflare_guest.repl." + part)
        os.register_at_fork(after_in_child=self._control.close)

    def serve(self) -> None:
        """Executes what it is sent, until the supervisor is gone."""
        self._control.ready(self._secret)
        while True:
            try:
                if self._notebook is not None and self._notebook.loop is not None:
                    self._notebook.loop.serve_until_readable(self._control.fileno())  # type: ignore[attr-defined]
                kind = self._control.wait()
                if kind in (b"P", b"N", b"T"):
                    self._streams.make_room()
                kind, payload = self._control.receive(kind)
            except Closed:
                _exit(0)
            except BaseException:  # a signal handler of the program's, run here because a thread of its own took the signal
                if not self._control.alive():
                    _exit(0)
                continue
            if kind == b"R":
                self._run(*loads(payload))
            elif kind == b"E":
                put(self._variables)
                self._variables = put(loads(payload))
            elif kind == b"P" and len(payload) == 8:
                self._streams.use(int.from_bytes(payload[:4], _SYS.byteorder), int.from_bytes(payload[4:], _SYS.byteorder))
            elif kind == b"N" and len(payload) == 4:
                self._open_stdin(int.from_bytes(payload, _SYS.byteorder))
            elif kind == b"T" and len(payload) > 4:
                self._open_tools(int.from_bytes(payload[:4], _SYS.byteorder), payload[4:])
            elif kind == b"I":
                self._announced += 1

    def _notice(self, number: int, frame: object) -> None:
        """SIGINT outside the program: too late for the run before, or early for the next, which finds its announcement."""
        self._noticed += 1

    def _run(self, tag: bytes, run: bytes, name: str, variables: dict[bytes, bytes], patient: bool, display: str, columns: bool, code: bytes) -> None:
        self._let_late_signals_pass(patient)
        self._tag = tag
        self._streams.begin(run)
        before = put(variables)
        self._begun[:] = tag
        notebook = self._notebook_for(display, columns)
        outcome = self._program.execute(code, name, self._is_interrupted, notebook)
        if getpid() != self._pid:
            self._leave_child(outcome)
        status, interrupted, error = 0, False, None
        if outcome is not None:
            if issubclass(type(outcome), SystemExit):
                status, text = exit_status(outcome)  # type: ignore[arg-type]
                self._write_stderr(text)
            else:
                status = 1
                interrupted = issubclass(type(outcome), KeyboardInterrupt)
                error = self._report(outcome)
                self._ended_by_interrupt += interrupted
        outcome = None
        self._streams.flush()
        self._control.end(tag, status, interrupted, error)
        # The supervisor continues already; what follows costs the caller nothing.
        put(before)
        self._streams.repair()
        if self._stdin is not None:
            self._stdin.end()  # type: ignore[attr-defined]
        if self._tools is not None:
            self._tools.end()  # type: ignore[attr-defined]

    def _open_stdin(self, descriptor: int) -> None:
        """The next run has input. What reports that it waits for some is loaded when the first one does."""
        dup2(descriptor, 0)
        close(descriptor)
        self._streams.renew_reserve()
        try:
            if self._stdin is None:
                self._stdin = import_trusted("podflare_guest.repl.stdin").Stdin(self._send_input_request)  # type: ignore[attr-defined]
            self._stdin.begin()  # type: ignore[attr-defined]
        except Exception:  # built-in names that the program has replaced, or no memory: it can read, and nobody is told
            pass

    def _open_tools(self, descriptor: int, definitions: bytes) -> None:
        """The code of the next run may call tools."""
        try:
            if self._tools is None:
                place = self._streams.records.place
                self._tools = import_trusted("podflare_guest.repl.tools").Tools(  # type: ignore[attr-defined]
                    lambda body, announce: self._control.result(self._tag, body, announce), lambda number, length: place(TOOL, number, length)
                )
            self._tools.begin(descriptor, definitions)  # type: ignore[attr-defined]
        except Exception as error:  # built-in names that the program has replaced, or no memory
            self._write_stderr(f"podflare: this run has no tools: {describe(error, ())[1]}\n")
        close(descriptor)
        self._streams.renew_reserve()

    def _notebook_for(self, display: str, columns: bool) -> object:
        """What executes the program where the run wants results. Loaded when the first one does."""
        if display and self._notebook is None:
            try:
                self._notebook = Notebook(self._main.__dict__, self._send_result, self._write_stderr, self._hidden)
            except Exception as error:  # built-in names that the program has replaced, or no memory
                self._write_stderr(f"podflare: this run has no notebook features: {describe(error, ())[1]}\n")
        if self._notebook is not None:
            self._notebook.begin(display, columns)
        return self._notebook if display else None

    def _send_result(self, body: bytes) -> None:
        self._streams.records.place(RESULT, self._control.result(self._tag, body), len(body))

    def _send_input_request(self, body: bytes) -> None:
        self._streams.records.place(INPUT, self._control.result(self._tag, body), len(body))

    def _is_interrupted(self) -> bool:
        return self._control.interrupted(self._unannounced)

    def _report(self, failure: BaseException) -> tuple[str, str, str]:
        """Writes the traceback, or leaves that to the hook of the program as the interpreter does."""
        remember(failure)
        report = describe(failure, self._hidden)
        hook = _SYS.__dict__.get("excepthook")
        if hook is not None and hook is not _SYS.__dict__.get("__excepthook__"):
            try:
                trace = failure.__traceback__
                while trace is not None and trace.tb_frame.f_code.co_filename.startswith(self._hidden):
                    trace = trace.tb_next
                hook(type(failure), failure, trace)
                return report
            except BaseException:  # the program's own code
                pass
        self._write_stderr(report[2])
        return report

    def _write_stderr(self, text: str) -> None:
        # Never through sys.stderr, which the program may have closed.
        self._streams.records.stderr(text.encode("utf-8", "backslashreplace"))

    def _let_late_signals_pass(self, patient: bool) -> None:
        """What was announced during the run before must have arrived by now, or it would hit this one.

        `patient`: an interrupt of this run may have come before its announcement.
        """
        if self._noticed + self._ended_by_interrupt < self._announced:
            # After the first the others are likely merged with it, as pending signals are.
            limit = monotonic() + (_MERGED_SIGNAL_SECONDS if self._noticed or self._ended_by_interrupt else _LATE_SIGNAL_SECONDS)
            while self._noticed + self._ended_by_interrupt < self._announced and monotonic() < limit:
                sleep(0.0005)
        self._unannounced = patient and self._noticed > self._announced
        self._announced = self._noticed = self._ended_by_interrupt = 0

    def _leave_child(self, outcome: BaseException | None) -> None:
        """A fork that ran to the end of the program is not the interpreter: it ends as a program does."""
        self._program.resume_mask()
        if outcome is None or issubclass(type(outcome), SystemExit):
            raise outcome or SystemExit(0)
        self._write_stderr(describe(outcome, self._hidden)[2])
        raise SystemExit(1)

