# Generated from ../_async/tools.py by unasync.py. Do not edit.
"""Answers the calls of tools that the code of a run makes, in blocking code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from . import io
from .._api_errors import ApiError, TooLargeError
from .._errors import PodflareError
from .._events import ToolRequestEvent
from .._log import LOG
from .._run_errors import ToolCallClosedError, ToolCallNotFoundError
from .._run_models import RunInfo
from .._tools import Tool, bind, failure_of, result_of
from .._trace import use_trace

# Calls that are carried out at a time; a server allows 16 open ones by default.
MOST_AT_ONCE = 16

# How long a sandbox whose worker has just started is asked for its open calls.
_ASK_SECONDS = 0.25
_ASK_TIMES = 40


class AnsweredRun(Protocol):
    """A run whose calls are answered."""

    @property
    def may_repeat_calls(self) -> bool: ...

    def answer(self, results: list[dict[str, Any]]) -> None: ...

    def get_info(self) -> RunInfo: ...


class ToolRunner:
    """Carries out tools for one run. Nothing that a tool does ends the run: what it raises is raised by the call in the sandbox."""

    def __init__(self, run: AnsweredRun, tools: Mapping[str, Tool]) -> None:
        self._run = run
        self._tools = tools

    def answer(self, event: ToolRequestEvent) -> None:
        try:
            if self._run.may_repeat_calls and not self._is_open(event.call_id):
                return
            self._send(self._call(event), event.call_id)
        except PodflareError as e:
            # The call fails in the sandbox when its time is over.
            LOG.warning("the call %s of tool %s was not answered: %s", event.call_id, event.name, e)

    def _call(self, event: ToolRequestEvent) -> dict[str, Any]:
        try:
            with use_trace(event.traceparent):
                return result_of(event.call_id, io.carry_out(bind(self._tools, event)))
        except Exception as e:
            return failure_of(event.call_id, e)

    def _send(self, result: dict[str, Any], call_id: str) -> None:
        try:
            self._run.answer([result])
        except (ToolCallClosedError, ToolCallNotFoundError):
            # It timed out, or its code no longer waits for it.
            pass
        except ApiError as e:
            if e.status != 400 and not isinstance(e, TooLargeError):
                raise
            # The call is open still, and the code learns why it gets no answer.
            self._run.answer([failure_of(call_id, e)])

    def _is_open(self, call_id: str) -> bool:
        """Whether nobody has answered the call: a reader that starts anew sees calls that were answered before."""
        for _ in range(_ASK_TIMES):
            info = self._run.get_info()
            if info.open_tool_calls is not None:
                return call_id in info.open_tool_calls
            if info.state == "ended":
                return False
            io.sleep(_ASK_SECONDS)
        return True
