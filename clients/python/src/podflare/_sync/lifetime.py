# Generated from ../_async/lifetime.py by unasync.py. Do not edit.
"""How a sandbox is created and ended, in blocking code."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import TypeVar

from . import io
from .client import Client
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

S = TypeVar("S", bound="SandboxLifetime")

# How long ending a sandbox may take after an exception or a cancellation.
_CLOSE_SECONDS = 10


class SandboxLifetime(SandboxView):
    """Creates the sandbox when it is entered, and ends it when it is left."""

    _client: Client
    _owns_client: bool
    _trace: Trace | None
    _egress: bool | Iterable[str] | None
    _create: Request | None

    def delete(self) -> None:
        """Ends the sandbox, with everything that runs in it. Repeating it is harmless.

        >>> sandbox.delete()
        """
        self._delete(None)

    def close(self) -> None:
        """Ends the sandbox if it was created by this object, and closes the connections unless they belong to a shared client.

        >>> sandbox.close()
        """
        self._close(None)

    def __enter__(self: S) -> S:
        self._open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        if error is None:
            self.close()
            return
        # The exception matters more than a sandbox that could not be ended. Its idle timeout ends it then.
        with suppress(PodflareError), io.shield(_CLOSE_SECONDS):
            self._close(Limit(_CLOSE_SECONDS))

    def _open(self) -> None:
        create, self._create = self._create, None
        if create is None:
            return
        operations = self._client._operations
        try:
            info = self._client._run(operations.created(create))
        except (Exception, GeneratorExit):
            self._close_own_client()
            raise
        except BaseException:
            # Ctrl-C, or the task is being cancelled: nobody will know the sandbox. If this fails, its idle timeout ends it.
            with suppress(PodflareError), io.shield(INTERRUPT_SECONDS):
                self._client._run(operations.undo_create(create), Limit(INTERRUPT_SECONDS))
            with io.shield(INTERRUPT_SECONDS):
                self._close_own_client()
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
                self.close()
            raise

    def _delete(self, limit: Limit | None) -> None:
        with suppress(NotFoundError):
            self._client._run(self._operations.delete(), limit)
        self._ends_on_close = False

    def _close(self, limit: Limit | None) -> None:
        try:
            if self._ends_on_close:
                self._delete(limit)
        finally:
            self._close_own_client()

    def _use(self, client: Client | None, host: str | None, api_key: str | None) -> None:
        shared = shared_client(client, Client, host, api_key)
        self._owns_client = shared is None
        self._client = Client(host, api_key) if shared is None else shared

    def _close_own_client(self) -> None:
        if self._owns_client:
            self._client.close()
