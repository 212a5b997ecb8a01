// @ts-check
import { api } from "../api.js";
import { load, whole } from "../data.js";
import { count, duration } from "../texts.js";
import { ago, card, empty, failed, head, note, tiles } from "../ui.js";
import { each, html, svg } from "../view.js";
import { eventPill, happenings, sandboxOf, whatOf } from "./happened.js";
import { hostTable, isRefused, worries } from "./hosts.js";
import { newSandbox } from "./sandboxes.js";

export const title = "Overview";

const POLL_MS = 5_000;
const RECENT_MINUTES = 5;
const SHOWN_EVENTS = 8;
const BAR_HEIGHT = 120;

/** @typedef {{ ts: number, creates: number, runs: number, errors: number, create_ms: { p50: number, p95: number } | null }} Minute */

/** @param {import("../data.js").Page} page */
export default function open(page) {
  const overview = load(page, signal => api("/v1/overview", { signal }), POLL_MS);
  /** @type {import("../data.js").Load<any>} */
  const hosts = load(page, signal => api("/v1/hosts", { signal }), () => isRefused(hosts) ? 0 : POLL_MS);
  const activity = happenings(page, "", SHOWN_EVENTS);

  async function create() {
    const made = await newSandbox();
    if (made) page.go(`/console/sandboxes/${made.id}`);
  }

  const button = (/** @type {string | null} */ kind) => html`<button class=${kind} @click=${create}>New sandbox</button>`;
  return () => html`${head("Overview", { actions: button("primary") })}
    ${whole(overview, value => html`${value.complete ? "" : note("warn", "A host did not answer, so its part of these figures is missing.")}${tiles(figures(value))}`)}
    <div class="two"><div class="stack">${overview.value ? runsCard(overview.value.minutes) : ""}${isRefused(hosts) ? "" : card("Hosts", whole(hosts, value => html`${worries(value.hosts)}${hostTable(value.hosts)}`), { actions: html`<a href="/console/hosts">All about hosts</a>` })}</div>
    ${isRefused(activity.list) ? "" : card("Latest activity", activity.list.value || !activity.list.error ? whole(activity.list, events => events.length ? html`<ul class="feed">${each(events, event => event.seq, event =>
      html`<li><span class="row spread">${eventPill(event)}<span class="muted small">${ago(event.ts)}</span></span><span class="small">${sandboxOf(event)} <span class="muted">${whatOf(event)}</span></span></li>`)}</ul>`
      : empty("Nothing has happened yet.", "Sandboxes and runs appear here as they begin and end.", button(null))) : failed(activity.list.error, activity.list.again), { actions: html`<a href="/console/activity">All activity</a>` })}</div>`;
}

/** @param {any} value @returns {import("../ui.js").Tile[]} */
function figures({ sandboxes, runs, minutes }) {
  const recent = minutes.slice(-RECENT_MINUTES);
  const rate = (/** @type {"runs" | "creates"} */ name) => {
    const perMinute = sum(recent, name) / RECENT_MINUTES;
    return perMinute < 10 && perMinute % 1 ? perMinute.toFixed(1) : count(Math.round(perMinute));
  };
  const measured = minutes.filter((/** @type {Minute} */ minute) => minute.create_ms);
  const last = measured[measured.length - 1]?.create_ms;
  const templates = Object.entries(sandboxes.by_template);
  const average = `Average of the last ${RECENT_MINUTES} minutes`;
  return [
    { label: "Sandboxes", value: count(sandboxes.running), unit: "running", below: templates.length > 1 ? templates.map(([name, n]) => `${n} ${name}`).join(", ") : undefined },
    { label: "Active runs", value: count(runs.active), below: `${count(runs.queued)} queued` },
    { label: "Runs", value: rate("runs"), unit: "/ min", points: minutes.map((/** @type {Minute} */ minute) => minute.runs), title: average },
    { label: "Creates", value: rate("creates"), unit: "/ min", points: minutes.map((/** @type {Minute} */ minute) => minute.creates), title: average },
    { label: "Create", value: last ? duration(last.p50) : "–", unit: last ? html`p95 ${duration(last.p95)}` : undefined, below: last ? undefined : "none in the last hour",
      points: measured.length > 1 ? measured.map((/** @type {Minute} */ minute) => minute.create_ms?.p50) : undefined, title: "How long creates took on their host, in the newest minute that had one" },
    { label: "Failed runs", value: count(sum(recent, "errors")), unit: `in ${RECENT_MINUTES} min`, points: minutes.map((/** @type {Minute} */ minute) => minute.errors), title: "Runs whose exit code is not 0" }
  ];
}

/** @param {Minute[]} minutes @param {"runs" | "creates" | "errors"} name */
const sum = (minutes, name) => minutes.reduce((total, minute) => total + minute[name], 0);

/** A bar for each minute of the last hour, with what failed in red. @param {Minute[]} minutes */
function runsCard(minutes) {
  const top = Math.max(1, ...minutes.map(minute => minute.runs));
  const y = (/** @type {number} */ runs) => runs ? Math.max(3, runs / top * BAR_HEIGHT) : 1;
  const bar = (/** @type {Minute} */ minute, /** @type {number} */ i) => svg`<g><title>${`${new Date(minute.ts).toISOString().slice(11, 16)} UTC: ${minute.runs} runs, ${minute.errors} failed`}</title>
    <rect class="slot" x=${i * 10} y="0" width="10" height=${BAR_HEIGHT} /><rect class=${minute.runs ? "runs" : "none"} x=${i * 10 + 1} width="8" y=${BAR_HEIGHT - y(minute.runs)} height=${y(minute.runs)} />
    <rect class="errors" x=${i * 10 + 1} width="8" y=${BAR_HEIGHT - (minute.errors ? y(minute.errors) : 0)} height=${minute.errors ? y(minute.errors) : 0} /></g>`;
  const [total, failures] = [sum(minutes, "runs"), sum(minutes, "errors")];
  return card("Runs per minute", html`<svg class="bars" viewBox="0 0 600 120" preserveAspectRatio="none" role="img" aria-label=${`Runs per minute in the last hour: ${total} in all, at most ${total ? top : 0} in a minute, ${failures} failed`}>${minutes.map(bar)}</svg>
    <p class="row spread muted small" aria-hidden="true"><span>60 min ago</span><span>${total ? `at most ${count(top)} in a minute` : "no runs in the last hour"}</span><span>now</span></p>`,
  { pad: true, actions: html`<span class="muted small">${count(total)} in the last hour${failures ? html`, <span class="stderr">${count(failures)} failed</span>` : ""}</span>` });
}
