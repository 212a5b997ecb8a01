#!/usr/bin/env python3
"""Sends a real supervisor frames that no worker sends, and fails if it dies, waits, or grows. Run manually, as root: eng/fuzz.sh guest

    fuzz_frames.py [--frames N] [--guests N] [--seed N]

Behind each frame follows a PING, so what became of the frame is known: the supervisor has answered it, has set it aside, or has closed the
connection. Tasks that remove or move files are left out: this supervisor sees the files of the machine.
"""

from __future__ import annotations

import argparse
import base64
import collections
import concurrent.futures
import json
import random
import re
import socket
import struct
import sys
import time

import host
from host import ACK, CONTEXT, ENV, FILE, FILE_CANCEL, FILE_DATA, FILE_END, FILE_NEXT, HEADER, INTERRUPT, KILL, OUT, PING, PONG, READY, RESIZE, RUN, SIGNAL, STDIN, WELCOME, Guest

sys.path.insert(0, str(host.GUEST))
from podflare_guest.frames import FrameReader, Malformed  # noqa: E402

LIMIT_SECONDS = 5.0
MOST_GROWTH_KIB = 64 * 1024
NUMBERED = (30, 31, 32, 33)
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|-?\d+|true|false|null|\[[^\[\]]*\]|\{[^{}]*\}')
VALUES = ["null", "true", "-1", "0", "1.5", "1e999", "2147483648", "9223372036854775808", "99999999999999999999", '""', '"x"', '"\\ud800"', '"\\u0000"', '"' + "x" * 5000 + '"', "[]", "{}", "[null]",
          "[" * 80 + "]" * 80, "[" * 3000, "NaN", "Infinity", "", '"SIGKILL"', '"python"', '"bash"', '"alone"', '"base64"', '{"":""}', '{"A=B":"\\u0000"}']


def is_json(text: str) -> bool:
    try:
        json.loads(text, parse_constant=lambda name: 1 / 0)
        return True
    except (ValueError, ArithmeticError, RecursionError):
        return False


JSON_VALUES = [value for value in VALUES if is_json(value)]


def corpus(rng: random.Random, run: str, home: bytes) -> tuple[int, bytes]:
    path = base64.b64encode(home + b"/a").decode()
    raw = bytes.fromhex(run[4:])
    what = {"run": run, "language": rng.choice(["python", "bash"]), "timeout_ms": 2000, "grace_ms": 100, "env": {"A": "b"}}
    extra = rng.choice([{}, {"stdin": True}, {"kind": "process"}, {"kind": "process", "argv": ["true"], "stderr": "separate"}, {"kind": "process", "pty": {"cols": 80, "rows": 24}}, {"fresh": True}, {"context": "python"},
                        {"kind": "watch", "path": base64.b64encode(home).decode(), "recursive": True}, {"display": "last", "columns": True}, {"traceparent": "00-" + "4" * 32 + "-" + "5" * 16 + "-01"}])
    text = json.dumps({**what, **extra}).encode()
    return rng.choice([
        (RUN, struct.pack(">I", len(text)) + text + rng.choice([b"1", b"print(1)", b"true", b"", b"\xff"])),
        (ENV, b'{"env":{"A":"b"}}'),
        (INTERRUPT, json.dumps({"run": run, "grace_ms": 10}).encode()),
        (KILL, json.dumps({"run": run, "reason": "killed"}).encode()),
        (STDIN, raw + b"\0" + bytes(8) + b"x\n"),
        (STDIN, raw + b"\1" + struct.pack(">Q", 2)),
        (RESIZE, json.dumps({"run": run, "cols": 10, "rows": 10}).encode()),
        (SIGNAL, json.dumps({"run": run, "signal": "TERM", "scope": "process"}).encode()),
        (CONTEXT, rng.choice([b'{"do":"list"}', b'{"do":"create","language":"bash","id":"ctx_' + b"1" * 32 + b'"}', b'{"do":"delete","id":"ctx_' + b"1" * 32 + b'"}', b'{"do":"interrupt","id":"python","queued":true,"grace_ms":1}'])),
        (FILE, json.dumps({"do": rng.choice(["read", "list", "stat", "tree", "mkdir", "tar_read"]), "path": path, "limit": 10, "depth": 2, "after": "", "follow": True, "parents": False}).encode()),
        (FILE, json.dumps({"do": "write", "path": path, "size": 3, "if_none_match": "*"}).encode()),
        (FILE_DATA, b"abc"), (FILE_NEXT, b""), (FILE_END, b""), (FILE_CANCEL, b""),
        (ACK, struct.pack(">Q", rng.choice([0, 1, 1, 1, 1, 1 << 63]))),
    ])


def mutate_bytes(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(out) + 1)
        kind = rng.randrange(4)
        if kind == 0 and at < len(out):
            out[at] = rng.choice([0, 0xFF, 0x80, 0x22, rng.randrange(256)])
        elif kind == 1:
            out[at:at] = rng.randbytes(rng.randint(1, 6))
        elif kind == 2:
            del out[at : at + rng.randint(1, 8)]
        else:
            out[at:at] = out[at : at + rng.randint(1, 16)]
    return bytes(out)


def mutate(payload: bytes, rng: random.Random) -> bytes:
    start = payload.find(b"{")
    # What is not JSON closes the connection, and a new one takes a tenth of a second: most of it must be JSON.
    if start < 0 or rng.random() < 0.05:
        return mutate_bytes(payload, rng)
    text = payload[start:].decode("latin-1")
    for _ in range(rng.randint(1, 2)):
        tokens = [token for token in TOKEN.finditer(text) if rng.random() < 0.1 or not text[token.end() :].startswith(":")]
        if tokens:
            token = rng.choice(tokens)
            text = text[: token.start()] + (rng.choice(VALUES) if rng.random() < 0.1 else rng.choice(JSON_VALUES)) + text[token.end() :]
    changed = text.encode("latin-1")
    # RUN begins with the length of its JSON.
    return (struct.pack(">I", len(changed)) if start == 4 and rng.random() < 0.7 else payload[:start]) + changed


class Fuzzer:
    def __init__(self, frames: int, seed: str) -> None:
        self.left, self.seed, self.rng = frames, seed, random.Random(seed)
        self.outcomes: collections.Counter[str] = collections.Counter()
        self.slowest = 0.0
        self.growth = 0
        self.restarts = 0

    def run(self) -> None:
        while self.left > 0:
            with Guest() as guest:
                self.restarts += 1
                pid = self._supervisor(guest)
                before = None
                # An accepted KILL of all runs closes a supervisor for good, so none lives for ever.
                for count in range(min(self.left, 5_000)):
                    if guest.connection is None and not self._reconnect(guest):
                        break
                    self._send(guest)
                    self.left -= 1
                    if count == 1_000:
                        before = self._memory(pid)
                if guest.process.poll() is not None:
                    raise AssertionError(f"the supervisor has died: {guest.process.returncode}, seed {self.seed}")
                if before is not None:
                    self.growth = max(self.growth, self._memory(pid) - before)

    def _send(self, guest: Guest) -> None:
        rng = self.rng
        run = f"run_{rng.randrange(40):032x}" if rng.random() < 0.9 else "run_" + rng.randbytes(16).hex()
        kind, payload = corpus(rng, run, str(guest.home).encode())
        if rng.random() < (0.1 if kind == ACK else 0.7):
            payload = mutate(payload, rng)
        if rng.random() < 0.01:
            kind = rng.randrange(256)
        number = rng.choice([rng.randrange(1 << 16), 0, (1 << 64) - 1])
        data = HEADER.pack(len(payload), kind, number, rng.choice([0, -1, 1 << 62])) + payload
        is_whole = rng.random() > 0.005
        if not is_whole:
            data = mutate_bytes(data, rng)
        assert guest.connection is not None
        before, start = len(guest.frames), time.monotonic()
        try:
            guest.connection.sendall(data + (HEADER.pack(0, PING, 0, 0) if is_whole else b""))
            if not is_whole:
                guest.connection.shutdown(socket.SHUT_WR)
            while guest.connection is not None and not any(frame.kind == PONG for frame in guest.frames[before:]):
                if time.monotonic() - start > LIMIT_SECONDS:
                    raise AssertionError(f"no answer within {LIMIT_SECONDS} s, seed {self.seed}: {data[:400]!r}")
                self._pump(guest)
        except OSError:
            guest.disconnect()
        self.slowest = max(self.slowest, time.monotonic() - start)
        answered = any(frame.number == number and frame.kind not in (PONG, READY, *NUMBERED) for frame in guest.frames[before:])
        self.outcomes["closed" if guest.connection is None else "answered" if answered else "set aside"] += 1
        if len(guest.frames) > 2_000:
            del guest.frames[1:-1], guest.numbered[:-1]

    @staticmethod
    def _pump(guest: Guest) -> None:
        try:
            guest.pump(LIMIT_SECONDS / 10)
        except ConnectionError:
            guest.disconnect()

    def _reconnect(self, guest: Guest) -> bool:
        try:
            guest.accept(seconds=LIMIT_SECONDS)
            return True
        except (TimeoutError, ConnectionError) as error:
            raise AssertionError(f"the supervisor does not connect again, seed {self.seed}") from error

    @staticmethod
    def _supervisor(guest: Guest) -> int:
        children = open(f"/proc/{guest.process.pid}/task/{guest.process.pid}/children").read().split()
        return int(children[0]) if children else guest.process.pid

    @staticmethod
    def _memory(pid: int) -> int:
        return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{pid}/status").read())[1])  # type: ignore[index]


def fuzz_reader(count: int, seed: str) -> collections.Counter[str]:
    """The same bytes give the same frames, however they are cut."""
    rng = random.Random(seed)
    outcomes: collections.Counter[str] = collections.Counter()
    while sum(outcomes.values()) < count:
        frames = [corpus(rng, f"run_{rng.randrange(40):032x}", b"/root") for _ in range(50)]
        stream = b"".join(HEADER.pack(len(payload), kind, number, 0) + payload for number, (kind, payload) in enumerate(frames))
        if is_changed := rng.random() < 0.5:
            stream = mutate_bytes(stream, rng)
        results = []
        for cuts in (1, rng.randint(2, 200)):
            reader, found = FrameReader(), []
            edges = sorted({0, len(stream), *(rng.randrange(len(stream)) for _ in range(cuts - 1))})
            try:
                for start, end in zip(edges, edges[1:]):
                    found += reader.feed(stream[start:end])
            except Malformed:
                found.append("malformed")
            results.append(found)
        # A long cut is refused before its frames are given out.
        if "malformed" not in results[0] and results[0] != results[1] or not is_changed and [(kind, payload) for kind, _, payload in results[0]] != frames:
            raise AssertionError(f"the frames depend on the cut, seed {seed}: {stream[:400]!r}")
        outcomes["changed" if is_changed else "as sent"] += len(frames)
    return outcomes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=50_000)
    parser.add_argument("--guests", type=int, default=8)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    options = parser.parse_args()
    if (reason := host.why_no_guest()) is not None:
        sys.exit(f"fuzz_frames.py {reason}")
    start = time.monotonic()
    fuzzers = [Fuzzer(options.frames // options.guests, f"{options.seed} guest {index}") for index in range(options.guests)]
    try:
        reader = fuzz_reader(options.frames, f"{options.seed} reader")
        with concurrent.futures.ThreadPoolExecutor(options.guests) as pool:
            for future in concurrent.futures.as_completed([pool.submit(fuzzer.run) for fuzzer in fuzzers]):
                future.result()
    except AssertionError as error:
        sys.exit(f"fuzz_frames.py: {error}")
    outcomes = sum((fuzzer.outcomes for fuzzer in fuzzers), collections.Counter())
    growth = max(fuzzer.growth for fuzzer in fuzzers)
    print(f"reader: {reader.total()} frames, {dict(reader)}")
    print(f"supervisor: {outcomes.total()} frames (seed {options.seed}), {dict(outcomes)}, 0 crashes, 0 hangs; slowest {max(fuzzer.slowest for fuzzer in fuzzers) * 1000:.0f} ms; {sum(fuzzer.restarts for fuzzer in fuzzers)} supervisors; "
          f"memory +{growth} KiB at most; {time.monotonic() - start:.0f} s")
    if growth > MOST_GROWTH_KIB:
        sys.exit(f"fuzz_frames.py: a supervisor has grown by {growth} KiB")


if __name__ == "__main__":
    main()
