"""The host's side of the protocol, and a supervisor in a pid namespace of its own to talk to."""

from __future__ import annotations

import functools
import json
import os
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Callable
from pathlib import Path

GUEST = Path(__file__).resolve().parents[2] / "src" / "Guest"
HEADER = struct.Struct(">IBQq")
HELLO, WELCOME, ACK, PING, PONG, READY, STARTED = 1, 2, 3, 4, 5, 6, 7
ENV, RUN, INTERRUPT, KILL, STDIN, RESIZE, SIGNAL, CONTEXT, TOOL_RESULT = 10, 11, 12, 13, 14, 15, 16, 17, 18
TAKEN, REFUSED = 20, 21
OUT, END, EVENT, LATE = 30, 31, 32, 33
FILE, FILE_DATA, FILE_NEXT, FILE_END, FILE_CANCEL, FILE_OPENED, FILE_DONE, FILE_FAILED = 40, 41, 42, 43, 44, 45, 46, 47
STDOUT, STDERR = 1, 2


@functools.cache
def why_no_guest() -> str | None:
    """Why this machine or user cannot start a supervisor as PID 1; None where it can."""
    if os.getuid() != 0:
        return "needs root: the guest's supervisor runs as PID 1 of a PID namespace and drops to uid 1000"
    done = subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", "true"], capture_output=True, text=True)
    return f"needs a PID namespace of its own: {done.stderr.strip()}" if done.returncode else None


def require_guest() -> None:
    if (reason := why_no_guest()) is not None:
        raise unittest.SkipTest(reason)


_MOST_PROCESSES = 2_048


def limited_group(name: str) -> Path | None:
    """A control group for a guest, as its container has one: what forks without end would otherwise use up the process ids of the machine."""
    for root in (Path("/sys/fs/cgroup/pids"), Path("/sys/fs/cgroup")):
        group = root / name
        try:
            group.mkdir()
            (group / "pids.max").write_text(str(_MOST_PROCESSES))
            return group
        except OSError:
            if group.is_dir():
                group.rmdir()
    return None


class Frame:
    def __init__(self, kind: int, number: int, at_ms: int, payload: bytes) -> None:
        self.kind, self.number, self.at_ms, self.payload = kind, number, at_ms, payload

    @property
    def json(self) -> dict:
        return json.loads(self.payload[16:] if self.kind == END else self.payload)

    @property
    def run(self) -> str:
        return "run_" + self.payload[:16].hex()

    @property
    def stream(self) -> int:
        return self.payload[16]

    @property
    def data(self) -> bytes:
        return self.payload[17:]


class Guest:
    """One supervisor and the host that it dials. Single-threaded: frames are read while a test waits for something."""

    def __init__(self, python: str = "/usr/bin/python3", prefix: tuple[str, ...] = (), environment: dict[str, str] | None = None, arguments: tuple[str, ...] = (), source: Path = GUEST) -> None:
        require_guest()
        # Not under the folder of the tests: the user of the sandbox must be able to reach it.
        self.folder = Path(tempfile.mkdtemp(prefix="guest"))
        self.folder.chmod(0o755)
        self.home = self.folder / "home"
        self.home.mkdir()
        os.chown(self.home, 1000, 1000)
        self.memory_events = self.folder / "memory.events"
        self.memory_events.write_text("oom 0\noom_kill 0\n")
        self.path = str(self.folder / "s")
        self.auto_ack = True
        self._sending = False
        self._unacknowledged = 0
        self.version = 0  # that WELCOME chooses; 0 is what a host of version 1 sends
        self.frames: list[Frame] = []
        self.numbered: list[Frame] = []  # without repetitions
        self.connection: socket.socket | None = None
        self.connections = 0
        self._listener: socket.socket
        self._requests = 0
        self._runs = 0
        self._buffer = bytearray()
        self._pinged = 0.0
        self.listen()
        # A pid namespace of its own: the supervisor kills all that it sees.
        # It dies with the tests, also where these are killed.
        self._group = limited_group("podflare-" + self.folder.name)
        enter = ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', str(self._group)] if self._group is not None else []
        command = [*enter, "setpriv", "--pdeathsig", "KILL", "unshare", "--pid", "--fork", "--mount-proc", "--kill-child", *prefix]
        command += [python, "-I", "-S", str(source / "main.py"), "--socket", self.path, "--home", str(self.home), "--memory-events", str(self.memory_events), *arguments]
        base = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
        self.process = subprocess.Popen(command, env={**base, **(environment or {})}, stdin=subprocess.DEVNULL)

    def __enter__(self) -> Guest:
        self.accept()
        self.wait(lambda: any(frame.kind == READY or frame.kind == HELLO and frame.json["repl"] for frame in self.frames), "READY")
        return self

    def __exit__(self, *exception: object) -> None:
        self.process.kill()
        self.process.wait()
        self.disconnect()
        self._listener.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._group is not None:
            until = time.monotonic() + 5
            while self._group.is_dir():
                try:
                    self._group.rmdir()
                except OSError:  # its last processes are ending
                    if time.monotonic() > until:
                        raise
                    time.sleep(0.01)

    # Connection

    def listen(self) -> None:
        if os.path.exists(self.path):
            os.unlink(self.path)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen(4)

    def close_listener(self) -> None:
        self._listener.close()
        os.unlink(self.path)

    def accept(self, welcome: bool = True, seconds: float = 20) -> Frame:
        """Takes the next connection; returns its HELLO."""
        self._listener.settimeout(seconds)
        self.connection, _ = self._listener.accept()
        self.connections += 1
        self._buffer.clear()
        self._requests = self._unacknowledged = 0
        self._sending = False
        before = len(self.frames)
        self.wait(lambda: len(self.frames) > before, "HELLO")
        hello = self.frames[before]
        assert hello.kind == HELLO, hello.kind
        if welcome:
            self.send(WELCOME, number=self.version)
        return hello

    def disconnect(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def send(self, kind: int, payload: bytes = b"", number: int = 0) -> None:
        assert self.connection is not None
        data = memoryview(HEADER.pack(len(payload), kind, number, 0) + payload)
        self._sending = True
        while data:
            # Both sides may be full of data for each other.
            readable, writable, _ = select.select([self.connection], [self.connection], [], 20)
            if writable:
                data = data[self.connection.send(data[: 1 << 16]) :]
            elif readable:
                self._read()
            else:
                raise TimeoutError("the guest does not read")
        self._sending = False
        if self._unacknowledged:
            self._send_ack()

    def acknowledge(self, number: int | None = None) -> None:
        last = self.numbered[-1].number if self.numbered else 0
        if number is not None or last:
            self.send(ACK, struct.pack(">Q", last if number is None else number))

    # Requests

    def request(self, kind: int, payload: bytes) -> Frame:
        """Sends a request and returns its answer."""
        number = self.ask(kind, payload)
        return self.answer(number)

    def ask(self, kind: int, payload: bytes) -> int:
        self._requests += 1
        self.send(kind, payload, self._requests)
        return self._requests

    def answer(self, number: int) -> Frame:
        start = len(self.frames) - 1
        while start > 0 and self.frames[start].kind != HELLO:
            start -= 1
        return self.wait(lambda: next((f for f in self.frames[start:] if f.kind in (TAKEN, REFUSED) and f.number == number), None), "an answer")

    def new_run(self) -> str:
        self._runs += 1
        return f"run_{self._runs:032x}"

    @staticmethod
    def run_payload(run: str, code: str | bytes, **fields: object) -> bytes:
        what = {"run": run, "language": "python", "timeout_ms": 30_000, "grace_ms": 1_000, "env": {}, **fields}
        text = json.dumps(what).encode()
        return struct.pack(">I", len(text)) + text + (code.encode() if isinstance(code, str) else code)

    def start(self, code: str | bytes, **fields: object) -> str:
        """Sends RUN and returns the id once it is taken."""
        run = str(fields.pop("run", None) or self.new_run())
        answer = self.request(RUN, self.run_payload(run, code, **fields))
        assert answer.kind == TAKEN, answer.payload
        return run

    def run(self, code: str | bytes, **fields: object) -> Result:
        return self.result(self.start(code, **fields))

    def bash(self, code: str | bytes, **fields: object) -> Result:
        return self.run(code, language="bash", **fields)

    def result(self, run: str, seconds: float = 30) -> Result:
        end = self.wait(lambda: next((f for f in reversed(self.numbered) if f.kind == END and f.run == run), None), f"END of {run}", seconds)
        return Result([f for f in self.numbered if f.run == run], end)

    def output(self, run: str) -> bytes:
        return b"".join(f.data for f in self.numbered if f.kind == OUT and f.run == run)

    def interrupt(self, run: str, grace_ms: int = 5_000) -> Frame:
        return self.request(INTERRUPT, json.dumps({"run": run, "grace_ms": grace_ms}).encode())

    def kill(self, run: str | None, reason: str = "killed") -> Frame:
        return self.request(KILL, json.dumps({"run": run, "reason": reason}).encode())

    def mount_memory(self, path: str, size: str) -> None:
        """Mounts a file system in memory that only the guest sees, and that goes with it."""
        child = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True).stdout.split()[0]
        os.makedirs(path, exist_ok=True)
        subprocess.run(["nsenter", f"--mount=/proc/{child}/ns/mnt", "mount", "-t", "tmpfs", "-o", f"size={size},uid=1000", "none", path], check=True)

    # Waiting

    def wait(self, condition: Callable[[], object], what: str, seconds: float = 30):
        """Reads frames until the condition gives something; the limit is a failure, never a pause."""
        limit = time.monotonic() + seconds
        while True:
            found = condition()
            if found:
                return found
            left = limit - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"no {what} within {seconds} s; last frames: {[(f.kind, f.payload[:80]) for f in self.frames[-5:]]}")
            self.pump(min(left, 0.5))

    def pump(self, seconds: float) -> None:
        """Reads what comes within the time, or returns after it."""
        if self.connection is None:
            raise ConnectionError("the guest has closed the connection")
        if time.monotonic() - self._pinged > 2 and self.connections and any(f.kind == HELLO for f in self.frames):
            self._pinged = time.monotonic()
            self.connection.sendall(HEADER.pack(0, PING, 0, 0))
        readable, _, _ = select.select([self.connection], [], [], seconds)
        if readable:
            self._read()

    def _read(self) -> None:
        assert self.connection is not None
        try:
            data = self.connection.recv(1 << 20)
        except ConnectionResetError:
            data = b""
        if not data:
            self.disconnect()
            return
        self._buffer += data
        start, last = 0, 0
        while len(self._buffer) - start >= HEADER.size:
            length, kind, number, at_ms = HEADER.unpack_from(self._buffer, start)
            end = start + HEADER.size + length
            if len(self._buffer) < end:
                break
            frame = Frame(kind, number, at_ms, bytes(self._buffer[start + HEADER.size : end]))
            self.frames.append(frame)
            if kind in (OUT, END, EVENT, LATE):
                expected = self.numbered[-1].number + 1 if self.numbered else 1
                assert number <= expected, f"frame {number} after {expected - 1}"
                if number == expected:
                    self.numbered.append(frame)
                last = number
            start = end
        del self._buffer[:start]
        if last and self.auto_ack:
            self._unacknowledged = last
            # Not in the middle of a frame.
            if not self._sending:
                self._send_ack()

    def _send_ack(self) -> None:
        assert self.connection is not None
        last, self._unacknowledged = self._unacknowledged, 0
        self.connection.sendall(HEADER.pack(8, ACK, 0, 0) + struct.pack(">Q", last))


class Result:
    def __init__(self, frames: list[Frame], end: Frame) -> None:
        self.frames = [frame for frame in frames if frame.kind == OUT]
        self.end = end.json
        self.code = self.end["code"]
        self.reason = self.end.get("reason")
        self.error = self.end.get("error")
        self.restarted = self.end["repl_restarted"]
        self.stdout = b"".join(f.data for f in self.frames if f.stream == STDOUT)
        self.stderr = b"".join(f.data for f in self.frames if f.stream == STDERR)
        # As the host cuts frames into events.
        self.lines = [(f.stream, line) for f in self.frames for line in f.data.splitlines(keepends=True)]

    def __repr__(self) -> str:
        return f"{self.end} stdout={self.stdout[:2000]!r} stderr={self.stderr[:4000]!r}"


if __name__ == "__main__":
    with Guest() as one:
        for argument in sys.argv[1:]:
            print(one.run(argument))
