"""All operations of one sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from . import _requests as requests
from ._file_operations import FileOperations
from ._log_models import LogPage
from ._models import SandboxInfo
from ._resource_models import SandboxMetrics
from ._run_operations import RunOperations
from ._steps import Answer, Call


class SandboxOperations(RunOperations, FileOperations):
    """Operations of one sandbox."""

    def info(self) -> Call[SandboxInfo]:
        return self._client.get(self.id, self._bound_to)

    def update(self, timeout_seconds: float | None, idle_timeout_seconds: float | None, metadata: Mapping[str, str | None] | None) -> Call[SandboxInfo]:
        request = requests.update_sandbox(
            self.id, timeout_seconds=timeout_seconds, idle_timeout_seconds=idle_timeout_seconds, metadata=metadata, trace=self._trace()
        )
        return self._json(request, SandboxInfo.parse)

    def metrics(self, since: datetime | None, until: datetime | None) -> Call[SandboxMetrics]:
        return self._json(requests.get_metrics(self.id, since, until, self._trace()), SandboxMetrics.parse)

    def log_page(self, after: int) -> Call[LogPage]:
        return self._json(requests.get_logs(self.id, after, self._trace()), LogPage.parse)

    def delete(self) -> Call[Answer]:
        return self._client.delete(self.id, self._bound_to)
