"""Everything that this package raises beside ValueError and TypeError for wrong arguments."""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any


class PodflareWarning(UserWarning):
    """Something went on that may not be what was meant."""


class PodflareError(Exception):
    """The root of all errors of this package."""

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        trace_id: str | None = None,
        retry_after: float | None = None,
        oldest_seq: int | None = None,
        ended_reason: str | None = None,
        errors: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        """The error code of the API, such as ``sandbox_not_found``."""
        self.status = status
        """The HTTP status; None where there was no answer."""
        self.trace_id = trace_id
        """Under which the server's logs have more, 32 hex digits."""
        self.retry_after = retry_after
        """Seconds after which the same request may succeed."""
        self.oldest_seq = oldest_seq
        """The oldest event that can still be read, with ``events_evicted``."""
        self.ended_reason = ended_reason
        """Why the sandbox has ended, with ``sandbox_ended``."""
        self.errors: Mapping[str, tuple[str, ...]] = errors or {}
        """What is wrong, by field of the request."""
        self.run_id: str | None = None
        """The run whose events were being read."""
        self.last_seq: int | None = None
        """The last event of that run that was passed on; reading can go on behind it."""

    def __str__(self) -> str:
        fields = "".join(f"; {field}: {', '.join(texts)}" for field, texts in self.errors.items())
        known = [f"{name}={value}" for name, value in (("code", self.code), ("trace_id", self.trace_id), ("run", self.run_id)) if value]
        return self.message + fields + (f" ({', '.join(known)})" if known else "")


class ConnectionFailedError(PodflareError):
    """The server could not be reached, or the connection broke, and repeating did not help."""


class ProtocolError(PodflareError):
    """The server answered with something that the API does not know."""


class StreamEndedError(PodflareError):
    """A run's events ended without its exit, again and again. The run may well go on: nothing is known of its end."""


class ApiError(PodflareError):
    """The server refused."""


class InvalidRequestError(ApiError):
    """A field is of the wrong type or out of range; ``errors`` names it."""


class AuthenticationError(ApiError):
    """The API key is missing or not valid."""


class MissingApiKeyError(AuthenticationError):
    """The server asks for an API key."""


class InvalidApiKeyError(AuthenticationError):
    """The server does not know the API key."""


class InsufficientScopeError(ApiError):
    """The API key does not allow this."""


class NotFoundError(ApiError):
    """There is no such thing, or it belongs to somebody else."""


class SandboxNotFoundError(NotFoundError):
    """There is no sandbox with this id, or not any more."""


class RunNotFoundError(NotFoundError):
    """The sandbox has no run with this id, or not any more."""


class TemplateNotFoundError(NotFoundError):
    """The server has no such template."""


class RemoteFileNotFoundError(NotFoundError):
    """The sandbox has no such file."""


class NotAFileError(ApiError):
    """A directory, socket or device where a file is needed."""


class NotAFolderError(ApiError):
    """A folder is needed, and something else stands there or on the way (``not_a_directory``)."""


class FileAccessDeniedError(ApiError):
    """The sandbox's user may not read or write there (``file_access_denied``)."""


class GoneError(ApiError):
    """It was there and is gone for good."""


class EventsEvictedError(GoneError):
    """The events asked for are not kept any more; ``oldest_seq`` tells from where they are."""


class SandboxLostError(GoneError):
    """The sandbox's machine or container has failed."""


class SandboxEndedError(GoneError):
    """The sandbox was deleted or has expired; ``ended_reason`` tells which."""


class TooLargeError(ApiError):
    """More than the server takes."""


class CodeTooLargeError(TooLargeError):
    """The code is larger than the server takes."""


class FileTooLargeError(TooLargeError):
    """The file is larger than the server takes."""


class InvalidTraceparentError(ApiError):
    """The server does not accept the traceparent."""


class IdempotencyKeyReusedError(ApiError):
    """The idempotency key was used before, for something else."""


class TooManyRequestsError(ApiError):
    """More than is allowed at a time; ``retry_after`` tells when to try again."""


class RateLimitedError(TooManyRequestsError):
    """Too many requests in a short time."""


class SandboxQuotaExceededError(TooManyRequestsError):
    """All sandboxes that this key may have at a time are in use."""


class RunQueueFullError(TooManyRequestsError):
    """Too many runs wait in this sandbox."""


class UnavailableError(ApiError):
    """Not now; the same request may succeed later."""


class NoCapacityError(UnavailableError):
    """No machine has room for another sandbox."""


class ShuttingDownError(UnavailableError):
    """The server is being stopped."""


class StorageUnavailableError(UnavailableError):
    """The server's storage does not answer."""


class SandboxUnreachableError(UnavailableError):
    """The sandbox's machine does not answer for now."""


class DiskFullError(ApiError):
    """The file does not fit; the old one stays."""


class NotOfferedError(ApiError):
    """This server does not have it, or has it switched off."""


class InternalServerError(ApiError):
    """Something is wrong in the server; its log has more under ``trace_id``."""


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

# For a code of a newer server, and for a proxy on the way, which knows no codes.
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
    """The exception for an answer that is no success.

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
        trace_id=_text(problem, "trace_id"),
        retry_after=_retry_after(headers.get("retry-after"), now),
        oldest_seq=oldest if type(oldest) is int else None,
        ended_reason=_text(problem, "ended_reason"),
        errors=_field_errors(problem.get("errors")),
    )


def is_worth_repeating(error: ApiError) -> bool:
    """Whether the server has refused before doing anything, and may not refuse again."""
    # Waiting frees no sandbox of a quota that the caller holds itself.
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
