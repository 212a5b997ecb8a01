"""Which processes belong together, and how to kill them all.

Each interpreter, bash run and process run has a supplementary group of its own. Its descendants cannot leave it: setgroups needs a capability that the
sandbox's user does not have. So /proc/PID/status shows for every process which run or interpreter it descends from, whatever happened to its parents.
"""

from __future__ import annotations

import os
from time import monotonic

from podflare_guest.processes import Process, newest_pid, require_own_namespace
from podflare_guest.stdlib_core import TYPE_CHECKING, signal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from podflare_guest.processes import Moment

# Valid with user namespaces remapped too, and used by no distribution.
_FIRST, _LAST = 61_184, 65_519
_STOP_STEPS = 50
_MOST_STEPS = 2_000
_UNCERTAIN_STEPS = 50
_MOST_FOLLOWED = 1_000  # looks at what was started during the last look
# The supervisor answers nobody during a step, and what starts processes in a loop may be faster than it is.
_STEP_SECONDS = 0.05
_MOST_SECONDS = 5.0


class Lineages:
    """Hands out groups."""

    def __init__(self) -> None:
        self._next = _FIRST
        self._in_use: set[int] = set()

    def new(self) -> int:
        """A group that no process has."""
        while True:
            if self._next > _LAST:
                self._next = _FIRST
                # Whatever starts from here on gets a new number, so one look is enough for the whole round.
                self._in_use = set()
                for pid in _pids():
                    self._in_use |= _groups(_read_status(pid) or b"")
            group = self._next
            self._next += 1
            if group not in self._in_use:
                return group


def members(group: int) -> list[int]:
    """The processes of the group at this moment."""
    return [pid for pid in _pids() if group in _groups(_read_status(pid) or b"")]


class LineageKill:
    """Kills the processes of one group step by step.

    A process may fork and end in a loop, so that a look at /proc always finds its id gone. Therefore nothing is left only when a whole pass found nothing
    and every process that was started meanwhile has been seen and belongs to others.
    """

    def __init__(self, group: int, since: Moment | None = None, spare: int = 0) -> None:
        """`since`: only what was started after it. `spare`: a process id that is left alone."""
        self._group = group
        self._since = since
        self._spare = spare
        self._steps = 0
        self._uncertain = 0
        self._limit = monotonic() + _MOST_SECONDS

    def step(self) -> bool | None:
        """True: nothing is left. False: call again soon. None: this does not succeed, and everything in the sandbox must be killed."""
        require_own_namespace()
        self._steps += 1
        # All are stopped before the first is killed: a fork bomb then fills the sandbox's limit with stopped processes instead of outrunning us.
        stopping = self._steps <= _STOP_STEPS
        before = newest_pid()
        running = self._signal_running(_pids(), signal.SIGSTOP if stopping else signal.SIGKILL)
        certain, newest = True, newest_pid()
        followed, until = 0, monotonic() + _STEP_SECONDS
        while newest != before and followed < _MOST_FOLLOWED and monotonic() < until:
            followed += 1
            for pid in _between(before, newest):
                state = self._state(pid)
                if state is None:
                    certain = False
                elif state and state not in (b"T", b"t") and self._signal(pid, signal.SIGSTOP if stopping else signal.SIGKILL):
                    running += 1
            before, newest = newest, newest_pid()
        if running:
            self._uncertain = 0
        elif stopping and self._kill_stopped():
            self._uncertain = 0
        elif certain and newest == before:
            return True
        else:
            self._uncertain += 1
        return None if self._uncertain >= _UNCERTAIN_STEPS or self._steps >= _MOST_STEPS or monotonic() > self._limit else False

    def _signal_running(self, pids: Iterator[int], number: int) -> int:
        count = 0
        for pid in pids:
            state = self._state(pid)
            if state and (state not in (b"T", b"t") or number == signal.SIGKILL) and self._signal(pid, number):
                count += 1
        return count

    def _kill_stopped(self) -> int:
        return sum(1 for pid in _pids() if self._state(pid) and self._signal(pid, signal.SIGKILL))

    def _state(self, pid: int) -> bytes | None:
        """The state letter of a process that is to be killed; empty for one that is not or that has ended; None for one that cannot be seen any more."""
        status = _read_status(pid)
        if status is None:
            return None
        state = _field(status, b"State")[:1]
        # The id may be a thread's, which leads to its process.
        if pid == self._spare or state in (b"Z", b"X") or _field(status, b"Tgid") != b"%d" % pid or self._group not in _groups(status):
            return b""
        if self._since is not None:
            process = Process.read(pid)
            if process is None:
                return None
            if not self._since.precedes(process):
                return b""
        return state

    @staticmethod
    def _signal(pid: int, number: int) -> bool:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return False
        return True


def _pids() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdigit() and name != "1")


def _between(before: int, newest: int) -> Iterator[int]:
    """The ids that were given since; none where the numbers have started again from the beginning, which the next pass sees."""
    return iter(range(max(before, newest - 4_096) + 1, newest + 1)) if newest > before else iter(())


def _read_status(pid: int) -> bytes | None:
    try:
        with open(f"/proc/{pid}/status", "rb", buffering=0) as file:
            return file.read(4096)
    except OSError:
        return None


def _field(status: bytes, name: bytes) -> bytes:
    start = status.find(b"\n" + name + b":")
    if start < 0:
        return b""
    start += len(name) + 2
    return status[start : status.find(b"\n", start)].strip()


def _groups(status: bytes) -> set[int]:
    return {int(number) for number in _field(status, b"Groups").split()}
