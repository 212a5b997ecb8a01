"""The requests of the API about files."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

from . import _arguments as arguments
from ._arguments import absolute_path
from ._requests import Request, get, headers_of, sandbox_path, send_json, with_query
from ._trace import Trace
from ._uploads import Upload


def put_file(sandbox_id: str, path: str, content: Upload, trace: Trace | None) -> Request:
    return _upload("PUT", _file(sandbox_id, path), content, "application/octet-stream", trace)


def get_file(sandbox_id: str, path: str, trace: Trace | None) -> Request:
    return get(_file(sandbox_id, path), trace)


def delete_file(sandbox_id: str, path: str, trace: Trace | None, *, recursive: bool = False) -> Request:
    query = {"recursive": "true" if arguments.flag("recursive", recursive) else None}
    return Request("DELETE", with_query(_file(sandbox_id, path), query), headers_of(trace))


def list_files(sandbox_id: str, path: str, depth: int, cursor: str | None, trace: Trace | None) -> Request:
    arguments.whole("depth", depth, "folders", most=32)
    query = {"path": _bytes(path), "depth": depth if depth > 1 else None, "cursor": cursor}
    return get(with_query(f"{sandbox_path(sandbox_id)}/files", query), trace)


def stat_file(sandbox_id: str, path: str, follow: bool, trace: Trace | None) -> Request:
    query = {"path": _bytes(path), "follow": "true" if arguments.flag("follow", follow) else "false"}
    return get(_operation(sandbox_id, "stat", query), trace)


def make_folder(sandbox_id: str, path: str, parents: bool, mode: int | None, trace: Trace | None) -> Request:
    permissions = arguments.whole("mode", mode, "permissions, such as 0o755", least=0, most=0o7777)
    body = {
        **path_fields("path", path),
        "parents": arguments.flag("parents", parents),
        "mode": None if permissions is None else f"{permissions:04o}",
    }
    return send_json("POST", _operation(sandbox_id, "mkdir"), body, trace)


def move(sandbox_id: str, source: str, target: str, overwrite: bool, parents: bool, trace: Trace | None) -> Request:
    # A repeated one would not find the source, and would look like a failure.
    return send_json("POST", _operation(sandbox_id, "move"), _from_to(source, target, overwrite, parents), trace, is_idempotent=False)


def copy(sandbox_id: str, source: str, target: str, overwrite: bool, parents: bool, recursive: bool, trace: Trace | None) -> Request:
    body = {**_from_to(source, target, overwrite, parents), "recursive": arguments.flag("recursive", recursive)}
    return send_json("POST", _operation(sandbox_id, "copy"), body, trace, is_idempotent=overwrite)


def get_archive(sandbox_id: str, path: str, trace: Trace | None) -> Request:
    return get(_operation(sandbox_id, "archive", {"path": _bytes(path)}), trace)


def put_archive(sandbox_id: str, path: str, content: Upload, trace: Trace | None) -> Request:
    return _upload("POST", _operation(sandbox_id, "archive", {"path": _bytes(path)}), content, "application/x-tar", trace)


def _upload(method: str, target: str, content: Upload, kind: str, trace: Trace | None) -> Request:
    headers = {**headers_of(trace), "content-type": kind}
    if content.length is not None:
        headers["content-length"] = str(content.length)
    return Request(method, target, headers, content)


def _from_to(source: str, target: str, overwrite: bool, parents: bool) -> dict[str, Any]:
    return {
        **path_fields("from", source),
        **path_fields("to", target),
        "overwrite": arguments.flag("overwrite", overwrite),
        "parents": arguments.flag("parents", parents),
    }


def _operation(sandbox_id: str, name: str, query: dict[str, Any] | None = None) -> str:
    return with_query(f"{sandbox_path(sandbox_id)}/fs/{name}", query or {})


def _file(sandbox_id: str, path: str) -> str:
    absolute = absolute_path(path)
    if absolute == "/":
        raise ValueError("path must name a file")
    return f"{sandbox_path(sandbox_id)}/files{quote(_bytes(absolute))}"


def path_fields(name: str, path: str) -> dict[str, str]:
    """The field of a JSON body for a path."""
    absolute = absolute_path(path)
    raw = _bytes(absolute)
    try:
        raw.decode()
    except UnicodeDecodeError:
        return {f"{name}_b64": base64.b64encode(raw).decode()}
    return {name: absolute}


def _bytes(path: str) -> bytes:
    # Names that are not UTF-8 are escaped as in os.fsdecode.
    return absolute_path(path).encode("utf-8", "surrogateescape")
