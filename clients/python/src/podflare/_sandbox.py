"""A sandbox, in blocking code."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import TracebackType
from typing import IO, Callable, Union

from ._client import Client
from ._core import Accepted, RunState, result_of
from ._diff import SCAN, SandboxDiff, compare, files_of
from ._downloads import Target
from ._errors import NotFoundError, PodflareError
from ._events import Event
from ._models import FileInfo, RunInfo, RunResult, SandboxInfo
from ._operations import SandboxOperations
from ._requests import HOME
from ._trace import trace_of_argument
from ._uploads import Data
from ._views import Language, OnDisconnect, RunView, SandboxView

class RunStream(RunView, Iterator[Event]):
    """The events of a run as they come, the last one being its exit.

    Nothing is sent before the first event is asked for, or ``start`` is called, as entering it with ``with`` does. A connection that breaks
    never shows: reading goes on behind the last event.
    """

    def __init__(self, items: Iterator[Union[Event, Accepted]], state: RunState, interrupt: Callable[[str], None]) -> None:
        super().__init__(state)
        self._items = items
        self._interrupt = interrupt
        self._is_started = False

    def start(self) -> None:
        """Returns when the server has accepted the run, which may still have to wait for another one."""
        if not self._is_started:
            self._is_started = True
            next(self._items)

    def interrupt(self) -> None:
        """Interrupts the run as Ctrl-C would; its exit event still comes. The state of the sandbox is kept."""
        self.start()
        if self._state.run_id is None:
            raise RuntimeError("the run is not accepted yet, so it cannot be interrupted")
        self._interrupt(self._state.run_id)

    def close(self) -> None:
        """Stops reading. The run goes on."""
        self._is_started = True
        close = getattr(self._items, "close", None)
        if close is not None:
            close()

    def __iter__(self) -> RunStream:
        return self

    def __next__(self) -> Event:
        self.start()
        item = next(self._items)
        while isinstance(item, Accepted):
            item = next(self._items)
        return item

    def __enter__(self) -> RunStream:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self.close()


class Sandbox(SandboxView):
    """A sandbox with a Python that remembers: names, imports and files stay from one run to the next.

    Making the object makes the sandbox; leaving the ``with`` block or ``close`` ends it.

    template: the image that the sandbox is made from; else the server's default.
    client: to share connections and settings with other sandboxes; else host and api_key are as for Client.
    traceparent, tracestate: the caller's trace (W3C Trace Context), to which all that happens in this sandbox belongs.
    timeout_seconds: how long the sandbox may live in all. idle_timeout_seconds: how long without a run or a file call.
    metadata: to find it again by. env: environment variables of all its runs.
    """

    def __init__(
        self,
        template: str | None = None,
        *,
        client: Client | None = None,
        host: str | None = None,
        api_key: str | None = None,
        traceparent: str | None = None,
        tracestate: str | None = None,
        timeout_seconds: float | None = None,
        idle_timeout_seconds: float | None = None,
        ram_mib: int | None = None,
        rootfs_gb: int | None = None,
        egress: bool | None = None,
        metadata: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> None:
        trace = trace_of_argument(traceparent, tracestate)
        self._use(client, host, api_key)
        try:
            info = self._client._run(
                self._client._operations.create(
                    trace,
                    template=template,
                    timeout_seconds=timeout_seconds,
                    idle_timeout_seconds=idle_timeout_seconds,
                    ram_mib=ram_mib,
                    rootfs_gb=rootfs_gb,
                    egress=egress,
                    metadata=metadata,
                    env=env,
                    idempotency_key=idempotency_key,
                )
            )
        except BaseException:
            self._close_own_client()
            raise
        self.warnings = info.warnings
        self._made = SandboxOperations(self._client._operations, info.id, trace)
        self._ends_on_close = True

    @classmethod
    def attach(
        cls,
        sandbox_id: str,
        *,
        client: Client | None = None,
        host: str | None = None,
        api_key: str | None = None,
        traceparent: str | None = None,
        tracestate: str | None = None,
    ) -> Sandbox:
        """A sandbox that exists. Nothing is sent, and ``close`` leaves it alone; ``delete`` ends it."""
        trace = trace_of_argument(traceparent, tracestate)
        sandbox = cls.__new__(cls)
        sandbox._use(client, host, api_key)
        sandbox._made = SandboxOperations(sandbox._client._operations, sandbox_id, trace)
        return sandbox

    def run_code(
        self,
        code: str,
        *,
        language: Language = "python",
        timeout_seconds: float | None = None,
        env: Mapping[str, str] | None = None,
        on_disconnect: OnDisconnect | None = None,
        traceparent: str | None = None,
        idempotency_key: str | None = None,
    ) -> RunResult:
        """Runs code to its end. An exit code other than 0 raises nothing.

        timeout_seconds: after which the sandbox ends the run, with exit code 124. on_disconnect: ``interrupt`` ends it when nobody reads it.
        """
        stream = self.run_code_stream(
            code,
            language=language,
            timeout_seconds=timeout_seconds,
            env=env,
            on_disconnect=on_disconnect,
            traceparent=traceparent,
            idempotency_key=idempotency_key,
        )
        return result_of(list(stream), stream._state)

    def run_code_stream(
        self,
        code: str,
        *,
        language: Language = "python",
        timeout_seconds: float | None = None,
        env: Mapping[str, str] | None = None,
        on_disconnect: OnDisconnect | None = None,
        traceparent: str | None = None,
        idempotency_key: str | None = None,
    ) -> RunStream:
        """Runs code and gives each line that it writes when it is written. The arguments are those of ``run_code``."""
        state, steps = self._operations.run(
            code,
            language=language,
            env=env,
            timeout_seconds=timeout_seconds,
            on_disconnect=on_disconnect,
            traceparent=traceparent,
            idempotency_key=idempotency_key,
        )
        return RunStream(self._client._stream(steps), state, self._interrupt)

    def follow(self, run_id: str, *, after: int = 0) -> RunStream:
        """The events of a run that was started elsewhere or earlier, behind a ``seq``, up to its exit."""
        state, steps = self._operations.follow(run_id, after)
        return RunStream(self._client._stream(steps), state, self._interrupt)

    def replay(self) -> Iterator[Event]:
        """The last events of all runs of this sandbox, oldest first. It does not wait for more."""
        return self._client._stream(self._operations.replay())

    def interrupt(self, run_id: str | None = None) -> None:
        """Interrupts a run as Ctrl-C would; without an id, each run that was started here and has not ended."""
        for run in [run_id] if run_id is not None else self._operations.open_runs():
            self._interrupt(run)

    def get_run(self, run_id: str) -> RunInfo:
        """What the server tells of a run: whether it has ended, and how."""
        return self._client._run(self._operations.get_run(run_id))

    def info(self) -> SandboxInfo:
        return self._client._run(self._operations.info())

    def upload(self, path: str, data: Data) -> None:
        """Writes a file in the sandbox: all of it, or nothing. A relative path starts in /root.

        data: bytes, a text, a ``pathlib.Path`` of a local file, an open binary file, or chunks of bytes.
        """
        self._client._run(self._operations.upload(path, data))

    def download(self, path: str) -> bytes:
        """Reads a file of the sandbox into memory."""
        pieces: list[bytes] = []
        for piece in self._client._stream(self._operations.download(path, restartable=True)):
            if isinstance(piece, bytes):
                pieces.append(piece)
            else:
                pieces.clear()
        return b"".join(pieces)

    def download_to(self, path: str, target: str | os.PathLike[str] | IO[bytes]) -> None:
        """Copies a file of the sandbox into a local file, which is there when all of it is; or into an open binary file."""
        with Target(target) as to:
            for piece in self._client._stream(self._operations.download(path, restartable=to.is_restartable)):
                if isinstance(piece, bytes):
                    to.write(piece)
                else:
                    to.restart()

    def download_stream(self, path: str) -> Iterator[bytes]:
        """A file of the sandbox in pieces. A connection that breaks in the middle raises."""
        for piece in self._client._stream(self._operations.download(path, restartable=False)):
            assert isinstance(piece, bytes)
            yield piece

    def delete_file(self, path: str) -> None:
        self._client._run(self._operations.delete_file(path))

    def list_files(self, path: str = HOME) -> tuple[FileInfo, ...]:
        """What is in a folder of the sandbox."""
        return self._client._run(self._operations.list_files(path))

    def diff(self, other: Sandbox) -> SandboxDiff:
        """What differs between the files under /root and /tmp of this sandbox and of another one. Both compute it themselves."""
        here, there = (sandbox.run_code(SCAN, language="bash") for sandbox in (self, other))
        return compare(files_of(here), files_of(there))

    def delete(self) -> None:
        """Ends the sandbox; again is fine."""
        with suppress(NotFoundError):
            self._client._run(self._operations.delete())
        self._ends_on_close = False

    def close(self) -> None:
        """Ends the sandbox if it was made here, and closes its connections if they are its own."""
        try:
            if self._ends_on_close:
                self.delete()
        finally:
            self._close_own_client()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        if error is None:
            self.close()
            return
        # What went wrong inside matters more than that its sandbox could not be ended: its idle limit ends it then.
        with suppress(PodflareError):
            self.close()

    def _use(self, client: Client | None, host: str | None, api_key: str | None) -> None:
        if client is not None and (host is not None or api_key is not None):
            raise ValueError("host and api_key are the client's: give either them or a client")
        self._owns_client = client is None
        self._client = Client(host, api_key) if client is None else client

    def _close_own_client(self) -> None:
        if self._owns_client:
            self._client.close()

    def _interrupt(self, run_id: str) -> None:
        self._client._run(self._operations.interrupt(run_id))
