"""A run: what was asked for, and how far it has come."""

from __future__ import annotations

import os

from podflare_guest.frames import Malformed
from podflare_guest.invalid import Invalid
from podflare_guest.stdlib_core import TYPE_CHECKING, loads

if TYPE_CHECKING:
    from podflare_guest.context import Context
    from podflare_guest.process_runs import ProcessRuns
    from podflare_guest.process_spec import ProcessSpec
    from podflare_guest.stdin import Stdin
    from podflare_guest.tool_calls import ToolCalls, ToolSpec
    from podflare_guest.watch_runs import WatchRuns
    from podflare_guest.watch_spec import WatchSpec

QUEUED, RUNNING, ENDED, UNKNOWN = "queued", "running", "ended", "unknown"
PYTHON, BASH = "python", "bash"
CODE, PROCESS, WATCH = "code", "process", "watch"
ALONE = "alone"
_CODE_LIMIT = 16 << 20
_LONGEST_COMMAND = 131_071
_MOST_SHOWN = 1_024
_TRACE = (("traceparent", b"TRACEPARENT"), ("tracestate", b"TRACESTATE"), ("baggage", b"BAGGAGE"))


def run_bytes(run_id: object) -> bytes | None:
    """The 16 bytes that stand for `run_` + 32 hex digits in binary frames."""
    if not isinstance(run_id, str) or len(run_id) != 36 or not run_id.startswith("run_"):
        return None
    try:
        raw = bytes.fromhex(run_id[4:])
    except ValueError:
        return None
    return raw if len(raw) == 16 else None


def parse_object(payload: bytes) -> dict[str, object]:
    try:
        value = loads(payload)
    except ValueError as error:
        raise Malformed(str(error)) from None
    if not isinstance(value, dict):
        raise Malformed("not a JSON object")
    return value


def parse_environment(value: object) -> dict[bytes, bytes]:
    """Variables as the kernel takes them."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Invalid("env is not an object")
    found = {}
    for name, text in value.items():
        if not isinstance(text, str) or not name or "=" in name or "\0" in name or "\0" in text:
            raise Invalid("env has a name or value that no environment can hold")
        try:
            found[name.encode()] = text.encode()
        except UnicodeEncodeError:
            raise Invalid("env has a lone surrogate") from None
    return found


def parse_milliseconds(value: object, name: str) -> float | None:
    """Seconds; None where the host sets no limit."""
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Invalid(f"{name} is not a number of milliseconds")
    return value / 1000


class Run:
    # Defaults of the class, not of each object: a plain run keeps nearly all of them, and every run waits for its own construction.
    timeout: float | None = None
    grace = 0.0
    state = QUEUED
    started_ms: int | None = None
    end_number = 0
    acknowledged = 0  # its last frame that the host has kept, and that is no longer held here
    repl_restarted = False
    context = ""  # id of the context that executes it; empty for the default one
    owner: Context | ProcessRuns | WatchRuns  # what executes it
    process: ProcessSpec | None = None  # of a run that is a process
    pid = 0  # of that process
    watch: WatchSpec | None = None  # of a run that is a watch
    fresh: bool | str = False  # in an interpreter or bash of its own; ALONE: after everything else has been killed
    wants_stdin = False
    stdin: Stdin | None = None  # where it wants one, from its acceptance on
    tools: ToolSpec | None = None  # those of the agent that its code may call
    tool_calls: ToolCalls | None = None  # where it has some, from its acceptance on
    execution = 0  # its number among the Python runs of its context
    display = ""  # the top-level expressions whose values are results: last, all; empty for none
    columns = False  # results include data frames as columns
    merged_stderr = False  # both streams in one pipe
    exact_order = False
    raw_output = False  # cut where a read has ended, not at lines and characters
    timeout_started = False
    handed_over = False  # the first interpreter died before it executed anything
    cause = ""  # timeout, killed or expired: decided from outside, the first one counts
    interrupted = False
    killed = False

    def __init__(self, raw: bytes, run_id: str, language: str, code: bytes) -> None:
        self.raw = raw
        self.id = run_id
        self.language = language
        self.code = code
        self.environment: dict[bytes, bytes] = {}
        self.tag = os.urandom(16)

    @classmethod
    def parse(cls, payload: bytes) -> Run:
        """Reads the payload of RUN."""
        if len(payload) < 4:
            raise Malformed("RUN without a length")
        length = int.from_bytes(payload[:4], "big")
        if len(payload) < 4 + length:
            raise Malformed("RUN shorter than its JSON")
        fields = parse_object(payload[4 : 4 + length])
        run_id, language, code = fields.get("run"), fields.get("language"), payload[4 + length :]
        raw = run_bytes(run_id)
        if raw is None or not isinstance(run_id, str):
            raise Invalid("run is not run_ and 32 hex digits")
        kind = fields.get("kind", "code")
        if kind not in (CODE, PROCESS, WATCH):
            raise Invalid("kind is not code, process or watch")
        if kind != CODE:
            language = BASH
        elif language not in (PYTHON, BASH):
            raise Invalid("language is not python or bash")
        if len(code) > _CODE_LIMIT:
            raise Invalid("code is longer than 16 MiB")
        try:
            code.decode()
        except UnicodeDecodeError:
            raise Invalid("code is not UTF-8") from None
        run = cls(raw, run_id, str(language), code)
        # A field that a run does not have costs it nothing, and a host of version 1 sends none of these.
        if "display" in fields:
            run.display = _parse_display(fields["display"])
            run.columns = fields.get("columns") is True
        if kind == PROCESS:
            from podflare_guest.process_spec import ProcessSpec

            run.process = ProcessSpec.parse(fields)
            run.wants_stdin = run.process.stdin
            if not run.process.arguments and (not code or len(code) > _LONGEST_COMMAND or b"\0" in code):
                raise Invalid("command is empty, longer than 128 KiB, or has a NUL")
        elif kind == WATCH:
            from podflare_guest.watch_spec import WatchSpec

            run.watch = WatchSpec.parse(fields)
        else:
            run._parse_code(fields)
        if "stderr" in fields:
            run.merged_stderr = _parse_choice(fields, "stderr", ("separate", "stdout")) == "stdout"
        if "order" in fields:
            run.exact_order = _parse_choice(fields, "order", ("arrival", "exact")) == "exact"
        if "encoding" in fields:
            run.raw_output = _parse_choice(fields, "encoding", ("utf-8", "base64")) == "base64"
        run.timeout = parse_milliseconds(fields.get("timeout_ms"), "timeout_ms")
        run.grace = parse_milliseconds(fields.get("grace_ms"), "grace_ms") or 0.0
        for name, variable in _TRACE:
            text = fields.get(name)
            if isinstance(text, str) and text and "\0" not in text:
                run.environment[variable] = text.encode("utf-8", "replace")
        run.environment.update(parse_environment(fields.get("env")))
        return run

    def _parse_code(self, fields: dict[str, object]) -> None:
        if "context" in fields:
            context = fields["context"]
            if context is not None and not isinstance(context, str):
                raise Invalid("context is not a text")
            self.context = context or ""
        if "stdin" in fields:
            self.wants_stdin = fields["stdin"] is True
        if "fresh" in fields:
            fresh = fields["fresh"]
            if fresh not in (None, False, True, ALONE):
                raise Invalid("fresh is not true, false or alone")
            if fresh and self.context:
                raise Invalid("fresh excludes context")
            self.fresh = ALONE if fresh == ALONE else bool(fresh)
        if "tools" in fields:
            from podflare_guest.tool_calls import ToolSpec

            self.tools = ToolSpec.parse(fields)

    def settle_language(self, language: str) -> None:
        """The language of the context that executes it. Only then is it known which fields it may have."""
        if language == PYTHON and (self.merged_stderr or self.exact_order or self.raw_output):
            raise Invalid("stderr, order and encoding are for bash and processes only")
        if language != PYTHON and self.tools is not None:
            raise Invalid("tools are for Python only")
        self.language = language

    def summary(self, home: str) -> dict[str, object]:
        """As HELLO says it. `home`: where processes are executed by default."""
        kind = PROCESS if self.process is not None else WATCH if self.watch is not None else CODE
        more: dict[str, object] = {}
        if self.tool_calls is not None:
            more = {"open_tool_calls": self.tool_calls.open}
        if self.process is not None:
            more = {"pid": self.pid or None, "argv": self.process.shown_arguments(self.code), "cwd": (self.process.folder or home)[:_MOST_SHOWN]}
        return {
            "run": self.id,
            "state": self.state,
            "started": self.started_ms,
            "kind": kind,
            "context": self.context or None,
            "stdin": self.stdin.accepted if self.stdin is not None else None,
            "execution": self.execution or None,
            "acknowledged": self.acknowledged,
            **more,
        }


def _parse_display(value: object) -> str:
    """Empty for none: a host that sends nothing gets plain Python."""
    if value is None or value == "none":
        return ""
    if value not in ("last", "all"):
        raise Invalid("display is not none, last or all")
    return str(value)


def _parse_choice(fields: dict[str, object], name: str, choices: tuple[str, str]) -> object:
    """A field with two values; the first is the default."""
    value = fields.get(name)
    if value is None:
        return choices[0]
    if value not in choices:
        raise Invalid(f"{name} is not {choices[0]} or {choices[1]}")
    return value
