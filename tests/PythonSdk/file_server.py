"""The files part of the API, in memory: for what the clients send, and for answers that break."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, unquote, urlsplit

from scripted_server import Exchange, SANDBOX, ScriptedServer

_FILES = f"/v1/sandboxes/{SANDBOX}/files"


class FileServer(ScriptedServer):
    """Keeps files by absolute path; each number in ``breaks`` kills one answer or request after so many bytes."""

    def __init__(self, *breaks: int) -> None:
        self.files: dict[str, bytes] = {}
        self.breaks = list(breaks)
        self.full = False
        super().__init__(self._answer)

    def _answer(self, x: Exchange) -> None:
        url = urlsplit(x.seen.target)
        if url.path == _FILES:
            folder = parse_qs(url.query)["path"][0]
            found = [{"name": path.removeprefix(f"{folder}/"), "type": "file", "size": len(data)} for path, data in self.files.items() if path.startswith(folder)]
            if "cursor" not in url.query:
                x.json({"files": found, "next_cursor": "second page"})
                return
            x.json({"next_cursor": None, "files": [{"name_b64": base64.b64encode(b"\xff.txt").decode(), "type": "file", "size": 0}]})
            return
        path = unquote(url.path.removeprefix(_FILES))
        if x.seen.method == "PUT":
            if self.full:
                x.problem(507, "disk_full")
            elif self.breaks:
                self.breaks.pop()
                x.drop()
            else:
                self.files[path] = x.seen.body
                x.bytes(b"", 204)
        elif path not in self.files:
            x.problem(404, "file_not_found")
        elif x.seen.method == "DELETE":
            del self.files[path]
            x.bytes(b"", 204)
        elif self.breaks:
            x.send_response(200)
            x.send_header("content-length", str(len(self.files[path])))
            x.end_headers()
            x.wfile.write(self.files[path][: self.breaks.pop()])
            x.drop()
        else:
            x.bytes(self.files[path])
