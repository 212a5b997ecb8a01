"""What the tests of files have in common: the host's side of a transfer, and a guest that all tests of a class share."""

from __future__ import annotations

import base64
import json
import unittest

from host import FILE, FILE_CANCEL, FILE_DATA, FILE_DONE, FILE_END, FILE_FAILED, FILE_NEXT, FILE_OPENED, Frame, Guest

CHUNK = 1 << 20


def text(path: bytes | str) -> str:
    return base64.b64encode(path if isinstance(path, bytes) else path.encode()).decode()


class Transfer:
    """The host's side of one transfer."""

    last = 0

    def __init__(self, guest: Guest, do: str, path: bytes | str, **fields: object) -> None:
        Transfer.last += 1
        self.guest, self.number = guest, Transfer.last
        self.seen = len(guest.frames)
        guest.send(FILE, json.dumps({"do": do, "path": text(path), **fields}).encode(), self.number)

    def next(self) -> Frame:
        def found() -> Frame | None:
            return next((f for f in self.guest.frames[self.seen :] if f.kind >= FILE and f.number == self.number), None)

        frame = self.guest.wait(found, "a frame of the transfer")
        self.seen = self.guest.frames.index(frame, self.seen) + 1
        return frame

    def send(self, kind: int, payload: bytes = b"") -> None:
        self.guest.send(kind, payload, self.number)


class FileTestCase(unittest.TestCase):
    guest: Guest

    @classmethod
    def setUpClass(cls) -> None:
        cls.guest = Guest().__enter__()
        cls.addClassCleanup(cls.guest.__exit__)

    def tearDown(self) -> None:
        for number in range(self.first, Transfer.last + 1):
            self.guest.send(FILE_CANCEL, b"", number)
        self.wait_for_no_process()

    def setUp(self) -> None:
        self.first = Transfer.last + 1

    def wait_for_no_process(self) -> None:
        self.guest.wait(lambda: not self.worker() and not self.dead() or self.guest.pump(0.01), "the end of the process")

    def dead(self) -> bytes:
        """Processes that the supervisor has not reaped yet, which count as open transfers."""
        return self.guest.bash("awk '/^State/ { dead = $2 == \"Z\" } /^PPid/ && dead && $2 == 1' /proc/[0-9]*/status 2>/dev/null").stdout

    def worker(self) -> str:
        """The process id, inside, of the transfer that is open."""
        script = "for p in /proc/[0-9]*; do n=${p#/proc/}; [ $n != 1 ] && grep -q [m]ain.py $p/cmdline 2>/dev/null && awk '/^Uid/ && $2 == 1000' $p/status | grep -q . && echo $n; done; true"
        return self.guest.bash(script).stdout.decode().strip()

    def path(self, name: str = "") -> str:
        return f"{self.guest.home}/{self.id().rpartition('.')[2]}{name}"

    def put(self, path: bytes | str, *chunks: bytes, do: str = "write", **fields: object) -> Frame:
        transfer = Transfer(self.guest, do, path, **fields)
        for chunk in chunks:
            frame = transfer.next()
            if frame.kind != FILE_NEXT:
                return frame
            transfer.send(FILE_DATA, chunk)
        frame = transfer.next()
        if frame.kind != FILE_NEXT:
            return frame
        transfer.send(FILE_END)
        return transfer.next()

    def get(self, path: bytes | str, do: str = "read", **fields: object) -> bytes | Frame:
        transfer = Transfer(self.guest, do, path, **fields)
        self.opened = frame = transfer.next()
        if frame.kind != FILE_OPENED:
            return frame
        found = b""
        while True:
            transfer.send(FILE_NEXT)
            frame = transfer.next()
            if frame.kind == FILE_END:
                return found
            if frame.kind != FILE_DATA:
                return frame
            found += frame.payload

    def do(self, do: str, path: bytes | str, **fields: object) -> Frame:
        return Transfer(self.guest, do, path, **fields).next()

    def done(self, do: str, path: bytes | str, **fields: object) -> dict:
        frame = self.do(do, path, **fields)
        self.assertEqual(FILE_DONE, frame.kind, frame.payload[:300])
        return frame.json

    def assert_failed(self, code: str, frame: object) -> dict:
        self.assertIsInstance(frame, Frame)
        assert isinstance(frame, Frame)
        self.assertEqual((FILE_FAILED, code), (frame.kind, frame.json.get("code")), frame.payload[:200])
        self.assertTrue(frame.json["detail"])
        return frame.json

    @staticmethod
    def read(path: str) -> bytes:
        with open(path, "rb") as file:
            return file.read()
