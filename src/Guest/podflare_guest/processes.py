"""The processes of the sandbox: what /proc says about them, reaping them, and killing all of them."""

from __future__ import annotations

import os
from time import CLOCK_BOOTTIME, clock_gettime

from podflare_guest.stdlib_core import TYPE_CHECKING, signal

if TYPE_CHECKING:
    from collections.abc import Callable


# Of orphans that start others and end, there may always be one more.
_MOST_REAPED = 4_096


def require_own_namespace() -> None:
    # Outside a PID namespace of our own, kill(-1) would end the machine, and ids read from the /proc of another namespace would name strangers.
    # A fork of the supervisor is not PID 1 either.
    if os.getpid() != 1 or os.readlink("/proc/self") != "1":
        raise RuntimeError("only PID 1 may kill, and only what its own /proc shows")


def kill_everything() -> None:
    """Sends SIGKILL to every process except the caller."""
    require_own_namespace()
    try:
        os.kill(-1, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def reap(on_end: Callable[[int, int], None]) -> bool | None:
    """Collects the children that have ended. Returns False when no child is left, running or ended; None where there are more than it collects at once."""
    for _ in range(_MOST_REAPED):
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True
        on_end(pid, status)
    return None


def exit_code(status: int) -> int:
    """The code as a shell reports it: 128 + signal."""
    code = os.waitstatus_to_exitcode(status)
    return 128 - code if code < 0 else code


def newest_pid() -> int:
    """The id of the process or thread that was started last in this namespace."""
    return int(read_loadavg().split()[-1])


_loadavg = -1


def read_loadavg() -> bytes:
    """The text of /proc/loadavg. Its last field is the newest process id."""
    global _loadavg
    if _loadavg < 0:
        _loadavg = os.open("/proc/loadavg", os.O_RDONLY)
    return os.pread(_loadavg, 200, 0)


class Process:
    """A process as /proc/PID/stat describes it."""

    __slots__ = ("pid", "state", "started_ticks")

    def __init__(self, pid: int, stat: bytes) -> None:
        # The name in parentheses may contain anything, closing parentheses too.
        fields = stat[stat.rindex(b")") + 2 :].split()
        self.pid = pid
        self.state = fields[0]
        self.started_ticks = int(fields[19])

    @classmethod
    def read(cls, pid: int) -> Process | None:
        """Returns None for a process that is gone."""
        try:
            with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
                return cls(pid, file.read(4096))
        except (FileNotFoundError, ProcessLookupError):
            return None


class Moment:
    """A point in the order in which processes start."""

    def __init__(self) -> None:
        # Every run has one and few ask it anything, so what it reads is parsed only then.
        self._now = clock_gettime(CLOCK_BOOTTIME)
        # A clock tick is long: a process of the previous run may have started within the same one. The newest process id decides.
        self._loadavg = read_loadavg()

    @property
    def newest_field(self) -> bytes:
        """The same as `newest`, cheaper, for comparisons."""
        return self._loadavg[self._loadavg.rindex(b" ") :]

    @property
    def ticks(self) -> int:
        """Clock ticks since boot."""
        return int(self._now * os.sysconf("SC_CLK_TCK"))

    @property
    def newest(self) -> int:
        """The id of the process that was started last."""
        return int(self._loadavg.split()[-1])

    def precedes(self, process: Process) -> bool:
        return process.started_ticks > self.ticks or process.started_ticks == self.ticks and process.pid > self.newest
