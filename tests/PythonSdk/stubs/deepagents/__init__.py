"""A stub of deepagents 0.7.8, restated on 2026-11-30 from its sources of 2026-08-21: what podflare.adapters.deepagents uses."""

from types import SimpleNamespace
from typing import Any

import scripted


class _Agent:
    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def invoke(self, input: dict[str, Any]) -> dict[str, Any]:
        output = self._backend.execute(scripted.COMMAND).output
        return {"messages": [*input["messages"], SimpleNamespace(content=scripted.answer(output))]}


def create_deep_agent(model: str | None = None, tools: Any = None, *, system_prompt: str | None = None, backend: Any = None) -> _Agent:
    return _Agent(backend)
