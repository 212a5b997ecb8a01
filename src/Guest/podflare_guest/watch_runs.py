"""All runs that are watches."""

from __future__ import annotations

from podflare_guest.refused import Refused
from podflare_guest.stdlib_core import TYPE_CHECKING
from podflare_guest.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from podflare_guest.run import Run
    from podflare_guest.sandbox import Sandbox

MOST = 16


class WatchRuns:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._watches: dict[bytes, Watch] = {}  # by run, those that are not ready too

    def start(self, run: Run, on_taken: Callable[[], None], on_refused: Callable[[str, str], None]) -> None:
        """Calls `on_taken` when no later change can be missed, or `on_refused` with code and detail."""
        assert run.watch is not None
        if not self._sandbox.may_start or len(self._watches) >= MOST or run.raw in self._watches:
            raise Refused("queue_full", f"{MOST} watches are open, or all processes are being killed")

        def ready() -> None:
            run.owner = self
            self._sandbox.runs.enter(run)
            self._sandbox.runs.leave_queue(run)
            if run.timeout is not None:
                self._sandbox.loop.timers.set(run, run.timeout, lambda: self.kill(run, "timeout"))
            on_taken()

        def refused(code: str, detail: str) -> None:
            del self._watches[run.raw]
            on_refused(code, detail)

        def ended() -> None:
            self._watches.pop(run.raw).end()

        try:
            self._watches[run.raw] = Watch(self._sandbox, run, run.watch, ready, refused, ended)
        except OSError as error:
            raise Refused("queue_full", f"no process can be started: {error.strerror}") from None

    def interrupt(self, run: Run, grace: float) -> None:
        run.interrupted = True
        self._watches[run.raw].stop()

    def kill(self, run: Run, reason: str) -> None:
        run.cause = run.cause or reason
        self._watches[run.raw].stop()

    def close(self, reason: str) -> None:
        """All runs end, while all processes are killed by their owner."""
        for watch in list(self._watches.values()):
            if watch.ready:
                watch.run.cause = watch.run.cause or reason
            else:
                watch.refuse("closing", "all processes of the sandbox are being killed")

    def drop(self) -> None:
        """The connection is gone: what was not taken is not known to anybody."""
        for raw, watch in list(self._watches.items()):
            if not watch.ready:
                del self._watches[raw]
                watch.forget()
