"""Executes a program as a notebook does: results, `await`, notebook lines, figures."""

from __future__ import annotations

from podflare_guest.repl.own_builtins import BUILTINS as __builtins__

import _ast
import builtins
import re

from podflare_guest.repl.display import Display
from podflare_guest.repl.event_loop import EventLoop, needs_loop
from podflare_guest.repl.figures import Figures
from podflare_guest.repl.ipython_display import IPythonFinder
from podflare_guest.repl.magics import Magics
from podflare_guest.repl.notebook_lines import translate
from podflare_guest.repl.sources import line_of
from podflare_guest.repl.streams import RUN

_ONLY_AST, _TOP_LEVEL_AWAIT = 0x400, 0x2000
# Above it a program gets no last value and no notebook lines: it is parsed twice for them.
_LONGEST_SOURCE = 256 << 10
# One line without a second statement, and without escapes, of which a second parse would warn again. To parse a statement in vain costs little.
_MAY_BE_EXPRESSION = re.compile(r"[^\n\r;\\]{1,200}\n?\Z")
_split_lines = re.compile("\r\n|\r|\n").split
_LIVE_BUILTINS = builtins.__dict__


class Notebook:
    def __init__(self, namespace: dict[str, object], send: object, write_stderr: object, hidden: tuple[str, ...]) -> None:
        self._namespace = namespace
        self._policy = "last"
        self._write_stderr = write_stderr
        self.loop = EventLoop(RUN)
        self._display = Display(send, write_stderr, hidden)
        self._figures = Figures(self._display)
        self._figures.install()
        IPythonFinder(self._display).install()
        self._magics = Magics(namespace, self._run_cell)
        # Found by every program, and replaceable like any other built-in name.
        _LIVE_BUILTINS["display"] = self._display.display

    def begin(self, options: dict[str, object]) -> None:
        """Before each run: `display` is none, last or all."""
        self._policy = str(options.get("display", "none"))
        self._display.enabled = self._policy != "none"
        self._display.columns = bool(options.get("columns"))
        self._figures.begin()

    def execute(self, source: str, name: str) -> None:
        if self._policy == "all":
            _LIVE_BUILTINS["__notebook_show__"] = self._show_each
        body, last = self._compile(source, name)
        try:
            if body is not None:
                self._step(body)
            if last is not None:
                value = self._step(last)
                if value is not None:
                    # In the built-in names, so that a program that defines its own has its own.
                    _LIVE_BUILTINS["_"] = value
                    self._display.show(value, main=True)
        finally:
            self._figures.flush()

    def _show_each(self, value: object) -> None:
        if value is not None:
            self._display.show(value)

    def _run_cell(self, source: str) -> object:
        """A program within a magic; returns the value of its last expression."""
        body, last = self._compile(source, "<magic>")
        if body is not None:
            self._step(body)
        return self._step(last) if last is not None else None

    def _step(self, code: object) -> object:
        if needs_loop(code):
            return self.loop.execute(code, self._namespace)
        return eval(code, self._namespace)  # type: ignore[arg-type]

    def _compile(self, source: str, name: str) -> tuple[object, object]:
        """Body and last expression of the program; None for a program that has no other part, and for a value that is not wanted."""
        if _MAY_BE_EXPRESSION.match(source):
            try:
                return None, compile(source, name, "eval", _TOP_LEVEL_AWAIT, dont_inherit=True)
            except SyntaxError:
                pass
        if len(source) > _LONGEST_SOURCE:
            return compile(source, name, "exec", _TOP_LEVEL_AWAIT, dont_inherit=True), None
        try:
            tree = _parse(source, name)
        except SyntaxError:
            translated = translate(source)
            if translated is None:
                raise
            _LIVE_BUILTINS["__notebook__"] = self._magics
            source, tree = translated, self._parse_translated(translated, name)
        body: list[object] = tree.body  # type: ignore[attr-defined]
        if self._policy == "all":
            for statement in body[:-1]:
                if type(statement) is _ast.Expr:
                    statement.value = _shown(statement.value, name)
        last = None
        if body and type(body[-1]) is _ast.Expr and not _ends_with_semicolon(source, body[-1]):
            last = compile(_ast.Expression(body=body.pop().value), name, "eval", _TOP_LEVEL_AWAIT, dont_inherit=True)  # type: ignore[attr-defined]
        return compile(tree, name, "exec", _TOP_LEVEL_AWAIT, dont_inherit=True), last  # type: ignore[arg-type]

    @staticmethod
    def _parse_translated(source: str, name: str) -> object:
        try:
            return _parse(source, name)
        except SyntaxError as error:
            # The line that the user wrote, not what it was translated into.
            own = line_of(name, error.lineno or 0)
            if own and own.rstrip("\n") != (error.text or "").rstrip("\n"):
                error.text, error.offset, error.end_offset = own, None, None  # type: ignore[attr-defined]
            raise


def _parse(source: str, name: str) -> object:
    try:
        return compile(source, name, "exec", _ONLY_AST | _TOP_LEVEL_AWAIT, dont_inherit=True)
    except SystemError:
        # Before 3.11.7 and 3.12.1 a finalizer that parses something meanwhile, as a traceback does, confuses a counter.
        return compile(source, name, "exec", _ONLY_AST | _TOP_LEVEL_AWAIT, dont_inherit=True)


def _ends_with_semicolon(source: str, node: object) -> bool:
    line = _split_lines(source)[node.end_lineno - 1].encode()  # type: ignore[attr-defined]
    return line[node.end_col_offset :].lstrip().startswith(b";")  # type: ignore[attr-defined]


def _shown(value: object, name: str) -> object:
    """The expression as argument of the function that shows it."""
    call = compile("__notebook_show__(0)", name, "eval", _ONLY_AST).body  # type: ignore[attr-defined]
    call.args[0] = value
    for node in (call, call.func):
        for attribute in ("lineno", "col_offset", "end_lineno", "end_col_offset"):
            setattr(node, attribute, getattr(value, attribute))
    return call
