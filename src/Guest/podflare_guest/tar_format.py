"""The tar format: headers as GNU tar writes them, and headers of any of its usual dialects read within bounds.

The standard library's module keeps all members in memory, and reads extended headers of any size.
"""

from __future__ import annotations

from podflare_guest.file_link import FileRefused, shown

BLOCK = 512
END = bytes(2 * BLOCK)
FILE, HARD_LINK, LINK, FOLDER = b"0", b"1", b"2", b"5"
LONG_NAME, LONG_LINK, EXTENDED, GLOBAL = b"L", b"K", b"x", b"g"
_NAME_BYTES = 100
_MOST_OCTAL = 8**11
_DATA_KINDS = (FILE, b"\0", b"7")
LONGEST_EXTENSION = 1 << 20


def invalid(text: str) -> FileRefused:
    return FileRefused("invalid_archive", text)


def padding(size: int) -> int:
    """Bytes after the data of a member, up to the next block."""
    return -size % BLOCK


def header(name: bytes, kind: bytes, mode: int, user: int, group: int, size: int, modified: int, link: bytes = b"") -> bytes:
    """The blocks before the data of a member."""
    blocks = b""
    if len(link) > _NAME_BYTES:
        blocks += _extension(LONG_LINK, link)
    if len(name) > _NAME_BYTES:
        blocks += _extension(LONG_NAME, name)
    return blocks + _block(name, kind, mode, user, group, size, modified, link)


def _extension(kind: bytes, value: bytes) -> bytes:
    return _block(b"././@LongLink", kind, 0, 0, 0, len(value) + 1, 0, b"") + value + bytes(1 + padding(len(value) + 1))


def _block(name: bytes, kind: bytes, mode: int, user: int, group: int, size: int, modified: int, link: bytes) -> bytes:
    def text(value: bytes, length: int) -> bytes:
        return value[:length].ljust(length, b"\0")

    block = b"".join((
        text(name, 100), b"%07o\0" % (mode & 0o7777), b"%07o\0" % (user & 0o7777777), b"%07o\0" % (group & 0o7777777),
        _number(size), _number(max(modified, 0)), b" " * 8, kind, text(link, 100), b"ustar  \0", bytes(64 + 183),
    ))
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def _number(value: int) -> bytes:
    return b"%011o\0" % value if value < _MOST_OCTAL else b"\x80" + value.to_bytes(11, "big")


class Header:
    """One block that says what follows."""

    def __init__(self, block: bytes) -> None:
        """Raises FileRefused for what is no header."""
        total = sum(block[:148]) + 8 * 32 + sum(block[156:])
        if _parse_number(block[148:156]) != total:
            raise invalid("a header of the archive has a wrong checksum")
        self.kind = block[156:157]
        self.name = _text(block[:100])
        self.mode = _parse_number(block[100:108])
        self.size = _parse_number(block[124:136])
        self.modified = float(_parse_number(block[136:148]))
        self.link = _text(block[157:257])
        if block[257:263] == b"ustar\0" and block[345]:
            self.name = _text(block[345:500]) + b"/" + self.name
        if self.kind in _DATA_KINDS:
            self.kind = FOLDER if self.name.endswith(b"/") else FILE

    def extend(self, records: dict[bytes, bytes]) -> None:
        """Applies what an extended header has said of this member."""
        if any(key.startswith(b"GNU.sparse.") for key in records):
            raise invalid(f"{shown(self.name)} is sparse, which is not supported")
        self.name = records.get(b"path", self.name)
        self.link = records.get(b"linkpath", self.link)
        try:
            if b"size" in records:
                self.size = int(records[b"size"])
            if b"mtime" in records:
                self.modified = float(records[b"mtime"])
        except ValueError:
            raise invalid("an extended header of the archive has something else than a number") from None
        if self.size < 0:
            raise invalid("an extended header of the archive has a negative size")


def parse_records(data: bytes) -> dict[bytes, bytes]:
    """The records of an extended header: length, key, value."""
    found: dict[bytes, bytes] = {}
    at = 0
    while at < len(data) and data[at]:
        space = data.find(b" ", at, at + 20)
        length = int(data[at:space]) if space > 0 and data[at:space].isdigit() else 0
        record = data[space + 1 : at + length]
        key, equals, value = record.partition(b"=")
        if not equals or not record.endswith(b"\n") or at + length > len(data):
            raise invalid("an extended header of the archive is broken")
        found[key] = value[:-1]
        at += length
    return found


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _parse_number(field: bytes) -> int:
    if field[0] in (0x80, 0xFF):
        value = int.from_bytes(field[1:], "big")
        return value if field[0] == 0x80 else value - (1 << 8 * (len(field) - 1))
    digits = field.partition(b"\0")[0].strip()
    try:
        value = int(digits or b"0", 8)
    except ValueError:
        raise invalid("a header of the archive has something else than a number") from None
    if value < 0:
        raise invalid("a header of the archive has a negative number")
    return value
