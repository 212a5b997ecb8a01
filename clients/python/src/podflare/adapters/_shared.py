"""What the adapters share."""

from __future__ import annotations

import asyncio
import importlib
import keyword
from collections.abc import Iterator, Mapping
from typing import Any

from .. import AsyncSandbox, RunResult, Sandbox
from .._tools import Tool

AnySandbox = Sandbox | AsyncSandbox
"""An asynchronous sandbox interrupts its run when its task is cancelled; a blocking one runs in a thread, where its run continues."""

RUN_PYTHON = (
    "Runs Python code. Variables, imports and files are kept between calls. The value of the last expression, printed text and figures are returned."
)
CODE = "Python code, as in a notebook cell"
MAX_CHARS = 20_000


def framework(module: str, extra: str) -> Any:
    """Imports a framework's module. Raises an ImportError that names the extra to install."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as e:
        # A dependency of the framework that is missing is the framework's own error.
        if e.name is None or not (module == e.name or module.startswith(f"{e.name}.")):
            raise
        raise ImportError(f"{module} is not installed: pip install 'podflare-selfhosted[{extra}]'", name=e.name) from e


def describe(tools: Mapping[str, Tool]) -> str:
    """What a model reads about the tools that its code may call, after the description of the tool that runs code."""
    if not tools:
        return ""
    lines = ["\n\nThe code can call these functions, with named arguments. They return JSON values, and raise ToolError if they fail. They cannot be called in any other way:"]
    for tool in tools.values():
        name = f"tools.{tool.name}" if tool.name.isidentifier() and not keyword.iskeyword(tool.name) else f'tools["{tool.name}"]'
        about = tool.definition.get("description")
        lines.append(f"- {name}({', '.join(_parameters(tool.definition.get('input_schema', {})))})" + (f": {about}" if about else ""))
    return "\n".join(lines)


def _parameters(schema: Mapping[str, Any]) -> Iterator[str]:
    required = schema.get("required", ())
    for name, about in schema.get("properties", {}).items():
        kind = about.get("type") if isinstance(about, Mapping) else None
        yield name + (f": {kind}" if isinstance(kind, str) else "") + ("" if name in required else " = …")


async def run_code(sandbox: AnySandbox, code: str, timeout_seconds: float | None, context: str | None) -> RunResult:
    if isinstance(sandbox, AsyncSandbox):
        return await sandbox.run_code(code, timeout_seconds=timeout_seconds, context=context)
    return await asyncio.to_thread(sandbox.run_code, code, timeout_seconds=timeout_seconds, context=context)


async def run_command(sandbox: AnySandbox, command: str, timeout_seconds: float | None) -> RunResult:
    if isinstance(sandbox, AsyncSandbox):
        return await sandbox.run(command, timeout_seconds=timeout_seconds)
    return await asyncio.to_thread(sandbox.run, command, timeout_seconds=timeout_seconds)


def images_of(result: RunResult) -> list[tuple[str, str]]:
    """The PNG and JPEG images of a result: media type and base64. One representation of each value."""
    images = []
    for event in result.results:
        media_type = next((each for each in ("image/png", "image/jpeg") if isinstance(event.data.get(each), str)), None)
        if media_type is not None:
            images.append((media_type, str(event.data[media_type])))
    return images
