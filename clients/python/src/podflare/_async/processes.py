"""Runs programs in a sandbox, in asynchronous code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from .code import AsyncSandboxCode, finish
from .stdin import Stdin
from .stream import AsyncRunStream
from .terminal import AsyncTerminal
from .._events import StderrEvent, StdoutEvent
from .._result import RunResult
from .._run_requests import Command, process_body
from .._views import OnDisconnect


class AsyncSandboxProcesses(AsyncSandboxCode):
    """Runs programs. They start at once, at the same time as code and as each other."""

    async def run(
        self,
        command: Command,
        *,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        stdin: Stdin | None = None,
        stderr: Literal["separate", "stdout"] = "separate",
        timeout_seconds: float | None = None,
        grace_seconds: float | None = None,
        tag: str | None = None,
        on_stdout: Callable[[StdoutEvent], object] | None = None,
        on_stderr: Callable[[StderrEvent], object] | None = None,
        on_disconnect: OnDisconnect | None = None,
        disconnect_seconds: float | None = None,
        traceparent: str | None = None,
        idempotency_key: str | None = None,
    ) -> RunResult:
        """Runs a program to its end. A program that fails does not raise: see ``exit_code``, which is 127 if there is no such program.

        command: a str for ``bash -c``, at most 128 KiB; or the program and its arguments as a sequence, at most 1,024 items and 1 MiB in all.
        cwd: the folder in which it starts. Default: /root.
        stdin: what it reads: bytes or a str (as UTF-8). Default: the input is empty.
        stderr: ``stdout`` sends both to one stream, in exact order. Otherwise the order of the two is only approximate.
        timeout_seconds: the sandbox ends it after this time, with exit code 124. Default: no limit.
        The other arguments are those of ``run_code``, and so is what happens on Ctrl-C or a cancellation.

        >>> (await sandbox.run(["git", "--version"])).exit_code
        0
        """
        program = process_body(command, cwd=cwd, stdin=stdin is not None, pty=None, stderr=stderr, grace_seconds=grace_seconds, tag=tag)
        stream = self._run(
            program,
            env=env,
            timeout_seconds=timeout_seconds,
            on_disconnect=on_disconnect,
            disconnect_seconds=disconnect_seconds,
            traceparent=traceparent,
            idempotency_key=idempotency_key,
        )
        return await finish(stream, stdin, {"stdout": on_stdout, "stderr": on_stderr})

    async def start(
        self,
        command: Command,
        *,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        stdin: bool = False,
        pty: tuple[int, int] | None = None,
        stderr: Literal["separate", "stdout"] = "separate",
        timeout_seconds: float | None = None,
        grace_seconds: float | None = None,
        tag: str | None = None,
        traceparent: str | None = None,
        idempotency_key: str | None = None,
    ) -> AsyncRunStream:
        """Starts a program in the background and returns as soon as the server has accepted it. The arguments are those of ``run``.

        stdin: True opens its input for ``AsyncRunStream.send``. pty: ``(cols, rows)`` gives it a terminal; see ``open_terminal``.

        Nobody has to read it. A program without ``timeout_seconds`` does not keep an idle sandbox alive.

        >>> server = await sandbox.start(["python3", "-m", "http.server"], tag="web")
        >>> await server.signal("SIGTERM")
        """
        program = process_body(command, cwd=cwd, stdin=stdin, pty=pty, stderr=stderr, grace_seconds=grace_seconds, tag=tag)
        return await self._start(program, env=env, timeout_seconds=timeout_seconds, traceparent=traceparent, idempotency_key=idempotency_key)

    async def open_terminal(
        self,
        cols: int = 80,
        rows: int = 24,
        argv: Command = ("bash",),
        *,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        tag: str | None = None,
        timeout_seconds: float | None = None,
        traceparent: str | None = None,
    ) -> AsyncTerminal:
        """Starts a program on a terminal of the given size, 1 to 1,000 characters each. Leaving its ``with`` block ends the program.

        >>> async with await sandbox.open_terminal() as terminal:
        ...     await terminal.write("echo $((40 + 2)); exit\\n")
        ...     async for output in terminal:
        ...         print(output.decode(), end="")
        """
        program = process_body(argv, cwd=cwd, stdin=True, pty=(cols, rows), stderr="separate", grace_seconds=None, tag=tag)
        stream = self._run(program, env=env, timeout_seconds=timeout_seconds, traceparent=traceparent)
        await stream.start()
        stream._is_owner = False
        return AsyncTerminal(stream)
