"""Watches: changes below a path as events of a run."""

from __future__ import annotations

import base64
import json
import os
import unittest

from host import EVENT, OUT, REFUSED, RUN, STARTED, Frame, Guest


# Uses up the inotify instances of the user, until it is killed.
EXHAUST = "import ctypes, resource, time\nresource.setrlimit(resource.RLIMIT_NOFILE, [resource.getrlimit(resource.RLIMIT_NOFILE)[1]] * 2)\nlibc = ctypes.CDLL(None)\nwhile libc.inotify_init1(0) >= 0: pass\nprint('full', flush=True)\ntime.sleep(600)"


def text(path: bytes | str) -> str:
    return base64.b64encode(os.fsencode(path)).decode()


class WatchTests(unittest.TestCase):
    guest: Guest

    def setUp(self) -> None:
        self.guest = Guest()
        self.guest.version = 2
        self.guest.__enter__()
        self.addCleanup(self.guest.__exit__)
        self.home = os.fsencode(self.guest.home)

    def ask(self, path: bytes | str, **fields: object) -> Frame:
        return self.guest.request(RUN, self.guest.run_payload(self.guest.new_run(), "", kind="watch", path=text(path), **fields))

    def watch(self, path: bytes | str = b"", **fields: object) -> str:
        return self.guest.start("", kind="watch", path=text(path or self.home), **fields)

    def changes(self, run: str) -> list[tuple]:
        """Change, path below the home, kind, and the old path of what was renamed."""
        found = []
        for frame in self.guest.numbered:
            if frame.kind == EVENT and frame.run == run and frame.payload[16] == 4:
                fields = json.loads(frame.payload[17:])
                paths = [os.fsdecode(os.path.relpath(base64.b64decode(fields[name]), self.home)) for name in ("path", "from") if name in fields]
                found.append((fields["change"], paths[0], fields["kind"], *paths[1:]))
        return found

    def expect(self, run: str, *expected: tuple) -> None:
        self.guest.wait(lambda: [change for change in self.changes(run) if change in expected][-1:] == [expected[-1]], f"{expected}; there are {self.changes(run)}", 10)
        self.assertEqual(list(expected), [change for change in self.changes(run) if change[0] not in ("attributes",)])

    def overflowed(self) -> None:
        self.guest.wait(lambda: any(f.kind == EVENT and b'"overflow"' in f.payload for f in self.guest.numbered), "overflow", 10)

    def make(self, script: str) -> None:
        """As the user of the sandbox, in the folder that is watched."""
        result = self.guest.bash(script)
        self.assertEqual((0, b""), (result.code, result.stderr), result)

    # Start and end

    def test_a_watch_starts_with_zero_and_ends_as_it_is_told(self) -> None:
        run = self.watch()
        first = next(frame for frame in self.guest.frames if frame.kind in (STARTED, EVENT) and frame.run == run)
        self.assertEqual(STARTED, first.kind)
        self.guest.wait(lambda: [f for f in self.guest.numbered if f.kind == EVENT and f.payload[16:] == b"\3" + bytes(4)], "the start")
        self.guest.interrupt(run)
        self.assertEqual((130, "interrupted"), ((r := self.guest.result(run)).code, r.reason))
        for reason, code in (("killed", 137), ("expired", 137), ("timeout", 124)):
            run = self.watch()
            self.guest.kill(run, reason)
            self.assertEqual((code, reason), ((r := self.guest.result(run)).code, r.reason))
        self.assertEqual((124, "timeout"), ((r := self.guest.result(self.watch(timeout_ms=100))).code, r.reason))
        run = self.watch()
        self.guest.bash("pkill -KILL -f [m]ain.py; true")
        self.assertEqual((137, "crashed"), ((r := self.guest.result(run)).code, r.reason))

    def test_what_cannot_be_watched_is_refused(self) -> None:
        secret = self.guest.folder / "secret"
        secret.mkdir(mode=0o700)
        for path, fields, code in (
            (self.home + b"/none", {}, "no_such_path"),
            (secret, {}, "denied"),
            ("relative", {}, "invalid"),
            ("/" + "x" * 5_000, {}, "invalid"),
        ):
            answer = self.ask(path, **fields)
            self.assertEqual((REFUSED, code), (answer.kind, answer.json["code"]), path)
            self.assertTrue(answer.json["detail"])
        answer = self.guest.request(RUN, self.guest.run_payload(self.guest.new_run(), "", kind="watch", path="***"))
        self.assertEqual("invalid", answer.json["code"])

    def test_there_are_sixteen_watches_at_most(self) -> None:
        runs = [self.watch() for _ in range(16)]
        self.assertEqual((REFUSED, "queue_full"), ((a := self.ask(self.home)).kind, a.json["code"]))
        self.guest.interrupt(runs[0])
        self.guest.result(runs[0])
        self.watch()

    def test_one_that_was_not_taken_is_forgotten_with_the_connection(self) -> None:
        run = self.guest.new_run()
        self.guest.ask(RUN, self.guest.run_payload(run, "", kind="watch", path=text(self.home)))
        self.guest.disconnect()
        hello = self.guest.accept()
        self.assertIn([found["run"] for found in hello.json["runs"]], ([], [run]))
        self.watch(run=run)
        self.make("touch a")
        self.expect(run, ("create", "a", "file"))

    def test_it_goes_on_over_a_lost_connection_and_is_an_open_run_of_its_kind(self) -> None:
        run = self.watch()
        self.guest.disconnect()
        (self.guest.home / "a").touch()
        hello = self.guest.accept()
        self.assertEqual([("watch", run, "running")], [(found["kind"], found["run"], found["state"]) for found in hello.json["runs"]])
        self.expect(run, ("create", "a", "file"))

    # Changes

    def test_each_kind_of_change_is_reported(self) -> None:
        self.make("mkdir sub; touch sub/below gone; mkdir ../outside 2>/dev/null || true")
        run = self.watch()
        expected: list[tuple] = []
        # One by one: what a new name stands for is not known where it is gone before anybody looks.
        for script, changes in (
            ("echo x > a", [("create", "a", "file"), ("modify", "a", "file")]),
            ("mv a b", [("rename", "b", "file", "a")]),
            ("chmod 600 b; ln -s b link", [("attributes", "b", "file"), ("create", "link", "symlink")]),
            ("mkdir folder; rmdir folder", [("create", "folder", "directory"), ("delete", "folder", "directory")]),
            ("rm b gone; touch sub/ignored", [("delete", "b", None), ("delete", "gone", None)]),
            ("mv link /tmp/$$; mv /tmp/$$ back", [("delete", "link", None), ("create", "back", "symlink")]),
            ("mkfifo pipe", [("create", "pipe", "other")]),
        ):
            self.make(script)
            expected += changes
            self.expect(run, *[change for change in expected if change[0] != "attributes"])
        self.assertIn(("attributes", "b", "file"), self.changes(run))

    def test_a_file_has_no_name_before_it_is_linked(self) -> None:
        run = self.watch()
        name = os.fsdecode(self.home)
        unnamed = os.open(name, os.O_TMPFILE | os.O_WRONLY, 0o600)
        try:
            os.write(unnamed, b"x")
            os.fchmod(unnamed, 0o644)
            os.link(f"/proc/self/fd/{unnamed}", f"{name}/linked", src_dir_fd=unnamed)  # a descriptor makes it follow the link
        finally:
            os.close(unnamed)
        # A name that only looks like one is reported.
        self.make("echo x > '#7'")
        self.expect(run, ("create", "linked", "file"), ("create", "#7", "file"), ("modify", "#7", "file"))
        self.assertEqual([], [change for change in self.changes(run) if change[1].startswith("#") and change[1] != "#7"])

    def test_names_may_be_any_bytes(self) -> None:
        run = self.watch()
        for name in (b"\xff\n", "é".encode(), b'"\\'):
            with open(os.path.join(self.home, name), "w"):
                pass
        self.expect(run, ("create", os.fsdecode(b"\xff\n"), "file"), ("create", "é", "file"), ("create", '"\\', "file"))

    def expect_set(self, run: str, *expected: tuple) -> None:
        self.guest.wait(lambda: set(expected) <= set(self.changes(run)), f"{expected}", 10)

    def test_folders_that_appear_are_watched_with_what_they_hold_and_renamed_ones_keep_their_names(self) -> None:
        self.make("mkdir -p old/deep")
        run = self.watch(recursive=True)
        self.make("mkdir -p new/deep/er; echo x > new/deep/er/file; touch old/deep/a")
        self.expect_set(run, ("create", "new", "directory"), ("create", "new/deep", "directory"), ("create", "new/deep/er", "directory"), ("create", "new/deep/er/file", "file"), ("create", "old/deep/a", "file"))
        self.assertEqual(1, self.changes(run).count(("create", "new/deep/er/file", "file")))
        for script, changes in (
            ("mv old moved; touch moved/deep/b", [("rename", "moved", "directory", "old"), ("create", "moved/deep/b", "file")]),
            ("mv moved/deep shallow; touch shallow/c", [("rename", "shallow", "directory", "moved/deep"), ("create", "shallow/c", "file")]),
            ("mv shallow /tmp/away$$; touch /tmp/away$$/unseen; rm -r /tmp/away$$; touch last", [("delete", "shallow", "directory"), ("create", "last", "file")]),
        ):
            self.make(script)
            self.expect_set(run, *changes)
        self.assertFalse([change for change in self.changes(run) if "unseen" in change[1]])

    def test_links_are_not_followed(self) -> None:
        outside = self.guest.folder / "outside"
        outside.mkdir()
        os.symlink(outside, self.guest.home / "link")
        run = self.watch(recursive=True)
        (outside / "unseen").touch()
        (self.guest.home / "seen").touch()
        self.expect(run, ("create", "seen", "file"))

    def test_a_file_is_watched_also_when_it_is_replaced(self) -> None:
        (self.guest.home / "file").write_text("old")
        os.symlink("file", self.guest.home / "link")
        runs = [self.watch(self.home + b"/" + name) for name in (b"file", b"link")]
        self.make("touch other; echo x > new; mv new file")
        for run, name in zip(runs, ("file", "link")):
            self.expect(run, ("rename", name, "file", "new"))
        self.make("echo y >> file; rm file; rm other")
        for run, name in zip(runs, ("file", "link")):
            self.expect(run, ("rename", name, "file", "new"), ("modify", name, "file"), ("delete", name, None))

    def test_the_end_of_what_is_watched_ends_the_run(self) -> None:
        for script in ("rm -r sub", "mv sub elsewhere"):
            self.make("mkdir sub")
            run = self.watch(self.home + b"/sub", recursive=True)
            self.make(script)
            self.assertEqual((0, None), ((r := self.guest.result(run)).code, r.reason))
            self.assertEqual(("delete", "sub", "directory"), self.changes(run)[-1])

    # Bounds

    def test_more_than_a_thousand_changes_in_a_second_become_an_overflow(self) -> None:
        self.guest.mount_memory(f"{self.guest.home}/many", "50m")
        run = self.watch(self.home + b"/many")
        self.guest.run("for i in range(5_000): open(f'many/{i}', 'w').close()")
        self.overflowed()
        found = self.changes(run)
        self.assertEqual(("overflow", "many", "directory"), next(change for change in found if change[0] == "overflow"))
        self.assertLessEqual(1_000, len(found))
        self.assertLess(len(found), 5_000)
        self.make("touch many/after")
        self.guest.wait(lambda: ("create", "many/after", "file") in self.changes(run), "a change after the overflow", 10)

    def test_ten_thousand_folders_and_no_more(self) -> None:
        self.guest.mount_memory(f"{self.guest.home}/many", "50m")
        self.guest.run("import os\nfor i in range(99):\n    for j in range(100): os.makedirs(f'many/{i}/{j}')")
        run = self.watch(self.home + b"/many", recursive=True)
        self.make("touch many/98/99/seen")
        self.expect(run, ("create", "many/98/99/seen", "file"))
        self.make("mkdir -p many/more/{0..100}")
        self.overflowed()
        self.guest.interrupt(run)
        self.guest.result(run)
        answer = self.ask(self.home + b"/many", recursive=True)
        self.assertEqual((REFUSED, "too_many_folders"), (answer.kind, answer.json["code"]))

    def test_a_host_that_acknowledges_nothing_blocks_the_watch_and_not_the_guest(self) -> None:
        run = self.watch()
        self.guest.auto_ack = False
        filler = self.guest.start("print('x' * 20_000_000)")
        self.guest.wait(lambda: sum(len(f.payload) for f in self.guest.numbered) > 7_850_000, "a full ring")
        self.guest.pump(0.3)
        (self.guest.home / "late").touch()
        self.guest.pump(0.3)
        self.assertEqual([], self.changes(run))
        self.guest.auto_ack = True
        self.guest.acknowledge()
        self.guest.result(filler)
        self.expect(run, ("create", "late", "file"))

    # Without inotify

    def test_where_the_kernel_has_no_watches_left_folders_are_compared(self) -> None:
        run = self.guest.start("", kind="process", argv=["python3", "-c", EXHAUST])
        self.guest.wait(lambda: b"full" in self.guest.output(run), "no instance left")
        self.make("mkdir -p sub; touch sub/gone sub/old")
        watch = self.watch(recursive=True)
        self.guest.kill(run)
        self.make("rm sub/gone; mv sub/old sub/new; echo x > sub/made")
        self.expect_set(watch, ("delete", "sub/gone", None), ("rename", "sub/new", "file", "sub/old"), ("create", "sub/made", "file"))
        self.make("echo y >> sub/made; chmod 600 sub/new")
        self.expect_set(watch, ("modify", "sub/made", "file"), ("attributes", "sub/new", "file"))
        self.guest.interrupt(watch)
        self.assertEqual(130, self.guest.result(watch).code)

    def test_after_a_rollback_its_events_are_empty_lines_under_the_same_numbers(self) -> None:
        self.guest.auto_ack = False
        run = self.watch()
        self.make("touch a")
        self.expect(run, ("create", "a", "file"))
        count = len(self.guest.numbered)
        self.guest.version = 1
        self.guest.disconnect()
        self.guest.accept()
        self.guest.wait(lambda: [f for f in self.guest.frames if f.kind == OUT and f.run == run and f.data == b"\n"][1:], "the frames again")
        self.assertLessEqual(2, count)


if __name__ == "__main__":
    unittest.main()
