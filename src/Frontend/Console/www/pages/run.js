// @ts-check
import { api, follow, key } from "../api.js";
import { EventLog } from "../eventlog.js";
import { load, whole } from "../data.js";
import { copy, save, say } from "../dialogs.js";
import { bytes, count, duration, exact } from "../texts.js";
import { ago, card, empty, facts, failed, head, icon, id, light, note, pill, tiles } from "../ui.js";
import { html, update } from "../view.js";
import { pairsOf, Waterfall } from "../waterfall.js";

export const title = "Run";

const POLL_MS = 2_000;

/** What each reason means, and what it means for the variables. @type {Record<string, string>} */
const REASONS = {
  timeout: "The run took longer than its timeout, so it was interrupted.",
  interrupted: "The run was interrupted.",
  killed: "The run was killed, because it did not end when it was interrupted, or its sandbox was deleted.",
  expired: "The sandbox reached the end of its lifetime, so the run was killed.",
  oom: "The sandbox had no memory left, so the kernel killed a process.",
  crashed: "The Python process ended in the middle of the run.",
  lost: "The host or the container of the sandbox is gone, so how the run would have ended is not known."
};

/** The reason of the end in one sentence, and what it means for the state. @param {any} run */
export function reasonOf(run) {
  if (run.state !== "ended") return "";
  const what = run.reason ? REASONS[run.reason] ?? `The run ended: ${run.reason}.`
    : run.signal ? `${run.signal} ended the process.`
      : run.exit_code === 0 ? "The run ended by itself."
        : run.language === "python" && run.exit_code === 1 ? "The code ended with an error." : `The code ended with exit code ${run.exit_code}.`;
  const state = run.state_lost ? " The variables are lost; the next run starts with a new interpreter." : run.reason && run.language === "python" && !["lost", "expired"].includes(run.reason) ? " The variables are kept." : "";
  return what + state;
}

/** @param {any} run */
export function runState(run) {
  if (run.state === "queued") return pill("off", "Queued");
  if (run.state !== "ended") return pill("info", "Running");
  return run.exit_code === 0 ? pill("good", "Exit 0") : pill(run.reason === "interrupted" || run.reason === "timeout" ? "warn" : "bad", run.reason ? `${run.reason[0].toUpperCase()}${run.reason.slice(1)} (${run.exit_code})` : `Exit ${run.exit_code}`);
}

/** How long a run takes or took, in milliseconds. @param {any} run @param {number} now */
export const tookOf = (run, now) => Math.max(0, (run.ended_at ? Date.parse(run.ended_at) : now) - Date.parse(run.started_at ?? run.ended_at ?? run.created_at));

/** @param {import("../data.js").Page} page */
export default function open(page) {
  const [sandbox, run] = page.path;
  const route = `/v1/sandboxes/${sandbox}/runs/${run}`;
  const log = new EventLog("Output");
  const waterfall = new Waterfall();
  /** @type {import("../api.js").StreamState} */
  let stream = { kind: "waiting", after: 0 };
  let reading = new AbortController();
  let from = "";
  let query = "";
  let droppedSpans = 0;
  let isTraceOpen = true;
  /** @type {any} */
  let ended;

  /** @type {import("../data.js").Load<any>} */
  const info = load(page, signal => api(route, { signal }), () => info.value?.state === "ended" ? 0 : POLL_MS);
  const trace = load(page, async signal => {
    const response = await api(`${route}/trace`, { signal, as: "response" });
    droppedSpans = Number(response.headers.get("podflare-trace-dropped") ?? 0);
    isTraceOpen = response.headers.get("podflare-trace-open") === "true";
    const value = await response.json();
    waterfall.set(value);
    return value;
  }, () => isTraceOpen ? POLL_MS : 0);

  /** @param {number} after */
  function read(after) {
    reading.abort();
    reading = new AbortController();
    log.clear();
    ended = undefined;
    follow(sandbox, run, after, events => {
      log.add(events);
      const last = events[events.length - 1];
      if (last.type !== "exit") return;
      ended = last;
      info.again();
      trace.again();
    }, state => { stream = state; update(); }, AbortSignal.any([page.signal, reading.signal]));
  }

  read(0);
  page.title(`Run ${run.slice(0, 12)}`);

  const events = `${route}/events`;
  const curl = () => `curl -N${key.get() || page.info.auth === "keys" ? ' -H "Authorization: Bearer $PODFLARE_API_KEY"' : ""} "${location.origin}${events}?after=0&follow=true"`;
  const interrupt = async () => {
    try {
      await api(`${route}/interrupt`, { method: "POST" });
      say("Interrupted");
    } catch (error) {
      say(/** @type {Error} */ (error).message);
    }

    info.again();
  };

  const streamLight = () => stream.kind === "waiting" ? light("waiting", stream.after || log.rows.length ? `Reconnecting after event ${stream.after}` : "Connecting") : light(stream.kind);

  /** @param {import("../api.js").ApiError} error */
  const gone = error => error.code === "events_evicted"
    ? html`<div class="note warn row spread" role="status">These events are no longer kept.${error.problem?.oldest_seq ? html` The oldest that is kept is ${error.problem.oldest_seq}. <button @click=${() => read(error.problem.oldest_seq - 1)}>Show what is kept</button>` : ""}</div>`
    : failed(error, () => read(0));

  const output = () => html`<section class="card output"><div class="cardhead"><h2>Output</h2><div class="row tools">${streamLight()}
    <input type="search" class="find" aria-label="Find in the output" placeholder="Find…" .value=${query} @input=${(/** @type {any} */ event) => { query = event.target.value; log.find(query); }}
      @keydown=${(/** @type {KeyboardEvent} */ event) => { if (event.key === "Enter") { event.preventDefault(); log.next(event.shiftKey ? -1 : 1); } }}>
    ${query ? html`<span class="muted" role="status">${log.hits.length ? `${count(log.hit + 1)} of ${count(log.hits.length)}` : "Not found"}</span>` : ""}
    <label class="check"><input type="checkbox" .checked=${log.isPlain} @change=${(/** @type {any} */ event) => log.setPlain(event.target.checked)}>Plain</label>
    <form class="row replay" @submit=${(/** @type {Event} */ event) => { event.preventDefault(); read(Number(from) || 0); }}><label class="row">Replay after event <input class="seq" inputmode="numeric" pattern="[0-9]*" placeholder="0" .value=${from} @input=${(/** @type {any} */ event) => { from = event.target.value; }}></label><button>Replay</button></form>
    <button @click=${() => copy(log.text(), "The output is copied")}>Copy all</button><button @click=${() => save(new Blob([log.text()], { type: "text/plain" }), `${run}.txt`)}>Download</button></div></div>
    ${stream.kind === "refused" ? html`<div class="pad">${gone(stream.error)}</div>` : ""}
    ${log.dropped ? note("warn", `The first ${count(log.dropped)} events are not shown, because this page shows ${count(1_500_000)} at most. Download them with curl.`) : ""}
    <div class="logframe">${log.element}${!log.rows.length && stream.kind === "complete" ? html`<p class="over muted">The run has written nothing.</p>` : ""}${log.isFollowing || !log.rows.length ? "" : html`<button class="follow" @click=${() => log.follow()}>Follow</button>`}</div></section>`;

  const spans = () => card("Trace", html`${droppedSpans > 0 ? html`<div class="pad">${note("warn", `${count(droppedSpans)} span${droppedSpans === 1 ? " was" : "s were"} not kept.`)}</div>` : ""}
    ${whole(trace, () => waterfall.all.length ? html`${waterfall.element}${waterfall.picked ? details(waterfall.picked, waterfall.from) : ""}` : empty("There are no spans of this run."))}`,
  { actions: info.value?.trace_id ? html`<span class="mono muted" title=${info.value.trace_id}>${info.value.trace_id.slice(0, 8)}…</span><button class="ghost" @click=${() => copy(info.value.trace_id, "The trace id is copied")}>${icon("copy")}Copy trace id</button>` : "" });

  return () => html`${head(html`Run <span class="mono">${run.slice(0, 12)}…</span>`, {
    crumbs: html`<a href="/console/sandboxes">Sandboxes</a> / ${id(sandbox, `/console/sandboxes/${sandbox}?tab=runs`)}`,
    state: info.value ? runState(info.value) : "",
    below: info.value ? html`<p class="muted">${reasonOf(info.value)} ${ended?.error ? html`<span class="mono">${ended.error.name}: ${ended.error.value}</span>` : ""}</p>` : "",
    actions: html`<button @click=${() => copy(curl(), "The command is copied")}>${icon("copy")}Copy as curl</button>${page.info.trace_link && info.value?.trace_id
      ? html`<a class="button" href=${page.info.trace_link.replace("{trace_id}", info.value.trace_id)} target="_blank" rel="noopener noreferrer">Open trace in backend</a>` : ""}${info.value && info.value.state !== "ended" ? html`<button class="danger" @click=${interrupt}>Interrupt</button>` : ""}`
  })}
  ${whole(info, value => html`${figures(value)}<div class="stack">${spans()}${output()}${about(value)}</div>`)}`;
}

/** @param {any} run */
const figures = run => tiles([
  { label: run.state === "ended" ? "Took" : "Runs for", value: duration(tookOf(run, Date.now())) },
  { label: "CPU", value: run.usage?.cpu_seconds == null ? "–" : duration(run.usage.cpu_seconds * 1000) },
  { label: "Peak memory", value: run.usage?.memory_peak_bytes == null ? "–" : bytes(run.usage.memory_peak_bytes) },
  { label: "Events", value: count(run.last_seq) }
]);

/** @param {any} run */
const about = run => card("Facts", facts([
  ["Run", html`<span class="mono">${run.id}</span>`],
  ["Kind", `${run.kind}${run.language ? `, ${run.language}` : ""}${run.context ? `, context ${run.context}` : ""}`],
  ["Command", run.argv ? html`<span class="mono">${run.argv.join(" ")}</span>` : undefined],
  ["Tag", run.tag ?? undefined],
  ["Accepted", html`${exact(run.created_at)} (${ago(run.created_at)})`],
  ["Started", run.started_at ? exact(run.started_at) : undefined],
  ["Ended", run.ended_at ? exact(run.ended_at) : undefined],
  ["Timeout", run.timeout_seconds ? duration(run.timeout_seconds * 1000) : null],
  ["Interpreter", run.repl_restarted ? "It was started anew for this run" : undefined],
  ["Throttled", run.usage?.throttled_seconds == null ? undefined : duration(run.usage.throttled_seconds * 1000)],
  ["Most processes", run.usage?.processes_peak ?? undefined],
  ["Disk in use", run.usage?.disk_used_bytes == null ? undefined : bytes(run.usage.disk_used_bytes)],
  ["Out of memory", run.usage?.oom_kills ? `${run.usage.oom_kills} processes were killed` : undefined],
  ["Trace", html`<span class="mono">${run.trace_id}</span>`]
]), { pad: true });

/** @param {import("../waterfall.js").Span} span @param {number} begin */
const details = (span, begin) => html`<div class="pad details" role="region" aria-label="Details of the span"><h3>${span.name}</h3>${facts([
  ["From", span.isOurs ? "Podflare" : `${span.service} · ${span.scope}`],
  ["Starts at", duration(span.start - begin)],
  ["Took", duration(span.end - span.start)],
  ["Failed", span.isError ? span.message || "yes" : undefined],
  ["Span", html`<span class="mono">${span.id}</span>`],
  ["Parent", span.parent ? html`<span class="mono">${span.parent}</span>` : null],
  ...span.attributes.map(([name, value]) => /** @type {[unknown, unknown]} */ ([html`<span class="mono">${name}</span>`, html`<span class="mono">${value}</span>`])),
  ...span.events.map(event => /** @type {[unknown, unknown]} */ ([`Event ${event.name}`, html`<span class="mono">${pairsOf(event.attributes).map(([name, value]) => `${name}=${value} `)}</span>`])),
  ...span.links.map(link => /** @type {[unknown, unknown]} */ (["Link", html`<span class="mono">${link.traceId} ${link.spanId}</span>`]))
])}</div>`;
