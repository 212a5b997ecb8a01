"""A sandbox as the code executor of AutoGen.

>>> from autogen_ext.tools.code_execution import PythonCodeExecutionTool
>>> from podflare.adapters.autogen import PodflareCodeExecutor
>>> async with PodflareCodeExecutor() as executor:
...     tool = PythonCodeExecutionTool(executor)
"""

from __future__ import annotations

import asyncio
from typing import Any

from ._shared import MAX_CHARS, framework
from .. import AsyncClient, AsyncSandbox, RunResult

_code_executor: Any = framework("autogen_core.code_executor", "autogen")

_PYTHON = ("python", "py", "python3")
_SHELL = ("bash", "sh", "shell")


class PodflareCodeExecutor(_code_executor.CodeExecutor):  # type: ignore[misc]
    """Runs code blocks in a sandbox: Python in its interpreter, whose variables are kept until ``restart``, and shell commands as processes.

    sandbox: one that the caller closes. Default: a new one for each ``start``, of ``template`` and ``client``, which ``stop`` ends.
    timeout_seconds: the time limit of a block. Default: 300. A block that exceeds it has the exit code 124.
    max_chars: the most characters of the output of a block.

    It cannot be stored as a component, because a sandbox is not part of a configuration.
    """

    def __init__(
        self,
        sandbox: AsyncSandbox | None = None,
        *,
        template: str | None = None,
        client: AsyncClient | None = None,
        timeout_seconds: float = 300,
        max_chars: int = MAX_CHARS,
    ) -> None:
        self._given = sandbox
        self._sandbox: AsyncSandbox | None = None
        self._template = template
        self._client = client
        self._timeout_seconds = timeout_seconds
        self._max_chars = max_chars

    async def start(self) -> None:
        """Creates the sandbox, unless it was started."""
        if self._sandbox is None:
            self._sandbox = self._given or await AsyncSandbox.create(self._template, client=self._client)

    async def stop(self) -> None:
        """Ends the sandbox, unless the caller gave it."""
        sandbox, self._sandbox = self._sandbox, None
        if sandbox is not None and sandbox is not self._given:
            await sandbox.close()

    async def restart(self) -> None:
        """Replaces the interpreter by a new one. Variables are gone, files are kept."""
        await (await self._started().contexts.get("python")).restart()

    async def execute_code_blocks(self, code_blocks: list[Any], cancellation_token: Any) -> Any:
        """Runs the blocks one after the other, up to the first that fails. Cancellation interrupts the block that runs.

        Raises ValueError for a language other than Python and the shell, and RuntimeError before ``start``.
        """
        sandbox = self._started()
        outputs = []
        exit_code = 0
        for block in code_blocks:
            task = asyncio.ensure_future(self._run(sandbox, block.code, block.language.lower()))
            cancellation_token.link_future(task)
            result = await task
            outputs.append(result.for_model(self._max_chars))
            exit_code = result.exit_code
            if exit_code != 0:
                break
        return _code_executor.CodeResult(exit_code=exit_code, output="\n".join(outputs))

    async def _run(self, sandbox: AsyncSandbox, code: str, language: str) -> RunResult:
        if language in _PYTHON:
            return await sandbox.run_code(code, timeout_seconds=self._timeout_seconds)
        if language in _SHELL:
            return await sandbox.run(code, stderr="stdout", timeout_seconds=self._timeout_seconds)
        raise ValueError(f"language must be one of {', '.join((*_PYTHON, *_SHELL))}, not {language}")

    def _started(self) -> AsyncSandbox:
        if self._sandbox is None:
            raise RuntimeError("the executor was not started: use 'async with', or call start()")
        return self._sandbox
