"""A request that cannot be done now, although it is well-formed."""

from __future__ import annotations


class Refused(Exception):
    """`code` and `fields` go into REFUSED."""

    def __init__(self, code: str, detail: str, **fields: object) -> None:
        super().__init__(detail)
        self.code = code
        self.fields = fields
