"""A sandbox as a toolset of PydanticAI.

>>> from pydantic_ai import Agent
>>> from podflare import AsyncSandbox
>>> from podflare.adapters.pydantic_ai import code_toolset
>>> async with AsyncSandbox() as sandbox:
...     agent = Agent(model, toolsets=[code_toolset(sandbox)])
...     print((await agent.run("What is the 20th prime?")).output)
"""

from __future__ import annotations

import base64
from typing import Any

from ._shared import CODE, MAX_CHARS, RUN_PYTHON, AnySandbox, framework, images_of, run_code

_toolsets: Any = framework("pydantic_ai.toolsets", "pydantic-ai")
_BinaryContent: Any = framework("pydantic_ai.messages", "pydantic-ai").BinaryContent


def code_toolset(
    sandbox: AnySandbox,
    *,
    id: str = "podflare",
    timeout_seconds: float | None = None,
    context: str | None = None,
    max_chars: int = MAX_CHARS,
    requires_approval: bool = False,
) -> Any:
    """A toolset with the function ``run_python``. The model gets the text of ``RunResult.for_model``, and images after it.

    id: of the toolset. context: the id of the context that runs the code. Default: ``python``. max_chars: the most characters of text.
    requires_approval: whether each call has to be approved.
    """

    async def run_python(code: str) -> Any:
        result = await run_code(sandbox, code, timeout_seconds, context)
        text = result.for_model(max_chars)
        images = images_of(result)
        if not images:
            return text
        return [text, *(_BinaryContent(data=base64.b64decode(data), media_type=media_type) for media_type, data in images)]

    # The framework makes the schema from the docstring.
    run_python.__doc__ = f"{RUN_PYTHON}\n\nArgs:\n    code: {CODE}\n"
    return _toolsets.FunctionToolset([run_python], id=id, requires_approval=requires_approval)
