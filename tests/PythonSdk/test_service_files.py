"""Files of real sandboxes, with both clients."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
import unittest
from collections.abc import Iterator
from pathlib import Path

from podflare import (
    AsyncClient,
    AsyncSandbox,
    Client,
    DiskFullError,
    FileAccessDeniedError,
    InvalidRequestError,
    NotAFileError,
    NotAFolderError,
    RemoteFileNotFoundError,
    Sandbox,
    SandboxEndedError,
)
from service import SERVICE

PIECE = os.urandom(1_000_003)


def pieces(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield PIECE


class ServiceFilesTests(unittest.TestCase):
    client: Client
    sandbox: Sandbox

    @classmethod
    def setUpClass(cls) -> None:
        cls.client = cls.enterClassContext(Client(SERVICE.url))
        cls.sandbox = cls.enterClassContext(Sandbox(client=cls.client))

    def test_a_large_file_goes_both_ways_from_an_iterator_and_into_a_file(self) -> None:
        self.sandbox.upload("large", pieces(40))
        whole = hashlib.sha256()
        for piece in pieces(40):
            whole.update(piece)
        self.assertEqual(f"{whole.hexdigest()}  large\n", self.sandbox.run_code("sha256sum large", language="bash").stdout)
        with tempfile.TemporaryDirectory() as folder:
            local = Path(folder, "copy")
            self.sandbox.download_to("large", local)
            with local.open("rb") as file:
                self.assertEqual(whole.digest(), hashlib.file_digest(file, "sha256").digest())
        self.sandbox.delete_file("large")

    def test_every_name_and_what_stands_under_it(self) -> None:
        self.sandbox.upload("names/é b%#?.txt", "é")
        self.sandbox.run_code("import os\nos.mkdir('names/d'); os.symlink('d', 'names/l'); open(b'names/\\xff', 'w').close()")
        found = [(file.name, file.type) for file in self.sandbox.list_files("names")]
        self.assertEqual([("d", "directory"), ("l", "symlink"), ("é b%#?.txt", "file"), ("\udcff", "file")], found)
        self.assertEqual("é".encode(), self.sandbox.download("names/é b%#?.txt"))
        self.assertTrue(all(file.modified_at and file.size is not None for file in self.sandbox.list_files("names")))

    def test_a_folder_of_more_than_a_page(self) -> None:
        self.sandbox.run_code("os = __import__('os')\nos.mkdir('/tmp/many')\nfor i in range(2500): open(f'/tmp/many/{i:04}', 'w').close()")
        self.assertEqual([f"{i:04}" for i in range(2500)], [file.name for file in self.sandbox.list_files("/tmp/many")])

    def test_refusals(self) -> None:
        self.sandbox.upload("file", b"old")
        self.assertRaises(RemoteFileNotFoundError, self.sandbox.download, "nothing")
        self.assertRaises(NotAFileError, self.sandbox.download, "/root")
        # The second is of a server that can delete folders.
        self.assertRaises((NotAFileError, FileAccessDeniedError), self.sandbox.delete_file, "/tmp")
        self.assertRaises(NotAFolderError, self.sandbox.list_files, "file")
        self.assertRaises(NotAFolderError, self.sandbox.upload, "file/x", b"")
        self.assertRaises(FileAccessDeniedError, self.sandbox.upload, "/etc/passwd", b"")
        self.assertRaises(InvalidRequestError, self.sandbox.download, "x" * 256)
        for source in (b"".join(pieces(70)), pieces(70)):
            self.assertRaises(DiskFullError, self.sandbox.upload, "/tmp/file", source)
        self.assertRaises(RemoteFileNotFoundError, self.sandbox.download, "/tmp/file")

    def test_an_ended_sandbox_has_no_files(self) -> None:
        with Sandbox(client=self.client) as other:
            other.upload("file", b"")
        self.assertRaises(SandboxEndedError, other.download, "file")

    def test_what_differs_between_two_sandboxes(self) -> None:
        with Sandbox(client=self.client) as here, Sandbox(client=self.client) as there:
            for name, one, other in (("same", b"1", b"1"), ("changed", b"1", b"2"), ("here", b"1", None), ("/tmp/there", None, b"1")):
                for sandbox, data in ((here, one), (there, other)):
                    if data is not None:
                        sandbox.upload(name, data)
            found = here.diff(there)
        self.assertEqual((("/root/here",), ("/tmp/there",), ("/root/changed",)), (found.only_here, found.only_there, found.changed))

    def test_async(self) -> None:
        async def all_of_it() -> None:
            async with AsyncClient(SERVICE.url) as client, AsyncSandbox(client=client) as sandbox:
                await asyncio.gather(*(sandbox.upload(f"files/{i}", pieces(3)) for i in range(6)))
                self.assertEqual([(str(i), 3 * len(PIECE)) for i in range(6)], [(file.name, file.size) for file in await sandbox.list_files("files")])
                self.assertEqual(b"".join(pieces(3)), await sandbox.download("files/3"))
                await sandbox.delete_file("files/3")
                self.assertEqual(5, len(await sandbox.list_files("files")))

        asyncio.run(all_of_it())
