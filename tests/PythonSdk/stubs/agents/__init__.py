"""A stub of openai-agents 0.22.0, restated on 2026-11-30 from its sources of 2026-08-22: what podflare.adapters.openai_agents uses."""

import inspect
import typing
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass
class ToolOutputText:
    text: str
    type: str = "text"


@dataclass
class ToolOutputImage:
    image_url: str | None = None
    file_id: str | None = None
    detail: str | None = None
    type: str = "image"


@dataclass
class FunctionTool:
    name: str
    description: str
    params_json_schema: dict[str, Any]
    on_invoke_tool: Callable[..., Awaitable[Any]]
    needs_approval: bool = False


def function_tool(func: Callable[..., Any], *, name_override: str | None = None, needs_approval: bool = False) -> FunctionTool:
    # The SDK evaluates the annotations, and reads the descriptions of the arguments from the docstring.
    hints = typing.get_type_hints(func)
    summary, _, arguments = inspect.cleandoc(func.__doc__ or "").partition("\n\nArgs:\n")
    described = dict(line.strip().split(": ", 1) for line in arguments.splitlines() if line.strip())
    kinds = {str: "string"}
    properties = {name: {"type": kinds[hints[name]], "description": described[name]} for name in inspect.signature(func).parameters}
    return FunctionTool(name_override or func.__name__, summary, {"type": "object", "properties": properties, "required": list(properties)}, func, needs_approval)


@dataclass
class ShellCallOutcome:
    type: Literal["exit", "timeout"]
    exit_code: int | None = None


@dataclass
class ShellCommandOutput:
    stdout: str = ""
    stderr: str = ""
    outcome: ShellCallOutcome = field(default_factory=lambda: ShellCallOutcome(type="exit"))
    command: str | None = None
    provider_data: dict[str, Any] | None = None


@dataclass
class ShellResult:
    output: list[ShellCommandOutput]
    max_output_length: int | None = None
    provider_data: dict[str, Any] | None = None


@dataclass
class ShellActionRequest:
    commands: list[str]
    timeout_ms: int | None = None
    max_output_length: int | None = None


@dataclass
class ShellCallData:
    call_id: str
    action: ShellActionRequest


@dataclass
class ShellCommandRequest:
    ctx_wrapper: Any
    data: ShellCallData


@dataclass
class ShellTool:
    executor: Callable[[ShellCommandRequest], Any] | None = None
    name: str = "shell"
    needs_approval: bool = False


@dataclass
class Agent:
    name: str
    instructions: str | None = None
    tools: list[Any] = field(default_factory=list)


@dataclass
class RunResult:
    final_output: str


class Runner:
    @classmethod
    async def run(cls, starting_agent: Agent, input: str) -> RunResult:
        import scripted

        tool = next(tool for tool in starting_agent.tools if isinstance(tool, FunctionTool))
        return RunResult(scripted.answer(await tool.on_invoke_tool(code=scripted.CODE)))
