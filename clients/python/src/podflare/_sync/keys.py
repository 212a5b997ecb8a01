# Generated from ../_async/keys.py by unasync.py. Do not edit.
"""The API keys of a tenant, in blocking code."""

from __future__ import annotations

from collections.abc import Iterator, Iterable
from typing import TYPE_CHECKING

from .._administration_models import KeyInfo, KeyState, NewKey, Scope
from .._administration_operations import KeyOperations

if TYPE_CHECKING:
    from .administration import Administration


class Keys:
    """API keys. All methods but ``current`` need a key with the scope ``keys``, and for another tenant ``admin``; without it they raise InsufficientScopeError."""

    def __init__(self, client: Administration) -> None:
        self._client = client
        self._operations = KeyOperations(client._operations)

    def create(
        self, name: str, scopes: Iterable[Scope] = ("sandboxes",), *, expires_in_seconds: float | None = None, tenant: str | None = None
    ) -> NewKey:
        """Creates a key. Only the result has its ``secret``.

        name: what it is for, 1 to 128 characters.
        scopes: what it allows. A key cannot grant a scope that it does not have; one with ``admin`` can grant all.
        expires_in_seconds: its life, at least 1. Default: it does not expire. tenant: another tenant; needs ``admin``.
        Raises KeyQuotaExceededError if the tenant has as many keys as it may have. It is not repeated if the answer is lost:
        revoke the key that nobody has then.

        >>> key = client.keys.create("ci", ["sandboxes"], expires_in_seconds=90 * 24 * 3600)
        """
        return self._client._run(self._operations.create(name, scopes, expires_in_seconds=expires_in_seconds, tenant=tenant))

    def list(self, *, tenant: str | None = None, state: KeyState | None = None, page_size: int | None = None) -> Iterator[KeyInfo]:
        """The keys of a tenant: those of the server's environment, then the others, newest first. Ended keys are listed for 90 days.

        tenant: another tenant; needs ``admin``. state: only keys in this state. page_size: keys in one request, at most 1,000.

        >>> for key in client.keys.list(state="active"):
        ...     print(key.name, key.last_used_at)
        """
        cursor: str | None = None
        while True:
            page = self._client._run(self._operations.page(tenant=tenant, state=state, limit=page_size, cursor=cursor))
            for key in page.keys:
                yield key
            cursor = page.next_cursor
            if not cursor:
                return

    def get(self, key_id: str) -> KeyInfo:
        """Describes a key. Raises KeyNotFoundError.

        >>> (client.keys.get("key_…")).state
        'active'
        """
        return self._client._run(self._operations.get(key_id))

    def current(self) -> KeyInfo:
        """Describes the key of this client. Every key may do this. Raises KeyNotFoundError on a server without authentication.

        >>> (client.keys.current()).tenant
        'acme'
        """
        return self._client._run(self._operations.current())

    def update(
        self, key_id: str, *, name: str | None = None, scopes: Iterable[Scope] | None = None, expires_in_seconds: float | None = None
    ) -> KeyInfo:
        """Changes a key. What is None stays as it is. A key can only reduce its own rights.

        expires_in_seconds: its life from now. Raises KeyNotFoundError, and KeyFromEnvironmentError for a key of the server's environment.

        >>> client.keys.update("key_…", scopes=["read"])
        """
        return self._client._run(self._operations.update(key_id, name=name, scopes=scopes, expires_in_seconds=expires_in_seconds))

    def rotate(self, key_id: str, *, overlap_seconds: float | None = None) -> NewKey:
        """Replaces a key by a new one with the same rights and length of life. Only the result has its ``secret``.

        overlap_seconds: how long the old key still works, 0 to 30 days. Default: 24 hours.
        Raises KeyNotFoundError and KeyFromEnvironmentError. It is not repeated if the answer is lost.

        >>> key = client.keys.rotate("key_…", overlap_seconds=3600)
        """
        return self._client._run(self._operations.rotate(key_id, overlap_seconds=overlap_seconds))

    def revoke(self, key_id: str) -> None:
        """Ends a key: every server refuses it about a second later, and aborts its open streams. Repeating it is harmless.

        Raises KeyNotFoundError and KeyFromEnvironmentError.

        >>> client.keys.revoke("key_…")
        """
        self._client._run(self._operations.revoke(key_id))
