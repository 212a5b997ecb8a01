"""All contexts of the sandbox: finding, creating, listing, restarting, deleting them; and those that exist for one fresh run."""

from __future__ import annotations

import os

from podflare_guest.context import Context
from podflare_guest.invalid import Invalid
from podflare_guest.refused import Refused
from podflare_guest.run import ALONE, BASH, PYTHON, parse_environment, parse_milliseconds
from podflare_guest.stdlib_core import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from podflare_guest.run import Run
    from podflare_guest.sandbox import Sandbox

DEFAULT = "python"
_MOST = 8
_LONGEST_ID = 64
_FIRST_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_CHARACTERS = _FIRST_CHARACTERS | frozenset("_-")


class Contexts:
    def __init__(self, sandbox: Sandbox, on_ready: Callable[[Context], None]) -> None:
        self._sandbox = sandbox
        self._on_ready = on_ready
        self.default = Context(sandbox, DEFAULT, PYTHON, sandbox.settings.home, {}, on_ready)
        self._contexts: dict[str, Context] = {DEFAULT: self.default}
        self._fresh: dict[Context, None] = {}  # one for each fresh run, which nobody can name

    def for_run(self, run: Run, kill_others: Callable[[], None]) -> Context:
        """The context that the run enters. A fresh run's language is its own, any other's is that of the context that it names."""
        if run.fresh:
            run.settle_language(run.language)
            if len(self._contexts) + len(self._fresh) >= _MOST:
                raise Refused("context_limit", f"there are {_MOST} contexts and fresh runs already")
            if run.fresh == ALONE:
                kill_others()
            return self._open_fresh(run)
        context = self.find(run.context)
        run.settle_language(context.language if run.context else run.language)
        return context

    def find(self, id: str) -> Context:
        """The context with this id; the default one for an empty id."""
        context = self._contexts.get(id or DEFAULT)
        if context is None:
            raise Refused("context_not_found", f"there is no context {id}")
        return context

    def set_environment(self) -> None:
        for context in (*self._contexts.values(), *self._fresh):
            context.set_environment()

    def close(self, reason: str) -> None:
        """All runs end, while all processes are killed."""
        for context in (*self._contexts.values(), *self._fresh):
            context.close(reason)

    def _open_fresh(self, run: Run) -> Context:
        context = Context(self._sandbox, "", run.language, self._sandbox.settings.home, {}, lambda context: None)
        self._fresh[context] = None
        context.on_empty = lambda: self._forget_fresh(context)
        return context

    def _forget_fresh(self, context: Context) -> None:
        if context in self._fresh:
            del self._fresh[context]
            context.delete()

    def summaries(self) -> list[object]:
        return [context.summary() for context in self._contexts.values()]

    def request(self, fields: dict[str, object]) -> dict[str, object]:
        """Does what a CONTEXT frame asks for. Returns the fields of the answer."""
        action = fields.get("do")
        if action == "list":
            return {"contexts": self.summaries()}
        if action == "create":
            return self._create(fields)
        if action not in ("delete", "restart", "interrupt"):
            raise Invalid("do is not create, delete, restart, interrupt or list")
        context = self.find(_parse_id(fields.get("id")))
        runs: list[object] = []
        if action == "interrupt":
            grace = parse_milliseconds(fields.get("grace_ms"), "grace_ms") or 0.0
            runs.extend(context.interrupt_current(grace, fields.get("queued") is True))
        elif action == "restart":
            context.restart()
        elif context is self.default:
            raise Refused("context_required", f"the context {DEFAULT} cannot be deleted")
        else:
            del self._contexts[context.id]
            context.delete()
        return {"contexts": [context.summary()] if action != "delete" else [], "runs": runs}

    def _create(self, fields: dict[str, object]) -> dict[str, object]:
        id = fields.get("id")
        id = f"ctx-{os.urandom(6).hex()}" if id is None else _parse_id(id)
        language = PYTHON if fields.get("language") is None else fields["language"]
        if language not in (PYTHON, BASH):
            raise Invalid("language is not python or bash")
        folder = fields.get("cwd")
        if folder is None:
            folder = self._sandbox.settings.home
        elif not isinstance(folder, str) or not folder.startswith("/") or "\0" in folder:
            raise Invalid("cwd is not an absolute path")
        variables = parse_environment(fields.get("env"))
        existing = self._contexts.get(id)
        if existing is not None:
            if (existing.language, existing.folder, existing.variables) != (language, folder, variables):
                raise Refused("context_exists", f"the context {id} exists with other settings")
            return {"contexts": [existing.summary()], "created": False}
        if not self._sandbox.may_start:
            raise Refused("closing", "the sandbox is ending")
        if len(self._contexts) + len(self._fresh) >= _MOST:
            raise Refused("context_limit", f"there are {_MOST} contexts and fresh runs already")
        context = self._contexts[id] = Context(self._sandbox, id, str(language), folder, variables, self._on_ready)
        return {"contexts": [context.summary()], "created": True}


def _parse_id(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_ID or value[0] not in _FIRST_CHARACTERS or not _CHARACTERS.issuperset(value):
        raise Invalid("id is not 1 to 64 of a-z, 0-9, _ and -, the first a letter or digit")
    return value
