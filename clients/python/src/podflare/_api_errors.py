"""One exception for each error code of the API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from ._errors import PodflareError


class ApiError(PodflareError):
    """The server refused the request."""


class InvalidRequestError(ApiError):
    """A field has the wrong type or is out of range. ``errors`` names it."""


class AuthenticationError(ApiError):
    """The API key is missing or not valid."""


class MissingApiKeyError(AuthenticationError):
    """The server requires an API key."""


class InvalidApiKeyError(AuthenticationError):
    """The server does not know the API key."""


class InsufficientScopeError(ApiError):
    """The API key does not allow this request."""


class NotFoundError(ApiError):
    """It does not exist, or it belongs to another tenant."""


class SandboxNotFoundError(NotFoundError):
    """There is no sandbox with this id, or it ended more than a day ago."""


class RunNotFoundError(NotFoundError):
    """The sandbox has no run with this id, or no longer keeps it."""


class TemplateNotFoundError(NotFoundError):
    """The server has no such template."""


class RemoteFileNotFoundError(NotFoundError):
    """The sandbox has no such file."""


class NotAFileError(ApiError):
    """A directory, socket or device was found where a file is needed."""


class NotAFolderError(ApiError):
    """A folder is needed, and the path leads to or through something else (``not_a_directory``)."""


class FileAccessDeniedError(ApiError):
    """The sandbox's user may not read or write the path (``file_access_denied``)."""


class GoneError(ApiError):
    """It existed and is gone for good."""


class EventsEvictedError(GoneError):
    """The requested events are no longer kept. ``oldest_seq`` is the first one that is."""


class SandboxLostError(GoneError):
    """The sandbox's machine or container has failed."""


class SandboxEndedError(GoneError):
    """The sandbox was deleted or has expired. ``ended_reason`` says which."""


class TooLargeError(ApiError):
    """The request is larger than the server accepts."""


class CodeTooLargeError(TooLargeError):
    """The code is larger than the server accepts."""


class FileTooLargeError(TooLargeError):
    """The file is larger than the server accepts."""


class InvalidTraceparentError(ApiError):
    """The server does not accept the traceparent."""


class IdempotencyKeyReusedError(ApiError):
    """The idempotency key was used before, with another request body."""


class TooManyRequestsError(ApiError):
    """A limit is reached. ``retry_after`` says when to try again."""


class RateLimitedError(TooManyRequestsError):
    """Too many requests in a short time."""


class SandboxQuotaExceededError(TooManyRequestsError):
    """All sandboxes that this key may have at a time are in use."""


class RunQueueFullError(TooManyRequestsError):
    """Too many runs are waiting in this sandbox."""


class UnavailableError(ApiError):
    """The server cannot answer now. The same request may succeed later."""


class NoCapacityError(UnavailableError):
    """No machine has room for another sandbox."""


class ShuttingDownError(UnavailableError):
    """The server is being stopped."""


class StorageUnavailableError(UnavailableError):
    """The server's storage does not answer."""


class SandboxUnreachableError(UnavailableError):
    """The sandbox's machine does not answer at the moment."""


class DiskFullError(ApiError):
    """The file does not fit on the disk. The old file is kept."""


class NotOfferedError(ApiError):
    """This server does not have the feature, or it is disabled."""


class InternalServerError(ApiError):
    """The server failed. Its log has details under ``trace_id``."""


_BY_CODE: Mapping[str, type[ApiError]] = {
    "invalid_request": InvalidRequestError,
    "missing_api_key": MissingApiKeyError,
    "invalid_api_key": InvalidApiKeyError,
    "insufficient_scope": InsufficientScopeError,
    "sandbox_not_found": SandboxNotFoundError,
    "run_not_found": RunNotFoundError,
    "template_not_found": TemplateNotFoundError,
    "file_not_found": RemoteFileNotFoundError,
    "not_a_file": NotAFileError,
    "not_a_directory": NotAFolderError,
    "file_access_denied": FileAccessDeniedError,
    "events_evicted": EventsEvictedError,
    "sandbox_lost": SandboxLostError,
    "sandbox_ended": SandboxEndedError,
    "code_too_large": CodeTooLargeError,
    "file_too_large": FileTooLargeError,
    "invalid_traceparent": InvalidTraceparentError,
    "idempotency_key_reused": IdempotencyKeyReusedError,
    "rate_limited": RateLimitedError,
    "sandbox_quota_exceeded": SandboxQuotaExceededError,
    "run_queue_full": RunQueueFullError,
    "no_capacity": NoCapacityError,
    "shutting_down": ShuttingDownError,
    "storage_unavailable": StorageUnavailableError,
    "sandbox_unreachable": SandboxUnreachableError,
    "disk_full": DiskFullError,
    "not_offered": NotOfferedError,
    "internal": InternalServerError,
}

# For a code of a newer server, and for a reverse proxy, which has no codes.
_BY_STATUS: Mapping[int, type[ApiError]] = {
    400: InvalidRequestError,
    401: AuthenticationError,
    403: InsufficientScopeError,
    404: NotFoundError,
    410: GoneError,
    413: TooLargeError,
    429: TooManyRequestsError,
    500: InternalServerError,
    501: NotOfferedError,
    502: UnavailableError,
    503: UnavailableError,
    504: UnavailableError,
    507: DiskFullError,
}


def error_of(status: int, headers: Mapping[str, str], body: bytes, now: float) -> ApiError:
    """The exception for an unsuccessful answer.

    ``now`` is the Unix time, for a Retry-After that is a date.
    """
    problem = _problem(body)
    code = _text(problem, "code")
    message = _text(problem, "detail") or _text(problem, "error") or f"the server answered with status {status}"
    kind = _BY_CODE.get(code or "", _BY_STATUS.get(status, ApiError))
    oldest = problem.get("oldest_seq")
    return kind(
        message,
        code=code,
        status=status,
        trace_id=_text(problem, "trace_id") or headers.get("podflare-trace-id") or None,
        retry_after=_retry_after(headers.get("retry-after"), now),
        oldest_seq=oldest if type(oldest) is int else None,
        ended_reason=_text(problem, "ended_reason"),
        errors=_field_errors(problem.get("errors")),
    )


def is_worth_repeating(error: ApiError) -> bool:
    """Whether the server refused before doing anything, and may accept later."""
    # Waiting does not free a quota that the caller's own sandboxes use up.
    if isinstance(error, SandboxQuotaExceededError):
        return False
    return isinstance(error, (TooManyRequestsError, UnavailableError)) or error.status == 408


def _problem(body: bytes) -> dict[str, Any]:
    try:
        problem = json.loads(body)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def _text(problem: Mapping[str, Any], name: str) -> str | None:
    value = problem.get(name)
    return value if isinstance(value, str) and value else None


def _field_errors(errors: Any) -> dict[str, tuple[str, ...]]:
    if not isinstance(errors, dict):
        return {}
    return {str(field): tuple(str(text) for text in (texts if isinstance(texts, list) else [texts])) for field, texts in errors.items()}


def _retry_after(value: str | None, now: float) -> float | None:
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (TypeError, ValueError):
        return None
