"""Validates the arguments of a tool call against the tool's JSON schema. ``clients/vectors/tool_arguments.json`` has the rules and examples, for all clients.

A schema becomes a tree of functions when its tool is defined. Each of them returns the first violation that it finds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Optional
from urllib.parse import unquote

from ._argument_values import MAX_DETAIL, MAX_MATCHED, NOUNS, InvalidArgumentsError, Pass, Path, Violation, cut, is_finite, is_number, kind_of, message_of, shown

_PATTERN_PART = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\$", re.DOTALL)
_Check = Callable[[Any, Path, "Pass"], Optional[Violation]]


class ArgumentSchema:
    """The schema of a tool's arguments. ValueError for one with a pattern or a reference that cannot be used."""

    def __init__(self, schema: Any) -> None:
        self._schema = schema
        self._references: dict[str, _Check] = {}
        self._check = self._compile(schema)

    def __reduce__(self) -> tuple[type[ArgumentSchema], tuple[Any]]:
        return ArgumentSchema, (self._schema,)

    def validate(self, arguments: Mapping[str, Any]) -> None:
        """Raises InvalidArgumentsError."""
        violation = self._check(dict(arguments), None, Pass())
        if violation is not None:
            raise InvalidArgumentsError(message_of(violation))

    def _compile(self, schema: Any) -> _Check:
        if schema is False:
            return lambda value, path, run: Violation(path, "is not allowed")
        keywords = schema if isinstance(schema, Mapping) else {}
        found = (_KEYWORDS[keyword](self, argument, keywords) for keyword, argument in keywords.items() if keyword in _KEYWORDS)
        checks = [check for check in found if check is not None]
        # Generators of schemas often write such a default beside a type without null.
        may_be_null = keywords.get("default", ...) is None

        def check(value: Any, path: Path, run: Pass) -> Violation | None:
            if value is None and may_be_null:
                return None
            run.enter(value, path)
            for one in checks:
                violation = one(value, path, run)
                if violation is not None:
                    break
            else:
                violation = None
            run.depth -= 1
            return violation

        return check

    def _type(self, argument: Any, _: Mapping[str, Any]) -> _Check | None:
        names = [name for name in _items(argument) or [argument] if isinstance(name, str) and name in NOUNS]
        expected = " or ".join(NOUNS[name] for name in names)

        def check(value: Any, path: Path, run: Pass) -> Violation | None:
            kind = kind_of(value)
            if kind in names or (kind == "number" and "integer" in names and value == math.floor(value)):
                return None
            return Violation(path, f"must be {expected}, not {NOUNS[kind]}")

        return check if names else None

    def _enum(self, argument: Any, _: Mapping[str, Any]) -> _Check | None:
        values = _items(argument)
        return _one_of(values, "must be one of " + ", ".join(map(shown, values))) if values is not None else None

    def _const(self, argument: Any, _: Mapping[str, Any]) -> _Check:
        return _one_of([argument], f"must be {shown(argument)}")

    def _properties(self, argument: Any, _: Mapping[str, Any]) -> _Check | None:
        if not isinstance(argument, Mapping):
            return None
        checks = {name: self._compile(schema) for name, schema in argument.items()}
        return _each(lambda value: ((name, item, checks[name]) for name, item in value.items() if name in checks), dict)

    def _pattern_properties(self, argument: Any, _: Mapping[str, Any]) -> _Check | None:
        if not isinstance(argument, Mapping):
            return None
        checks = [(_pattern_of(pattern), self._compile(schema)) for pattern, schema in argument.items()]
        return _each(lambda value: ((name, item, check) for name, item in value.items() for pattern, check in checks if pattern.search(name)), dict)

    def _additional_properties(self, argument: Any, schema: Mapping[str, Any]) -> _Check:
        check = self._compile(argument)
        names, patterns = schema.get("properties"), schema.get("patternProperties")
        known = set(names) if isinstance(names, Mapping) else set()
        known_patterns = [_pattern_of(pattern) for pattern in patterns] if isinstance(patterns, Mapping) else []
        return _each(
            lambda value: (
                (name, item, check) for name, item in value.items() if name not in known and not any(pattern.search(name) for pattern in known_patterns)),
            dict,
        )

    def _required(self, argument: Any, _: Mapping[str, Any]) -> _Check:
        names = [name for name in _items(argument) or () if isinstance(name, str)]
        return lambda value, path, run: next((Violation((path, name), "is required") for name in names if name not in value), None) if isinstance(value, dict) else None

    def _rest(self, argument: Any, schema: Mapping[str, Any]) -> _Check:
        check, start = self._compile(argument), len(_items(schema.get("prefixItems")) or ())
        return _each(lambda value: ((index, value[index], check) for index in range(start, len(value))), list)

    def _first(self, argument: Any, _: Mapping[str, Any]) -> _Check:
        checks = [self._compile(schema) for schema in _items(argument) or ()]
        return _each(lambda value: ((index, item, check) for index, (item, check) in enumerate(zip(value, checks))), list)

    def _unique(self, argument: Any, _: Mapping[str, Any]) -> _Check:
        def check(value: Any, path: Path, run: Pass) -> Violation | None:
            seen: set[str] = set()
            for index, item in enumerate(value if argument is True and isinstance(value, list) else ()):
                key = run.key(item, (path, index))
                if key in seen:
                    return Violation((path, index), "repeats an earlier item")
                seen.add(key)
            return None

        return check

    def _pattern(self, argument: Any, _: Mapping[str, Any]) -> _Check | None:
        if not isinstance(argument, str):
            return None
        pattern, text = _pattern_of(argument), cut(f"must match the pattern {argument}", MAX_DETAIL)

        def check(value: Any, path: Path, run: Pass) -> Violation | None:
            if not isinstance(value, str):
                return None
            if len(value) > MAX_MATCHED:
                return Violation(path, f"must have {MAX_MATCHED} or fewer characters")
            return None if pattern.search(value) else Violation(path, text)

        return check

    def _any_of(self, argument: Any, _: Mapping[str, Any]) -> _Check | None:
        checks = [self._compile(schema) for schema in _items(argument) or ()]

        def check(value: Any, path: Path, run: Pass) -> Violation | None:
            violations = []
            for one in checks:
                violation = one(value, path, run)
                if violation is None:
                    return None
                violations.append(violation)
            return Violation(path, "matches no alternative", tuple(violations))

        return check if checks else None

    def _one_of(self, argument: Any, _: Mapping[str, Any]) -> _Check | None:
        checks = [self._compile(schema) for schema in _items(argument) or ()]

        def check(value: Any, path: Path, run: Pass) -> Violation | None:
            violations = [violation for one in checks if (violation := one(value, path, run)) is not None]
            if len(violations) == len(checks):
                return Violation(path, "matches no alternative", tuple(violations))
            return Violation(path, "matches more than one alternative") if len(violations) < len(checks) - 1 else None

        return check if checks else None

    def _all_of(self, argument: Any, _: Mapping[str, Any]) -> _Check:
        checks = [self._compile(schema) for schema in _items(argument) or ()]
        return lambda value, path, run: next((violation for one in checks if (violation := one(value, path, run)) is not None), None)

    def _not(self, argument: Any, _: Mapping[str, Any]) -> _Check:
        check = self._compile(argument)
        return lambda value, path, run: Violation(path, "matches what is excluded") if check(value, path, run) is None else None

    def _reference(self, argument: Any, _: Mapping[str, Any]) -> _Check | None:
        if not isinstance(argument, str):
            return None
        if argument not in self._references:
            # The schema may refer to itself, so it is looked up when it is used.
            self._references[argument] = self._compile(True)
            self._references[argument] = self._compile(_resolve(self._schema, argument))
        return lambda value, path, run: self._references[argument](value, path, run)


def _one_of(values: list[Any], text: str) -> _Check:
    keys, text = {Pass(math.inf).key(value) for value in values}, cut(text, MAX_DETAIL)
    return lambda value, path, run: None if run.key(value, path) in keys else Violation(path, text)


def _each(parts: Callable[[Any], Iterator[tuple[str | int, Any, _Check]]], kind: type) -> _Check:
    def check(value: Any, path: Path, run: Pass) -> Violation | None:
        if isinstance(value, kind):
            for key, item, one in parts(value):
                violation = one(item, (path, key), run)
                if violation is not None:
                    return violation
        return None

    return check


def _bound(kinds: tuple[type, ...], holds: Callable[[Any, Any], Any], text: str) -> Callable[[ArgumentSchema, Any, Mapping[str, Any]], _Check | None]:
    def keyword(_: ArgumentSchema, limit: Any, __: Mapping[str, Any]) -> _Check | None:
        if not is_number(limit) or not is_finite(limit):
            return None
        said = text.format(shown(limit))
        return lambda value, path, run: Violation(path, said) if isinstance(value, kinds) and not isinstance(value, bool) and not holds(value, limit) else None

    return keyword


def _is_multiple(value: float, divisor: float) -> bool:
    if divisor <= 0:
        return True
    if isinstance(divisor, int) or divisor.is_integer():
        return value % int(divisor) == 0
    quotient = float(value) / divisor
    # 4.35 is a multiple of 0.01, although neither is exactly what it says.
    return math.fmod(value, divisor) == 0 or (math.isfinite(quotient) and abs(math.floor(quotient + 0.5) * divisor - value) <= abs(value) * 2**-51)


def _resolve(schema: Any, reference: str) -> Any:
    target, pointer = schema, unquote(reference[1:])
    try:
        if reference[:1] != "#" or pointer[:1] not in ("", "/"):
            raise LookupError
        for part in pointer.split("/")[1:]:
            if isinstance(target, Mapping):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            elif part.isdecimal():
                target = (_items(target) or [])[int(part)]
            else:
                raise LookupError
    except LookupError:
        raise ValueError(f"the reference {reference} cannot be resolved") from None
    return target


def _pattern_of(pattern: str) -> re.Pattern[str]:
    try:
        # In JSON schema, $ does not match before a newline.
        return re.compile(_PATTERN_PART.sub(lambda part: r"\Z" if part[0] == "$" else part[0], pattern))
    except (re.error, RecursionError, OverflowError) as e:
        raise ValueError(f"the pattern {pattern} cannot be used: {e}") from None


def _items(value: Any) -> list[Any] | None:
    return list(value) if isinstance(value, (list, tuple)) else None


_ANY_NUMBER = (int, float)
_KEYWORDS: dict[str, Callable[[ArgumentSchema, Any, Mapping[str, Any]], _Check | None]] = {
    "$ref": ArgumentSchema._reference,
    "type": ArgumentSchema._type,
    "enum": ArgumentSchema._enum,
    "const": ArgumentSchema._const,
    "properties": ArgumentSchema._properties,
    "patternProperties": ArgumentSchema._pattern_properties,
    "additionalProperties": ArgumentSchema._additional_properties,
    "required": ArgumentSchema._required,
    "prefixItems": ArgumentSchema._first,
    "items": ArgumentSchema._rest,
    "uniqueItems": ArgumentSchema._unique,
    "pattern": ArgumentSchema._pattern,
    "anyOf": ArgumentSchema._any_of,
    "oneOf": ArgumentSchema._one_of,
    "allOf": ArgumentSchema._all_of,
    "not": ArgumentSchema._not,
    "minimum": _bound(_ANY_NUMBER, lambda value, limit: value >= limit, "must be {} or more"),
    "maximum": _bound(_ANY_NUMBER, lambda value, limit: value <= limit, "must be {} or less"),
    "exclusiveMinimum": _bound(_ANY_NUMBER, lambda value, limit: value > limit, "must be more than {}"),
    "exclusiveMaximum": _bound(_ANY_NUMBER, lambda value, limit: value < limit, "must be less than {}"),
    "multipleOf": _bound(_ANY_NUMBER, _is_multiple, "must be a multiple of {}"),
    "minLength": _bound((str,), lambda value, limit: len(value) >= limit, "must have {} or more characters"),
    "maxLength": _bound((str,), lambda value, limit: len(value) <= limit, "must have {} or fewer characters"),
    "minItems": _bound((list,), lambda value, limit: len(value) >= limit, "must have {} or more items"),
    "maxItems": _bound((list,), lambda value, limit: len(value) <= limit, "must have {} or fewer items"),
    "minProperties": _bound((dict,), lambda value, limit: len(value) >= limit, "must have {} or more properties"),
    "maxProperties": _bound((dict,), lambda value, limit: len(value) <= limit, "must have {} or fewer properties"),
}
