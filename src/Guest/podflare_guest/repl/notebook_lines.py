"""Notebook lines (`!command`, `%magic`, `%%cell`) become Python, in source that is not Python otherwise. Line numbers stay.

A scanner for strings, brackets, comments and continued lines finds where statements start; only there a notebook line can be.
"""

from __future__ import annotations

from podflare_guest.repl.own_builtins import BUILTINS as __builtins__

import re

_MAY_HAVE_LINES = re.compile(r"^[ \t]*(?:[!%]|.*=[ \t]*[!%])", re.M)
_TARGET = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[[^\]\n=]*\])*"
_ASSIGNMENT = re.compile(rf"^[ \t]*{_TARGET}(?:[ \t]*,[ \t]*{_TARGET})*[ \t]*=[ \t]*([!%])(?!=)")
_LINE_MAGIC = re.compile(r"%([A-Za-z_]\w*)(?:[ \t]+(.*))?$", re.S)
_CELL_MAGIC = re.compile(r"%%([A-Za-z_!]\w*)[ \t]*(.*)$")
_INDENT = re.compile(r"[ \t]*")
_STRING_PREFIX = frozenset("rbfuRBFUtT")


def translate(source: str) -> str | None:
    """Returns the translated source; None where there is nothing to translate."""
    if source.lstrip().startswith("%%"):
        return _translate_cell(source)
    if not _MAY_HAVE_LINES.search(source):
        return None
    return _Scanner(source).translate()


class _Replacement:
    """An open brace of an f-string, within which there is code."""

    def __init__(self, quote: str, in_format: bool) -> None:
        self.quote = quote
        self.in_format = in_format  # the brace is in a format specification


class _Scanner:
    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._out: list[str] = []
        self._open: list[str | _Replacement] = []  # brackets and replacement fields

    def translate(self) -> str | None:
        source, end = self._source, len(self._source)
        changed, at_start = False, True
        while self._at < end:
            if at_start and not self._open:
                if self._notebook_line():
                    changed = True
                    continue
                at_start = False
            character = source[self._at]
            if character == "\n":
                self._copy(1)
                at_start = not self._open
            elif character == "\\" and self._at + 1 < end:
                self._copy(2)  # the next line continues this one
            elif character == "#":
                self._copy(self._line_end(self._at) - self._at)
            elif character in "\"'":
                self._string()
            elif character in "([{":
                self._open.append(character)
                self._copy(1)
            elif character in ")]}":
                self._close(character)
            elif character == ":" and self._open and isinstance(self._open[-1], _Replacement):
                self._copy(1)  # a format specification is text again
                self._string_text(self._open[-1].quote, formatted=True, in_format=True)
            else:
                self._copy(1)
        return "".join(self._out) if changed else None

    def _notebook_line(self) -> bool:
        """Translates the line that starts here, if it is one of a notebook."""
        source, start = self._source, self._at
        first = _INDENT.match(source, start).end()  # type: ignore[union-attr]
        if not (first < len(source) and source[first] in "!%") and not _ASSIGNMENT.match(source[start : self._line_end(start)]):
            return False
        end, line = self._joined_line(start)
        translated = _translate_line(line)
        if translated is None:
            return False
        self._out.append(translated + "\n" * source.count("\n", start, end))
        self._at = end
        if end < len(source):
            self._copy(1)
        return True

    def _joined_line(self, start: int) -> tuple[int, str]:
        """End and text of a line, with those that backslashes join to it."""
        parts = []
        while True:
            end = self._line_end(start)
            piece = self._source[start:end]
            if not piece.endswith("\\") or end == len(self._source):
                return end, "".join([*parts, piece])
            parts.append(piece[:-1])
            start = end + 1

    def _string(self) -> None:
        source, start = self._source, self._at
        first = start
        while first and source[first - 1] in _STRING_PREFIX and start - first < 3:
            first -= 1
        is_prefix = not first or not (source[first - 1].isalnum() or source[first - 1] == "_")
        prefix = source[first:start].lower() if is_prefix else ""
        quote = source[start : start + 3] if source[start : start + 3] in ('"""', "'''") else source[start]
        self._copy(len(quote))
        self._string_text(quote, formatted="f" in prefix or "t" in prefix, in_format=False)

    def _string_text(self, quote: str, formatted: bool, in_format: bool) -> None:
        """Copies text up to the end of the string, the next replacement field, or the end of this one's format specification."""
        source, at, end = self._source, self._at, len(self._source)
        while at < end:
            character = source[at]
            if character == "\\":
                at += 2
            elif source.startswith(quote, at):
                at += len(quote)
                break
            elif character == "\n" and len(quote) == 1 or in_format and character == "}":
                break  # not terminated, as the compiler will say; or the end of the field, which is no text
            elif formatted and character == "{":
                if source.startswith("{{", at) and not in_format:
                    at += 2
                    continue
                at += 1
                self._open.append(_Replacement(quote, in_format))
                break
            else:
                at += 1
        self._copy(min(at, end) - self._at)

    def _close(self, character: str) -> None:
        last = self._open[-1] if self._open else None
        if isinstance(last, _Replacement):
            self._copy(1)
            if character == "}":
                self._open.pop()
                self._string_text(last.quote, formatted=True, in_format=last.in_format)
            return
        if self._open:
            self._open.pop()
        self._copy(1)

    def _copy(self, length: int) -> None:
        self._out.append(self._source[self._at : self._at + length])
        self._at += length

    def _line_end(self, at: int) -> int:
        end = self._source.find("\n", at)
        return len(self._source) if end < 0 else end


def _translate_line(line: str) -> str | None:
    body = line.lstrip(" \t")
    indent = line[: len(line) - len(body)]
    if body[:1] in ("!", "%"):
        call = _call(body)
        return indent + call if call else None
    assignment = _ASSIGNMENT.match(line)
    if assignment is None:
        return None
    at = assignment.start(1)
    call = _call(line[at:], captured=True)
    return line[:at] + call if call else None


def _call(body: str, captured: bool = False) -> str | None:
    if body.startswith("!!"):
        return f"__notebook__.system_lines({body[2:].strip()!r})"
    if body[0] == "!":
        command = body[1:].strip()
        method = "system_lines" if captured else "system"
        return f"__notebook__.{method}({command!r})" if command else None
    magic = _LINE_MAGIC.match(body)
    return f"__notebook__.line({magic[1]!r}, {(magic[2] or '').strip()!r})" if magic else None


def _translate_cell(source: str) -> str | None:
    lead = len(source) - len(source.lstrip())
    first, _, body = source[lead:].partition("\n")
    magic = _CELL_MAGIC.match(first)
    if magic is None:
        return None
    return "\n" * source[:lead].count("\n") + f"__notebook__.cell({magic[1]!r}, {magic[2].strip()!r}, {body!r})"
