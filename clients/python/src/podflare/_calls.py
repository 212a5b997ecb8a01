"""Operations with one answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ._attempts import delay_or_raise, may_have_arrived, problem_of
from ._errors import ProtocolError
from ._requests import Request
from ._retry import Budget, RetryPolicy
from ._steps import Answer, Broken, Call, Pause, Send

T = TypeVar("T")


def call(request: Request, policy: RetryPolicy) -> Call[Answer]:
    """Sends a request until it succeeds, as often as the policy allows. Raises the exception for the last failure."""
    budget = Budget(policy.retries if request.is_repeatable else 0, policy)
    while True:
        reply = yield Send(request)
        if isinstance(reply, Answer) and reply.is_success:
            return reply
        doing = "get an answer from the server" if isinstance(reply, Broken) and reply.is_connected else "reach the server"
        problem = problem_of(reply, doing)
        if not request.is_idempotent and may_have_arrived(problem):
            raise problem
        yield Pause(delay_or_raise(problem, budget))


def call_json(request: Request, parse: Callable[[Mapping[str, Any]], T], policy: RetryPolicy) -> Call[T]:
    """As ``call``, and parses the answer."""
    answer = yield from call(request, policy)
    try:
        body = json.loads(answer.body)
        if not isinstance(body, dict):
            raise ValueError("not an object")
        return parse(body)
    except (ValueError, KeyError, TypeError) as e:
        raise ProtocolError(f"the server's answer to {request.method} {request.target} cannot be read: {e!r}", status=answer.status) from e
