"""Archives: a folder as tar and back, whatever is in it, and nothing outside of it."""

from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
import unittest
from collections.abc import Iterator

from file_tests import CHUNK, FileTestCase, Transfer, text
from host import FILE_CANCEL, FILE_DATA, FILE_DONE, FILE_END, FILE_NEXT, FILE_OPENED, Frame


class ArchiveTests(FileTestCase):
    def make(self, script: str) -> None:
        os.makedirs(self.path(), exist_ok=True)
        os.chown(self.path(), 1000, 1000)
        result = self.guest.bash(f"cd {self.path()} && set -e\n{script}")
        self.assertEqual((0, b""), (result.code, result.stderr), result)

    def members(self, data: bytes) -> dict[str, tarfile.TarInfo]:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            return {member.name: member for member in archive.getmembers()}

    @staticmethod
    def archive(*members: tuple[str, object], format: int = tarfile.PAX_FORMAT, **more: object) -> bytes:
        """Each with its content: bytes, None for a folder, or a function that changes the member."""
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=format, **more) as archive:
            for name, content in members:
                member = tarfile.TarInfo(name)
                if content is None:
                    member.type, member.mode = tarfile.DIRTYPE, 0o755
                elif callable(content):
                    content(member)
                else:
                    member.size, member.mtime, member.mode = len(content), 1_600_000_000, 0o640
                archive.addfile(member, io.BytesIO(content) if isinstance(content, bytes) else None)
        return out.getvalue()

    def unpack(self, data: bytes, folder: str = "/in", chunk: int = CHUNK, **fields: object) -> Frame:
        return self.put(self.path(folder), *(data[at : at + chunk] for at in range(0, len(data), chunk)), do="tar_write", **fields)

    # Out

    def test_a_folder_comes_out_as_it_is(self) -> None:
        big = os.urandom(2 * CHUNK + 77)
        self.put(self.path("/folder/big"), big[:CHUNK], big[CHUNK : 2 * CHUNK], big[2 * CHUNK :])
        long = "/".join(["x" * 90] * 4)
        self.make(f"cd folder; chmod 750 .; mkdir -p sub/empty {long}; echo 1 > sub/run; chmod 755 sub/run; ln -s /etc out; ln -s {'y' * 200} far; touch {long}/file $'odd\\xff\\n' é; mkfifo pipe; touch -d @1500000000 big")
        data = self.get(self.path("/folder"), do="tar_read")
        self.assertEqual((FILE_OPENED, None, "directory", text("folder")), (self.opened.kind, self.opened.json["size"], *(self.opened.json["entry"][name] for name in ("type", "name"))))
        found = self.members(data)
        names = sorted(os.path.join("folder", os.path.relpath(os.path.join(at, name), self.path("/folder"))) for at, folders, files in os.walk(self.path("/folder")) for name in folders + files if name != "pipe")
        self.assertEqual(["folder", *names], list(found)[:1] + sorted(list(found)[1:]))
        self.assertEqual((len(big), 1_500_000_000, 0o755, 0o750, "/etc", "y" * 200), (found["folder/big"].size, found["folder/big"].mtime, found["folder/sub/run"].mode, found["folder"].mode, found["folder/out"].linkname, found["folder/far"].linkname))
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            self.assertEqual(big, archive.extractfile("folder/big").read())
        self.assertEqual(0, len(data) % 512)
        # And back, as it was.
        self.assertEqual(FILE_DONE, self.unpack(data, chunk=CHUNK - 1).kind)
        again = self.members(self.get(self.path("/in/folder"), do="tar_read"))
        self.assertEqual({name: (m.type, m.mode, m.size, m.linkname) for name, m in found.items()}, {name: (m.type, m.mode, m.size, m.linkname) for name, m in again.items()})
        self.assertEqual(found["folder/big"].mtime, again["folder/big"].mtime)

    def test_a_file_a_link_and_an_empty_folder_come_out_too(self) -> None:
        self.make("echo 1 > file; mkdir empty; ln -s empty link; mkfifo pipe")
        self.assertEqual(["file"], list(self.members(self.get(self.path("/file"), do="tar_read"))))
        self.assertEqual(["empty"], list(self.members(self.get(self.path("/empty/"), do="tar_read"))))
        self.assertEqual(["link"], list(self.members(self.get(self.path("/link"), do="tar_read"))))
        self.assert_failed("not_a_file", self.get(self.path("/pipe"), do="tar_read"))
        self.assert_failed("not_a_file", self.get("/dev/null", do="tar_read"))
        self.assert_failed("not_found", self.get(self.path("/none"), do="tar_read"))

    def test_what_may_not_be_read_is_named(self) -> None:
        self.make("mkdir folder")
        with open(self.path("/folder/secret"), "w"):
            os.chmod(self.path("/folder/secret"), 0o600)
        self.assertIn("folder/secret", self.assert_failed("denied", self.get(self.path("/folder"), do="tar_read"))["detail"])
        self.assert_failed("denied", self.get("/proc/1/fd", do="tar_read"))

    def test_a_large_file_has_its_size_and_a_transfer_can_be_left(self) -> None:
        self.make("truncate -s 9G sparse")
        transfer = Transfer(self.guest, "tar_read", self.path("/sparse"))
        self.assertEqual(FILE_OPENED, transfer.next().kind)
        transfer.send(FILE_NEXT)
        frame = transfer.next()
        self.assertEqual(9 << 30, tarfile.TarInfo.frombuf(frame.payload[:512], "utf-8", "strict").size)
        transfer.send(FILE_CANCEL)
        self.wait_for_no_process()

    # In

    def test_archives_of_all_usual_dialects_come_in(self) -> None:
        long = "/".join(["d" * 60] * 4) + "/" + "é" * 50
        for format in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
            with self.subTest(format):
                members = [("folder", None), ("./folder/a", b"1"), ("other//b/", None), (long if format != tarfile.USTAR_FORMAT else "e" * 90 + "/" + "f" * 90, b"22"), ("empty", b"")]
                found = self.unpack(self.archive(*members, format=format), f"/in{format}")
                self.assertEqual({"files": 3, "directories": 2, "bytes": 3}, found.json)
                self.assertEqual(b"22", self.read(self.path(f"/in{format}/" + members[3][0])))
                status = os.stat(self.path(f"/in{format}/folder/a"))
                self.assertEqual((0o640, 1_600_000_000, 1000), (stat.S_IMODE(status.st_mode), status.st_mtime, status.st_uid))

    def test_links_come_in_and_are_not_followed(self) -> None:
        def link(target: str, type: bytes = tarfile.SYMTYPE):
            def change(member: tarfile.TarInfo) -> None:
                member.type, member.linkname = type, target
            return change

        data = self.archive(("a", b"abc"), ("hard", link("a", tarfile.LNKTYPE)), ("hard", link("./a", tarfile.LNKTYPE)), ("soft", link("/etc/passwd")), ("soft", link("nowhere")), ("folder/up", link("../a")))
        self.assertEqual({"files": 6, "directories": 0, "bytes": 3}, self.unpack(data).json)
        self.assertEqual((os.stat(self.path("/in/a")).st_ino, "nowhere", "../a"), (os.stat(self.path("/in/hard")).st_ino, os.readlink(self.path("/in/soft")), os.readlink(self.path("/in/folder/up"))))
        # A file in place of a link, and not where the link leads.
        self.make("echo kept > kept; ln -s ../kept in/file")
        self.assertEqual(FILE_DONE, self.unpack(self.archive(("file", b"new"))).kind)
        self.assertEqual((b"kept\n", b"new", False), (self.read(self.path("/kept")), self.read(self.path("/in/file")), os.path.islink(self.path("/in/file"))))
        self.assertFalse([name for name in os.listdir(self.path("/in")) if "podflare" in name])

    def test_nothing_is_written_outside_of_the_folder(self) -> None:
        def member(type: bytes, target: str = ""):
            def change(member: tarfile.TarInfo) -> None:
                member.type, member.linkname = type, target
            return change

        self.make("mkdir outside in; echo old > outside/old; ln -s ../outside in/link; touch in/file")
        for members in (
            [("/absolute", b"x")],
            [("../outside/new", b"x")],
            [("a/../../outside/new", b"x")],
            [("link/new", b"x")],
            [("link/new/", None)],
            [("own", member(tarfile.SYMTYPE, "../outside")), ("own/new", b"x")],
            [("own", member(tarfile.SYMTYPE, self.path("/outside"))), ("own/sub/new", b"x")],
            [("new", member(tarfile.LNKTYPE, "../outside/old"))],
            [("new", member(tarfile.LNKTYPE, "/etc/passwd"))],
            [("new", member(tarfile.LNKTYPE, "link/old"))],
            [("new", member(tarfile.LNKTYPE, "none"))],
            [("link/new", member(tarfile.SYMTYPE, "x"))],
            [("device", member(tarfile.CHRTYPE))],
            [("device", member(tarfile.BLKTYPE))],
            [("pipe", member(tarfile.FIFOTYPE))],
            [("file/below", b"x")],
            [(".", b"x")],
        ):
            with self.subTest(members):
                failed = self.assert_failed("invalid_archive", self.unpack(self.archive(("before", b"12"), ("folder", None), *members)))
                self.assertEqual((1 + (len(members) > 1), 1, 2), (failed["files"], failed["directories"], failed["bytes"]))
                self.assertEqual((["old"], b"old\n"), (os.listdir(self.path("/outside")), self.read(self.path("/outside/old"))))
                self.assertEqual(b"12", self.read(self.path("/in/before")))
        self.assertFalse(os.path.lexists("/absolute"))
        self.assert_failed("not_a_file", self.unpack(self.archive(("folder", b"a file"))))
        self.assert_failed("not_a_directory", self.unpack(self.archive(("a", b"x")), "/in/file"))
        self.assert_failed("denied", self.put("/etc", self.archive(("x", b"x")), do="tar_write"))

    def test_what_is_no_whole_archive_is_refused_and_files_are_whole(self) -> None:
        data = self.archive(("a", b"1" * 1_000), ("b", b"2" * 1_000))
        for broken in (b"", data[:100], data[:512], data[:1_200], data[:1_536], data[:2_600], b"x" * 1_024, data[:300] + b"\xff" + data[301:], data[:512] + data[512:1_536] + b"\1" * 512 + data[2_048:]):
            with self.subTest(len(broken)):
                self.assert_failed("invalid_archive", self.unpack(broken, "/broken"))
        self.assertEqual([1_000] * len(os.listdir(self.path("/broken"))), [os.stat(self.path("/broken/" + name)).st_size for name in os.listdir(self.path("/broken"))])
        # What follows the end is not looked at.
        self.assertEqual(FILE_DONE, self.unpack(data + b"garbage" * 1_000_000).kind)
        self.assertEqual({"files": 0, "directories": 0, "bytes": 0}, self.unpack(bytes(1_024)).json)

    def test_extended_headers_are_bounded(self) -> None:
        for name, key in ((b"a", b"x"), (b"././@LongLink", b"L"), (b"g", b"g")):
            header = bytearray(tarfile.TarInfo(name.decode()).tobuf(tarfile.GNU_FORMAT))
            header[156:157] = key
            header[124:136] = b"%011o\0" % (2 << 20)
            header[148:156] = b" " * 8
            header[148:156] = b"%06o\0 " % sum(header)
            self.assert_failed("invalid_archive", self.unpack(bytes(header) + bytes(2 << 20) + bytes(1_024)))
        for records in (b"15 path=abcd\n", b"13 path=abcde", b"8 pathab\n", b"x path=a\n", b"99999999999999999999 path=a\n", b"13 size=-100\n", b"11 size=ab\n", b"14 mtime=noon\n", b"25 GNU.sparse.size=10000\n", b"18 path=/absolute\n"):
            with self.subTest(records):
                self.assert_failed("invalid_archive", self.unpack(self.pax(records)))
        self.assertEqual(FILE_DONE, self.unpack(self.pax(b"12 path=own\n8 key=a\n")).kind)
        self.assertTrue(os.path.exists(self.path("/in/own")))

    @staticmethod
    def pax(records: bytes) -> bytes:
        member = tarfile.TarInfo("pax")
        member.type, member.size = b"x", len(records)
        return member.tobuf(tarfile.USTAR_FORMAT) + records.ljust(512, b"\0") + tarfile.TarInfo("real").tobuf(tarfile.USTAR_FORMAT) + bytes(1_024)

    def test_odd_names_come_in(self) -> None:
        data = self.archive(("\udcff\n", b"1"), ("é" * 80, b"2"), ("x" * 300, b"3"), encoding="utf-8", errors="surrogateescape")
        failed = self.assert_failed("invalid", self.unpack(data))
        self.assertEqual(2, failed["files"])
        self.assertEqual({b"\xff\n", ("é" * 80).encode()}, set(os.listdir(os.fsencode(self.path("/in")))))

    def test_a_compressed_archive_is_unpacked_on_the_way(self) -> None:
        data = self.archive(("zero", bytes(20_000_000)), ("random", os.urandom(100_000)))
        packed = gzip.compress(data[:5_000_000]) + gzip.compress(data[5_000_000:])
        self.assertLess(len(packed), 200_000)
        for chunk in (CHUNK, 1_000):
            self.assertEqual({"files": 2, "directories": 0, "bytes": 20_100_000}, self.unpack(packed, chunk=chunk, gzip=True).json)
        self.assertEqual(data[512 : 512 + 20_000_000], self.read(self.path("/in/zero")))
        self.assert_failed("invalid_archive", self.unpack(packed[:-60_000], gzip=True))
        self.assert_failed("invalid_archive", self.unpack(data[:100_000], gzip=True))

    def test_what_does_not_fit_is_refused_before_the_memory_ends(self) -> None:
        self.guest.mount_memory(self.path("/memory"), "3m")
        packed = gzip.compress(self.archive(("small", b"x"), ("zero", bytes(20_000_000))))
        self.assertEqual(1, self.assert_failed("full", self.unpack(packed, "/memory", gzip=True))["files"])
        self.assertEqual([text("small")], [file["name"] for file in self.done("list", self.path("/memory"))["files"]])

    # Many members

    def peak(self, transfer: Transfer) -> int:
        """The most memory that the process of the transfer has had, in KiB."""
        script = "for p in /proc/[0-9]*; do [ $p != /proc/1 ] && grep -q [m]ain.py $p/cmdline 2>/dev/null && grep VmHWM $p/status; done; true"
        return max(int(line.split()[1]) for line in self.guest.bash(script).stdout.splitlines())

    def test_fifty_thousand_members_go_in_and_out_in_bounded_memory(self) -> None:
        count = 50_000
        self.guest.mount_memory(self.path("/memory"), "400m")

        def stream() -> Iterator[bytes]:
            for at in range(0, count, 2_000):
                yield self.archive(*((f"{number // 500}/{number}", b"%d" % number) for number in range(at, at + 2_000)))[: 2_000 * 1_024]
            yield bytes(1_024)

        transfer = Transfer(self.guest, "tar_write", self.path("/memory"))
        small = 0
        for number, part in enumerate(stream()):
            for at in range(0, len(part), CHUNK):
                frame = transfer.next()
                self.assertEqual(FILE_NEXT, frame.kind, frame.payload)
                if number == 1 and at == 0:
                    small = self.peak(transfer)
                elif number == count // 2_000 - 1 and at == 0:
                    self.assertLess(self.peak(transfer), small + 2_000)
                transfer.send(FILE_DATA, part[at : at + CHUNK])
        self.assertEqual(FILE_NEXT, transfer.next().kind)
        transfer.send(FILE_END)
        total = sum(len(str(number)) for number in range(count))
        self.assertEqual({"files": count, "directories": 0, "bytes": total}, transfer.next().json)
        # Out, without keeping it here either.
        transfer = Transfer(self.guest, "tar_read", self.path("/memory"))
        self.assertEqual(FILE_OPENED, transfer.next().kind)
        size, members = 0, 0
        while True:
            transfer.send(FILE_NEXT)
            frame = transfer.next()
            if frame.kind == FILE_END:
                break
            self.assertEqual(FILE_DATA, frame.kind, frame.payload[:200])
            size += len(frame.payload)
            members += frame.payload.count(b"ustar  \0")
            if size == 2 * CHUNK:
                small = self.peak(transfer)
            elif size == 40 * CHUNK:
                self.assertLess(self.peak(transfer), small + 2_000)
        self.assertEqual(count + 100 + 1, members)
        self.assertEqual(count * 1_024 + 101 * 512 + 1_024, size)
        self.done("delete", self.path("/memory/0"), recursive=True)

    def test_there_are_a_hundred_thousand_members_at_most(self) -> None:
        self.guest.mount_memory(self.path("/memory"), "100m")
        one = self.archive(("folder", None))[:512]
        self.assertEqual(100_000, self.assert_failed("invalid_archive", self.unpack(one * 100_001 + bytes(1_024), "/memory"))["directories"])


if __name__ == "__main__":
    unittest.main()
