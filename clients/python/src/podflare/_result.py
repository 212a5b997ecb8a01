"""The result of a run, and how it is collected."""

from __future__ import annotations

from dataclasses import dataclass, field

from ._errors import StreamEndedError
from ._events import CodeError, Event, ExitEvent
from ._reading import RunState

_MIN_CHARS = 256


@dataclass(frozen=True, slots=True)
class RunResult:
    """A run that has ended.

    >>> result = sandbox.run_code("print(40 + 2)")
    >>> result.stdout, result.exit_code
    ('42\\n', 0)
    """

    stdout: str
    stderr: str
    exit_code: int
    """0; 1 for an uncaught exception; n for ``sys.exit(n)``; 124 timeout; 130 interrupted; 137 killed; 255 lost."""
    reason: str | None
    """Why it ended, if the exit code does not say: ``timeout``, ``interrupted``, ``killed``, ``expired``, ``oom``, ``crashed`` or ``lost``."""
    error: CodeError | None
    """The uncaught exception, if the server reports it."""
    run_id: str | None
    trace_id: str | None
    """The trace that shows the run, 32 hex digits."""
    repl_restarted: bool = False
    """The variables of earlier runs are gone, because the Python process had died before this run."""
    warnings: tuple[str, ...] = ()
    """What the server changed in the request, such as a timeout above the maximum."""
    state_lost: bool = False
    """The end of this run destroyed the variables, as far as the server reports it."""
    truncated: bool = False
    """There was more output than ``Client(max_result_chars=…)``; the rest is missing."""
    was_replayed: bool = field(default=False, compare=False)
    """An earlier call with the same idempotency key had started the run."""
    _text: str | None = field(default=None, repr=False, compare=False)

    @property
    def ok(self) -> bool:
        """Whether the exit code is 0."""
        return self.exit_code == 0

    @property
    def text(self) -> str:
        """Everything that the code printed, stdout and stderr in the order of the events.

        >>> sandbox.run_code("print('a')").text
        'a\\n'
        """
        return self.stdout + self.stderr if self._text is None else self._text

    def for_model(self, max_chars: int = 20_000) -> str:
        """The result as text for a language model: ``text``, then one line for each thing that the model should know beyond it.

        max_chars: the most characters to return, at least 256. Of longer output the beginning and the end are kept, with a line
        between them that says how many characters were cut.

        >>> sandbox.run_code("import sys; print('x'); sys.exit(3)").for_model()
        'x\\n[exit code 3]'
        """
        if type(max_chars) is not int:
            raise TypeError(f"max_chars must be an int, not {type(max_chars).__name__}")
        if max_chars < _MIN_CHARS:
            raise ValueError(f"max_chars must be at least {_MIN_CHARS}, not {max_chars}")
        notes = _cut("\n".join(self._notes()), max_chars // 2)
        text = self.text
        if not text and not notes:
            return "[no output]"
        if text and notes and not text.endswith("\n"):
            text += "\n"
        return _cut(text, max_chars - len(notes)) + notes

    def _notes(self) -> list[str]:
        notes = []
        if self.truncated:
            notes.append("[the output was longer than the client keeps; the rest is missing]")
        if not self.ok or self.reason is not None:
            notes.append(f"[exit code {self.exit_code}{f': {self.reason}' if self.reason else ''}]")
        if self.repl_restarted:
            notes.append("[the Python process was restarted before this run: earlier variables are gone]")
        if self.state_lost:
            notes.append("[this run ended the Python process: its variables are gone]")
        notes += [f"[warning: {warning}]" for warning in self.warnings]
        return notes


def _cut(text: str, limit: int) -> str:
    """At most ``limit`` characters: the beginning and the end, and between them how many are missing."""
    if len(text) <= limit:
        return text
    # The number that is shown has as many digits as that of all characters, at most.
    room = limit - len(_mark(len(text)))
    head = room - room // 2
    tail = room // 2
    return text[:head] + _mark(len(text) - head - tail) + text[len(text) - tail :]


def _mark(count: int) -> str:
    return f"\n[… {count:,} characters cut …]\n"


class Output:
    """Collects the output of a run, up to a number of characters."""

    def __init__(self, max_chars: int) -> None:
        self._pieces: list[tuple[bool, str]] = []
        self._left = max_chars
        self._is_truncated = False

    def add(self, event: Event) -> None:
        if isinstance(event, ExitEvent) or self._is_truncated:
            return
        piece = event.data
        if len(piece) > self._left:
            # What follows would hide that something is missing.
            self._is_truncated = True
            piece = piece[: self._left]
        self._left -= len(piece)
        self._pieces.append((event.type == "stderr", piece))

    def result(self, state: RunState) -> RunResult:
        end = state.exit
        if end is None:
            raise StreamEndedError("the run's events ended without its exit")
        stdout = "".join(piece for is_stderr, piece in self._pieces if not is_stderr)
        stderr = "".join(piece for is_stderr, piece in self._pieces if is_stderr)
        return RunResult(
            stdout=stdout,
            stderr=stderr,
            exit_code=end.code,
            reason=end.reason,
            error=end.error,
            run_id=state.run_id,
            trace_id=state.trace_id,
            repl_restarted=state.repl_restarted,
            warnings=state.warnings,
            state_lost=end.state_lost,
            truncated=self._is_truncated,
            was_replayed=state.was_replayed,
            # Most runs use one stream, whose text need not be kept twice.
            _text="".join(piece for _, piece in self._pieces) if stdout and stderr else None,
        )
