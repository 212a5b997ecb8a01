"""A stub of pydantic_ai.toolsets 2.9 (2026-08-22)."""

import inspect
import typing
from collections.abc import Callable, Sequence
from typing import Any


class FunctionToolset:
    def __init__(self, tools: Sequence[Callable[..., Any]] = (), *, id: str | None = None, requires_approval: bool = False) -> None:
        self.id = id
        self.requires_approval = requires_approval
        self.tools = {tool.__name__: tool for tool in tools}
        for tool in tools:
            # The framework makes the schema from the annotations and the docstring.
            assert typing.get_type_hints(tool)["code"] is str and "Args:" in inspect.getdoc(tool)
