"""The floors that need no .NET: a byte there and back over a unix socket, a bare guest, a command of Redis.

Run as root, by bench.sh: floors.py [HOST:PORT of a Redis]. Reads lines `what times`, answers each with a JSON list of milliseconds.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "Guest"))

from host import END, EVENT, OUT, PING, RUN, TOOL_RESULT, Guest  # noqa: E402


def echo() -> socket.socket:
    """A process that sends back what it gets."""
    near, far = socket.socketpair()
    if os.fork() == 0:
        near.close()
        while data := far.recv(4096):
            far.sendall(data)
        os._exit(0)
    far.close()
    return near


def there_and_back(connection: socket.socket, request: bytes) -> Callable[[], None]:
    def act() -> None:
        connection.sendall(request)
        connection.recv(4096)

    return act


def bare_print(guest: Guest) -> Callable[[], None]:
    def act() -> None:
        # Else the list of all frames would grow with each run.
        guest.frames.clear()
        del guest.numbered[:-1]
        guest.ask(RUN, guest.run_payload(guest.new_run(), "print(1)"))
        while not any(frame.kind == END for frame in guest.frames):
            guest.pump(1)

    return act


TOOL_REQUEST = 5
CALLS = 90  # a run may call 100 times
CALL_CODE = f"""
import time
took = []
for n in range({CALLS}):
    began = time.perf_counter_ns()
    tools.echo(n=n)
    took.append((time.perf_counter_ns() - began) / 1e6)
print(took)
"""


def bare_calls(guest: Guest, times: int) -> list[float]:
    """Calls of a tool that are answered as soon as they are seen, as the code measures them."""
    guest.version = 3
    guest.disconnect()
    guest.accept()
    took: list[float] = []
    while len(took) < times:
        guest.frames.clear()
        del guest.numbered[:-1]
        run = guest.new_run()
        guest.ask(RUN, guest.run_payload(run, CALL_CODE, tools=[{"name": "echo"}]))
        seen, printed = 0, b""
        while not any(frame.kind == END for frame in guest.frames):
            guest.pump(1)
            frames, seen = guest.frames[seen:], len(guest.frames)
            for frame in frames:
                if frame.kind == EVENT and frame.payload[16] == TOOL_REQUEST:
                    guest.ask(TOOL_RESULT, frame.payload[:16] + b"\0" + frame.payload[17:21] + b"1")
                elif frame.kind == OUT:
                    printed += frame.data
        took += json.loads(printed)
    return took[:times]


def measure(act: Callable[[], None], times: int) -> list[float]:
    took = []
    for _ in range(times):
        began = time.perf_counter_ns()
        act()
        took.append((time.perf_counter_ns() - began) / 1e6)
    return took


def next_line(guest: Guest) -> str:
    """The next line of the input. A guest that hears nothing for 6 s hangs up, so it hears something meanwhile."""
    while not select.select([sys.stdin], [], [], 1)[0]:
        guest.send(PING)
        guest.pump(0)
    return sys.stdin.readline()


def main() -> None:
    acts = {"socket": there_and_back(echo(), b"x")}
    if len(sys.argv) > 1:
        host, port = sys.argv[1].split(":")
        connection = socket.create_connection((host, int(port)))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        acts["redis"] = there_and_back(connection, b"*1\r\n$4\r\nPING\r\n")
    with Guest() as guest:
        acts["guest"] = bare_print(guest)
        while what_and_times := next_line(guest):
            what, times = what_and_times.split()
            print(json.dumps(bare_calls(guest, int(times)) if what == "tools" else measure(acts[what], int(times))), flush=True)


if __name__ == "__main__":
    main()
