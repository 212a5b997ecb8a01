"""The processes of the sandbox: reaping, killing all, killing one subtree."""

from __future__ import annotations

import os
import time

from podflare_guest.lean import TYPE_CHECKING, signal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def _require_own_namespace() -> None:
    # Outside a pid namespace of our own, kill(-1) would end the machine, and ids read from a /proc of another namespace would hit strangers.
    # A fork of the supervisor is not PID 1 either.
    if os.getpid() != 1 or os.readlink("/proc/self") != "1":
        raise RuntimeError("only PID 1 may kill, and only what its own /proc shows")


def kill_everything() -> None:
    """Sends SIGKILL to every process but the caller."""
    _require_own_namespace()
    try:
        os.kill(-1, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def reap(on_end: Callable[[int, int], None]) -> bool:
    """Collects ended children; False when there is none left, ended or not."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True
        on_end(pid, status)


def exit_code(status: int) -> int:
    """The code as a shell gives it: 128 + signal."""
    code = os.waitstatus_to_exitcode(status)
    return 128 - code if code < 0 else code


class _Process:
    __slots__ = ("pid", "parent", "started_ticks", "state")

    def __init__(self, pid: int, stat: bytes) -> None:
        # The name in parentheses may hold anything, closing parentheses too.
        fields = stat[stat.rindex(b")") + 2 :].split()
        self.pid = pid
        self.state = fields[0]
        self.parent = int(fields[1])
        self.started_ticks = int(fields[19])


def _all() -> Iterator[_Process]:
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb", buffering=0) as file:
                    yield _Process(int(name), file.read(4096))
            except (FileNotFoundError, ProcessLookupError):
                pass


class Moment:
    """A point in the order in which processes start."""

    _load = -1

    def __init__(self) -> None:
        # Every run has one, few ask it anything: what it has read is made sense of only then.
        self._now = time.clock_gettime(time.CLOCK_BOOTTIME)
        # A tick is long: a process of the run before may have started in the same one. The last field is the newest process id.
        if Moment._load < 0:
            Moment._load = os.open("/proc/loadavg", os.O_RDONLY)
        self._line = os.pread(Moment._load, 200, 0)

    @property
    def ticks(self) -> int:
        """Clock ticks since boot."""
        return int(self._now * os.sysconf("SC_CLK_TCK"))

    @property
    def newest(self) -> int:
        """The id of the process that was started last."""
        return int(self._line.split()[-1])

    def precedes(self, process: _Process) -> bool:
        return process.started_ticks > self.ticks or process.started_ticks == self.ticks and process.pid > self.newest


def kill_subtree(root: int, stop: bool) -> bool:
    """Takes one step to kill what descends from `root`; True when nothing of it is left.

    With `stop` all are stopped before the first is killed: a fork bomb then fills the sandbox's limit with stopped processes instead of outrunning us.
    """
    _require_own_namespace()
    processes = list(_all())
    below = {root}
    grew = True
    while grew:
        found = {process.pid for process in processes if process.parent in below}
        grew = not found <= below
        below |= found
    alive = [process for process in processes if process.pid in below and process.pid != root and process.state not in (b"Z", b"X")]
    running = [process for process in alive if process.state not in (b"T", b"t")] if stop else []
    for process in running or alive:
        try:
            os.kill(process.pid, signal.SIGSTOP if running else signal.SIGKILL)
        except ProcessLookupError:
            pass
    return not alive


def kill_started_since(moment: Moment, spare: set[int]) -> bool:
    """Kills what has been started since, but the processes of `spare`; True when nothing of it is left."""
    _require_own_namespace()
    left = [process for process in _all() if moment.precedes(process) and process.pid != 1 and process.pid not in spare and process.state not in (b"Z", b"X")]
    for process in left:
        try:
            os.kill(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return not left
