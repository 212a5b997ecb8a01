"""The bytes of an archive as they arrive, compressed or not."""

from __future__ import annotations

import zlib

from podflare_guest import tar_format
from podflare_guest.file_link import FileLink, FileRefused
from podflare_guest.headroom import Headroom
from podflare_guest.stdlib_core import TYPE_CHECKING
from podflare_guest.tar_format import invalid

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE = 256 << 10
_GZIP = 16 + zlib.MAX_WBITS


def received(link: FileLink, headroom: Headroom) -> Iterator[memoryview]:
    for length in link.chunks():
        headroom.require(length)
        yield from link.pieces(length)


def unzipped(pieces: Iterator[memoryview]) -> Iterator[memoryview]:
    """However little it was, no more than a piece is unpacked at a time."""
    unzip = zlib.decompressobj(_GZIP)
    for piece in pieces:
        data: bytes | memoryview = piece
        plain = b""
        # A full portion may leave more behind without any input.
        while data or len(plain) == _PIECE:
            try:
                plain = unzip.decompress(data, _PIECE)
            except zlib.error:
                raise invalid("the archive is not in the gzip format") from None
            data = unzip.unconsumed_tail
            if unzip.eof:
                data, unzip = unzip.unused_data, zlib.decompressobj(_GZIP)
                if not data.strip(b"\0"):
                    data = b""  # padding
            if plain:
                yield memoryview(plain)


class Source:
    """The bytes of the archive in any portions."""

    def __init__(self, pieces: Iterator[memoryview]) -> None:
        self._pieces = pieces
        self._piece = memoryview(b"")

    def read(self, size: int) -> memoryview:
        """Up to so many bytes, valid until the next call. Nothing at the end."""
        if not self._piece:
            self._piece = next(self._pieces, memoryview(b""))
        found, self._piece = self._piece[:size], self._piece[size:]
        return found

    def read_exactly(self, size: int) -> bytes:
        """Fewer bytes only at the end."""
        found = bytearray()
        while len(found) < size:
            piece = self.read(size - len(found))
            if not piece:
                break
            found += piece
        return bytes(found)

    def data(self, size: int) -> Iterator[memoryview]:
        """The data of a member, and the padding behind it, which is not yielded."""
        left = size
        while left:
            piece = self.read(left)
            if not piece:
                raise truncated()
            left -= len(piece)
            yield piece
        padding = tar_format.padding(size)
        if len(self.read_exactly(padding)) < padding:
            raise truncated()


def truncated() -> FileRefused:
    return invalid("the archive ends in the middle")
