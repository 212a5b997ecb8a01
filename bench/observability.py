"""What events, webhooks and the relay cost: observability.py PART..., of a service that this starts. Prints a line for each figure, and the load of the machine.

feed    from a run's end to the line of `GET /v1/events` and to the webhook, in milliseconds
post    a POST of 20 spans inside a sandbox: while the service works, and while it is stopped
budget  `print(1)` in one sandbox while another sends spans at its budget, and while it sends none
parked  the memory of a parked sandbox with the relay and without it

Run as root, after a build of src/Frontend in Release. It needs Docker and the image podflare/default:local.
"""

from __future__ import annotations

import http.client
import http.server
import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "Telemetry"))

from service import Service, wait_until  # noqa: E402

RUNS = 200
ADMIN = "key-of-an-administrator-of-this-server"
KEY: dict[str, str] = {}
POSTS = """
import http.client, json, os, time
from podflare_trace import span
tid, sid = os.environ["TRACEPARENT"].split("-")[1:3]
def body():
    now = time.time_ns()
    spans = [{{"traceId": tid, "spanId": os.urandom(8).hex(), "parentSpanId": sid, "name": "step", "startTimeUnixNano": str(now), "endTimeUnixNano": str(now + 1), "attributes": [{{"key": "rows", "value": {{"intValue": "7"}}}}, {{"key": "file", "value": {{"stringValue": "a" * 64}}}}]}} for _ in range(20)]
    return json.dumps({{"resourceSpans": [{{"resource": {{"attributes": []}}, "scopeSpans": [{{"scope": {{"name": "s"}}, "spans": spans}}]}}]}}).encode()
c = http.client.HTTPConnection("127.0.0.1", 4318)
took, size = [], len(body())
time.sleep({wait})
for _ in range({times}):
    data = body()
    began = time.perf_counter()
    c.request("POST", "/v1/traces", data, {{"Content-Type": "application/json"}})
    r = c.getresponse(); r.read()
    took.append((time.perf_counter() - began) * 1000)
    assert r.status == 200
    time.sleep(0.002)
took.sort()
print(json.dumps({{"bytes": size, "p50": took[len(took) // 2], "p99": took[int(len(took) * .99)]}}))
"""

# Sends bodies of about 8 KB at the rate of the budget: what it may send at once first, then 256 KiB a second.
FLOOD = POSTS.split("c = http.client")[0] + """
c = http.client.HTTPConnection("127.0.0.1", 4318)
data = body()
began, sent = time.monotonic(), 0
while (passed := time.monotonic() - began) < {seconds}:
    if sent > (2 << 20) + passed * (256 << 10):
        time.sleep(0.005)
        continue
    c.request("POST", "/v1/traces", data, {{"Content-Type": "application/json"}})
    c.getresponse().read()
    sent += len(data)
print(sent // (256 << 10))
"""


def say(what: str, **figures: object) -> None:
    print(what, *(f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}" for name, value in figures.items()), f"(load {os.getloadavg()[0]:.0f})", sep="  ", flush=True)


def feed(service: Service) -> None:
    seen: dict[str, dict[str, float]] = {"webhook": {}, "sse": {}}

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            now = time.time() * 1000
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen["webhook"][told["data"]["run_id"]] = now
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    status, _, answer = service.send("POST", "/v1/webhooks", {"url": f"http://127.0.0.1:{receiver.server_port}/", "events": ["run.ended"]}, **KEY)
    assert status == 201, answer

    def follow() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", service.port)
        connection.request("GET", "/v1/events?types=run.ended", headers={"Accept": "text/event-stream", **KEY})
        try:
            for line in connection.getresponse():
                if line.startswith(b"data:"):
                    seen["sse"][json.loads(line[5:])["run_id"]] = time.time() * 1000
        except ConnectionResetError:
            # The service stops.
            pass

    threading.Thread(target=follow, daemon=True).start()
    sandbox = service.create(**KEY)["id"]
    ended: dict[str, float] = {}
    for _ in range(RUNS):
        run = service.run(sandbox, "print(1)", **KEY)
        # Of the guest's clock, which is the machine's, in whole milliseconds.
        ended[run.id] = run.exit["ts"]
        time.sleep(0.03)
    for name, times in seen.items():
        wait_until(lambda times=times: len(times.keys() & ended.keys()) == RUNS, 30, f"all events by {name}")
        took = sorted(times[run] - at for run, at in ended.items())
        say(f"run.ended to {name}", n=RUNS, p50_ms=statistics.median(took), p99_ms=took[int(RUNS * 0.99)])
    service.delete(sandbox, **KEY)
    receiver.shutdown()


def post(service: Service) -> None:
    sandbox = service.create(**KEY)["id"]
    for round_ in range(2):
        say("POST of 20 spans, working", **json.loads(service.run(sandbox, POSTS.format(wait=0, times=300), **KEY).stdout))
        found: list[str] = []
        reader = threading.Thread(target=lambda: found.append(service.run(sandbox, POSTS.format(wait=1, times=300), **KEY).stdout))
        reader.start()
        time.sleep(0.5)
        service._process.send_signal(signal.SIGSTOP)
        try:
            time.sleep(4)
        finally:
            service._process.send_signal(signal.SIGCONT)
        reader.join()
        say("POST of 20 spans, stopped", **json.loads(found[0]))
    service.delete(sandbox, **KEY)


def budget(service: Service) -> None:
    idle, busy = (service.create(**KEY)["id"] for _ in range(2))

    def measure() -> float:
        took = []
        for _ in range(RUNS):
            began = time.perf_counter()
            service.run(idle, "print(1)", **KEY)
            took.append((time.perf_counter() - began) * 1000)
        return statistics.median(took)

    measure()
    quiet, beside = [], []
    for _ in range(6):
        quiet.append(measure())
        flood = threading.Thread(target=lambda: service.run(busy, FLOOD.format(seconds=4), **KEY))
        flood.start()
        time.sleep(1)  # the burst is over
        beside.append(measure())
        flood.join()
    say("print(1) beside a sandbox at its budget", n=6 * RUNS, alone_ms=statistics.median(quiet), beside_ms=statistics.median(beside), ratio=statistics.median(beside) / statistics.median(quiet))
    for sandbox in (idle, busy):
        service.delete(sandbox, **KEY)


def parked(service: Service) -> None:
    """What the processes of parked containers alone have, each parked for some seconds. Caches of files are not part of it."""
    templates = {"with": "default", "without": "quiet"}
    time.sleep(10)
    filters = ["--filter", f"label=podflare.cluster={service.cluster}"]
    listed = subprocess.run(["docker", "ps", "--format", '{{.ID}} {{.Label "podflare.template"}}', *filters], capture_output=True, text=True, check=True).stdout
    for name, wanted in templates.items():
        sizes = sorted(filter(None, (_memory(line.split()[0]) for line in listed.splitlines() if line.split()[1] == wanted)))
        say(f"parked, {name} the relay", n=len(sizes), median_kib=statistics.median(sizes), minimum_kib=sizes[0])


def _memory(container: str) -> int:
    """KiB; 0 for a container that is gone."""
    total = 0
    for line in subprocess.run(["docker", "top", container, "-eo", "pid"], capture_output=True, text=True, check=False).stdout.splitlines()[1:]:
        rollup = Path(f"/proc/{line.strip()}/smaps_rollup")
        if rollup.exists():
            total += sum(int(row.split()[1]) for row in rollup.read_text().splitlines() if row.startswith("Private_Dirty:"))
    return total


def main() -> None:
    parts = {"feed": feed, "post": post, "budget": budget, "parked": parked}
    wanted = sys.argv[1:] or list(parts)
    service = Service(
        name="bench", PODFLARE_ADMIN_KEYS=f"ops:{ADMIN}", Podflare__Webhooks__AllowHttp="true", Podflare__Webhooks__AllowedAddresses="127.0.0.1", Podflare__Templates__quiet__Image="podflare/default:local", Podflare__Templates__quiet__Relay="false",
        Podflare__Templates__quiet__PoolMin="4", Podflare__Templates__default__PoolMin="4",
    )
    try:
        admin = {"Authorization": f"Bearer {ADMIN}"}
        service.send("POST", "/v1/tenants", {"id": "bench"}, **admin)
        _, _, made = service.send("POST", "/v1/keys", {"name": "bench", "tenant": "bench", "scopes": ["sandboxes", "keys"]}, **admin)
        KEY["Authorization"] = f"Bearer {json.loads(made)['key']}"
        for part in wanted:
            parts[part](service)
    finally:
        service.close()


if __name__ == "__main__":
    main()
