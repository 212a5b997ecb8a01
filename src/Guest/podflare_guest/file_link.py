"""The socket between a file process and the supervisor, from the inside, and how a request is refused."""

from __future__ import annotations

import struct

from podflare_guest import frames
from podflare_guest.stdlib_core import TYPE_CHECKING, dumps, socket

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER = struct.Struct(">BI")
CHUNK = 1 << 20
_PIECE = 256 << 10
_LONGEST_SHOWN = 300


class FileRefused(Exception):
    def __init__(self, code: str, detail: str, **fields: object) -> None:
        super().__init__(detail)
        self.code = code
        self.fields = fields


class FileLink:
    """Whatever it does raises ConnectionError when the supervisor has closed its end."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection

    def send(self, kind: int, payload: bytes = b"") -> None:
        self._socket.sendall(HEADER.pack(kind, len(payload)) + payload, socket.MSG_NOSIGNAL)

    def send_failed(self, code: str, detail: str, fields: dict[str, object]) -> None:
        self.send(frames.FILE_FAILED, dumps({"code": code, "detail": detail, **fields}))

    def wait_for_next(self) -> None:
        """Returns when the host wants a chunk."""
        if self._receive() != (frames.FILE_NEXT, 0):
            raise ConnectionResetError

    def chunks(self) -> Iterator[int]:
        """Asks the host for one chunk after the other, and yields the length of each, whose bytes are to be taken from `pieces`."""
        while True:
            self.send(frames.FILE_NEXT)
            kind, length = self._receive()
            if kind == frames.FILE_END:
                return
            yield length

    def pieces(self, length: int) -> Iterator[memoryview]:
        """The bytes of a chunk. Each piece is valid until the next."""
        buffer = memoryview(bytearray(min(length, _PIECE)))
        while length:
            count = self._socket.recv_into(buffer[: min(length, _PIECE)])
            if not count:
                raise ConnectionResetError
            yield buffer[:count]
            length -= count

    def _receive(self) -> tuple[int, int]:
        header = self._socket.recv(HEADER.size, socket.MSG_WAITALL)
        if len(header) < HEADER.size:
            raise ConnectionResetError
        return HEADER.unpack(header)  # type: ignore[return-value]


def shown(path: bytes) -> str:
    """A path as it is written in a sentence."""
    text = path.decode("utf-8", "backslashreplace")
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"
