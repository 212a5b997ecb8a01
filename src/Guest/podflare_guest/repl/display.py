"""`display` and the results that a run sends."""

from __future__ import annotations

from podflare_guest.repl.own_builtins import BUILTINS as __builtins__

import sys

from podflare_guest.repl.failure import describe
from podflare_guest.repl.representations import PLAIN, encode, plain_text, represent
from podflare_guest.repl.streams import late_run

_SYS = sys


class Display:
    def __init__(self, send: object, write_stderr: object, hidden: tuple[str, ...]) -> None:
        """`send(body)`: a result of the current run. `write_stderr(text)`: of the current run too."""
        self._send = send
        self._write_stderr = write_stderr
        self._hidden = hidden
        self.columns = False
        self.enabled = False  # whether the current run wants results
        self.extra: list[object] = []  # asked before the value itself: value -> representations or None

    def show(self, value: object, main: bool = False) -> None:
        """Sends the value as a result."""
        problems: list[BaseException] = []
        data: dict[str, object] = {}
        for source in self.extra:
            data.update(source(value) or {})  # type: ignore[operator]
        data.update(represent(value, self.columns, problems))
        truncated = False
        if PLAIN not in data:
            data[PLAIN], truncated = plain_text(value, problems)
        self.send({PLAIN: data.pop(PLAIN), **data}, main, truncated)
        for problem in problems:
            self._write_stderr(describe(problem, self._hidden)[2])  # type: ignore[operator]

    def send(self, data: dict[str, object], main: bool = False, truncated: bool = False) -> None:
        self._send(encode(data, main, truncated))  # type: ignore[operator]

    def display(self, objects: tuple[object, ...], raw: bool) -> None:
        for value in objects:
            if not self.enabled or late_run() is not None:
                print(value.get(PLAIN, "") if raw and isinstance(value, dict) else plain_text(value, [])[0], file=_SYS.stdout)
            elif raw:
                self.send(dict(value))  # type: ignore[call-overload]
            else:
                self.show(value)
