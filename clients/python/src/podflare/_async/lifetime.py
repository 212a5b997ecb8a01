"""How a sandbox is created and ended, in asynchronous code."""

from __future__ import annotations

from collections.abc import Generator  # async only
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import Any  # async only
from typing import TypeVar

from . import io
from .client import AsyncClient
from .stream import INTERRUPT_SECONDS
from .._api_errors import NotFoundError
from .._arguments import shared_client
from .._errors import PodflareError, PodflareWarning
from .._http import Limit
from .._requests import Request
from .._sandbox_operations import SandboxOperations
from .._trace import Trace
from .._views import SandboxView
from .._warn import ungranted, warn

S = TypeVar("S", bound="AsyncSandboxLifetime")

# How long ending a sandbox may take after an exception or a cancellation.
_CLOSE_SECONDS = 10


class AsyncSandboxLifetime(SandboxView):
    """Creates the sandbox when it is entered, and ends it when it is left."""

    _client: AsyncClient
    _owns_client: bool
    _trace: Trace | None
    _egress: bool | Iterable[str] | None
    _create: Request | None

    async def delete(self) -> None:
        """Ends the sandbox, with everything that runs in it. Repeating it is harmless.

        >>> await sandbox.delete()
        """
        await self._delete(None)

    async def close(self) -> None:
        """Ends the sandbox if it was created by this object, and closes the connections unless they belong to a shared client.

        >>> await sandbox.close()
        """
        await self._close(None)

    def __await__(self: S) -> Generator[Any, None, S]:  # async only
        return self.__aenter__().__await__()  # async only

    async def __aenter__(self: S) -> S:
        await self._open()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        if error is None:
            await self.close()
            return
        # The exception matters more than a sandbox that could not be ended. Its idle timeout ends it then.
        with suppress(PodflareError), io.shield(_CLOSE_SECONDS):
            await self._close(Limit(_CLOSE_SECONDS))

    async def _open(self) -> None:
        create, self._create = self._create, None
        if create is None:
            return
        operations = self._client._operations
        try:
            info = await self._client._run(operations.created(create))
        except (Exception, GeneratorExit):
            await self._close_own_client()
            raise
        except BaseException:
            # Ctrl-C, or the task is being cancelled: nobody will know the sandbox. If this fails, its idle timeout ends it.
            with suppress(PodflareError), io.shield(INTERRUPT_SECONDS):
                await self._client._run(operations.undo_create(create), Limit(INTERRUPT_SECONDS))
            with io.shield(INTERRUPT_SECONDS):
                await self._close_own_client()
            raise
        self._made = SandboxOperations(self._client._operations, info.id, self._trace)
        self._ends_on_close = True
        self.warnings = ungranted(self._egress, info.warnings, info.raw)
        try:
            for text in self.warnings:
                warn(text)
        except PodflareWarning:
            # The program turns warnings into errors, so nobody will use this sandbox.
            with suppress(PodflareError):
                await self.close()
            raise

    async def _delete(self, limit: Limit | None) -> None:
        with suppress(NotFoundError):
            await self._client._run(self._operations.delete(), limit)
        self._ends_on_close = False

    async def _close(self, limit: Limit | None) -> None:
        try:
            if self._ends_on_close:
                await self._delete(limit)
        finally:
            await self._close_own_client()

    def _use(self, client: AsyncClient | None, host: str | None, api_key: str | None) -> None:
        shared = shared_client(client, AsyncClient, host, api_key)
        self._owns_client = shared is None
        self._client = AsyncClient(host, api_key) if shared is None else shared

    async def _close_own_client(self) -> None:
        if self._owns_client:
            await self._client.close()
