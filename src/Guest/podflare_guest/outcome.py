"""What END reports: the last table of the protocol as one pure function."""

from __future__ import annotations

_TIMEOUT, _INTERRUPTED, _KILLED = 124, 130, 137


class Outcome:
    """How the run's own process saw its end, or how that process ended."""

    def __init__(self, code: int, *, interrupted: bool = False, died: bool = False, oom: bool = False, error: dict[str, str] | None = None) -> None:
        self.code = code
        self.interrupted = interrupted  # ended by SIGINT: an uncaught KeyboardInterrupt, or the signal itself
        self.died = died  # the interpreter is gone
        self.oom = oom  # killed, and the memory cgroup counted a kill at that time
        self.error = error


def run_end(outcome: Outcome, *, cause: str, interrupted: bool, killed: bool) -> tuple[int, str | None, dict[str, str] | None]:
    """Returns code, reason and error.

    `cause`: timeout, killed or expired, else empty. `interrupted`: the host asked for it. `killed`: the run had to be killed after its grace time.
    """
    if cause == "timeout":
        return _TIMEOUT, cause, None
    if cause:
        return _KILLED, cause, None
    if killed:
        return _KILLED, "killed", None
    if interrupted and outcome.interrupted:
        return _INTERRUPTED, "interrupted", None
    if outcome.oom:
        return _KILLED, "oom", None
    if outcome.died:
        return outcome.code, "crashed", None
    return outcome.code, None, outcome.error
