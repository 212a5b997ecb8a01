"""The pages of Start and Guides: each block of shell and Python runs as it is written, in the order of the page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from service import REPOSITORY, SERVICE

LIMIT_SECONDS = 60
BLOCK = re.compile(r"(?P<mark><!-- not executed[^>]*-->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)

# What the blocks of a page print that no block of text follows.
PRINTED = {
    "start/curl.md": ['{"type":"exit","data":0,', '"data":"42', r'"seq":4', ""],
    "start/mcp.md": ["42"],
    "start/command-line.md": ["sbx_", "test"],
    "guides/files.md": ["404", "42"],
    "guides/sandbox-spans.md": ["load csv"],
}
PAGES = ("start/curl.md", "start/python.md", "start/command-line.md", "start/mcp.md", "guides/files.md", "guides/long-runs.md", "guides/tracing.md", "guides/sandbox-spans.md")


class PageTests(unittest.TestCase):
    def test_the_blocks_run_as_they_are_written(self) -> None:
        for page in PAGES:
            with self.subTest(page), tempfile.TemporaryDirectory() as folder:
                self.run_page(page, Path(folder))

    def run_page(self, page: str, folder: Path) -> None:
        blocks = list(BLOCK.finditer((REPOSITORY / "docs" / page).read_text(encoding="utf-8")))
        more = list(PRINTED.get(page, []))
        ran = 0
        script = ""
        for index, block in enumerate(blocks):
            if block["mark"] or block["language"] not in ("sh", "python"):
                continue
            ran += 1
            following = blocks[index + 1] if index + 1 < len(blocks) else None
            if block["language"] == "python":
                printed = self.run_command([sys.executable, "-c", block["text"]], folder)
            else:
                # Variables of earlier blocks are still set; what those printed is not looked at again.
                printed = self.run_command(["bash", "-euo", "pipefail", "-c", f"{{ {script}:; }} >/dev/null\n{block['text']}"], folder)
                script = "" if "-X DELETE $B/v1/sandboxes/$S\n" in block["text"] or "sandbox rm" in block["text"] else f"{script}{block['text']}"
            if following is not None and following["language"] == "text":
                self.assertEqual(following["text"], printed, f"{page}: {block['text']}")
            elif more:
                self.assertIn(more.pop(0), printed, f"{page}: {block['text']}")
        self.assertGreater(ran, 0, page)
        self.assertEqual([], more, page)

    def run_command(self, command: list[str], folder: Path) -> str:
        tools = folder / ".tools"
        tools.mkdir(exist_ok=True)
        program = REPOSITORY / "artifacts/bin/Cli/release/podflare.dll"
        (tools / "podflare").write_text(f'#!/bin/sh\nexec dotnet {program} "$@"\n', encoding="utf-8")
        (tools / "podflare").chmod(0o755)
        environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "PODFLARE_HOSTD_URL": SERVICE.url, "XDG_CONFIG_HOME": str(tools / "config")}
        done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=LIMIT_SECONDS)
        self.assertEqual(0, done.returncode, f"{command[-1]}\n{done.stdout}{done.stderr}")
        return done.stdout
