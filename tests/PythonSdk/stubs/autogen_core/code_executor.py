"""A stub of autogen_core.code_executor 0.7.5 (2026-04-06)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from . import CancellationToken


@dataclass
class CodeBlock:
    code: str
    language: str


@dataclass
class CodeResult:
    exit_code: int
    output: str


class CodeExecutor(ABC):
    component_type = "code_executor"

    @abstractmethod
    async def execute_code_blocks(self, code_blocks: list[CodeBlock], cancellation_token: CancellationToken) -> CodeResult: ...

    @abstractmethod
    async def start(self) -> None: ...

    @abstractmethod
    async def stop(self) -> None: ...

    @abstractmethod
    async def restart(self) -> None: ...

    async def __aenter__(self) -> Any:
        await self.start()
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.stop()
