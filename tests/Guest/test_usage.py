"""What the container uses: files of both versions of control groups, the usage of one run, and the answer to PING."""

from __future__ import annotations

import json
import struct
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from host import GUEST, PING, PONG, Guest, require_guest

sys.path.insert(0, str(GUEST))

from podflare_guest.loop import Loop  # noqa: E402
from podflare_guest.memory import MemoryEvents  # noqa: E402
from podflare_guest.usage import Usage  # noqa: E402

SAMPLE = struct.Struct(">QQQIIQQ")
V1 = {
    "cpuacct/cpuacct.usage": "5000000\n",
    "cpu/cpu.stat": "nr_periods 3\nnr_throttled 1\nthrottled_time 7000000\n",
    "memory/memory.usage_in_bytes": "1000\n",
    "memory/memory.max_usage_in_bytes": "4000\n",
    "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
    "pids/pids.current": "3\n",
}
V2 = {
    "cpu.stat": "usage_usec 5000\nuser_usec 1\nsystem_usec 2\nnr_periods 3\nnr_throttled 1\nthrottled_usec 7000\n",
    "memory.current": "1000\n",
    "memory.peak": "4000\n",
    "memory.events": "low 0\nhigh 0\nmax 0\noom 2\noom_kill 2\noom_group_kill 0\n",
    "pids.current": "3\n",
}


class FileTests(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def put(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.root / name).parent.mkdir(exist_ok=True)
            (self.root / name).write_text(text)

    def open(self, files: dict[str, str]) -> Usage:
        self.put(files)
        events = next((str(self.root / name) for name in ("memory.events", "memory/memory.oom_control") if name in files), "/nonexistent")
        return Usage(Loop(), MemoryEvents(events), str(self.root), str(self.root))

    def end(self, usage: Usage, run: object) -> dict:
        return json.loads(usage.end(run))  # type: ignore[arg-type]

    def test_a_run_used_what_the_counters_gained_in_version_1(self) -> None:
        usage = self.open(V1)
        run = usage.begin()
        self.put({"cpuacct/cpuacct.usage": "505001999\n", "cpu/cpu.stat": "nr_periods 9\nnr_throttled 4\nthrottled_time 27000000\n"})
        self.put({"memory/memory.max_usage_in_bytes": "9000\n", "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n", "pids/pids.current": "8\n"})
        got = self.end(usage, run)
        self.assertGreater(got.pop("disk"), 0)
        self.assertEqual({"cpu_us": 500_001, "throttled_us": 20_000, "memory_peak": 9_000, "processes_peak": 8, "oom_kills": 3}, got)

    def test_a_run_used_what_the_counters_gained_in_version_2(self) -> None:
        usage = self.open(V2)
        run = usage.begin()
        self.put({"cpu.stat": "usage_usec 505001\nuser_usec 1\nsystem_usec 2\nnr_periods 9\nnr_throttled 4\nthrottled_usec 27000\n"})
        self.put({"memory.peak": "9000\n", "memory.events": "low 0\noom 2\noom_kill 5\n", "pids.current": "8\n"})
        got = self.end(usage, run)
        self.assertGreater(got.pop("disk"), 0)
        self.assertEqual({"cpu_us": 500_001, "throttled_us": 20_000, "memory_peak": 9_000, "processes_peak": 8, "oom_kills": 3}, got)

    def test_the_peak_of_an_earlier_run_is_not_that_of_this_one(self) -> None:
        for files, current in ((V1, "memory/memory.usage_in_bytes"), (V2, "memory.current")):
            with self.subTest(current):
                usage = self.open(files)
                run = usage.begin()
                self.put({current: "2500\n"})
                usage._look()
                self.put({current: "1500\n"})
                self.assertEqual(2_500, self.end(usage, run)["memory_peak"])

    def test_levels_are_seen_soon_after_the_start_and_at_least_each_second_while_a_run_executes(self) -> None:
        usage = self.open(V2)
        timers = usage._loop.timers
        with mock.patch("podflare_guest.timers.monotonic", return_value=100.0) as now:
            run = usage.begin()
            self.assertAlmostEqual(0.01, timers.wait_seconds())
            for level, pause in ((1_200, 0.02), (1_300, 0.04), (1_400, 0.08), (1_700, 0.16), (1_300, 0.32), (1_300, 0.64), (1_300, 1), (1_300, 1)):
                self.put({"memory.current": f"{level}\n"})
                now.return_value += timers.wait_seconds()
                timers.fire()
                self.assertAlmostEqual(pause, timers.wait_seconds())
            self.assertEqual(1_700, self.end(usage, run)["memory_peak"])
            now.return_value += 1
            timers.fire()
            self.assertEqual(-1, timers.wait_seconds(), "an idle sandbox does not wake up")

    def test_what_cannot_be_read_is_null_and_never_zero(self) -> None:
        usage = self.open({})
        got = self.end(usage, usage.begin())
        self.assertGreater(got.pop("disk"), 0)
        self.assertEqual({"cpu_us": None, "throttled_us": None, "memory_peak": None, "processes_peak": None, "oom_kills": None}, got)
        usage.begin_cpu()
        self.assertIsNone(usage.cpu())
        self.assertEqual(b"", usage.report(b"2"))

    def test_a_kernel_without_a_peak_gives_the_highest_level_that_was_seen(self) -> None:
        usage = self.open({name: text for name, text in V2.items() if name not in ("memory.peak", "pids.current")})
        got = self.end(usage, usage.begin())
        self.assertEqual((1_000, None), (got["memory_peak"], got["processes_peak"]))

    def test_files_with_other_contents_are_not_believed(self) -> None:
        usage = self.open({**V2, "cpu.stat": "usage_usec x\n", "memory.current": "max\n", "memory.peak": "-1\n", "pids.current": "\n", "memory.events": "oom_kill\n"})
        got = self.end(usage, usage.begin())
        self.assertEqual((None, None, None), (got["cpu_us"], got["memory_peak"], got["processes_peak"]))

    def test_a_report_has_the_time_since_the_first_interpreter_and_the_levels(self) -> None:
        v1, v2 = ("cpuacct/cpuacct.usage", "9000000\n"), ("cpu.stat", "usage_usec 9000\nthrottled_usec 9000\n")
        for files, cpu, throttled in ((V1, v1, {"cpu/cpu.stat": "throttled_time 9000000\n"}), (V2, v2, {})):
            with self.subTest(cpu[0]):
                usage = self.open(files)
                usage.begin_cpu()
                self.put({**throttled, **dict([cpu])})
                self.assertEqual((4_000_000).to_bytes(8, "big"), usage.report(b"1"))
                self.assertEqual((4_000_000, 1_000, 4_000, 3, 2, 2_000_000), SAMPLE.unpack(usage.report(b"2"))[:6])
                self.assertEqual(b"", usage.report(b""))
                self.assertEqual({"cpu_ns": 4_000_000, "throttled_ns": 2_000_000, "oom_kills": 2}, usage.totals())

    def test_a_report_marks_what_cannot_be_read(self) -> None:
        usage = self.open({"cpu.stat": "usage_usec 1\n"})
        usage.begin_cpu()
        self.assertEqual((0, (1 << 64) - 1, (1 << 64) - 1, (1 << 32) - 1, (1 << 32) - 1, (1 << 64) - 1), SAMPLE.unpack(usage.report(b"2"))[:6])


class GuestUsageTests(unittest.TestCase):
    def setUp(self) -> None:
        require_guest()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.root.chmod(0o755)
        for name, text in V2.items():
            (self.root / name).write_text(text)
        self.guest = self.enterContext(Guest(arguments=("--cgroup", str(self.root))))

    def usage(self, code: str, **fields: object) -> dict:
        return self.guest.run(code, **fields).end["usage"]

    def test_each_kind_of_run_reports_its_usage(self) -> None:
        for fields in ({}, {"language": "bash"}, {"kind": "process", "argv": ["true"]}):
            with self.subTest(fields):
                self.assertEqual((0, 1_000, 3), tuple(self.usage("" if fields else "1", **fields)[key] for key in ("cpu_us", "memory_peak", "processes_peak")))

    def test_a_run_that_ends_with_an_error_reports_its_usage(self) -> None:
        self.assertEqual(0, self.usage("1/0")["cpu_us"])

    def test_a_run_that_never_started_has_none(self) -> None:
        running = self.guest.start("import time\ntime.sleep(30)")
        waiting = self.guest.start("print(1)")
        self.guest.interrupt(waiting)
        self.assertNotIn("usage", self.guest.result(waiting).end)
        self.guest.interrupt(running)
        self.assertIn("usage", self.guest.result(running).end)

    def test_a_ping_with_2_asks_for_all(self) -> None:
        self.guest.send(PING, b"2")
        pong = self.guest.wait(lambda: next((f.payload for f in self.guest.frames if f.kind == PONG and len(f.payload) == SAMPLE.size), None), "a PONG")
        self.assertEqual((0, 1_000, 4_000, 3), SAMPLE.unpack(pong)[:4])


if __name__ == "__main__":
    unittest.main()
