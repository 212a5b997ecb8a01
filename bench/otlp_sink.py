"""Two OTLP endpoints for measurements: sink PORT HOLE. On PORT everything is taken and forgotten; on HOLE nothing is ever answered."""

import http.server
import socket
import sys


class Sink(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def main() -> None:
    # Connections are made by the system up to the backlog, and nobody ever reads from them.
    hole = socket.create_server(("127.0.0.1", int(sys.argv[2])), backlog=128)
    with hole, http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Sink) as sink:
        sink.serve_forever()


main()
