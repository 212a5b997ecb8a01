"""A stub of anthropic 0.121.0, restated on 2026-11-30: the blocks of messages that podflare.adapters.anthropic reads and writes."""

from types import SimpleNamespace
from typing import Any

import scripted


class _Messages:
    def create(self, *, model: str, max_tokens: int, tools: list[dict[str, Any]], messages: list[dict[str, Any]]) -> Any:
        last = messages[-1]["content"]
        if isinstance(last, str):
            block = SimpleNamespace(type="tool_use", id="toolu_1", name=tools[0]["name"], input={"code": scripted.CODE})
            return SimpleNamespace(stop_reason="tool_use", content=[SimpleNamespace(type="text", text="I shall compute it."), block])
        (result,) = last
        assert (result["type"], result["tool_use_id"], result["is_error"]) == ("tool_result", "toolu_1", False)
        return SimpleNamespace(stop_reason="end_turn", content=[SimpleNamespace(type="text", text=scripted.answer(result["content"]))])


class Anthropic:
    def __init__(self) -> None:
        self.messages = _Messages()
