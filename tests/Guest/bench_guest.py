"""Prints the guest's latency and throughput beside plain Python on the same machine: judge the ratios, not the times.

Run as root: python3 tests/Guest/bench_guest.py [--python PATH] [--cpu N] [--against FOLDER] [case ...]; cases: rtt, prints, stderr, bulk, idle. --against
compares warm runs with those of another source folder of the guest, taking turns. --cpu pins all but the host to one CPU, as a container with one CPU does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from host import END, OUT, RUN, Guest

PRINTS = 1_000_000
BULK_MB = 100
PRINT_LOOP = f"for i in range({PRINTS}): print(i)"
STDERR_LOOP = f"import sys\nfor i in range({PRINTS}): print(i, file=sys.stderr)"
BULK = f"import sys; sys.stdout.write('x' * {BULK_MB * 1_000_000})"


def floor(python: str, code: str, cpu: str | None, stream: int = 1, unbuffered: bool = True) -> float:
    """Seconds of plain Python, read from a local pipe."""
    read_end, write_end = os.pipe()
    command = [*(("taskset", "-c", cpu) if cpu else ()), python, *(("-u",) if unbuffered else ()), "-c", code]
    started = time.perf_counter()
    with subprocess.Popen(command, **{"stdout" if stream == 1 else "stderr": write_end}) as process:
        os.close(write_end)
        while os.read(read_end, 1 << 16):
            pass
        process.wait()
    os.close(read_end)
    return time.perf_counter() - started


def start_up(python: str) -> float:
    started = time.perf_counter()
    subprocess.run([python, "-c", ""], check=True)
    return time.perf_counter() - started


def timed(guest: Guest, code: str) -> tuple[float, int, int]:
    """Seconds, bytes and OUT frames of a run, without keeping its output."""
    run = guest.new_run()
    guest.ask(RUN, guest.run_payload(run, code, timeout_ms=120_000))
    started = time.perf_counter()
    size = count = 0
    while True:
        guest.frames.clear()
        del guest.numbered[:-1]
        guest.pump(1)
        for frame in guest.frames:
            if frame.kind == OUT:
                size += len(frame.data)
                count += 1
            elif frame.kind == END:
                return time.perf_counter() - started, size, count


def rtt(guest: Guest, python: str, cpu: str | None) -> None:
    first: list[float] = []
    whole: list[float] = []
    for _ in range(1_000):
        guest.frames.clear()
        payload = guest.run_payload(guest.new_run(), "print(1)")
        started = time.perf_counter()
        guest.ask(RUN, payload)
        out = 0.0
        while True:
            guest.pump(1)
            kinds = [frame.kind for frame in guest.frames]
            if not out and OUT in kinds:
                out = time.perf_counter()
            if END in kinds:
                break
        whole.append(time.perf_counter() - started)
        first.append(out - started)
    for name, values in (("RUN to OUT", first), ("RUN to END", whole)):
        values.sort()
        print(f"print(1), {name}: p50 {values[len(values) // 2] * 1e3:.3f} ms, p95 {values[int(len(values) * 0.95)] * 1e3:.3f} ms")


def against(folder: str, python: str, cpu: str | None, code: str = "print(1)", turns: int = 2_000) -> None:
    """Medians of RUN to END of both guests, one run of each in turn."""
    prefix = ("taskset", "-c", cpu) if cpu else ()
    with Guest(python, prefix=prefix) as new, Guest(python, prefix=prefix, source=Path(folder)) as old:
        times: dict[str, list[float]] = {"new": [], "old": []}
        for turn in range(turns):
            for name, guest in (("new", new), ("old", old)) if turn % 2 else (("old", old), ("new", new)):
                guest.frames.clear()
                payload = guest.run_payload(guest.new_run(), code)
                started = time.perf_counter()
                guest.ask(RUN, payload)
                while not any(frame.kind == END for frame in guest.frames):
                    guest.pump(1)
                times[name].append(time.perf_counter() - started)
        for name, values in times.items():
            values.sort()
            print(f"{code}, {name}: p25 {values[turns // 4] * 1e6:.0f} µs, p50 {values[turns // 2] * 1e6:.0f} µs, p75 {values[turns * 3 // 4] * 1e6:.0f} µs")
        print(f"median, new to old: {times['new'][turns // 2] / times['old'][turns // 2]:.3f}")
        idle(new)
        idle(old)


def compare(name: str, guest: Guest, code: str, baseline: Callable[[], float], python: str) -> None:
    for _ in range(3):
        plain = baseline() - start_up(python)
        took, size, count = timed(guest, code)
        print(f"{name}: {took:.2f} s, plain {plain:.2f} s, ratio {took / plain:.2f}; {size / took / 1e6:.0f} MB/s, {count} frames")


def idle(guest: Guest) -> None:
    names = ("Rss", "Pss", "Private_Dirty")
    for pid in sorted(int(n) for n in os.listdir("/proc") if n.isdigit()):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                command = file.read()
            if guest.path.encode() not in command and b"/repl.py" not in command or command.startswith((b"setpriv", b"unshare", b"taskset")):
                continue
            with open(f"/proc/{pid}/smaps_rollup") as file:
                fields = {line.split(":")[0]: int(line.split()[1]) for line in file if line.startswith(names)}
        except (FileNotFoundError, ProcessLookupError):
            continue
        print(f"{'REPL' if b'/repl.py' in command else 'supervisor'}: " + ", ".join(f"{n} {fields[n] / 1024:.1f} MB" for n in names))


def main() -> None:
    arguments = sys.argv[1:]
    options = {name: arguments.pop(arguments.index(name) + 1) for name in ("--python", "--cpu", "--against") if name in arguments}
    cases = [a for a in arguments if not a.startswith("--")] or ["rtt", "prints", "stderr", "bulk", "idle"]
    python, cpu = options.get("--python", "/usr/bin/python3"), options.get("--cpu")
    if "--against" in options:
        against(options["--against"], python, cpu)
        return
    started = time.perf_counter()
    with Guest(python, prefix=("taskset", "-c", cpu) if cpu else ()) as guest:
        print(f"start to READY: {(time.perf_counter() - started) * 1e3:.0f} ms; two plain starts: {2e3 * start_up(python):.0f} ms")
        if "idle" in cases:
            idle(guest)
        if "rtt" in cases:
            rtt(guest, python, cpu)
        if "prints" in cases:
            compare(f"{PRINTS} prints", guest, PRINT_LOOP, lambda: floor(python, PRINT_LOOP, cpu), python)
        if "stderr" in cases:
            compare(f"{PRINTS} prints to stderr", guest, STDERR_LOOP, lambda: floor(python, STDERR_LOOP, cpu, stream=2), python)
        if "bulk" in cases:
            compare(f"{BULK_MB} MB", guest, BULK, lambda: floor(python, BULK, cpu), python)


if __name__ == "__main__":
    main()
