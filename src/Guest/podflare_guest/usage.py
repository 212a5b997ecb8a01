"""What this container uses, as its control group counts it: version 2 of control groups before version 1."""

from __future__ import annotations

import os
import struct

from podflare_guest.stdlib_core import TYPE_CHECKING

if TYPE_CHECKING:
    from podflare_guest.loop import Loop
    from podflare_guest.memory import MemoryEvents

_FIRST_LOOK_SECONDS = 0.01
_LONGEST_PAUSE_SECONDS = 1.0
_SAMPLE = struct.Struct(">QQQIIQQ")
_UNKNOWN = -1
_pread = os.pread


class RunUsage:
    """One run that executes: what the files held when it began, and the highest levels that were seen since."""

    __slots__ = ("cpu", "throttled", "peak", "kills", "memory", "processes")

    def __init__(self, cpu: bytes, throttled: bytes, peak: bytes, kills: bytes) -> None:
        self.cpu, self.throttled, self.peak, self.kills = cpu, throttled, peak, kills
        self.memory = self.processes = _UNKNOWN


class Usage:
    """The files stay open, so that reading one takes a microsecond. What cannot be read is left out of every report, and never zero."""

    def __init__(self, loop: Loop, memory_events: MemoryEvents, root: str, home: str) -> None:
        self._loop = loop
        self._events = memory_events
        self._home = home
        self._first_cpu = self._first_throttled = _UNKNOWN
        self._running: dict[RunUsage, None] = {}
        self._pause = _FIRST_LOOK_SECONDS
        nothing = os.open("/dev/null", os.O_RDONLY)  # reads as an empty file

        def open_first(*names: str) -> int:
            for name in names:
                try:
                    return os.open(f"{root}/{name}", os.O_RDONLY)
                except OSError:
                    continue
            return nothing

        # The hierarchies of version 1 may be mounted below that of version 2.
        self._v2 = os.path.exists(f"{root}/cpu.stat")
        if self._v2:
            self._cpu = self._throttled = open_first("cpu.stat")
            self._memory, self._peak, self._processes = open_first("memory.current"), open_first("memory.peak"), open_first("pids.current")
        else:
            self._cpu = open_first("cpuacct/cpuacct.usage", "cpu,cpuacct/cpuacct.usage")
            self._throttled = open_first("cpu/cpu.stat", "cpu,cpuacct/cpu.stat")
            self._memory, self._peak = open_first("memory/memory.usage_in_bytes"), open_first("memory/memory.max_usage_in_bytes")
            self._processes = open_first("pids/pids.current")

    # The CPU time of the sandbox

    def begin_cpu(self) -> None:
        """The first interpreter answers: what it took to start counts for nobody."""
        if self._first_cpu < 0:
            self._first_cpu = self._nanoseconds(_read(self._cpu))
            self._first_throttled = self._throttled_nanoseconds(_read(self._throttled))

    def cpu(self) -> int | None:
        """Nanoseconds used since `begin_cpu`; None where that cannot be read."""
        now = self._nanoseconds(_read(self._cpu))
        return now - self._first_cpu if 0 <= self._first_cpu <= now else None

    def report(self, request: bytes) -> bytes:
        """Answers the payload of PING: `1` asks for the CPU time, `2` for all."""
        cpu = self.cpu() if request else None
        if cpu is None:
            return b""
        if request != b"2":
            return cpu.to_bytes(8, "big")
        memory, peak, processes = _number(_read(self._memory)), _number(_read(self._peak)), _number(_read(self._processes))
        kills, throttled = self._kills(), self._throttled_time()
        # Minus one, in as many bytes as the field has, stands for what is not known.
        return _SAMPLE.pack(
            cpu, memory & _MASK_64, peak & _MASK_64, min(processes, _MASK_32 - 1) & _MASK_32, min(kills, _MASK_32 - 1) & _MASK_32, throttled & _MASK_64, self._disk() & _MASK_64
        )

    def totals(self) -> dict[str, int]:
        """What the sandbox has used so far, for the answer to a KILL of everything. What cannot be read is left out."""
        found = {"cpu_ns": self.cpu(), "throttled_ns": self._throttled_time(), "oom_kills": self._kills()}
        return {name: value for name, value in found.items() if value is not None and value >= 0}

    def _throttled_time(self) -> int:
        now = self._throttled_nanoseconds(_read(self._throttled))
        return now - self._first_throttled if 0 <= self._first_throttled <= now else _UNKNOWN

    def _kills(self) -> int:
        return _field(self._events.read(), b"oom_kill ")

    # One run

    def begin(self) -> RunUsage:
        """A run executes. Its kills for memory are counted from here on, too."""
        cpu = _read(self._cpu)
        run = RunUsage(cpu, cpu if self._v2 else _read(self._throttled), _read(self._peak), self._events.read())
        self._running[run] = None
        # A run that ends before that is seen at its end only.
        self._pause = _FIRST_LOOK_SECONDS
        self._loop.timers.set_earlier("usage", self._pause, self._look)
        return run

    def forget(self, run: RunUsage) -> None:
        self._running.pop(run, None)

    def killed_for_memory(self, run: RunUsage) -> bool:
        """Whether the kernel has killed for memory since the run began."""
        return self._events.rose_since(run.kills)

    def end(self, run: RunUsage) -> bytes:
        """What the container has used while the run executed, as JSON. Every run waits for this: what has not changed is not parsed."""
        self.forget(run)
        cpu, peak, kills = _read(self._cpu), _read(self._peak), self._events.read()
        throttled = cpu if self._v2 else _read(self._throttled)
        self._raise(run, _number(_read(self._memory)) if peak == run.peak else _UNKNOWN, _number(_read(self._processes)))
        # The kernel's peak is that of the container's whole life. Where it has risen, it is also that of the run; else only what was seen is known.
        highest = run.memory if peak == run.peak else _number(peak)
        slowed, killed = b"0" if throttled else b"null", b"0" if kills else b"null"
        if throttled != run.throttled:
            slowed = _microseconds(self._throttled_nanoseconds(run.throttled), self._throttled_nanoseconds(throttled))
        if kills != run.kills:
            killed = _text(_field(kills, b"oom_kill ") - max(0, _field(run.kills, b"oom_kill ")))
        used = _microseconds(self._nanoseconds(run.cpu), self._nanoseconds(cpu))
        return b'{"cpu_us":%s,"throttled_us":%s,"memory_peak":%s,"processes_peak":%s,"disk":%s,"oom_kills":%s}' % (
            used, slowed, _text(highest), _text(run.processes), _text(self._disk()), killed
        )

    def _look(self) -> None:
        """Soon after the start of a run, and then after ever longer pauses, up to a second, while runs execute."""
        if self._running:
            memory, processes = _number(_read(self._memory)), _number(_read(self._processes))
            for run in self._running:
                self._raise(run, memory, processes)
            self._pause = min(self._pause * 2, _LONGEST_PAUSE_SECONDS)
            self._loop.timers.set("usage", self._pause, self._look)

    @staticmethod
    def _raise(run: RunUsage, memory: int, processes: int) -> None:
        if memory > run.memory:
            run.memory = memory
        if processes > run.processes:
            run.processes = processes

    def _disk(self) -> int:
        try:
            space = os.statvfs(self._home)
        except OSError:
            return _UNKNOWN
        return (space.f_blocks - space.f_bfree) * space.f_frsize

    def _nanoseconds(self, text: bytes) -> int:
        if not self._v2:
            return _number(text)
        value = _field(text, b"usage_usec ")
        return value * 1000 if value > 0 else value

    def _throttled_nanoseconds(self, text: bytes) -> int:
        if not self._v2:
            return _field(text, b"throttled_time ")
        value = _field(text, b"throttled_usec ")
        return value * 1000 if value > 0 else value


_MASK_32, _MASK_64 = (1 << 32) - 1, (1 << 64) - 1


def _read(fd: int) -> bytes:
    try:
        return _pread(fd, 512, 0)
    except OSError:
        return b""


def _number(text: bytes) -> int:
    text = text.rstrip()
    return int(text) if text.isdigit() else _UNKNOWN


def _field(text: bytes, name: bytes) -> int:
    """The value behind a name at the start of a line."""
    at = 0 if text.startswith(name) else text.find(b"\n" + name) + 1
    return _number(text[at + len(name) :].split(b"\n", 1)[0]) if at or text.startswith(name) else _UNKNOWN


def _text(value: int) -> bytes:
    return b"%d" % value if value >= 0 else b"null"


def _microseconds(before: int, after: int) -> bytes:
    return b"%d" % ((after - before) // 1000) if 0 <= before <= after else b"null"
