"""A stub of smolagents.utils 1.27.0.dev0 (2026-07-11)."""

from typing import Any


class AgentError(Exception):
    def __init__(self, message: str, logger: Any) -> None:
        super().__init__(message)
        self.message = message
        logger.log_error(message)
