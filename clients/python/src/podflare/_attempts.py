"""Failed attempts: which exception each stands for, and whether there is another attempt."""

from __future__ import annotations

import logging
import time

from ._api_errors import ApiError
from ._errors import ConnectionFailedError, PodflareError
from ._log import LOG
from ._problems import error_of, is_worth_repeating
from ._retry import Budget
from ._steps import Answer, Broken, Reply


def problem_of(reply: Reply, doing: str) -> PodflareError:
    """The exception for a reply that is not a success."""
    if isinstance(reply, Broken):
        cause = reply.cause
        error = ConnectionFailedError(f"could not {doing} at {reply.address}: {reply.text}")
        error.hint, error.is_unreachable = reply.hint, not reply.is_connected
        # The traceback of the HTTP library is three times as long as the user's, and says nothing more.
        cause.__cause__, cause.__suppress_context__ = None, True
        error.__cause__ = cause.with_traceback(None)
        return error
    if isinstance(reply, Answer):
        return error_of(reply.status, reply.headers, reply.body, time.time())
    raise TypeError(f"not an answer: {reply!r}")


def may_have_arrived(problem: PodflareError) -> bool:
    """Whether a request that failed may have had an effect."""
    if isinstance(problem, ConnectionFailedError):
        return not problem.is_unreachable
    # The process that answered had lost the server or the sandbox, so it does not know either.
    return problem.status in (500, 502, 504) or problem.code == "sandbox_unreachable"


def delay_or_raise(problem: PodflareError, budget: Budget) -> float:
    """Returns the seconds to wait before the next attempt. Raises the problem if no attempt is left."""
    if isinstance(problem, ApiError) and not is_worth_repeating(problem):
        raise problem
    delay = budget.spend(problem.retry_after)
    if delay is None:
        if budget.used:
            problem.message += f" (after {budget.used + 1} attempts)"
        raise problem
    # A single cut is routine. A server that cannot be reached, or fails twice in a row, makes the caller wait.
    is_unreachable = isinstance(problem, ConnectionFailedError) and problem.is_unreachable
    level = logging.WARNING if is_unreachable or budget.used > 1 else logging.INFO
    LOG.log(level, "retrying in %.2f s (attempt %d of %d): %s", delay, budget.used + 1, budget.attempts + 1, problem.message)
    return delay
