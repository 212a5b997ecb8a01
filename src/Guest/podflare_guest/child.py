"""A fork of the supervisor on its way to become a process of the sandbox's user."""

from __future__ import annotations

import os

from podflare_guest.lean import signal
from podflare_guest.settings import USER


def become_user(stdout: int, stderr: int, home: str) -> None:
    """Gives up root for good; standard input is empty."""
    # First, while /proc/self still belongs to root: the kernel shall take this process before the supervisor.
    try:
        with open("/proc/self/oom_score_adj", "wb", buffering=0) as file:
            file.write(b"1000")
    except OSError:
        pass  # a kernel without it, or a container that starts at more
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    os.setgroups([])
    os.setgid(USER)
    os.setuid(USER)
    os.umask(0o022)
    try:
        os.chdir(home)
    except OSError:
        os.chdir("/")


def reset_signals() -> None:
    """Undoes what the supervisor and Python itself have set; exec keeps what is ignored."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
