"""A sandbox for the tools of Claude: Python code, and the ``bash`` tool. It works with plain messages, so it needs no package of Anthropic.

>>> from podflare import Sandbox
>>> from podflare.adapters.anthropic import PodflareTools
>>> with Sandbox() as sandbox:
...     tools = PodflareTools(sandbox)
...     response = client.messages.create(model=model, max_tokens=4096, tools=tools.definitions, messages=messages)
...     messages.append({"role": "assistant", "content": response.content})
...     messages.append({"role": "user", "content": tools.results(response.content)})
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from ._shared import CODE, MAX_CHARS, RUN_PYTHON, describe, images_of
from .. import PodflareError, RunResult, Sandbox
from .._tools import Tools, tools_of

# Each command is a process of its own; folder, variables and functions go from one to the next in a file. What belongs to one run does not.
_SESSION = r"""
state=$1 command=$2
set --
[ ! -f "$state" ] || . "$state" 2>/dev/null
__podflare_save() {
  local code=$? name
  {
    for name in $(compgen -v); do
      case $name in
        BASH* | PODFLARE_* | TRACE* | OTEL_* | PPID | UID | EUID | GROUPS | SHELLOPTS | SHLVL | FUNCNAME | DIRSTACK | PIPESTATUS | RANDOM | SECONDS | EPOCH* | SRANDOM | LINENO | _ | code | name | state | command) ;;
        *) declare -p "$name" | sed -E '1s/^declare -([-a-zA-Z]+) /declare -\1g /; 1s/--g /-g /' ;;
      esac
    done
    declare -f
    printf 'cd %q\n' "$PWD"
  } >"$state"
  return "$code"
}
trap '__podflare_save' EXIT
eval "$command"
"""


class PodflareTools:
    """The tools of one conversation, executed in a sandbox. The caller closes the sandbox.

    timeout_seconds: the time limit of a call. Default: 300. context: the id of the context that runs Python code. Default: ``python``.
    max_chars: the most characters of text in a result. bash: whether the ``bash`` tool is offered, too. tools: functions of this program that the
    Python code may call, as for ``Sandbox.run_code``. One piece of code can then do what otherwise takes the model many turns, and the data stays
    out of its context. The model cannot call these functions in another way.
    """

    def __init__(
        self, sandbox: Sandbox, *, timeout_seconds: float = 300, context: str | None = None, max_chars: int = MAX_CHARS, bash: bool = True, tools: Tools | None = None
    ) -> None:
        self._sandbox = sandbox
        self._timeout_seconds = timeout_seconds
        self._context = context
        self._max_chars = max_chars
        self._has_bash = bash
        self._tools = tools_of(tools)
        self._session = _new_session()

    @property
    def definitions(self) -> list[dict[str, Any]]:
        """The argument ``tools`` of a request."""
        python: dict[str, Any] = {
            "name": "run_python",
            "description": RUN_PYTHON + describe(self._tools),
            "input_schema": {"type": "object", "properties": {"code": {"type": "string", "description": CODE}}, "required": ["code"]},
        }
        return [python, {"type": "bash_20250124", "name": "bash"}] if self._has_bash else [python]

    def results(self, content: Iterable[Any]) -> list[dict[str, Any]]:
        """Executes the ``tool_use`` blocks of a response that are for these tools, and returns their ``tool_result`` blocks. Other blocks are ignored."""
        names = {definition["name"] for definition in self.definitions}
        return [self.result(block) for block in content if _field(block, "type") == "tool_use" and _field(block, "name") in names]

    def result(self, block: Any) -> dict[str, Any]:
        """Executes one ``tool_use`` block, an object of the SDK or a dict. A wrong input and a sandbox that is gone are results with ``is_error``."""
        answer: dict[str, Any] = {"type": "tool_result", "tool_use_id": _field(block, "id")}
        try:
            content, is_error = self._execute(_field(block, "name"), _field(block, "input"))
        except (PodflareError, ValueError) as e:
            content, is_error = str(e), True
        return {**answer, "content": content, "is_error": is_error}

    def _execute(self, name: str, given: Mapping[str, Any]) -> tuple[Any, bool]:
        if name == "run_python":
            return self._content(self._sandbox.run_code(_text(given, "code"), timeout_seconds=self._timeout_seconds, context=self._context, tools=self._tools or None))
        if name != "bash" or not self._has_bash:
            raise ValueError(f"there is no tool {name}")
        if given.get("restart"):
            self._session = _new_session()
            return "bash was restarted", False
        command = _text(given, "command")
        return self._content(self._sandbox.run(["bash", "-c", _SESSION, "bash", self._session, command], stderr="stdout", timeout_seconds=self._timeout_seconds))

    def _content(self, result: RunResult) -> tuple[Any, bool]:
        text = result.for_model(self._max_chars)
        images = images_of(result)
        if not images:
            return text, not result.ok
        blocks = [{"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}} for media_type, data in images]
        return [{"type": "text", "text": text}, *blocks], not result.ok


def _new_session() -> str:
    return f"/tmp/.bash-{uuid.uuid4().hex}"


def _field(block: Any, name: str) -> Any:
    return block.get(name) if isinstance(block, Mapping) else getattr(block, name, None)


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} must be a text that is not empty")
    return value
