"""One program's connection to the relay. Loaded with the first: most sandboxes never see one."""

from __future__ import annotations

from podflare_guest.http1 import Parser, Refused
from podflare_guest.loop import READ, WRITE
from podflare_guest.stdlib_core import TYPE_CHECKING, socket

if TYPE_CHECKING:
    from podflare_guest.http1 import Request
    from podflare_guest.loop import Loop
    from podflare_guest.relay import Relay

_READ_BYTES = 64 << 10
_IDLE_SECONDS = 20.0
_TYPES = (b"application/x-protobuf", b"application/json")


class RelayPeer:
    def __init__(self, relay: Relay, loop: Loop, connection: socket.socket) -> None:
        self._relay, self._loop, self._socket = relay, loop, connection
        self._parser = Parser()
        self._out = b""
        self._closing = False
        loop.watch(connection.fileno(), READ, self._on_ready)
        self._wait()

    @property
    def held(self) -> int:
        return self._parser.held

    def _wait(self) -> None:
        self._loop.timers.set(self, _IDLE_SECONDS, self._drop)

    def _on_ready(self, events: int) -> None:
        if self._out:
            # Nothing is read until the answers are gone, so what waits for a client that reads none is bounded.
            self._write()
            return
        try:
            data = self._socket.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop()
            return
        self._wait()
        self._feed(data)
        if self._out:
            self._write()

    def _feed(self, data: bytes) -> None:
        try:
            while not self._closing and (request := self._parser.feed(data)) is not None:
                data = b""
                self._answer(request)
            if not self._closing and not self._relay.has_room:
                raise Refused(b"413 Content Too Large")
            if self._parser.expects:
                self._parser.expects = False
                self._out += b"HTTP/1.1 100 Continue\r\n\r\n"
        except Refused as error:
            self._out += b"HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % error.args[0]
            self._closing = True

    def _answer(self, request: Request) -> None:
        answer = self._relay.take(request)
        if answer is None:
            raise Refused(b"404 Not Found")
        self._closing = not request.keep
        end = b"Connection: close\r\n" if self._closing else b""
        self._out += b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n%s" % (_TYPES[request.json], len(answer), end, answer)

    def _write(self) -> None:
        try:
            sent = self._socket.send(self._out)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._drop()
            return
        self._out = self._out[sent:]
        if self._out:
            self._loop.change(self._socket.fileno(), WRITE)
        elif self._closing:
            self._drop()
        else:
            self._loop.change(self._socket.fileno(), READ)

    def _drop(self) -> None:
        self._loop.timers.cancel(self)
        self._loop.forget(self._socket.fileno())
        self._socket.close()
        self._relay.closed(self)
