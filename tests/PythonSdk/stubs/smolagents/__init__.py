"""A stub of smolagents 1.27.0.dev0, restated on 2026-11-30 from its sources of 2026-07-11: what podflare.adapters.smolagents uses."""

from typing import Any

import scripted


class InferenceClientModel: ...


class CodeAgent:
    def __init__(self, tools: list[Any], model: Any, *, executor: Any) -> None:
        self.python_executor = executor

    def __enter__(self) -> "CodeAgent":
        return self

    def __exit__(self, *_: Any) -> None:
        self.python_executor.cleanup()

    def run(self, task: str) -> str:
        return scripted.answer(self.python_executor(scripted.CODE).logs)
