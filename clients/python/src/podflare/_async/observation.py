"""What a sandbox uses and what the service logged about it, in asynchronous code."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

from . import io
from .client import AsyncClient
from .._log_models import LogLine
from .._resource_models import SandboxMetrics
from .._views import SandboxView

# The server stores lines once a second.
_INTERVAL_SECONDS = 1


class AsyncSandboxObservation(SandboxView):
    """Metrics and log of a sandbox."""

    _client: AsyncClient

    async def metrics(self, *, since: datetime | None = None, until: datetime | None = None) -> SandboxMetrics:
        """What the sandbox uses over time: CPU, memory, disk and processes. For a minute after this, the server measures more often.

        since, until: only points between these times. A time without a zone is local.

        >>> metrics = await sandbox.metrics()
        >>> metrics.points[-1].memory_bytes, metrics.limits.memory_bytes
        (95420416, 536870912)
        """
        return await self._client._run(self._operations.metrics(since, until))

    async def logs(self, *, follow: bool = False) -> AsyncIterator[LogLine]:
        """What the service logged about the sandbox, oldest first: its creation, its runs, why it ended. It has no output of code, and works for a day after the sandbox's end.

        follow: wait for further lines until the caller stops.

        >>> async for line in sandbox.logs():
        ...     print(line.ts, line.level, line.message)
        """
        after = 0
        while True:
            page = await self._client._run(self._operations.log_page(after))
            for line in page.lines:
                yield line
            if page.next_after == after:
                if not follow:
                    return
                await io.sleep(_INTERVAL_SECONDS)
            after = page.next_after
