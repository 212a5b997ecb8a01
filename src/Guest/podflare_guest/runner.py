"""Runs, one after the other: starting, interrupting, killing, ending."""

from __future__ import annotations

import os

from podflare_guest import frames
from podflare_guest.bash_process import BashProcess
from podflare_guest.frames import frame, now_ms
from podflare_guest.lean import TYPE_CHECKING, dumps
from podflare_guest.memory import MemoryEvents
from podflare_guest.processes import Moment, exit_code, kill_everything, kill_started_since, kill_subtree, reap
from podflare_guest.repl_process import ReplProcess
from podflare_guest.run import RUNNING
from podflare_guest.run_table import RunTable
from podflare_guest.verdict import Outcome, verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from podflare_guest.files import Files
    from podflare_guest.link import Link
    from podflare_guest.loop import Loop
    from podflare_guest.output import Output
    from podflare_guest.ring import Ring
    from podflare_guest.run import Run
    from podflare_guest.settings import Settings

_KILL_STEP_SECONDS = 0.001
# Steps in which a bash run is stopped before it is killed, and in which it may be killed alone before all else goes with it.
_STOP_STEPS, _ALONE_STEPS = 50, 2_000
_REPL_START_SECONDS = 60.0
_FAILED_STARTS = 3


class Runner:
    def __init__(self, loop: Loop, settings: Settings, ring: Ring, output: Output) -> None:
        self.link: Link  # set by the supervisor, whose frames the link brings
        self.files: Files  # likewise
        self.runs = RunTable()
        self.closing = False
        self.repl_number = 0
        self._loop = loop
        self._settings = settings
        self._ring = ring
        self._output = output
        self._memory = MemoryEvents(settings.memory_events)
        self._environment: dict[bytes, bytes] = {}
        self._repl: ReplProcess | None = None
        self._failed_starts = 0
        self._state_lost = False
        self._bash: BashProcess | None = None
        self._outcome: Outcome | None = None  # of the current run, while what it left is being killed
        self._clearing = False
        self._started = Moment()
        loop.on_child(self._reap)

    @property
    def clearing(self) -> bool:
        """Processes are being killed, new ones too."""
        return self._clearing or self.closing

    # Requests

    def repl_restarted(self) -> bool:
        """Whether the next Python run to be accepted would find the state of the earlier ones gone."""
        return self._state_lost and not any(run.language == "python" for run in self.runs.queue)

    def set_environment(self, environment: dict[bytes, bytes]) -> None:
        self._environment = environment
        if self._repl is not None:
            self._repl.set_environment(environment)

    def interrupt(self, run: Run, grace: float) -> None:
        if run is self.runs.current:
            run.interrupted = True
            self._strike(run, grace)
        elif run in self.runs.queue:
            self._conclude(run, 130, "interrupted", None)
            self._advance()

    def kill(self, run: Run, reason: str) -> None:
        if run is self.runs.current:
            run.cause = run.cause or reason
            self._kill_current()
        elif run in self.runs.queue:
            self._conclude(run, 124 if reason == "timeout" else 137, reason, None)
            self._advance()

    def kill_all(self, reason: str) -> None:
        """Ends the sandbox: nothing is started any more."""
        self.closing = True
        for run in self.runs.queue:
            self.kill(run, reason)
        if self.runs.current is not None:
            self.runs.current.cause = self.runs.current.cause or reason
        self._kill_everything()

    # Starting

    def start_repl(self) -> None:
        if self.closing or self._clearing or self._repl is not None:
            return
        try:
            repl = ReplProcess(self._loop, self.repl_number + 1, self._settings, self._output, self._environment)
        except OSError:
            # No process to be had: what holds them may end.
            self._loop.timers.set("repl", 0.2, self.start_repl)
            return
        repl.on_ready = self._repl_ready
        repl.on_end = self._python_said
        self._repl = repl
        self._loop.timers.set("repl", _REPL_START_SECONDS, repl.kill)

    def start_next(self) -> None:
        """Starts the first run of the queue if it can be started now."""
        run = self.runs.peek()
        if run is None or self.runs.current is not None or self._clearing or self.closing:
            return
        repl = self._repl
        if run.language == "python" and (repl is None or not repl.ready):
            return
        self.runs.take()
        run.state = RUNNING
        run.started_ms = now_ms()
        self._started = Moment()
        self._memory.mark()
        self._output.begin(run.raw)
        if run.timeout is not None:
            self._loop.timers.set("timeout", run.timeout, self._time_out)
        if run.language == "python" and repl is not None:
            run.repl_restarted, self._state_lost = self._state_lost, False
            repl.start(run)
            run.code = b""
        else:
            self._start_bash(run)

    def announce(self, run: Run) -> None:
        self.link.send(frame(frames.STARTED, run.raw, at_ms=run.started_ms))

    def _advance(self) -> None:
        before = self.runs.current
        self.start_next()
        run = self.runs.current
        if run is not None and run is not before:
            self.announce(run)

    def _start_bash(self, run: Run) -> None:
        environment = self._settings.environment()
        environment.update(self._environment)
        environment.update(run.environment)
        try:
            self._bash = BashProcess(self._loop, self._settings, self._output, run, environment, self._bash_held)
        except OSError as error:
            # As a shell that cannot fork says it.
            self._output.say(f"bash: fork: {error.strerror}\n".encode())
            self._loop.timers.set("bash", 0, lambda: self._finish(Outcome(126)))

    def _repl_ready(self) -> None:
        self._loop.timers.cancel("repl")
        self._failed_starts = 0
        self.repl_number += 1
        self.link.send(frame(frames.READY, dumps({"repl": self.repl_number})))
        self._advance()

    # Interrupting and killing

    def _strike(self, run: Run, grace: float) -> None:
        self._loop.timers.set_earlier("grace", grace, self._grace_over)
        if run.language == "bash":
            if self._bash is not None:
                if run.cause:
                    self._bash.hold()  # nothing of it may be left
                self._bash.interrupt()
        elif self._repl is not None:
            self._repl.interrupt()

    def _time_out(self) -> None:
        run = self.runs.current
        if run is not None:
            run.cause = run.cause or "timeout"
            self._strike(run, run.grace)

    def _grace_over(self) -> None:
        if self.runs.current is not None:
            self.runs.current.killed = True
            self._kill_current()

    def _kill_current(self) -> None:
        bash = self._bash
        if bash is None:
            self._kill_everything()
        elif not self._clearing:
            self._clear_bash(bash)

    def _clear_bash(self, bash: BashProcess) -> None:
        bash.hold()
        steps = 0

        def step() -> bool | None:
            nonlocal steps
            steps += 1
            if steps > _ALONE_STEPS:
                self._kill_everything()
                return None
            return kill_subtree(bash.pid, stop=steps <= _STOP_STEPS)

        self._clear(step, self._bash_cleared)

    def _kill_everything(self) -> None:
        def step() -> bool:
            kill_everything()
            return not reap(self._buried)

        self._clear(step, self._everything_killed)

    def _clear(self, step: Callable[[], bool | None], then: Callable[[], None]) -> None:
        """Takes steps until one says that nothing is left, or None: it has handed over. A second call replaces the first: it kills more."""
        self._clearing = True
        clear = step()
        if clear:
            self._loop.timers.cancel("clear")
            self._clearing = False
            then()
            if self._repl is None:
                self.start_repl()
        elif clear is not None:
            self._loop.timers.set("clear", _KILL_STEP_SECONDS, lambda: self._clear(step, then))

    def _everything_killed(self) -> None:
        if self.runs.current is not None:
            self._finish(self._outcome or Outcome(137, died=True))

    # Ending

    def _python_said(self, tag: bytes, outcome: Outcome) -> None:
        run = self.runs.current
        # Any other tag is forged, or from a run that is over.
        if run is not None and run.language == "python" and run.tag == tag and self._outcome is None:
            self._python_ended(run, outcome)

    def _python_ended(self, run: Run, outcome: Outcome) -> None:
        self._outcome = outcome
        if self._clearing:
            return
        if run.cause == "timeout" or outcome.died:
            # It obeyed, but may have started what did not. Or it is gone, and with it every hold on its children: they would write into the next run.
            spare = {self._repl.pid} if self._repl is not None else set()
            self._clear(lambda: kill_started_since(self._started, spare | self.files.pids), lambda: self._finish(outcome))
        else:
            self._finish(outcome)

    def _bash_held(self) -> None:
        if self._bash is not None and not self._clearing:
            self._clear_bash(self._bash)

    def _bash_cleared(self) -> None:
        if self._outcome is not None:
            self._finish(self._outcome)
        elif self._bash is not None:
            self._bash.release()

    def _bash_ended(self, code: int) -> None:
        self._outcome = Outcome(code, struck=code == 130, oom=code == 137 and self._memory.rose())
        if not self._clearing:
            self._finish(self._outcome)

    def _reap(self) -> None:
        reap(self._buried)

    def _buried(self, pid: int, status: int) -> None:
        self.files.buried(pid)
        if self._bash is not None and pid == self._bash.pid:
            self._bash_ended(exit_code(status))
            return
        repl = self._repl
        if repl is None or pid != repl.pid:
            return
        was_ready, repl.ready = repl.ready, False
        repl.on_ready = lambda: None
        repl.buried()
        self._repl = None
        self._loop.timers.cancel("repl")
        self._state_lost = self._state_lost or was_ready
        code = exit_code(status)
        run = self.runs.current
        if run is not None and run.language == "python" and self._outcome is None:
            oom = code == 137 and self._memory.rose()
            self._python_ended(run, Outcome(code, died=True, oom=oom, struck=code == 130))
        if not was_ready:
            self._start_failed(code)
        elif not self._clearing:
            self.start_repl()

    def _start_failed(self, code: int) -> None:
        self._failed_starts += 1
        os.write(2, f"podflare guest: the REPL ended with {code} before it was ready\n".encode())
        head = self.runs.peek()
        if self._failed_starts >= _FAILED_STARTS and head is not None and head.language == "python":
            self._conclude(head, code, "crashed", None)
            self._advance()
        self._loop.timers.set("repl", min(0.1 * self._failed_starts, 2.0), self.start_repl)

    def _finish(self, outcome: Outcome) -> None:
        run = self.runs.current
        if run is None:
            return
        self._outcome = None
        self._output.finish()
        if self._bash is not None:
            self._bash.release()
            self._bash = None
        for timer in ("timeout", "grace"):
            self._loop.timers.cancel(timer)
        code, reason, error = verdict(outcome, cause=run.cause, interrupted=run.interrupted, killed=run.killed)
        self._conclude(run, code, reason, error)
        self._advance()

    def _conclude(self, run: Run, code: int, reason: str | None, error: dict[str, str] | None) -> None:
        end: dict[str, object] = {"code": code}
        if reason is not None:
            end["reason"] = reason
        if error is not None:
            end["error"] = error
        end["started"] = run.started_ms
        end["repl_restarted"] = run.repl_restarted
        self.runs.end(run, self._ring.next)
        self.link.send_numbered(self._ring.append(frames.END, run.raw + dumps(end), now_ms()))
