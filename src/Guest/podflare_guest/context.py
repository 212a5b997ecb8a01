"""A context: a queue of runs, of which one executes at a time, and for Python the interpreter that keeps their state."""

from __future__ import annotations

from podflare_guest.bash_execution import BashExecution
from podflare_guest.interpreter_supervision import InterpreterSupervision, NoInterpreter
from podflare_guest.outcome import Outcome
from podflare_guest.python_execution import PythonExecution
from podflare_guest.run import BASH, PYTHON
from podflare_guest.stdlib_core import TYPE_CHECKING, deque

if TYPE_CHECKING:
    from collections.abc import Callable

    from podflare_guest.execution import Execution
    from podflare_guest.interpreter import Interpreter
    from podflare_guest.run import Run
    from podflare_guest.sandbox import Sandbox


class Context:
    def __init__(self, sandbox: Sandbox, id: str, language: str, folder: str, variables: dict[bytes, bytes], on_ready: Callable[[Context], None]) -> None:
        """`folder`, `variables`: working directory and environment of what executes its runs. `on_ready`: an interpreter can execute them."""
        self.id = id
        self.language = language
        self.folder = folder
        self.variables = variables
        self.execution_count = 0
        self.on_empty: Callable[[], None] = lambda: None  # its last run has ended
        self._sandbox = sandbox
        self._on_ready = on_ready
        self._queue: deque[Run] = deque()
        self._execution: Execution | None = None
        self._interpreters: InterpreterSupervision | NoInterpreter
        if language == PYTHON:
            self._interpreters = InterpreterSupervision(sandbox, folder, variables, self._interpreter_ready, self._interpreter_said, self._interpreter_died, self._start_failed)
        else:
            self._interpreters = NoInterpreter()
        sandbox.on_everything_killed.append(self._everything_killed)
        self._interpreters.start()

    @property
    def interpreter_number(self) -> int:
        return self._interpreters.number

    @property
    def current(self) -> Run | None:
        return self._execution.run if self._execution is not None else None

    @property
    def next_run_finds_state_lost(self) -> bool:
        """Whether the next Python run to be accepted would find the variables of the earlier ones gone."""
        return self._interpreters.state_lost and not any(run.language == PYTHON for run in self._queue)

    def summary(self) -> dict[str, object]:
        state = "busy" if self._execution is not None else "idle" if self.language == BASH or self._interpreters.ready is not None else "starting"
        run = self.current
        return {
            "id": self.id,
            "language": self.language,
            "cwd": self.folder,
            "state": state,
            "run": run.id if run is not None else None,
            "queued": len(self._queue),
            "execution_count": self.execution_count,
            "repl": self.interpreter_number,
        }

    def set_environment(self) -> None:
        self._interpreters.set_environment()

    def enter(self, run: Run) -> None:
        """Queues the run, and starts it if it can be started now. The caller announces a start."""
        run.owner = self
        if not run.fresh and (run.language == PYTHON or self.language == BASH):
            self.execution_count += 1
            run.execution = self.execution_count
        self._queue.append(run)
        self._start_next()

    def interrupt(self, run: Run, grace: float) -> None:
        if self._execution is not None and run is self._execution.run:
            self._execution.interrupt(grace)
        else:
            self._end_queued(run, 130, "interrupted")

    def kill(self, run: Run, reason: str) -> None:
        if self._execution is not None and run is self._execution.run:
            self._execution.kill(reason)
        else:
            self._end_queued(run, 124 if reason == "timeout" else 137, reason)

    def interrupt_current(self, grace: float, queued: bool) -> list[str]:
        """Interrupts what executes, and with `queued` also what waits. Returns the ids of these runs."""
        runs = [run.id for run in self._queue] if queued else []
        if queued:
            self._end_all_queued(130, "interrupted")
        if self._execution is not None:
            runs.insert(0, self._execution.run.id)
            self._execution.interrupt(grace)
        return runs

    def restart(self) -> None:
        """Gives the context a new interpreter. What executes is killed, what waits ends as interrupted."""
        self._end_all_queued(130, "interrupted")
        if self._execution is not None:
            self._execution.kill("killed")
        self._interpreters.replace()

    def delete(self) -> None:
        """Ends the context with all its runs and processes."""
        self._end_all_queued(137, "killed")
        self._interpreters.closed = True
        if self._execution is not None:
            self._execution.kill("killed")
        self._interpreters.replace()
        self._forget_if_deleted()

    def close(self, reason: str) -> None:
        """Its runs end, while all processes are killed by their owner."""
        self._end_all_queued(124 if reason == "timeout" else 137, reason)
        if self._execution is not None:
            self._execution.run.cause = self._execution.run.cause or reason

    def _end_all_queued(self, code: int, reason: str) -> None:
        for run in list(self._queue):
            self._end_queued(run, code, reason)

    def _end_queued(self, run: Run, code: int, reason: str) -> None:
        self._queue.remove(run)
        self._sandbox.loop.timers.cancel(run)
        self._sandbox.end_run(run, code, reason)
        self._advance()

    def _advance(self) -> None:
        """Starts the next run, and announces it."""
        before = self._execution
        self._start_next()
        if self._execution is not None and self._execution is not before:
            self._sandbox.announce(self._execution.run)
        if self._execution is None and not self._queue:
            self.on_empty()

    def _start_next(self) -> None:
        if self._execution is not None or not self._queue or not self._sandbox.may_start:
            return
        run = self._queue[0]
        interpreter = self._interpreters.ready
        if run.language == PYTHON and interpreter is None:
            # Nothing but the interpreter is in its way, so its time runs.
            self._start_timeout(run)
            return
        self._queue.popleft()
        self._sandbox.runs.leave_queue(run)
        if self.id == "python":
            self._sandbox.late.foreground = run
        if run.language == PYTHON and interpreter is not None:
            run.repl_restarted, self._interpreters.state_lost = self._interpreters.state_lost or run.repl_restarted, False
            self._execution = PythonExecution(self._sandbox, run, interpreter, self._finished)
        else:
            self._execution = BashExecution(self._sandbox, run, self.folder, self.variables, self._finished)
        self._start_timeout(run)

    def _start_timeout(self, run: Run) -> None:
        if run.timeout is not None and not run.timeout_started:
            run.timeout_started = True
            self._sandbox.loop.timers.set(run, run.timeout, lambda: self._timed_out(run))

    def _timed_out(self, run: Run) -> None:
        if self._execution is not None and self._execution.run is run:
            self._execution.time_out()
        else:
            self._end_queued(run, 124, "timeout")

    def _finished(self) -> None:
        self._execution = None
        if self.id == "python":
            self._sandbox.late.foreground = None
        self._advance()
        self._forget_if_deleted()

    def _forget_if_deleted(self) -> None:
        if self._interpreters.closed and self._execution is None and self._everything_killed in self._sandbox.on_everything_killed:
            self._sandbox.on_everything_killed.remove(self._everything_killed)

    def _interpreter_ready(self) -> None:
        self._on_ready(self)
        self._advance()

    def _interpreter_said(self, tag: bytes, outcome: Outcome) -> None:
        if isinstance(self._execution, PythonExecution):
            self._execution.said(tag, outcome)

    def _interpreter_died(self, interpreter: Interpreter, code: int) -> None:
        execution = self._execution
        # The next interpreter may die too, while what the run has left behind is still being killed.
        if not isinstance(execution, PythonExecution) or execution.interpreter is not interpreter:
            return
        run = execution.run
        if interpreter.has_begun(run) or run.handed_over or run.cause or run.interrupted:
            # Nothing follows a fresh run.
            self._interpreters.closed = self._interpreters.closed or bool(run.fresh)
            execution.died(code)
            return
        # It died before it executed anything of the run: the next interpreter gets it, once.
        run.handed_over = run.repl_restarted = True
        execution.abandon()
        self._execution = None
        self._queue.appendleft(run)
        self._sandbox.runs.return_to_queue(run)

    def _start_failed(self, code: int) -> None:
        if self._queue and self._queue[0].language == PYTHON and self._execution is None:
            self._end_queued(self._queue[0], code, "crashed")

    def _everything_killed(self) -> None:
        if self._execution is not None:
            self._execution.everything_killed()
        self._interpreters.start()
        self._advance()
