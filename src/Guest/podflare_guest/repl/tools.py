"""The tools of the agent, which the code of a run may call. Loaded with the first run that has some.

Each call has a socket of its own: this end waits for the answer, and the supervisor has the other one. So calls may wait in any number of threads and
tasks, and an interrupt or a cancellation ends exactly the call that it hits.
"""

from __future__ import annotations

from podflare_guest.repl.own_builtins import BUILTINS as __builtins__

import builtins
from marshal import loads
from os import getpid, register_at_fork
from sys import byteorder as _BYTE_ORDER

from _socket import AF_UNIX, SCM_RIGHTS, SOCK_STREAM, SOL_SOCKET, socket, socketpair

from podflare_guest.repl.streams import keep, late_run
from podflare_guest.repl.tool_functions import OMITTED, make_function
from podflare_guest.repl.trusted_imports import import_trusted

_LIVE_BUILTINS = builtins.__dict__
_PIECE = 65_536
_HEAD = 5
_DEEPEST = 32


class ToolError(Exception):
    """A tool has failed, has not answered in time, or cannot be called here."""


class _UnknownTool(ToolError, AttributeError):
    pass


for _type in (ToolError, _UnknownTool):
    _type.__module__, _type.__qualname__, _type.__name__ = "builtins", "ToolError", "ToolError"


class Tools:
    """What the driver knows of the tools of the current run."""

    def __init__(self, send: object, place: object) -> None:
        """`send(body, announce)`: sends the body of a request after `announce(number)`, and returns its number; `place(number, length)` gives it its place in the output."""
        self._send = send
        self._place = place
        self._requests: socket | None = None
        self._pid = getpid()
        self.definitions: dict[str, tuple[str, str, dict[str, object]]] = {}
        self.functions: dict[str, object] = {}
        register_at_fork(after_in_child=self.end)
        namespace = _Namespace()
        object.__setattr__(namespace, "_tools", self)

        def call_tool(name: str, /, **arguments: object) -> object:
            """Calls a tool of the agent and returns its result. Raises ToolError where the tool fails."""
            return self.call(name, arguments)

        async def call_tool_async(name: str, /, **arguments: object) -> object:
            """As call_tool, but other tasks continue while the tool works."""
            return await self.call_async(name, arguments)

        for function in (call_tool, call_tool_async):
            function.__module__, function.__qualname__ = "builtins", function.__name__
        self._names = {"tools": namespace, "call_tool": call_tool, "call_tool_async": call_tool_async, "ToolError": ToolError}

    def begin(self, descriptor: int, definitions: bytes) -> None:
        """The next run has tools. `descriptor`: over which the sockets of its calls are sent."""
        self.end()
        self._requests = socket(fileno=keep(descriptor))
        self.definitions = {definition[0]: definition for definition in loads(definitions)}
        self.functions = {}
        # Found by every program, and replaceable like any other built-in name.
        _LIVE_BUILTINS.update(self._names)

    def end(self) -> None:
        """The run has ended, or this is a child of the interpreter."""
        requests, self._requests = self._requests, None
        self.definitions = {}
        if requests is not None:
            requests.close()

    def call(self, name: str, arguments: dict[str, object]) -> object:
        call = self._start(name, arguments)
        answer = bytearray()
        try:
            while not _is_complete(answer) and (piece := call.recv(_PIECE)):
                answer += piece
        finally:
            call.close()
        return _result(answer)

    async def call_async(self, name: str, arguments: dict[str, object]) -> object:
        loop = import_trusted("asyncio").get_running_loop()  # type: ignore[attr-defined]
        call = self._start(name, arguments)
        answer = bytearray()
        try:
            call.setblocking(False)
            while not _is_complete(answer) and (piece := await loop.sock_recv(call, _PIECE)):
                answer += piece
        finally:
            call.close()
        return _result(answer)

    def function(self, name: str) -> object:
        """The function that calls this tool, with a signature made from its schema."""
        function = self.functions.get(name)
        if function is None:
            definition = self.definitions[name]
            function = self.functions[name] = make_function(*definition, lambda arguments: self.call(name, arguments))
        return function

    def explain(self, name: str) -> str:
        if not self.definitions:
            return "this run has no tools"
        return f"this run has no tool {name}; it has " + ", ".join(self.definitions)

    def _start(self, name: str, arguments: dict[str, object]) -> socket:
        """Sends the request. Returns the socket at which its answer arrives."""
        requests = self._requests
        if getpid() != self._pid:
            raise ToolError("a child process of the interpreter cannot call tools")
        if late_run() is not None:
            raise ToolError("the run that started this thread or task has ended, so it cannot call tools")
        if requests is None or name not in self.definitions:
            raise ToolError(self.explain(name))
        given = {key: value for key, value in arguments.items() if value is not OMITTED}
        if _depth(given) > _DEEPEST:
            raise ValueError(f"arguments of tools may have at most {_DEEPEST} levels")
        json = import_trusted("json")
        title = name.encode()
        body = bytes((len(title),)) + title + json.dumps(given, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()  # type: ignore[attr-defined]
        ours, theirs = socketpair(AF_UNIX, SOCK_STREAM)
        try:
            rights = theirs.fileno().to_bytes(4, _BYTE_ORDER)
            number = self._send(body, lambda number: requests.sendmsg([number.to_bytes(4, "big")], [(SOL_SOCKET, SCM_RIGHTS, rights)]))  # type: ignore[operator]
            self._place(number, len(body))  # type: ignore[operator]
        except OSError as error:
            ours.close()
            raise ToolError("the call could not be sent") from error
        except BaseException:  # an interrupt
            ours.close()
            raise
        finally:
            theirs.close()
        return ours


class _Namespace:
    """The tools of the current run, as attributes and as items."""

    _tools: Tools

    def __getattr__(self, name: str) -> object:
        definitions = self._tools.definitions
        if name not in definitions and not name.startswith("__"):
            # A name that is no identifier can be written with underscores.
            name = next((known for known in definitions if known.replace("-", "_").replace(".", "_") == name), name)
        if name not in definitions:
            raise _UnknownTool(self._tools.explain(name))
        return self._tools.function(name)

    def __getitem__(self, name: str) -> object:
        if name not in self._tools.definitions:
            raise _UnknownTool(self._tools.explain(name))
        return self._tools.function(name)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("the tools of a run cannot be replaced")

    def __iter__(self) -> object:
        return iter(list(self._tools.definitions))

    def __contains__(self, name: object) -> bool:
        return name in self._tools.definitions

    def __len__(self) -> int:
        return len(self._tools.definitions)

    def __dir__(self) -> list[str]:
        return list(self._tools.definitions)

    def __repr__(self) -> str:
        return "<tools: " + (", ".join(self._tools.definitions) or "none in this run") + ">"


def _is_complete(answer: bytearray) -> bool:
    """Not to be told by the end of the socket: a process that was forked meanwhile may have it too."""
    return len(answer) >= _HEAD and len(answer) - _HEAD >= int.from_bytes(answer[1:_HEAD], "big")


def _result(answer: bytearray) -> object:
    """The value of an answer: u8 1 for an error, u32 length, data."""
    if not _is_complete(answer):
        raise ToolError("the call was closed before it was answered")
    if answer[0]:
        raise ToolError(answer[_HEAD:].decode("utf-8", "replace"))
    return import_trusted("json").loads(answer[_HEAD:])  # type: ignore[attr-defined]


def _depth(value: object) -> int:
    """Levels of lists and dicts, counted up to one more than may be sent."""
    level, depth = [value], 0
    while level and depth <= _DEEPEST:
        depth += 1
        level = [item for part in level if isinstance(part, (dict, list, tuple)) for item in (part.values() if isinstance(part, dict) else part) if isinstance(item, (dict, list, tuple))]
    return depth
