"""Operations on files: parts, conditions, entries, folders, moving, copying, deleting."""

from __future__ import annotations

import base64
import os
import stat
import subprocess
import unittest

from file_tests import CHUNK, FileTestCase, Transfer, text
from host import FILE_DATA, FILE_DONE, FILE_END, FILE_NEXT


class OperationTests(FileTestCase):
    def make(self, script: str) -> None:
        """As the user of the sandbox, in a folder of the test's own."""
        os.makedirs(self.path(), exist_ok=True)
        os.chown(self.path(), 1000, 1000)
        result = self.guest.bash(f"cd {self.path()} && set -e\n{script}")
        self.assertEqual((0, b""), (result.code, result.stderr), result)

    def names(self, folder: str = "") -> list[str]:
        """All that is below, as the file system has it."""
        root = self.path(folder)
        return sorted(os.path.relpath(os.path.join(at, name), root) for at, folders, files in os.walk(root) for name in folders + files)

    # Parts

    def test_a_part_of_a_file_is_read(self) -> None:
        data = os.urandom(CHUNK + 1_000)
        self.put(self.path("/file"), data[:CHUNK], data[CHUNK:])
        size = len(data)
        for first, end, expected in ((0, 1, data[:1]), (5, None, data[5:]), (None, 7, data[:7]), (CHUNK - 1, CHUNK + 1, data[CHUNK - 1 : CHUNK + 1]), (size - 1, size + 100, data[-1:])):
            fields = {name: value for name, value in (("from", first), ("to", end)) if value is not None}
            self.assertEqual(expected, self.get(self.path("/file"), **fields))
            self.assertEqual((size, first or 0, min(size, end or size)), tuple(self.opened.json[name] for name in ("size", "from", "to")))
        for first, end in ((size, None), (size + 5, size + 9), (7, 7), (8, 7), (0, 0)):
            fields = {name: value for name, value in (("from", first), ("to", end)) if value is not None}
            self.assertEqual(size, self.assert_failed("range", self.get(self.path("/file"), **fields))["size"])
        self.assertEqual(data, self.get(self.path("/file")))
        self.assertNotIn("from", self.opened.json)
        # Whatever size the kernel says that they have.
        self.assertIn(b"MemTotal", self.get("/proc/meminfo", **{"from": 5}))
        self.assert_failed("invalid", self.get(self.path("/file"), **{"from": -1}))

    # Entries

    def test_an_entry_describes_a_file_and_not_what_a_link_leads_to(self) -> None:
        self.make("echo abc > file; chmod 751 file; ln -s file link; mkdir folder; mkfifo pipe; ln -s none dangling")
        expected = os.lstat(self.path("/file"))
        found = self.done("stat", self.path("/file"))
        self.assertEqual(
            {"name": text("file"), "type": "file", "size": 4, "mode": "0751", "modified_ms": expected.st_mtime_ns // 1_000_000, "etag": found["etag"]},
            {key: value for key, value in found["entry"].items() if key not in ("owner", "group")},
        )
        self.assertIn(found["entry"]["owner"], ("1000", subprocess.run(["id", "-nu", "1000"], capture_output=True, text=True).stdout.strip()))
        self.assertEqual("root", self.done("stat", "/etc/passwd")["entry"]["owner"])
        link = self.done("stat", self.path("/link"))["entry"]
        self.assertEqual(("symlink", text("file")), (link["type"], link["target"]))
        followed = self.done("stat", self.path("/link"), follow=True)
        self.assertEqual((text("link"), "file", found["etag"]), tuple(followed["entry"][name] for name in ("name", "type", "etag")))
        self.assertEqual(["directory", "other", "symlink"], [self.done("stat", self.path("/" + name))["entry"]["type"] for name in ("folder", "pipe", "dangling")])
        self.assert_failed("not_found", self.do("stat", self.path("/dangling"), follow=True))
        self.assert_failed("not_found", self.do("stat", self.path("/none")))
        self.assert_failed("not_found", self.do("stat", self.path("/file/x")))

    def test_the_etag_is_the_same_everywhere_and_changes_with_the_content(self) -> None:
        path = self.path("/file")
        seen = [self.put(path, b"abc").json["etag"]]
        self.assertEqual({seen[0]}, {self.done("stat", path)["etag"], Transfer(self.guest, "list", self.path()).next().json["files"][0]["etag"], (self.get(path), self.opened.json["etag"])[1]})
        for change in (lambda: self.put(path, b"abd"), lambda: self.put(path, b"abd"), lambda: os.chmod(path, 0o600), lambda: os.utime(path, (1, 1)), lambda: os.truncate(path, 2)):
            change()
            seen.append(self.done("stat", path)["etag"])
        self.assertEqual(len(seen), len(set(seen)), seen)
        self.assertRegex(seen[0], "^[0-9a-f-]+$")

    # Conditions

    def test_a_file_is_written_only_if_it_is_the_version_that_was_seen(self) -> None:
        path = self.path("/file")
        self.assert_failed("precondition", self.put(path, b"1", if_match="*"))
        self.assertFalse(os.path.exists(self.path()), "nothing was made for it")
        first = self.put(path, b"1").json
        self.assertEqual(True, first["created"])
        second = self.put(path, b"2", if_match=[first["etag"], "other"]).json
        self.assertEqual(False, second["created"])
        failed = self.assert_failed("precondition", self.put(path, b"3", if_match=[first["etag"]]))
        self.assertEqual(second["etag"], failed["etag"])
        self.assert_failed("precondition", self.put(path, b"3", if_none_match="*"))
        self.assert_failed("precondition", self.put(path, b"3", if_none_match=[second["etag"]]))
        self.assertEqual(FILE_DONE, self.put(path, b"3", if_match="*", if_none_match=[first["etag"]]).kind)
        self.assertEqual(b"3", self.read(path))
        self.assert_failed("invalid", self.put(path, b"4", if_match=7))
        # And read or deleted.
        current = self.done("stat", path)["etag"]
        self.assertEqual(b"3", self.get(path, if_match=[current], if_none_match=["x"]))
        failed = self.assert_failed("precondition", self.get(path, if_none_match=[current]))
        self.assertEqual((current, os.stat(path).st_mtime_ns // 1_000_000), (failed["etag"], failed["modified_ms"]))
        self.assert_failed("precondition", self.do("delete", path, if_match=[first["etag"]]))
        self.assert_failed("precondition", self.do("delete", self.path("/none"), if_match="*"))
        self.done("delete", path, if_match=[current])

    def test_of_several_at_once_exactly_one_wins(self) -> None:
        self.make("true")
        for conditions in ({"if_none_match": "*"}, {"if_match": "current"}):
            path = self.path("/file")
            if "if_match" in conditions:
                conditions = {"if_match": [self.put(path, b"old").json["etag"]]}
            transfers = [Transfer(self.guest, "write", path, **conditions) for _ in range(8)]
            for number, transfer in enumerate(transfers):
                self.assertEqual(FILE_NEXT, transfer.next().kind)
                transfer.send(FILE_DATA, b"%d" % number)
            for transfer in transfers:
                self.assertEqual(FILE_NEXT, transfer.next().kind)
            for transfer in transfers:
                transfer.send(FILE_END)
            ends = [transfer.next() for transfer in transfers]
            self.assertEqual(1, sum(end.kind == FILE_DONE for end in ends))
            winner = next(number for number, end in enumerate(ends) if end.kind == FILE_DONE)
            self.assertEqual(b"%d" % winner, self.read(path))
            for number, end in enumerate(ends):
                if number != winner:
                    self.assert_failed("precondition", end)
            self.assertEqual(["file"], self.names())
            os.unlink(path)

    def test_a_version_that_changes_while_the_body_arrives_is_not_replaced(self) -> None:
        path = self.path("/file")
        seen = self.put(path, b"old").json["etag"]
        transfer = Transfer(self.guest, "write", path, if_match=[seen])
        transfer.next()
        self.make("echo changed > file")
        transfer.send(FILE_DATA, b"mine")
        transfer.next()
        transfer.send(FILE_END)
        self.assert_failed("precondition", transfer.next())
        self.assertEqual((b"changed\n", ["file"]), (self.read(path), self.names()))

    def test_a_folder_that_a_program_has_locked_is_busy_and_a_write_without_conditions_does_not_care(self) -> None:
        self.make("touch file")
        run = self.guest.start(f"flock {self.path()} sh -c 'echo locked; sleep 600'", language="bash")
        self.guest.wait(lambda: b"locked" in self.guest.output(run), "the lock")
        transfer = Transfer(self.guest, "delete", self.path("/file"), if_match="*")
        self.assertEqual(FILE_DONE, self.put(self.path("/other"), b"x").kind)
        self.assert_failed("busy", transfer.next())
        self.guest.kill(run)
        self.guest.result(run)
        self.done("delete", self.path("/file"), if_match="*")

    # Folders

    def test_folders_are_made(self) -> None:
        path = self.path("/a/b")
        self.assert_failed("not_found", self.do("mkdir", path))
        found = self.done("mkdir", path, parents=True, mode=0o700)
        self.assertEqual((True, "directory", "0700", text("b")), (found["created"], *(found["entry"][name] for name in ("type", "mode", "name"))))
        found = self.done("mkdir", path, mode=0o755)
        self.assertEqual((False, "0700"), (found["created"], found["entry"]["mode"]))
        self.assertEqual(True, self.done("mkdir", self.path("/a/c/"))["created"])
        self.put(self.path("/file"), b"x")
        self.assert_failed("exists", self.do("mkdir", self.path("/file")))
        self.assert_failed("not_a_directory", self.do("mkdir", self.path("/file/x"), parents=True))
        self.assert_failed("denied", self.do("mkdir", "/etc/x"))

    def test_a_tree_comes_in_pages_sorted_by_the_bytes_of_the_paths(self) -> None:
        self.make("mkdir -p a/b/c a-/x 'é' deep/er; touch a.txt a/b.x a/b/c/d a-/x/y a0 deep/er/f $'a/\\xff'; ln -s a link; ln -s /etc a/out")
        everything = sorted(os.fsencode(name) for name in self.names())
        self.assertIn(b"a/\xff", everything)

        def tree(**fields: object) -> list[list[bytes]]:
            pages: list[list[bytes]] = []
            after = ""
            while True:
                page = self.done("tree", self.path(), after=after, **fields)
                pages.append([base64.b64decode(file["name"]) for file in page["files"]])
                after = page["next"]
                if after is None:
                    return pages

        self.assertEqual([everything], tree(depth=32))
        for limit in range(1, 12):
            pages = tree(depth=32, limit=limit)
            self.assertEqual(everything, [name for page in pages for name in page])
            self.assertLessEqual(max(map(len, pages)), limit)
        for depth in (1, 2, 3):
            self.assertEqual([name for name in everything if name.count(b"/") < depth], tree(depth=depth)[0])
        files = {base64.b64decode(file["name"]): file for file in self.done("tree", self.path(), depth=3)["files"]}
        self.assertEqual(("symlink", text("/etc")), (files[b"a/out"]["type"], files[b"a/out"]["target"]))
        for depth in (0, 33):
            self.assert_failed("invalid", self.do("tree", self.path(), depth=depth))
        self.assert_failed("not_a_directory", self.do("tree", self.path("/a.txt")))
        self.assert_failed("not_found", self.do("tree", self.path("/none")))

    def test_a_page_of_long_paths_fits_into_a_message(self) -> None:
        self.make("for i in $(seq 400); do ln -s " + "x" * 3_900 + " $i; done")
        found, after = 0, ""
        while after is not None:
            page = self.done("list", self.path(), after=after)
            found, after = found + len(page["files"]), page["next"]
        self.assertEqual(400, found)

    # Moving

    def test_a_file_folder_or_link_is_moved(self) -> None:
        self.make("echo 1 > file; mkdir -p folder/sub; touch folder/sub/x; ln -s file link; echo 2 > other")
        found = self.done("move", self.path("/file"), to=text(self.path("/new/place")), parents=True)
        self.assertEqual((True, text("place"), b"1\n"), (found["created"], found["entry"]["name"], self.read(self.path("/new/place"))))
        self.assertEqual(False, self.done("move", self.path("/new/place"), to=text(self.path("/other")))["created"])
        self.done("move", self.path("/folder"), to=text(self.path("/renamed")))
        self.done("move", self.path("/link"), to=text(self.path("/renamed/link")))
        self.assertEqual(["new", "other", "renamed", "renamed/link", "renamed/sub", "renamed/sub/x"], self.names())
        self.assertEqual("file", os.readlink(self.path("/renamed/link")))

    def test_a_move_that_must_not_be_is_refused_and_changes_nothing(self) -> None:
        self.make("echo 1 > file; echo 2 > other; mkdir -p folder/sub full/x empty; ln -s folder to; mkfifo pipe")
        before = self.names()
        for source, target, fields, code in (
            ("file", "other", {"overwrite": False}, "exists"),
            ("empty", "folder", {"overwrite": False}, "exists"),
            ("file", "folder", {}, "not_a_file"),
            ("folder", "file", {}, "not_a_directory"),
            ("folder", "full", {}, "not_empty"),
            ("folder", "folder/sub/x", {}, "invalid"),
            ("folder", "to/x", {}, "invalid"),
            ("folder", "folder", {}, "invalid"),
            ("file", "file", {}, "invalid"),
            ("file", "none/x", {}, "not_found"),
            ("none", "new", {}, "not_found"),
            ("pipe", "new", {}, "not_a_file"),
        ):
            for do in ("move", "copy"):
                if do == "copy" and source == "folder" and target == "full":
                    continue  # merged
                with self.subTest(do=do, source=source, target=target):
                    self.assert_failed(code, self.do(do, self.path("/" + source), to=text(self.path("/" + target)), recursive=True, **fields))
                    self.assertEqual(before, self.names())
        self.assert_failed("denied", self.do("move", self.path("/file"), to=text("/etc/x")))
        self.assert_failed("invalid", self.do("move", self.path("/file"), to=text("relative")))
        self.assertEqual(b"2\n", self.read(self.path("/other")))
        self.done("move", self.path("/folder"), to=text(self.path("/empty")))

    def test_a_move_to_another_file_system_copies_and_deletes(self) -> None:
        self.guest.mount_memory(self.path("/memory"), "10m")
        self.make("mkdir -p folder/sub; echo 1 > folder/sub/x; ln -s /etc folder/link; chmod 500 folder; echo 2 > file; mkdir memory/full; touch memory/full/x memory/old")
        os.chmod(self.path("/folder"), 0o700)
        self.done("move", self.path("/folder"), to=text(self.path("/memory/folder")))
        self.assertEqual(False, self.done("move", self.path("/file"), to=text(self.path("/memory/old")))["created"])
        self.assertEqual(["memory"], self.names())
        self.assertEqual(b"2\n", self.get(self.path("/memory/old")))
        self.assertEqual(b"1\n", self.get(self.path("/memory/folder/sub/x")))
        self.assertEqual(text("/etc"), self.done("stat", self.path("/memory/folder/link"))["entry"]["target"])
        self.make("mkdir again; touch again/y")
        self.assert_failed("not_empty", self.do("move", self.path("/again"), to=text(self.path("/memory/full"))))
        self.assertEqual(["again", "again/y", "memory"], self.names())

    # Copying

    def test_a_copy_has_the_content_the_modes_and_the_links(self) -> None:
        data = os.urandom(3 * CHUNK + 5)
        self.put(self.path("/folder/big"), data[:CHUNK], data[CHUNK : 2 * CHUNK], data[2 * CHUNK : 3 * CHUNK], data[3 * CHUNK :])
        self.make("cd folder; mkdir -m 750 sub; echo x > sub/run; chmod 755 sub/run; ln -s /etc out; ln -s big near; mkfifo pipe; touch $'odd\\xff\\n'")
        self.assert_failed("not_a_file", self.do("copy", self.path("/folder"), to=text(self.path("/copy"))))
        self.assertEqual(True, self.done("copy", self.path("/folder"), to=text(self.path("/copy")), recursive=True)["created"])
        self.assertEqual([name for name in self.names("/folder") if name != "pipe"], self.names("/copy"))
        self.assertEqual((data, 0o750, 0o755, "/etc"), (self.read(self.path("/copy/big")), stat.S_IMODE(os.stat(self.path("/copy/sub")).st_mode), stat.S_IMODE(os.stat(self.path("/copy/sub/run")).st_mode), os.readlink(self.path("/copy/out"))))
        # A file by itself, a link as a link, a folder into one that exists.
        self.done("copy", self.path("/folder/near"), to=text(self.path("/link")))
        self.assertEqual("big", os.readlink(self.path("/link")))
        self.make("echo new > folder/sub/run; touch copy/own; ln -sf own copy/near")
        self.assertEqual(False, self.done("copy", self.path("/folder"), to=text(self.path("/copy")), recursive=True)["created"])
        self.assertEqual((b"new\n", True, "big"), (self.read(self.path("/copy/sub/run")), os.path.exists(self.path("/copy/own")), os.readlink(self.path("/copy/near"))))
        self.assertFalse([name for name in self.names() if "podflare" in name])

    def test_a_copy_follows_no_link_that_is_in_its_way(self) -> None:
        self.make("mkdir -p folder/sub outside copy; echo x > folder/sub/file; ln -s ../outside copy/sub")
        self.assert_failed("not_a_directory", self.do("copy", self.path("/folder"), to=text(self.path("/copy")), recursive=True))
        self.assertEqual([], self.names("/outside"))

    def test_a_copy_that_does_not_fit_leaves_the_old_file(self) -> None:
        self.guest.mount_memory(self.path("/memory"), "3m")
        self.make("head -c 4000000 /dev/zero > big; echo old > memory/file")
        self.assert_failed("full", self.do("copy", self.path("/big"), to=text(self.path("/memory/file"))))
        self.assertEqual(b"old\n", self.get(self.path("/memory/file")))
        self.assertEqual(1, len(self.done("list", self.path("/memory"))["files"]))

    # Deleting

    def test_a_folder_is_deleted_with_all_below_and_nothing_beyond_its_links(self) -> None:
        self.make("mkdir -p folder/sub/deep empty outside; touch folder/a folder/sub/deep/b outside/kept; ln -s ../outside folder/link; ln -s ../../outside/kept folder/sub/file; mkfifo folder/pipe; touch $'folder/odd\\xff\\n'; ln -s outside link")
        self.assert_failed("not_a_file", self.do("delete", self.path("/folder")))
        self.assert_failed("not_empty", self.do("delete", self.path("/folder"), recursive=False))
        self.done("delete", self.path("/empty"), recursive=False)
        self.done("delete", self.path("/folder/"), recursive=True)
        self.done("delete", self.path("/link"), recursive=True)
        self.assertEqual(["outside", "outside/kept"], self.names())
        self.assert_failed("not_found", self.do("delete", self.path("/folder"), recursive=True))
        self.assert_failed("denied", self.do("delete", "/etc", recursive=True))

    def test_a_tree_of_any_depth_is_deleted(self) -> None:
        self.guest.mount_memory(self.path("/memory"), "50m")
        made = self.guest.run(f"import os\nos.chdir({self.path('/memory')!r}); os.mkdir('top'); os.chdir('top')\nfor i in range(1_500):\n    os.mkdir('d'); open('f', 'w').close(); os.chdir('d')\nos.chdir('/')")
        self.assertEqual(0, made.code, made)
        self.done("delete", self.path("/memory/top"), recursive=True)
        self.assertEqual([], self.done("list", self.path("/memory"))["files"])

    def test_a_folder_that_is_filled_meanwhile_is_not_followed_and_not_an_endless_task(self) -> None:
        self.make("mkdir -p folder/sub outside; touch outside/kept")
        # A program that turns a folder into a link and back, as fast as it can.
        race = f"import os\nos.chdir({self.path()!r})\nwhile True:\n    try:\n        os.rename('folder/sub', 'aside'); os.symlink('../outside', 'folder/sub'); os.unlink('folder/sub'); os.rename('aside', 'folder/sub')\n    except OSError: os.makedirs('folder/sub', exist_ok=True)"
        run = self.guest.start("", kind="process", argv=["python3", "-c", race])
        for _ in range(30):
            self.do("delete", self.path("/folder"), recursive=True)
        self.guest.kill(run)
        self.guest.result(run)
        self.assertTrue(os.path.exists(self.path("/outside/kept")))


if __name__ == "__main__":
    unittest.main()
