"""Keeps one interpreter running: starts it, notices its death, and starts the next. A context of bash has none."""

from __future__ import annotations

import os

from podflare_guest.interpreter import Interpreter
from podflare_guest.lineage import LineageKill
from podflare_guest.processes import exit_code
from podflare_guest.stdlib_core import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from podflare_guest.outcome import Outcome
    from podflare_guest.sandbox import Sandbox

_START_SECONDS = 60.0
_FAILED_STARTS = 3


class InterpreterSupervision:
    def __init__(
        self, sandbox: Sandbox, folder: str, variables: dict[bytes, bytes],
        on_ready: Callable[[], None], on_end: Callable[[bytes, Outcome], None], on_death: Callable[[Interpreter, int], None], on_failed_start: Callable[[int], None],
    ) -> None:
        """`on_end`: it says that a run has ended. `on_death`: with its exit code. `on_failed_start`: it died before it was ready, several times in a row."""
        self.number = 0  # of the interpreter that was ready last
        self.state_lost = False  # the next run finds the variables of earlier ones gone
        self.closed = False
        self._sandbox = sandbox
        self._folder = folder
        self._variables = variables
        self._on_ready = on_ready
        self._on_end = on_end
        self._on_death = on_death
        self._on_failed_start = on_failed_start
        self._current: Interpreter | None = None
        self._failed_starts = 0

    @property
    def ready(self) -> Interpreter | None:
        """The interpreter, if it can execute a run now."""
        return self._current if self._current is not None and self._current.ready and not self._current.is_gone else None

    def start(self) -> None:
        if self._current is not None or self.closed or not self._sandbox.may_start:
            return
        try:
            interpreter = Interpreter(self._sandbox, self.number + 1, self._folder, self._variables)
        except OSError:
            # No process to be had: what holds them may end.
            self._sandbox.loop.timers.set(self, 0.2, self.start)
            return
        interpreter.on_ready = self._is_ready
        interpreter.on_end = self._on_end
        self._current = interpreter
        self._sandbox.watch_child(interpreter.pid, lambda status: self._died(interpreter, exit_code(status)))
        self._sandbox.loop.timers.set(self, _START_SECONDS, interpreter.kill)

    def set_environment(self) -> None:
        if self._current is not None:
            self._current.set_environment(self._sandbox.environment)

    def replace(self) -> None:
        """Kills the interpreter and all that it has started. A new one follows, unless this is closed."""
        if self._current is not None:
            # Death brings the new one, which has a group of its own.
            self._sandbox.kill_lineage(LineageKill(self._current.group))

    def _is_ready(self) -> None:
        self._sandbox.loop.timers.cancel(self)
        self._failed_starts = 0
        self.number += 1
        self._on_ready()

    def _died(self, interpreter: Interpreter, code: int) -> None:
        was_ready = interpreter.ready
        interpreter.on_ready = lambda: None
        interpreter.reaped()
        self._current = None
        self._sandbox.loop.timers.cancel(self)
        self.state_lost = self.state_lost or was_ready
        self._on_death(interpreter, code)
        interpreter.close()
        if was_ready or self.closed:
            self.start()
            return
        self._failed_starts += 1
        os.write(2, f"podflare guest: the interpreter ended with {code} before it was ready\n".encode())
        if self._failed_starts >= _FAILED_STARTS:
            self._on_failed_start(code)
        self._sandbox.loop.timers.set(self, min(0.1 * self._failed_starts, 2.0), self.start)


class NoInterpreter:
    """In place of the above for bash, whose runs have a process each."""

    number = 0
    state_lost = False
    closed = False
    ready = None

    def start(self) -> None:
        pass

    def set_environment(self) -> None:
        pass

    def replace(self) -> None:
        pass
