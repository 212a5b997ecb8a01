"""The agents of the guides run as they are written, with stubs of the frameworks whose models are scripted."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

from service import REPOSITORY, SERVICE

STUBS = Path(__file__).parent / "stubs"
LIMIT_SECONDS = 60
# Guide: the folder of its stub.
GUIDES = {
    "deepagents": "deepagents",
    "openai-agents": "agents",
    "anthropic": "anthropic",
    "smolagents": "smolagents",
    "llamaindex": "llama_index",
    "pydantic-ai": "pydantic_ai",
    "autogen": "autogen_core",
}


class GuideTests(unittest.TestCase):
    def test_the_agents_run_as_they_are_written(self) -> None:
        paths = [str(REPOSITORY / "clients/python/src"), str(STUBS)]
        environment = {**os.environ, "PODFLARE_HOSTD_URL": SERVICE.url, "PYTHONPATH": os.pathsep.join(paths)}
        for guide in GUIDES:
            text = (REPOSITORY / f"docs/guides/{guide}.md").read_text(encoding="utf-8")
            (program,) = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
            with self.subTest(guide):
                done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=LIMIT_SECONDS)
                self.assertEqual((0, "The code printed 5050.\n"), (done.returncode, done.stdout), done.stderr)

    def test_each_names_the_version_of_its_stub(self) -> None:
        for guide, stub in GUIDES.items():
            with self.subTest(guide):
                text = (REPOSITORY / f"docs/guides/{guide}.md").read_text(encoding="utf-8")
                (version,) = re.findall(r"Tested against a stub of (\S+ [0-9a-z.]*[0-9a-z]),", text)
                self.assertIn(f"A stub of {version}", (STUBS / stub / "__init__.py").read_text(encoding="utf-8"))
