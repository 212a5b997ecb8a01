"""The exceptions for the error codes of the API; those about runs and files are in ``_run_errors`` and ``_file_errors``."""

from __future__ import annotations

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


class UrlNotFoundError(NotFoundError):
    """The server does not have this URL (``not_found``): it is older than this package, or the address is not that of a Podflare server."""


class SandboxNotFoundError(NotFoundError):
    """There is no sandbox with this id, or it ended more than a day ago."""


class TemplateNotFoundError(NotFoundError):
    """The server has no such template."""


class ConflictError(ApiError):
    """The request does not fit the present state."""


class GoneError(ApiError):
    """It existed and is gone for good."""


class SandboxLostError(GoneError):
    """The sandbox's machine or container has failed."""


class SandboxEndedError(GoneError):
    """The sandbox was deleted or has expired. ``ended_reason`` says which."""


class TooLargeError(ApiError):
    """The request is larger than the server accepts."""


class UrlTooLongError(TooLargeError):
    """The URL is longer than the server accepts (``uri_too_long``), for example because of a long path."""


class HeadersTooLargeError(TooLargeError):
    """The request headers are larger than the server accepts."""


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


class UnavailableError(ApiError):
    """The server cannot answer now. The same request may succeed later."""


class RequestTimeoutError(UnavailableError):
    """The request took too long to arrive at the server."""


class NoCapacityError(UnavailableError):
    """No machine has room for another sandbox."""


class ShuttingDownError(UnavailableError):
    """The server is being stopped."""


class StorageUnavailableError(UnavailableError):
    """The server's storage does not answer."""


class SandboxUnreachableError(UnavailableError):
    """The sandbox's machine does not answer at the moment."""


class MethodNotAllowedError(ApiError):
    """The URL does not support the request's method: the server is older than this package."""


class UnsupportedMediaTypeError(ApiError):
    """The server does not accept the request's ``Content-Type``."""


class HttpVersionNotSupportedError(ApiError):
    """The server, or a proxy before it, does not support the request's version of HTTP."""


class NotOfferedError(ApiError):
    """This server does not have the feature, or it is disabled."""


class InternalServerError(ApiError):
    """The server failed. Its log has details under ``trace_id``."""
