"""Executes a program as a notebook does: results, `await`, notebook lines, figures."""

from __future__ import annotations

from podflare_guest.repl.own_builtins import BUILTINS as __builtins__

import builtins
import os

from podflare_guest.repl.after_import import AfterImport, LazyFinder
from podflare_guest.repl.failure import describe
from podflare_guest.repl.sources import line_of
from podflare_guest.repl.streams import RUN
from podflare_guest.repl.trusted_imports import import_trusted

_ONLY_AST, _TOP_LEVEL_AWAIT = 0x400, 0x2000
_IS_COROUTINE = 0x80
# Names that need a running loop. A program that uses none of them and awaits nothing runs without one, so that asyncio.run works as usual.
_NEED_LOOP = frozenset(("create_task", "ensure_future", "get_running_loop", "current_task"))
# Above it a program gets no last value and no notebook lines: it is parsed twice for them.
_LONGEST_SOURCE = 256 << 10
# A longer line is rarely one expression.
_LONGEST_EXPRESSION = 200
_LIVE_BUILTINS = builtins.__dict__


class Notebook:
    """Its parts are imported when a program first needs them: every interpreter would start later and be larger."""

    def __init__(self, namespace: dict[str, object], send: object, write_stderr: object, hidden: tuple[str, ...]) -> None:
        self._namespace = namespace
        self._send = send
        self._write_stderr = write_stderr
        self._hidden = hidden
        self._policy = "last"
        self._columns = False
        self._shown: object = None  # the part that shows values
        self._figures: object = None
        self._magics: object = None
        self._ipython: object = None
        # The image may set one for child processes: only another value is a choice of the program's.
        self._image_backend = os.environ.get("MPLBACKEND", "")
        self.loop: object = None
        AfterImport("matplotlib", self._take_figures).install()
        LazyFinder("IPython", self._ipython_finder).install()
        # Found by every program, and replaceable like any other built-in name.
        _LIVE_BUILTINS["display"] = self.display

    def begin(self, display: str, columns: bool) -> None:
        """Before each run. `display`: last, all, or empty for none."""
        self._policy = display
        self._columns = columns
        self._set_options()
        if self._figures is not None:
            self._figures.begin()  # type: ignore[attr-defined]

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
                    self._display().show(value, main=True)  # type: ignore[attr-defined]
        finally:
            if self._figures is not None:
                self._figures.flush()  # type: ignore[attr-defined]

    def display(self, *objects: object, raw: bool = False, include: object = None, exclude: object = None, metadata: object = None, transient: object = None, display_id: object = None, **more: object) -> None:
        """Shows each object by its richest representations. `raw`: the objects are dicts from MIME type to data."""
        self._display().display(objects, raw)  # type: ignore[attr-defined]

    def _display(self) -> object:
        if self._shown is None:
            self._shown = _part("display").Display(self._send, self._write_stderr, self._hidden)  # type: ignore[attr-defined]
            self._set_options()
        return self._shown

    def _set_options(self) -> None:
        if self._shown is not None:
            self._shown.enabled, self._shown.columns = bool(self._policy), self._columns  # type: ignore[attr-defined]

    def _take_figures(self, matplotlib: object) -> None:
        """The program has imported matplotlib."""
        try:
            self._figures = figures = _part("figures").Figures(self._display(), self._image_backend)  # type: ignore[attr-defined]
            figures.install(matplotlib)
        except Exception as error:  # built-in names that the program has replaced, or no memory
            self._write_stderr(f"podflare: figures are not shown: {describe(error, ())[1]}\n")  # type: ignore[operator]

    def _ipython_finder(self) -> object:
        if self._ipython is None:
            self._ipython = _part("ipython_display").IPythonFinder(self.display)  # type: ignore[attr-defined]
        return self._ipython

    def _show_each(self, value: object) -> None:
        if value is not None:
            self._display().show(value)  # type: ignore[attr-defined]

    def _run_cell(self, source: str) -> object:
        """A program within a magic; returns the value of its last expression."""
        body, last = self._compile(source, "<magic>")
        if body is not None:
            self._step(body)
        return self._step(last) if last is not None else None

    def _step(self, code: object) -> object:
        if code.co_flags & _IS_COROUTINE or not _NEED_LOOP.isdisjoint(code.co_names):  # type: ignore[attr-defined]
            if self.loop is None:
                self.loop = _part("event_loop").EventLoop(RUN)  # type: ignore[attr-defined]
            return self.loop.execute(code, self._namespace)  # type: ignore[attr-defined]
        return eval(code, self._namespace)  # type: ignore[arg-type]

    def _compile(self, source: str, name: str) -> tuple[object, object]:
        """Body and last expression of the program; None for a program that has no other part, and for a value that is not wanted."""
        if _may_be_expression(source):
            try:
                return None, compile(source, name, "eval", _TOP_LEVEL_AWAIT, dont_inherit=True)
            except SyntaxError:
                pass
        if len(source) > _LONGEST_SOURCE:
            return compile(source, name, "exec", _TOP_LEVEL_AWAIT, dont_inherit=True), None
        try:
            tree = _parse(source, name)
        except SyntaxError:
            translated = _part("notebook_lines").translate(source)  # type: ignore[attr-defined]
            if translated is None:
                raise
            if self._magics is None:
                self._magics = _part("magics").Magics(self._namespace, self._run_cell)  # type: ignore[attr-defined]
            _LIVE_BUILTINS["__notebook__"] = self._magics
            source, tree = translated, self._parse_translated(translated, name)
        body: list[object] = tree.body  # type: ignore[attr-defined]
        kinds = import_trusted("_ast")
        if self._policy == "all":
            for statement in body[:-1]:
                if type(statement) is kinds.Expr:
                    statement.value = _shown(statement.value, name)
        last = None
        if body and type(body[-1]) is kinds.Expr and not _ends_with_semicolon(source, body[-1]):
            last = compile(kinds.Expression(body=body.pop().value), name, "eval", _TOP_LEVEL_AWAIT, dont_inherit=True)  # type: ignore[attr-defined]
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


def _part(name: str) -> object:
    return import_trusted("podflare_guest.repl." + name)


def _may_be_expression(source: str) -> bool:
    """Whether it is one line without a second statement, and without escapes, which a second parse would warn about again. Parsing a statement in vain costs little."""
    line = source[:-1] if source[-1:] == "\n" else source
    return 0 < len(line) <= _LONGEST_EXPRESSION and "\n" not in line and "\r" not in line and ";" not in line and "\\" not in line


def _parse(source: str, name: str) -> object:
    try:
        return compile(source, name, "exec", _ONLY_AST | _TOP_LEVEL_AWAIT, dont_inherit=True)
    except SystemError:
        # Before 3.11.7 and 3.12.1 a finalizer that parses something meanwhile, as a traceback does, confuses a counter.
        return compile(source, name, "exec", _ONLY_AST | _TOP_LEVEL_AWAIT, dont_inherit=True)


def _ends_with_semicolon(source: str, node: object) -> bool:
    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    line = lines[node.end_lineno - 1].encode()  # type: ignore[attr-defined]
    return line[node.end_col_offset :].lstrip().startswith(b";")  # type: ignore[attr-defined]


def _shown(value: object, name: str) -> object:
    """The expression as argument of the function that shows it."""
    call = compile("__notebook_show__(0)", name, "eval", _ONLY_AST).body  # type: ignore[attr-defined]
    call.args[0] = value
    for node in (call, call.func):
        for attribute in ("lineno", "col_offset", "end_lineno", "end_col_offset"):
            setattr(node, attribute, getattr(value, attribute))
    return call
