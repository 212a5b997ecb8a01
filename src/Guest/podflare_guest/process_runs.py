"""All runs that are processes: they start at once, and execute beside each other."""

from __future__ import annotations

from podflare_guest.invalid import Invalid
from podflare_guest.process_execution import ProcessExecution
from podflare_guest.process_spec import parse_size
from podflare_guest.refused import Refused
from podflare_guest.stdlib_core import TYPE_CHECKING, signal

if TYPE_CHECKING:
    from podflare_guest.run import Run
    from podflare_guest.sandbox import Sandbox

MOST = 64
_SIGNALS = {name: getattr(signal, name) for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGTERM", "SIGCONT", "SIGSTOP", "SIGWINCH")}


class ProcessRuns:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._executions: dict[Run, ProcessExecution] = {}
        sandbox.on_everything_killed.append(self._everything_killed)

    @property
    def has_room(self) -> bool:
        return len(self._executions) < MOST

    def enter(self, run: Run) -> None:
        """Starts the run. The caller announces it."""
        assert run.process is not None
        run.owner = self
        self._sandbox.runs.leave_queue(run)
        execution = self._executions[run] = ProcessExecution(self._sandbox, run, run.process, lambda: self._finished(run))
        if run.timeout is not None:
            self._sandbox.loop.timers.set(run, run.timeout, execution.time_out)

    def interrupt(self, run: Run, grace: float) -> None:
        self._executions[run].interrupt(grace)

    def kill(self, run: Run, reason: str) -> None:
        self._executions[run].kill(reason)

    def close(self, reason: str) -> None:
        """The sandbox ends: everything is killed by its owner."""
        for run in self._executions:
            run.cause = run.cause or reason

    def resize(self, run: Run | None, fields: dict[str, object]) -> None:
        size = parse_size(fields, "size")
        execution = self._find(run)
        if execution.terminal is None:
            raise Refused("not_a_terminal", "the run has no terminal")
        execution.terminal.resize(size)

    def send_signal(self, run: Run | None, fields: dict[str, object]) -> None:
        name, scope = fields.get("signal"), fields.get("scope", "group")
        if not isinstance(name, str) or name not in _SIGNALS:
            raise Invalid(f"signal is not one of {', '.join(_SIGNALS)}")
        if scope not in ("process", "group", "all"):
            raise Invalid("scope is not process, group or all")
        self._find(run).send_signal(_SIGNALS[name], str(scope))

    def _find(self, run: Run | None) -> ProcessExecution:
        execution = self._executions.get(run) if run is not None else None
        if execution is None:
            raise Refused("ended", "the run has ended, or is not a process")
        return execution

    def _finished(self, run: Run) -> None:
        del self._executions[run]

    def _everything_killed(self) -> None:
        for execution in list(self._executions.values()):
            execution.everything_killed()
