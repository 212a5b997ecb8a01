"""What a program writes arrives whole, in order, in time and in the right run."""

from __future__ import annotations

import collections
import random
import unittest

from host import END, LATE, OUT, STDERR, STDOUT, Guest

# Programs wait for a file, so that a test decides when they go on.
UNTIL = "import os, sys, time, threading, subprocess\ndef until(name):\n    while not os.path.exists(name): time.sleep(0.002)\n"


class OutputTests(unittest.TestCase):
    guest: Guest

    def setUp(self) -> None:
        # An image may say so: what the guest promises about buffers must not depend on it.
        self.guest = Guest(environment={"PYTHONUNBUFFERED": ""}).__enter__()
        self.addCleanup(self.guest.__exit__)

    def let(self, name: str) -> None:
        (self.guest.home / name).touch()

    def wait_output(self, run: str, expected: bytes) -> None:
        self.guest.wait(lambda: expected in self.guest.output(run), repr(expected))

    def test_a_line_arrives_while_the_program_goes_on(self) -> None:
        run = self.guest.start(UNTIL + "print('first'); until('go'); print('second')")
        self.wait_output(run, b"first\n")
        self.let("go")
        self.assertEqual(b"first\nsecond\n", self.guest.result(run).stdout)

    def test_a_prompt_without_newline_shows_while_the_program_goes_on(self) -> None:
        for write in ("print('> ', end='')", "sys.stdout.buffer.write(b'> ')", "os.write(1, b'> ')", "os.write(2, b'> ')", "print('> ', end='', file=sys.stderr)"):
            with self.subTest(write):
                run = self.guest.start(UNTIL + f"{write}; until('go'); os.unlink('go')")
                self.wait_output(run, b"> ")
                self.let("go")
                self.guest.result(run)

    def test_a_line_that_grows_without_a_pause_shows_too(self) -> None:
        run = self.guest.start(UNTIL + "while not os.path.exists('go'): print('.', end=''); time.sleep(0.005)")
        self.wait_output(run, b".")
        self.let("go")
        self.guest.result(run)

    def test_stdout_and_stderr_keep_their_order(self) -> None:
        for _ in range(25):
            result = self.guest.run("import sys\nfor i in range(100): print('o', i); print('e', i, file=sys.stderr)")
            expected = [line for i in range(100) for line in ((STDOUT, b"o %d\n" % i), (STDERR, b"e %d\n" % i))]
            self.assertEqual(expected, result.lines)

    def test_a_change_of_stream_within_a_line_keeps_the_order(self) -> None:
        result = self.guest.run("import sys\nprint('a', end=''); print('b', end='', file=sys.stderr); print('c')")
        self.assertEqual([(STDOUT, b"a"), (STDERR, b"b"), (STDOUT, b"c\n")], result.lines)

    def test_output_of_children_stands_between_the_lines_around_it(self) -> None:
        result = self.guest.run("import os, subprocess\nfor i in range(20): print(i); os.system(f'echo s{i}'); subprocess.run(['echo', f'p{i}'])")
        self.assertEqual("".join(f"{i}\ns{i}\np{i}\n" for i in range(20)).encode(), result.stdout)

    def test_stderr_of_children_and_output_of_c_code_are_complete_before_the_end(self) -> None:
        for i in range(50):
            result = self.guest.run(
                "import ctypes, os, subprocess\n"
                "ctypes.CDLL(None).printf(b'from c')\n"
                "subprocess.run('head -c 20000 /dev/zero | tr \"\\\\0\" x >&2', shell=True)"
            )
            self.assertEqual((b"from c", b"x" * 20_000), (result.stdout, result.stderr), f"round {i}")

    def test_the_device_files_of_the_streams_can_be_opened(self) -> None:
        result = self.guest.bash("echo o > /dev/stdout; echo e > /dev/stderr; echo t | tee /dev/stderr; cat < /dev/stdout")
        self.assertEqual((b"o\nt\n", 1), (result.stdout, result.code), result)
        self.assertTrue(result.stderr.startswith(b"e\nt\n"), result)
        self.assertEqual(b"p\n", self.guest.run("open('/dev/stdout', 'w').write('p\\n')").stdout)

    def test_bytes_pass_raw_and_a_lone_surrogate_is_escaped(self) -> None:
        result = self.guest.run("import sys\nsys.stdout.buffer.write(b'\\xff\\xfe\\n'); print('\\udc80')")
        self.assertEqual(b"\xff\xfe\n\\udc80\n", result.stdout)

    def test_a_character_in_two_writes_stays_whole(self) -> None:
        # What stands before it is sent after the quiet time: then the first half has been read, and is held.
        for write in ("sys.stdout.buffer.write", "sys.stderr.buffer.write", "(lambda b: os.write(1, b))", "(lambda b: os.write(2, b))"):
            for text in ("é", "€", "😀"):
                data = text.encode()
                for cut in range(1, len(data)):
                    with self.subTest(write=write, text=text, cut=cut):
                        run = self.guest.start(UNTIL + f"{write}(b'x' + {data[:cut]!r}); until('go'); os.unlink('go'); {write}({data[cut:]!r} + b'\\n')")
                        self.wait_output(run, b"x")
                        self.let("go")
                        self.assertEqual([b"x", data + b"\n"], [frame.data for frame in self.guest.result(run).frames])

    def test_a_character_that_stays_incomplete_is_sent_at_the_end(self) -> None:
        self.assertEqual(b"x\xe2\x82", self.guest.run("import sys; sys.stdout.buffer.write(b'x\\xe2\\x82')").stdout)
        self.assertEqual(b"\xacy\n", self.guest.run("import sys; sys.stdout.buffer.write(b'\\xacy\\n')").stdout)

    def test_a_hundred_megabytes_without_newline_come_in_pieces(self) -> None:
        run = self.guest.start("import sys\nfor _ in range(10): sys.stdout.write('€' * 3_333_333)\nsys.stdout.write('\\n')")
        size = 0
        while not any(frame.kind == END for frame in self.guest.frames):
            for frame in self.guest.frames:
                if frame.kind == OUT:
                    size += len(frame.data)
                    self.assertLessEqual(len(frame.data), 65_536)
                    self.assertEqual(frame.data.decode().count("€") * 3, len(frame.data.rstrip(b"\n")))
            self.guest.frames.clear()
            del self.guest.numbered[:-1]
            self.guest.pump(5)
        size += sum(len(frame.data) for frame in self.guest.frames if frame.kind == OUT)
        self.assertEqual(10 * 3 * 3_333_333 + 1, size)
        self.assertEqual(run, self.guest.numbered[-1].run)
        self.assertLess(self.supervisor_peak_mb(), 60)

    def test_output_of_c_code_shows_at_once_and_survives_a_crash(self) -> None:
        run = self.guest.start(UNTIL + "import ctypes; c = ctypes.CDLL(None); c.printf(b'from c'); until('go'); c.printf(b' last'); c.abort()")
        self.wait_output(run, b"from c")
        self.let("go")
        result = self.guest.result(run)
        self.assertEqual((b"from c last", 134, "crashed"), (result.stdout, result.code, result.reason))

    def test_many_lines_share_frames(self) -> None:
        result = self.guest.run("for i in range(300_000): print(i)")
        self.assertEqual("".join(f"{i}\n" for i in range(300_000)).encode(), result.stdout)
        self.assertTrue(all(frame.data.endswith(b"\n") for frame in result.frames))
        # Lines with a gap, in which the supervisor could read each of them: the pipe rests for 1 ms after each read.
        spaced = self.guest.run("import time\nfor i in range(2_000):\n    print(i)\n    t = time.perf_counter() + 5e-5\n    while time.perf_counter() < t: pass")
        self.assertLessEqual(max(collections.Counter(frame.at_ms for frame in spaced.frames).values()), 3)

    def test_lines_of_threads_stay_whole(self) -> None:
        result = self.guest.run(
            "import sys, threading\n"
            "def write(n):\n"
            "    for i in range(1000): print('out', n, i, 'x' * n); print('err', n, i, file=sys.stderr)\n"
            "threads = [threading.Thread(target=write, args=(n,)) for n in range(6)]\n"
            "[t.start() for t in threads]; [t.join() for t in threads]"
        )
        self.assertCountEqual([f"out {n} {i} {'x' * n}" for n in range(6) for i in range(1000)], result.stdout.decode().splitlines())
        self.assertCountEqual([f"err {n} {i}" for n in range(6) for i in range(1000)], result.stderr.decode().splitlines())

    def test_lines_of_threads_stay_whole_however_long_they_are(self) -> None:
        result = self.guest.run(
            "import sys, threading\n"
            "def write(c):\n"
            "    for i in range(40): print(c * 20_000); print(c * 20_000, file=sys.stderr)\n"
            "threads = [threading.Thread(target=write, args=(c,)) for c in 'abcd']\n"
            "[t.start() for t in threads]; [t.join() for t in threads]"
        )
        for text in (result.stdout, result.stderr):
            self.assertEqual({(c, 20_000) for c in "abcd"}, {(line[:1], len(line) * (line == line[:1] * len(line))) for line in text.decode().splitlines()})

    def test_forked_children_write_like_the_repl(self) -> None:
        result = self.guest.run(
            "import multiprocessing, os, sys\n"
            "def work(n):\n"
            "    for i in range(200): print('out', n, i); print('err', n, i, file=sys.stderr)\n"
            "with multiprocessing.get_context('fork').Pool(4) as pool: pool.map(work, range(8))\n"
            "print('parent', end='')\n"
            "pid = os.fork()\n"
            "if pid: os.waitpid(pid, 0)\n"
            "else: print('child')\n"
        )
        self.assertEqual(0, result.code, result)
        self.assertCountEqual([f"out {n} {i}" for n in range(8) for i in range(200)] + ["parentchild"], result.stdout.decode().splitlines())
        self.assertCountEqual([f"err {n} {i}" for n in range(8) for i in range(200)], result.stderr.decode().splitlines())
        self.assertEqual(b"same\n", self.guest.run("print('same' if os.getppid() == 1 else 'a fork answers')").stdout)

    def test_a_background_child_that_holds_the_pipe_does_not_hold_the_end(self) -> None:
        self.assertEqual(0, self.guest.run("import subprocess; p = subprocess.Popen(['sleep', '600'])").code)
        self.assertEqual(b"", self.guest.run("p.kill()").stdout)

    def test_a_chatty_background_child_does_not_hold_the_end(self) -> None:
        self.assertEqual(0, self.guest.run("import subprocess; p = subprocess.Popen(['yes'])").code)
        self.assertEqual(0, self.guest.run("q = subprocess.Popen('yes >&2', shell=True, start_new_session=True)").code)
        self.assertEqual(0, self.guest.run("import os\np.kill(); p.wait(); os.killpg(q.pid, 9); q.wait()").code)

    def test_the_order_of_the_streams_of_bash_is_exact_where_that_is_asked_for(self) -> None:
        code = "for i in $(seq 100); do echo o$i; echo e$i >&2; printf p$i; printf 'q%s' $i >&2; done; echo last"
        expected = [piece for i in range(1, 101) for piece in ((STDOUT, f"o{i}\n"), (STDERR, f"e{i}\n"), (STDOUT, f"p{i}"), (STDERR, f"q{i}"))] + [(STDOUT, "last\n")]
        for _ in range(5):
            result = self.guest.bash(code, order="exact")
            self.assertEqual([(stream, text.encode()) for stream, text in expected], result.lines)
        merged = self.guest.bash(code, stderr="stdout")
        self.assertEqual(("".join(text for _, text in expected).encode(), b""), (merged.stdout, merged.stderr))

    def test_much_output_in_exact_order_is_complete_and_back_pressure_holds(self) -> None:
        result = self.guest.bash("head -c 5000000 /dev/zero | tr '\\0' x; echo e >&2", order="exact")
        self.assertEqual((5_000_000, b"e\n"), (len(result.stdout), result.stderr))
        self.guest.auto_ack = False
        run = self.guest.start("for i in $(seq 300); do head -c 40000 /dev/zero | tr '\\0' y; echo e$i >&2; done", language="bash", order="exact")
        self.guest.wait(lambda: len(self.guest.output(run)) > 7_000_000, "a full ring")
        self.assertRaises(TimeoutError, self.guest.result, run, 0.3)
        self.guest.auto_ack = True
        self.guest.acknowledge()
        result = self.guest.result(run)
        self.assertEqual(300 * 40_000, len(result.stdout))
        self.assertEqual([b"e%d\n" % i for i in range(1, 301)], result.stderr.splitlines(keepends=True))
        errors = [index for index, (stream, _) in enumerate(result.lines) if stream == STDERR]
        before = [sum(len(line) for stream, line in result.lines[:index] if stream == STDOUT) for index in errors]
        self.assertEqual([40_000 * i for i in range(1, 301)], before)
        self.assertEqual(b"1\n", self.guest.run("print(1)").stdout)

    # Late output

    def test_a_host_of_version_1_gets_late_output_with_the_run_that_executes_then(self) -> None:
        first = self.guest.run(UNTIL + "t = threading.Thread(target=lambda: (until('go'), print('late'))); t.start()")
        last = self.guest.run("open('go', 'w'); t.join(); print('on time')")
        self.assertEqual((b"", b"late\non time\n"), (first.stdout, last.stdout))

    def test_a_background_process_never_freezes_and_its_output_does_not_open_the_next_run(self) -> None:
        run = "(for i in $(seq 30000); do echo \"line $i xxxxxxxxxxxxxxxx\"; done; echo finished > done) &"
        for language, code in (("bash", run), ("python", f"import subprocess; p = subprocess.Popen(['bash', '-c', {run!r}])")):
            with self.subTest(language):
                self.assertEqual(0, self.guest.run(code, language=language).code)
                self.guest.wait(lambda: (self.guest.home / "done").exists() and (self.guest.home / "done").read_text() or self.guest.pump(0.02), "the end of the job")
                self.assertEqual((b"mine\n", b""), ((result := self.guest.run("print('mine')")).stdout, result.stderr))
                (self.guest.home / "done").unlink()

    def test_late_output_names_its_run_and_is_in_no_other(self) -> None:
        self.reconnect(2)
        first = self.guest.start(UNTIL + "t = threading.Thread(target=lambda: (until('go'), print('from a thread'))); t.start()")
        second = self.guest.start("subprocess.Popen('until [ -e go ]; do sleep 0.01; done; echo from a child; echo error >&2', shell=True); None")
        self.guest.result(first), self.guest.result(second)
        third = self.guest.run("open('go', 'w'); t.join(); print('mine')")
        self.guest.wait(lambda: len(self.late()) == 3, "late output")
        self.assertEqual({(first, 1, b"from a thread\n"), (second, 1, b"from a child\n"), (second, 2, b"error\n")}, set(self.late()))
        self.assertEqual((b"mine\n", b""), (third.stdout, third.stderr))

    def test_late_output_is_bounded_and_what_is_dropped_is_counted(self) -> None:
        self.reconnect(2)
        self.guest.bash("(head -c 3000000 /dev/zero | tr '\\0' x; touch done) & true")
        self.guest.wait(lambda: (self.guest.home / "done").exists() or self.guest.pump(0.02), "the end of the writer")
        dropped = self.guest.wait(lambda: [int.from_bytes(data, "big") for _, stream, data in self.late() if stream == 0], "the count", 5)
        kept = sum(len(data) for _, stream, data in self.late() if stream == 1)
        self.assertLessEqual(kept, 400_000)
        run = [data for _, stream, data in self.late() if stream == 1]
        self.assertGreater(sum(dropped) + kept + 70_000, 3_000_000 - len(self.guest.output(self.guest.numbered[0].run)), len(run))

    def test_frames_that_a_host_of_version_1_does_not_know_keep_their_numbers(self) -> None:
        self.reconnect(2)
        self.guest.auto_ack = False
        run = self.guest.start("(sleep 0.2; echo late) & echo a", language="bash")
        self.guest.wait(self.late, "late output")
        self.reconnect(1)
        self.guest.wait(lambda: [f for f in self.guest.frames if f.kind == OUT and f.data == b"late\n"], "the frame again")
        self.guest.auto_ack = True
        self.guest.acknowledge()
        self.assertEqual(b"1\n", self.guest.run("print(1)").stdout)
        self.assertEqual(0, self.guest.result(run).code)

    def reconnect(self, version: int) -> None:
        self.guest.version = version
        self.guest.disconnect()
        self.guest.accept()

    def late(self) -> list[tuple[str, int, bytes]]:
        return [(f.run, f.stream, f.data) for f in self.guest.numbered if f.kind == LATE]

    def test_spoilt_descriptors_and_streams_are_repaired_for_the_next_run(self) -> None:
        for spoil in (
            "import os; os.close(1); os.close(2); os.close(0)",
            "import sys; sys.stdout.close(); sys.stderr.close(); sys.stdin.close()",
            "import sys; sys.stdout = sys.stderr = None",
            "import os, io, sys; sys.stdout = io.TextIOWrapper(sys.stdout.buffer); sys.stdout.detach()",
            "import os, fcntl; fcntl.fcntl(1, fcntl.F_SETFL, os.O_NONBLOCK | os.O_WRONLY)",
            "import os; null = os.open('/dev/null', os.O_WRONLY); os.dup2(null, 1); os.dup2(null, 2)",
        ):
            with self.subTest(spoil):
                self.guest.run(spoil)
                result = self.guest.run("import os, sys\nprint('x' * 200_000); print('e', file=sys.stderr); os.system('echo c; echo d >&2'); input()")
                self.assertEqual(b"x" * 200_000 + b"\nc\n", result.stdout)
                self.assertTrue(result.stderr.startswith(b"e\n") or result.stderr.startswith(b"d\n"), result.stderr)
                self.assertEqual("EOFError", result.error["name"])

    def test_a_repl_without_free_descriptors_still_prints(self) -> None:
        self.assertEqual(0, self.guest.run("import os\nheld = []\ntry:\n    while True: held.append(os.open('/dev/null', 0))\nexcept OSError: pass").code)
        self.assertEqual(b"still\n", self.guest.run("print('still')").stdout)
        # A thread makes the next run get pipes of its own.
        for _ in range(3):
            self.guest.run("import threading, time; t = threading.Thread(target=time.sleep, args=(600,), daemon=True); t.start()")
            self.assertEqual((b"own\n", b"e\n"), ((result := self.guest.run("import sys; print('own'); print('e', file=sys.stderr)")).stdout, result.stderr))

    def test_a_stream_that_the_program_made_to_buffer_is_flushed_at_the_end(self) -> None:
        self.assertEqual(b"a", self.guest.run("import sys\nsys.stdout.reconfigure(write_through=False); print('a', end='')").stdout)

    def test_what_a_program_makes_of_its_stdout_holds_for_print_and_write(self) -> None:
        for change, stdout, stderr in (
            ("sys.stdout.reconfigure(encoding='latin-1')", b"\xe9\n\xe9", b""),
            ("sys.stdout.reconfigure(newline='\\r\\n')", "é\r\né".encode(), b""),
            ("sys.stdout.write = lambda text: os.write(1, b'[' + text.encode() + b']')", "[é\n][é]".encode(), b""),
            ("sys.stdout.close()", b"", b"closed file"),
            ("sys.stdout.buffer.close()", b"", b"closed file"),
            ("sys.stdout.detach()", b"", b"detached"),
        ):
            with self.subTest(change):
                result = self.guest.run(f"import os, sys\n{change}\nprint('é')\nsys.stdout.write('é')")
                self.assertEqual(stdout, result.stdout)
                self.assertIn(stderr, result.stderr)
                self.guest.run("import sys\nsys.stdout.close()")  # the next run gets a stream of its own

    def test_a_forged_marker_spoils_no_later_run(self) -> None:
        forge = "import os, sys; m = sys.stderr.buffer._records._marker; os.write(1, m + b'\\xff\\xff'); os.write(1, m[:8])"
        self.guest.run(forge)
        result = self.guest.run("import sys; print('a'); print('b', file=sys.stderr)")
        self.assertEqual((b"a\n", b"b\n"), (result.stdout, result.stderr))

    def test_bytes_that_look_like_the_beginning_of_a_record_at_the_end_of_a_full_read_are_output(self) -> None:
        marker = "sys.stderr.buffer._records._marker"
        for length in (1, 15):
            result = self.guest.run(f"import sys, os, time\nos.write(1, b'x' * (65536 - {length}) + {marker}[:{length}])\ntime.sleep(0.02)")
            self.assertEqual(65_536, len(result.stdout))

    def test_events_are_what_was_written_whatever_was_written(self) -> None:
        chosen = random.Random(7)
        parts = ["a", "é", "€", "😀", "\n", "\r", "", "x" * 5_000, "€" * 30_000, "line\n" * 3_000]
        writes = {
            STDOUT: ["print({0!r}, end='')", "sys.stdout.write({0!r})", "sys.stdout.buffer.write({1!r})", "os.write(1, {1!r}) if len({1!r}) < 4096 else print({0!r}, end='')"],
            STDERR: ["print({0!r}, end='', file=sys.stderr)", "sys.stderr.write({0!r})", "sys.stderr.buffer.write({1!r})"],
        }
        crossed = 0
        for _ in range(15):
            program, expected = ["import os, sys"], {STDOUT: b"", STDERR: b""}
            order: list[tuple[int, bytes]] = []
            for _ in range(chosen.randrange(1, 60)):
                stream = chosen.choice((STDOUT, STDOUT, STDERR))
                text = "".join(chosen.choices(parts, weights=[9, 9, 9, 9, 9, 3, 1, 2, 1, 1], k=chosen.randrange(1, 4)))
                program.append(chosen.choice(writes[stream]).format(text, text.encode()))
                expected[stream] += text.encode()
                order.append((stream, text.encode()))
            result = self.guest.run("\n".join(program))
            self.assertEqual(0, result.code, result)
            self.assertEqual(expected, {STDOUT: result.stdout, STDERR: result.stderr})
            for frame in result.frames:
                self.assertLessEqual(len(frame.data), 65_536)
                frame.data.decode()
            # Joined over both streams too: every write here is made of whole characters, so nothing is held over a change of stream.
            self.assertEqual(b"".join(data for _, data in order), b"".join(frame.data for frame in result.frames))
            crossed += sum(len(data) > 65_536 for _, data in order)
        self.assertGreater(crossed, 0, "no write was longer than a frame")

    def supervisor_peak_mb(self) -> float:
        """VmHWM of PID 1, which the sandbox's own user may read."""
        text = self.guest.run("print(open('/proc/1/status').read())").stdout.decode()
        return int(text.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    unittest.main()
