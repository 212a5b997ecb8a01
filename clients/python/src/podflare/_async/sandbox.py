"""A sandbox, in asynchronous code."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping

from .client import AsyncClient
from .contexts import AsyncContexts
from .files import AsyncSandboxFiles
from .folders import AsyncFiles
from .lifetime import AsyncSandboxLifetime
from .observation import AsyncSandboxObservation
from .runs import AsyncSandboxRuns
from .._arguments import one_of, shared_client
from .._diff import SCAN, SandboxDiff, compare, files_of
from .._models import SandboxInfo, ensure_alive
from .._sandbox_operations import SandboxOperations
from .._trace import trace_of_argument
from .._warn import warn


class AsyncSandbox(AsyncSandboxRuns, AsyncSandboxFiles, AsyncSandboxObservation, AsyncSandboxLifetime):
    """A sandbox whose Python keeps variables, imports and files from one run to the next.

    Entering it with ``async with``, or awaiting it, creates the sandbox; leaving the block, or ``close``, ends it.

    template: the name of the image. Default: the server's default template.
    client: shares connections and settings with other sandboxes. Without it, host and api_key are as for AsyncClient.
    traceparent, tracestate: the trace (W3C Trace Context) that everything in this sandbox belongs to.
    timeout_seconds: the longest lifetime. Default: 24 hours. ``timeout`` is the same.
    idle_timeout_seconds: the longest time without a run or a file call. Default: 30 minutes.
    ram_mib, rootfs_gb: memory and disk.
    egress: whether the sandbox can reach the internet; or the only hosts that it can reach with HTTPS, such as ``["api.example.com", "*.packages.example.com"]``.
    metadata: up to 32 pairs to find the sandbox by. env: environment variables of all its runs. ``envs`` is the same.
    idempotency_key: the server creates one sandbox for each key. Default: a new one for each sandbox.

    What the server does not grant is in ``warnings``, and is also issued as a PodflareWarning.

    >>> async with AsyncSandbox() as sandbox:
    ...     result = await sandbox.run_code("print(40 + 2)")
    """

    def __init__(
        self,
        template: str | None = None,
        *,
        client: AsyncClient | None = None,
        host: str | None = None,
        api_key: str | None = None,
        traceparent: str | None = None,
        tracestate: str | None = None,
        timeout_seconds: float | None = None,
        timeout: float | None = None,
        idle_timeout_seconds: float | None = None,
        ram_mib: int | None = None,
        rootfs_gb: int | None = None,
        egress: bool | Iterable[str] | None = None,
        metadata: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        envs: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> None:
        self._trace = trace_of_argument(traceparent, tracestate)
        self._egress = egress
        self._use(client, host, api_key)
        self._create = self._client._operations.create(
            self._trace,
            template=template,
            timeout_seconds=one_of("timeout_seconds", timeout_seconds, "timeout", timeout),
            idle_timeout_seconds=idle_timeout_seconds,
            ram_mib=ram_mib,
            rootfs_gb=rootfs_gb,
            egress=egress,
            metadata=metadata,
            env=one_of("env", env, "envs", envs),
            idempotency_key=idempotency_key,
        )
        # blocking only: self._open()

    @classmethod
    async def create(
        cls,
        template: str | None = None,
        *,
        client: AsyncClient | None = None,
        host: str | None = None,
        api_key: str | None = None,
        traceparent: str | None = None,
        tracestate: str | None = None,
        timeout_seconds: float | None = None,
        timeout: float | None = None,
        idle_timeout_seconds: float | None = None,
        ram_mib: int | None = None,
        rootfs_gb: int | None = None,
        egress: bool | Iterable[str] | None = None,
        metadata: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        envs: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> AsyncSandbox:
        """Creates a sandbox: the same as ``await AsyncSandbox(…)``.

        >>> sandbox = await AsyncSandbox.create(timeout=600)
        """
        sandbox = cls(
            template,
            client=client,
            host=host,
            api_key=api_key,
            traceparent=traceparent,
            tracestate=tracestate,
            timeout_seconds=timeout_seconds,
            timeout=timeout,
            idle_timeout_seconds=idle_timeout_seconds,
            ram_mib=ram_mib,
            rootfs_gb=rootfs_gb,
            egress=egress,
            metadata=metadata,
            env=env,
            envs=envs,
            idempotency_key=idempotency_key,
        )
        return await sandbox.__aenter__()

    @classmethod
    def attach(
        cls,
        sandbox_id: str,
        *,
        client: AsyncClient | None = None,
        host: str | None = None,
        api_key: str | None = None,
        traceparent: str | None = None,
        tracestate: str | None = None,
    ) -> AsyncSandbox:
        """An existing sandbox. Nothing is sent, and ``close`` does not end the sandbox; ``delete`` does.

        >>> sandbox = AsyncSandbox.attach("sbx_…")
        """
        trace = trace_of_argument(traceparent, tracestate)
        sandbox = cls.__new__(cls)
        sandbox._create = None
        sandbox._use(client, host, api_key)
        sandbox._made = SandboxOperations(sandbox._client._operations, sandbox_id, trace)
        return sandbox

    @classmethod
    async def connect(
        cls,
        sandbox_id: str,
        *,
        client: AsyncClient | None = None,
        host: str | None = None,
        api_key: str | None = None,
        traceparent: str | None = None,
        tracestate: str | None = None,
    ) -> AsyncSandbox:
        """As ``attach``, but asks the server first. Raises SandboxNotFoundError, SandboxEndedError or SandboxLostError.

        >>> sandbox = await AsyncSandbox.connect("sbx_…")
        """
        sandbox = cls.attach(sandbox_id, client=client, host=host, api_key=api_key, traceparent=traceparent, tracestate=tracestate)
        try:
            ensure_alive(await sandbox.info())
        except BaseException:
            await sandbox._close_own_client()
            raise
        return sandbox

    @classmethod
    async def list(
        cls,
        *,
        state: str | None = None,
        metadata: Mapping[str, str] | None = None,
        client: AsyncClient | None = None,
        host: str | None = None,
        api_key: str | None = None,
    ) -> AsyncIterator[SandboxInfo]:
        """All sandboxes of this API key, as ``AsyncClient.list_sandboxes`` returns them.

        >>> async for info in AsyncSandbox.list(state="ready"):
        ...     print(info.id)
        """
        shared = shared_client(client, AsyncClient, host, api_key)
        own = AsyncClient(host, api_key) if shared is None else shared
        try:
            async for info in own.list_sandboxes(state=state, metadata=metadata):
                yield info
        finally:
            if shared is None:
                await own.close()

    async def info(self) -> SandboxInfo:
        """Describes the sandbox.

        >>> (await sandbox.info()).state
        'ready'
        """
        return await self._client._run(self._operations.info())

    @property
    def contexts(self) -> AsyncContexts:
        """The interpreters of the sandbox; they run code at the same time.

        >>> context = await sandbox.contexts.create()
        """
        return AsyncContexts(self)

    @property
    def files(self) -> AsyncFiles:
        """The files of the sandbox.

        >>> await sandbox.files.write_text("notes.txt", "one\\n")
        """
        return AsyncFiles(self, self)

    async def update(
        self, *, timeout_seconds: float | None = None, idle_timeout_seconds: float | None = None, metadata: Mapping[str, str | None] | None = None
    ) -> SandboxInfo:
        """Changes the limits or the metadata, and returns the new description. What the server reduced is issued as a PodflareWarning.

        timeout_seconds: the remaining lifetime, from now. idle_timeout_seconds: the longest time without a run or a file call.
        metadata: pairs to add or replace; None as a value removes the pair.

        >>> info = await sandbox.update(timeout_seconds=3600, metadata={"task": "report"})
        """
        info = await self._client._run(self._operations.update(timeout_seconds, idle_timeout_seconds, metadata))
        for text in info.warnings:
            warn(text)
        return info

    async def diff(self, other: AsyncSandbox) -> SandboxDiff:
        """Compares the files under /root and /tmp with those of another sandbox. The sandboxes compute the digests themselves.

        >>> difference = await sandbox.diff(other)
        """
        here = await self.run_code(SCAN, language="bash")
        there = await other.run_code(SCAN, language="bash")
        return compare(files_of(here), files_of(there))
