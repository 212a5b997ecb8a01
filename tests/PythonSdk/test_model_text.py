"""The text of a result for a language model, by the vectors that all clients share, and by what holds for every text."""

from __future__ import annotations

import json
import random
import re
import unittest
from typing import Any

from podflare import Client, RunResult, Sandbox
from scripted_server import RUN, SANDBOX, ScriptedServer
from service import REPOSITORY

VECTORS = REPOSITORY / "clients/vectors/for_model.json"


def result_of(stdout: str = "", exit_code: int = 0, **more: Any) -> RunResult:
    return RunResult(stdout, more.pop("stderr", ""), exit_code, more.pop("reason", None), None, RUN, None, **more)


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


class ModelTextTests(unittest.TestCase):
    def test_the_vectors_of_all_clients(self) -> None:
        vectors = json.loads(VECTORS.read_text(encoding="utf-8"))["vectors"]
        self.assertGreater(len(vectors), 30)
        for vector in vectors:
            limit = {} if vector["max_result_chars"] is None else {"max_result_chars": vector["max_result_chars"]}
            with self.subTest(vector["name"]), ScriptedServer(lambda x: x.events(*vector["events"], headers=vector["headers"])) as server:
                with Client(server.url, **limit) as client:
                    result = Sandbox.attach(SANDBOX, client=client).run_code("1", timeout_seconds=vector["timeout_seconds"])
                self.assertEqual(vector["expected"], result.for_model(vector["max_chars"]))

    def test_any_text_fits_keeps_its_ends_and_counts_what_is_missing(self) -> None:
        for _ in range(300):
            length, limit = random.randrange(3_000), random.randrange(256, 1_500)
            text = "".join(random.choice("abc\n😀") for _ in range(length))
            shown = result_of(text, 1, reason="crashed", warnings=("w" * random.randrange(600),)).for_model(limit)
            self.assertLessEqual(units(shown), limit)
            self.assertIn("[crashed with exit code 1; ", shown)
            body = result_of(text).for_model(limit)
            body.encode()
            if units(text) <= limit:
                self.assertEqual(text or "[no output]", body)
                continue
            cut = re.fullmatch(r"(?s)(.*)\n\[… ([\d,]+) characters omitted …\]\n(.*)", body)
            assert cut is not None
            head, count, tail = cut.groups()
            # The newline after the head is part of the text, or was added.
            head += "\n" * text.startswith(f"{head}\n")
            self.assertTrue(text.startswith(head) and text.endswith(tail))
            missing = units(text) - units(head) - units(tail)
            self.assertIn(int(count.replace(",", "")) - missing, (0, 1))

    def test_wrong_limits(self) -> None:
        for wrong in (255, 0, -1):
            self.assertRaisesRegex(ValueError, "max_chars", result_of("x").for_model, wrong)
        self.assertRaisesRegex(TypeError, "max_chars", result_of("x").for_model, "300")

    def test_a_result_that_a_program_builds_shows_its_values_after_the_output(self) -> None:
        from podflare import ResultEvent

        self.assertEqual("a\n42", result_of("a", results=(ResultEvent({"text/plain": "42"}, 1, 1, main=True),)).text)
