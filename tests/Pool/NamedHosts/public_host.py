"""A host of the internet for tests: HTTPS on 443, its name server on 53, and a plain listener. Arguments: certificate, log.

A connection for plain.pkg.test is not TLS: after its ClientHello, the host sends as many KiB as the 8 digits behind it say.
"""

from __future__ import annotations

import socket
import ssl
import struct
import sys
import threading

CERTIFICATE, LOG = sys.argv[1:]
ME = "21.43.65.2"
NAMES = {
    "allowed.test": [ME],
    "other.test": [ME],
    "a.pkg.test": [ME],
    "plain.pkg.test": [ME],
    "mixed.pkg.test": ["10.1.2.3", ME],
    "own.pkg.test": ["21.43.65.1"],
    "bridge.pkg.test": ["198.18.79.1"],
    "loopback.pkg.test": ["127.0.0.1"],
    "private.pkg.test": ["10.0.0.1"],
    "metadata.pkg.test": ["169.254.169.254"],
    "shared.pkg.test": ["100.64.0.1"],
    "mapped.pkg.test": ["::ffff:21.43.65.2"],
    "nat64.pkg.test": ["64:ff9b::152b:4102"],
    "local6.pkg.test": ["fd00::1"],
    "sixtofour.pkg.test": ["2002:152b:4102::1"],
}
# Public when it is looked up for the first time, and then never again.
REBINDING = "rebind.pkg.test"

lock = threading.Lock()
log = open(LOG, "a")


def note(*words: object) -> None:
    with lock:
        print(*words, file=log, flush=True)


def answer_names() -> None:
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("", 53))
    rebound = False
    while True:
        query, peer = server.recvfrom(4096)
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode())
            at += 1 + query[at]
        name, kind = ".".join(labels).lower(), struct.unpack(">H", query[at + 1 : at + 3])[0]
        addresses = NAMES.get(name, [])
        if name == REBINDING:
            addresses = ["10.0.0.1"] if rebound else [ME]
            rebound = rebound or kind == 1
        if kind == 1:
            note("query", name)
        family, wanted = (socket.AF_INET6, 28) if kind == 28 else (socket.AF_INET, 1)
        packed = [socket.inet_pton(family, a) for a in addresses if (":" in a) == (kind == 28)] if kind == wanted else []
        status = 0x8180 if name in NAMES or name == REBINDING else 0x8183
        reply = query[:2] + struct.pack(">HHHHH", status, 1, len(packed), 0, 0) + query[12 : at + 5]
        for address in packed:
            reply += struct.pack(">HHHIH", 0xC00C, kind, 1, 0, len(address)) + address
        server.sendto(reply, peer)


def serve_tls(connection: socket.socket, peer: str, context: ssl.SSLContext) -> None:
    names: list[str | None] = []
    context.sni_callback = lambda _, name, __: names.append(name)
    with context.wrap_socket(connection, server_side=True) as tls:
        note("tls", names[0], peer)
        request = b""
        while b"\r\n\r\n" not in request:
            part = tls.recv(4096)
            if not part:
                return
            request += part
        note("get", names[0], request.split()[1].decode())
        body = f"hello {names[0]}".encode()
        tls.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def serve_bytes(connection: socket.socket) -> None:
    header = connection.recv(5, socket.MSG_WAITALL)
    connection.recv(struct.unpack(">H", header[3:])[0], socket.MSG_WAITALL)
    rest = int(connection.recv(8, socket.MSG_WAITALL)) * 1024
    block = memoryview(bytes(1 << 18))
    while rest:
        rest -= connection.send(block[: min(rest, len(block))])
    connection.shutdown(socket.SHUT_WR)
    connection.recv(1)


def serve(connection: socket.socket, peer: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, CERTIFICATE + ".key")
    try:
        hello = connection.recv(4096, socket.MSG_PEEK)
        with connection:
            if b"plain.pkg.test" in hello:
                serve_bytes(connection)
            else:
                serve_tls(connection, peer, context)
    except (OSError, ValueError):
        pass


def say_hello() -> None:
    with socket.create_server(("", 8099)) as server:
        while True:
            connection, peer = server.accept()
            note("plain", peer[0])
            with connection:
                connection.sendall(b"hello")


threading.Thread(target=answer_names, daemon=True).start()
threading.Thread(target=say_hello, daemon=True).start()
with socket.create_server(("", 443), backlog=512) as server:
    note("ready")
    while True:
        accepted, address = server.accept()
        threading.Thread(target=serve, args=(accepted, address[0]), daemon=True).start()
