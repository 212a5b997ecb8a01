"""A run in an interpreter, which stays for the next one."""

from __future__ import annotations

from podflare_guest.execution import Execution
from podflare_guest.lineage import LineageKill
from podflare_guest.outcome import Outcome
from podflare_guest.stdlib_core import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from podflare_guest.interpreter import Interpreter
    from podflare_guest.run import Run
    from podflare_guest.sandbox import Sandbox


class PythonExecution(Execution):
    def __init__(self, sandbox: Sandbox, run: Run, interpreter: Interpreter, on_finished: Callable[[], None]) -> None:
        self.group = interpreter.group
        self.interpreter = interpreter
        super().__init__(sandbox, run, on_finished)

    def _start(self) -> None:
        self.pipes = self.interpreter.pipes_for_run(self._moment)
        self.pipes.begin(self.run)
        self.interpreter.start(self.run)

    def send_interrupt(self) -> None:
        self.interpreter.interrupt()

    def is_gone(self) -> bool:
        return self.interpreter.is_gone

    def end_fields(self) -> dict[str, object]:
        return {"state_lost": True} if self.interpreter.is_gone and not self.run.fresh else {}

    def said(self, tag: bytes, outcome: Outcome) -> None:
        """The interpreter says that the run has ended."""
        # Any other tag is forged, or from a run that is over.
        if tag == self.run.tag:
            if self.run.fresh:
                self.ended(outcome, LineageKill(self.group))
            else:
                # A run that obeyed its timeout may have started something that did not.
                self.ended(outcome, LineageKill(self.group, self._moment, self.interpreter.pid) if self.run.cause == "timeout" else None)

    def died(self, code: int) -> None:
        """The interpreter has died, and with it every hold on the children of this run."""
        outcome = Outcome(code, died=True, oom=self.died_of_memory(code), interrupted=code == 130)
        self.ended(outcome, LineageKill(self.group, self._moment))
