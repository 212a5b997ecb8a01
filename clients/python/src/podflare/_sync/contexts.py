# Generated from ../_async/contexts.py by unasync.py. Do not edit.
"""The contexts of a sandbox, in blocking code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from .code import SandboxCode
from .stdin import Stdin
from .stream import RunStream
from .._events import ResultEvent, StderrEvent, StdoutEvent
from .._result import RunResult
from .._run_models import ContextInfo
from .._tools import Tools
from .._views import Display


class Context:
    """An interpreter of a sandbox, with its own variables, working folder and queue. Contexts run code at the same time."""

    def __init__(self, sandbox: SandboxCode, info: ContextInfo) -> None:
        self._sandbox = sandbox
        self.info = info
        """The description as of the last call that returned one."""

    @property
    def id(self) -> str:
        return self.info.id

    def run_code(
        self,
        code: str,
        *,
        display: Display | None = None,
        stdin: Stdin | None = None,
        timeout_seconds: float | None = None,
        grace_seconds: float | None = None,
        env: Mapping[str, str] | None = None,
        tag: str | None = None,
        on_stdout: Callable[[StdoutEvent], object] | None = None,
        on_stderr: Callable[[StderrEvent], object] | None = None,
        on_result: Callable[[ResultEvent], object] | None = None,
        tools: Tools | None = None,
        tool_timeout_seconds: float | None = None,
        idempotency_key: str | None = None,
    ) -> RunResult:
        """Runs code in this context. The arguments are those of ``Sandbox.run_code``.

        >>> (context.run_code("40 + 2")).text
        '42'
        """
        return self._sandbox.run_code(
            code,
            context=self.id,
            display=display,
            stdin=stdin,
            timeout_seconds=timeout_seconds,
            grace_seconds=grace_seconds,
            env=env,
            tag=tag,
            on_stdout=on_stdout,
            on_stderr=on_stderr,
            on_result=on_result,
            tools=tools,
            tool_timeout_seconds=tool_timeout_seconds,
            idempotency_key=idempotency_key,
        )

    def run_code_stream(
        self,
        code: str,
        *,
        display: Display | None = None,
        stdin: bool = False,
        timeout_seconds: float | None = None,
        env: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> RunStream:
        """Runs code in this context and returns its events as they arrive. The arguments are those of ``Sandbox.run_code_stream``.

        >>> for event in context.run_code_stream("print(1)"):
        ...     print(event)
        """
        return self._sandbox.run_code_stream(
            code, context=self.id, display=display, stdin=stdin, timeout_seconds=timeout_seconds, env=env, idempotency_key=idempotency_key
        )

    def restart(self) -> None:
        """Gives it a new interpreter. The current run ends as killed (137), those that wait as interrupted (130); variables are gone.

        Returns when the new interpreter is ready. It is not repeated if the answer is lost.

        >>> context.restart()
        """
        self.info = self._sandbox._client._run(self._sandbox._operations.restart_context(self.id))

    def interrupt(self, *, queued: bool = False) -> tuple[str, ...]:
        """Interrupts what it runs, as Ctrl-C in a terminal would; with ``queued`` also what waits. Returns the ids of the runs.

        >>> context.interrupt()
        """
        return self._sandbox._client._run(self._sandbox._operations.interrupt_context(self.id, queued))

    def delete(self) -> None:
        """Ends the interpreter. Its open runs end as killed (137). Raises ContextRequiredError for the context ``python``.

        >>> context.delete()
        """
        self._sandbox._client._run(self._sandbox._operations.delete_context(self.id))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}>"


class Contexts:
    """The contexts of a sandbox. The context ``python`` always exists; a sandbox has at most 8."""

    def __init__(self, sandbox: SandboxCode) -> None:
        self._sandbox = sandbox

    def create(
        self, id: str | None = None, *, language: Literal["python"] | None = None, cwd: str | None = None, env: Mapping[str, str] | None = None
    ) -> Context:
        """Creates a context, or returns the one that exists and is equal. Raises ContextExistsError if it differs.

        id: lower-case letters, digits, ``_`` and ``-``, at most 64. Default: a random one.
        cwd: the folder in which it starts. Default: /root. env: environment variables of all its runs.
        Raises ContextQuotaExceededError if the sandbox has too many.

        >>> context = sandbox.contexts.create("analysis", cwd="/tmp")
        """
        return Context(self._sandbox, self._sandbox._client._run(self._sandbox._operations.create_context(id, language, cwd, env)))

    def list(self) -> tuple[Context, ...]:
        """All contexts.

        >>> [context.id for context in sandbox.contexts.list()]
        ['python']
        """
        found = self._sandbox._client._run(self._sandbox._operations.list_contexts())
        return tuple(Context(self._sandbox, info) for info in found)

    def get(self, id: str) -> Context:
        """An existing context. Raises ContextNotFoundError.

        >>> (sandbox.contexts.get("python")).info.state
        'idle'
        """
        return Context(self._sandbox, self._sandbox._client._run(self._sandbox._operations.get_context(id)))
