"""The runs of a sandbox, in asynchronous code."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping

from . import io
from .client import AsyncClient
from .stream import AsyncRunStream
from .._api_errors import NotFoundError
from .._arguments import one_of
from .._events import Event, StderrEvent, StdoutEvent
from .._models import RunInfo
from .._reading import RunState
from .._result import RunResult
from .._views import Language, OnDisconnect, SandboxView


class AsyncSandboxRuns(SandboxView):
    """Starts, follows and interrupts runs."""

    _client: AsyncClient

    async def run_code(
        self,
        code: str,
        *,
        language: Language = "python",
        timeout_seconds: float | None = None,
        timeout: float | None = None,
        env: Mapping[str, str] | None = None,
        envs: Mapping[str, str] | None = None,
        on_stdout: Callable[[StdoutEvent], object] | None = None,
        on_stderr: Callable[[StderrEvent], object] | None = None,
        on_disconnect: OnDisconnect | None = None,
        traceparent: str | None = None,
        idempotency_key: str | None = None,
    ) -> RunResult:
        """Runs code to its end. Code that fails does not raise: see ``exit_code`` and ``error`` of the result.

        language: ``python`` (one process whose variables are kept) or ``bash`` (a new process for each run).
        timeout_seconds: the sandbox ends the run after this time, with exit code 124. Default: 300. ``timeout`` is the same.
        env: environment variables of this run, at most 64 KiB in all. ``envs`` is the same.
        on_stdout, on_stderr: called with each event as it arrives; ``str(event)`` is its text. They may be slow, or be asynchronous.
        on_disconnect: ``interrupt`` ends the run when nobody reads its events. Default: ``continue``.
        traceparent: the trace of this run (W3C Trace Context).
        idempotency_key: the sandbox starts one run for each key, however often it is sent. Default: a new one for each call.

        Task cancellation or Ctrl-C interrupts the run in the sandbox, and so does a callback that raises. This takes at most 5 seconds.

        >>> result = await sandbox.run_code("print(40 + 2)", timeout_seconds=10)
        >>> result.stdout
        '42\\n'
        """
        stream = self._start(
            code,
            language=language,
            timeout_seconds=one_of("timeout_seconds", timeout_seconds, "timeout", timeout),
            env=one_of("env", env, "envs", envs),
            on_disconnect=on_disconnect,
            traceparent=traceparent,
            idempotency_key=idempotency_key,
        )
        async for event in stream:
            callback = on_stdout if event.type == "stdout" else on_stderr if event.type == "stderr" else None
            if callback is None:
                continue
            try:
                await io.notify(callback, event)  # type: ignore[arg-type]
            except GeneratorExit:
                raise
            except BaseException:
                await stream._give_up()
                await stream.close()
                raise
        return await stream.result()

    def run_code_stream(
        self,
        code: str,
        *,
        language: Language = "python",
        timeout_seconds: float | None = None,
        timeout: float | None = None,
        env: Mapping[str, str] | None = None,
        envs: Mapping[str, str] | None = None,
        on_disconnect: OnDisconnect | None = None,
        traceparent: str | None = None,
        idempotency_key: str | None = None,
    ) -> AsyncRunStream:
        """Runs code and returns its events as they arrive. The arguments are those of ``run_code``.

        >>> async for event in sandbox.run_code_stream("for i in range(3): print(i)"):
        ...     print(event.seq, event.data)
        """
        return self._start(
            code,
            language=language,
            timeout_seconds=one_of("timeout_seconds", timeout_seconds, "timeout", timeout),
            env=one_of("env", env, "envs", envs),
            on_disconnect=on_disconnect,
            traceparent=traceparent,
            idempotency_key=idempotency_key,
        )

    async def start_code(
        self,
        code: str,
        *,
        language: Language = "python",
        timeout_seconds: float | None = None,
        timeout: float | None = None,
        env: Mapping[str, str] | None = None,
        envs: Mapping[str, str] | None = None,
        traceparent: str | None = None,
        idempotency_key: str | None = None,
    ) -> AsyncRunStream:
        """Starts code in the background and returns as soon as the server has accepted it. The arguments are those of ``run_code``.

        No connection is kept. The returned stream connects when its events, or its result, are requested. Whoever stops reading them, by a
        cancellation too, leaves the run alone; ``interrupt`` stops it.

        >>> run = await sandbox.start_code("import time; time.sleep(60); print('done')")
        >>> await run.interrupt()
        >>> (await run.result()).reason
        'interrupted'
        """
        stream = self._start(
            code,
            language=language,
            timeout_seconds=one_of("timeout_seconds", timeout_seconds, "timeout", timeout),
            env=one_of("env", env, "envs", envs),
            on_disconnect=None,
            traceparent=traceparent,
            idempotency_key=idempotency_key,
            in_background=True,
        )
        await stream.start()
        stream._is_owner = False
        return stream

    def follow(self, run_id: str, *, after: int = 0) -> AsyncRunStream:
        """The events of a run that was started elsewhere or earlier, up to its exit.

        after: the ``seq`` after which to begin; 0 for all events.

        >>> result = await sandbox.follow("run_…").result()
        """
        state, steps = self._operations.follow(run_id, after)
        return AsyncRunStream(self._client, self._operations, state, steps, is_owner=False)

    def replay(self) -> AsyncIterator[Event]:
        """The last 1,000 events of all runs of this sandbox, oldest first. It does not wait for more.

        >>> async for event in sandbox.replay():
        ...     print(event.run_id, event.seq)
        """
        return self._client._stream(self._operations.replay())

    async def interrupt(self, run_id: str | None = None) -> tuple[str, ...]:
        """Interrupts a run as Ctrl-C in a terminal would. The sandbox keeps its variables.

        run_id: default: every run that was started or followed through this object and whose exit was not read, at most the last 256. It does
        not matter whether anybody still reads them.

        Returns the ids of the runs. Interrupting a run that has just ended is harmless.

        >>> await sandbox.interrupt()
        """
        if run_id is not None:
            await self._client._run(self._operations.interrupt(run_id))
            return (run_id,)
        interrupted: dict[str, None] = {}
        for state in self._operations.open_runs.all():
            if await self._stop(state) and state.run_id is not None:
                interrupted[state.run_id] = None
        return tuple(interrupted)

    async def get_run(self, run_id: str) -> RunInfo:
        """Describes a run: whether it has ended, and how.

        >>> info = await sandbox.get_run("run_…")
        """
        return await self._client._run(self._operations.get_run(run_id))

    async def _stop(self, state: RunState) -> bool:
        """Returns False if the run does not exist."""
        try:
            if state.run_id is not None:
                await self._client._run(self._operations.interrupt(state.run_id))
            else:
                async for _ in self._client._stream(self._operations.stop(state)):
                    pass
        except NotFoundError:
            self._operations.open_runs.discard(state)
            return False
        if state.is_abandoned:
            self._operations.open_runs.discard(state)
        return True

    def _start(
        self,
        code: str,
        *,
        language: str,
        timeout_seconds: float | None,
        env: Mapping[str, str] | None,
        on_disconnect: str | None,
        traceparent: str | None,
        idempotency_key: str | None,
        in_background: bool = False,
    ) -> AsyncRunStream:
        state, steps = self._operations.run(
            code,
            language=language,
            env=env,
            timeout_seconds=timeout_seconds,
            on_disconnect=on_disconnect,
            traceparent=traceparent,
            idempotency_key=idempotency_key,
            in_background=in_background,
        )
        return AsyncRunStream(self._client, self._operations, state, steps)
