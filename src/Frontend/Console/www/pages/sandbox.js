// @ts-check
import { api, ApiError, now } from "../api.js";
import { live, load, pages, whole } from "../data.js";
import { copyButton, say } from "../dialogs.js";
import { bytes, count, duration, rough } from "../texts.js";
import { ago, card, empty, facts, failed, head, id, light, note, table, tabs, tiles } from "../ui.js";
import { each, html, update } from "../view.js";
import { filesTab } from "./files.js";
import { eventList } from "./happened.js";
import { runState, tookOf } from "./run.js";
import { remove, stateOf } from "./sandboxes.js";
import { tryIt } from "./try.js";

export const title = "Sandbox";

const POLL_MS = 5_000;
const EVENTS = 500;
const LOGS = 200;
const HOUR = 3_600;
const MEMORY_MARK = 0.85;
const RUNS_KEPT = 256;

/** @param {import("../data.js").Page} page */
export default function open(page) {
  const [sandbox] = page.path;
  const route = `/v1/sandboxes/${sandbox}`;
  /** @type {Kind} */
  let connection = "waiting";
  /** @type {ApiError | undefined} */
  let refusal;
  const isReady = () => info.value?.state === "ready";
  /** @type {import("../data.js").Load<any>} */
  const info = load(page, signal => api(route, { signal }), () => info.value && !isReady() ? 0 : POLL_MS);
  const metrics = load(page, signal => api(`${route}/metrics`, { signal }), () => isReady() ? POLL_MS : 0);
  const runs = load(page, signal => pages(`${route}/runs`, "runs", RUNS_KEPT, signal), () => connection === "live" || !isReady() ? 0 : POLL_MS);
  const { list: events, add, begin } = eventList(page, signal => eventsOf(sandbox, signal), EVENTS);
  /** @type {import("../data.js").Load<any>} */
  const logs = load(page, signal => logsOf(route, signal), () => tab() === "logs" && isReady() ? POLL_MS : 0);
  const cells = tryIt(page, sandbox);
  const files = filesTab(page, sandbox);
  live(page, { sandbox }, happened => {
    runs.again();
    add(happened);
    if (happened.some(({ type }) => type.startsWith("sandbox."))) info.again();
  }, kind => {
    if (kind === "live" && connection !== "live") { runs.again(); begin(); }
    connection = kind;
  });

  /** @typedef {import("../api.js").StreamState["kind"]} Kind */
  const items = () => [
    ...(isReady() || !info.value ? [{ id: "try", name: "Try it" }] : []), { id: "runs", name: "Runs" }, ...(isReady() || !info.value ? [{ id: "files", name: "Files" }] : []), { id: "events", name: "Events" },
    ...(logs.error && [404, 501].includes(logs.error.status) ? [] : [{ id: "logs", name: "Logs" }]), { id: "facts", name: "Facts" }
  ];
  const tab = () => {
    const wanted = page.query.get("tab") ?? "try";
    return items().some(item => item.id === wanted) ? wanted : items()[0].id;
  };

  async function extend() {
    refusal = undefined;
    try {
      info.value = await api(route, { method: "PATCH", body: { timeout_seconds: Math.max(0, Math.round((Date.parse(info.value.expires_at) - now()) / 1000)) + HOUR } });
      say(info.value.warnings?.[0] ?? "It lives an hour longer");
    } catch (error) {
      refusal = /** @type {ApiError} */ (error);
    }
  }

  /** @type {Record<string, () => unknown>} */
  const panels = {
    try: cells, files,
    runs: () => card("Runs", whole(runs, value => value.items.length ? table("Runs", runColumns(sandbox), value.items, run => run.id) : empty("There are no runs yet.", "Every piece of code, process and terminal is a run, with its output, trace and figures.")), { actions: light(connection === "live" ? "live" : "off", connection === "live" ? "Live" : "Every 5 s") }),
    events: () => card("Events", whole(events, value => value.length ? table("Events", eventColumns(sandbox), value, event => event.seq) : empty("Nothing has happened in the last 24 hours."))),
    logs: () => card("Logs", whole(logs, value => value.logs.length
      ? html`${value.dropped ? note("warn", `${count(value.dropped)} older lines are not kept.`) : ""}${table("Logs", logColumns(sandbox), value.logs, line => line.key)}` : empty("There are no lines about this sandbox.", "They tell what the servers have done with it, and are kept for 24 hours."))),
    facts: () => card("Facts", whole(info, value => facts(factsOf(value, metrics.value?.limits))), { pad: true })
  };

  return () => html`${head(info.value?.metadata.name ?? "Sandbox", {
    crumbs: html`<a href="/console/sandboxes">Sandboxes</a>`,
    state: info.value ? stateOf(info.value) : "",
    below: html`<p class="mono muted whole">${sandbox}</p>`,
    actions: html`${copyButton("Copy id", () => sandbox)}${isReady() ? html`<button @click=${extend}>Extend by an hour</button><button class="danger" @click=${() => remove(info.value, () => info.again())}>Delete</button>` : ""}`
  })}
  ${refusal ? failed(refusal) : ""}
  ${whole(info, value => {
    page.title(value.metadata.name ?? sandbox.slice(0, 12));
    return html`${value.state === "ready" ? "" : html`<div class="note ${value.state === "lost" ? "bad" : "info"}" role="status">${endOf(value)}</div>`}
    ${figures(value, metrics.value, runs.value)}
    ${tabs("Parts of the sandbox", items(), tab(), name => page.setQuery({ tab: name }), each([tab()], name => name, name => panels[name]()))}`;
  })}`;
}

/** @param {any} sandbox */
const endOf = sandbox => sandbox.state === "lost"
  ? html`The host or the container of this sandbox is gone for good (${ago(sandbox.ended_at)}). Its runs, events and logs can be read for 24 hours.`
  : sandbox.state === "ending" ? "This sandbox is about to end."
    : html`This sandbox ${{ deleted: "was deleted", expired: "reached the end of its lifetime", idle: "was idle for too long, so it ended" }[/** @type {string} */ (sandbox.ended_reason)] ?? "has ended"} ${ago(sandbox.ended_at)}. Its runs, events and logs can be read for 24 hours.`;

/** @param {any} sandbox @param {any} metrics @param {any} runs */
function figures(sandbox, metrics, runs) {
  const points = metrics?.points ?? [];
  const last = points[points.length - 1];
  const { cpus, memory_bytes: memory } = metrics?.limits ?? {};
  const measured = last ? `Measured ${new Date(last.ts).toISOString().slice(11, 19)} UTC` : undefined;
  return tiles([
    { label: "CPU", value: last?.cpu == null ? "–" : last.cpu.toFixed(2), unit: cpus ? `of ${cpus}` : undefined, points: points.map((/** @type {any} */ point) => point.cpu), limit: cpus, title: measured },
    { label: "Memory", value: last?.memory_bytes == null ? "–" : bytes(last.memory_bytes), unit: memory ? `of ${bytes(memory)}` : undefined, points: points.map((/** @type {any} */ point) => point.memory_bytes), limit: memory, mark: memory ? memory * MEMORY_MARK : undefined, title: measured },
    { label: "Runs", value: runs ? `${count(runs.items.length)}${runs.items.length >= RUNS_KEPT ? "+" : ""}` : "–", below: runs?.items[0] ? html`last ${ago(runs.items[0].created_at)}` : "none yet" },
    sandbox.ended_at ? { label: "Ended", value: ago(sandbox.ended_at), below: sandbox.ended_reason ?? sandbox.state }
      : { label: "Ends in", value: rough(Math.max(0, Date.parse(sandbox.expires_at) - now())), below: `or idle for ${rough(sandbox.idle_timeout_seconds * 1000)}` }
  ]);
}

/** @param {string} sandbox @returns {import("../ui.js").Column<any>[]} */
const runColumns = sandbox => [
  { name: "Run", cell: run => id(run.id, `/console/sandboxes/${sandbox}/runs/${run.id}`) },
  { name: "State", cell: runState },
  { name: "Kind", cell: run => run.language ?? run.kind, wide: true },
  { name: "Started", cell: run => ago(run.started_at ?? run.created_at) },
  { name: "Took", cell: run => run.state === "queued" ? "–" : duration(tookOf(run, now())), kind: "num" },
  { name: "CPU", cell: run => run.usage?.cpu_seconds == null ? "–" : duration(run.usage.cpu_seconds * 1000), kind: "num", wide: true },
  { name: "Peak memory", cell: run => run.usage?.memory_peak_bytes == null ? "–" : bytes(run.usage.memory_peak_bytes), kind: "num", wide: true },
  { name: "Events", cell: run => count(run.last_seq), kind: "num", wide: true }
];

/** @param {string} sandbox @returns {import("../ui.js").Column<any>[]} */
const eventColumns = sandbox => [
  { name: "Event", cell: event => event.type },
  { name: "Run", cell: event => event.run_id ? id(event.run_id, `/console/sandboxes/${sandbox}/runs/${event.run_id}`) : "" },
  { name: "What", cell: event => summaryOf(event), wide: true },
  { name: "When", cell: event => ago(event.ts) }
];

/** @param {any} event */
const summaryOf = ({ type, data }) => type === "run.ended" ? `exit ${data.exit_code}${data.reason ? ` (${data.reason})` : ""}, took ${duration(data.duration_ms)}`
  : type === "run.started" ? data.language : type === "sandbox.ended" ? data.reason : type === "sandbox.created" ? data.template : "";

/** @param {string} sandbox @returns {import("../ui.js").Column<any>[]} */
const logColumns = sandbox => [
  { name: "When", cell: line => html`<span class="mono" title=${new Date(line.ts).toISOString()}>${new Date(line.ts).toISOString().slice(11, 23)}</span>` },
  { name: "Level", cell: line => line.level, wide: true },
  { name: "Message", cell: line => html`<span class="message">${line.message}</span>` },
  { name: "From", cell: line => line.source, wide: true },
  { name: "Run", cell: line => line.run_id ? id(line.run_id, `/console/sandboxes/${sandbox}/runs/${line.run_id}`) : "", wide: true }
];

/** @param {any} sandbox @param {any} limits @returns {[unknown, unknown][]} */
const factsOf = (sandbox, limits) => [
  ["Sandbox", html`<span class="mono">${sandbox.id}</span>`],
  ["Template", sandbox.template],
  ["Region", sandbox.region],
  ["CPUs", limits?.cpus ?? undefined],
  ["Memory", limits?.memory_bytes ? bytes(limits.memory_bytes) : undefined],
  ["Processes", limits?.processes ?? undefined],
  ["Disk", limits?.disk_bytes ? bytes(limits.disk_bytes) : undefined],
  ["Network", sandbox.egress_allow ? `Only ${sandbox.egress_allow.join(", ")}` : sandbox.egress ? "The internet" : "None"],
  ["Created", ago(sandbox.created_at)],
  ["Expires", ago(sandbox.expires_at)],
  ["Idle timeout", duration(sandbox.idle_timeout_seconds * 1000)],
  ["Trace", sandbox.trace_id ? html`<span class="mono">${sandbox.trace_id}</span>` : undefined],
  ["Environment", sandbox.env_names ? html`<span class="mono">${sandbox.env_names.join(", ")}</span>` : undefined],
  ...Object.entries(sandbox.metadata).map(([name, value]) => /** @type {[unknown, unknown]} */ ([html`<span class="mono">metadata.${name}</span>`, value]))
];

/** Newest first. @param {string} sandbox @param {AbortSignal} signal */
async function eventsOf(sandbox, signal) {
  /** @type {any[]} */
  let events = [];
  for (let after = 0; ;) {
    const page = await api(`/v1/events?sandbox=${sandbox}&after=${after}&limit=1000`, { signal });
    events = events.concat(page.events).slice(-EVENTS);
    if (page.next_after === after) return events.reverse();
    after = page.next_after;
  }
}

/** Newest first. @param {string} route @param {AbortSignal} signal */
async function logsOf(route, signal) {
  const { logs, dropped } = await api(`${route}/logs?limit=${LOGS}`, { signal });
  return { dropped, logs: logs.map((/** @type {any} */ line, /** @type {number} */ i) => ({ ...line, key: `${line.ts} ${i}` })).reverse() };
}
