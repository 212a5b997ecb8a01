"""What differs between a container and a test."""

from __future__ import annotations

import os
import sys

_PATH = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Settings:
    def __init__(self) -> None:
        self.socket = "/podflare/s/s"
        self.home = "/root"
        self.memory_events = ""  # empty: look for the container's cgroup, version 2 before version 1
        self.cgroup = "/sys/fs/cgroup"  # where control groups are mounted
        self.user = 1000  # number of user and group of every process except the supervisor
        self.probe = False  # report the layers around this container instead of being a sandbox
        self.preload = ""  # modules that each interpreter imports before it is ready, separated by commas
        self.bash = _find("bash")

    @classmethod
    def parse(cls, arguments: list[str]) -> Settings:
        settings = cls()
        options = {"--socket": "socket", "--home": "home", "--memory-events": "memory_events", "--cgroup": "cgroup", "--preload": "preload", "--user": "user"}
        rest = list(arguments)
        while rest:
            name = rest.pop(0)
            if name == "--probe":
                settings.probe = True
                continue
            if name not in options or not rest:
                sys.exit(f"podflare guest: cannot use argument {name}")
            value = rest.pop(0)
            if name == "--user" and not (value.isdigit() and 0 < int(value) < 1 << 31):
                sys.exit(f"podflare guest: {value} is not the number of a user")
            setattr(settings, options[name], int(value) if name == "--user" else value)
        return settings

    def environment(self) -> dict[bytes, bytes]:
        """The image's variables together with those that a user without a passwd entry needs."""
        base = {
            b"PATH": _PATH,
            # Without it the output of a Python child arrives in blocks of 8 KiB instead of lines.
            b"PYTHONUNBUFFERED": b"1",
            # Bytecode is found stale by size and by time in whole seconds: a module written twice within a second would run its old code.
            b"PYTHONDONTWRITEBYTECODE": b"1",
            b"USER": b"user",
            b"LOGNAME": b"user",
        }
        base.update(os.environb)
        base[b"HOME"] = os.fsencode(self.home)
        base[b"PWD"] = base[b"HOME"]
        return base


def _find(program: str) -> str:
    """The program's absolute path in the image, whatever PATH a run has."""
    folders = os.environ.get("PATH", "") + ":" + _PATH.decode()
    for folder in folders.split(":"):
        path = os.path.join(folder, program)
        if folder.startswith("/") and os.access(path, os.X_OK):
            return path
    return "/bin/" + program
