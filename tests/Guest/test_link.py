"""The connection: what is kept over a break, what is said again, what is not believed."""

from __future__ import annotations

import glob
import os
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from host import ACK, END, ENV, GUEST, HEADER, HELLO, OUT, PING, PONG, RUN, STARTED, TAKEN, WELCOME, Guest, require_guest

RING = 8 << 20


class LinkTests(unittest.TestCase):
    guest: Guest

    def setUp(self) -> None:
        self.guest = Guest().__enter__()
        self.addCleanup(self.guest.__exit__)

    def reconnect(self, welcome: bool = True) -> dict:
        self.guest.disconnect()
        return self.guest.accept(welcome).json

    def test_hello_says_what_the_guest_holds(self) -> None:
        hello = self.guest.frames[0].json
        self.assertEqual((1, 1, []), (hello["version"], hello["first"], hello["runs"]))
        self.assertRegex(hello["boot"], "^[0-9a-f]{32}$")
        self.guest.auto_ack = False
        ended = self.guest.start("print('a')")
        self.guest.result(ended)
        running, queued = self.guest.start("import os\nwhile not os.path.exists('go'): pass"), self.guest.start("pass")
        started = self.guest.wait(lambda: next((f for f in self.guest.frames if f.kind == STARTED and f.run == running), None), "STARTED").at_ms
        again = self.reconnect()
        self.assertEqual((hello["boot"], 1, 1), (again["boot"], again["first"], again["repl"]))
        states = [(run["run"], run["state"], run["started"]) for run in again["runs"]]
        self.assertEqual([(ended, "ended", self.guest.result(ended).end["started"]), (running, "running", started), (queued, "queued", None)], states)
        self.guest.acknowledge()
        self.assertEqual([running, queued], [run["run"] for run in self.reconnect()["runs"]])
        (self.guest.home / "go").touch()
        self.guest.result(queued)

    def test_hello_says_which_frame_of_each_run_was_acknowledged_last(self) -> None:
        self.guest.auto_ack = False
        first = self.guest.start("print('a', flush=True)\nimport os\nwhile not os.path.exists('go'): pass")
        self.guest.wait(lambda: next((f for f in self.guest.frames if f.kind == OUT and f.run == first), None), "output")
        queued = self.guest.start("pass")
        self.assertEqual([0, 0], [run["acknowledged"] for run in self.reconnect()["runs"]])
        self.guest.acknowledge(1)
        self.assertEqual([(first, 1), (queued, 0)], [(run["run"], run["acknowledged"]) for run in self.reconnect()["runs"]])
        (self.guest.home / "go").touch()
        self.guest.result(queued)

    def test_frames_come_again_with_the_same_bytes_until_they_are_acknowledged(self) -> None:
        self.guest.auto_ack = False
        run = self.guest.start("import sys\nfor i in range(20): print(i); print('e', file=sys.stderr)")
        self.guest.result(run)
        first = {f.number: (f.kind, f.at_ms, f.payload) for f in self.guest.frames if f.kind in (OUT, END)}
        for acknowledged in (0, 7, len(first)):
            if acknowledged:
                self.guest.acknowledge(acknowledged)
            hello = self.reconnect()
            before = len(self.guest.frames)
            self.assertEqual(acknowledged + 1, hello["first"])
            self.guest.run("pass") if acknowledged == len(first) else self.guest.wait(lambda: self.guest.frames[-1].number == len(first), "the last frame")
            again = {f.number: (f.kind, f.at_ms, f.payload) for f in self.guest.frames[before:] if f.kind in (OUT, END)}
            self.assertEqual({n: v for n, v in first.items() if n > acknowledged}, {n: v for n, v in again.items() if n in first})

    def test_a_program_goes_on_over_breaks_without_gap_or_repetition(self) -> None:
        self.guest.auto_ack = False
        run = self.guest.start("import os, time\ni = 0\nwhile not os.path.exists('go'):\n    for _ in range(200): print(i); i += 1\n    time.sleep(0.002)")
        for _ in range(8):
            last = len(self.guest.numbered)
            self.guest.wait(lambda: len(self.guest.numbered) > last + 5, "more frames")
            self.guest.acknowledge(self.guest.numbered[-3].number)
            self.reconnect()
        (self.guest.home / "go").touch()
        self.guest.auto_ack = True
        output = self.guest.result(run).stdout
        self.assertEqual("".join(f"{i}\n" for i in range(output.count(b"\n"))).encode(), output)

    def test_requests_taken_before_a_break_are_kept(self) -> None:
        self.guest.request(ENV, b'{"env":{"A":"kept"}}')
        run = self.guest.new_run()
        self.guest.ask(RUN, self.guest.run_payload(run, "import os; print(os.environ['A'])"))
        # The guest reads what has arrived before it sees the end of the connection; TAKEN is lost.
        self.reconnect()
        self.assertEqual(b"kept\n", self.guest.result(run).stdout)

    def test_nothing_but_hello_comes_before_welcome(self) -> None:
        self.guest.auto_ack = False
        self.guest.result(self.guest.start("print(1)"))
        self.reconnect(welcome=False)
        before = len(self.guest.frames)
        self.guest.pump(0.2)
        self.assertEqual(before, len(self.guest.frames))
        self.guest.send(WELCOME)
        self.guest.wait(lambda: [f.kind for f in self.guest.frames[before:]].count(END), "the frames")

    def test_a_full_ring_blocks_the_program_and_an_acknowledgement_lets_it_go_on(self) -> None:
        self.guest.auto_ack = False
        size = 3 * RING
        run = self.guest.start(f"import sys\nfor _ in range({size // 1000}): print('x' * 999)\nprint('end')")
        before, rounds = 0, 0
        while not self.ends_or_pauses():
            held = sum(HEADER.size + len(f.payload) for f in self.guest.numbered[before:])
            self.assertTrue(RING - (1 << 20) < held <= RING, held)
            rounds += 1
            # It answers while it does not read the pipes.
            self.assertEqual("running", self.guest.request(RUN, self.guest.run_payload(run, "")).json["state"])
            self.guest.acknowledge()
            before = len(self.guest.numbered)
        self.assertGreaterEqual(rounds, 2)
        self.assertTrue(self.guest.result(run).stdout.endswith(b"end\n"))
        self.assertEqual(size // 1000 * 1000 + 4, len(self.guest.result(run).stdout))

    def ends_or_pauses(self) -> bool:
        """Reads until END, or until nothing has come for a while."""
        while True:
            before = len(self.guest.numbered)
            try:
                self.guest.wait(lambda: len(self.guest.numbered) > before, "another frame", 0.5)
            except TimeoutError:
                return False
            if self.guest.numbered[-1].kind == END:
                return True

    def test_an_end_goes_over_a_full_ring(self) -> None:
        self.guest.auto_ack = False
        run = self.guest.start("while True: print('x' * 999)")
        self.guest.wait(lambda: sum(HEADER.size + len(f.payload) for f in self.guest.numbered) > RING - (1 << 19), "a full ring")
        self.guest.kill(run)
        self.assertEqual((137, "killed"), ((result := self.guest.result(run)).code, result.reason))
        later = self.guest.start("import os\nprint('later')\nwhile not os.path.exists('go'): pass")
        self.assertRaises(TimeoutError, self.guest.wait, lambda: self.guest.output(later), "output", 0.2)
        self.guest.auto_ack = True
        self.guest.acknowledge()
        self.guest.wait(lambda: self.guest.output(later), "output")
        (self.guest.home / "go").touch()
        self.assertEqual(b"later\n", self.guest.result(later).stdout)

    def test_what_is_malformed_closes_the_connection(self) -> None:
        for what in (
            (RUN, b"\0\0"),
            (RUN, b"\0\0\0\x09{}"),
            (ENV, b"[1]"),
            (ENV, b"{"),
            (ACK, b"\0"),
            (ACK, struct.pack(">Q", 1 << 40)),
            (HELLO, b"{}"),
            (WELCOME, b""),
        ):
            with self.subTest(what):
                self.guest.send(*what, number=1)
                self.closed()
                self.guest.accept()
        self.guest.connection.sendall(HEADER.pack(1 << 30, RUN, 1, 0))
        self.closed()
        self.guest.accept()
        self.assertEqual(b"1\n", self.guest.run("print(1)").stdout)

    def closed(self) -> None:
        with self.assertRaises(ConnectionError):
            self.guest.wait(lambda: False, "end of the connection", 5)

    def test_unknown_types_and_unknown_keys_are_skipped(self) -> None:
        self.guest.send(99, b"whatever")
        self.guest.send(60, b"\0" * 100_000)
        self.assertEqual(b"1\n", self.guest.run("print(1)", novelty=[1]).stdout)
        self.assertEqual(1, self.guest.connections)

    def test_frames_may_arrive_in_any_pieces(self) -> None:
        run = self.guest.new_run()
        payload = self.guest.run_payload(run, "print('whole')")
        for byte in HEADER.pack(len(payload), RUN, 1, 0) + payload:
            self.guest.connection.sendall(bytes((byte,)))
        self.assertEqual(b"whole\n", self.guest.result(run).stdout)

    def test_every_ping_gets_its_pong(self) -> None:
        before = sum(f.kind == PONG for f in self.guest.frames)
        for _ in range(3):
            self.guest.send(PING)
        self.guest.wait(lambda: sum(f.kind == PONG for f in self.guest.frames) >= before + 3, "three PONGs")

    def test_a_ping_with_a_payload_and_a_kill_of_everything_are_answered_with_the_cpu_time(self) -> None:
        self.guest.send(PING, b"1")
        self.guest.result(self.guest.start("import time\nend = time.process_time() + 0.2\nwhile time.process_time() < end: pass"))
        self.guest.send(PING, b"1")
        pongs = self.guest.wait(lambda: len(found := [f.payload for f in self.guest.frames if f.kind == PONG and f.payload]) >= 2 and found, "two PONGs")
        before, after = (int.from_bytes(pong, "big") for pong in pongs)
        self.assertGreaterEqual(after - before, 190_000_000)
        self.assertGreaterEqual(self.guest.kill(None).json["cpu_ns"], after)

    def test_a_silent_host_is_left_and_dialled_again(self) -> None:
        started = time.monotonic()
        self.guest._listener.settimeout(10)
        replacement, _ = self.guest._listener.accept()
        self.addCleanup(replacement.close)
        self.assertTrue(5.5 < time.monotonic() - started < 7.5, time.monotonic() - started)

    def test_a_host_that_was_away_is_found_again(self) -> None:
        run = self.guest.start("import os\nwhile not os.path.exists('go'): pass\nprint('unseen')")
        self.guest.close_listener()
        self.guest.disconnect()
        (self.guest.home / "go").touch()
        # Long enough for a few attempts in vain; what is written meanwhile waits in the ring.
        try:
            self.guest.process.wait(0.5)
        except subprocess.TimeoutExpired:
            pass
        self.guest.listen()
        self.guest.accept(seconds=2)
        self.assertEqual(b"unseen\n", self.guest.result(run).stdout)

    def test_an_idle_guest_uses_no_processor_time(self) -> None:
        read = "print(sum(map(int, open('/proc/1/stat').read().rpartition(')')[2].split()[11:13])))"
        before = self.guest.run(read).stdout
        self.guest.pump(0.5)
        after = self.guest.run(read).stdout
        self.assertLessEqual(int(after) - int(before), 2)


class SafetyTests(unittest.TestCase):
    def test_outside_a_pid_namespace_of_its_own_it_refuses_to_start(self) -> None:
        require_guest()
        for command in ([], ["unshare", "--pid", "--fork"]):
            with self.subTest(command):
                result = subprocess.run(
                    [*command, sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(GUEST)!r})\nfrom podflare_guest import processes\ntry: processes.require_own_namespace()\nexcept RuntimeError: print('refused')"],
                    capture_output=True,
                    text=True,
                )
                self.assertEqual("refused\n", result.stdout, result.stderr)
        result = subprocess.run([sys.executable, "-I", "-S", str(GUEST / "main.py"), "--socket", "/nonexistent"], capture_output=True, text=True)
        self.assertEqual(1, result.returncode)
        self.assertIn("PID 1", result.stderr)

    def test_user_code_can_neither_read_nor_signal_the_supervisor(self) -> None:
        with Guest() as guest:
            for attempt in ("os.listdir('/proc/1/fd')", "open('/proc/1/environ').read()", "open('/proc/1/mem', 'rb')", "os.kill(1, 9)"):
                self.assertEqual("PermissionError", guest.run(f"import os; {attempt}").error["name"], attempt)

    def test_other_builds_of_python_work_as_well(self) -> None:
        builds = {Path(os.path.realpath(path)) for path in (sys.executable, *glob.glob("/root/.pyenv/versions/*/bin/python3"))} - {Path(os.path.realpath("/usr/bin/python3"))}
        for build in sorted(builds):
            with self.subTest(build), tempfile.TemporaryDirectory() as folder:
                os.chmod(folder, 0o755)
                version = subprocess.run([build, "-c", "import sys; print(sys.version_info >= (3, 9))"], capture_output=True, text=True).stdout
                if version != "True\n":
                    continue
                # Where only root may go, the user of the sandbox needs another way to it.
                mount = ("sh", "-c", 'mount --bind "$1" "$2" && shift 2 && exec "$@"', "sh", str(build.parent.parent), folder)
                with Guest(f"{folder}/bin/{build.name}", prefix=mount, environment={"LD_LIBRARY_PATH": f"{folder}/lib"}) as guest:
                    self.assertEqual(b"1\n", guest.run("import json; print(1)").stdout)
                    self.assertEqual(b"1\n", guest.bash("echo 1").stdout)
                    self.assertEqual(("ZeroDivisionError", True), ((error := guest.run("def f():\n    1/0\nf()").error)["name"], "    1/0\n" in error["traceback"]))
                    run = guest.start("print('a')\nwhile True: pass")
                    guest.wait(lambda: guest.output(run), "output")
                    guest.interrupt(run)
                    self.assertEqual(130, guest.result(run).code)
                    self.assertEqual(139, guest.run("import os; os.kill(os.getpid(), 11)").code)
                    self.assertEqual(b"2\n", guest.run("import multiprocessing as m\nwith m.get_context('fork').Pool(1) as p: print(p.map(abs, [-2])[0])").stdout)


if __name__ == "__main__":
    unittest.main()
