"""Sends bursts of SIGINT to itself around the ends of programs, far faster than a supervisor does, and prints how many exceptions left `Program.execute`.

interrupt_bursts.py GUEST BURST RUNS
"""

from __future__ import annotations

import os
import random
import sys
from _signal import SIG_IGN, SIGINT, signal

sys.path.insert(0, sys.argv[1])

from podflare_guest.repl.program import Program  # noqa: E402

# Each may take one more exception of the same burst.
_ATTEMPTS = 8


def _send_bursts(parent: int, length: int, started: int, sent: int) -> None:
    signal(SIGINT, SIG_IGN)
    chosen = random.Random(1)
    while os.read(started, 1):
        for _ in range(chosen.randrange(600)):
            pass
        for _ in range(length):
            os.kill(parent, SIGINT)
            for _ in range(chosen.randrange(60)):
                pass
        os.write(sent, b"x")
    os._exit(0)


def main() -> None:
    burst, runs = int(sys.argv[2]), int(sys.argv[3])
    (started, start), (sent, send) = os.pipe(), os.pipe()
    parent = os.getpid()
    if not os.fork():
        os.close(start)
        _send_bursts(parent, burst, started, send)
    between = lambda *_: None  # noqa: E731
    signal(SIGINT, between)
    program = Program({"__builtins__": __builtins__}, between)
    kinds: set[str] = set()
    escaped = 0

    def run(attempts: int) -> None:
        nonlocal escaped
        try:
            if attempts == _ATTEMPTS:
                os.write(start, b"x")
                kinds.add(type(program.execute(b"for _ in range(300): pass", "<run>", lambda: False, None)).__name__)
            signal(SIGINT, between)
        except BaseException:
            escaped += attempts == _ATTEMPTS
            if attempts:
                run(attempts - 1)

    for _ in range(runs):
        run(_ATTEMPTS)
        os.read(sent, 1)
    signal(SIGINT, SIG_IGN)
    print(escaped, *sorted(kinds))


if __name__ == "__main__":
    main()
