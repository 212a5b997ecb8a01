"""One run while it executes: its time limit, its interrupts, and the end of all that it has started."""

from __future__ import annotations

from podflare_guest.frames import now_ms
from podflare_guest.lineage import LineageKill
from podflare_guest.outcome import Outcome, run_end
from podflare_guest.processes import Moment
from podflare_guest.run import RUNNING
from podflare_guest.stdlib_core import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from podflare_guest.run import Run
    from podflare_guest.run_pipes import RunPipes
    from podflare_guest.sandbox import Sandbox

_KILL_STEP_SECONDS = 0.001


class Execution:
    """What all kinds of run have in common. A subclass starts the run, passes signals on, and reports its outcome with `ended`."""

    group: int  # of the processes of this run, among them those of earlier runs where `kill_since` is set
    pipes: RunPipes
    _outcome: Outcome | None = None
    _killing = False
    _interrupted = False
    _finished = False

    def __init__(self, sandbox: Sandbox, run: Run, on_finished: Callable[[], None]) -> None:
        self.run = run
        self._sandbox = sandbox
        self._on_finished = on_finished
        self._moment = Moment()
        run.state = RUNNING
        run.started_ms = now_ms()
        self._interval = sandbox.intervals.begin(self.group, run)
        self._start()
        # The run executes already, on another CPU if there is one; it takes longer than this to be killed for memory.
        self._usage = sandbox.usage.begin()

    # For subclasses

    def _start(self) -> None:
        raise NotImplementedError

    def send_interrupt(self) -> None:
        raise NotImplementedError

    def is_gone(self) -> bool:
        """Whether the run's main process has been reaped."""
        raise NotImplementedError

    def end_fields(self) -> dict[str, object]:
        """Fields of END that version 1 of the protocol does not have."""
        return {}

    def closed(self) -> None:
        """The run has ended and its output has been read."""

    def died_of_memory(self, code: int) -> bool:
        return code == 137 and self._sandbox.usage.killed_for_memory(self._usage)

    def ended(self, outcome: Outcome, clear: LineageKill | None = None) -> None:
        """The run has ended by itself; `clear` kills what it must not leave behind."""
        if self._outcome is None and not self._finished:
            self._outcome = outcome
            if not self._killing:
                if clear is not None:
                    self._kill_step(clear)
                else:
                    self._finish()

    # For the context

    def interrupt(self, grace: float) -> None:
        self.run.interrupted = True
        self._interrupt(grace)

    def time_out(self) -> None:
        self.run.cause = self.run.cause or "timeout"
        self._interrupt(self.run.grace)

    def kill(self, reason: str) -> None:
        self.run.cause = self.run.cause or reason
        self._kill()

    def everything_killed(self) -> None:
        """Nothing is left of the sandbox's processes."""
        if not self._finished:
            self._outcome = self._outcome or Outcome(137, died=True)
            self._finish()

    def abandon(self) -> None:
        """Nothing of the run has been executed, and something else will execute it."""
        self._finished = True
        self._sandbox.usage.forget(self._usage)
        self._sandbox.intervals.end(self._interval, now_ms())
        self._sandbox.loop.timers.cancel(("grace", self.run))
        self.pipes.finish()

    def _interrupt(self, grace: float) -> None:
        self._interrupted = True
        self._sandbox.loop.timers.set_earlier(("grace", self.run), grace, self._grace_over)
        self.send_interrupt()

    def _grace_over(self) -> None:
        self.run.killed = True
        self._kill()

    def _kill(self) -> None:
        if not self._killing and not self._finished:
            self._kill_step(LineageKill(self.group))

    def _kill_step(self, kill: LineageKill) -> None:
        if self._finished:
            return
        self._killing = self._interrupted = True
        done = kill.step()
        if done is None:
            # `everything_killed` follows.
            self._sandbox.kill_all_processes()
        elif done and (self._outcome is not None or self.is_gone()):
            self._outcome = self._outcome or Outcome(137, died=True)
            self._finish()
        else:
            self._sandbox.loop.timers.set(("kill", self.run), _KILL_STEP_SECONDS, lambda: self._kill_step(kill))

    def _finish(self) -> None:
        outcome = self._outcome
        if outcome is None or self._finished:
            return
        self._finished = True
        run = self.run
        timers = self._sandbox.loop.timers
        timers.cancel(run)
        if self._interrupted:
            timers.cancel(("grace", run))
            timers.cancel(("kill", run))
        self.pipes.finish()
        code, reason, error = run_end(outcome, cause=run.cause, interrupted=run.interrupted, killed=run.killed)
        self.closed()
        self._sandbox.intervals.end(self._interval, now_ms())
        self._sandbox.end_run(run, code, reason, error, self._sandbox.usage.end(self._usage), **(self.end_fields() if self._sandbox.link.version > 1 else {}))
        self._on_finished()
