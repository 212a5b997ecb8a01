"""Telling stdout, Python's stderr, results, requests for input, calls of tools and late output apart in the pipe that they share.

Plain bytes in the pipe are stdout. A write to `sys.stderr` is one record: marker (16 random bytes), header (u16), bytes; at most PIPE_BUF in all, so the
kernel never mixes it with the writes of another thread or process. So both streams keep their order, stdout costs nothing, and whatever a program writes
into the pipe cannot break the framing for longer than one record. The upper 4 bits of the header are the kind of record, the lower 12 its length.
"""

from __future__ import annotations

STDOUT, STDERR, RESULT, LATE, INPUT, TOOL = 1, 2, 3, 4, 5, 6
# By the kind in the header; all others are text of stderr.
_RECORDS = {1: RESULT, 2: LATE, 3: INPUT, 4: TOOL}
_HEADER = 2
_LONGEST = 4096


class Splitter:
    def __init__(self, marker: bytes) -> None:
        self._marker = marker
        self._carried = b""

    @property
    def is_carrying(self) -> bool:
        """Whether bytes are held back because the pipe may hold more."""
        return bool(self._carried)

    def split(self, data: bytes, cut: bool) -> list[tuple[int, bytes]]:
        """Returns the pieces in order, neighbours of one stream joined; `cut`: the pipe may hold the rest of a record."""
        if self._carried:
            data = self._carried + data
            self._carried = b""
        marker = self._marker
        if cut:
            data = self._carry_partial_marker(data)
        if marker not in data:
            return [(STDOUT, data)] if data else []
        parts = data.split(marker)
        found: list[tuple[int, bytes]] = [(STDOUT, parts[0])] if parts[0] else []
        errors: list[bytes] = []
        last = len(parts) - 1
        for index in range(1, len(parts)):
            part = parts[index]
            # With half of its header missing a record is too short in any case.
            header = int.from_bytes(part[:_HEADER], "big") if len(part) >= _HEADER else 0
            end = _HEADER + (header & 0xFFF)
            if index == last and cut and len(part) < end <= _LONGEST:
                self._carried = marker + part + self._carried
                break
            kind = _RECORDS.get(header >> 12)
            if kind is not None:
                if errors:
                    found.append((STDERR, b"".join(errors)))
                    errors.clear()
                found.append((kind, part[_HEADER:end]))
            else:
                errors.append(part[_HEADER:end])
            if len(part) > end:
                if errors:
                    found.append((STDERR, b"".join(errors)))
                    errors.clear()
                found.append((STDOUT, part[end:]))
        if errors:
            found.append((STDERR, b"".join(errors)))
        return found

    def _carry_partial_marker(self, data: bytes) -> bytes:
        marker = self._marker
        at = data.find(marker[:1], max(0, len(data) - len(marker) + 1))
        while at >= 0:
            if marker.startswith(data[at:]):
                self._carried = data[at:]
                return data[:at]
            at = data.find(marker[:1], at + 1)
        return data
