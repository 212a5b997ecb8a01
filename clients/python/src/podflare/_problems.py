"""Chooses the exception for an unsuccessful answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from . import _api_errors as errors
from . import _access_errors, _file_errors, _run_errors
from ._api_errors import ApiError

BY_CODE: Mapping[str, type[ApiError]] = {
    "invalid_request": errors.InvalidRequestError,
    "missing_api_key": errors.MissingApiKeyError,
    "invalid_api_key": errors.InvalidApiKeyError,
    "insufficient_scope": errors.InsufficientScopeError,
    "sandbox_not_found": errors.SandboxNotFoundError,
    "not_found": errors.UrlNotFoundError,
    "run_not_found": _run_errors.RunNotFoundError,
    "template_not_found": errors.TemplateNotFoundError,
    "file_not_found": _file_errors.RemoteFileNotFoundError,
    "not_a_file": _file_errors.NotAFileError,
    "not_a_directory": _file_errors.NotAFolderError,
    "file_access_denied": _file_errors.FileAccessDeniedError,
    "events_evicted": _run_errors.EventsEvictedError,
    "sandbox_lost": errors.SandboxLostError,
    "sandbox_ended": errors.SandboxEndedError,
    "code_too_large": _run_errors.CodeTooLargeError,
    "file_too_large": _file_errors.FileTooLargeError,
    "uri_too_long": errors.UrlTooLongError,
    "headers_too_large": errors.HeadersTooLargeError,
    "method_not_allowed": errors.MethodNotAllowedError,
    "request_timeout": errors.RequestTimeoutError,
    "unsupported_media_type": errors.UnsupportedMediaTypeError,
    "http_version_not_supported": errors.HttpVersionNotSupportedError,
    "invalid_traceparent": errors.InvalidTraceparentError,
    "idempotency_key_reused": errors.IdempotencyKeyReusedError,
    "rate_limited": errors.RateLimitedError,
    "sandbox_quota_exceeded": errors.SandboxQuotaExceededError,
    "run_quota_exceeded": _run_errors.RunQuotaExceededError,
    "output_quota_exceeded": _run_errors.OutputQuotaExceededError,
    "run_queue_full": _run_errors.RunQueueFullError,
    "log_budget_exceeded": _run_errors.LogBudgetExceededError,
    "no_capacity": errors.NoCapacityError,
    "shutting_down": errors.ShuttingDownError,
    "storage_unavailable": errors.StorageUnavailableError,
    "sandbox_unreachable": errors.SandboxUnreachableError,
    "disk_full": _file_errors.DiskFullError,
    "file_exists": _file_errors.RemoteFileExistsError,
    "directory_not_empty": _file_errors.FolderNotEmptyError,
    "precondition_failed": _file_errors.PreconditionFailedError,
    "range_not_satisfiable": _file_errors.RangeNotSatisfiableError,
    "invalid_archive": _file_errors.InvalidArchiveError,
    "unsupported_encoding": _file_errors.UnsupportedEncodingError,
    "run_ended": _run_errors.RunEndedError,
    "stdin_closed": _run_errors.StdinClosedError,
    "stdin_offset": _run_errors.StdinOffsetError,
    "stdin_full": _run_errors.StdinFullError,
    "tool_call_not_found": _run_errors.ToolCallNotFoundError,
    "tool_call_closed": _run_errors.ToolCallClosedError,
    "not_a_terminal": _run_errors.NotATerminalError,
    "context_not_found": _run_errors.ContextNotFoundError,
    "context_exists": _run_errors.ContextExistsError,
    "context_required": _run_errors.ContextRequiredError,
    "context_quota_exceeded": _run_errors.ContextQuotaExceededError,
    "tenant_suspended": _access_errors.TenantSuspendedError,
    "cross_origin_refused": _access_errors.CrossOriginRefusedError,
    "host_not_allowed": _access_errors.HostNotAllowedError,
    "key_not_found": _access_errors.KeyNotFoundError,
    "tenant_not_found": _access_errors.TenantNotFoundError,
    "host_not_found": _access_errors.HostNotFoundError,
    "tenant_exists": _access_errors.TenantExistsError,
    "key_from_environment": _access_errors.KeyFromEnvironmentError,
    "key_quota_exceeded": _access_errors.KeyQuotaExceededError,
    "webhook_not_found": _access_errors.WebhookNotFoundError,
    "delivery_not_found": _access_errors.DeliveryNotFoundError,
    "webhook_disabled": _access_errors.WebhookDisabledError,
    "address_refused": _access_errors.AddressRefusedError,
    "webhook_quota_exceeded": _access_errors.WebhookQuotaExceededError,
    "not_offered": errors.NotOfferedError,
    "internal": errors.InternalServerError,
}

# For a code of a newer server, and for a reverse proxy, which has no codes.
_BY_STATUS: Mapping[int, type[ApiError]] = {
    400: errors.InvalidRequestError,
    401: errors.AuthenticationError,
    403: errors.InsufficientScopeError,
    404: errors.NotFoundError,
    405: errors.MethodNotAllowedError,
    408: errors.RequestTimeoutError,
    409: errors.ConflictError,
    410: errors.GoneError,
    413: errors.TooLargeError,
    414: errors.UrlTooLongError,
    412: _file_errors.PreconditionFailedError,
    415: errors.UnsupportedMediaTypeError,
    416: _file_errors.RangeNotSatisfiableError,
    429: errors.TooManyRequestsError,
    431: errors.HeadersTooLargeError,
    500: errors.InternalServerError,
    501: errors.NotOfferedError,
    502: errors.UnavailableError,
    503: errors.UnavailableError,
    504: errors.UnavailableError,
    505: errors.HttpVersionNotSupportedError,
    507: _file_errors.DiskFullError,
}


def error_of(status: int, headers: Mapping[str, str], body: bytes, now: float) -> ApiError:
    """The exception for an unsuccessful answer.

    ``now`` is the Unix time, for a Retry-After that is a date.
    """
    problem = _problem(body)
    code = _text(problem, "code")
    message = _text(problem, "detail") or _text(problem, "error") or f"the server answered with status {status}"
    kind = BY_CODE.get(code or "", _BY_STATUS.get(status, ApiError))
    return kind(
        message,
        code=code,
        status=status,
        trace_id=_text(problem, "trace_id") or headers.get("podflare-trace-id") or None,
        retry_after=_retry_after(headers.get("retry-after"), now),
        oldest_seq=_whole(problem, "oldest_seq"),
        offset=_whole(problem, "offset"),
        ended_reason=_text(problem, "ended_reason"),
        errors=_field_errors(problem.get("errors")),
        required_scopes=_texts(problem.get("required_scopes")),
    )


def is_worth_repeating(error: ApiError) -> bool:
    """Whether the server refused before doing anything, and may accept later."""
    # Waiting does not free a quota that the caller's own sandboxes or contexts use up. A writer waits for a full input itself.
    if isinstance(error, (errors.SandboxQuotaExceededError, _access_errors.KeyQuotaExceededError, _access_errors.WebhookQuotaExceededError, _run_errors.ContextQuotaExceededError, _run_errors.StdinFullError)):
        return False
    return isinstance(error, (errors.TooManyRequestsError, errors.UnavailableError))


def _problem(body: bytes) -> dict[str, Any]:
    try:
        problem = json.loads(body)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def _text(problem: Mapping[str, Any], name: str) -> str | None:
    value = problem.get(name)
    return value if isinstance(value, str) and value else None


def _whole(problem: Mapping[str, Any], name: str) -> int | None:
    value = problem.get(name)
    return value if type(value) is int else None


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(str(value) for value in values) if isinstance(values, list) else ()


def _field_errors(fields: Any) -> dict[str, tuple[str, ...]]:
    if not isinstance(fields, dict):
        return {}
    return {str(field): tuple(str(text) for text in (texts if isinstance(texts, list) else [texts])) for field, texts in fields.items()}


def _retry_after(value: str | None, now: float) -> float | None:
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (TypeError, ValueError):
        return None
