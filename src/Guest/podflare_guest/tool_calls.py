"""Tools that the code of a run calls: requests leave as events, answers of the host reach the waiting code.

The interpreter sends one end of a new socket for each call, and waits at the other end. So a call ends in any thread or task of the program without
anything that they share, and a call that the program gives up is noticed by the end of its socket.
"""

from __future__ import annotations

import marshal
import os
import struct

from podflare_guest import frames
from podflare_guest.frames import now_ms
from podflare_guest.invalid import Invalid
from podflare_guest.loop import READ, WRITE
from podflare_guest.refused import Refused
from podflare_guest.run import parse_milliseconds
from podflare_guest.stdlib_core import TYPE_CHECKING, dumps, loads, socket

if TYPE_CHECKING:
    from podflare_guest.run import Run
    from podflare_guest.sandbox import Sandbox

NOT_FOUND, CLOSED = "tool_call_not_found", "tool_call_closed"
_MOST_TOOLS = 64
_LONGEST_NAME = 128
_MOST_ARRIVED = 64
# As the interpreter gets them, which takes more bytes than their JSON.
_DEFINITION_BYTES = 256 << 10
_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")
_RIGHTS = socket.CMSG_SPACE(4)
_DEFAULT_TIMEOUT_SECONDS = 60.0
_OK, _FAILED = b"\0", b"\1"
_OPEN, _ANSWERED, _OVER = "open", "answered", "over"
_HEAD = struct.Struct(">16sBI")  # of TOOL_RESULT: the run, 1 for an error, number of the call


class ToolSpec:
    """What RUN says about the tools of a run."""

    def __init__(self, definitions: list[tuple[str, str, dict[str, object]]], timeout: float, limits: dict[str, object]) -> None:
        self.names = frozenset(name for name, _, _ in definitions)
        self.definitions = marshal.dumps(definitions)
        self.timeout = timeout
        self.most_open = _limit(limits, "open", 16)
        self.most_calls = _limit(limits, "calls", 100)
        self.most_bytes = _limit(limits, "bytes", 1 << 20)
        if len(self.definitions) > _DEFINITION_BYTES:
            raise Invalid("tools are too large")

    @classmethod
    def parse(cls, fields: dict[str, object]) -> ToolSpec:
        tools, limits = fields["tools"], fields.get("tool_limits")
        if not isinstance(tools, list) or not 0 < len(tools) <= _MOST_TOOLS:
            raise Invalid(f"tools is not a list of 1 to {_MOST_TOOLS}")
        timeout = parse_milliseconds(fields.get("tool_timeout_ms"), "tool_timeout_ms")
        definitions = [_parse_tool(tool) for tool in tools]
        if len({name for name, _, _ in definitions}) < len(definitions):
            raise Invalid("two tools have one name")
        return cls(definitions, _DEFAULT_TIMEOUT_SECONDS if timeout is None else timeout, limits if isinstance(limits, dict) else {})


class ToolCalls:
    """The calls of one run."""

    def __init__(self, sandbox: Sandbox, run: Run, spec: ToolSpec) -> None:
        self._sandbox = sandbox
        self._run = run
        self._spec = spec
        self._calls: dict[int, _Call] = {}  # all of the run, by number
        self._requests: socket.socket | None = None
        self._peer: socket.socket | None = None
        self._arrived: dict[int, socket.socket] = {}  # ends of sockets whose request has not been read yet

    @property
    def definitions(self) -> bytes:
        return self._spec.definitions

    @property
    def open(self) -> list[object]:
        """Ids of the calls that wait for an answer."""
        return [call.id for call in self._calls.values() if call.state == _OPEN]

    def begin(self) -> int:
        """The descriptor over which the interpreter sends its sockets. Another interpreter may get the run after one has died."""
        self._close_requests()
        self._requests, self._peer = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._requests.setblocking(False)
        return self._peer.fileno()

    def request(self, number: int, body: bytes, at_ms: int) -> None:
        """A call of the code: u8 length and name of the tool, JSON of the arguments. `number`: of the message that had its socket."""
        end = self._take_socket(number)
        if end is None:
            return
        name = body[1 : 1 + body[0]].decode("utf-8", "replace") if body else ""
        arguments = body[1 + body[0] :] if body else b""
        refusal = self._refusal(name, arguments)
        call = _Call(self._sandbox, len(self._calls) + 1, end)
        if refusal:
            # It has no number: the limit counts what the host has seen.
            call.reply(_FAILED, refusal.encode())
            return
        self._calls[call.number] = call
        fields = b'{"call_id":"%s","name":%s,"arguments":%s' % (call.id.encode(), dumps(name), arguments)
        trace = self._run.environment.get(b"TRACEPARENT")
        if trace:
            fields += b',"traceparent":' + dumps(trace.decode("utf-8", "replace"))
        self._send(frames.TOOL_REQUEST, call, fields + b"}", at_ms)
        call.wait(lambda: self._close_call(call, "cancelled"))
        self._sandbox.loop.timers.set(call, self._spec.timeout, lambda: self._time_out(call))

    def answer(self, number: int, failed: bool, data: bytes) -> None:
        """The first answer counts; a repeat is accepted and changes nothing."""
        call = self._calls.get(number)
        if call is None:
            raise Refused(NOT_FOUND, f"the run has made no call {number}")
        if call.state == _OVER:
            raise Refused(CLOSED, "the call was closed before it was answered")
        if call.state == _ANSWERED:
            return
        if len(data) > self._spec.most_bytes:
            raise Invalid("the answer is too large")
        call.state = _ANSWERED
        self._sandbox.loop.timers.cancel(call)
        call.reply(_FAILED if failed else _OK, data)
        self._send(frames.TOOL_RESPONSE, call, b'{"call_id":"%s","ok":%s}' % (call.id.encode(), b"false" if failed else b"true"), now_ms())

    def close(self) -> None:
        """The run has ended."""
        for call in self._calls.values():
            self._close_call(call, "cancelled")
            call.close()
        self._close_requests()

    def _refusal(self, name: str, arguments: bytes) -> str:
        """Why a call is not passed on; empty where it is."""
        spec = self._spec
        if name not in spec.names:
            return f"this run has no tool {name[:_LONGEST_NAME]}"
        if len(arguments) > spec.most_bytes:
            return f"the arguments are larger than the limit of {spec.most_bytes} bytes"
        if len(self._calls) >= spec.most_calls:
            return f"a run may call tools {spec.most_calls} times"
        # A call whose answer the code has not read still takes our memory.
        if sum(call.is_busy for call in self._calls.values()) >= spec.most_open:
            return f"{spec.most_open} calls wait for an answer already"
        try:
            if isinstance(loads(arguments), dict):
                return ""
        except ValueError:
            pass
        return "the arguments are not a JSON object"

    def _time_out(self, call: _Call) -> None:
        call.reply(_FAILED, f"the tool did not answer within {self._spec.timeout:g} s".encode())
        self._close_call(call, "timeout")

    def _close_call(self, call: _Call, reason: str) -> None:
        if call.state == _OPEN:
            call.state = _OVER
            self._sandbox.loop.timers.cancel(call)
            self._send(frames.TOOL_RESPONSE, call, b'{"call_id":"%s","ok":false,"reason":"%s"}' % (call.id.encode(), reason.encode()), now_ms())

    def _send(self, kind: int, call: _Call, fields: bytes, at_ms: int) -> None:
        # A worker that was replaced by an older one meanwhile knows neither event; nobody answers the call, and it times out.
        if self._sandbox.link.version >= frames.TOOLS_VERSION:
            self._sandbox.send_numbered(frames.EVENT, self._run.raw + bytes((kind,)) + call.number.to_bytes(4, "big") + fields, at_ms)

    def _take_socket(self, number: int) -> socket.socket | None:
        """The socket that was sent as message `number`, before the request was placed in the output."""
        while number not in self._arrived and self._requests is not None:
            try:
                data, rights, _, _ = self._requests.recvmsg(4, _RIGHTS)
            except OSError:
                break
            descriptors = [fd for _, _, packed in rights for (fd,) in struct.iter_unpack("i", packed[: len(packed) // 4 * 4])]
            if len(data) == 4 and len(descriptors) == 1 and int.from_bytes(data, "big") not in self._arrived:
                if len(self._arrived) >= _MOST_ARRIVED:
                    # Of a call that was interrupted before its place was written.
                    self._arrived.pop(next(iter(self._arrived))).close()
                self._arrived[int.from_bytes(data, "big")] = socket.socket(fileno=descriptors[0])
            elif descriptors:
                for descriptor in descriptors:
                    os.close(descriptor)
            elif not data:
                break
        return self._arrived.pop(number, None)

    def _close_requests(self) -> None:
        for end in self._arrived.values():
            end.close()
        self._arrived.clear()
        for pair in (self._requests, self._peer):
            if pair is not None:
                pair.close()
        self._requests = self._peer = None


class _Call:
    def __init__(self, sandbox: Sandbox, number: int, end: socket.socket) -> None:
        self.number = number
        self.id = f"call_{number}"
        self.state = _OPEN
        self._loop = sandbox.loop
        self._socket: socket.socket | None = end
        self._waiting = b""
        self._watched = False
        self._on_gone = lambda: None
        end.setblocking(False)

    @property
    def is_busy(self) -> bool:
        """Whether it waits for an answer, or the code has not read all of it."""
        return self._socket is not None

    def wait(self, on_gone: object) -> None:
        """Calls `on_gone` when the code waits no more."""
        self._on_gone = on_gone  # type: ignore[assignment]
        self._watch(READ)

    def reply(self, status: bytes, data: bytes) -> None:
        """Sends what the code waits for: u8 1 for an error, u32 length, data."""
        self._waiting = status + len(data).to_bytes(4, "big") + data
        self._write()

    def close(self) -> None:
        if self._socket is not None:
            if self._watched:
                self._loop.forget(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def _write(self) -> None:
        if self._socket is None:
            return
        try:
            while self._waiting:
                self._waiting = self._waiting[self._socket.send(self._waiting) :]
        except BlockingIOError:
            self._watch(WRITE)
            return
        except OSError:  # nobody reads it any more
            self._waiting = b""
        self.close()

    def _watch(self, events: int) -> None:
        if self._socket is None:
            return
        if self._watched:
            self._loop.change(self._socket.fileno(), events)
        else:
            self._watched = True
            self._loop.watch(self._socket.fileno(), events, self._ready)

    def _ready(self, events: int) -> None:
        if self._waiting:
            self._write()
        else:
            # The code sends nothing, so this is the end of its socket, or something to be treated like it.
            self.close()
            self._on_gone()


def parse_answer(payload: bytes) -> tuple[bytes, bool, int, bytes]:
    """The run, whether it is an error, the number of the call, and the data of TOOL_RESULT."""
    raw, failed, number = _HEAD.unpack_from(payload)
    return raw, bool(failed), number, payload[_HEAD.size :]


HEAD_BYTES = _HEAD.size


def _parse_tool(tool: object) -> tuple[str, str, dict[str, object]]:
    if not isinstance(tool, dict):
        raise Invalid("a tool is not an object")
    name, description, schema = tool.get("name"), tool.get("description"), tool.get("input_schema")
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME or not _CHARACTERS.issuperset(name):
        raise Invalid(f"the name of a tool is not 1 to {_LONGEST_NAME} letters, digits, _, - and .")
    return name, description if isinstance(description, str) else "", schema if isinstance(schema, dict) else {}


def _limit(limits: dict[str, object], name: str, default: int) -> int:
    value = limits.get(name, default)
    return value if isinstance(value, int) and value > 0 else default
