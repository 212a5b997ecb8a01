"""The part of HTTP/1.1 that an OTLP exporter speaks: POST with a length or in chunks, and one answer each."""

from __future__ import annotations

_HEAD_LIMIT = 8 << 10
_BODY_LIMIT = 1 << 20
_LINE_LIMIT = 1 << 10
_MOST_TRAILERS = 16
_LINEAGE = b"x-podflare-lineage"
_SIZE, _DATA, _TRAILER = 0, 1, 2
_HEX = b"0123456789abcdefABCDEF"


class Refused(Exception):
    """A status that ends the connection."""


class Request:
    __slots__ = ("body", "gzip", "json", "keep", "lineage", "path")

    def __init__(self, path: bytes, json: bool, gzip: bool, keep: bool, lineage: int) -> None:
        """`keep`: the connection stays open. `lineage`: the group that the sender says it belongs to; 0 for none."""
        self.path, self.json, self.gzip, self.keep, self.lineage = path, json, gzip, keep, lineage
        self.body = b""


class Parser:
    """Takes what was read, and gives a whole request as soon as there is one."""

    def __init__(self) -> None:
        self.expects = False  # the client waits for 100 before it sends the body
        self._buffer = bytearray()
        self._request: Request | None = None  # whose body is not complete
        self._length = 0
        self._chunked = False
        self._body = bytearray()
        self._part = _SIZE
        self._trailers = 0

    @property
    def held(self) -> int:
        """Bytes that wait for the rest of their request."""
        return len(self._buffer) + len(self._body)

    def feed(self, data: bytes) -> Request | None:
        self._buffer += data
        if self._request is None:
            self._request = self._read_head()
        request = self._request
        if request is None:
            return None
        body = self._read_chunks() if self._chunked else self._read_body()
        if body is None:
            return None
        self._request = None
        self.expects = False
        request.body = body
        return request

    def _read_head(self) -> Request | None:
        # TLS and everything else that is not HTTP is refused at its first byte.
        if self._buffer and not 65 <= self._buffer[0] <= 90:
            raise Refused(b"400 Bad Request")
        end = self._buffer.find(b"\r\n\r\n", 0, _HEAD_LIMIT + 4)
        if end < 0:
            if len(self._buffer) > _HEAD_LIMIT:
                raise Refused(b"431 Request Header Fields Too Large")
            return None
        lines = bytes(self._buffer[:end]).split(b"\r\n")
        del self._buffer[: end + 4]
        method, path, version = _first_line(lines[0])
        fields = _fields(lines[1:])
        if method != b"POST":
            raise Refused(b"405 Method Not Allowed")
        self._read_length(fields)
        kind = fields.get(b"content-type", b"").partition(b";")[0].strip().lower()
        coding = fields.get(b"content-encoding", b"identity").lower()
        if kind not in (b"application/x-protobuf", b"application/json") or coding not in (b"identity", b"gzip"):
            raise Refused(b"415 Unsupported Media Type")
        self.expects = fields.get(b"expect", b"").lower() == b"100-continue"
        lineage = fields.get(_LINEAGE, b"")
        keep = version == b"HTTP/1.1" and fields.get(b"connection", b"").lower() != b"close"
        return Request(path.partition(b"?")[0], kind == b"application/json", coding == b"gzip", keep, int(lineage) if lineage.isdigit() and len(lineage) < 8 else 0)

    def _read_length(self, fields: dict[bytes, bytes]) -> None:
        length, coding = fields.get(b"content-length"), fields.get(b"transfer-encoding")
        self._chunked, self._length, self._part, self._trailers = coding is not None, 0, _SIZE, 0
        if coding is not None:
            # Both lengths at once is how requests are smuggled.
            if coding.lower() != b"chunked" or length is not None:
                raise Refused(b"400 Bad Request")
        elif length is None:
            raise Refused(b"411 Length Required")
        elif not length.isdigit():
            raise Refused(b"400 Bad Request")
        elif len(length) > 12 or int(length) > _BODY_LIMIT:
            raise Refused(b"413 Content Too Large")
        else:
            self._length = int(length)

    def _read_body(self) -> bytes | None:
        if len(self._buffer) < self._length:
            return None
        body = bytes(self._buffer[: self._length])
        del self._buffer[: self._length]
        return body

    def _read_chunks(self) -> bytes | None:
        while True:
            if self._part == _DATA:
                if len(self._buffer) < self._length + 2:
                    return None
                if self._buffer[self._length : self._length + 2] != b"\r\n":
                    raise Refused(b"400 Bad Request")
                self._body += self._buffer[: self._length]
                del self._buffer[: self._length + 2]
                self._part = _SIZE
            line = self._read_line()
            if line is None:
                return None
            if self._part == _TRAILER:
                self._trailers += 1
                if line and self._trailers > _MOST_TRAILERS:
                    raise Refused(b"400 Bad Request")
                if line:
                    continue
                body, self._body = bytes(self._body), bytearray()
                return body
            size = line.partition(b";")[0].strip()
            if not size or len(size) > 8 or size.strip(_HEX):
                raise Refused(b"400 Bad Request")
            self._length = int(size, 16)
            if len(self._body) + self._length > _BODY_LIMIT:
                raise Refused(b"413 Content Too Large")
            self._part = _DATA if self._length else _TRAILER

    def _read_line(self) -> bytes | None:
        end = self._buffer.find(b"\r\n", 0, _LINE_LIMIT)
        if end < 0:
            if len(self._buffer) >= _LINE_LIMIT:
                raise Refused(b"400 Bad Request")
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line


def _first_line(line: bytes) -> list[bytes]:
    words = line.split(b" ")
    if len(words) != 3 or words[2] not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise Refused(b"400 Bad Request")
    return words


def _fields(lines: list[bytes]) -> dict[bytes, bytes]:
    fields: dict[bytes, bytes] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        name = name.lower()
        if not colon or not name or b" " in name or b"\t" in name or name in (b"content-length", b"transfer-encoding") and name in fields:
            raise Refused(b"400 Bad Request")
        fields[name] = value.strip()
    return fields
