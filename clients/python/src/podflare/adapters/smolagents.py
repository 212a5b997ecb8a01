"""A sandbox as the Python executor of smolagents.

>>> from smolagents import CodeAgent
>>> from podflare.adapters.smolagents import PodflareExecutor
>>> with CodeAgent(tools=[], model=model, executor=PodflareExecutor()) as agent:
...     agent.run("What is the 20th prime?")
"""

from __future__ import annotations

import base64
import io
import logging
from collections.abc import Sequence
from typing import Any

from ._shared import framework, images_of
from .. import Client, PodflareError, Sandbox

_remote: Any = framework("smolagents.remote_executors", "smolagents")
_CodeOutput: Any = framework("smolagents.local_python_executor", "smolagents").CodeOutput
_AgentError: Any = framework("smolagents.utils", "smolagents").AgentError


class _Logger:
    """For an executor without the logger of an agent."""

    def log(self, *arguments: Any, **_: Any) -> None:
        logging.getLogger("podflare").info("%s", " ".join(map(str, arguments)))

    def log_error(self, message: str) -> None:
        logging.getLogger("podflare").error("%s", message)


class PodflareExecutor(_remote.RemotePythonExecutor):  # type: ignore[misc]
    """Runs the code of an agent in a sandbox, whose variables are kept until ``cleanup``.

    additional_imports: packages that are installed with pip when the executor is created. The sandbox needs network access for them.
    logger: the agent's logger. Default: the logger ``podflare``. allow_pickle: as for the executors of smolagents; leave it off.
    sandbox: one that the caller closes. Default: a new one, of ``template`` and ``client``, which ``cleanup`` ends.
    timeout_seconds: the time limit of a step. Default: 300.
    """

    def __init__(
        self,
        additional_imports: Sequence[str] = (),
        logger: Any = None,
        allow_pickle: bool = False,
        *,
        sandbox: Sandbox | None = None,
        template: str | None = None,
        client: Client | None = None,
        timeout_seconds: float | None = None,
    ) -> None:
        super().__init__(list(additional_imports), logger or _Logger(), allow_pickle)
        self._is_owner = sandbox is None
        self.sandbox: Sandbox | None = Sandbox(template, client=client) if sandbox is None else sandbox
        self._timeout_seconds = timeout_seconds
        try:
            self.installed_packages = self.install_packages(list(additional_imports))
        except BaseException:
            self.cleanup()
            raise

    def run_code_raise_errors(self, code: str) -> Any:
        """Runs code. An exception in it raises an AgentError; the exception with which ``final_answer`` ends the code is the final answer."""
        result = self._alive().run_code(code, timeout_seconds=self._timeout_seconds)
        error = result.error
        if error is not None and error.name == self.FINAL_ANSWER_EXCEPTION:
            return _CodeOutput(output=self._deserialize_final_answer(error.value or "", self.allow_pickle), logs=result.stdout, is_final_answer=True)
        if not result.ok:
            raise _AgentError(f"{result.stdout}\nExecuting code yielded an error:\n{result.for_model()}", self.logger)
        return _CodeOutput(output=_value_of(result), logs=result.stdout, is_final_answer=False)

    def install_packages(self, additional_imports: list[str]) -> list[str]:
        """Installs packages with pip. Raises an AgentError if that fails."""
        if additional_imports:
            result = self._alive().run(["python3", "-m", "pip", "install", "--user", "--no-input", *additional_imports], env={"PIP_BREAK_SYSTEM_PACKAGES": "1"})
            if not result.ok:
                raise _AgentError(f"pip could not install {' '.join(additional_imports)}:\n{result.for_model()}", self.logger)
            self.logger.log(result.stdout)
        return additional_imports

    def cleanup(self) -> None:
        """Ends the sandbox, unless the caller gave it. It does not raise; a sandbox that could not be ended ends after its idle timeout."""
        sandbox, self.sandbox = self.sandbox, None
        if sandbox is None or not self._is_owner:
            return
        try:
            sandbox.close()
        except PodflareError as e:
            self.logger.log_error(f"The sandbox could not be ended: {e}")

    def delete(self) -> None:
        """The same as ``cleanup``."""
        self.cleanup()

    def _alive(self) -> Sandbox:
        if self.sandbox is None:
            raise RuntimeError("the executor was cleaned up")
        return self.sandbox


def _value_of(result: Any) -> Any:
    """The value of the last expression: an image of Pillow, JSON as it is, or text."""
    main = result.main
    if main is None:
        return None
    for _, data in images_of(result)[-1:] if main.is_image else []:
        return framework("PIL.Image", "smolagents").open(io.BytesIO(base64.b64decode(data)))
    return main.data.get("application/json", main.text)
