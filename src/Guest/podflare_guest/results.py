"""Results and other events of a run on their way to the host: EVENT frames, or plain text for a host that does not know them.

The body of a result is u8 flags (1: value of the last expression), u8 number of parts, then per part u8 form, u8 length and name of the MIME type, u32
length and data; for an omitted part a u64 size instead of length and data.
"""

from __future__ import annotations

import struct

from podflare_guest import frames

OMITTED, TEXT, BYTES, JSON = 0, 1, 2, 3
_HEADER = struct.Struct(">IBQq")
_OUT_LIMIT = 65_536
_TERMINAL = 3
_TOOL_EVENTS = (frames.TOOL_REQUEST, frames.TOOL_RESPONSE)


def plain_text(body: bytes) -> bytes:
    """The text/plain of a result; empty without one, or where the body is not well-formed."""
    at = 2
    for _ in range(body[1] if len(body) > 1 else 0):
        if len(body) < at + 2:
            break
        form, length = body[at], body[at + 1]
        mime, at = body[at + 2 : at + 2 + length], at + 2 + length
        if form == OMITTED:
            at += 8
            continue
        size, at = int.from_bytes(body[at : at + 4], "big"), at + 4
        if mime == b"text/plain" and form == TEXT:
            return body[at : at + size]
        at += size
    return b""


def output_of(body: bytes) -> bytes:
    """The output that replaces a result for a host that does not know results."""
    text = plain_text(body)[: _OUT_LIMIT - 1]
    # A character that the cut has halved would come out as a replacement character.
    return text.decode("utf-8", "ignore").encode() + b"\n"


def for_older_host(data: bytes, version: int) -> bytes:
    """A frame of the ring as a host of an older version understands it. The number stays: a host that skips a type it does not know closes because of the gap."""
    length, kind, number, at_ms = _HEADER.unpack_from(data)
    if version > 1 and (kind != frames.EVENT or data[_HEADER.size + 16] not in _TOOL_EVENTS):
        return data
    if kind == frames.OUT and data[_HEADER.size + 16] == _TERMINAL:
        return data[: _HEADER.size + 16] + b"\1" + data[_HEADER.size + 17 :]
    if kind not in (frames.EVENT, frames.LATE):
        return data
    run, detail, body = data[_HEADER.size : _HEADER.size + 16], data[_HEADER.size + 16], data[_HEADER.size + 17 :]
    stream = 1
    if kind == frames.EVENT:
        text = output_of(body) if detail == frames.RESULT else body[1:] if detail == frames.INPUT_REQUEST and body[1:] else b"\n"
    else:
        # Its run has ended, so the host drops it.
        stream, text = (detail, body) if detail else (1, b"\n")
    return frames.frame(frames.OUT, run + bytes((stream,)) + text, number, at_ms)
