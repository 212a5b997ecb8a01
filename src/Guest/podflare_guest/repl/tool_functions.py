"""Functions for the tools of a run, with signature and documentation from the JSON schema of their input."""

from __future__ import annotations

from podflare_guest.repl.own_builtins import BUILTINS as __builtins__

_TYPES = {"string": str, "integer": int, "number": float, "boolean": bool, "array": list, "object": dict}
_PREFIX = "_tool_"  # of names in the source of a function that are ours
_KEYWORDS = frozenset(
    "False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not "
    "or pass raise return try while with yield".split()
)


class _Omitted:
    """The value of a parameter that was not given; it is not sent, so the tool has its own default."""

    def __repr__(self) -> str:
        return "<not given>"


OMITTED = _Omitted()


def make_function(name: str, description: str, schema: dict[str, object], call: object) -> object:
    """A function that calls `call(arguments)`. Where the schema has names that Python cannot have, it takes any keyword arguments."""
    properties = schema.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    required = schema.get("required")
    required = [key for key in required if key in properties] if isinstance(required, list) else []
    title = _identifier(name)
    scope: dict[str, object] = {"__builtins__": __builtins__, "__name__": "tools", _PREFIX + "call": call, _PREFIX + "omitted": OMITTED}
    if properties and all(_is_parameter(key) for key in properties):
        # Python wants parameters without a default first.
        order = [key for key in properties if key in required] + [key for key in properties if key not in required]
        parameters, arguments = [], []
        for index, key in enumerate(order):
            annotation = _annotation(properties[key])
            if annotation is not None:
                scope[f"{_PREFIX}{index}"] = annotation
            text = key + (f": {_PREFIX}{index}" if annotation is not None else "")
            parameters.append(text if key in required else f"{text} = {_PREFIX}omitted")
            arguments.append(f"{key!r}: {key}")
        more = bool(schema.get("additionalProperties", False))
        if more:
            parameters.append(f"**{_PREFIX}more")
            arguments.append(f"**{_PREFIX}more")
        source = f"def {title}({', '.join(parameters)}):\n    return {_PREFIX}call({{{', '.join(arguments)}}})"
    elif properties or schema.get("additionalProperties", True):
        source = f"def {title}(**arguments):\n    return {_PREFIX}call(arguments)"
    else:
        source = f"def {title}():\n    return {_PREFIX}call({{}})"
    exec(compile(source, f"<tool {name}>", "exec", dont_inherit=True), scope)
    function = scope[title]
    function.__qualname__ = f"tools.{title}"  # type: ignore[attr-defined]
    function.__doc__ = _documentation(description, properties, required)  # type: ignore[attr-defined]
    return function


def _identifier(name: str) -> str:
    text = name.replace("-", "_").replace(".", "_")
    return text if _is_parameter(text) else "tool_" + text


def _is_parameter(key: object) -> bool:
    return type(key) is str and key.isidentifier() and key.isascii() and key not in _KEYWORDS and not key.startswith(_PREFIX)


def _annotation(schema: object) -> object:
    kind = schema.get("type") if isinstance(schema, dict) else None
    return _TYPES.get(kind) if isinstance(kind, str) else None


def _documentation(description: str, properties: dict[str, object], required: list[str]) -> str | None:
    lines = []
    for key, schema in properties.items():
        schema = schema if isinstance(schema, dict) else {}
        kind, text, choices = schema.get("type"), schema.get("description"), schema.get("enum")
        notes = [kind] if isinstance(kind, str) else []
        if isinstance(choices, list):
            notes.append("one of " + ", ".join(repr(choice) for choice in choices))
        if key not in required:
            notes.append("default " + repr(schema["default"]) if "default" in schema else "optional")
        lines.append(f"    {key}" + (f" ({', '.join(notes)})" if notes else "") + (f": {text}" if isinstance(text, str) else ""))
    parts = [description.strip()] if description.strip() else []
    if lines:
        parts.append("Arguments:\n" + "\n".join(lines))
    return "\n\n".join(parts) or None
