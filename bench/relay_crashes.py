"""Kills a worker under spans: relay_crashes.py [CRASHES], 100 unless told otherwise. Exits with 1 when a span was lost, or is in a record twice.

Each crash has a run of its own, whose code makes 100 spans a second for five seconds. The worker of its sandbox is killed at a random moment of the run. Afterwards, the run's trace must have each span once, unless it says how many were dropped because the sandbox's queue was full.

Run as root, after a build of src/Silo and src/Frontend in Release. It needs Docker, Redis and the image podflare/default:local.
"""

from __future__ import annotations

import collections
import json
import os
import random
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "Telemetry"))

from service import Cluster, Run, wait_until  # noqa: E402

SPANS = 500
CODE = f"""
import time
from podflare_trace import span
began = time.monotonic()
for i in range({SPANS}):
    with span("step/" + str(i)):
        pass
    time.sleep(max(0, began + (i + 1) / 100 - time.monotonic()))
print("done")
"""


def trace_of(cluster: Cluster, sandbox: str, run: str) -> tuple[dict[str, str], collections.Counter[str]] | None:
    """The headers of the run's trace, and how often it has each of its spans; nothing while no worker answers for the sandbox."""
    status, headers, content = cluster.first.send("GET", f"/v1/sandboxes/{sandbox}/runs/{run}/trace")
    if status != 200:
        return None
    groups = json.loads(content)["resourceSpans"]
    return headers, collections.Counter(span["name"] for group in groups for scope in group["scopeSpans"] for span in scope["spans"] if span["name"].startswith("step/"))


def worker_of(cluster: Cluster, sandbox: str) -> str:
    """The worker whose host has the sandbox: its id has that of the host."""
    first = (cluster.folder / "c/w1/host").read_text().split()[0]
    return "worker1" if sandbox[4:12] == first else "worker2"


def crash(cluster: Cluster, sandbox: str, worker: str, moment: float) -> tuple[int, int, int]:
    """Spans that were lost, that are there more than once, and that were dropped and counted."""
    runs: list[Run] = []
    reader = threading.Thread(target=lambda: runs.append(cluster.first.run(sandbox, CODE)))
    reader.start()
    time.sleep(moment)
    cluster.kill(worker)
    reader.join(120)
    (run,) = runs
    if run.exit["data"] != 0 or run.stdout != "done\n":
        raise RuntimeError(f"the run ended with {run.exit}")
    last: tuple[dict[str, str], collections.Counter[str]] | None = None

    def settled() -> bool:
        nonlocal last
        last = trace_of(cluster, sandbox, run.id) or last
        return last is not None and len(last[1]) + int(last[0].get("podflare-trace-dropped", 0)) >= SPANS

    try:
        wait_until(settled, 30, "all spans in the record")
    except TimeoutError:
        pass
    if last is None:
        raise RuntimeError("the trace cannot be read")
    headers, counted = last
    dropped = int(headers.get("podflare-trace-dropped", 0))
    return max(0, SPANS - len(counted) - dropped), sum(1 for times in counted.values() if times > 1), dropped


def main() -> int:
    crashes = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    chosen = random.Random(1)
    cluster = Cluster()
    lost = twice = dropped = 0
    try:
        for number in range(crashes):
            sandbox = wait_until(lambda: cluster.first.create().get("id"), 60, "a sandbox")
            figures = crash(cluster, sandbox, worker_of(cluster, sandbox), chosen.uniform(0.2, 4.5))
            lost, twice, dropped = lost + figures[0], twice + figures[1], dropped + figures[2]
            if any(figures):
                print(f"crash {number + 1}: lost {figures[0]}, twice {figures[1]}, dropped and counted {figures[2]}", flush=True)
            wait_until(cluster.first.ready, 60, "the cluster is ready again")
            cluster.first.delete(sandbox)
    finally:
        cluster.close()
    print(f"{crashes} crashes under 100 spans/s: {crashes * SPANS} spans, lost {lost}, twice {twice}, dropped and counted {dropped} (load {os.getloadavg()[0]:.0f})")
    return 1 if lost or twice else 0


if __name__ == "__main__":
    sys.exit(main())
