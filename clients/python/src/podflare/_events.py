"""The events of a run."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Union


@dataclass(frozen=True, slots=True)
class StdoutEvent:
    """Text that the code wrote to standard output: at most one line, including its newline. ``str(event)`` is the text."""

    type: Literal["stdout"] = field(default="stdout", init=False)
    data: str
    seq: int
    """The number of the event in its run, from 1, without gaps."""
    ts: int
    """Unix time in milliseconds at which the sandbox saw the text."""
    run_id: str | None = None
    raw: bytes | None = field(default=None, repr=False)
    """The exact bytes, of a run that was started with ``encoding="base64"``. ``data`` has U+FFFD for what is not UTF-8 then."""
    origin: str | None = None
    """In background output: the id of the run whose code wrote it, if known."""

    def __str__(self) -> str:
        return self.data


@dataclass(frozen=True, slots=True)
class StderrEvent:
    """Text that the code wrote to standard error: at most one line, including its newline. ``str(event)`` is the text."""

    type: Literal["stderr"] = field(default="stderr", init=False)
    data: str
    seq: int
    ts: int
    run_id: str | None = None
    raw: bytes | None = field(default=None, repr=False)
    origin: str | None = None

    def __str__(self) -> str:
        return self.data


@dataclass(frozen=True, slots=True)
class ResultEvent:
    """A value that the code displayed, in each representation that it has: the value of the last expression, ``display(…)``, or a figure.

    >>> sandbox.run_code("40 + 2").results[0].text
    '42'
    """

    type: Literal["result"] = field(default="result", init=False)
    data: Mapping[str, Any]
    """By MIME type: text for text types, Base64 for images and PDF, a JSON value for JSON types."""
    seq: int
    ts: int
    run_id: str | None = None
    main: bool = False
    """Whether it is the value of the last expression."""
    omitted: Mapping[str, int] = field(default_factory=dict)
    """Representations that were too large to be sent: their size in bytes, by MIME type."""
    truncated: tuple[str, ...] = ()
    """The MIME types whose value was cut because it was too long."""

    @property
    def text(self) -> str | None:
        """``text/plain``: the ``repr`` of the value, of at most 64 KiB."""
        return self._text("text/plain")

    @property
    def html(self) -> str | None:
        return self._text("text/html")

    @property
    def markdown(self) -> str | None:
        return self._text("text/markdown")

    @property
    def latex(self) -> str | None:
        return self._text("text/latex")

    @property
    def javascript(self) -> str | None:
        return self._text("application/javascript")

    @property
    def svg(self) -> str | None:
        return self._text("image/svg+xml")

    @property
    def png(self) -> bytes | None:
        return self._bytes("image/png")

    @property
    def jpeg(self) -> bytes | None:
        return self._bytes("image/jpeg")

    @property
    def pdf(self) -> bytes | None:
        return self._bytes("application/pdf")

    @property
    def json(self) -> Any:
        """The value of ``application/json``."""
        return self.data.get("application/json")

    @property
    def is_image(self) -> bool:
        return any(mime.startswith("image/") for mime in self.data)

    def _text(self, mime: str) -> str | None:
        value = self.data.get(mime)
        return value if isinstance(value, str) else None

    def _bytes(self, mime: str) -> bytes | None:
        value = self._text(mime)
        try:
            return None if value is None else base64.b64decode(value)
        except binascii.Error:
            return None

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        # A notebook shows the value and not this object.
        return dict(self.data)

    def __str__(self) -> str:
        return self.text or ""


@dataclass(frozen=True, slots=True)
class InputRequestEvent:
    """The code waits for a line of input: ``input()``, ``getpass()``, or a read of an empty ``sys.stdin``. Answer with ``RunStream.send``."""

    type: Literal["input_request"] = field(default="input_request", init=False)
    data: str
    """The prompt."""
    seq: int
    ts: int
    run_id: str | None = None
    password: bool = False
    """Whether the input should not be shown."""

    def __str__(self) -> str:
        return self.data


@dataclass(frozen=True, slots=True)
class ToolRequestEvent:
    """The code calls a tool. ``run_code`` answers the call. If you read the events yourself, answer it with ``RunStream.answer_tool_call``.

    The arguments come from the code in the sandbox, so they deserve as much trust as those from a model.
    """

    type: Literal["tool_request"] = field(default="tool_request", init=False)
    call_id: str
    """Unique in its run; together with the run id a key by which a tool recognizes a repeated call."""
    name: str
    arguments: Mapping[str, Any] | None
    """None if the server could not read them."""
    seq: int
    ts: int
    run_id: str | None = None
    traceparent: str | None = None
    """The span of the run."""

    @property
    def data(self) -> Mapping[str, Any]:
        """``arguments``, under the name that all events have."""
        return self.arguments or {}

    def __str__(self) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class ToolResponseEvent:
    """A call of a tool was answered, or nobody waits for it any more. The answer itself is not kept."""

    type: Literal["tool_response"] = field(default="tool_response", init=False)
    call_id: str
    ok: bool
    """Whether it was answered without an error."""
    seq: int
    ts: int
    run_id: str | None = None
    reason: str | None = None
    """``timeout``; ``cancelled``: the code no longer waits; None for a call that was answered."""

    @property
    def data(self) -> str:
        """``call_id``, under the name that all events have."""
        return self.call_id

    def __str__(self) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class StartEvent:
    """The process of a run has started. It is the first event of a process, a terminal or a watch; code has none."""

    type: Literal["start"] = field(default="start", init=False)
    data: int
    """The process id in the sandbox; 0 for a watch."""
    seq: int
    ts: int
    run_id: str | None = None

    @property
    def pid(self) -> int:
        """``data`` under its usual name."""
        return self.data

    def __str__(self) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class TerminalEvent:
    """Output of a terminal, at most 64 KiB. It is not cut into lines, and a character may be split over two events."""

    type: Literal["pty"] = field(default="pty", init=False)
    data: bytes
    seq: int
    ts: int
    run_id: str | None = None

    def __str__(self) -> str:
        return self.data.decode(errors="replace")


@dataclass(frozen=True, slots=True)
class FileChangedEvent:
    """A file or folder below a watched path has changed."""

    type: Literal["file"] = field(default="file", init=False)
    path: str
    """The absolute path. Bytes that are not UTF-8 are escaped as in ``os.fsdecode``."""
    change: str
    """``create``, ``modify``, ``delete``, ``rename``, ``attributes``, or ``overflow``: changes were missed, so list the folder again."""
    seq: int
    ts: int
    run_id: str | None = None
    kind: str | None = None
    """``file``, ``directory`` or ``symlink``, if known."""
    moved_from: str | None = None
    """The earlier path, for a ``rename``."""

    @property
    def data(self) -> str:
        """``path``, under the name that all events have."""
        return self.path

    def __str__(self) -> str:
        return f"{self.change} {self.path}"


@dataclass(frozen=True, slots=True)
class DroppedEvent:
    """So many bytes of background output are missing, because it was written faster than 64 KiB a second."""

    type: Literal["dropped"] = field(default="dropped", init=False)
    data: int
    seq: int
    ts: int
    run_id: str | None = None

    def __str__(self) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class CodeError:
    """The uncaught exception that ended a run. Parts that the server does not report are empty."""

    name: str = ""
    value: str = ""
    traceback: str | None = field(default=None, repr=False)
    """Not in ``repr``, because it is in the result's stderr as well."""


@dataclass(frozen=True, slots=True)
class ExitEvent:
    """The end of a run: the last event, exactly once."""

    type: Literal["exit"] = field(default="exit", init=False)
    code: int
    """0; 1 for an uncaught exception; n for ``sys.exit(n)``; 124 timeout; 130 interrupted; 137 killed; 255 lost; 126 and 127 for a program
    that cannot be executed or is not found."""
    seq: int
    ts: int
    reason: str | None = None
    """``timeout``, ``interrupted``, ``killed``, ``expired``, ``oom``, ``crashed`` or ``lost``; None if the exit code says it all."""
    error: CodeError | None = None
    run_id: str | None = None
    state_lost: bool = False
    """This end destroyed the variables of the run's context, as far as the server reports it."""
    signal: str | None = None
    """The signal that ended the process, such as ``SIGTERM``."""

    @property
    def data(self) -> int:
        """The exit code, under its name in the HTTP API."""
        return self.code


Event = Union[
    StdoutEvent,
    StderrEvent,
    ResultEvent,
    InputRequestEvent,
    ToolRequestEvent,
    ToolResponseEvent,
    StartEvent,
    TerminalEvent,
    FileChangedEvent,
    DroppedEvent,
    ExitEvent,
]
"""Any event. Later versions add types, so code that distinguishes them by ``event.type`` must accept others."""


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """An event type of a newer server. It is counted but not delivered, so that existing programs keep working."""

    seq: int
