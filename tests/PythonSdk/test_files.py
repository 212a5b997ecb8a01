"""Files go both ways in pieces, whole or not at all."""

from __future__ import annotations

import asyncio
import io
import os
import tempfile
import unittest
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from file_server import FileServer
from flavours import QUICK
from podflare import AsyncClient, AsyncSandbox, Client, ConnectionFailedError, DiskFullError, RemoteFileNotFoundError, Sandbox

DATA = os.urandom(3 << 20)


class FilesTests(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.local = Path(folder.name, "file")
        self.local.write_bytes(DATA)
        self.server = FileServer()
        self.addCleanup(self.server.__exit__)
        self.client = Client(self.server.url, retry=QUICK)
        self.addCleanup(self.client.close)
        self.sandbox = Sandbox(client=self.client)

    def test_every_kind_of_source(self) -> None:
        for source in (DATA, bytearray(DATA), memoryview(DATA), self.local, io.BytesIO(DATA), (DATA[i : i + 1000] for i in range(0, len(DATA), 1000))):
            self.sandbox.upload("a", source)
            self.assertEqual(DATA, self.server.files.pop("/root/a"), type(source))
        self.sandbox.upload("a", "é")
        self.assertEqual("é".encode(), self.server.files["/root/a"])
        with open(self.local, "rb") as file:
            file.seek(5)
            self.sandbox.upload("a", file)
        self.assertEqual(DATA[5:], self.server.files["/root/a"])
        self.sandbox.upload("a", b"")
        self.assertEqual(b"", self.sandbox.download("a"))
        self.assertRaises(TypeError, self.sandbox.upload, "a", 3)

    def test_a_known_length_is_sent(self) -> None:
        for source in (DATA, self.local, io.BytesIO(DATA)):
            self.sandbox.upload("a", source)
            self.assertEqual(str(len(DATA)), self.server.requests[-1].headers["content-length"])

    def test_every_way_of_download(self) -> None:
        self.sandbox.upload("a", DATA)
        self.assertEqual(DATA, self.sandbox.download("a"))
        self.assertEqual(DATA, b"".join(self.sandbox.download_stream("a")))
        self.sandbox.download_to("a", self.local.with_name("copy"))
        self.assertEqual(DATA, self.local.with_name("copy").read_bytes())
        target = io.BytesIO()
        self.sandbox.download_to("a", target)
        self.assertEqual(DATA, target.getvalue())

    def test_an_upload_that_breaks_is_repeated_where_its_source_can_be_read_again(self) -> None:
        for source in (DATA, self.local, io.BytesIO(DATA)):
            self.server.breaks = [0, 0]
            self.sandbox.upload("a", source)
            self.assertEqual(DATA, self.server.files.pop("/root/a"))

        def once() -> Iterator[bytes]:
            yield DATA

        self.server.breaks = [0]
        self.assertRaises(ConnectionFailedError, self.sandbox.upload, "a", once())

    def test_a_download_that_breaks_begins_anew_where_that_can_be_undone(self) -> None:
        self.server.files["/root/a"] = DATA
        for at in (1, len(DATA) - 1):
            self.server.breaks = [at, at]
            self.assertEqual(DATA, self.sandbox.download("a"))
            self.server.breaks = [at, at]
            self.sandbox.download_to("a", self.local)
            self.assertEqual(DATA, self.local.read_bytes())
            self.server.breaks = [at]
            with self.assertRaises(ConnectionFailedError):
                for _ in self.sandbox.download_stream("a"):
                    pass

    def test_a_local_file_is_whole_or_as_it_was(self) -> None:
        self.server.files["/root/a"] = b"new"
        self.server.breaks = [1] * 4
        self.assertRaises(ConnectionFailedError, self.sandbox.download_to, "a", self.local)
        self.assertEqual(DATA, self.local.read_bytes())
        self.assertEqual([self.local.name], os.listdir(self.local.parent))

    def test_paths(self) -> None:
        paths = {"/tmp/x y": "/tmp/x y", "é/ü": "/root/é/ü", "./a//b/.": "/root/a/b", "a?b#c%2F": "/root/a?b#c%2F", "/root/😀": "/root/😀"}
        for path, absolute in paths.items():
            self.sandbox.upload(path, path)
            self.assertEqual(path.encode(), self.server.files.pop(absolute))
        for path in ("", "/", "a/../b", "..", "a\0b", "\ud800"):
            self.assertRaises(ValueError, self.sandbox.upload, path, b"")
        self.assertRaises(ValueError, Sandbox.attach, "..", client=self.client)

    def test_a_name_that_is_not_utf_8_is_sent_as_it_is(self) -> None:
        self.sandbox.upload("\udcff", b"1")
        self.assertTrue(self.server.requests[-1].target.endswith("/files/root/%FF"), self.server.requests[-1].target)

    def test_listing_and_deleting(self) -> None:
        self.sandbox.upload("a", b"12")
        self.assertEqual([("a", 2), ("\udcff.txt", 0)], [(file.name, file.size) for file in self.sandbox.list_files()])
        self.sandbox.delete_file("a")
        self.assertRaises(RemoteFileNotFoundError, self.sandbox.download, "a")

    def test_a_full_disk(self) -> None:
        self.server.full = True
        self.assertRaises(DiskFullError, self.sandbox.upload, "a", b"12")

    def test_async(self) -> None:
        async def chunks() -> AsyncIterator[bytes]:
            yield DATA[:10]
            yield b""
            yield DATA[10:]

        async def all_of_it() -> None:
            async with AsyncClient(self.server.url, retry=QUICK) as client, AsyncSandbox(client=client) as sandbox:
                for source in (DATA, self.local, io.BytesIO(DATA), [DATA[:7], b"", DATA[7:]], chunks()):
                    await sandbox.upload("a", source)
                    self.assertEqual(DATA, self.server.files["/root/a"], type(source))
                self.server.breaks = [0]
                await sandbox.upload("a", self.local)
                self.server.breaks = [5]
                self.assertEqual(DATA, await sandbox.download("a"))
                self.assertEqual(DATA, b"".join([piece async for piece in sandbox.download_stream("a")]))
                self.server.breaks = [len(DATA) - 1]
                await sandbox.download_to("a", self.local.with_name("copy"))
                self.assertEqual(DATA, self.local.with_name("copy").read_bytes())
                self.assertEqual(2, len(await sandbox.list_files()))
                await sandbox.delete_file("a")

        asyncio.run(all_of_it())
