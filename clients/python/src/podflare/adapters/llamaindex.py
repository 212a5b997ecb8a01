"""A sandbox for the CodeActAgent of LlamaIndex. It needs no package of LlamaIndex itself.

>>> from llama_index.core.agent.workflow import CodeActAgent
>>> from podflare import AsyncSandbox
>>> from podflare.adapters.llamaindex import code_execute_fn
>>> async with AsyncSandbox() as sandbox:
...     agent = CodeActAgent(code_execute_fn=code_execute_fn(sandbox), llm=llm)
...     print(await agent.run("What is the 20th prime?"))
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ._shared import MAX_CHARS, AnySandbox, run_code


def code_execute_fn(
    sandbox: AnySandbox, *, timeout_seconds: float | None = None, context: str | None = None, max_chars: int = MAX_CHARS
) -> Callable[[str], Awaitable[str]]:
    """The function that executes the agent's code, whose variables are kept. It returns the text of ``RunResult.for_model``.

    context: the id of the context that runs the code. Default: ``python``. max_chars: the most characters of text.
    """

    async def execute(code: str) -> str:
        """Executes Python code and returns what it printed, and the value of the last expression."""
        return (await run_code(sandbox, code, timeout_seconds, context)).for_model(max_chars)

    return execute
