# Generated from ../_async/sandbox.py by unasync.py. Do not edit.
"""A sandbox, in blocking code."""

from __future__ import annotations

from collections.abc import Iterator, Iterable, Mapping

from .client import Client
from .contexts import Contexts
from .files import SandboxFiles
from .folders import Files
from .lifetime import SandboxLifetime
from .observation import SandboxObservation
from .runs import SandboxRuns
from .._arguments import one_of, shared_client
from .._diff import SCAN, SandboxDiff, compare, files_of
from .._models import SandboxInfo, ensure_alive
from .._sandbox_operations import SandboxOperations
from .._trace import trace_of_argument
from .._warn import warn


class Sandbox(SandboxRuns, SandboxFiles, SandboxObservation, SandboxLifetime):
    """A sandbox whose Python keeps variables, imports and files from one run to the next.

    Creating the object creates the sandbox; leaving the block, or ``close``, ends it.

    template: the name of the image. Default: the server's default template.
    client: shares connections and settings with other sandboxes. Without it, host and api_key are as for Client.
    traceparent, tracestate: the trace (W3C Trace Context) that everything in this sandbox belongs to.
    timeout_seconds: the longest lifetime. Default: 24 hours. ``timeout`` is the same.
    idle_timeout_seconds: the longest time without a run or a file call. Default: 30 minutes.
    ram_mib, rootfs_gb: memory and disk.
    egress: whether the sandbox can reach the internet; or the only hosts that it can reach with HTTPS, such as ``["api.example.com", "*.packages.example.com"]``.
    metadata: up to 32 pairs to find the sandbox by. env: environment variables of all its runs. ``envs`` is the same.
    idempotency_key: the server creates one sandbox for each key. Default: a new one for each sandbox.

    What the server does not grant is in ``warnings``, and is also issued as a PodflareWarning.

    >>> with Sandbox() as sandbox:
    ...     result = sandbox.run_code("print(40 + 2)")
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
        self._open()

    @classmethod
    def create(
        cls,
        template: str | None = None,
        *,
        client: Client | None = None,
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
    ) -> Sandbox:
        """Creates a sandbox: the same as ``Sandbox(…)``.

        >>> sandbox = Sandbox.create(timeout=600)
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
        return sandbox.__enter__()

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
        """An existing sandbox. Nothing is sent, and ``close`` does not end the sandbox; ``delete`` does.

        >>> sandbox = Sandbox.attach("sbx_…")
        """
        trace = trace_of_argument(traceparent, tracestate)
        sandbox = cls.__new__(cls)
        sandbox._create = None
        sandbox._use(client, host, api_key)
        sandbox._made = SandboxOperations(sandbox._client._operations, sandbox_id, trace)
        return sandbox

    @classmethod
    def connect(
        cls,
        sandbox_id: str,
        *,
        client: Client | None = None,
        host: str | None = None,
        api_key: str | None = None,
        traceparent: str | None = None,
        tracestate: str | None = None,
    ) -> Sandbox:
        """As ``attach``, but asks the server first. Raises SandboxNotFoundError, SandboxEndedError or SandboxLostError.

        >>> sandbox = Sandbox.connect("sbx_…")
        """
        sandbox = cls.attach(sandbox_id, client=client, host=host, api_key=api_key, traceparent=traceparent, tracestate=tracestate)
        try:
            ensure_alive(sandbox.info())
        except BaseException:
            sandbox._close_own_client()
            raise
        return sandbox

    @classmethod
    def list(
        cls,
        *,
        state: str | None = None,
        metadata: Mapping[str, str] | None = None,
        client: Client | None = None,
        host: str | None = None,
        api_key: str | None = None,
    ) -> Iterator[SandboxInfo]:
        """All sandboxes of this API key, as ``Client.list_sandboxes`` returns them.

        >>> for info in Sandbox.list(state="ready"):
        ...     print(info.id)
        """
        shared = shared_client(client, Client, host, api_key)
        own = Client(host, api_key) if shared is None else shared
        try:
            for info in own.list_sandboxes(state=state, metadata=metadata):
                yield info
        finally:
            if shared is None:
                own.close()

    def info(self) -> SandboxInfo:
        """Describes the sandbox.

        >>> (sandbox.info()).state
        'ready'
        """
        return self._client._run(self._operations.info())

    @property
    def contexts(self) -> Contexts:
        """The interpreters of the sandbox; they run code at the same time.

        >>> context = sandbox.contexts.create()
        """
        return Contexts(self)

    @property
    def files(self) -> Files:
        """The files of the sandbox.

        >>> sandbox.files.write_text("notes.txt", "one\\n")
        """
        return Files(self, self)

    def update(
        self, *, timeout_seconds: float | None = None, idle_timeout_seconds: float | None = None, metadata: Mapping[str, str | None] | None = None
    ) -> SandboxInfo:
        """Changes the limits or the metadata, and returns the new description. What the server reduced is issued as a PodflareWarning.

        timeout_seconds: the remaining lifetime, from now. idle_timeout_seconds: the longest time without a run or a file call.
        metadata: pairs to add or replace; None as a value removes the pair.

        >>> info = sandbox.update(timeout_seconds=3600, metadata={"task": "report"})
        """
        info = self._client._run(self._operations.update(timeout_seconds, idle_timeout_seconds, metadata))
        for text in info.warnings:
            warn(text)
        return info

    def diff(self, other: Sandbox) -> SandboxDiff:
        """Compares the files under /root and /tmp with those of another sandbox. The sandboxes compute the digests themselves.

        >>> difference = sandbox.diff(other)
        """
        here = self.run_code(SCAN, language="bash")
        there = other.run_code(SCAN, language="bash")
        return compare(files_of(here), files_of(there))
