"""The REPL's end of the socket to the supervisor."""

from __future__ import annotations

from _socket import MSG_DONTWAIT, MSG_PEEK, socket

_PACKET = 60_000
_TEXT_LIMIT = 65_536


class Closed(Exception):
    """The supervisor has gone."""


class Control:
    def __init__(self, fd: int) -> None:
        self._socket = socket(fileno=fd)

    def wait(self) -> None:
        """Returns when there is a message. A signal handler of the program may raise here, and nothing is lost."""
        self._socket.recv(1, MSG_PEEK)

    def alive(self) -> bool:
        """Whether the descriptor is still the socket to a living supervisor."""
        try:
            return bool(self._socket.recv(1, MSG_PEEK | MSG_DONTWAIT))
        except BlockingIOError:
            return True
        except OSError:
            return False

    def receive(self) -> tuple[bytes, bytes]:
        packet = self._socket.recv(_PACKET)
        if not packet:
            raise Closed
        kind, length = packet[:1], int.from_bytes(packet[1:5], "big")
        if len(packet) - 5 == length:
            return kind, packet[5:]
        payload = bytearray(packet[5:])
        while len(payload) < length:
            packet = self._socket.recv(_PACKET)
            if not packet:
                raise Closed
            payload += packet
        return kind, bytes(payload)

    def interrupted(self) -> bool:
        """Whether an interrupt has been announced behind the message received last: it is for the run that this has started."""
        try:
            return self._socket.recv(1, MSG_PEEK | MSG_DONTWAIT) == b"I"
        except BlockingIOError:
            return False

    def ready(self, secret: bytes) -> None:
        self._socket.send(b"Y" + secret)

    def end(self, tag: bytes, code: int, struck: bool, error: tuple[str, str, str] | None) -> None:
        flags = (1 if error is not None else 0) | (2 if struck else 0)
        packet = b"D" + tag + bytes((flags,)) + code.to_bytes(4, "big", signed=True)
        if error is not None:
            name, value, traceback = error
            for text, limit in ((name, 1024), (value, 16_384), (traceback, _TEXT_LIMIT)):
                data = text.encode("utf-8", "backslashreplace")[:limit]
                # A character that the cut has halved would come out as a replacement character.
                data = data.decode("utf-8", "ignore").encode()
                packet += len(data).to_bytes(4, "big") + data
        self._socket.send(packet)

    def close(self) -> None:
        self._socket.close()
