"""An exception of user code as text, without the frames of the guest."""

from __future__ import annotations

import sys


def describe(failure: BaseException, guest: str) -> tuple[str, str, str]:
    """Returns name, value and traceback."""
    name = type(failure).__name__
    try:
        value = str(failure)
    except BaseException:  # the program's own __str__
        value = "<exception str() failed>"
    try:
        import traceback

        report = traceback.TracebackException(type(failure), failure, failure.__traceback__)
        _cut(report, guest)
        text = "".join(report.format())
    except BaseException:  # out of memory, too deep, or a __repr__ of the program's own
        text = f"{name}: {value}\n"
    return name, value, text


def _cut(report: object, guest: str) -> None:
    seen: set[int] = set()
    rest = [report]
    while rest:
        one = rest.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        stack = one.stack  # type: ignore[attr-defined]
        stack[:] = [frame for frame in stack if not frame.filename.startswith(guest)]
        rest += [one.__cause__, one.__context__, *(getattr(one, "exceptions", None) or ())]  # type: ignore[attr-defined]


def exit_code(failure: SystemExit) -> int:
    """The code of sys.exit as the interpreter reads it; a text goes to stderr."""
    code = failure.code
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    try:
        print(code, file=sys.stderr)
    except BaseException:  # the program's own __str__ or stream
        pass
    return 1
