"""A stub of llama_index.core.agent.workflow 0.12.44, restated on 2026-11-30. The real agent finds the code in the text of the model."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import scripted


class CodeActAgent:
    def __init__(self, code_execute_fn: Callable[[str], Awaitable[Any]], *, llm: Any) -> None:
        # It makes a FunctionTool of the function, which takes its description from the docstring and its parameters from the signature.
        assert list(inspect.signature(code_execute_fn).parameters) == ["code"] and inspect.getdoc(code_execute_fn)
        self._execute = code_execute_fn

    async def run(self, user_msg: str) -> str:
        return scripted.answer(str(await self._execute(code=scripted.CODE)))
