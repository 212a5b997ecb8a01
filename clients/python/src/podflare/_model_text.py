"""The text of a result for a language model. ``clients/vectors/for_model.json`` has the rules and examples, for all clients."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

MIN_CHARS = 256

# With which word a run ended, by its reason. Others are shown as they are.
_ENDS = {
    "interrupted": "interrupted",
    "killed": "killed",
    "expired": "killed: the sandbox expired",
    "oom": "killed: out of memory",
    "lost": "ended: the sandbox was lost",
}


def end_of(exit_code: int, reason: str | None, signal: str | None, timeout_seconds: float | None) -> str | None:
    """How a run ended, in a few words. None for exit code 0."""
    if reason == "timeout":
        return "timed out" if timeout_seconds is None else f"timed out after {timeout_seconds:.15g} s"
    if reason == "crashed":
        return f"crashed with exit code {exit_code}"
    if reason is not None:
        return _ENDS.get(reason) or f"exit code {exit_code}: {reason}"
    if signal is not None:
        return f"ended by {signal}"
    return f"exit code {exit_code}" if exit_code else None


def images_of(count: int) -> str | None:
    return None if count == 0 else "1 image" if count == 1 else f"{count} images"


def model_text(text: str, traceback: str, notes: Sequence[str], max_chars: int) -> str:
    """The text of a run, its traceback if the text does not contain it, and a last line with the notes, in at most so many characters."""
    if traceback.rstrip("\n") and traceback.rstrip("\n") not in text:
        text = on_lines_of_their_own([(text, False), (traceback, True)])
    if not text and not notes:
        return "[no output]"
    # As in the other clients, a character is a UTF-16 code unit.
    text, last = _to_units(text), _to_units(f"[{'; '.join(notes)}]" if notes else "")
    if len(last) > max_chars // 2:
        last = last[: _whole(last, max_chars // 2 - 2)] + "…]"
    if not text or not last:
        return _from_units(last or _shorten(text, max_chars))
    text = _shorten(text, max_chars - len(last) - 1)
    return _from_units(text + ("" if text.endswith("\n") else "\n") + last)


def on_lines_of_their_own(pieces: Iterable[tuple[str, bool]]) -> str:
    """Joins texts. Those with True begin and end a line."""
    joined: list[str] = []
    needs_line = False
    for piece, is_alone in pieces:
        if not piece:
            continue
        if joined and (is_alone or needs_line) and not joined[-1].endswith("\n"):
            joined.append("\n")
        joined.append(piece)
        needs_line = is_alone
    return "".join(joined)


def _shorten(text: str, room: int) -> str:
    """The beginning and the end of a text that does not fit, and between them how much is missing."""
    if len(text) <= room:
        return text
    # The number that is shown has as many digits as that of all characters, at most.
    left = room - len(_mark(len(text))) - 2
    head_room = left * 2 // 5
    head = _head_end(text, head_room)
    tail = _tail_start(text, len(text) - (left - head_room), left - head_room)
    return f"{text[:head]}{'' if text[head - 1] == chr(10) else chr(10)}{_mark(tail - head)}\n{text[tail:]}"


def _head_end(text: str, room: int) -> int:
    # Whole lines, unless that would leave more than half of the room unused.
    line = text.rfind("\n", room // 2, room)
    return line + 1 if line >= 0 else _whole(text, room)


def _tail_start(text: str, at: int, room: int) -> int:
    line = text.find("\n", at - 1, at + room // 2)
    if line >= 0:
        return line + 1
    return at + 1 if _is_low(text[at]) and _is_high(text[at - 1]) else at


def _whole(text: str, end: int) -> int:
    """The largest place up to ``end`` that is not inside a character."""
    return end - 1 if _is_low(text[end]) and _is_high(text[end - 1]) else end


def _mark(count: int) -> str:
    return f"[… {count:,} characters omitted …]"


def _is_high(unit: str) -> bool:
    return "\ud800" <= unit <= "\udbff"


def _is_low(unit: str) -> bool:
    return "\udc00" <= unit <= "\udfff"


def _to_units(text: str) -> str:
    """Replaces each character beyond U+FFFF by its two surrogates."""
    return re.sub("[\U00010000-\U0010ffff]", lambda match: _pair(match[0]), text)


def _pair(character: str) -> str:
    offset = ord(character) - 0x10000
    return chr(0xD800 + (offset >> 10)) + chr(0xDC00 + (offset & 0x3FF))


def _from_units(text: str) -> str:
    return re.sub("[\ud800-\udbff][\udc00-\udfff]", lambda match: chr(0x10000 + ((ord(match[0][0]) - 0xD800) << 10) + ord(match[0][1]) - 0xDC00), text)
