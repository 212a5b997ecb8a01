"""A stub of smolagents.local_python_executor 1.27.0.dev0 (2026-07-11)."""

from dataclasses import dataclass
from typing import Any


@dataclass
class CodeOutput:
    output: Any
    logs: str
    is_final_answer: bool
