"""What a program does to its interpreter harms that program alone."""

from __future__ import annotations

import os
import time
import unittest

from host import ENV, STARTED, Guest

# Each ends with its own code; what it has defined stays.
PROGRAMS = {
    "stderr closed": ("import sys; sys.stderr.close(); 1/0", 1),
    "stderr detached": ("import io, sys; sys.stderr = io.TextIOWrapper(sys.stderr.detach(), encoding='utf-8'); 1/0", 1),
    "stderr in a with": ("import sys\nwith sys.stderr: pass\nraise ValueError", 1),
    "stderr wrapped": ("import io, sys; sys.stderr = io.TextIOWrapper(sys.stderr.buffer, encoding='utf-8'); 1/0", 1),
    "stderr wrapped again": ("import io, sys; sys.stderr = io.TextIOWrapper(sys.stderr.buffer, encoding='utf-8'); 1/0", 1),
    "no stdout": ("import sys; del sys.stdout", 0),
    "no stderr": ("import sys; del sys.stderr; 1/0", 1),
    "no stdin": ("import sys; del sys.stdin", 0),
    "no excepthook": ("import sys; del sys.excepthook; 1/0", 1),
    "no streams": ("import sys; sys.stdout = None; sys.stderr = None; 1/0", 1),
    "getpid": ("from unittest import mock; mock.patch('os.getpid', return_value=1234).start()", 0),
    "write": ("mock.patch('os.write', side_effect=OSError(28, '')).start()", 0),
    "dup2": ("mock.patch('os.dup2', side_effect=OSError).start()", 0),
    "time": ("mock.patch('time.monotonic').start(); mock.patch('time.sleep').start()", 0),
    "signal": ("mock.patch('signal.signal').start(); mock.patch('_signal.signal').start(); mock.patch('_signal.pthread_sigmask').start()", 0),
    "linecache": ("import linecache; mock.patch.object(linecache, 'cache', None).start(); 1/0", 1),
    "environ": ("mock.patch('os.environ', {}).start(); mock.patch('os.environb', None).start()", 0),
    "settrace": ("import sys; sys.settrace(lambda *a: 1/0)", 0),
    "end of the mocks": ("sys.settrace(None); mock.patch.stopall()", 0),
    "metaclass": ("class M(type):\n    @property\n    def __name__(c): raise ValueError\nclass E(Exception, metaclass=M): pass\nraise E('x')", 1),
    "class of its own": ("class X(Exception):\n    @property\n    def __class__(self): 1/0\nraise X", 1),
    "str raises": ("class X(Exception):\n    def __str__(self): 1/0\nraise X", 1),
    "str lies": ("class S(str):\n    def __getitem__(self, i): 1/0\nclass X(Exception):\n    def __str__(self): return S('x')\nraise X", 1),
    "huge exit": ("import sys; sys.exit(10 ** 30)", 255),
    "odd exit": ("class I(int):\n    def __and__(self, o): 1/0\nimport sys; sys.exit(I(3))", 3),
    "modules": ("import sys; sys.modules.clear()", 0),
    "builtins": ("import builtins\nfor n in ('len','isinstance','type','str','getattr','print','bytes','memoryview','range','tuple','list','set','frozenset','int','repr','compile','eval','exec','open','id','min','max'):\n    setattr(builtins, n, None)", 0),
    "after builtins": ("1/0", 1),
    "no builtins": ("import builtins; builtins.__dict__.clear()", 0),
    "after no builtins": ("1/0", 1),
}


class RobustnessTests(unittest.TestCase):
    guest: Guest

    def setUp(self) -> None:
        self.guest = Guest().__enter__()
        self.addCleanup(self.guest.__exit__)

    def test_a_program_that_spoils_its_interpreter_ends_with_its_own_code_and_the_next_run_finds_the_state(self) -> None:
        self.guest.run("import os, sys; kept = 1")
        for name, (code, expected) in PROGRAMS.items():
            with self.subTest(name):
                result = self.guest.run(code)
                self.assertEqual((expected, None), (result.code, result.reason), result)
                if expected == 1:
                    self.assertIn(result.error["name"], result.stderr.decode())
                self.assertEqual((0, False), ((result := self.guest.run("kept")).code, result.restarted), result)

    def test_a_run_whose_interpreter_dies_before_it_executes_anything_is_executed_by_the_next_once(self) -> None:
        # Stopped, the interpreter cannot take the run; killed, it has not.
        pid = int(self.guest.run("import os; print(os.getpid())").stdout)
        self.guest.bash(f"kill -STOP {pid}")
        run = self.guest.start("print('once'); open('count', 'a').write('x')", timeout_ms=20_000)
        # An interpreter that waits is killed from outside, as the kernel or another run may do.
        self.guest.wait(lambda: any(f.kind == STARTED and f.run == run for f in self.guest.frames), "STARTED")
        os.kill(self.outside(pid), 9)
        result = self.guest.result(run)
        self.assertEqual((0, None, b"once\n", True), (result.code, result.reason, result.stdout, result.restarted))
        self.assertEqual("x", (self.guest.home / "count").read_text())

    def outside(self, pid: int) -> int:
        """The process id in this namespace."""
        for name in os.listdir("/proc"):
            if name.isdigit():
                try:
                    with open(f"/proc/{name}/status") as status, open(f"/proc/{name}/cmdline", "rb") as command:
                        ids = status.read().split("NSpid:")[1].split("\n")[0].split()
                        if ids[-1] == str(pid) and len(ids) > 1 and b"repl.py" in command.read() and os.readlink(f"/proc/{name}/cwd") == str(self.guest.home):
                            return int(name)
                except (OSError, IndexError):
                    continue
        raise AssertionError("no such process")

    # Tracebacks, warnings, source

    def test_a_traceback_shows_the_right_line(self) -> None:
        result = self.guest.run("# page\x0c\nx = 'a\u2028b'\ndef boom():\n    return 1/0\nboom()")
        lines = [line.strip() for line in result.stderr.decode().splitlines()]
        self.assertIn("return 1/0", lines)
        self.assertIn("boom()", lines)
        self.assertEqual(b"1\n", self.guest.run("x = 1\rprint(x)\r").stdout)

    def test_a_syntax_error_of_the_later_stages_shows_its_line(self) -> None:
        for code, line in (("x=1\nbreak", "break"), ("return 5", "return 5"), ("def f():\n    x = 1\n    global x", "global x")):
            self.assertIn(line, [part.strip() for part in self.guest.run(code).stderr.decode().splitlines()])

    def test_a_warning_is_shown_once_per_run(self) -> None:
        for _ in range(2):
            result = self.guest.run("import warnings\nfor _ in range(3): warnings.warn('careful')")
            self.assertEqual(1, result.stderr.count(b"UserWarning: careful"), result)

    def test_a_byte_order_mark_is_accepted(self) -> None:
        self.assertEqual(b"1\n", self.guest.run("\ufeffprint(1)").stdout)
        self.assertEqual((b"1\n", b""), ((result := self.guest.bash("\ufeffecho 1")).stdout, result.stderr))

    def test_the_mode_of_the_streams_is_that_of_text_files(self) -> None:
        self.assertEqual(b"w w\n", self.guest.run("import sys; print(sys.stdout.mode, sys.stderr.mode)").stdout)

    def test_a_keyboard_interrupt_of_its_own_and_a_signal_between_runs_cost_the_next_run_no_time(self) -> None:
        for before in ("raise KeyboardInterrupt", "import os, signal, threading, time\ndef late():\n    while not os.path.exists('go'): time.sleep(0.001)\n    os.kill(os.getpid(), signal.SIGINT); open('sent', 'w')\nthreading.Thread(target=late).start()"):
            with self.subTest(before):
                self.guest.run(before)
                (self.guest.home / "go").touch()
                self.guest.wait(lambda: "late" not in before or (self.guest.home / "sent").exists() or self.guest.pump(0.01), "the signal")
                started = time.monotonic()
                self.assertEqual(0, self.guest.run("pass").code)
                self.assertLess(time.monotonic() - started, 0.8)

    # Files of the user

    def test_files_of_the_user_are_not_executed_in_place_of_the_library(self) -> None:
        for name in ("traceback", "textwrap", "linecache", "contextlib", "re"):
            (self.guest.home / f"{name}.py").write_text("open('executed', 'w'); raise SystemExit(5)")
        result = self.guest.run("1/0")
        self.assertEqual((1, "ZeroDivisionError"), (result.code, result.error["name"]))
        self.assertIn("1/0", result.stderr.decode())
        self.assertFalse((self.guest.home / "executed").exists())
        # The program itself may import its own, before and after.
        for name in ("traceback", "textwrap"):
            (self.guest.home / f"{name}.py").write_text("value = 5")
        self.guest.run("import os; os._exit(0)")
        self.assertEqual(b"5 5\n", self.guest.run("import textwrap, traceback; print(textwrap.value, traceback.value)").stdout)
        self.assertIn("1/0", self.guest.run("1/0").stderr.decode())
        self.assertEqual(b"5\n", self.guest.run("import traceback; print(traceback.value)").stdout)

    def test_a_fresh_interpreter_executes_nothing_of_the_user_before_its_first_run(self) -> None:
        with Guest(arguments=("--preload", "this")) as guest:
            site = guest.run("import os, sys; print(os.path.expanduser('~/.local/lib/python%d.%d/site-packages' % sys.version_info[:2]))").stdout.decode().strip()
            guest.run(f"import os\nos.makedirs({site!r})\nfor n in ('usercustomize.py', 'sitecustomize.py', 'evil.pth'): open({site!r} + '/' + n, 'w').write('import os; open(\"/' + os.getcwd() + '/executed\", \"w\")')\nopen({site!r} + '/installed.py', 'w').write('value = 5')\nopen('this.py', 'w').write('open(\"executed\", \"w\")')")
            guest.run("import os; os._exit(0)")
            self.assertEqual(b"5\n", guest.run("import installed; print(installed.value)").stdout)
            self.assertFalse((guest.home / "executed").exists())

    def test_a_module_written_twice_within_a_second_runs_its_new_code(self) -> None:
        for value in (1, 2):
            path = self.guest.home / "mod.py"
            path.write_text(f"print({value})\n")
            os.utime(path, (1_700_000_000, 1_700_000_000))
            self.assertEqual(b"%d\n" % value, self.guest.bash("python3 -c 'import mod'").stdout)

    def test_the_timeout_counts_while_the_interpreter_starts(self) -> None:
        slow = self.guest.folder / "slow.py"
        slow.write_text("")
        with Guest(environment={"PYTHONPATH": str(self.guest.folder)}, arguments=("--preload", "slow")) as guest:
            slow.write_text("import time; time.sleep(600)")
            guest.run("import os; os._exit(0)")
            result = guest.run("print(1)", timeout_ms=300)
            self.assertEqual((124, "timeout", None), (result.code, result.reason, result.end["started"]))
            self.assertEqual(b"1\n", guest.bash("echo 1").stdout)

    # bash

    def test_bash_runs_as_bash_c(self) -> None:
        for padding in ("", "\n# " + "x" * 200_000):
            with self.subTest(len(padding)):
                where = self.guest.bash('cd "$(dirname "${BASH_SOURCE[0]}")" && pwd; echo "$0"' + padding)
                self.assertEqual(f"{self.guest.home}\nbash\n".encode(), where.stdout, where)
                injected = self.guest.bash('echo "echo injected" >&3; echo end; exit 7' + padding)
                self.assertEqual((7, b"end\n"), (injected.code, injected.stdout), injected)
                self.assertIn(b"Bad file descriptor", injected.stderr)
                self.assertEqual((b"3\n", b"bye\n", 1), (self.guest.bash("\n\necho $LINENO" + padding).stdout, (trap := self.guest.bash("trap 'echo bye' EXIT; set -e; false; echo no" + padding)).stdout, trap.code))

    def test_bash_is_found_whatever_path_a_run_has(self) -> None:
        self.assertEqual(b"/opt/x\n", self.guest.bash("echo $PATH", env={"PATH": "/opt/x"}).stdout)
        self.guest.request(ENV, b'{"env":{"PATH":"/opt/y"}}')
        self.assertEqual(b"/opt/y\n", self.guest.bash("echo $PATH").stdout)


    def test_the_user_has_the_number_that_the_host_names(self) -> None:
        with Guest(arguments=("--user", "1879048200")) as guest:
            os.chown(guest.home, 1_879_048_200, 1_879_048_200)
            ids = "import os; print(os.getresuid(), os.getresgid())"
            expected = b"(1879048200, 1879048200, 1879048200) (1879048200, 1879048200, 1879048200)\n"
            self.assertEqual(expected, guest.run(ids).stdout)
            self.assertEqual(expected, guest.bash(f"python3 -c '{ids}'").stdout)

    def test_a_probe_reports_every_layer_in_its_first_frame(self) -> None:
        with Guest(arguments=("--user", "70000", "--probe")) as guest:
            layers = guest.frames[0].json["isolation"]
        # Of what surrounds this test some is there, and none of what only a container has.
        self.assertEqual(["ok", "70000"], layers["user"])
        self.assertEqual("ok", layers["capabilities"][0])
        self.assertEqual("missing", layers["seccomp"][0])
        self.assertEqual("missing", layers["readonly_root"][0])
        self.assertEqual(16, len(layers))
        self.assertTrue(all(state in ("ok", "missing", "unknown") for state, _ in layers.values()), layers)

    def test_what_a_caller_sets_takes_effect_only_after_root_is_given_up(self) -> None:
        script = self.guest.home / "first"
        script.write_text("id -u; id -g; grep CapEff /proc/self/status\n")
        script.chmod(0o644)
        found = self.guest.bash("true", env={"BASH_ENV": str(script), "PATH": "/usr/bin:/bin"})
        self.assertEqual([b"1000", b"1000", b"CapEff:\t0000000000000000"], found.stdout.splitlines())

    def test_no_process_of_the_user_can_make_the_kernel_choose_the_supervisor_instead(self) -> None:
        lower = "import os\ntry: open('/proc/self/oom_score_adj', 'w').write('0')\nexcept OSError: pass\nprint(open('/proc/self/oom_score_adj').read().strip())"
        self.assertEqual(b"1000\n", self.guest.run(lower).stdout)
        self.assertEqual(b"1000\n", self.guest.run(f"import subprocess, sys; subprocess.run([sys.executable, '-c', {lower!r}])").stdout)
        self.assertEqual(b"1000\n", self.guest.bash("echo 0 2>/dev/null > /proc/self/oom_score_adj; cat /proc/self/oom_score_adj").stdout)

    def test_files_are_written_renamed_and_linked_where_they_may_be(self) -> None:
        code = "mkdir -p a/b c && echo x > a/b/f && mv a/b/f c/g && ln c/g a/h && cat a/h > /dev/stdout && echo y > /tmp/$$ && rm /tmp/$$ && echo z > >(cat) && echo w > /dev/null && echo v > /dev/shm/$$ && rm /dev/shm/$$"
        result = self.guest.bash(code + "; echo $?; sleep 0.1")
        self.assertEqual((b"x\n0\nz\n", b""), (b"".join(sorted(result.stdout.splitlines(keepends=True), key=lambda line: b"x0z".index(line[:1]))), result.stderr))


class TimeoutTests(unittest.TestCase):
    def test_a_process_that_changes_its_id_does_not_survive_a_timeout(self) -> None:
        # Three of them, each of which is gone from /proc by the time at which it is looked at.
        hop = "import os\nos.fork(); os.fork()\nwhile True:\n    if os.fork(): os._exit(0)\n"
        with Guest() as guest:
            for attempt in range(6):
                code = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-S', '-c', {hop!r}], start_new_session=True)\nwhile True: pass"
                result = guest.run(code, timeout_ms=300, grace_ms=2_000)
                self.assertEqual((124, "timeout"), (result.code, result.reason))
                newest = [int(guest.run("print(open('/proc/loadavg').read().split()[-1])").stdout) for _ in range(2)]
                self.assertLess(newest[1] - newest[0], 50, f"attempt {attempt}: something still forks")


if __name__ == "__main__":
    unittest.main()
