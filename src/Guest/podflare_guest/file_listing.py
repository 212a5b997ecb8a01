"""What is in folders: a page of one folder, a page of a tree, one entry."""

from __future__ import annotations

import os
from binascii import b2a_base64
from heapq import nsmallest

from podflare_guest import frames
from podflare_guest.file_entry import answer, entry_at
from podflare_guest.file_link import FileLink, FileRefused
from podflare_guest.stdlib_core import TYPE_CHECKING, dumps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from podflare_guest.file_task import Task

# A page is one message of 1 MiB at most, and paths may be long.
_PAGE_BYTES = 768 << 10
_MOST_DEPTH = 32


def stat(link: FileLink, task: Task) -> None:
    link.send(frames.FILE_DONE, dumps(answer(task.path, task.follow)))


def list_folder(link: FileLink, task: Task) -> None:
    # One page is all that is ever held: a folder may have a million names.
    with os.scandir(task.path) as entries:
        names = nsmallest(task.limit + 1, (entry.name for entry in entries if entry.name > task.after))
    _send_page(link, task, iter(names))


def list_tree(link: FileLink, task: Task) -> None:
    if not 1 <= task.depth <= _MOST_DEPTH:
        raise FileRefused("invalid", f"depth is not 1 to {_MOST_DEPTH}")
    with os.scandir(task.path):
        pass  # what cannot be listed at all is an error, unlike a folder below it
    _send_page(link, task, _below(task, b"", task.depth))


def _below(task: Task, prefix: bytes, depth: int) -> Iterator[bytes]:
    """The paths below, relative to the task's, in the order of their bytes: `a`, `a.txt`, `a/b`. Those up to `after` are left out."""
    try:
        with os.scandir(os.path.join(task.path, prefix)) as entries:
            # A folder comes once itself, and once with a slash for what it holds. Few of those that come before `after` hold anything that comes after it.
            wanted = (key for entry in entries for key in _keys(task, prefix + entry.name, depth > 1 and entry.is_dir(follow_symlinks=False)))
            keys = nsmallest(2 * task.limit + 2 + len(task.after), wanted)
    except OSError:
        return
    for key in keys:
        if key.endswith(b"/"):
            yield from _below(task, key, depth - 1)
        else:
            yield key


def _keys(task: Task, path: bytes, is_folder: bool) -> Iterator[bytes]:
    if path > task.after:
        yield path
    if is_folder and (path + b"/" > task.after or task.after.startswith(path + b"/")):
        yield path + b"/"


def _send_page(link: FileLink, task: Task, names: Iterator[bytes]) -> None:
    found: list[object] = []
    size, last = 0, b""
    more = False
    for count, name in enumerate(names):
        if count >= task.limit or size > _PAGE_BYTES:
            more = True
            break
        last = name
        try:
            fields = entry_at(os.path.join(task.path, name), name)
        except (FileNotFoundError, NotADirectoryError):
            continue
        found.append(fields)
        size += len(dumps(fields))
    link.send(frames.FILE_DONE, dumps({"files": found, "next": b2a_base64(last, newline=False).decode() if more else None}))
