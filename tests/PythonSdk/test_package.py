"""The package as it is delivered: typed, built, installed."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile
from pathlib import Path

from service import REPOSITORY

SOURCES = REPOSITORY / "clients/python"
LIMIT_SECONDS = 120

# What a caller writes, as a type checker sees it.
CALLER = """
from podflare import AsyncSandbox, Event, Sandbox

def blocking() -> int | None:
    with Sandbox(metadata={"a": "b"}) as s:
        for event in s.run_code_stream("1"):
            if event.type == "stdout":
                reveal_type(event)
                print(event.data.upper(), event.seq)
            elif event.type == "stderr":
                print(event.data.upper())
            elif event.type == "exit":
                reveal_type(event)
                return event.code
            elif event.type == "result":
                print(event.png, event.main)
            elif event.type == "pty":
                print(event.data.decode())
        for change in s.files.watch("/root"):
            print(change.path.upper())
        with s.open_terminal() as terminal:
            terminal.write("ls\\n")
            print(b"".join(terminal).decode())
        print([run.tag for run in s.runs(kind="process")], s.run(["ls"], stdin=b"").signal)
        error = s.contexts.create("a").run_code("1", stdin=lambda request: request.data).error
        return None if error is None else len(error.name)

async def asynchronous() -> list[Event]:
    async with AsyncSandbox() as s:
        await (await s.contexts.get("python")).restart()
        async with s.files.watch("/root") as changes:
            await s.files.write_text("a", (await changes.__anext__()).change)
        async with await s.open_terminal() as terminal:
            print((await terminal.read()).decode())
        await s.run_code("1", on_result=lambda event: event.text, context="a")
        return [event async for event in s.run_code_stream("1")]
"""


class PackageTests(unittest.TestCase):
    def run_it(self, *command: str | Path, cwd: Path | None = None) -> str:
        done = subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True, timeout=LIMIT_SECONDS)
        self.assertEqual(0, done.returncode, f"{command}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def test_types(self) -> None:
        with tempfile.TemporaryDirectory() as cache:
            caller = Path(cache, "caller.py")
            caller.write_text(CALLER)
            told = self.run_it("mypy", "--strict", "--cache-dir", cache, "--config-file", "pyproject.toml", "src/podflare", caller, cwd=SOURCES)
            self.assertIn("StdoutEvent", told)
            self.assertIn("ExitEvent", told)

    def test_wheel_and_sdist(self) -> None:
        with tempfile.TemporaryDirectory() as text:
            folder = Path(text)
            self.run_it(REPOSITORY / "eng/build-python-sdk.sh", folder / "out")
            (wheel,) = (folder / "out").glob("podflare_selfhosted-*-py3-none-any.whl")
            (sdist,) = (folder / "out").glob("podflare_selfhosted-*.tar.gz")
            names = zipfile.ZipFile(wheel).namelist()
            self.assertIn("podflare/py.typed", names)
            with tarfile.open(sdist) as archive:
                self.assertTrue(any(name.endswith("/README.md") for name in archive.getnames()))

            # The distribution's packages show through, since no index is asked.
            self.run_it(sys.executable, "-m", "venv", "--system-site-packages", folder / "venv")
            python = folder / "venv/bin/python"
            self.run_it(python, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet", wheel)
            # -I: without the sources of this repository on its path.
            told = self.run_it(python, "-I", "-c", "import podflare; print(podflare.__version__, podflare.__file__)", cwd=folder)
            self.assertIn(str(folder / "venv"), told)
            version = self.run_it(python, "-I", "-c", "import importlib.metadata as m; print(m.version('podflare-selfhosted'))", cwd=folder)
            self.assertEqual(version.strip(), told.split()[0])
