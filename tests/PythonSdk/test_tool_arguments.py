"""The validation of the arguments of tools, by the vectors that all clients share."""

from __future__ import annotations

import copy
import json
import pickle
import unittest
from collections.abc import Mapping
from typing import Any

from podflare import Tool, ToolRequestEvent
from podflare._argument_schema import ArgumentSchema
from podflare._argument_values import InvalidArgumentsError
from podflare._tools import bind, failure_of
from service import REPOSITORY

VECTORS = json.loads((REPOSITORY / "clients/vectors/tool_arguments.json").read_text(encoding="utf-8"))


def error_of(schema: Any, arguments: Mapping[str, Any]) -> str | None:
    try:
        ArgumentSchema(schema).validate(arguments)
    except InvalidArgumentsError as e:
        return str(e)
    return None


class ToolArgumentTests(unittest.TestCase):
    def test_the_vectors_of_all_clients(self) -> None:
        self.assertGreater(len(VECTORS["vectors"]), 100)
        for vector in VECTORS["vectors"]:
            with self.subTest(vector["name"]):
                value = {"a": [vector["value"]["a"]] * vector["copies"]} if "copies" in vector else vector["value"]
                self.assertEqual(vector["error"], error_of(vector["schema"], value))

    def test_schemas_that_cannot_be_used_are_refused(self) -> None:
        for schema in VECTORS["unusable"]:
            self.assertRaisesRegex(ValueError, "the tool search has a schema that cannot be used: the ", Tool, "search", print, input_schema=schema)

    def test_integers_beyond_the_precision_of_a_float_are_told_apart(self) -> None:
        large = 9007199254740993
        for schema in ({"enum": [large]}, {"minimum": large}, {"multipleOf": large}, {"not": {"const": large - 1}}):
            self.assertIsNone(error_of({"properties": {"a": schema}}, {"a": large}))
            self.assertIsNotNone(error_of({"properties": {"a": schema}}, {"a": large - 1}))

    def test_a_signature_is_a_schema(self) -> None:
        calls = []

        def search(q: str, limit: int = None) -> None:  # type: ignore[assignment]
            calls.append((q, limit))

        tools = {"search": Tool("search", search)}
        for arguments, error in (
            ({"q": "x", "limit": 3}, None), ({"q": "x", "limit": None}, None), ({"limit": 3}, "arguments.q is required"),
            ({"q": "x", "limit": "3"}, "arguments.limit must be an integer, not a string"), ({"q": "x", "more": 1}, "arguments.more is not allowed"),
        ):
            event = ToolRequestEvent("call_1", "search", arguments, 1, 1, "run_1")
            try:
                bind(tools, event)()
            except InvalidArgumentsError as e:
                self.assertEqual({"call_id": "call_1", "error": {"message": error}}, failure_of("call_1", e))
            else:
                self.assertIsNone(error)
        self.assertEqual([("x", 3), ("x", None)], calls)

    def test_tools_can_be_copied_and_pickled(self) -> None:
        tool = Tool("print", print, input_schema={"required": ["a"]})
        for other in (copy.deepcopy(tool), pickle.loads(pickle.dumps(tool))):
            self.assertEqual(tool, other)
            self.assertRaises(InvalidArgumentsError, bind, {"print": other}, ToolRequestEvent("call_1", "print", {}, 1, 1, "run_1"))
