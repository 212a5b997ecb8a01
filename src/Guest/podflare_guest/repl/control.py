"""The REPL's end of the socket to the supervisor."""

from __future__ import annotations

from time import monotonic

from _socket import MSG_DONTWAIT, MSG_PEEK, socket

_PACKET = 60_000
_TEXT_LIMIT = 65_536
_ANNOUNCEMENT_SECONDS = 1.0


class Closed(Exception):
    """The supervisor has gone."""


class Control:
    def __init__(self, fd: int) -> None:
        self._socket = socket(fileno=fd)
        self._passed: list[tuple[bytes, bytes]] = []  # read while looking for an interrupt

    def wait(self) -> None:
        """Returns when there is a message. A signal handler of the program may raise here, and nothing is lost."""
        if not self._passed:
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
        """Returns kind and payload of the next message."""
        return self._passed.pop(0) if self._passed else self._read()

    def interrupted(self, expected: bool) -> bool:
        """Whether an interrupt has been announced behind the message received last: it is for the run that this has started.

        `expected`: a signal has come whose announcement has not. Where it is the supervisor's, it waits there until long code has left room for it.
        """
        until = monotonic() + _ANNOUNCEMENT_SECONDS if expected else 0.0
        try:
            while self._peek(until) != b"I":
                self._passed.append(self._read())
        except OSError:  # nothing more is there; a signal that was expected to have one is of a process of the program's own
            return False
        return True

    def ready(self, secret: bytes) -> None:
        self._socket.send(b"Y" + secret)

    def end(self, tag: bytes, code: int, struck: bool, error: tuple[str, str, str] | None) -> None:
        flags = (1 if error is not None else 0) | (2 if struck else 0)
        packet = b"D" + tag + bytes((flags,)) + code.to_bytes(4, "big", signed=True)
        if error is not None:
            name, value, traceback = error
            for text, limit in ((name, 1024), (value, 16_384), (traceback, _TEXT_LIMIT)):
                data = text[:limit].encode("utf-8", "backslashreplace")[:limit]
                # A character that the cut has halved would come out as a replacement character.
                data = data.decode("utf-8", "ignore").encode()
                packet += len(data).to_bytes(4, "big") + data
        self._socket.send(packet)

    def close(self) -> None:
        self._socket.close()

    def _read(self) -> tuple[bytes, bytes]:
        packet = self._packet()
        kind, length = packet[:1], int.from_bytes(packet[1:5], "big")
        if len(packet) - 5 == length:
            return kind, packet[5:]
        payload = bytearray(packet[5:])
        while len(payload) < length:
            payload += self._packet()
        return kind, bytes(payload)

    def _peek(self, until: float) -> bytes:
        left = until - monotonic() if until else 0.0
        if left <= 0:
            return self._socket.recv(1, MSG_PEEK | MSG_DONTWAIT)
        self._socket.settimeout(left)
        try:
            return self._socket.recv(1, MSG_PEEK)
        finally:
            self._socket.settimeout(None)

    def _packet(self) -> bytes:
        packet = self._socket.recv(_PACKET)
        if not packet:
            raise Closed
        return packet
