"""Spans of programs in sandboxes without a network, made by OpenTelemetry's own SDK: an independent receiver sees them below their run, and so does the API."""

from __future__ import annotations

import collections
import http.client
import io
import json
import shutil
import tarfile
import threading
import unittest
from pathlib import Path
from typing import Any

from service import QUICK, REPOSITORY, Api, Cluster, Receiver, Run, Service, install, wait_until
from test_cluster import new_parent

_MODULES = REPOSITORY / "artifacts/otlp/node_modules"
_PROGRAM = Path(__file__).with_name("spans.js")
_NODE = "cd /root/app && LD_LIBRARY_PATH=/root/app ./node spans.js"
# What the image lacks of what node needs.
_LIBRARIES = ("libstdc++.so.6", "libgcc_s.so.1")


def node_archive() -> bytes:
    """node, its libraries, the SDK and the program, as a tar file."""
    found = shutil.which("node")
    assert found is not None
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", dereference=True) as tar:
        tar.add(Path(found).resolve(), "node")
        for library in _LIBRARIES:
            tar.add(next(Path("/lib").glob(f"*/{library}")).resolve(), library)
        tar.add(_PROGRAM, "spans.js")
        for path in sorted(_MODULES.rglob("*")):
            name = path.relative_to(_MODULES)
            if path.is_file() and path.suffix in (".js", ".cjs", ".json") and not {"esm", "esnext"} & set(name.parts):
                tar.add(path, f"node_modules/{name}")
    return buffer.getvalue()


def upload(api: Api, sandbox: str, archive: bytes) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=120)
    try:
        connection.request("POST", f"/v1/sandboxes/{sandbox}/fs/archive?path=/root/app", archive, {"Content-Type": "application/x-tar"})
        answer = connection.getresponse()
        if answer.status != 200:
            raise AssertionError(f"archive: {answer.status} {answer.read()!r}")
    finally:
        connection.close()


def trace_of(api: Api, sandbox: str, run: str) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Headers and spans; each span with the attributes of its resource below ``resource``."""
    status, headers, body = api.send("GET", f"/v1/sandboxes/{sandbox}/runs/{run}/trace")
    if status != 200:
        raise AssertionError(f"trace: {status} {body!r}")
    spans = []
    for group in json.loads(body)["resourceSpans"]:
        resource = attributes_of(group["resource"])
        spans += [{**span, "resource": resource, "own": attributes_of(span)} for scope in group["scopeSpans"] for span in scope["spans"]]
    return headers, spans


def attributes_of(thing: dict[str, Any]) -> dict[str, Any]:
    return {pair["key"]: next(iter(pair["value"].values())) for pair in thing.get("attributes", [])}


def names_up(spans: list[dict[str, Any]], name: str, upstream: str) -> list[str]:
    """Names from a span of a trace up to the first whose parent is not in it, which must be the caller's."""
    known = {span["spanId"]: span for span in spans}
    span = next(span for span in spans if span["name"] == name)
    names = [name]
    while span["parentSpanId"] in known:
        span = known[span["parentSpanId"]]
        names.append(span["name"])
    if span["parentSpanId"] != upstream:
        raise AssertionError(f"the parent of {names[-1]} is missing")
    return names


class RelayTests(unittest.TestCase):
    """They share one cluster; each has sandboxes of its own, all without a network."""

    receiver: Receiver
    cluster: Cluster
    archive: bytes

    @classmethod
    def setUpClass(cls) -> None:
        install()
        cls.archive = node_archive()
        cls.receiver = Receiver()
        cls.addClassCleanup(cls.receiver.close)
        cls.cluster = Cluster(OTEL_EXPORTER_OTLP_ENDPOINT=cls.receiver.url, **QUICK)
        cls.addClassCleanup(cls.cluster.close)

    def chain(self, name: str, trace: str, upstream: str) -> list[str]:
        """Names from the span up to the caller's, once all of them have come."""
        self.receiver.wait_span(name, trace)

        def climb() -> list[str] | None:
            known = {item["id"]: item for item in self.receiver.spans if item["trace"] == trace}
            span = next(item for item in known.values() if item["name"] == name)
            names = [name]
            while span["parent"] != upstream:
                if span["parent"] not in known:
                    return None
                span = known[span["parent"]]
                names.append(span["name"])
            return names

        found: list[str] = wait_until(climb, 20, f"every span from {name} up to the caller's")
        return found

    def test_spans_of_a_program_nest_below_its_run_at_the_receiver_and_in_the_api(self) -> None:
        trace, upstream, header = new_parent()
        sandbox = self.cluster.first.create(traceparent=header)["id"]
        upload(self.cluster.first, sandbox, self.archive)
        run = self.cluster.second.run(sandbox, f"{_NODE} work", {"language": "bash"}, traceparent=header)
        self.assertEqual(("nested\ndone\n", 0), (run.stdout, run.exit["data"]))
        server = ["execute_tool run_code", "POST /v1/sandboxes/{id}/exec"]
        self.assertEqual(["work/inner", "work/middle", "work", *server], self.chain("work/inner", trace, upstream))
        sent = self.receiver.wait_span("work", trace, podflare_run_id=run.id)
        self.assertEqual((10, None), (sent["attributes"]["rows"], sent["attributes"].get("podflare.tenant.id")))

        _, spans = wait_until(lambda: (found := trace_of(self.cluster.first, sandbox, run.id)) and len(found[1]) >= 6 and found, 15, "all spans of the run")
        self.assertEqual(["work/inner", "work/middle", "work", "execute_tool run_code"], names_up(spans, "work/inner", self.server_span(trace, run)))
        self.assertEqual({trace}, {span["traceId"] for span in spans})
        ours = next(span for span in spans if span["name"] == "work")
        said = {key: value for key, value in ours["resource"].items() if key.startswith(("podflare.", "service.na", "service.in"))}
        expected = {
            "podflare.sandbox.id": sandbox, "podflare.tenant.id": "default", "podflare.sandbox.template": "default", "service.namespace": "podflare.sandbox",
            "service.instance.id": sandbox, "service.name": "unknown_service:./node",
        }
        self.assertEqual(expected, said)
        self.assertEqual(run.id, ours["own"]["podflare.run.id"])
        self.cluster.first.delete(sandbox, traceparent=header)
        self.assertEqual(len(spans), len(trace_of(self.cluster.second, sandbox, run.id)[1]))

    def test_no_span_is_lost_or_there_twice_when_the_workers_are_killed_during_the_run(self) -> None:
        trace, upstream, header = new_parent()
        sandbox = self.cluster.first.create(traceparent=header)["id"]
        upload(self.cluster.first, sandbox, self.archive)
        runs: list[Run] = []
        code = f"{_NODE} long 200 25"
        reader = threading.Thread(target=lambda: runs.append(self.cluster.first.run(sandbox, code, {"language": "bash"}, traceparent=header)))
        reader.start()
        self.receiver.wait_span("long/5", trace)
        for worker in ("worker1", "worker2"):
            self.cluster.kill(worker)
        reader.join(90)
        (run,) = runs
        self.assertEqual(("nested\ndone\n", 0), (run.stdout, run.exit["data"]))
        server = ["execute_tool run_code", "POST /v1/sandboxes/{id}/exec"]
        for name in ("long/inner", "long/199"):
            self.assertEqual(["long", *server], self.chain(name, trace, upstream)[-3:])

        wanted = ["long", "long/middle", "long/inner", *(f"long/{i}" for i in range(200))]

        def complete() -> collections.Counter[str] | None:
            counted = collections.Counter(span["name"] for span in trace_of(self.cluster.first, sandbox, run.id)[1] if span["name"].startswith("long"))
            return counted if len(counted) == len(wanted) else None

        counted = wait_until(complete, 20, "all spans in the record")
        self.assertEqual(collections.Counter(wanted), counted)
        wait_until(lambda: set(wanted) <= {span["name"] for span in self.receiver.spans if span["trace"] == trace}, 20, "all spans at the receiver")
        headers, spans = trace_of(self.cluster.second, sandbox, run.id)
        self.assertNotIn("podflare-trace-dropped", headers)
        self.assertEqual(["long", "execute_tool run_code"], names_up(spans, "long/199", self.server_span(trace, run))[1:])
        wait_until(self.cluster.first.ready, 30, "the cluster is ready again")
        self.cluster.first.delete(sandbox, traceparent=header)

    def test_spans_without_a_library_belong_to_the_run_of_their_context(self) -> None:
        trace, upstream, header = new_parent()
        sandbox = self.cluster.first.create(traceparent=header)["id"]
        code = "from podflare_trace import span\nwith span('load', rows=3):\n    with span('parse'):\n        pass"
        first = self.cluster.first.run(sandbox, code, traceparent=header)
        second = self.cluster.second.run(sandbox, code.replace("load", "again"), traceparent=header)
        for run, name in ((first, "load"), (second, "again")):
            sent = self.receiver.wait_span(name, trace, podflare_run_id=run.id)
            self.assertEqual(self.receiver.wait_span("execute_tool run_code", trace, podflare_run_id=run.id)["id"], sent["parent"])
            wait_until(lambda run=run: {"parse", name} <= {span["name"] for span in trace_of(self.cluster.first, sandbox, run.id)[1]}, 15, f"the spans of {name}")
        self.assertEqual(["load", "execute_tool run_code", "POST /v1/sandboxes/{id}/exec"], self.chain("load", trace, upstream))
        self.cluster.first.delete(sandbox, traceparent=header)

    def server_span(self, trace: str, run: Run) -> str:
        parent: str = self.receiver.wait_span("execute_tool run_code", trace, podflare_run_id=run.id)["parent"]
        return parent


class WithoutReceiverTests(unittest.TestCase):
    """One process, and no backend at all."""

    service: Service

    @classmethod
    def setUpClass(cls) -> None:
        cls.service = Service(name="relay", **{"Podflare__Templates__quiet__Image": "podflare/default:local", "Podflare__Templates__quiet__Relay": "false"})
        cls.addClassCleanup(cls.service.close)

    def test_the_api_shows_the_spans_of_a_program_below_its_run_and_its_caller(self) -> None:
        trace, upstream, header = new_parent()
        sandbox = self.service.create(traceparent=header)["id"]
        run = self.service.run(sandbox, "from podflare_trace import span\nwith span('outer'):\n    with span('inner'):\n        pass", traceparent=header)
        _, spans = wait_until(lambda: (found := trace_of(self.service, sandbox, run.id)) and len(found[1]) >= 5 and found, 15, "all spans of the run")
        own = next(span for span in spans if span["name"] == "execute_tool run_code")
        self.assertEqual(["inner", "outer", "execute_tool run_code"], names_up(spans, "inner", own["parentSpanId"]))
        self.assertEqual({trace}, {span["traceId"] for span in spans})
        self.service.delete(sandbox)

    def test_without_a_caller_the_spans_of_a_program_are_sampled_and_nest_below_its_run(self) -> None:
        sandbox = self.service.create()["id"]
        run = self.service.run(sandbox, "import os\nfrom podflare_trace import span\nwith span('outer'):\n    print(os.environ['TRACEPARENT'])")
        self.assertRegex(run.stdout, "-01\n$")
        _, spans = wait_until(lambda: (found := trace_of(self.service, sandbox, run.id)) and len(found[1]) >= 4 and found, 15, "all spans of the run")
        own = next(span for span in spans if span["name"] == "execute_tool run_code")
        self.assertEqual(["outer", "execute_tool run_code"], names_up(spans, "outer", own.get("parentSpanId")))
        self.service.delete(sandbox)

    def test_an_unsampled_caller_gets_its_own_parent_and_a_flood_costs_only_its_own_run(self) -> None:
        _, upstream, header = new_parent("00")
        sandbox = self.service.create(traceparent=header)["id"]
        run = self.service.run(sandbox, "import os\nprint(os.environ['TRACEPARENT'])", traceparent=header)
        self.assertEqual(header, run.stdout.strip())
        flood = (
            "import json, os, time, urllib.request\n"
            "def body(i):\n"
            "    now = str(time.time_ns())\n"
            "    span = {'traceId': '1' * 32, 'spanId': f'{i + 1:016x}', 'name': 'x' * 20000, 'startTimeUnixNano': now, 'endTimeUnixNano': now}\n"
            "    return json.dumps({'resourceSpans': [{'scopeSpans': [{'spans': [span]}]}]}).encode()\n"
            "for i in range(400):\n"
            "    asked = urllib.request.Request('http://127.0.0.1:4318/v1/traces', body(i), {'Content-Type': 'application/json'})\n"
            "    assert urllib.request.urlopen(asked).status == 200\n"
        )
        flooded = self.service.run(sandbox, flood)
        self.assertEqual(0, flooded.exit["data"])
        headers, spans = wait_until(lambda: (found := trace_of(self.service, sandbox, flooded.id)) and "podflare-trace-dropped" in found[0] and found, 15, "dropped spans")
        self.assertLess(len(json.dumps(spans)), 512 * 1024)
        self.assertGreater(int(headers["podflare-trace-dropped"]), 100)
        other = self.service.create()["id"]
        quick = self.service.run(other, "from podflare_trace import span\nwith span('other'):\n    pass")
        wait_until(lambda: "other" in {span["name"] for span in trace_of(self.service, other, quick.id)[1]}, 15, "the other sandbox's span")
        self.service.delete(other)
        self.service.delete(sandbox)

    def test_a_template_without_a_relay_has_none(self) -> None:
        sandbox = self.service.create({"template": "quiet"})["id"]
        run = self.service.run(sandbox, "import os, socket\nprint('OTEL_EXPORTER_OTLP_ENDPOINT' in os.environ, socket.socket().connect_ex(('127.0.0.1', 4318)) == 0)")
        self.assertEqual("False False", run.stdout.strip())
        self.service.delete(sandbox)


if __name__ == "__main__":
    unittest.main()
