"""An exception of user code as text, without the frames of the guest."""

from __future__ import annotations

from podflare_guest.repl.own_builtins import BUILTINS as __builtins__

import sys

from podflare_guest.repl.sources import is_program, line_of, publish
from podflare_guest.repl.trusted_imports import import_trusted

_SYS = sys
_NAME_OF = type.__dict__["__name__"].__get__
_traceback = None


def describe(failure: BaseException, hidden: tuple[str, ...]) -> tuple[str, str, str]:
    """Returns name, value and traceback. Frames of files below `hidden` are left out."""
    name = _NAME_OF(type(failure))
    try:
        value = str(failure)
        if type(value) is not str:
            value = str.__str__(value)
    except BaseException:  # the program's own __str__
        value = "<exception str() failed>"
    try:
        global _traceback
        if _traceback is None:
            _traceback = import_trusted("traceback")
            publish(_traceback.linecache)  # type: ignore[attr-defined]
        report = _traceback.TracebackException(type(failure), failure, failure.__traceback__)  # type: ignore[attr-defined]
        _cut(report, hidden)
        text = "".join(report.format())
    except BaseException:  # out of memory, too deep, a __repr__ of the program's own, or built-in names that it has replaced
        text = f"{name}: {value}\n"
    return name, value, text


def remember(failure: BaseException) -> None:
    """As an interactive Python does, for post-mortem debuggers."""
    names = _SYS.__dict__
    names["last_type"], names["last_value"], names["last_traceback"] = type(failure), failure, failure.__traceback__
    names["last_exc"] = failure


def _cut(report: object, hidden: tuple[str, ...]) -> None:
    seen: set[int] = set()
    rest = [report]
    while rest:
        one = rest.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        stack = one.stack  # type: ignore[attr-defined]
        # What executes the program is ours, or asyncio's where it awaits.
        first = 0
        if stack and stack[0].filename.startswith(hidden):
            first = next((index for index, frame in enumerate(stack) if is_program(frame.filename)), 0)
        stack[:] = [frame for frame in stack[first:] if not frame.filename.startswith(hidden)]
        # The later stages of the compiler know the line, but not its text.
        file = getattr(one, "filename", None)
        if file is not None and not getattr(one, "text", None) and is_program(file):
            one.text = line_of(file, int(one.lineno or 0))  # type: ignore[attr-defined]
        rest += [one.__cause__, one.__context__, *(getattr(one, "exceptions", None) or ())]  # type: ignore[attr-defined]


def exit_status(failure: SystemExit) -> tuple[int, str]:
    """The code of sys.exit as the interpreter reads it, and a text for stderr."""
    code = failure.code
    if code is None:
        return 0, ""
    if issubclass(type(code), int):
        # Outside of a C long the interpreter takes it for -1.
        return (int.__and__(code, 0xFF) if -(1 << 63) <= int.__index__(code) < 1 << 63 else 255), ""  # type: ignore[arg-type]
    try:
        return 1, str(code) + "\n"
    except BaseException:  # the program's own __str__
        return 1, ""
