"""The connection to the host: dialling it, noticing its silence, frames in both directions."""

from __future__ import annotations

from time import monotonic

from podflare_guest import frames
from podflare_guest.frames import MOST_VERSION, FrameReader, Malformed, frame
from podflare_guest.results import for_older_host
from podflare_guest.stdlib_core import TYPE_CHECKING, deque, socket
from podflare_guest.loop import READ, WRITE

if TYPE_CHECKING:
    from collections.abc import Callable

    from podflare_guest.loop import Loop
    from podflare_guest.ring import Ring

_SILENCE_SECONDS = 6.0
_UNREAD_SECONDS = 0.1
_QUICK_SECONDS = 0.1
_QUICK_FOR_SECONDS = 5.0
_SLOW_SECONDS = 1.0
_GATHER = 64
# Buffers of 128 KiB and more are mapped and unmapped each time, which costs more than a small frame.
_READ_BYTES = 64 << 10


class Link:
    """Keeps one connection up. What the host had not read when it broke is either in the ring or repeated by HELLO."""

    def __init__(self, loop: Loop, path: str, ring: Ring, hello: Callable[[], bytes], on_frame: Callable[[int, int, bytes], None]) -> None:
        self._loop = loop
        self._path = path
        self._ring = ring
        self._hello = hello
        self._on_frame = on_frame
        self.on_drop: Callable[[], None] = lambda: None
        self.on_welcome: Callable[[], None] = lambda: None
        self.usage: Callable[[bytes], bytes] = lambda request: b""  # answers the payload of PING
        self.version = 1  # the version of the protocol that the host has chosen
        self._socket: socket.socket | None = None
        self._welcomed = False
        self._early: list[bytes] = []
        self._outbox: deque[bytes | memoryview] = deque()
        self._waits_to_write = False
        self._reader = FrameReader()
        self._heard = 0.0
        self._lost_at = monotonic()

    def dial(self) -> None:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.setblocking(False)
        try:
            connection.connect(self._path)
        except OSError:
            connection.close()
            self._redial()
            return
        self._socket = connection
        self._welcomed = False
        self._reader = FrameReader()
        self._heard = monotonic()
        self._outbox.append(frame(frames.HELLO, self._hello()))
        self._loop.watch(connection.fileno(), READ, self._on_ready)
        self._loop.timers.set("silence", _SILENCE_SECONDS, self._check_silence)

    @property
    def is_connected(self) -> bool:
        return self._welcomed

    @property
    def is_idle(self) -> bool:
        """Connected, with nothing left to send."""
        return self._welcomed and not self._outbox

    def send(self, data: bytes) -> None:
        """Queues an unnumbered frame; without a connection it is dropped."""
        if self._welcomed:
            self._outbox.append(data)
        elif self._socket is not None:
            self._early.append(data)

    def send_numbered(self, data: bytes) -> None:
        """Queues a frame that the ring holds; before WELCOME the ring alone has it."""
        if self._welcomed:
            self._outbox.append(data)

    def flush(self) -> None:
        if self._outbox and self._socket is not None and not self._waits_to_write:
            self._write()

    def _write(self) -> None:
        connection = self._socket
        outbox = self._outbox
        while outbox and connection is not None:
            batch = list(outbox) if len(outbox) <= _GATHER else [outbox[i] for i in range(_GATHER)]
            try:
                sent = connection.sendmsg(batch)
            except BlockingIOError:
                self._wait_to_write(True)
                return
            except OSError:
                self._drop()
                return
            while sent:
                head = outbox.popleft()
                if sent < len(head):
                    outbox.appendleft(memoryview(head)[sent:])
                    break
                sent -= len(head)
        self._wait_to_write(False)

    def _wait_to_write(self, waits: bool) -> None:
        if waits != self._waits_to_write and self._socket is not None:
            self._waits_to_write = waits
            self._loop.change(self._socket.fileno(), READ | WRITE if waits else READ)

    def _on_ready(self, events: int) -> None:
        if events & WRITE:
            self._write()
        if self._socket is None or not events & ~WRITE:
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
        self._heard = monotonic()
        try:
            for kind, number, payload in self._reader.feed(data):
                self._take(kind, number, payload)
        except Malformed:
            self._drop()

    def _take(self, kind: int, number: int, payload: bytes) -> None:
        if kind == frames.WELCOME:
            if payload or self._welcomed:
                raise Malformed("WELCOME with a payload, or twice")
            self._welcomed = True
            self.version = min(max(number, 1), MOST_VERSION)
            self._outbox.extend(self._ring if self.version == MOST_VERSION else (for_older_host(data, self.version) for data in self._ring))
            self._outbox.extend(self._early)
            self._early.clear()
            self.on_welcome()
        elif kind == frames.PING:
            self.send(frame(frames.PONG, self.usage(payload)))
        else:
            self._on_frame(kind, number, payload)

    def _check_silence(self) -> None:
        left = self._heard + _SILENCE_SECONDS - monotonic()
        # Where the supervisor had no time to read, the host is not silent: what it has sent waits.
        if left > 0 or self._has_unread():
            self._loop.timers.set("silence", max(left, _UNREAD_SECONDS), self._check_silence)
        else:
            self._drop()

    def _has_unread(self) -> bool:
        try:
            return self._socket is not None and bool(self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except OSError:
            return False

    def _drop(self) -> None:
        if self._socket is None:
            return
        self._loop.forget(self._socket.fileno())
        self._loop.timers.cancel("silence")
        self._socket.close()
        self._socket = None
        self._welcomed = False
        self._waits_to_write = False
        self._early.clear()
        self._outbox.clear()
        self._lost_at = monotonic()
        self.on_drop()
        self._redial()

    def _redial(self) -> None:
        quick = monotonic() - self._lost_at < _QUICK_FOR_SECONDS
        self._loop.timers.set("dial", _QUICK_SECONDS if quick else _SLOW_SECONDS, self.dial)
