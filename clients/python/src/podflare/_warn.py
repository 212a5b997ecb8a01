"""Warnings that point to the caller's line."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from ._errors import PodflareWarning

_PACKAGE = os.path.join(os.path.dirname(__file__), "")


def warn(text: str, category: type[PodflareWarning] = PodflareWarning) -> None:
    """Issues a warning for the innermost line outside this package."""
    level = 1
    frame = sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
        level += 1
    warnings.warn(text, category, stacklevel=level)


def ungranted(egress: bool | Iterable[str] | None, notes: Iterable[str], answer: Mapping[str, Any]) -> tuple[str, ...]:
    """The server's notes on a create, and what it did not grant without a note."""
    found = tuple(notes)
    if egress and answer.get("egress") is False and not any("egress" in note for note in found):
        found += ("egress was requested, but the sandbox has none",)
    return found
