"""A stub of pydantic-ai 2.9, restated on 2026-11-30 from its sources of 2026-08-22: what podflare.adapters.pydantic_ai uses."""

from types import SimpleNamespace
from typing import Any

import scripted


class Agent:
    def __init__(self, model: str, *, toolsets: list[Any]) -> None:
        self._toolsets = toolsets

    async def run(self, user_prompt: str) -> Any:
        return SimpleNamespace(output=scripted.answer(await self._toolsets[0].tools["run_python"](code=scripted.CODE)))
