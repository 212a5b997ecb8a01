"""A stub of pydantic_ai.messages 2.9 (2026-08-22)."""

from dataclasses import KW_ONLY, dataclass


@dataclass
class BinaryContent:
    data: bytes
    _: KW_ONLY
    media_type: str
