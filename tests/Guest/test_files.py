"""Files: both ways in chunks, whole or not at all, with the rights of the sandbox's user and none of the supervisor's."""

from __future__ import annotations

import base64
import os
import socket
import stat

from file_tests import CHUNK, FileTestCase, Transfer, text
from host import FILE_CANCEL, FILE_DATA, FILE_DONE, FILE_END, FILE_NEXT


class FilesTests(FileTestCase):
    def leftovers(self, folder: str) -> list[str]:
        return [name for name in os.listdir(folder) if ".part" in name]

    def test_what_was_written_is_read_and_belongs_to_the_user(self) -> None:
        data = os.urandom(2 * CHUNK + 17)
        path = self.path("/new/folder/é")
        done = self.put(path, data[:CHUNK], data[CHUNK : 2 * CHUNK], data[2 * CHUNK :], size=len(data)); self.assertEqual(FILE_DONE, done.kind, done.payload)
        self.assertEqual(data, self.get(path))
        found = os.stat(path)
        self.assertEqual((1000, 1000, 0o644), (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)))
        os.chmod(path, 0o750)
        self.assertEqual(FILE_DONE, self.put(path).kind)
        self.assertEqual(b"", self.get(path))
        self.assertEqual(0o750, stat.S_IMODE(os.stat(path).st_mode))
        self.assertEqual(FILE_DONE, Transfer(self.guest, "delete", path).next().kind)
        self.assert_failed("not_found", self.get(path))
        self.assert_failed("not_found", Transfer(self.guest, "delete", path).next())

    def test_a_file_is_whole_or_as_it_was(self) -> None:
        path = self.path("/file")
        self.put(path, b"old")
        for leave in ("cancel", "kill", "disconnect"):
            transfer = Transfer(self.guest, "write", path)
            self.assertEqual(FILE_NEXT, transfer.next().kind)
            transfer.send(FILE_DATA, b"x" * CHUNK)
            self.assertEqual(FILE_NEXT, transfer.next().kind)
            self.assertEqual(b"old", self.read(path))
            if leave == "cancel":
                transfer.send(FILE_CANCEL)
            elif leave == "kill":
                self.guest.bash(f"kill -KILL {self.worker()}")
                self.assert_failed("gone", transfer.next())
            else:
                self.guest.disconnect()
                self.guest.accept()
            self.wait_for_no_process()
            self.assertEqual((b"old", []), (self.read(path), self.leftovers(self.path())))

    def test_a_stopped_process_of_a_transfer_goes_as_well(self) -> None:
        transfer = Transfer(self.guest, "write", self.path())
        transfer.next()
        self.guest.bash(f"kill -STOP {self.worker()}")
        transfer.send(FILE_CANCEL)
        self.wait_for_no_process()

    def test_the_user_is_refused_what_he_may_not(self) -> None:
        secret = self.guest.folder / "secret"
        secret.write_text("root's")
        secret.chmod(0o600)
        os.makedirs(self.path())
        os.chown(self.path(), 1000, 1000)
        link = self.path("/link")
        os.symlink(secret, link)
        for path in (str(secret), link, f"{self.guest.home}/../secret"):
            self.assert_failed("denied", self.get(path))
            self.assert_failed("denied", self.put(path, b"mine"))
        self.assert_failed("denied", self.put(str(self.guest.folder / "new"), b"mine"))
        self.assert_failed("denied", Transfer(self.guest, "delete", str(secret)).next())
        self.assert_failed("denied", self.get("/proc/1/environ"))
        self.assert_failed("denied", Transfer(self.guest, "list", "/proc/1/fd").next())
        self.assertEqual("root's", secret.read_text())
        self.assertEqual(FILE_DONE, Transfer(self.guest, "delete", link).next().kind)
        self.assertFalse(os.path.lexists(link))

    def test_files_that_describe_the_process_of_a_transfer_are_refused(self) -> None:
        os.makedirs(self.path())
        os.chown(self.path(), 1000, 1000)
        link = self.path("/link")
        os.symlink("/proc/thread-self/maps", link)
        for path in ("/proc/self/maps", "/proc/thread-self/smaps", "/proc/self/task/../maps", link):
            self.assert_failed("denied", self.get(path))
        self.assert_failed("denied", Transfer(self.guest, "copy", "/proc/self/maps", to=text(self.path("/copy"))).next())
        self.assertFalse(os.path.exists(self.path("/copy")))

    def test_a_failure_names_the_file(self) -> None:
        path = self.path()
        os.makedirs(path)
        for do, name, detail in (
            ("read", f"{path}/none", f"{path}/none does not exist"),
            ("read", path, f"{path} is a directory"),
            ("delete", path, f"{path} is a directory"),
            ("list", "/proc/1/fd", "the sandbox's user may not list /proc/1/fd"),
            ("list", "/etc/passwd", "/etc/passwd is not a directory"),
            ("read", f"{path}/" + "x" * 256, f"{(path + '/' + 'x' * 256)[:300]}… contains a name that is too long"),
            ("read", f"{path}/" + "y/" * 1_000, f"{(path + '/' + 'y/' * 1_000)[:300]}… does not exist"),
        ):
            self.assertEqual(detail, Transfer(self.guest, do, name).next().json["detail"])

    def test_other_processes_of_the_user_cannot_look_into_that_of_a_transfer(self) -> None:
        transfer = Transfer(self.guest, "write", self.path())
        transfer.next()
        worker = self.worker()
        code = self.guest.run(f"for name in ('mem', 'environ', 'maps', 'fd'):\n    try: open('/proc/{worker}/' + name) if name != 'fd' else __import__('os').listdir('/proc/{worker}/fd')\n    except PermissionError: print(name)")
        self.assertEqual(b"mem\nenviron\nmaps\nfd\n", code.stdout, (worker, code))

    def test_only_plain_files_are_files(self) -> None:
        os.makedirs(self.path())
        os.chown(self.path(), 1000, 1000)
        os.mkfifo(self.path("/pipe"), 0o666)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(self.path("/socket"))
            os.chmod(self.path("/socket"), 0o777)
            for path in (self.path("/pipe"), self.path("/socket"), self.path(), "/dev/null", "/dev/zero", "/"):
                self.assert_failed("not_a_file", self.get(path))
                self.assert_failed("not_a_file", self.put(path, b"x"))
        self.assert_failed("not_a_file", Transfer(self.guest, "delete", self.path()).next())
        os.symlink("loop", self.path("/loop"))
        self.assert_failed("not_a_file", self.get(self.path("/loop")))
        self.put(self.path("/file"), b"x")
        self.assert_failed("not_a_directory", self.put(self.path("/file/x"), b"x"))
        self.assert_failed("not_found", self.get(self.path("/file/x")))
        self.assert_failed("not_a_directory", Transfer(self.guest, "list", self.path("/file")).next())
        self.assert_failed("invalid", self.put(self.path("/" + 256 * "x"), b"x"))
        self.assert_failed("invalid", self.get("relative"))

    def test_a_link_is_written_through_and_stays(self) -> None:
        self.put(self.path("/file"), b"old")
        os.symlink("file", self.path("/link"))
        os.symlink("later", self.path("/dangling"))
        self.put(self.path("/link"), b"new")
        self.put(self.path("/dangling"), b"new")
        self.assertEqual([b"new", b"new"], [self.read(self.path(name)) for name in ("/file", "/later")])
        self.assertEqual("file", os.readlink(self.path("/link")))

    def test_what_does_not_fit_leaves_the_old_file(self) -> None:
        self.guest.mount_memory(self.path(), "3m")
        self.assertEqual(FILE_DONE, self.put(self.path("/file"), b"old").kind)
        self.assert_failed("full", self.put(self.path("/file"), size=4 * CHUNK))
        self.assert_failed("full", self.put(self.path("/file"), *[bytes(CHUNK)] * 4))
        self.assertEqual(b"old", self.get(self.path("/file")))
        self.assertEqual(["file"], self.names(self.path()))
        self.assertEqual(FILE_DONE, self.put(self.path("/other"), *[bytes(CHUNK)] * 2).kind)

    def names(self, path: str) -> list[str]:
        return [base64.b64decode(file["name"]).decode() for file in Transfer(self.guest, "list", path).next().json["files"]]

    def test_a_listing_comes_in_pages_with_any_name(self) -> None:
        os.makedirs(self.path("/folder"))
        wanted = [b"\xff", "é".encode(), *(b"%04d" % i for i in range(2_000)), b"folder", b"link"]
        for name in wanted[:-2]:
            with open(os.path.join(self.path().encode(), name), "wb") as file:
                file.write(b"123")
        os.symlink("folder", self.path("/link"))
        found, after, pages = {}, "", 0
        while True:
            page = Transfer(self.guest, "list", self.path(), after=after, limit=700).next().json
            found.update({base64.b64decode(file["name"]): file for file in page["files"]})
            self.assertLessEqual(len(page["files"]), 700)
            after, pages = page["next"], pages + 1
            if after is None:
                break
        self.assertEqual((sorted(wanted), 3), (list(found), pages))
        self.assertEqual([("file", 3), ("directory", None), ("symlink", 6)], [(found[name]["type"], found[name]["size"] if name != b"folder" else None) for name in (b"\xff", b"folder", b"link")])
        self.assertAlmostEqual(os.stat(self.path("/0001")).st_mtime * 1000, found[b"0001"]["modified_ms"], delta=1)
        self.assertEqual(1_000, len(Transfer(self.guest, "list", self.path(), limit=5_000).next().json["files"]))
        self.assertEqual(b"123", self.get(os.path.join(self.path().encode(), b"\xff")))

    def test_a_file_that_shrinks_is_no_whole_file_and_one_that_grows_has_its_first_size(self) -> None:
        self.put(self.path("/file"), *[b"x" * CHUNK] * 2)
        transfer = Transfer(self.guest, "read", self.path("/file"))
        self.assertEqual(2 * CHUNK, transfer.next().json["size"])
        transfer.send(FILE_NEXT)
        self.assertEqual(CHUNK, len(transfer.next().payload))
        os.truncate(self.path("/file"), CHUNK + 5)
        transfer.send(FILE_NEXT)
        self.assertEqual(5, len(transfer.next().payload))
        self.assert_failed("changed", transfer.next())
        transfer = Transfer(self.guest, "read", self.path("/file"))
        transfer.next()
        os.truncate(self.path("/file"), 3 * CHUNK)
        for length in (CHUNK, 5):
            transfer.send(FILE_NEXT)
            self.assertEqual(length, len(transfer.next().payload))
        transfer.send(FILE_NEXT)
        self.assertEqual(FILE_END, transfer.next().kind)
        self.assertIn(b"MemTotal", self.get("/proc/meminfo"))

    def test_one_chunk_at_a_time_and_nothing_out_of_turn(self) -> None:
        transfer = Transfer(self.guest, "write", self.path())
        transfer.next()
        self.guest.bash(f"kill -STOP {self.worker()}")  # it would ask for the second
        transfer.send(FILE_DATA, b"1")
        transfer.send(FILE_DATA, b"2")
        self.assert_failed("invalid", transfer.next())
        transfer = Transfer(self.guest, "write", self.path())
        transfer.next()
        transfer.send(FILE_DATA, bytes(CHUNK + 1))
        self.assert_failed("invalid", transfer.next())
        transfer.send(FILE_NEXT)  # late frames of what has ended are nothing
        self.assertFalse(os.path.exists(self.path()))

    def test_the_supervisor_answers_while_a_transfer_hangs(self) -> None:
        slow = Transfer(self.guest, "write", self.path())
        slow.next()
        self.guest.bash(f"kill -STOP {self.worker()}")
        slow.send(FILE_DATA, bytes(CHUNK))
        self.assertEqual(b"1\n", self.guest.run("print(1)").stdout)
        self.assertEqual(FILE_DONE, self.put(self.path("2"), b"x").kind)

    def test_there_are_16_transfers_at_most(self) -> None:
        transfers = [Transfer(self.guest, "write", self.path(f"{i}")) for i in range(17)]
        frames = [transfer.next() for transfer in transfers]
        self.assertEqual([FILE_NEXT] * 16, [frame.kind for frame in frames[:16]])
        self.assert_failed("busy", frames[16])

    def test_a_time_out_of_python_kills_what_the_run_started_and_no_transfer(self) -> None:
        run = self.guest.start("import subprocess, time\nsubprocess.Popen(['sleep', '1000'])\nprint('on', flush=True)\ntime.sleep(1000)", timeout_ms=1_000)
        self.guest.wait(lambda: b"on" in self.guest.output(run), "output")
        transfer = Transfer(self.guest, "write", self.path())
        transfer.next()
        self.assertEqual(124, self.guest.result(run).code)
        self.assertEqual(b"", self.guest.bash("pgrep -r R,S,D,T sleep || true").stdout)
        transfer.send(FILE_DATA, b"x")
        self.assertEqual(FILE_NEXT, transfer.next().kind)
        transfer.send(FILE_END)
        self.assertEqual(FILE_DONE, transfer.next().kind)
