"""What blocking and asynchronous sandboxes and streams have in common."""

from __future__ import annotations

from typing import Literal

from ._core import RunState
from ._operations import SandboxOperations

Language = Literal["python", "bash"]
OnDisconnect = Literal["continue", "interrupt"]


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
        """The trace in which the run is seen, where the server tells it."""
        return self._state.trace_id


class SandboxView:
    """What is known of a sandbox without asking."""

    _made: SandboxOperations | None = None
    _ends_on_close = False
    warnings: tuple[str, ...] = ()
    """What the server accepted leniently, brought down to a limit, or does not offer."""

    @property
    def id(self) -> str:
        return self._operations.id

    def detach(self) -> None:
        """Lets the sandbox live on when this object is closed, up to its own time limits."""
        self._ends_on_close = False

    @property
    def _operations(self) -> SandboxOperations:
        if self._made is None:
            raise RuntimeError(f"the sandbox is not made yet: use 'async with {type(self).__name__}(…)' or 'await {type(self).__name__}(…)'")
        return self._made

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._made.id if self._made else 'not made yet'}>"
