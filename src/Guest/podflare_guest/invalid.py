"""A request that can never be done."""

from __future__ import annotations


class Invalid(Exception):
    """A well-formed frame with a wrong value; the text, which names the field, goes into REFUSED."""
