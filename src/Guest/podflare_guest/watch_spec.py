"""What a watch run watches."""

from __future__ import annotations

from binascii import Error, a2b_base64

from podflare_guest.invalid import Invalid

_LONGEST_PATH = 4_095


class WatchSpec:
    def __init__(self, path: bytes, recursive: bool) -> None:
        self.path = path
        self.recursive = recursive  # folders below it too

    @classmethod
    def parse(cls, fields: dict[str, object]) -> WatchSpec:
        text = fields.get("path")
        try:
            path = a2b_base64(text) if isinstance(text, str) else b""
        except (Error, ValueError):
            raise Invalid("path is not base64") from None
        if not path.startswith(b"/") or b"\0" in path or len(path) > _LONGEST_PATH:
            raise Invalid("path must be absolute, at most 4,095 bytes long and without a NUL")
        return cls(path.rstrip(b"/") or b"/", fields.get("recursive") is True)
