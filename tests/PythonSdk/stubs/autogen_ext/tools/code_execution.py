"""A stub of autogen_ext.tools.code_execution 0.7.5 (2026-04-06)."""

from typing import Any

from autogen_core import CancellationToken
from autogen_core.code_executor import CodeBlock


class PythonCodeExecutionTool:
    def __init__(self, executor: Any) -> None:
        self._executor = executor

    async def run(self, code: str, cancellation_token: CancellationToken) -> Any:
        return await self._executor.execute_code_blocks(code_blocks=[CodeBlock(code=code, language="python")], cancellation_token=cancellation_token)
