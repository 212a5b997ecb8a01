"""The exceptions for refusals about runs and contexts."""

from __future__ import annotations

from ._api_errors import ConflictError, GoneError, NotFoundError, TooLargeError, TooManyRequestsError, UnavailableError


class RunNotFoundError(NotFoundError):
    """The sandbox has no run with this id, or no longer keeps it."""


class EventsEvictedError(GoneError):
    """The requested events are no longer kept. ``oldest_seq`` is the first one that is."""


class CodeTooLargeError(TooLargeError):
    """The code is larger than the server accepts."""


class RunQueueFullError(TooManyRequestsError):
    """Too many runs are waiting in this sandbox."""


class RunQuotaExceededError(TooManyRequestsError):
    """As many runs of the tenant are executing as may execute at the same time. Nothing was started."""


class OutputQuotaExceededError(TooManyRequestsError):
    """The output of the tenant's open runs uses all the storage that the tenant may use. Nothing was started."""


class LogBudgetExceededError(TooManyRequestsError, UnavailableError):
    """The output that the server keeps of open runs has reached its limit. Nothing was started.

    ``status`` is 429 if it is the limit of the sandbox or of the tenant, and 503 if it is that of the whole cluster.
    """


class RunEndedError(ConflictError):
    """The run has ended, so it accepts no more input, signals or sizes."""


class StdinClosedError(ConflictError):
    """The run was started without standard input, or its end was already sent."""


class StdinOffsetError(ConflictError):
    """The data does not continue the run's standard input: somebody else writes to it too. ``offset`` is where it continues, in bytes."""


class StdinFullError(TooManyRequestsError):
    """The run does not read: 1 MiB of its standard input is waiting. ``offset`` is what was accepted so far, in bytes."""


class ToolCallNotFoundError(NotFoundError):
    """The run has made no such call of a tool."""


class ToolCallClosedError(ConflictError):
    """The call of a tool timed out, the code no longer waits for its answer, or the run has ended."""


class NotATerminalError(ConflictError):
    """The run has no terminal, so it has no size."""


class ContextNotFoundError(NotFoundError):
    """The sandbox has no context with this id."""


class ContextExistsError(ConflictError):
    """There is a context with this id, and it differs from the requested one."""


class ContextRequiredError(ConflictError):
    """The context ``python`` cannot be deleted; ``restart`` gives it a new interpreter."""


class ContextQuotaExceededError(TooManyRequestsError):
    """The sandbox has as many contexts as it may have (8, fresh runs included)."""
