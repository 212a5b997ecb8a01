"""The blocking half is what the generator makes of the asyncio half."""

from __future__ import annotations

import subprocess
import sys
import unittest

import podflare
from service import REPOSITORY

GENERATOR = REPOSITORY / "clients/python/unasync.py"


class GeneratedTests(unittest.TestCase):
    def test_the_blocking_half_is_up_to_date(self) -> None:
        done = subprocess.run([sys.executable, GENERATOR, "--check"], capture_output=True, text=True, timeout=60)
        self.assertEqual((0, ""), (done.returncode, done.stdout + done.stderr))

    def test_nothing_asynchronous_is_left(self) -> None:
        for path in (REPOSITORY / "clients/python/src/podflare/_sync").glob("*.py"):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if path.name != "io.py" and number > 1:
                    self.assertNotRegex(line, r"\basync\b|Async[A-Z]|\bawait\b|anyio|__a(enter|exit|iter|next|wait)__", f"{path}:{number}")

    def test_both_halves_offer_the_same(self) -> None:
        for blocking, asynchronous in ((podflare.Client, podflare.AsyncClient), (podflare.Sandbox, podflare.AsyncSandbox), (podflare.RunStream, podflare.AsyncRunStream)):
            public = [{name for name in dir(kind) if not name.startswith("_")} for kind in (blocking, asynchronous)]
            self.assertEqual(public[0], public[1])
            for name in public[0]:
                self.assertTrue(getattr(blocking, name).__doc__, f"{blocking.__name__}.{name} has no docstring")
