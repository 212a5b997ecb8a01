"""What a container that is no sandbox has found out, as the first frame to the host."""

from __future__ import annotations

import os

from podflare_guest import frames
from podflare_guest.frames import MOST_VERSION, frame
from podflare_guest.stdlib_core import TYPE_CHECKING, dumps, socket

if TYPE_CHECKING:
    from podflare_guest.settings import Settings


def report(settings: Settings, **found: object) -> None:
    """Returns when the host has closed the connection."""
    hello = {
        "version": 1,
        "max_version": MOST_VERSION,
        "boot": os.urandom(16).hex(),
        "first": 1,
        "repl": 1,  # nothing else is to be waited for
        "runs": [],
        **found,
    }
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(settings.socket)
    connection.sendall(frame(frames.HELLO, dumps(hello)))
    while connection.recv(4096):
        pass
