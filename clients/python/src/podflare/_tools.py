"""Tools of the program that code in a sandbox may call: their definitions, and what becomes of a call."""

from __future__ import annotations

import functools
import inspect
import json
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Union

from ._argument_schema import ArgumentSchema
from ._argument_values import InvalidArgumentsError
from ._events import ToolRequestEvent

Tools = Union[Mapping[str, Union[Callable[..., object], "Tool"]], Iterable[Union[Callable[..., object], "Tool"]]]
"""Tools for ``run_code``: functions by name, or a list of functions and ``Tool`` objects."""

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_JSON_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", list: "array", tuple: "array", dict: "object", type(None): "null"}


@dataclass(frozen=True)
class Tool:
    """A function of the program that code in a sandbox may call.

    >>> Tool("search", find, description="Searches the index.", input_schema={"type": "object", "properties": {"q": {"type": "string"}}})
    """

    name: str
    """1 to 128 letters, digits, ``_``, ``-`` and ``.``."""
    function: Callable[..., object]
    """Called with the arguments by keyword. It returns what JSON can hold. It may be asynchronous where the sandbox is."""
    description: str | None = None
    """What it does. The default is the docstring of the function."""
    input_schema: Mapping[str, Any] | None = None
    """The JSON schema of the arguments, which those of each call are validated against. The default is made from the signature of the function."""
    definition: dict[str, Any] = field(init=False, repr=False, compare=False)
    _arguments: ArgumentSchema | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or _NAME.fullmatch(self.name) is None:
            raise ValueError(f"the name of a tool must be 1 to 128 letters, digits, _, - and ., not {self.name!r}")
        if not callable(self.function):
            raise TypeError(f"the tool {self.name} must have a function, not {type(self.function).__name__}")
        description = inspect.getdoc(self.function) if self.description is None else self.description
        schema = schema_of(self.function) if self.input_schema is None else dict(self.input_schema)
        definition = {"name": self.name, "description": description, "input_schema": schema}
        object.__setattr__(self, "definition", {name: value for name, value in definition.items() if value is not None})
        try:
            object.__setattr__(self, "_arguments", None if schema is None else ArgumentSchema(schema))
        except ValueError as e:
            raise ValueError(f"the tool {self.name} has a schema that cannot be used: {e}") from None


def tools_of(tools: Tools | None) -> dict[str, Tool]:
    """The tools of an argument by name."""
    if tools is None:
        return {}
    if isinstance(tools, Mapping):
        found = [_named(name, tool) for name, tool in tools.items()]
    elif isinstance(tools, (str, bytes)) or not isinstance(tools, Iterable):
        raise TypeError(f"tools must be a dict of functions by name, or a list of functions and Tool objects, not {type(tools).__name__}")
    else:
        found = [tool if isinstance(tool, Tool) else Tool(getattr(tool, "__name__", ""), typing.cast("Callable[..., object]", tool)) for tool in tools]
    by_name = {tool.name: tool for tool in found}
    if len(by_name) < len(found):
        raise ValueError("two tools have the same name")
    return by_name


def _named(name: str, tool: Any) -> Tool:
    if not isinstance(tool, Tool):
        return Tool(name, tool)
    if tool.name != name:
        raise ValueError(f"the tool {tool.name} is given under the name {name!r}")
    return tool


def definitions_of(tools: Mapping[str, Tool]) -> list[dict[str, Any]] | None:
    """As a request names them."""
    return [tool.definition for tool in tools.values()] or None


def bind(tools: Mapping[str, Tool], event: ToolRequestEvent) -> Callable[[], object]:
    """The call of the tool that an event names. The code in the sandbox is not trusted, so everything is checked again."""
    tool = tools.get(event.name)
    if tool is None:
        raise LookupError(f"there is no tool {event.name}")
    if not isinstance(event.arguments, Mapping):
        raise TypeError("the arguments are not an object")
    if tool._arguments is not None:
        tool._arguments.validate(event.arguments)
    return functools.partial(tool.function, **event.arguments)


def result_of(call_id: str, value: object) -> dict[str, Any]:
    """The answer with a value. Raises TypeError or ValueError for one that JSON cannot hold."""
    json.dumps(value, allow_nan=False)
    return {"call_id": call_id, "content": value}


def failure_of(call_id: str, error: BaseException) -> dict[str, Any]:
    """The answer of a tool that has raised."""
    message = str(error)
    if isinstance(error, InvalidArgumentsError):
        return {"call_id": call_id, "error": {"message": message}}
    text = f"{type(error).__name__}: {message}" if message else type(error).__name__
    return {"call_id": call_id, "error": {"message": text[:4_096]}}


def schema_of(function: Callable[..., object]) -> dict[str, Any] | None:
    """The JSON schema of a function's parameters; None where it has no signature."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    try:
        annotations = typing.get_type_hints(function, include_extras=True)
    except Exception:  # an annotation that cannot be evaluated here
        annotations = {}
    properties: dict[str, Any] = {}
    required = []
    has_more = False
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            has_more = True
        elif parameter.kind is parameter.POSITIONAL_ONLY:
            raise TypeError(f"a tool is called with keywords, so its parameter {name} must not be positional only")
        elif parameter.kind is not parameter.VAR_POSITIONAL:
            properties[name] = _schema_of_type(annotations.get(name))
            if parameter.default is parameter.empty:
                required.append(name)
            elif _is_json(parameter.default):
                properties[name] = {**properties[name], "default": parameter.default}
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": has_more}


def _schema_of_type(kind: Any) -> dict[str, Any]:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        note = next((item for item in arguments[1:] if isinstance(item, str)), None)
        return {**_schema_of_type(arguments[0]), **({"description": note} if note else {})}
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin in (Union, getattr(types, "UnionType", Union)):
        return {"anyOf": [_schema_of_type(item) for item in arguments]}
    if origin in (list, tuple, set, frozenset, Sequence, Iterable) or kind in (set, frozenset):
        items = _schema_of_type(arguments[0]) if arguments and arguments[0] is not Ellipsis else {}
        return {"type": "array", **({"items": items} if items and origin is not tuple else {})}
    if origin in (dict, Mapping):
        return {"type": "object"}
    name = _JSON_TYPES.get(kind) if isinstance(kind, type) else None
    return {"type": name} if name else {}


def _is_json(value: object) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True
