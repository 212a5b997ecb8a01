#!/usr/bin/env python3
"""Sends malformed HTTP requests and guest frames to a running service, and fails if it crashes, hangs or has a fault of its own. Run by hand.

    fuzz-service.py --url http://127.0.0.1:7070 --run-folder /var/lib/podflare [--requests 100000] [--frames 1000000] [--seed N] [--key KEY]

The service must have been started for this purpose: its sandboxes are broken by what is sent in the name of their guests. With --frames 0 or without --run-folder,
no frames are sent; frames need root, as the sockets belong to it. The seed of a failure is printed, so that it can be repeated.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import http.client
import json
import os
import random
import socket
import struct
import sys
import threading
import time
import urllib.parse
from pathlib import Path

ANSWER_SECONDS = 40
PATIENCE_SECONDS = 0.5
THREADS = 16
ALLOWED = {501, 503, 505, 507}
"""Server errors that are answers, not faults: not offered, no capacity, an HTTP version, a full disk. A 503 has a Retry-After."""

TEXTS = [b"", b"{}", b"[]", b"null", b'{"code":"1"}', b'{"code":1}', b'{"code":"\\ud800"}', b'{"\\ud800":1}', b'{"code":"' + b"x" * 3000 + b'"}', b'{"timeout_seconds":1e999,"code":"1"}',
         b'{"env":{"":""},"code":"1"}', b'{"metadata":{"k":"v"}}', b"[" * 2000, b'{"argv":["true"]}', b"\xff\xfe", b'{"code":"1","language":"bash","pty":{}}', b'{"data":"!!"}']
PATHS = ["/v1/sandboxes", "/v1/sandboxes/{id}", "/v1/sandboxes/{id}/exec", "/v1/sandboxes/{id}/replay", "/v1/sandboxes/{id}/runs", "/v1/sandboxes/{id}/runs/{run}", "/v1/sandboxes/{id}/runs/{run}/events",
         "/v1/sandboxes/{id}/runs/{run}/stdin", "/v1/sandboxes/{id}/runs/{run}/interrupt", "/v1/sandboxes/{id}/files/root/a", "/v1/sandboxes/{id}/files", "/v1/sandboxes/{id}/contexts",
         "/v1/sandboxes/{id}/fs/archive", "/v1/sandboxes/{id}/fs/move", "/compat/podflare/v1/sandboxes", "/compat/podflare/v1/sandboxes/{id}/exec", "/v1/templates", "/v1/healthz", "/livez", "/docs",
         "/openapi/v1.json", "/errors/not_found", "/", "/v1/nothing"]
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "PRI", "get", "X" * 40]
HEADERS = ["Content-Type: application/json", "Content-Type: application/json; charset=utf-7", "Content-Type: multipart/form-data", "Content-Encoding: gzip", "Transfer-Encoding: chunked",
           "Transfer-Encoding: gzip, chunked", "Expect: 100-continue", "Expect: nothing", "Origin: null", "Sec-Fetch-Site: cross-site", "Range: bytes=0-", "Range: bytes=9-1", "If-Match: *", "If-Match: \"",
           "If-None-Match: W/", "traceparent: 00-{0}-{1}-01", "traceparent: zz", "tracestate: a=b,,=", "baggage: a=%zz", "Idempotency-Key: k", "Idempotency-Key: \x01", "Accept: text/event-stream",
           "Last-Event-ID: x", "Content-Length: 2", "Content-Length: -1", "Content-Length: 99999999999999999999", "Connection: upgrade", "Upgrade: websocket", "Host: evil.example", "X: " + "y" * 9000]
QUERIES = ["", "?limit=1", "?limit=x", "?cursor=%FF", "?cursor=AA", "?after=-1", "?after=99999999999999999999", "?heartbeat=1", "?path=/root", "?path=%00", "?path=..", "?depth=9", "?state=%ED%A0%80", "?" + "a=b&" * 300]


def mutate(data: bytes, rng: random.Random) -> bytes:
    """Changes, inserts, removes or repeats a few bytes."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(out) + 1)
        kind = rng.randrange(4)
        if kind == 0 and out:
            out[min(at, len(out) - 1)] = rng.randrange(256)
        elif kind == 1:
            out[at:at] = bytes(rng.randrange(256) for _ in range(rng.randint(1, 6)))
        elif kind == 2:
            del out[at : at + rng.randint(1, 8)]
        else:
            out[at:at] = out[at : at + rng.randint(1, 16)]
    return bytes(out)


class Service:
    def __init__(self, url: str, key: str | None) -> None:
        parts = urllib.parse.urlsplit(url)
        self.address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}

    def call(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(*self.address, timeout=ANSWER_SECONDS)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {**self.headers, **({"Content-Type": "application/json"} if text else {})})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def create(self) -> str | None:
        status, body = self.call("POST", "/v1/sandboxes", {})
        return json.loads(body)["id"] if status == 200 else None

    def check(self) -> None:
        status, body = self.call("GET", "/livez")
        if status != 200:
            raise AssertionError(f"/livez answers {status} {body[:200]!r}")


def request_of(rng: random.Random, sandbox: str) -> bytes:
    run = "run_" + "".join(rng.choices("0123456789abcdef", k=32))
    path = rng.choice(PATHS).replace("{id}", sandbox if rng.random() < 0.8 else rng.choice(["x", "%ff", sandbox.upper(), "sbx_"])).replace("{run}", run if rng.random() < 0.8 else "x") + rng.choice(QUERIES)
    body = rng.choice(TEXTS) if rng.random() < 0.7 else mutate(rng.choice(TEXTS), rng)
    lines = [f"{rng.choice(METHODS)} {path} HTTP/1.1", "Host: 127.0.0.1"]
    extra = rng.sample(HEADERS, rng.randint(0, 4))
    lines += [header.replace("{0}", "4" * 32).replace("{1}", "5" * 16) for header in extra]
    if not any(header.startswith(("Content-Length", "Transfer-Encoding")) for header in extra):
        lines.append(f"Content-Length: {len(body)}")
    if rng.random() < 0.6:
        lines.append("Content-Type: application/json")
    data = "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + body
    return mutate(data, rng) if rng.random() < 0.3 else data


def exchange(service: Service, data: bytes, name: str) -> bytes:
    """Sends a request, and reads until the server closes the connection."""
    with socket.create_connection(service.address, ANSWER_SECONDS) as connection:
        answer = b""
        try:
            connection.sendall(data)
            connection.settimeout(PATIENCE_SECONDS)
            is_open = True
            while len(answer) < 1 << 22:
                try:
                    chunk = connection.recv(65536)
                except TimeoutError:
                    if not is_open:
                        raise AssertionError(f"no end of an answer within {ANSWER_SECONDS} s to {name}: {data[:400]!r}") from None
                    # Perhaps the request is incomplete: say that nothing more comes.
                    connection.shutdown(socket.SHUT_WR)
                    connection.settimeout(ANSWER_SECONDS)
                    is_open = False
                    continue
                if not chunk:
                    break
                answer += chunk
        except (ConnectionResetError, BrokenPipeError):
            pass
    return answer


def fuzz_requests(service: Service, count: int, seed: int) -> None:
    seen: collections.Counter[str] = collections.Counter()
    began = time.monotonic()
    numbers = iter(range(count))
    lock = threading.Lock()

    def work() -> None:
        sandbox = service.create() or "sbx_00000001ffffffffffffffffffffffff"
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            name = f"request {number} of seed {seed}"
            data = request_of(random.Random(f"{seed} request {number}"), sandbox)
            answer = exchange(service, data, name)
            status = answer[9:12].decode("latin-1") if answer.startswith(b"HTTP/1.1 ") else "closed"
            with lock:
                seen[status] += 1
            if status.startswith("5") and (int(status) not in ALLOWED or b'"internal"' in answer):
                raise AssertionError(f"{answer[:600]!r} is the answer to {name}: {data[:600]!r}")
            if number % 500 == 499:
                service.check()
                if service.call("GET", f"/v1/sandboxes/{sandbox}")[0] != 200:
                    sandbox = service.create() or sandbox
            if number % 5_000 == 4_999:
                print(f"{number + 1} requests, {time.monotonic() - began:.0f} s, {dict(seen.most_common())}", flush=True)

    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        for future in concurrent.futures.as_completed([pool.submit(work) for _ in range(THREADS)]):
            future.result()
    print(f"{count} requests: {dict(seen.most_common())}", flush=True)


def frame(kind: int, number: int, at: int, payload: bytes) -> bytes:
    return struct.pack(">IBQq", len(payload), kind, number, at) + payload


def frames_of(rng: random.Random, count: int) -> bytes:
    now = int(time.time() * 1000)
    boot = "".join(rng.choices("0123456789abcdef", k=32))
    hello = json.dumps({"version": 1, "max_version": rng.choice([1, 2, 3, 99]), "boot": boot, "first": 1, "repl": 1, "runs": []}).encode()
    out = [frame(1, 0, now, hello if rng.random() < 0.9 else mutate(hello, rng))]
    run = bytes(rng.randrange(256) for _ in range(16))
    for number in range(1, count):
        kind = rng.randrange(0, 40) if rng.random() < 0.9 else rng.randrange(256)
        payload = rng.choice([b"", run, run + b"\x01text\n", run + b"\x02\xff\xfe", run + b"{}", b"{}", b'{"repl":1}', b"null", run + b'{"reason":"exited","code":0}', b"[" * 500, run + b"\x01" * 70_000])
        if rng.random() < 0.3:
            payload = mutate(payload, rng)
        data = frame(kind, rng.choice([number, 0, 2**64 - 1, number - 1]), rng.choice([now, 0, -1, 253_402_300_799_999, 2**63 - 1]), payload)
        out.append(mutate(data, rng) if rng.random() < 0.02 else data)
    return b"".join(out)


def fuzz_frames(service: Service, folder: Path, count: int, seed: int) -> None:
    sent, batch, connections = 0, 100, 0
    began = time.monotonic()
    while sent < count:
        rng = random.Random(f"{seed} frames {connections}")
        # Sandboxes as the service makes them: their guests are pushed aside by the last connection.
        # A folder may disappear while it is read, when its sandbox ends.
        sockets = sorted(Path(parent, name) for parent, _, names in os.walk(folder / "s") for name in names)
        if not sockets:
            service.create()
            time.sleep(0.2)
            continue
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(ANSWER_SECONDS)
            try:
                connection.connect(str(rng.choice(sockets)))
                connection.sendall(frames_of(rng, batch))
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
            except TimeoutError as e:
                raise AssertionError(f"a guest's connection is neither read nor closed; connection {connections} of seed {seed}") from e
            except OSError:
                pass
        sent += batch
        connections += 1
        if connections % 200 == 0:
            service.check()
        if connections % 1_000 == 0:
            print(f"{sent} frames, {time.monotonic() - began:.0f} s", flush=True)
    print(f"{sent} frames over {connections} connections")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:7070")
    parser.add_argument("--key", default=os.environ.get("PODFLARE_API_KEY"))
    parser.add_argument("--run-folder", type=Path)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    options = parser.parse_args()
    service = Service(options.url, options.key)
    print(f"seed {options.seed}")
    try:
        if options.requests:
            fuzz_requests(service, options.requests, options.seed)
        if options.frames and options.run_folder:
            fuzz_frames(service, options.run_folder, options.frames, options.seed)
        service.check()
    except (AssertionError, ConnectionRefusedError) as e:
        sys.exit(f"fuzz-service.py: {e or 'the service does not accept connections any more'}")


if __name__ == "__main__":
    main()
