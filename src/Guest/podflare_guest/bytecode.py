"""Instead of a sandbox: compiles the guest for the interpreter of this image, and reports the bytecode in the first frame."""

from __future__ import annotations

import _imp
import binascii
import importlib.util
import marshal
import os
import sys

from podflare_guest.probe_report import report
from podflare_guest.stdlib_core import TYPE_CHECKING

if TYPE_CHECKING:
    from podflare_guest.settings import Settings

# PEP 552: hash-based, and not checked. The interpreter takes the file without a look at its source: what is mounted never changes.
_UNCHECKED_HASH = (1).to_bytes(4, "little")


def compile_guest(settings: Settings) -> None:
    """Returns when the host has closed the connection."""
    guest = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    files = {os.path.relpath(path, guest): binascii.b2a_base64(_compile(path), newline=False).decode("ascii") for path in _sources(guest)}
    report(settings, bytecode={"tag": sys.implementation.cache_tag, "magic": importlib.util.MAGIC_NUMBER.hex(), "files": files})


def _sources(folder: str) -> list[str]:
    found = []
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            found.extend(_sources(entry.path))
        elif entry.name.endswith(".py"):
            found.append(entry.path)
    return found


def _compile(path: str) -> bytes:
    with open(path, "rb") as file:
        source = file.read()
    magic = importlib.util.MAGIC_NUMBER
    code = compile(source, path, "exec", dont_inherit=True, optimize=0)
    return magic + _UNCHECKED_HASH + _imp.source_hash(int.from_bytes(magic, "little"), source) + marshal.dumps(code)
