"""Where the telemetry of a tenant goes, in asynchronous code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from .._telemetry_models import TelemetryDestination, TelemetrySignal, TelemetryTest
from .._telemetry_operations import TelemetryOperations

if TYPE_CHECKING:
    from .administration import AsyncAdministration


class AsyncTelemetry:
    """The tenant's own OpenTelemetry backend. All methods need a key with the scope ``keys``; without it they raise InsufficientScopeError."""

    def __init__(self, client: AsyncAdministration) -> None:
        self._client = client
        self._operations = TelemetryOperations(client._operations)

    async def set(
        self,
        endpoint: str,
        *,
        headers: Mapping[str, str] | None = None,
        signals: Iterable[TelemetrySignal] | None = None,
        capture_content: bool = False,
        redact: Iterable[str] | None = None,
    ) -> TelemetryDestination:
        """Sets or replaces the destination: it gets the spans of the tenant's runs, and what programs in its sandboxes send.

        endpoint: the https address of an OTLP/HTTP receiver, without ``/v1/traces``. headers: of every request, such as a key; the server stores them encrypted.
        signals: ``traces``, ``logs``, ``metrics``; None for all. capture_content: whether code and output are sent as well, without secrets.
        redact: regular expressions whose matches are replaced in code and output. Raises InvalidRequestError, and NotOfferedError on a server without a key for secrets.

        >>> destination = await client.telemetry.set("https://otlp.example.com", headers={"x-api-key": "…"})
        """
        return await self._client._run(self._operations.set(endpoint, headers=headers, signals=signals, capture_content=capture_content, redact=redact))

    async def get(self) -> TelemetryDestination:
        """The destination, without the values of its headers, and what was sent there. Without a destination, ``endpoint`` is None.

        >>> (await client.telemetry.get()).last_error
        """
        return await self._client._run(self._operations.get())

    async def test(self) -> TelemetryTest:
        """Sends one span, and says what came of it.

        >>> (await client.telemetry.test()).outcome
        '200'
        """
        return await self._client._run(self._operations.test())

    async def remove(self) -> None:
        """Removes the destination. Repeating it is harmless.

        >>> await client.telemetry.remove()
        """
        await self._client._run(self._operations.remove())
