"""One trace through a cluster of two frontends and two workers, as an independent receiver sees it."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import threading
import unittest
from typing import Any

from service import QUICK, Cluster, Receiver, Run, about, install, wait_until

# What an agent's code may do in the sandbox without any library: read its parent, and tell of a span below it.
USER_SPAN = """
import json, os, secrets
version, trace, parent, flags = os.environ["TRACEPARENT"].split("-")
print("SPAN " + json.dumps({"name": "user work", "trace": trace, "id": secrets.token_hex(8), "parent": parent, "flags": flags}))
"""

SECRET = "planted-" + secrets.token_hex(12)


def new_parent(flags: str = "01") -> tuple[str, str, str]:
    """Trace id, span id and header of a caller."""
    trace, span = secrets.token_hex(16), secrets.token_hex(8)
    return trace, span, f"00-{trace}-{span}-{flags}"


def user_span(run: Run) -> dict[str, Any]:
    line = next(line for line in run.stdout.splitlines() if line.startswith("SPAN "))
    span: dict[str, Any] = json.loads(line[5:])
    return span


class ClusterTests(unittest.TestCase):
    """They share one cluster; each has sandboxes of its own."""

    receiver: Receiver
    cluster: Cluster

    @classmethod
    def setUpClass(cls) -> None:
        install()
        cls.receiver = Receiver()
        cls.addClassCleanup(cls.receiver.close)
        cls.cluster = Cluster(OTEL_EXPORTER_OTLP_ENDPOINT=cls.receiver.url, **QUICK)
        cls.addClassCleanup(cls.cluster.close)

    def chain(self, span: dict[str, Any], upstream: str) -> list[str]:
        """Names from the span up to the caller's; fails where a parent is missing or is in another trace."""
        known = {item["id"]: item for item in self.receiver.spans}
        names = [span["name"]]
        parent = span["parent"]
        while parent != upstream:
            self.assertIn(parent, known, f"the parent of {names[-1]} never came")
            self.assertEqual(span["trace"], known[parent]["trace"])
            names.append(known[parent]["name"])
            parent = known[parent]["parent"]
        return names

    def assert_lines(self, sandbox: str, traces: set[str], spans: set[str]) -> list[dict[str, Any]]:
        """Every line that names the sandbox has the caller's ids; the lines."""
        found = about(self.cluster.lines(), sandbox)
        self.assertGreater(len(found), 3)
        for line in found:
            if line["category"] == "Podflare.Audit.AuditGrain":
                # An entry of the audit log has the trace of the request that it is about.
                self.assertIsNotNone(line.get("trace_id"), line)
                continue
            self.assertIn(line.get("trace_id"), traces, line)
            self.assertIn(line.get("parent_span_id"), spans, line)
            self.assertEqual(sandbox, line["sandbox_id"])
        return found

    def test_a_run_nests_in_the_callers_trace_down_to_the_users_code(self) -> None:
        trace, upstream, header = new_parent()
        sandbox = self.cluster.first.create(traceparent=header, tracestate="vendor=1", baggage="k=J%C3%BC")["id"]
        run = self.cluster.second.run(sandbox, USER_SPAN + f"print({SECRET!r}, os.environ['TRACESTATE'], os.environ['BAGGAGE'])", traceparent=header, tracestate="vendor=2", baggage="k=2")
        self.assertIn(f"{SECRET} vendor=2 k=2", run.stdout)
        self.cluster.first.delete(sandbox, traceparent=header)

        span = self.receiver.wait_span("execute_tool run_code", trace, podflare_run_id=run.id)
        made = user_span(run)
        self.assertEqual((trace, span["id"], "01"), (made["trace"], made["parent"], made["flags"]))
        self.receiver.wait_span("POST /v1/sandboxes/{id}/exec", trace)
        self.assertEqual(["execute_tool run_code", "POST /v1/sandboxes/{id}/exec"], self.chain(span, upstream))
        self.assertEqual((trace, f"trace;desc=00-{trace}-{span['id']}-01"), (run.trace, run.headers["server-timing"]))
        self.assertEqual("vendor=2", span["state"])
        for name in ("podflare.run.queue", "podflare.run.execute"):
            self.assertEqual(span["id"], self.receiver.wait_span(name, trace)["parent"])
        for name in ("podflare.sandbox.create", "podflare.pool.take", "podflare.sandbox.destroy"):
            found = self.receiver.wait_span(name, trace, podflare_sandbox_id=sandbox)
            wait_until(lambda found=found: self._complete(found, upstream), 10, f"all parents of {name}")
            self.chain(found, upstream)
        self.assertEqual("podflare-silo", span["service"])
        expected = {
            "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "run_code", "gen_ai.tool.type": "function", "openinference.span.kind": "TOOL",
            "tool.name": "run_code", "podflare.sandbox.id": sandbox, "session.id": sandbox, "podflare.tenant.id": "default", "podflare.sandbox.template": "default",
            "podflare.code.language": "python", "container.name": f"podflare-{sandbox}", "container.runtime.name": "docker", "process.exit.code": 0,
            "podflare.output.events": len(run.events), "podflare.output.stdout.bytes": len(run.stdout.encode()), "podflare.output.stderr.bytes": 0,
        }
        self.assertEqual(expected, {key: span["attributes"].get(key) for key in expected})
        self.assertGreater(span["attributes"]["podflare.code.size"], 100)
        self.assertNotIn("error.type", span["attributes"])
        self.assert_lines(sandbox, {trace}, {upstream})

    def test_a_replay_has_no_second_span_and_no_key_is_recorded(self) -> None:
        trace, _, header = new_parent()
        sandbox = self.cluster.first.create(traceparent=header)["id"]
        key = f"key-{secrets.token_hex(12)}"
        first = self.cluster.first.run(sandbox, "raise SystemExit(3)", traceparent=header, idempotency_key=key)
        again = [api.run(sandbox, "raise SystemExit(3)", traceparent=header, idempotency_key=key) for api in (self.cluster.second, self.cluster.first)]
        self.assertEqual([(first.id, "true")] * 2, [(run.id, run.headers.get("idempotent-replayed")) for run in again])
        self.cluster.first.delete(sandbox, traceparent=header)

        self.receiver.wait_span("podflare.sandbox.destroy", trace, podflare_sandbox_id=sandbox)

        def posts() -> list[dict[str, Any]]:
            return [span for span in self.receiver.spans if span["trace"] == trace and span["name"] == "POST /v1/sandboxes/{id}/exec"]

        wait_until(lambda: len(posts()) == 3, 10, "the spans of three requests")
        self.assertEqual([None, True, True], sorted((span["attributes"].get("podflare.run.replayed") for span in posts()), key=bool))
        runs = [span for span in self.receiver.spans if span["name"] == "execute_tool run_code" and span["attributes"].get("podflare.run.id") == first.id]
        self.assertEqual([(3, "exit_nonzero", "execute_tool")], [tuple(span["attributes"].get(name) for name in ("process.exit.code", "error.type", "gen_ai.operation.name")) for span in runs])
        wait_until(lambda: self._calls("exit_nonzero") >= 1, 15, "the tool call is counted")
        hashes = [digest(key.encode()).hexdigest() for digest in (hashlib.md5, hashlib.sha1, hashlib.sha256)]
        for what in (json.dumps(self.receiver.spans), json.dumps(self.receiver.logs), json.dumps(self.receiver.metrics), self.cluster.text()):
            for text in (key, *(made[:16] for made in hashes)):
                self.assertNotIn(text, what)

    def _calls(self, error: str) -> int:
        """Tool calls that failed in this way, as last exported by each worker."""
        found = [point for metric in self.receiver.metrics if metric["name"] == "gen_ai.execute_tool.duration" for point in metric["points"]]
        return sum(1 for point in found if point["attributes"] == {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "run_code", "error.type": error})

    def test_a_call_without_a_header_belongs_to_the_sandboxs_stored_trace(self) -> None:
        trace, upstream, header = new_parent()
        sandbox = self.cluster.first.create({"traceparent": header, "tracestate": "a=1"})["id"]
        for api in (self.cluster.first, self.cluster.second):
            run = api.run(sandbox, USER_SPAN)
            span = self.receiver.wait_span("execute_tool run_code", trace, podflare_run_id=run.id)
            self.assertEqual((upstream, trace, span["id"]), (span["parent"], user_span(run)["trace"], user_span(run)["parent"]))
            self.assertEqual(trace, run.trace)
            (link,) = span["links"]
            wait_until(lambda link=link: any(item["id"] == link["id"] and item["name"] == "POST /v1/sandboxes/{id}/exec" for item in self.receiver.spans), 10, "the linked server span")
            self.assertNotEqual(trace, link["trace"])
            status, _, body = api.send("GET", f"/v1/sandboxes/{sandbox}/runs/{run.id}")
            self.assertEqual((200, trace), (status, json.loads(body)["trace_id"]))
        self.cluster.second.delete(sandbox)
        self.receiver.wait_span("podflare.sandbox.destroy", trace, podflare_sandbox_id=sandbox)
        self.assert_lines(sandbox, {trace}, {upstream})

    def test_a_call_with_a_header_of_its_own_beats_the_stored_trace(self) -> None:
        stored, stored_span, header = new_parent()
        own, own_span, other = new_parent()
        sandbox = self.cluster.first.create(traceparent=header)["id"]
        run = self.cluster.second.run(sandbox, USER_SPAN, traceparent=other)
        self.assertEqual((own, own), (user_span(run)["trace"], run.trace))
        self.cluster.first.delete(sandbox)
        lines = self.assert_lines(sandbox, {stored, own}, {stored_span, own_span})
        of_run = [line for line in lines if line.get("run_id") == run.id]
        self.assertEqual([own] * len(of_run), [line["trace_id"] for line in of_run])

    def test_an_unsampled_trace_gives_no_span_but_all_its_ids(self) -> None:
        trace, upstream, header = new_parent("00")
        sandbox = self.cluster.first.create(traceparent=header)["id"]
        run = self.cluster.second.run(sandbox, USER_SPAN, traceparent=header)
        self.assertEqual((trace, upstream, "00"), tuple(user_span(run)[key] for key in ("trace", "parent", "flags")))
        self.assertEqual(trace, run.trace)
        self.cluster.first.delete(sandbox, traceparent=header)
        # What is sampled and came later has arrived: so would that have.
        later, _, sampled = new_parent()
        self.cluster.first.send("GET", "/v1/sandboxes", traceparent=sampled)
        self.cluster.second.send("GET", "/v1/sandboxes", traceparent=sampled)
        wait_until(lambda: sum(span["trace"] == later for span in self.receiver.spans) >= 2, 10, "later spans")
        self.assertEqual([], [span for span in self.receiver.spans if span["trace"] == trace])
        self.assert_lines(sandbox, {trace}, {upstream})

    def test_the_trace_is_unbroken_when_the_worker_is_killed_during_the_run(self) -> None:
        trace, upstream, header = new_parent()
        sandbox = self.cluster.first.create(traceparent=header)["id"]
        runs: list[Run] = []
        code = USER_SPAN + "import time\nfor i in range(150):\n    print(i)\n    time.sleep(0.02)"
        reader = threading.Thread(target=lambda: runs.append(self.cluster.first.run(sandbox, code, traceparent=header)))
        reader.start()
        wait_until(lambda: b"SPAN" in self.cluster.second.send("GET", f"/v1/sandboxes/{sandbox}/replay", traceparent=header)[2], 20, "the run prints")
        for worker in ("worker1", "worker2"):
            self.cluster.kill(worker)
        reader.join(60)
        (run,) = runs
        self.assertEqual(0, run.exit["data"])
        span = self.receiver.wait_span("execute_tool run_code", trace, podflare_run_id=run.id)
        self.assertEqual(span["id"], user_span(run)["parent"])
        self.assertEqual((True, 0), (span["attributes"].get("podflare.run.recovered"), span["attributes"]["process.exit.code"]))
        self.receiver.wait_span("POST /v1/sandboxes/{id}/exec", trace)
        self.assertEqual(["execute_tool run_code", "POST /v1/sandboxes/{id}/exec"], self.chain(span, upstream))
        self.assertGreater(span["end"] - span["start"], 2_500_000_000)
        self.receiver.wait_span("podflare.sandbox.adopt", trace, podflare_sandbox_id=sandbox)
        wait_until(self.cluster.first.ready, 30, "the cluster is ready again")
        self.assertEqual(trace, user_span(self.cluster.second.run(sandbox, USER_SPAN))["trace"])
        self.cluster.first.delete(sandbox, traceparent=header)
        lines = self.assert_lines(sandbox, {trace}, {upstream})
        said = " ".join(line["message"] for line in lines)
        for words in ("Adopted sandbox", "connected", "Ended run"):
            self.assertIn(words, said)

    def test_a_files_way_is_a_span_with_its_size_and_without_its_name(self) -> None:
        trace, upstream, header = new_parent()
        sandbox = self.cluster.first.create(traceparent=header)["id"]
        path = f"/v1/sandboxes/{sandbox}/files/root/{SECRET}"
        self.assertEqual(204, self.cluster.first.send("PUT", path, {"some": "text"}, traceparent=header)[0])
        self.assertEqual(b'{"some": "text"}', self.cluster.second.send("GET", path, traceparent=header)[2])
        self.assertEqual(404, self.cluster.second.send("GET", path + "-not", traceparent=header)[0])
        for name in ("podflare.file.write", "podflare.file.read"):
            span = self.receiver.wait_span(name, trace, podflare_sandbox_id=sandbox, podflare_file_size=16)
            self.assertNotIn("error.type", span["attributes"])
            wait_until(lambda span=span: self._complete(span, upstream), 10, f"all parents of {name}")
            self.assertNotIn(SECRET, json.dumps(span))
        failed = self.receiver.wait_span("podflare.file.read", trace, podflare_file_size=0)
        self.assertEqual("Podflare.Files.FileRefusedException", failed["attributes"]["error.type"])
        self.cluster.first.delete(sandbox, traceparent=header)

    def test_log_records_are_exported_with_the_same_ids(self) -> None:
        trace, upstream, header = new_parent()
        sandbox = self.cluster.first.create(traceparent=header)["id"]
        self.cluster.first.delete(sandbox, traceparent=header)

        def ended() -> list[dict[str, Any]]:
            return [log for log in self.receiver.logs if "Ended sandbox" in json.dumps(log) and sandbox in json.dumps(log)]

        (record,) = wait_until(ended, 10, "the exported record")
        self.assertEqual((trace, upstream, sandbox), (record["trace"], record["span"], record["attributes"]["podflare.sandbox.id"]))

    def test_idle_processes_make_no_spans_and_no_secret_leaves_them(self) -> None:
        _, _, header = new_parent()
        sandbox = self.cluster.first.create({"env": {"TOKEN": SECRET}}, traceparent=header)["id"]
        self.cluster.first.run(sandbox, f"# {SECRET}\nprint({SECRET!r})", {"env": {"OTHER": SECRET}}, traceparent=header, baggage=f"k={SECRET}")
        self.cluster.first.delete(sandbox, traceparent=header)
        names = {span["name"] for span in self.receiver.spans}
        allowed = r"^(podflare\.(sandbox|run|pool|container|file)\.[a-z]+|execute_tool run_code|(GET|POST|PUT|DELETE) /(compat/podflare/)?v1/.*)$"
        self.assertEqual([], [name for name in names if not re.match(allowed, name)])
        orphans = {span["name"] for span in self.receiver.spans if not span["parent"] and not span["name"].startswith(("GET", "POST", "DELETE"))}
        self.assertEqual(set(), orphans)
        for what in (json.dumps(self.receiver.spans), json.dumps(self.receiver.logs), json.dumps(self.receiver.metrics), self.cluster.text()):
            self.assertNotIn(SECRET, what)

    def test_metrics_come_with_closed_labels_and_exemplars(self) -> None:
        trace, _, header = new_parent()
        sandbox = self.cluster.first.create(traceparent=header)["id"]
        self.cluster.first.run(sandbox, "print(1)", traceparent=header)

        def exemplars() -> bool:
            return any(trace in point["exemplars"] for metric in self.receiver.metrics if metric["name"] == "podflare.run.duration" for point in metric["points"])

        wait_until(exemplars, 15, "an exemplar of the run")
        self.cluster.first.delete(sandbox, traceparent=header)
        seen = {metric["name"] for metric in self.receiver.metrics}
        wanted = {
            "http.server.request.duration", "podflare.sandbox.create.duration", "podflare.sandbox.claim.duration", "podflare.sandbox.active", "podflare.run.duration",
            "podflare.run.queue.duration", "podflare.run.time_to_first_event", "podflare.run.active", "podflare.run.events", "podflare.run.output",
            "podflare.stream.subscribers", "podflare.eventlog.append.duration", "podflare.guest.disconnects", "podflare.run.cpu.time", "podflare.run.memory.peak",
            "podflare.sandbox.cpu.time", "gen_ai.execute_tool.duration",
        }
        self.assertEqual(set(), wanted - seen)
        ours = [point for metric in self.receiver.metrics if metric["scope"] == "Podflare" for point in metric["points"]]
        labels = {key for point in ours for key in point["attributes"]}
        self.assertLessEqual(labels, {"template", "reason", "language", "type", "outcome", "error.type", "code", "state", "pool", "scope", "kind", "field", "layer", "runtime", "gen_ai.operation.name", "gen_ai.tool.name", "signal", "destination"})
        self.assertNotRegex(json.dumps([point["attributes"] for point in ours]), r"sbx_|run_[0-9a-f]{8}|default:")

    def _complete(self, span: dict[str, Any], upstream: str) -> bool:
        known = {item["id"]: item for item in self.receiver.spans}
        parent = span["parent"]
        while parent != upstream:
            if parent not in known:
                return False
            parent = known[parent]["parent"]
        return True
