"""What END says: the last table of the protocol as one pure function."""

from __future__ import annotations

_TIMEOUT, _INTERRUPTED, _KILLED = 124, 130, 137


class Outcome:
    """How the run's own process saw its end, or how that process ended."""

    def __init__(self, code: int, *, struck: bool = False, died: bool = False, oom: bool = False, error: dict[str, str] | None = None) -> None:
        self.code = code
        self.struck = struck  # ended by SIGINT: an uncaught KeyboardInterrupt, or the signal itself
        self.died = died  # the REPL is gone
        self.oom = oom  # killed, and the memory cgroup counted a kill at that time
        self.error = error


def verdict(outcome: Outcome, *, cause: str, interrupted: bool, killed: bool) -> tuple[int, str | None, dict[str, str] | None]:
    """Returns code, reason and error.

    `cause`: timeout, killed or expired, else empty. `killed`: the run had to be killed after its grace time.
    """
    if cause == "timeout":
        return _TIMEOUT, cause, None
    if cause:
        return _KILLED, cause, None
    if killed:
        return _KILLED, "killed", None
    if interrupted and outcome.struck:
        return _INTERRUPTED, "interrupted", None
    if outcome.oom:
        return _KILLED, "oom", None
    if outcome.died:
        return outcome.code, "crashed", None
    return outcome.code, None, outcome.error
