"""A scripted agent with the tools for Claude solves the task that the agents of all languages solve, and its model reads the same texts."""

from __future__ import annotations

import base64
import json
import unittest
from typing import Any

from podflare import Client, Sandbox
from podflare.adapters.anthropic import PodflareTools
from service import REPOSITORY, SERVICE

TASK = json.loads((REPOSITORY / "clients/vectors/agent_task.json").read_text(encoding="utf-8"))


class ScriptedModel:
    """Answers requests as the Messages API does: with a call for each step, and then with the answer."""

    def __init__(self) -> None:
        self.read: list[dict[str, Any]] = []

    def create(self, *, messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> dict[str, Any]:
        assert "run_python" in [tool["name"] for tool in tools]
        self.read = [block for message in messages if message["role"] == "user" for block in message["content"] if isinstance(block, dict)]
        step = len(self.read)
        if step == len(TASK["steps"]):
            return {"stop_reason": "end_turn", "content": [{"type": "text", "text": TASK["answer"]}]}
        return {"stop_reason": "tool_use", "content": [{"type": "tool_use", "id": f"toolu_{step}", "name": "run_python", "input": {"code": TASK["steps"][step]["code"]}}]}


class AgentTaskTests(unittest.TestCase):
    def test_the_model_reads_what_it_reads_in_every_language(self) -> None:
        model = ScriptedModel()
        with Client(SERVICE.url) as client, Sandbox(TASK["template"], client=client) as sandbox:
            sandbox.files.write_text(TASK["file"]["path"], TASK["file"]["content"])
            tools = PodflareTools(sandbox)
            messages: list[dict[str, Any]] = [{"role": "user", "content": TASK["question"]}]
            while (response := model.create(messages=messages, tools=tools.definitions))["stop_reason"] == "tool_use":
                messages.append({"role": "assistant", "content": response["content"]})
                messages.append({"role": "user", "content": tools.results(response["content"])})
        self.assertEqual(TASK["answer"], response["content"][0]["text"])
        for step, result in zip(TASK["steps"], model.read, strict=True):
            blocks = [{"type": "text", "text": result["content"]}] if isinstance(result["content"], str) else result["content"]
            self.assertEqual(step["text"], blocks[0]["text"])
            self.assertEqual(["image"] * step["images"], [block["type"] for block in blocks[1:]])
            for block in blocks[1:]:
                self.assertTrue(base64.b64decode(block["source"]["data"]).startswith(b"\x89PNG"))
            self.assertEqual("[exit code" in step["text"], result["is_error"])
