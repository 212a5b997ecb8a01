"""Environment variables, set without any function that a program can replace."""

from __future__ import annotations

from podflare_guest.repl.own_builtins import BUILTINS as __builtins__

import os
from posix import putenv, unsetenv

# What os.environ and os.environb show; both keep bytes in this dict.
_data: dict[bytes, bytes] = os.environ._data  # type: ignore[attr-defined]


def put(variables: dict[bytes, bytes] | dict[bytes, bytes | None]) -> dict[bytes, bytes | None]:
    """Sets variables, and removes those that are None. Returns what was there."""
    before: dict[bytes, bytes | None] = {}
    for name, value in variables.items():
        before[name] = _data.get(name)
        if value is None:
            if _data.pop(name, None) is not None:
                unsetenv(name)
        else:
            putenv(name, value)
            _data[name] = value
    return before
