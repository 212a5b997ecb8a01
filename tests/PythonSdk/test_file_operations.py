"""``Sandbox.files``: what is sent for each operation, and folders as archives, from which nothing gets out of its place."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import tempfile
import unittest
from pathlib import Path
from typing import Any

from both import sandboxes
from flavours import QUICK
from podflare import (
    ConnectionFailedError,
    FolderNotEmptyError,
    NotAFolderError,
    RemoteFileExistsError,
    RemoteFileNotFoundError,
    UnsafeArchiveError,
    UrlNotFoundError,
)
from podflare._folders import FolderUpload, unpack
from scripted_server import SANDBOX, ScriptedServer

ENTRY = {
    "path": "/root/a", "name": "a", "type": "symlink", "size": 3, "mode": "0644", "owner": "user", "group": "user", "target": "b",
    "modified_at": "2026-01-01T00:00:00Z", "etag": "e",
}  # fmt: skip


def named(archive: bytes) -> bytes:
    """An archive as a sandbox sends it: below the name of the folder."""
    data = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(archive)) as members, tarfile.open(fileobj=data, mode="w") as archive_of_sandbox:
        for member in members:
            content = members.extractfile(member) if member.isreg() else None
            member.name = f"project/{member.name}"
            member.pax_headers.pop("path", None)
            archive_of_sandbox.addfile(member, content)
    return data.getvalue()


class OperationTests(unittest.TestCase):
    def check(self, call: Any, method: str, target: str, body: Any = None, answer: Any = None, status: int = 200) -> Any:
        """Makes a call with both clients; returns what the last one returned."""
        with ScriptedServer(lambda x: x.bytes(b"", 204) if answer is None else x.json(answer, status)) as server, sandboxes(server.url) as both:
            for sandbox in both:
                result = call(sandbox.files)
                seen = server.requests[-1]
                self.assertEqual((method, f"/v1/sandboxes/{SANDBOX}{target}"), (seen.method, seen.target))
                if body is not None:
                    self.assertEqual(body, seen.json)
        return result

    def test_what_is_sent(self) -> None:
        info = self.check(lambda files: files.stat("a"), "GET", "/fs/stat?path=%2Froot%2Fa&follow=true", answer=ENTRY)
        self.assertEqual(("/root/a", "symlink", 3, "0644", "user", "b", "e", False), (info.path, info.type, info.size, info.mode, info.owner, info.target, info.etag, info.is_directory))
        self.check(lambda files: files.stat("/é/\udcff", follow=False), "GET", "/fs/stat?path=%2F%C3%A9%2F%FF&follow=false", answer=ENTRY)
        self.check(lambda files: files.mkdir("a/b"), "POST", "/fs/mkdir", {"path": "/root/a/b", "parents": False}, {}, 201)
        self.check(lambda files: files.mkdir("\udcff", parents=True, mode=0o700), "POST", "/fs/mkdir", {"path_b64": "L3Jvb3Qv/w==", "parents": True, "mode": "0700"}, {}, 201)
        move = {"from": "/root/a", "to": "/tmp/b", "overwrite": True, "parents": False}
        self.check(lambda files: files.move("a", "/tmp/b"), "POST", "/fs/move", move, {})
        self.check(lambda files: files.move("a", "/tmp/b", overwrite=False, parents=True), "POST", "/fs/move", {**move, "overwrite": False, "parents": True}, {})
        self.check(lambda files: files.copy("a", "/tmp/b", recursive=True), "POST", "/fs/copy", {**move, "recursive": True}, {})
        self.check(lambda files: files.remove("a b"), "DELETE", "/files/root/a%20b")
        self.check(lambda files: files.remove("a", recursive=True), "DELETE", "/files/root/a?recursive=true")
        found = self.check(lambda files: files.list("/tmp", depth=3), "GET", "/files?path=%2Ftmp&depth=3", answer={"files": [ENTRY], "next_cursor": None})
        self.assertEqual(["/root/a"], [file.path for file in found])
        self.check(lambda files: files.list(), "GET", "/files?path=%2Froot", answer={"files": []})
        self.check(lambda files: files.write_text("a", "é"), "PUT", "/files/root/a")
        self.assertEqual("é", self.check(lambda files: files.read_text("a"), "GET", "/files/root/a", answer="é")[1:-1].encode().decode("unicode_escape"))

    def test_whether_something_exists(self) -> None:
        for answer, exists in (
            (lambda x: x.json(ENTRY), True),
            (lambda x: x.problem(404, "file_not_found"), False),
            (lambda x: x.problem(409, "not_a_directory"), False),
        ):
            with ScriptedServer(answer) as server, sandboxes(server.url) as both:
                for sandbox in both:
                    self.assertIs(exists, sandbox.files.exists("a"))
                    self.assertTrue(server.requests[-1].target.endswith("&follow=false"), "a link to nowhere exists")
        # A server that cannot tell must not look like one that says no.
        with ScriptedServer(lambda x: x.problem(404, "not_found")) as server, sandboxes(server.url) as both:
            for sandbox in both:
                self.assertRaises(UrlNotFoundError, sandbox.files.exists, "a")

    def test_refusals(self) -> None:
        for status, code, kind in (
            (409, "file_exists", RemoteFileExistsError),
            (409, "directory_not_empty", FolderNotEmptyError),
            (404, "file_not_found", RemoteFileNotFoundError),
            (409, "not_a_directory", NotAFolderError),
        ):
            with ScriptedServer(lambda x: x.problem(status, code)) as server, sandboxes(server.url) as both:
                for sandbox in both:
                    self.assertRaises(kind, sandbox.files.remove, "a")

    def test_a_move_is_not_repeated_and_a_copy_is_if_it_may_replace(self) -> None:
        for call, count in (
            (lambda files: files.move("a", "b"), 1),
            (lambda files: files.copy("a", "b"), 4),
            (lambda files: files.copy("a", "b", overwrite=False), 1),
            (lambda files: files.mkdir("a"), 4),
        ):
            with ScriptedServer(lambda x: x.drop()) as server, sandboxes(server.url, QUICK) as both:
                for sandbox in both:
                    before = len(server.requests)
                    self.assertRaises(ConnectionFailedError, call, sandbox.files)
                    self.assertEqual(count, len(server.requests) - before)


class FolderTests(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def tree(self, top: Path) -> dict[str, Any]:
        """What is below a folder: the content of files, the targets of links, None for folders."""
        found: dict[str, Any] = {}
        for path in sorted(top.rglob("*")):
            found[str(path.relative_to(top))] = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        return found

    def make(self, name: str) -> Path:
        top = self.folder / name
        (top / "sub/empty").mkdir(parents=True)
        (top / "a").write_bytes(os.urandom(700_000))
        (top / "sub" / ("é" * 60)).write_text("x")
        (top / "sub/run").write_text("#!/bin/sh\n")
        (top / "sub/run").chmod(0o755)
        (top / "link").symlink_to("sub/run")
        os.mkfifo(top / "pipe")
        return top

    def test_a_folder_there_and_back(self) -> None:
        source = self.make("source")
        stored: list[bytes] = []

        def answer(x: Any) -> None:
            if x.seen.method == "POST":
                stored.append(x.seen.body)
                self.assertEqual("application/x-tar", x.seen.headers["content-type"])
                x.json({"files": 3, "directories": 2, "bytes": 5})
            else:
                x.bytes(named(stored[-1]))

        with ScriptedServer(answer) as server, sandboxes(server.url) as both:
            for index, sandbox in enumerate(both):
                summary = sandbox.files.upload_dir(source, "project")
                self.assertEqual((3, 2, 5), (summary.files, summary.directories, summary.bytes))
                self.assertTrue(server.requests[-1].target.endswith("/fs/archive?path=%2Froot%2Fproject"))
                target = self.folder / f"copy{index}"
                sandbox.files.download_dir("project", target)
                expected = {path: content for path, content in self.tree(source).items() if path != "pipe"}
                self.assertEqual(expected, self.tree(target))
                self.assertTrue(os.access(target / "sub/run", os.X_OK))
                # Again, over what is there.
                sandbox.files.download_dir("project", target)
                self.assertEqual(expected, self.tree(target))

    def test_a_transfer_that_breaks_starts_over(self) -> None:
        source = self.make("source")
        whole = b"".join(FolderUpload(source))
        sent = named(whole)

        def cut(x: Any) -> None:
            x.send_response(200)
            x.send_header("content-length", str(len(sent)))
            x.end_headers()
            x.wfile.write(sent[:100_000])
            x.close_connection = True

        for index in range(2):
            with ScriptedServer(cut, lambda x: x.bytes(sent), lambda x: x.drop(), lambda x: x.json({"files": 1, "directories": 0, "bytes": 1})) as server:
                with sandboxes(server.url, QUICK) as both:
                    both[index].files.download_dir("x", self.folder / f"copy{index}")
                    self.assertEqual((source / "a").read_bytes(), (self.folder / f"copy{index}/a").read_bytes())
                    both[index].files.upload_dir(source)
                    self.assertEqual(whole, server.requests[-1].body)

    def test_what_is_no_folder(self) -> None:
        with ScriptedServer(lambda x: x.drop()) as server, sandboxes(server.url) as both:
            for sandbox in both:
                self.assertRaises(NotADirectoryError, sandbox.files.upload_dir, self.folder / "nothing")
            self.assertEqual([], server.requests)

    def archive(self, *members: tuple[str, bytes, str]) -> io.BytesIO:
        """An archive of (name, type, where a link leads or a file's content)."""
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w") as archive:
            for name, kind, text in members:
                member = tarfile.TarInfo(name if name.startswith(("/", "..")) else f"folder/{name}")
                member.type, member.mode = kind, 0o4777
                if kind == tarfile.REGTYPE:
                    member.size = len(text)
                else:
                    member.linkname = text
                archive.addfile(member, io.BytesIO(text.encode()))
        data.seek(0)
        return data

    def test_nothing_is_written_outside_of_the_folder(self) -> None:
        file, link = tarfile.REGTYPE, tarfile.SYMTYPE
        secret = self.folder / "secret"
        secret.write_text("old")
        for name, members in {
            "absolute": [(str(secret), file, "x")],
            "upwards": [("../secret", file, "x")],
            "upwards in the middle": [("a/../../secret", file, "x")],
            "a link out": [("l", link, "../secret")],
            "an absolute link": [("l", link, str(secret))],
            "a link through a later link": [("x", link, "a/.."), ("a", link, ".")],
            "a link below a link": [("l", link, "."), ("l/m", link, "..")],
            "a hard link": [("h", tarfile.LNKTYPE, "../secret")],
            "a device": [("d", tarfile.CHRTYPE, "")],
            "a pipe": [("p", tarfile.FIFOTYPE, "")],
        }.items():
            with self.subTest(name):
                target = self.folder / name
                self.assertRaises(UnsafeArchiveError, unpack, self.archive(*members), target)
                self.assertEqual("old", secret.read_text())
        # A file below the name of a link, in either order, stays in the folder.
        for members in ([("l", link, "."), ("l/f", file, "x")], [("l/f", file, "x"), ("l", link, ".")]):
            with self.assertRaises(OSError):
                unpack(self.archive(*members), self.folder / "both")
            self.assertFalse((self.folder / "both/f").exists())

    def test_a_local_link_is_replaced_and_not_followed(self) -> None:
        target, secret = self.folder / "target", self.folder / "secret"
        target.mkdir()
        secret.write_text("old")
        (target / "f").symlink_to(secret)
        unpack(self.archive(("f", tarfile.REGTYPE, "new")), target)
        self.assertEqual(("old", "new", False), (secret.read_text(), (target / "f").read_text(), (target / "f").is_symlink()))
        self.assertEqual(0o777, stat.S_IMODE((target / "f").stat().st_mode), "without the bits that make it another user's program")
        (target / "d").symlink_to(self.folder)
        self.assertRaises(UnsafeArchiveError, unpack, self.archive(("d/secret", tarfile.REGTYPE, "x")), target)
        self.assertEqual("old", secret.read_text())
