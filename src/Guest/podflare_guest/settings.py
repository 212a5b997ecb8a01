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
        self.otlp_port = 0  # of the relay, on loopback; 0 for no relay
        self.probe = False  # report the layers around this container instead of being a sandbox
        self.bytecode = False  # compile the guest for this interpreter, and report that, instead of being a sandbox
        self.preload = ""  # modules that each interpreter imports before it is ready, separated by commas
        self.bash = _find("bash")

    @classmethod
    def parse(cls, arguments: list[str]) -> Settings:
        settings = cls()
        options = {"--socket": "socket", "--home": "home", "--memory-events": "memory_events", "--cgroup": "cgroup", "--preload": "preload", "--user": "user", "--otlp-port": "otlp_port"}
        rest = list(arguments)
        while rest:
            name = rest.pop(0)
            if name in ("--probe", "--bytecode"):
                setattr(settings, name[2:], True)
                continue
            if name not in options or not rest:
                sys.exit(f"podflare guest: cannot use argument {name}")
            value = rest.pop(0)
            if name == "--user" and not (value.isdigit() and 0 < int(value) < 1 << 31):
                sys.exit(f"podflare guest: {value} is not the number of a user")
            if name == "--otlp-port" and not (value.isdigit() and int(value) < 1 << 16):
                sys.exit(f"podflare guest: {value} is not a port")
            setattr(settings, options[name], int(value) if name in ("--user", "--otlp-port") else value)
        return settings

    def environment(self, group: int) -> dict[bytes, bytes]:
        """The image's variables, those that a user without a passwd entry needs, and those that lead an exporter to the relay. `group`: of the new process."""
        base = {
            b"PATH": _PATH,
            # Without it the output of a Python child arrives in blocks of 8 KiB instead of lines.
            b"PYTHONUNBUFFERED": b"1",
            # Bytecode is found stale by size and by time in whole seconds: a module written twice within a second would run its old code.
            b"PYTHONDONTWRITEBYTECODE": b"1",
            b"USER": b"user",
            b"LOGNAME": b"user",
        }
        base.update(self._exporter(group))
        base.update(os.environb)
        base[b"HOME"] = os.fsencode(self.home)
        base[b"PWD"] = base[b"HOME"]
        return base

    def _exporter(self, group: int) -> dict[bytes, bytes]:
        label = b"%d" % group
        found = {b"PODFLARE_LINEAGE": label}
        if not self.otlp_port or b"OTEL_EXPORTER_OTLP_ENDPOINT" in os.environb:
            return found
        found[b"OTEL_EXPORTER_OTLP_ENDPOINT"] = b"http://127.0.0.1:%d" % self.otlp_port
        found[b"OTEL_EXPORTER_OTLP_PROTOCOL"] = b"http/protobuf"
        found[b"OTEL_EXPORTER_OTLP_HEADERS"] = b"x-podflare-lineage=" + label
        found[b"OTEL_EXPORTER_OTLP_TIMEOUT"] = b"2000"
        # An interpreter is never shut down politely: what its exporter still holds when the sandbox ends is lost.
        found[b"OTEL_BSP_SCHEDULE_DELAY"] = found[b"OTEL_BLRP_SCHEDULE_DELAY"] = b"500"
        found[b"OTEL_METRIC_EXPORT_INTERVAL"] = b"10000"
        return found


def _find(program: str) -> str:
    """The program's absolute path in the image, whatever PATH a run has."""
    folders = os.environ.get("PATH", "") + ":" + _PATH.decode()
    for folder in folders.split(":"):
        path = os.path.join(folder, program)
        if folder.startswith("/") and os.access(path, os.X_OK):
            return path
    return "/bin/" + program
