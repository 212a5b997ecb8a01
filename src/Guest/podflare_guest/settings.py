"""What differs between a container and a test."""

from __future__ import annotations

import os
import sys

# Every process of the sandbox but the supervisor; images need not know the number.
USER = 1000


class Settings:
    def __init__(self) -> None:
        self.socket = "/podflare/s/s"
        self.home = "/root"
        self.memory_events = ""  # empty: look for the container's cgroup, version 2 before 1
        self.preload = ""  # modules that each REPL imports before it is ready, separated by commas

    @classmethod
    def parse(cls, arguments: list[str]) -> Settings:
        settings = cls()
        options = {"--socket": "socket", "--home": "home", "--memory-events": "memory_events", "--preload": "preload"}
        rest = list(arguments)
        while rest:
            name = rest.pop(0)
            if name not in options or not rest:
                sys.exit(f"podflare guest: cannot use argument {name}")
            setattr(settings, options[name], rest.pop(0))
        return settings

    def environment(self) -> dict[bytes, bytes]:
        """The image's variables with those that a user without a passwd entry needs."""
        base = {
            b"PATH": b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            # Without it the output of a Python child comes in blocks of 8 KiB instead of lines.
            b"PYTHONUNBUFFERED": b"1",
            b"USER": b"user",
            b"LOGNAME": b"user",
        }
        base.update(os.environb)
        base[b"HOME"] = os.fsencode(self.home)
        base[b"PWD"] = base[b"HOME"]
        return base
