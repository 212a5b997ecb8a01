"""What the tests of telemetry run: a cluster by eng/cluster.sh, a single process, and an OTLP receiver that is not ours."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAM = REPOSITORY / "artifacts/bin/Frontend/release/Podflare.Frontend.dll"
_DECODER = REPOSITORY / "artifacts/otlp/node_modules/@opentelemetry/otlp-transformer/build/src/generated/root.js"
_CLUSTER = os.environ.get("PODFLARE_TEST_CLUSTER") or f"test-{secrets.token_hex(4)}"

# Telemetry leaves at once, so that tests wait for it and not for a timer.
QUICK = {
    "OTEL_BSP_SCHEDULE_DELAY": "100",
    "OTEL_BLRP_SCHEDULE_DELAY": "100",
    "OTEL_METRIC_EXPORT_INTERVAL": "1000",
    "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
}


def wait_until(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """Returns what the condition gives once that is true; raises after so many seconds."""
    deadline = time.monotonic() + seconds
    polls = threading.Event()
    while time.monotonic() < deadline:
        if found := condition():
            return found
        polls.wait(0.05)
    raise TimeoutError(f"not within {seconds} s: {what}")


def free_port() -> int:
    # Below the ports of outgoing connections, of which other tests could take it before a service listens.
    while True:
        port = random.randrange(20_000, 32_000)
        with contextlib.suppress(OSError), socket.socket() as listener:
            listener.bind(("127.0.0.1", port))
            return port


def install() -> None:
    subprocess.run([REPOSITORY / "eng/ensure-otlp.sh"], check=True, stdout=subprocess.DEVNULL)


class Receiver:
    """Takes OTLP over HTTP and keeps what came."""

    def __init__(self, mode: str = "ok") -> None:
        self.requests: list[dict[str, Any]] = []
        command = ["node", str(Path(__file__).with_name("receiver.js")), str(_DECODER), mode]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{json.loads(self._process.stdout.readline())['port']}"
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.requests.append(json.loads(line))

    def _all(self, kind: str) -> list[dict[str, Any]]:
        return [item for request in list(self.requests) for item in request.get(kind, [])]

    @property
    def spans(self) -> list[dict[str, Any]]:
        return self._all("spans")

    @property
    def logs(self) -> list[dict[str, Any]]:
        return self._all("logs")

    @property
    def metrics(self) -> list[dict[str, Any]]:
        return self._all("metrics")

    def wait_span(self, name: str, trace: str | None = None, **attributes: Any) -> dict[str, Any]:
        """The span of this name, once it has come; ``a_b`` stands for the attribute ``a.b``."""

        def find() -> dict[str, Any] | None:
            for span in self.spans:
                if span["name"] != name or (trace is not None and span["trace"] != trace):
                    continue
                if all(span["attributes"].get(key.replace("_", ".")) == value for key, value in attributes.items()):
                    return span
            return None

        found: dict[str, Any] = wait_until(find, 15, f"the receiver has a span {name} {trace} {attributes}")
        return found

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join(5)
        if self._process.stdout is not None:
            self._process.stdout.close()


class Run:
    """The answer to an exec."""

    def __init__(self, status: int, headers: dict[str, str], lines: list[str]) -> None:
        self.status = status
        self.headers = headers
        self.id = headers.get("podflare-run-id", "")
        self.trace = headers.get("podflare-trace-id", "")
        self.events = [json.loads(line) for line in lines]

    @property
    def stdout(self) -> str:
        return "".join(event["data"] for event in self.events if event["type"] == "stdout")

    @property
    def exit(self) -> dict[str, Any]:
        return next(event for event in self.events if event["type"] == "exit")


class Api:
    """One frontend."""

    def __init__(self, port: int) -> None:
        self.port = port

    def send(self, method: str, path: str, body: Any = None, timeout: float = 60, **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            content = None if body is None else json.dumps(body)
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            if content is not None:
                sent["Content-Type"] = "application/json"
            connection.request(method, path, content, sent)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def create(self, body: dict[str, Any] | None = None, **headers: str) -> dict[str, Any]:
        def ask() -> tuple[int, bytes] | None:
            status, _, content = self.send("POST", "/v1/sandboxes", body or {}, **headers)
            # Safe to repeat, as every client does.
            return None if status == 503 else (status, content)

        status, content = wait_until(ask, 30, "a create that is not told to come again")
        if status != 200:
            raise AssertionError(f"create: {status} {content!r}")
        answer: dict[str, Any] = json.loads(content)
        return answer

    def run(self, sandbox: str, code: str, body: dict[str, Any] | None = None, **headers: str) -> Run:
        asked = {"code": code, "language": "python", **(body or {})}
        status, got, content = self.send("POST", f"/v1/sandboxes/{sandbox}/exec", asked, **headers)
        if status != 200:
            raise AssertionError(f"exec: {status} {content!r}")
        return Run(status, got, content.decode().splitlines())

    def delete(self, sandbox: str, **headers: str) -> None:
        status, _, content = self.send("DELETE", f"/v1/sandboxes/{sandbox}", **headers)
        if status != 204:
            raise AssertionError(f"delete: {status} {content!r}")

    def ready(self) -> bool:
        try:
            return self.send("GET", "/readyz", timeout=2)[0] == 200
        except OSError:
            return False


def _environment(settings: dict[str, str]) -> dict[str, str]:
    # An exporter or a trace of the caller's own must not reach these tests.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "PODFLARE_", "Podflare__"))}
    return kept | {name: os.environ[name] for name in ("PODFLARE_TEST_CLUSTER", "PODFLARE_TEST_FOLDER") if name in os.environ} | settings


def _folder() -> str:
    # Short, because a unix socket's path ends at 107 bytes.
    return tempfile.mkdtemp(prefix="pft.", dir=os.environ.get("PODFLARE_TEST_FOLDER", "/tmp"))


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text().splitlines():
        if line.startswith("{"):
            yield json.loads(line)


def about(lines: list[dict[str, Any]], sandbox: str) -> list[dict[str, Any]]:
    """The lines that name the sandbox, from when it was somebody's: its container may have waited in the pool until then."""
    found = sorted((line for line in lines if sandbox in json.dumps(line)), key=lambda line: line["timestamp"])
    while found and "trace_id" not in found[0] and re.match(r"Started (the )?container|Guest of sandbox \w+ connected", found[0]["message"]):
        found.pop(0)
    return found


class Cluster:
    """Redis, two workers, two frontends."""

    def __init__(self, **settings: str) -> None:
        self.folder = Path(_folder())
        base = wait_until(_free_range, 10, "25 free ports in a row")
        self._environment = _environment(settings) | {
            "PODFLARE_CLUSTER_DIR": str(self.folder / "c"),
            "PODFLARE_CLUSTER_PORT": str(base),
            "PODFLARE_CLUSTER_ID": f"{_CLUSTER}-t",
            "PODFLARE_SKIP_SETUP": "1",
        }
        self.first, self.second = Api(base + 1), Api(base + 2)
        self.worker_ports = (base + 3, base + 4)
        try:
            self._script("up")
        except RuntimeError:
            self.close()
            raise

    def kill(self, name: str, with_signal: str = "KILL") -> None:
        self._script("kill", name, with_signal)

    def lines(self) -> list[dict[str, Any]]:
        """Every log line of all processes so far."""
        return [line for path in sorted((self.folder / "c/logs").glob("*.log")) for line in _lines(path)]

    def text(self) -> str:
        return "".join(path.read_text() for path in sorted((self.folder / "c/logs").glob("*.log")))

    def close(self) -> None:
        self._script("down")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _script(self, *arguments: str) -> None:
        done = subprocess.run([REPOSITORY / "eng/cluster.sh", *arguments], env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"cluster.sh {arguments[0]}: {done.stdout.decode()}")


class Service(Api):
    """The embedded single process."""

    def __init__(self, program: Path = PROGRAM, name: str = "e", **settings: str) -> None:
        super().__init__(free_port())
        self.folder = Path(_folder())
        self._log = (self.folder / "log").open("wb")
        self.cluster = f"{_CLUSTER}-t{name}"
        environment = _environment(settings) | {
            "PODFLARE_HOSTD_ADDR": f"127.0.0.1:{self.port}",
            "Podflare__RunFolder": str(self.folder / "r"),
            "Podflare__ClusterId": self.cluster,
        }
        self._process = subprocess.Popen(["dotnet", str(program)], env=environment, cwd=REPOSITORY, stdout=self._log, stderr=subprocess.STDOUT)
        try:
            wait_until(self._is_up, 60, "the service is ready")
        except Exception:
            self.close()
            raise

    def _is_up(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"the service ended before it was ready: {(self.folder / 'log').read_text()}")
        return self.ready()

    def lines(self) -> list[dict[str, Any]]:
        return list(_lines(self.folder / "log"))

    def text(self) -> str:
        return (self.folder / "log").read_text()

    def stop(self) -> float:
        """Stops it politely; the seconds that it took."""
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(40)
        return time.monotonic() - began

    def close(self) -> None:
        if self._process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _free_range() -> int | None:
    base = 20_000 + 100 * secrets.randbelow(400)
    for port in range(base, base + 25):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return None
    return base
