"""Contexts: one interpreter each, concurrent, independent of each other."""

from __future__ import annotations

import json
import unittest

from host import CONTEXT, END, ENV, READY, REFUSED, RUN, TAKEN, Frame, Guest


class ContextTests(unittest.TestCase):
    guest: Guest

    def setUp(self) -> None:
        self.guest = Guest()
        self.guest.version = 2
        self.guest.__enter__()
        self.addCleanup(self.guest.__exit__)

    def ask(self, do: str, **fields: object) -> Frame:
        return self.guest.request(CONTEXT, json.dumps({"do": do, **fields}).encode())

    def create(self, id: str, **fields: object) -> None:
        answer = self.ask("create", id=id, **fields)
        self.assertEqual(TAKEN, answer.kind, answer.payload)

    def listed(self) -> dict[str, dict]:
        return {context["id"]: context for context in self.ask("list").json["contexts"]}

    def printed(self, run: str, expected: bytes) -> None:
        self.guest.wait(lambda: expected in self.guest.output(run), repr(expected))

    def test_contexts_have_variables_folder_and_environment_of_their_own(self) -> None:
        (self.guest.home / "sub").mkdir(mode=0o777)
        self.guest.request(ENV, b'{"env":{"A":"sandbox","B":"sandbox"}}')
        self.create("other", cwd=f"{self.guest.home}/sub", env={"A": "context", "C": "context"})
        self.guest.run("x = 1")
        self.guest.run("x = 2", context="other")
        show = "import os; print(x, os.getcwd(), *(os.environ.get(n, '-') for n in 'ABC'))"
        self.assertEqual(f"1 {self.guest.home} sandbox sandbox -\n".encode(), self.guest.run(show).stdout)
        self.assertEqual(f"2 {self.guest.home}/sub sandbox sandbox context\n".encode(), self.guest.run(show, context="other").stdout)

    def test_contexts_execute_at_the_same_time_and_each_one_run_at_a_time(self) -> None:
        self.create("a")
        self.create("b")
        runs = {name: self.guest.start("import os\nprint('in')\nwhile not os.path.exists('go'): pass\nprint('out')", context=name) for name in ("python", "a", "b")}
        waiting = self.guest.start("print('next')", context="a")
        for run in runs.values():
            self.printed(run, b"in\n")
        self.assertEqual({"python": "busy", "a": "busy", "b": "busy"}, {id: context["state"] for id, context in self.listed().items()})
        self.assertEqual((runs["a"], 1, 2), (self.listed()["a"]["run"], self.listed()["a"]["queued"], self.listed()["a"]["execution_count"]))
        (self.guest.home / "go").touch()
        for run in runs.values():
            self.assertEqual(b"in\nout\n", self.guest.result(run).stdout)
        result = self.guest.result(waiting)
        self.assertEqual((b"next\n", 2), (result.stdout, result.end["execution"]))

    def test_the_death_of_one_interpreter_leaves_the_others_alone(self) -> None:
        self.create("a")
        self.guest.run("x = 1")
        busy = self.guest.start("print('in')\nimport os\nwhile not os.path.exists('go'): pass\nprint(x)")
        self.printed(busy, b"in\n")
        result = self.guest.run("import os; os._exit(3)", context="a")
        self.assertEqual((3, "crashed", True), (result.code, result.reason, result.end["state_lost"]))
        result = self.guest.run("print('fresh')", context="a")
        self.assertEqual((b"fresh\n", True), (result.stdout, result.restarted))
        killed = self.guest.start("import subprocess; p = subprocess.Popen(['sleep', '600'])\nprint('a')\nwhile True: pass", context="a")
        self.printed(killed, b"a\n")
        self.guest.kill(killed)
        self.assertEqual((137, "killed", True), ((r := self.guest.result(killed)).code, r.reason, r.end["state_lost"]))
        (self.guest.home / "go").touch()
        result = self.guest.result(busy)
        self.assertEqual((b"in\n1\n", None), (result.stdout, result.end.get("state_lost")))
        self.assertEqual(b"0\n", self.guest.bash("grep -l '[s]leep' /proc/[0-9]*/cmdline 2>/dev/null | wc -l").stdout)

    def test_a_restart_ends_its_runs_and_gives_a_new_interpreter(self) -> None:
        self.create("a")
        self.guest.run("x = 1", context="a")
        running = self.guest.start("import subprocess; p = subprocess.Popen(['sleep', '600'], start_new_session=True); print('a')\nwhile True: pass", context="a")
        waiting = self.guest.start("print(x)", context="a")
        self.printed(running, b"a\n")
        self.assertEqual(TAKEN, self.ask("restart", id="a").kind)
        self.assertEqual((137, "killed", True), ((r := self.guest.result(running)).code, r.reason, r.end["state_lost"]))
        self.assertEqual((130, "interrupted"), ((r := self.guest.result(waiting)).code, r.reason))
        self.guest.wait(lambda: [f for f in self.guest.frames if f.kind == READY and f.json == {"repl": 2, "context": "a"}], "READY")
        result = self.guest.run("x", context="a")
        self.assertEqual(("NameError", True), (result.error["name"], result.restarted))
        self.assertEqual(TAKEN, self.ask("restart", id="a").kind)
        self.guest.wait(lambda: [f for f in self.guest.frames if f.kind == READY and f.json == {"repl": 3, "context": "a"}], "READY")
        self.assertEqual(b"0\n", self.guest.bash("grep -l '[s]leep' /proc/[0-9]*/cmdline 2>/dev/null | wc -l").stdout)

    def test_a_deleted_context_is_gone_with_its_runs_and_processes(self) -> None:
        self.create("a")
        self.guest.run("import subprocess; p = subprocess.Popen(['sleep', '600'])", context="a")
        running = self.guest.start("print('a')\nwhile True: pass", context="a")
        waiting = self.guest.start("1", context="a")
        self.printed(running, b"a\n")
        self.assertEqual(TAKEN, self.ask("delete", id="a").kind)
        for run in (running, waiting):
            self.assertEqual((137, "killed"), ((r := self.guest.result(run)).code, r.reason))
        self.assertEqual(["python"], list(self.listed()))
        answer = self.guest.request(RUN, self.guest.run_payload(self.guest.new_run(), "1", context="a"))
        self.assertEqual((REFUSED, "context_not_found"), (answer.kind, answer.json["code"]))
        self.guest.wait(lambda: self.guest.bash("grep -l '[r]epl.py\\|[s]leep' /proc/[0-9]*/cmdline 2>/dev/null | wc -l").stdout == b"1\n", "the end of its processes")
        self.create("a")
        self.assertEqual(b"new\n", self.guest.run("print('new')", context="a").stdout)

    def test_an_interrupt_of_a_context_needs_no_run_id(self) -> None:
        self.create("a")
        running = self.guest.start("print('a')\nwhile True: pass", context="a")
        waiting = [self.guest.start("1", context="a") for _ in range(2)]
        self.printed(running, b"a\n")
        self.assertEqual([running, *waiting], self.ask("interrupt", id="a", queued=True, grace_ms=5_000).json["runs"])
        for run in (running, *waiting):
            self.assertEqual((130, "interrupted"), ((r := self.guest.result(run)).code, r.reason))
        self.assertEqual([], self.ask("interrupt", id="a").json["runs"])

    def test_what_cannot_be_done_is_refused_and_leaves_nothing(self) -> None:
        self.create("a", env={"A": "1"})
        self.assertFalse(self.ask("create", id="a", env={"A": "1"}).json["created"])
        for do, fields, code in (
            ("create", {"id": "a"}, "context_exists"),
            ("create", {"id": "A"}, "invalid"),
            ("create", {"id": ""}, "invalid"),
            ("create", {"id": "x" * 65}, "invalid"),
            ("create", {"id": "b", "cwd": "relative"}, "invalid"),
            ("create", {"id": "b", "env": {"A=": "1"}}, "invalid"),
            ("create", {"id": "b", "language": "perl"}, "invalid"),
            ("delete", {"id": "python"}, "context_required"),
            ("delete", {"id": "none"}, "context_not_found"),
            ("restart", {"id": "none"}, "context_not_found"),
            ("interrupt", {}, "invalid"),
            ("forget", {"id": "a"}, "invalid"),
        ):
            answer = self.ask(do, **fields)
            self.assertEqual((REFUSED, code), (answer.kind, answer.json.get("code")), (do, fields))
        generated = [self.ask("create").json["contexts"][0]["id"] for _ in range(6)]
        self.assertEqual(6, len(set(generated)))
        self.assertEqual("context_limit", self.ask("create", id="ninth").json["code"])
        self.assertEqual(8, len(self.listed()))
        self.guest.disconnect()
        self.assertEqual({"python", "a", *generated}, {context["id"] for context in self.guest.accept().json["contexts"]})

    def test_the_end_of_the_sandbox_ends_the_runs_of_all_contexts(self) -> None:
        self.create("a")
        runs = [self.guest.start("print('in')\nwhile True: pass", context=name) for name in ("python", "a")]
        for run in runs:
            self.printed(run, b"in\n")
        self.guest.kill(None, "expired")
        for run in runs:
            self.assertEqual((137, "expired"), ((r := self.guest.result(run)).code, r.reason))
        self.assertEqual(2, sum(frame.kind == END for frame in self.guest.numbered))

    def test_a_bash_context_has_a_queue_folder_and_variables_of_its_own_and_a_shell_for_each_run(self) -> None:
        (self.guest.home / "sub").mkdir(mode=0o777)
        self.create("sh", language="bash", cwd=f"{self.guest.home}/sub", env={"A": "context"})
        busy = self.guest.start("import os\nwhile not os.path.exists('go'): pass")
        # The context decides the language, and what only bash has is allowed with it.
        result = self.guest.run("x=1; pwd; echo $PWD $A; echo e >&2; echo \"$A\"", context="sh", stderr="stdout")
        folder = f"{self.guest.home}/sub"
        self.assertEqual((f"{folder}\n{folder} context\ne\ncontext\n".encode(), 1), (result.stdout, result.end["execution"]))
        first = self.guest.start("echo in; while [ ! -e ../go ]; do :; done", context="sh")
        second = self.guest.start("echo \"x=$x\"", context="sh", language="bash")
        self.printed(first, b"in\n")
        self.assertEqual(("bash", "busy", 1, 3, 0), tuple(self.listed()["sh"][name] for name in ("language", "state", "queued", "execution_count", "repl")))
        (self.guest.home / "go").touch()
        self.guest.result(busy)
        self.assertEqual((b"x=\n", 3), ((r := self.guest.result(second)).stdout, r.end["execution"]))
        self.assertEqual("idle", self.listed()["sh"]["state"])
        self.assertNotIn("execution", self.guest.bash("true").end)

    def test_a_bash_context_is_restarted_and_deleted_as_any_other(self) -> None:
        self.create("sh", language="bash")
        self.assertEqual((REFUSED, "context_exists"), ((a := self.ask("create", id="sh")).kind, a.json["code"]))
        self.assertFalse(self.ask("create", id="sh", language="bash").json["created"])
        for do in ("restart", "delete"):
            running = self.guest.start("setsid sleep 600 & echo in; sleep 600", context="sh")
            waiting = self.guest.start("true", context="sh")
            self.printed(running, b"in\n")
            self.assertEqual(TAKEN, self.ask(do, id="sh").kind)
            self.assertEqual((137, "killed", None), ((r := self.guest.result(running)).code, r.reason, r.end.get("state_lost")))
            self.assertEqual((130, "interrupted") if do == "restart" else (137, "killed"), ((r := self.guest.result(waiting)).code, r.reason))
            self.assertEqual(b"0\n", self.guest.bash("grep -l '[s]leep' /proc/[0-9]*/cmdline 2>/dev/null | wc -l").stdout)
        self.assertEqual(["python"], list(self.listed()))


if __name__ == "__main__":
    unittest.main()
