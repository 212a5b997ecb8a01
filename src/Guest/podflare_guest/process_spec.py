"""What a process run executes: program and arguments, working directory, standard input, terminal."""

from __future__ import annotations

from podflare_guest.invalid import Invalid

_MOST_ARGUMENTS = 1_024
_LONGEST_ARGUMENT = 131_071
_MOST_ARGUMENT_BYTES = 1 << 20
_MOST_CELLS = 1_000
_MOST_SHOWN = 2_048


class ProcessSpec:
    def __init__(self, arguments: list[bytes], folder: str, stdin: bool, size: tuple[int, int] | None) -> None:
        self.arguments = arguments  # empty: the run's code is a command for bash
        self.folder = folder  # empty: the home
        self.stdin = stdin
        self.size = size  # columns and rows of a terminal; None without one

    @classmethod
    def parse(cls, fields: dict[str, object]) -> ProcessSpec:
        folder = fields.get("cwd")
        if folder is not None and (not isinstance(folder, str) or not folder.startswith("/") or "\0" in folder):
            raise Invalid("cwd is not an absolute path")
        terminal = fields.get("pty")
        size = parse_size(terminal, "pty") if terminal is not None else None
        if size is not None and (fields.get("stderr") is not None or fields.get("order") is not None):
            raise Invalid("pty excludes stderr and order")
        return cls(_parse_arguments(fields.get("argv")), folder or "", fields.get("stdin") is True or size is not None, size)

    def shown_arguments(self, command: bytes) -> list[str]:
        """Program and arguments as far as they are short: all open runs are in one message."""
        shown: list[str] = []
        left = _MOST_SHOWN
        for argument in self.arguments or [b"bash", b"-c", command]:
            if len(argument) > left:
                # A character that the cut has halved would come out as a replacement character.
                shown.append(argument[:left].decode("utf-8", "ignore") + "…")
                break
            left -= len(argument)
            shown.append(argument.decode("utf-8", "replace"))
        return shown


def parse_size(value: object, name: str) -> tuple[int, int]:
    """Columns and rows."""
    if not isinstance(value, dict):
        raise Invalid(f"{name} is not an object")
    columns, rows = value.get("cols"), value.get("rows")
    for number in (columns, rows):
        if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= _MOST_CELLS:
            raise Invalid(f"{name} needs cols and rows from 1 to {_MOST_CELLS:,}")
    return columns, rows  # type: ignore[return-value]


def _parse_arguments(value: object) -> list[bytes]:
    if value is None:
        return []
    if not isinstance(value, list) or not 0 < len(value) <= _MOST_ARGUMENTS:
        raise Invalid(f"argv is not a list of 1 to {_MOST_ARGUMENTS:,} texts")
    arguments = []
    for item in value:
        if not isinstance(item, str) or "\0" in item:
            raise Invalid("argv has an item that is not a text without NUL")
        arguments.append(item.encode("utf-8", "surrogateescape"))
    if not arguments[0] or max(map(len, arguments)) > _LONGEST_ARGUMENT or sum(map(len, arguments)) > _MOST_ARGUMENT_BYTES:
        raise Invalid("argv names no program, or is too long")
    return arguments
