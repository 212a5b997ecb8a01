"""Frames of the guest protocol: header, numbers of the types, cutting a byte stream into frames."""

from __future__ import annotations

import struct
import time

HELLO, WELCOME, ACK, PING, PONG, READY, STARTED, EXIT = 1, 2, 3, 4, 5, 6, 7, 8
ENV, RUN, INTERRUPT, KILL, STDIN, RESIZE, SIGNAL, CONTEXT, TOOL_RESULT = 10, 11, 12, 13, 14, 15, 16, 17, 18
TAKEN, REFUSED = 20, 21
OUT, END, EVENT, LATE = 30, 31, 32, 33
OTLP, OTLP_TAKEN = 50, 51
FILE, FILE_DATA, FILE_NEXT, FILE_END, FILE_CANCEL, FILE_OPENED, FILE_DONE, FILE_FAILED = 40, 41, 42, 43, 44, 45, 46, 47

# Kinds of EVENT.
RESULT, INPUT_REQUEST, PROCESS_START, FILE_CHANGE, TOOL_REQUEST, TOOL_RESPONSE = 1, 2, 3, 4, 5, 6

_HEADER = struct.Struct(">IBQq")
_LIMIT = 24 << 20

MOST_VERSION = 3
TOOLS_VERSION = 3  # from which on a host knows calls of tools

HEADER_BYTES = _HEADER.size
RUN_BYTES = 16  # how each payload of OUT and END begins: the run


class Malformed(Exception):
    """The peer does not speak the protocol; the connection is closed."""


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def frame(kind: int, payload: bytes = b"", number: int = 0, at_ms: int | None = None) -> bytes:
    return _HEADER.pack(len(payload), kind, number, now_ms() if at_ms is None else at_ms) + payload


class FrameReader:
    """Cuts what the host sends into frames."""

    def __init__(self) -> None:
        self._partial = bytearray()

    def feed(self, data: bytes) -> list[tuple[int, int, bytes]]:
        """Returns type, number and payload of each frame that is complete now."""
        buffer: bytes | bytearray = data
        if self._partial:
            buffer = self._partial
            buffer += data
        found = []
        start = 0
        while len(buffer) - start >= _HEADER.size:
            length, kind, number, _ = _HEADER.unpack_from(buffer, start)
            if length > _LIMIT:
                raise Malformed(f"payload of {length} bytes")
            end = start + _HEADER.size + length
            if len(buffer) < end:
                break
            found.append((kind, number, bytes(buffer[start + _HEADER.size : end])))
            start = end
        # Most reads end with a frame, and then nothing is kept or copied.
        if buffer is self._partial:
            del buffer[:start]
        elif start < len(buffer):
            self._partial += buffer[start:]
        return found
