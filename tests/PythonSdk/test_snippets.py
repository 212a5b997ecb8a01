"""Every Python block of the README runs as it is written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from service import ADMIN_KEY, REPOSITORY, SERVICE, WITH_KEYS

README = REPOSITORY / "clients/python/README.md"
LIMIT_SECONDS = 60

# By a text of the snippet: what it prints.
EXPECTED = {
    "ls -la; exit 3": "42\n\n1 ZeroDivisionError\n3\n",
    "s.detach()": "3\n\n",
    'print(f"[{event.seq}] out': "[1] out: 0\n[2] out: 1\n[3] out: 2\nexit code: 0\n",
    "run.interrupt()": "130 interrupted\nTrue\n\n",
    "result.for_model(": "999\n[exit code 3]\n",
    "on_stdout=": "got 0\ngot 1\ngot 2\n0\n",
    "result.main.text": "{'total': 42}\nworking\n{'total': 42}\nFalse <table></table> None\n",
    "stdin=lambda": "42\n\nAda 1815\n\n",
    "tools={": "4\n",
    "s.open_terminal(": "9\n10\n\n/tmp hello\n\n['web']\nSIGTERM\nTrue\n",
    "s.contexts.create(": "1 2\nNameError\nNameError\n",
    "s.files.watch(": "one\n False\n4 ['old.txt']\n1\n1\n2\n\n/root/project/new\n",
    "s.start_code(": "True\n['working', 'done']\n",
    "asyncio.run": "0\n1\n2\ndone\n\n",
    "RetryPolicy(": "2 1\n\n3 2\n\n4 3\n\n5 4\n\n6 0\nended\n1\n6\n",
    "s.upload(": "b'a,b\\n1,2\\n'\n8\n['data.csv']\n",
    "a.diff(b)": "('/root/only-a.txt',) () ()\n",
    "print('also traced')": "",
    "client.tenants.create": "acme active\npf_live_\nacme ['read', 'sandboxes']\n['ci', 'ci']\nsuspended\n0 0\nTrue\n",
}


def snippets() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


class SnippetTests(unittest.TestCase):
    def run_snippet(self, code: str) -> str:
        administers = "client.tenants" in code
        environment = {**os.environ, "PODFLARE_HOSTD_URL": (WITH_KEYS if administers else SERVICE).url, **({"PODFLARE_API_KEY": ADMIN_KEY} if administers else {})}
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=folder, capture_output=True, text=True, timeout=LIMIT_SECONDS)
        self.assertEqual(0, done.returncode, f"{code}\n{done.stderr}")
        return done.stdout

    def test_all_run_as_they_are_written(self) -> None:
        left = dict(EXPECTED)
        for code in snippets():
            with self.subTest(code.splitlines()[-1]):
                printed = self.run_snippet(code)
                for text in [text for text in left if text in code]:
                    self.assertEqual(left.pop(text), printed)
        self.assertEqual({}, left, "each is in the README")
