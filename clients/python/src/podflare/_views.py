"""What the blocking and asynchronous sandboxes and streams have in common."""

from __future__ import annotations

from typing import Literal

from ._reading import RunState
from ._sandbox_operations import SandboxOperations

Language = Literal["python", "bash"]
OnDisconnect = Literal["continue", "interrupt"]
Display = Literal["last", "all", "none"]
SignalScope = Literal["process", "group", "all"]


class RunView:
    """What is known of a run while its events are read."""

    def __init__(self, state: RunState) -> None:
        self._state = state

    @property
    def run_id(self) -> str | None:
        """None until the run is accepted."""
        return self._state.run_id

    @property
    def trace_id(self) -> str | None:
        """The trace that shows the run, 32 hex digits; None until the run is accepted."""
        return self._state.trace_id

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the server changed in the request, such as a timeout above the maximum."""
        return self._state.warnings

    @property
    def repl_restarted(self) -> bool:
        """The variables of earlier runs are gone, because the Python process had died before this run."""
        return self._state.repl_restarted

    @property
    def was_replayed(self) -> bool:
        """An earlier call with the same idempotency key had started the run."""
        return self._state.was_replayed

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.run_id or 'not accepted yet'}>"


class SandboxView:
    """What is known of a sandbox without asking the server."""

    _made: SandboxOperations | None = None
    _ends_on_close = False
    warnings: tuple[str, ...] = ()
    """What the server changed in the request, reduced to a limit, or does not offer. Each was also issued as a PodflareWarning."""

    @property
    def id(self) -> str:
        """The sandbox's id, ``sbx_…``."""
        return self._operations.id

    def detach(self) -> None:
        """Keeps the sandbox alive when this object is closed, up to its time limits.

        >>> sandbox.detach()
        """
        self._ends_on_close = False

    @property
    def _operations(self) -> SandboxOperations:
        if self._made is None:
            name = type(self).__name__
            raise RuntimeError(f"the sandbox is not created yet: use 'async with {name}(…)', 'await {name}(…)' or 'await {name}.create(…)'")
        return self._made

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._made.id if self._made else 'not created yet'}>"
