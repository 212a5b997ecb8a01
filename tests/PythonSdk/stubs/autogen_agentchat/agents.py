"""A stub of autogen_agentchat.agents 0.7.5 (2026-04-06)."""

from types import SimpleNamespace
from typing import Any

import scripted
from autogen_core import CancellationToken


class AssistantAgent:
    def __init__(self, name: str, model_client: Any, *, tools: list[Any], reflect_on_tool_use: bool | None = None) -> None:
        self._tools = tools

    async def run(self, *, task: str) -> Any:
        result = await self._tools[0].run(scripted.CODE, CancellationToken())
        return SimpleNamespace(messages=[SimpleNamespace(content=scripted.answer(result.output))])
