# Generated from ../_async/code.py by unasync.py. Do not edit.
"""Runs code in a sandbox, in blocking code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from . import io
from .client import Client
from .stdin import AT_ONCE_CHARS, Feed, Stdin, bytes_of, line_of
from .stream import RunStream, ToolCalls
from .tools import MOST_AT_ONCE, ToolRunner
from .._arguments import one_of
from .._events import ResultEvent, StderrEvent, StdoutEvent
from .._result import RunResult
from .._run_requests import code_body
from .._tools import Tools, tools_of
from .._views import Display, Language, OnDisconnect, SandboxView


class SandboxCode(SandboxView):
    """Runs code."""

    _client: Client

    def run_code(
        self,
        code: str,
        *,
        language: Language = "python",
        context: str | None = None,
        fresh: bool | Literal["alone"] | None = None,
        display: Display | None = None,
        stdin: Stdin | None = None,
        timeout_seconds: float | None = None,
        timeout: float | None = None,
        grace_seconds: float | None = None,
        env: Mapping[str, str] | None = None,
        envs: Mapping[str, str] | None = None,
        tag: str | None = None,
        on_stdout: Callable[[StdoutEvent], object] | None = None,
        on_stderr: Callable[[StderrEvent], object] | None = None,
        on_result: Callable[[ResultEvent], object] | None = None,
        tools: Tools | None = None,
        tool_timeout_seconds: float | None = None,
        on_disconnect: OnDisconnect | None = None,
        disconnect_seconds: float | None = None,
        traceparent: str | None = None,
        idempotency_key: str | None = None,
    ) -> RunResult:
        """Runs code to its end. Code that fails does not raise: see ``exit_code`` and ``error`` of the result.

        language: ``python`` (a process whose variables are kept) or ``bash`` (a new process for each run).
        context: the id of the context that runs it (see ``contexts``), which then decides the language. Default: ``python``.
        fresh: True runs Python in an interpreter of its own, which is ended afterwards, with everything that it started. ``alone`` ends every
        other process and run of the sandbox first, so that nothing can read ``env``, and contexts lose their variables.
        display: which top-level expressions of Python give ``results``: the ``last`` (the default), ``all`` or ``none``. With ``none`` the code
        is plain Python without the syntax of notebooks.
        stdin: what it reads: bytes, a str (as UTF-8), or a function that is called with each InputRequestEvent and returns the line that
        ``input()`` gets, or None for the end of the input. Default: the input is empty.
        timeout_seconds: the sandbox ends the run after this time, with exit code 124. Default: 300. ``timeout`` is the same.
        grace_seconds: 0 to 300, from an interrupt or the timeout to the kill, which loses the variables. Default: 5.
        env: environment variables of this run, at most 64 KiB in all. ``envs`` is the same.
        tag: a name to find the run by, at most 64 characters; see ``runs``.
        on_stdout, on_stderr, on_result: called with each event as it arrives; ``str(event)`` is its text. They may be slow.
        tools: functions of this program that the code may call, as ``tools.search(q="x")`` or ``call_tool_async("search", q="x")``: a dict
        of functions by name, or a list of functions and ``Tool`` objects. Their definitions come from signature and docstring.
        Up to 16 run at the same time; blocking ones run in threads. What a tool raises is raised in the code as ``ToolError``.
        The arguments are written by the code in the sandbox, and the code may keep the results: offer only what you would offer to a model.
        tool_timeout_seconds: how long a call waits for its result. Default: 60.
        on_disconnect: ``interrupt`` ends the run when nobody has read its events for ``disconnect_seconds`` (0.1 to 3,600, default 10).
        Default: ``continue``.
        traceparent: the trace of this run (W3C Trace Context).
        idempotency_key: the sandbox starts one run for each key, however often it is sent. Default: a new one for each call.

        Ctrl-C interrupts the run in the sandbox, and so does a callback that raises. This takes at most 5 seconds.

        >>> result = sandbox.run_code("print('a'); 40 + 2", timeout_seconds=10)
        >>> result.stdout, result.text
        ('a\\n', 'a\\n42')
        """
        by_name = tools_of(tools)
        stream = self.run_code_stream(
            code,
            language=language,
            context=context,
            fresh=fresh,
            display=display,
            stdin=stdin is not None,
            timeout_seconds=one_of("timeout_seconds", timeout_seconds, "timeout", timeout),
            grace_seconds=grace_seconds,
            env=one_of("env", env, "envs", envs),
            tag=tag,
            tools=by_name.values(),
            tool_timeout_seconds=tool_timeout_seconds,
            on_disconnect=on_disconnect,
            disconnect_seconds=disconnect_seconds,
            traceparent=traceparent,
            idempotency_key=idempotency_key,
        )
        callbacks = {"stdout": on_stdout, "stderr": on_stderr, "result": on_result}
        if not by_name:
            return finish(stream, stdin, callbacks)
        runner = ToolRunner(ToolCalls(stream), by_name)
        with io.workers(MOST_AT_ONCE) as begin:
            return finish(stream, stdin, {**callbacks, "tool_request": lambda event: begin(runner.answer, event)})

    def run_code_stream(
        self,
        code: str,
        *,
        language: Language = "python",
        context: str | None = None,
        fresh: bool | Literal["alone"] | None = None,
        display: Display | None = None,
        stdin: bool = False,
        timeout_seconds: float | None = None,
        timeout: float | None = None,
        grace_seconds: float | None = None,
        env: Mapping[str, str] | None = None,
        envs: Mapping[str, str] | None = None,
        tag: str | None = None,
        tools: Tools | None = None,
        tool_timeout_seconds: float | None = None,
        on_disconnect: OnDisconnect | None = None,
        disconnect_seconds: float | None = None,
        traceparent: str | None = None,
        idempotency_key: str | None = None,
    ) -> RunStream:
        """Runs code and returns its events as they arrive. The arguments are those of ``run_code``.

        stdin: True opens the input of the run for ``RunStream.send``.
        tools: only their definitions are used: each call is a ToolRequestEvent, to be answered with ``RunStream.answer_tool_call``, or by
        ``RunStream.result``.

        >>> for event in sandbox.run_code_stream("for i in range(3): print(i)"):
        ...     print(event.seq, event.data)
        """
        return self._run(
            code_body(
                code,
                language=language,
                context=context,
                fresh=fresh,
                display=display,
                stdin=stdin,
                grace_seconds=grace_seconds,
                tag=tag,
                tools=tools_of(tools),
                tool_timeout_seconds=tool_timeout_seconds,
            ),
            timeout_seconds=one_of("timeout_seconds", timeout_seconds, "timeout", timeout),
            env=one_of("env", env, "envs", envs),
            on_disconnect=on_disconnect,
            disconnect_seconds=disconnect_seconds,
            traceparent=traceparent,
            idempotency_key=idempotency_key,
        )

    def start_code(
        self,
        code: str,
        *,
        language: Language = "python",
        context: str | None = None,
        fresh: bool | Literal["alone"] | None = None,
        display: Display | None = None,
        stdin: bool = False,
        timeout_seconds: float | None = None,
        timeout: float | None = None,
        grace_seconds: float | None = None,
        env: Mapping[str, str] | None = None,
        envs: Mapping[str, str] | None = None,
        tag: str | None = None,
        tools: Tools | None = None,
        tool_timeout_seconds: float | None = None,
        traceparent: str | None = None,
        idempotency_key: str | None = None,
    ) -> RunStream:
        """Starts code in the background and returns as soon as the server has accepted it. The arguments are those of ``run_code_stream``.

        No connection is kept. The returned stream connects when its events, or its result, are requested. Ending or
        cancelling the reading does not stop the run; ``interrupt`` stops it.

        >>> run = sandbox.start_code("import time; time.sleep(60); print('done')")
        >>> run.interrupt()
        >>> (run.result()).reason
        'interrupted'
        """
        return self._start(
            code_body(
                code,
                language=language,
                context=context,
                fresh=fresh,
                display=display,
                stdin=stdin,
                grace_seconds=grace_seconds,
                tag=tag,
                tools=tools_of(tools),
                tool_timeout_seconds=tool_timeout_seconds,
            ),
            timeout_seconds=one_of("timeout_seconds", timeout_seconds, "timeout", timeout),
            env=one_of("env", env, "envs", envs),
            traceparent=traceparent,
            idempotency_key=idempotency_key,
        )

    def _run(
        self,
        program: Mapping[str, object],
        *,
        timeout_seconds: float | None = None,
        env: Mapping[str, str] | None = None,
        on_disconnect: OnDisconnect | None = None,
        disconnect_seconds: float | None = None,
        traceparent: str | None = None,
        idempotency_key: str | None = None,
        in_background: bool = False,
        is_owner: bool = True,
    ) -> RunStream:
        state, steps = self._operations.run(
            program,
            env=env,
            timeout_seconds=timeout_seconds,
            on_disconnect=on_disconnect,
            disconnect_seconds=disconnect_seconds,
            traceparent=traceparent,
            idempotency_key=idempotency_key,
            in_background=in_background,
        )
        return RunStream(self._client, self._operations, state, steps, is_owner=is_owner)

    def _start(
        self,
        program: Mapping[str, object],
        *,
        timeout_seconds: float | None,
        env: Mapping[str, str] | None,
        traceparent: str | None,
        idempotency_key: str | None,
    ) -> RunStream:
        stream = self._run(
            program, timeout_seconds=timeout_seconds, env=env, traceparent=traceparent, idempotency_key=idempotency_key, in_background=True
        )
        stream.start()
        stream._is_owner = False
        return stream


def finish(stream: RunStream, stdin: Stdin | None, callbacks: Mapping[str, Callable[..., object] | None]) -> RunResult:
    """Reads a run to its end, calls the callbacks with its events by type, and provides its input."""
    try:
        if not isinstance(stdin, (bytes, bytearray, str)):
            _read(stream, {**callbacks, "input_request": stdin})
            return stream.result()
        feed = Feed(stream, bytes_of(stdin))
        if len(stdin) <= AT_ONCE_CHARS:
            feed.send()
            _read(stream, callbacks)
        else:
            stream.start()
            with io.beside(feed.send):
                _read(stream, callbacks)
    except (Exception, GeneratorExit):
        raise
    except BaseException:
        # Ctrl-C, or the task is being cancelled.
        stream._give_up()
        raise
    if feed.error is not None:
        raise feed.error
    return stream.result()


def _read(stream: RunStream, callbacks: Mapping[str, Callable[..., object] | None]) -> None:
    is_closed = False
    for event in stream:
        callback = callbacks.get(event.type)
        if callback is None or (is_closed and event.type == "input_request"):
            continue
        try:
            if event.type != "input_request":
                io.notify(callback, event)
                continue
            line = line_of(io.ask(callback, event))
            is_closed = line is None
            stream.send(line or b"", eof=is_closed)
        except GeneratorExit:
            raise
        except BaseException:
            stream._give_up()
            stream.close()
            raise
