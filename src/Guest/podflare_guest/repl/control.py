"""The interpreter's end of the socket to the supervisor."""

from __future__ import annotations

from podflare_guest.repl.own_builtins import BUILTINS as __builtins__

from time import monotonic, sleep

from _socket import CMSG_SPACE, MSG_DONTWAIT, MSG_PEEK, socket

_PACKET = 60_000
_TEXT_LIMIT = 65_536
_ANNOUNCEMENT_SECONDS = 1.0
_STEP_SECONDS = 0.0005
_RIGHTS = CMSG_SPACE(8)


class Closed(Exception):
    """The supervisor has gone."""


class Control:
    def __init__(self, fd: int) -> None:
        self._socket = socket(fileno=fd)
        self._passed: list[tuple[bytes, bytes]] = []  # read while looking for an interrupt
        self._numbers = iter(range(1, 1 << 32))  # of bodies, also of those that threads send at the same time

    def wait(self) -> bytes:
        """Returns the kind of the next message when there is one. A signal handler of the program may raise here, and nothing is lost."""
        return self._passed[0][0] if self._passed else self._socket.recv(1, MSG_PEEK)

    def alive(self) -> bool:
        """Whether the descriptor is still the socket to a living supervisor."""
        try:
            return bool(self._socket.recv(1, MSG_PEEK | MSG_DONTWAIT))
        except BlockingIOError:
            return True
        except OSError:
            return False

    def fileno(self) -> int:
        return self._socket.fileno()

    def receive(self, kind: bytes) -> tuple[bytes, bytes]:
        """Returns kind and payload of the next message, which `wait` has announced. The payload of P and N is its descriptors, as an array of C integers; that of T begins with one."""
        return self._passed.pop(0) if self._passed else self._read(kind)

    def interrupted(self, expected: bool) -> bool:
        """Whether an interrupt has been announced behind the message received last: it is for the run that this has started.

        `expected`: a signal has come whose announcement has not. If it is the supervisor's, it waits there until long code has left room for it.
        """
        until = monotonic() + _ANNOUNCEMENT_SECONDS if expected else 0.0
        try:
            while (kind := self._peek(until)) != b"I":
                self._passed.append(self._read(kind))
        except OSError:  # nothing more is there; a signal that was expected to have one is of a process of the program's own
            return False
        return True

    def ready(self, secret: bytes) -> None:
        self._socket.send(b"Y" + secret)

    def result(self, tag: bytes, body: bytes, announce: object = None) -> int:
        """Sends the body of a result, of a request for input or of a call of a tool. Its number and length, written into the output, give its place.

        `announce(number)` is called before the body is sent.
        """
        number = next(self._numbers)
        if announce is not None:
            announce(number)  # type: ignore[operator]
        head = b"V" + tag + number.to_bytes(4, "big")
        for at in range(0, len(body), _PACKET):
            self._socket.send(head + body[at : at + _PACKET])
        return number

    def end(self, tag: bytes, code: int, interrupted: bool, error: tuple[str, str, str] | None) -> None:
        flags = (1 if error is not None else 0) | (2 if interrupted else 0)
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

    def _read(self, kind: bytes) -> tuple[bytes, bytes]:
        if kind in (b"P", b"N"):
            _, rights, _, _ = self._socket.recvmsg(16, _RIGHTS)
            return kind, rights[0][2] if rights else b""
        head = b""
        if kind == b"T":
            packet, rights, _, _ = self._socket.recvmsg(_PACKET, _RIGHTS)
            head = rights[0][2][:4] if rights else b""
        else:
            packet = self._packet()
        kind, length = packet[:1], int.from_bytes(packet[1:5], "big")
        if len(packet) - 5 == length:
            return kind, head + packet[5:]
        payload = bytearray(packet[5:])
        while len(payload) < length:
            payload += self._packet()
        return kind, head + bytes(payload)

    def _peek(self, until: float) -> bytes:
        # Without a timeout of the socket's own, which an interrupt could leave behind.
        while True:
            try:
                return self._socket.recv(1, MSG_PEEK | MSG_DONTWAIT)
            except BlockingIOError:
                if not until or monotonic() >= until:
                    raise
            sleep(_STEP_SECONDS)

    def _packet(self) -> bytes:
        packet = self._socket.recv(_PACKET)
        if not packet:
            raise Closed
        return packet
