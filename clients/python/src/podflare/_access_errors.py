"""Errors about keys, tenants, and the edge of the server."""

from __future__ import annotations

from ._api_errors import ApiError, ConflictError, InsufficientScopeError, NotFoundError, TooManyRequestsError


class TenantSuspendedError(InsufficientScopeError):
    """An administrator has suspended the tenant of the API key."""


class CrossOriginRefusedError(InsufficientScopeError):
    """The server took the request for one that a web page of another origin sent."""


class HostNotAllowedError(ApiError):
    """The server does not accept the host name of its address (``Podflare:Http:AllowedHosts``)."""


class KeyNotFoundError(NotFoundError):
    """The tenant has no such API key, or the key has ended and cannot be changed."""


class TenantNotFoundError(NotFoundError):
    """There is no such tenant, or it is deleted and cannot be changed."""


class HostNotFoundError(NotFoundError):
    """No worker of this host is in the cluster."""


class TenantExistsError(ConflictError):
    """A tenant has this id, or had it."""


class KeyFromEnvironmentError(ConflictError):
    """The key is set in the environment of the server, and cannot be changed."""


class KeyQuotaExceededError(TooManyRequestsError):
    """The tenant has as many API keys as it may have. Revoke one first."""


class WebhookNotFoundError(NotFoundError):
    """The tenant has no such webhook."""


class DeliveryNotFoundError(NotFoundError):
    """The webhook has no delivery of this event, or has forgotten it."""


class WebhookDisabledError(ConflictError):
    """The webhook is disabled and cannot be called."""


class AddressRefusedError(ApiError):
    """A webhook may not have this address."""


class WebhookQuotaExceededError(TooManyRequestsError):
    """The tenant has as many webhooks as it may have. Delete one first."""
