"""The result of a run, and how it is collected."""

from __future__ import annotations

import codecs
import json
from dataclasses import dataclass, field

from ._errors import StreamEndedError
from ._events import CodeError, Event, ResultEvent, StderrEvent, StdoutEvent, TerminalEvent
from ._model_text import MIN_CHARS, end_of, images_of, model_text, on_lines_of_their_own
from ._reading import RunState


@dataclass(frozen=True, slots=True)
class RunResult:
    """A run that has ended.

    >>> result = sandbox.run_code("print('a'); 40 + 2")
    >>> result.stdout, result.text, result.exit_code
    ('a\\n', 'a\\n42', 0)
    """

    stdout: str
    """What the code wrote to standard output; all output of a terminal."""
    stderr: str
    exit_code: int
    """0; 1 for an uncaught exception; n for ``sys.exit(n)``; 124 timeout; 130 interrupted; 137 killed; 255 lost; 126 and 127 for a program
    that cannot be executed or is not found."""
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
    results: tuple[ResultEvent, ...] = ()
    """What the code displayed: the value of the last expression, ``display(…)``, and figures."""
    signal: str | None = None
    """The signal that ended the process, such as ``SIGTERM``."""
    timeout_seconds: float | None = None
    """The time limit that the run was started with; None if it was not given, or was changed by the server."""
    _output: str | None = field(default=None, repr=False, compare=False)
    # How many characters of the output came before each of the results.
    _places: tuple[int, ...] = field(default=(), repr=False, compare=False)

    @property
    def ok(self) -> bool:
        """Whether the exit code is 0."""
        return self.exit_code == 0

    @property
    def output(self) -> str:
        """Everything that the code printed: stdout and stderr in the order of the events.

        >>> sandbox.run_code("print('a')").output
        'a\\n'
        """
        return self.stdout + self.stderr if self._output is None else self._output

    @property
    def text(self) -> str:
        """What a notebook would show: ``output``, with the ``text/plain`` of each result on lines of its own.

        >>> sandbox.run_code("40 + 2").text
        '42'
        """
        output = self.output
        pieces: list[tuple[str, bool]] = []
        shown = 0
        for result, place in zip(self.results, self._places or (len(output),) * len(self.results)):
            pieces += (output[shown:place], False), (result.text or "", True)
            shown = place
        return on_lines_of_their_own([*pieces, (output[shown:], False)])

    @property
    def main(self) -> ResultEvent | None:
        """The value of the last expression; None if it had none.

        >>> sandbox.run_code("[1, 2]").main.text
        '[1, 2]'
        """
        return next((result for result in reversed(self.results) if result.main), None)

    def for_model(self, max_chars: int = 20_000) -> str:
        """The result as text for a language model: ``text``, the traceback if it is not part of it, and a last line that says what else matters.

        The last line is missing if there is nothing to say. It names an exit code other than 0 or why the run ended, whether variables were
        lost, warnings, and how many images there are.

        max_chars: the most characters to return, at least 256 (a character outside Unicode's basic plane counts as two). Of longer output, 40 %
        of the room is for the beginning and 60 % for the end. Between them a line says how many characters were omitted.

        >>> sandbox.run_code("import sys; print('x'); sys.exit(3)").for_model()
        'x\\n[exit code 3]'
        """
        if type(max_chars) is not int:
            raise TypeError(f"max_chars must be an int, not {type(max_chars).__name__}")
        if max_chars < MIN_CHARS:
            raise ValueError(f"max_chars must be at least {MIN_CHARS}, not {max_chars}")
        return model_text(self.text, self._traceback(), self._notes(), max_chars)

    def _traceback(self) -> str:
        error = self.error
        return "" if error is None else error.traceback or ": ".join(part for part in (error.name, error.value) if part)

    def _notes(self) -> list[str]:
        notes = (
            end_of(self.exit_code, self.reason, self.signal, self.timeout_seconds),
            "variables were lost" if self.state_lost else None,
            "variables of earlier runs were lost" if self.repl_restarted else None,
            "further output was not kept" if self.truncated else None,
            *(f"warning: {warning}" for warning in self.warnings),
            images_of(sum(result.is_image for result in self.results)),
        )
        return [note for note in notes if note is not None]


class Output:
    """Collects the output of a run, up to a number of characters."""

    def __init__(self, max_chars: int) -> None:
        self._pieces: list[tuple[bool, str]] = []
        self._results: list[ResultEvent] = []
        self._places: list[int] = []
        self._length = 0
        self._left = max_chars
        self._is_truncated = False
        # A terminal's characters may be split over events.
        self._terminal = codecs.getincrementaldecoder("utf-8")("replace")

    def add(self, event: Event) -> None:
        if self._is_truncated:
            return
        if isinstance(event, (StdoutEvent, StderrEvent)):
            self._add_text(event.data, event.type == "stderr")
        elif isinstance(event, TerminalEvent):
            self._add_text(self._terminal.decode(event.data), False)
        elif isinstance(event, ResultEvent):
            self._add_result(event)

    def _add_text(self, piece: str, is_stderr: bool) -> None:
        if len(piece) > self._left:
            # What follows would hide that something is missing.
            self._is_truncated = True
            piece = piece[: self._left]
        self._left -= len(piece)
        self._length += len(piece)
        self._pieces.append((is_stderr, piece))

    def _add_result(self, result: ResultEvent) -> None:
        size = sum(len(value) if isinstance(value, str) else len(json.dumps(value)) for value in result.data.values())
        if size > self._left:
            self._is_truncated = True
            return
        self._left -= size
        self._results.append(result)
        self._places.append(self._length)

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
            results=tuple(self._results),
            signal=end.signal,
            # What was asked for is not what holds if the server says that it has changed it.
            timeout_seconds=None if any("timeout_seconds" in warning for warning in state.warnings) else state.timeout_seconds,
            # Most runs use one stream, whose text need not be kept twice.
            _output="".join(piece for _, piece in self._pieces) if stdout and stderr else None,
            _places=tuple(self._places),
        )
