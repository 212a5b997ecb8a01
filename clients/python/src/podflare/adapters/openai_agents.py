"""A sandbox as tools of the OpenAI Agents SDK: Python code, and a shell.

>>> from agents import Agent, Runner
>>> from podflare import AsyncSandbox
>>> from podflare.adapters.openai_agents import code_tool
>>> async with AsyncSandbox() as sandbox:
...     agent = Agent(name="analyst", tools=[code_tool(sandbox)])
...     result = await Runner.run(agent, "What is the 20th prime?")
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ._shared import CODE, MAX_CHARS, RUN_PYTHON, AnySandbox, framework, images_of, run_code, run_command

_agents: Any = framework("agents", "openai-agents")


def code_tool(
    sandbox: AnySandbox,
    *,
    name: str = "run_python",
    timeout_seconds: float | None = None,
    context: str | None = None,
    max_chars: int = MAX_CHARS,
    needs_approval: bool = False,
) -> Any:
    """A function tool that runs Python code in the sandbox. The model gets the text of ``RunResult.for_model``, and images after it.

    context: the id of the context that runs the code. Default: ``python``. max_chars: the most characters of text.
    needs_approval: whether each call has to be approved.
    """

    async def run_python(code: str) -> Any:
        result = await run_code(sandbox, code, timeout_seconds, context)
        text = result.for_model(max_chars)
        images = images_of(result)
        if not images:
            return text
        return [
            _agents.ToolOutputText(text=text),
            *(_agents.ToolOutputImage(image_url=f"data:{media_type};base64,{data}") for media_type, data in images),
        ]

    # The SDK makes the schema from the docstring.
    run_python.__doc__ = f"{RUN_PYTHON}\n\nArgs:\n    code: {CODE}\n"
    return _agents.function_tool(run_python, name_override=name, needs_approval=needs_approval)


def shell_executor(sandbox: AnySandbox, *, timeout_seconds: float = 300) -> Callable[[Any], Awaitable[Any]]:
    """The executor of a ``ShellTool``: each command is a process of its own in the sandbox. After a timeout the commands that follow are not run.

    timeout_seconds: the time limit of each command of a call that gives none.
    """

    async def execute(request: Any) -> Any:
        action = request.data.action
        limit = timeout_seconds if not action.timeout_ms else action.timeout_ms / 1000
        output = []
        for command in action.commands:
            result = await run_command(sandbox, command, limit)
            is_timeout = result.reason == "timeout"
            outcome = _agents.ShellCallOutcome(type="timeout") if is_timeout else _agents.ShellCallOutcome(type="exit", exit_code=result.exit_code)
            output.append(_agents.ShellCommandOutput(stdout=result.stdout, stderr=result.stderr, outcome=outcome, command=command))
            if is_timeout:
                break
        return _agents.ShellResult(output=output, max_output_length=action.max_output_length)

    return execute


def shell_tool(sandbox: AnySandbox, *, timeout_seconds: float = 300, needs_approval: bool = False) -> Any:
    """A ``ShellTool`` whose commands run in the sandbox; see ``shell_executor``."""
    return _agents.ShellTool(executor=shell_executor(sandbox, timeout_seconds=timeout_seconds), needs_approval=needs_approval)
