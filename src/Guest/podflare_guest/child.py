"""A fork of the supervisor on its way to become a process of the sandbox's user."""

from __future__ import annotations

import os

from podflare_guest.stdlib_core import TYPE_CHECKING, signal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from podflare_guest.kernel import WriteRestriction

# More than the supervisor ever has open.
MOST_DESCRIPTORS = 4096


class SandboxUser:
    """Who every process of the sandbox except the supervisor is, and what it is kept from."""

    def __init__(self, number: int, restriction: WriteRestriction) -> None:
        """`number`: of user and group. Images need not know it."""
        self.number = number
        self.restriction = restriction


def become_user(user: SandboxUser, stdout: int, stderr: int, folder: str, groups: Iterable[int] = (), stdin: int = -1) -> None:
    """Gives up root for good. Standard input is empty unless `stdin` is given. `folder` becomes the working directory, or / if that fails."""
    # First, while /proc/self still belongs to root: the kernel must choose this process before the supervisor.
    try:
        with open("/proc/self/oom_score_adj", "wb", buffering=0) as file:
            file.write(b"1000")
    except OSError:
        pass  # a kernel without it, or a container that starts at more
    # From here on it cannot be lowered again.
    user.restriction.apply()
    os.dup2(stdin if stdin >= 0 else os.open("/dev/null", os.O_RDONLY), 0)
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    os.setgroups(list(groups))
    os.setgid(user.number)
    os.setuid(user.number)
    os.umask(0o022)
    try:
        os.chdir(folder)
    except OSError:
        os.chdir("/")


def reset_signals() -> None:
    """Undoes what the supervisor and Python itself have set. An exec keeps what is ignored."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)


def fork_without_interrupts() -> int:
    """Forks. SIGINT stays blocked in the child, so that none is lost between its fork and its exec."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    pid = -1
    try:
        pid = os.fork()
        return pid
    finally:
        if pid != 0:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def allow_interrupts() -> None:
    """In that child, right before its exec."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
