"""The tenants of a server, in asynchronous code."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from .._administration_models import TenantInfo, TenantLimits, TenantState
from .._administration_operations import TenantOperations
from .._models import SandboxInfo

if TYPE_CHECKING:
    from .administration import AsyncAdministration


class AsyncTenants:
    """Tenants. All methods but ``current`` need a key with the scope ``admin``; without it they raise InsufficientScopeError."""

    def __init__(self, client: AsyncAdministration) -> None:
        self._client = client
        self._operations = TenantOperations(client._operations)

    async def create(self, tenant_id: str, *, name: str | None = None, limits: TenantLimits | None = None) -> TenantInfo:
        """Creates a tenant.

        tenant_id: 1 to 64 letters, digits, ``-``, ``_`` or ``.``. name: for people. Default: the id.
        limits: what differs from the server's defaults. Raises TenantExistsError if the id is used, or was used.
        It is not repeated if the answer is lost.

        >>> tenant = await client.tenants.create("acme", limits={"sandboxes": 50})
        """
        return await self._client._run(self._operations.create(tenant_id, name=name, limits=limits))

    async def list(self, *, page_size: int | None = None) -> AsyncIterator[TenantInfo]:
        """All tenants, in the order of their ids. page_size: tenants in one request, at most 1,000.

        >>> async for tenant in client.tenants.list():
        ...     print(tenant.id, tenant.state)
        """
        cursor: str | None = None
        while True:
            page = await self._client._run(self._operations.page(limit=page_size, cursor=cursor))
            for tenant in page.tenants:
                yield tenant
            cursor = page.next_cursor
            if not cursor:
                return

    async def get(self, tenant_id: str) -> TenantInfo:
        """Describes a tenant, with the limits that were set for it. Raises TenantNotFoundError.

        >>> (await client.tenants.get("acme")).state
        'active'
        """
        return await self._client._run(self._operations.get(tenant_id))

    async def current(self) -> TenantInfo:
        """Describes the tenant of this client's key, with the limits that are in effect and what it has in use. Every key may do this.

        >>> (await client.tenants.current()).limits["sandboxes"]
        50
        """
        return await self._client._run(self._operations.current())

    async def update(
        self,
        tenant_id: str,
        *,
        name: str | None = None,
        limits: TenantLimits | None = None,
        state: TenantState | None = None,
        end_sandboxes: bool | None = None,
    ) -> TenantInfo:
        """Changes a tenant. What is None stays as it is, and so does a limit that ``limits`` does not have.

        state: ``suspended`` refuses all keys of the tenant, ``active`` accepts them again.
        end_sandboxes: True also ends its sandboxes, with ``suspended``. Raises TenantNotFoundError.

        >>> await client.tenants.update("acme", state="suspended", end_sandboxes=True)
        """
        return await self._client._run(self._operations.update(tenant_id, name=name, limits=limits, state=state, end_sandboxes=end_sandboxes))

    async def delete(self, tenant_id: str) -> None:
        """Deletes a tenant for good: its keys end at once, its sandboxes shortly after. Usage and audit log remain.

        Raises TenantNotFoundError.

        >>> await client.tenants.delete("acme")
        """
        await self._client._run(self._operations.delete(tenant_id))

    async def list_sandboxes(self, tenant_id: str, *, state: str | None = None, page_size: int | None = None) -> AsyncIterator[SandboxInfo]:
        """The sandboxes of a tenant, without what the tenant has put into them. Raises TenantNotFoundError.

        state: only those that are ``ready``, ``ending``, ``ended`` or ``lost``. page_size: sandboxes in one request, at most 1,000.

        >>> async for info in client.tenants.list_sandboxes("acme", state="ready"):
        ...     print(info.id)
        """
        cursor: str | None = None
        while True:
            page = await self._client._run(self._operations.sandbox_page(tenant_id, state=state, limit=page_size, cursor=cursor))
            for sandbox in page.sandboxes:
                yield sandbox
            cursor = page.next_cursor
            if not cursor:
                return

    async def delete_sandbox(self, tenant_id: str, sandbox_id: str) -> None:
        """Ends a sandbox of a tenant. Raises TenantNotFoundError and SandboxNotFoundError.

        >>> await client.tenants.delete_sandbox("acme", "sbx_…")
        """
        await self._client._run(self._operations.delete_sandbox(tenant_id, sandbox_id))
