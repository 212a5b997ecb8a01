"""The hosts of a cluster, in asynchronous code."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

from .._administration_operations import HostOperations
from .._operation_models import HostInfo

if TYPE_CHECKING:
    from .administration import AsyncAdministration


class AsyncHosts:
    """Hosts. All methods need a key with the scope ``admin``; without it they raise InsufficientScopeError. They raise HostNotFoundError for a host that is away."""

    def __init__(self, client: AsyncAdministration) -> None:
        self._client = client
        self._operations = HostOperations(client._operations)

    async def list(self) -> builtins.list[HostInfo]:
        """All hosts, in the order of their ids.

        >>> full = [host.id for host in await client.hosts.list() if host.sandboxes == host.slots]
        """
        return await self._client._run(self._operations.list())

    async def cordon(self, host_id: str) -> HostInfo:
        """The host accepts no new sandboxes. Its sandboxes continue, and its ready containers stay.

        >>> await client.hosts.cordon("0c5e1f2a")
        """
        return await self._client._run(self._operations.set_mode(host_id, "cordon"))

    async def uncordon(self, host_id: str) -> HostInfo:
        """The host accepts new sandboxes again.

        >>> await client.hosts.uncordon("0c5e1f2a")
        """
        return await self._client._run(self._operations.set_mode(host_id, "uncordon"))

    async def drain(self, host_id: str) -> HostInfo:
        """The host accepts no new sandboxes, and its ready containers are removed. Its sandboxes continue until they end.

        >>> (await client.hosts.drain("0c5e1f2a")).sandboxes
        12
        """
        return await self._client._run(self._operations.set_mode(host_id, "drain"))
