"""Compiling and executing the program of a run, and keeping its signal handlers to it."""

from __future__ import annotations

from podflare_guest.repl.own_builtins import BUILTINS as __builtins__

import _signal
from _signal import SIG_BLOCK, SIG_SETMASK, SIG_UNBLOCK, SIGINT, default_int_handler, pthread_sigmask, signal
from sys import getprofile, gettrace, setprofile, settrace

from podflare_guest.repl.sources import Sources

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
_INTERRUPT = {SIGINT}
_ALL = _HELD_SIGNALS | _INTERRUPT


class Program:
    """The lasting namespace, and what each program leaves behind for the next: signal handlers, signal mask, tracer, profiler."""

    def __init__(self, namespace: dict[str, object], between_runs: object) -> None:
        """`between_runs`: the handler of SIGINT while no program executes."""
        self._namespace = namespace
        self._between_runs = between_runs
        self._sources = Sources()
        self._handler: object = default_int_handler
        self._mask: set[int] = set()
        self._trace: object = None
        self._profile: object = None

    def execute(self, code: bytes, name: str, interrupted: object, notebook: object) -> BaseException | None:
        """Returns what ended the program, None if it ran to its end.

        `interrupted()` is asked once signals belong to the program. `notebook` executes the source instead, where the run wants results.
        """
        outcome: BaseException | None = None
        mask: set[int] | None = None
        try:
            try:
                try:
                    self._execute(code, name, interrupted, notebook)
                except BaseException as failure:
                    outcome = failure
                # A handler may raise wherever Python looks for signals: in a call, at the start of a function and at the end of a loop's body, and so again
                # and again while its exceptions are caught. Python does not look between the program's last instruction and this call, which blocks first.
                mask = pthread_sigmask(SIG_BLOCK, _ALL)
            except BaseException:  # it has ended before
                pass
            self._close(mask)
        except BaseException:  # a tracer of the program, or a signal that another of its threads took
            self._close(mask)
        return outcome

    def _execute(self, code: bytes, name: str, interrupted: object, notebook: object) -> None:
        source = code.decode()
        if source[:1] == "\ufeff":
            source = source[1:]
        self._sources.add(name, source)
        # Each warning is shown once per run, not once per session.
        self._namespace.pop("__warningregistry__", None)
        # From here on signals belong to the program.
        signal(SIGINT, self._handler)
        pthread_sigmask(SIG_SETMASK, self._mask)
        if interrupted():  # type: ignore[operator]
            raise KeyboardInterrupt
        body = compile(source, name, "exec", dont_inherit=True) if notebook is None else None
        trace, profile, self._trace, self._profile = self._trace, self._profile, None, None
        if notebook is not None:
            notebook.execute(source, name)  # type: ignore[attr-defined]
            return
        if trace is not None or profile is not None:
            setprofile(profile)  # type: ignore[arg-type]
            settrace(trace)  # type: ignore[arg-type]
        exec(body, self._namespace)  # type: ignore[arg-type]

    def resume_mask(self) -> None:
        """For a fork that continues as a process of the program's own."""
        pthread_sigmask(SIG_SETMASK, self._mask)

    def _close(self, mask: set[int] | None) -> None:
        """Keeps the program's tracer and signal handlers out of the guest's own code, whatever they raise while this is done.

        `mask`: the signals that the program had blocked; None where that is not known, and those of before it are kept.
        """
        swapped = False
        while not swapped:
            try:
                if gettrace() is not None or getprofile() is not None:
                    self._trace, self._profile = gettrace(), getprofile()
                    settrace(None)
                    setprofile(None)
                if mask is not None:
                    self._mask = mask
                handler = signal(SIGINT, self._between_runs)  # type: ignore[arg-type]
                if handler is not self._between_runs:
                    self._handler = default_int_handler if handler is None else handler
                swapped = True
            except BaseException:  # interrupted once more
                continue
        pthread_sigmask(SIG_UNBLOCK, _INTERRUPT)
