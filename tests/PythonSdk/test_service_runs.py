"""Values, input, programs, terminals, contexts and background output of real sandboxes, with both clients."""

from __future__ import annotations

import hashlib
import os
import tempfile
import unittest
from pathlib import Path
from typing import Any

from both import sandboxes
from podflare import (
    ContextExistsError,
    ContextNotFoundError,
    ContextRequiredError,
    FolderNotEmptyError,
    RemoteFileExistsError,
    RemoteFileNotFoundError,
    RunEndedError,
    StdinClosedError,
)
from service import SERVICE, wait_until


class ServiceRunTests(unittest.TestCase):
    both: list[Any]

    @classmethod
    def setUpClass(cls) -> None:
        cls.both = cls.enterClassContext(sandboxes(SERVICE.url, sandbox_id=None))

    def test_values(self) -> None:
        for s in self.both:
            result = s.run_code("print('a')\n{'b': 40 + 2}")
            self.assertEqual(("a\n", "{'b': 42}", "a\n{'b': 42}", True), (result.stdout, result.main.text, result.text, result.main.main))
            self.assertEqual(["1", "'2'"], [value.text for value in s.run_code("1\n'2'", display="all").results])
            self.assertEqual((), s.run_code("1", display="none").results)
            seen: list[str | None] = []
            s.run_code("display(1); display('x'); None", on_result=lambda event: seen.append(event.text))
            self.assertEqual(["1", "'x'"], seen)
            failed = s.run_code("print('x'); 1 / 0")
            self.assertEqual(1, failed.for_model().count("ZeroDivisionError"))
            self.assertTrue(failed.for_model().endswith("[exit code 1]"))

    def test_input(self) -> None:
        for s in self.both:
            self.assertEqual("42\n", s.run_code("import sys; print(sum(map(int, sys.stdin)))", stdin="1\n2\n39\n").stdout)
            self.assertEqual("AB", s.run_code("tr a-z A-Z", language="bash", stdin=b"ab").stdout)
            asked: list[tuple[str, bool]] = []

            def answer(request: Any) -> str | None:
                asked.append((request.data, request.password))
                return f"answer {len(asked)}" if len(asked) < 3 else None

            result = s.run_code("import getpass\nprint(input('a? ')); print(getpass.getpass('b? '))\ntry: input()\nexcept EOFError: print('end')", stdin=answer)
            self.assertEqual("answer 1\nanswer 2\nend\n", result.stdout)
            self.assertEqual([("a? ", False), ("b? ", True)], asked[:2])
            self.assertEqual("EOFError", s.run_code("input()").error.name)

    def test_large_input(self) -> None:
        data = os.urandom(3_000_000)
        digest = hashlib.sha256(data).hexdigest()
        for s in self.both:
            self.assertEqual(f"{digest}  -\n", s.run(["sha256sum"], stdin=data).stdout)
            # It writes as it reads, and stops reading before the end.
            self.assertEqual(len(data), len(bytes.fromhex(s.run("xxd -p 2>/dev/null || od -An -v -tx1", stdin=data).stdout.replace("\n", "").replace(" ", ""))))
            self.assertEqual(0, s.run(["head", "-c", "10"], stdin=data).exit_code)

    def test_a_stream_that_is_written_to(self) -> None:
        for s in self.both:
            with s.run_code_stream("import sys\nfor line in sys.stdin: print(line.upper(), end='', flush=True)", stdin=True) as run:
                run.send("one\n")
                self.assertEqual("ONE\n", next(event.data for event in run if event.type == "stdout"))
                self.assertEqual(4, s.get_run(run.run_id).stdin_offset)
                # Whoever knows the id can write too.
                with s.follow(run.run_id) as other:
                    other.send("two\n", eof=True)
                self.assertEqual("ONE\nTWO\n", run.result().stdout)
                self.assertRaises((StdinClosedError, RunEndedError), s.follow(run.run_id).send, "x")

    def test_programs(self) -> None:
        for s in self.both:
            result = s.run(["sh", "-c", "echo $PWD $A; echo e >&2; exit 3"], cwd="/tmp", env={"A": "b"})
            self.assertEqual(("/tmp b\n", "e\n", 3), (result.stdout, result.stderr, result.exit_code))
            self.assertEqual("1\n2\n3\n", s.run("echo 1; echo 2 >&2; echo 3", stderr="stdout").stdout)
            self.assertEqual(127, s.run(["no such program"]).exit_code)
            self.assertEqual((124, "timeout"), (lambda r: (r.exit_code, r.reason))(s.run("sleep 60", timeout_seconds=0.5)))
            ended = s.run("kill -TERM $$")
            self.assertEqual((143, "SIGTERM"), (ended.exit_code, ended.signal))
            # Python is busy, and programs start all the same.
            busy = s.start_code("while True: pass")
            self.assertEqual("1\n", s.run("echo 1").stdout)
            self.assertEqual((busy.run_id,), s.interrupt())
            self.assertEqual(130, busy.result().exit_code)
            self.assertEqual((), s.interrupt())

    def test_a_program_in_the_background(self) -> None:
        for s in self.both:
            run = s.start("echo ready; sleep 60", tag="web", cwd="/tmp")
            (found,) = s.runs("process", "running", "web")
            self.assertEqual((run.run_id, "process", "web", "/tmp"), (found.id, found.kind, found.tag, found.cwd))
            wait_until(lambda: s.get_run(run.run_id).pid is not None, 10, "the process has an id")
            self.assertEqual("ready\n", next(event.data for event in s.follow(run.run_id) if event.type == "stdout"))
            run.signal("SIGTERM", scope="all")
            result = run.result()
            self.assertEqual((143, "SIGTERM"), (result.exit_code, result.signal))
            self.assertIn(run.run_id, [item.id for item in s.runs(state="ended")])

    def test_a_terminal(self) -> None:
        for s in self.both:
            with s.open_terminal(100, 30) as terminal:
                terminal.write("stty size; tty; exit 7\n")
                output = b"".join(terminal)
                self.assertIn(b"30 100", output)
                self.assertIn(b"/dev/pts/", output)
                self.assertEqual(7, terminal.exit_code)
            with s.open_terminal() as terminal:
                terminal.resize(120, 40)
                terminal.write("stty size\n")
                seen = b""
                while b"40 120" not in seen:
                    seen += terminal.read()
            # Leaving has killed it.
            self.assertEqual(137, s.follow(terminal.run_id).result().exit_code)

    def test_contexts(self) -> None:
        for s in self.both:
            s.run_code("x = 1")
            context = s.contexts.create("other", cwd="/tmp", env={"A": "b"})
            self.assertEqual(("other", "python", "/tmp"), (context.id, context.info.language, context.info.cwd))
            self.assertEqual("other", s.contexts.create("other", cwd="/tmp", env={"A": "b"}).id)
            self.assertRaises(ContextExistsError, s.contexts.create, "other", cwd="/root")
            self.assertEqual(["other", "python"], sorted(item.id for item in s.contexts.list()))
            self.assertEqual("/tmp b\n", context.run_code("import os; print(os.getcwd(), os.environ['A']); x = 2").stdout)
            self.assertEqual(("1", "2"), (s.run_code("x").text, context.run_code("x").text))
            busy = s.start_code("import time; time.sleep(60)", context="other")
            wait_until(lambda: s.contexts.get("other").info.run == busy.run_id, 10, "the context executes the run")
            self.assertEqual((busy.run_id,), context.interrupt())
            self.assertEqual(130, busy.result().exit_code)
            self.assertEqual("2", context.run_code("x").text)
            context.restart()
            self.assertEqual("NameError", context.run_code("x").error.name)
            context.delete()
            self.assertRaises(ContextNotFoundError, s.contexts.get, "other")
            self.assertRaises(ContextNotFoundError, s.run_code, "1", context="other")
            self.assertRaises(ContextRequiredError, s.contexts.get("python").delete)

    def test_fresh(self) -> None:
        for s in self.both:
            s.run_code("x = 1")
            self.assertEqual("NameError", s.run_code("x", fresh=True).error.name)
            self.assertEqual("1", s.run_code("x").text)
            self.assertEqual("s\n", s.run_code("import os; print(os.environ['SECRET'])", fresh="alone", env={"SECRET": "s"}).stdout)
            self.assertEqual("NameError", s.run_code("x").error.name)

    def test_background_output(self) -> None:
        for s in self.both:
            run = s.run_code("import threading, time\ndef late():\n    time.sleep(0.3)\n    print('late', flush=True)\nthreading.Thread(target=late).start()")
            self.assertEqual("", run.output)
            wait_until(lambda: any(event.data == "late\n" for event in list(s.background())), 20, "the thread has written")
            event = next(event for event in list(s.background()) if event.data == "late\n")
            self.assertEqual(run.run_id, event.origin)

    def test_updates(self) -> None:
        for s in self.both:
            self.assertEqual({"a": "b"}, s.update(metadata={"a": "b"}).metadata)
            self.assertEqual({"c": "d"}, s.update(timeout_seconds=3600, idle_timeout_seconds=600, metadata={"a": None, "c": "d"}).metadata)
            self.assertEqual(600, s.info().idle_timeout_seconds)


class ServiceFileOperationTests(unittest.TestCase):
    both: list[Any]

    @classmethod
    def setUpClass(cls) -> None:
        cls.both = cls.enterClassContext(sandboxes(SERVICE.url, sandbox_id=None))

    def test_operations(self) -> None:
        for s in self.both:
            files = s.files
            files.write_text("a/b/é.txt", "one\n")
            found = files.stat("a/b/é.txt")
            self.assertEqual(("/root/a/b/é.txt", "é.txt", "file", 4), (found.path, found.name, found.type, found.size))
            self.assertRegex(found.mode, "^0[0-7]{3}$")
            self.assertTrue(found.etag and found.owner and found.modified_at)
            self.assertEqual((True, False, False), (files.exists("a"), files.exists("x"), files.exists("a/b/é.txt/x")))
            self.assertEqual(["/root/a/b", "/root/a/b/é.txt"], [item.path for item in files.list("a", depth=2)])
            files.mkdir("a/b")
            files.mkdir("m/n", parents=True, mode=0o700)
            self.assertEqual("0700", files.stat("m/n").mode)
            self.assertRaises(RemoteFileNotFoundError, files.mkdir, "x/y")
            files.copy("a/b/é.txt", "copy")
            self.assertRaises(RemoteFileExistsError, files.move, "copy", "a/b/é.txt", overwrite=False)
            files.move("copy", "deep/er", parents=True)
            self.assertEqual("one\n", files.read_text("deep/er"))
            files.copy("a", "whole", recursive=True)
            self.assertEqual("one\n", files.read_text("whole/b/é.txt"))
            self.assertRaises(FolderNotEmptyError, files.remove, "a")
            files.remove("a", recursive=True)
            self.assertFalse(files.exists("a"))
            s.run_code("import os; os.symlink('nowhere', 'link'); open(b'\\xff', 'w').write('2')")
            self.assertEqual(("symlink", "nowhere"), (lambda info: (info.type, info.target))(files.stat("link", follow=False)))
            self.assertTrue(files.exists("link"))
            self.assertRaises(RemoteFileNotFoundError, files.stat, "link")
            self.assertEqual("2", files.read_text("\udcff"))
            files.move("\udcff", "valid")
            self.assertEqual("/root/valid", files.stat("valid").path)

    def test_folders(self) -> None:
        with tempfile.TemporaryDirectory() as text:
            source = Path(text, "source")
            (source / "sub/empty").mkdir(parents=True)
            (source / "sub/data").write_bytes(os.urandom(3_000_000))
            (source / "sub/run").write_text("#!/bin/sh\necho ran\n")
            (source / "sub/run").chmod(0o755)
            (source / "link").symlink_to("sub/run")
            for index, s in enumerate(self.both):
                summary = s.files.upload_dir(source, "project")
                self.assertEqual((3, 2), (summary.files, summary.directories), "a link counts as a file")
                self.assertEqual("ran\n", s.run("./link", cwd="project").stdout)
                copy = Path(text, f"copy{index}")
                s.files.download_dir("project", copy)
                self.assertEqual((source / "sub/data").read_bytes(), (copy / "sub/data").read_bytes())
                self.assertEqual(("sub/run", True), (os.readlink(copy / "link"), (copy / "sub/empty").is_dir()))
                self.assertRaises(RemoteFileNotFoundError, s.files.download_dir, "nothing", copy)

    def test_watch(self) -> None:
        for s in self.both:
            s.files.mkdir("watched/sub", parents=True)
            with s.files.watch("watched", recursive=True) as changes:
                s.run_code("open('watched/sub/new', 'w').write('1')")
                self.assertEqual("/root/watched/sub/new", next(changes).path)
                run_id = changes.run_id
            self.assertEqual("ended", s.get_run(run_id).state if s.follow(run_id).result() else "")
            self.assertRaises(RemoteFileNotFoundError, s.files.watch("nothing").start)
