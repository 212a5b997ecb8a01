"""Bytecode of the guest: what a container reports, and what an interpreter makes of a set that is right, damaged or of another version."""

from __future__ import annotations

import base64
import importlib.util
import shutil
import tempfile
import unittest
from pathlib import Path

from host import GUEST, Guest

# PEP 552: the source has a hash, and is not looked at.
UNCHECKED = (1).to_bytes(4, "little")


def reported() -> dict:
    with Guest(arguments=("--bytecode",)) as guest:
        return guest.frames[0].json["bytecode"]


class BytecodeTests(unittest.TestCase):
    report: dict

    @classmethod
    def setUpClass(cls) -> None:
        cls.report = reported()

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="bytecode"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.folder.chmod(0o755)
        self.source = self.folder / "guest"
        shutil.copytree(GUEST, self.source, ignore=shutil.ignore_patterns("__pycache__"))

    def write(self, change: object = lambda name, content: content) -> None:
        """Puts the set beside the sources, as a worker does."""
        for name, text in self.report["files"].items():
            path = self.source / name
            target = path.parent / "__pycache__" / f"{path.stem}.{self.report['tag']}.pyc"
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(change(name, base64.b64decode(text)))

    def test_every_file_is_there_for_this_interpreter_and_is_not_checked_against_its_source(self) -> None:
        self.assertEqual({str(path.relative_to(GUEST)) for path in GUEST.rglob("*.py")}, set(self.report["files"]))
        self.assertEqual(importlib.util.MAGIC_NUMBER.hex(), self.report["magic"])
        for name, text in self.report["files"].items():
            content = base64.b64decode(text)
            self.assertEqual(importlib.util.MAGIC_NUMBER + UNCHECKED, content[:8], name)
            source = (GUEST / name).read_bytes()
            self.assertEqual(importlib.util.source_hash(source), content[8:16], name)

    def test_a_guest_runs_from_its_bytecode(self) -> None:
        self.write()
        # Sources that do not compile show what is executed.
        for name in self.report["files"]:
            if name not in ("main.py", "repl.py"):
                (self.source / name).write_text("this is no Python\n")
        with Guest(source=self.source) as guest:
            self.assertEqual(b"42\n", guest.run("print(6 * 7)").stdout)
            self.assertEqual(b"bash\n", guest.bash("echo bash").stdout)

    def test_bytecode_of_another_interpreter_is_not_executed(self) -> None:
        def foreign(name: str, content: bytes) -> bytes:
            # Its code would end the guest at once.
            return b"\x00\x00\x0d\x0a" + content[4:16] + b"garbage"

        self.write(foreign)
        with Guest(source=self.source) as guest:
            self.assertEqual(b"42\n", guest.run("print(6 * 7)").stdout)

    def test_a_guest_asked_to_exit_ends_with_everything_in_it(self) -> None:
        with Guest() as guest:
            guest.run("import subprocess; subprocess.Popen(['sleep', '600'], start_new_session=True)")
            guest.send(8)
            self.assertEqual(0, guest.process.wait(10))


if __name__ == "__main__":
    unittest.main()
