// @ts-check
import { api } from "../api.js";
import { load, whole } from "../data.js";
import { say, sure } from "../dialogs.js";
import { count } from "../texts.js";
import { ago, card, empty, failed, head, note, pill, table } from "../ui.js";
import { html, update } from "../view.js";

export const title = "Hosts";

const POLL_MS = 5_000;
const MEMORY_WARNING = 0.9;

/** @type {Record<string, [import("../ui.js").Kind, string]>} */
const STATES = { ready: ["good", "Ready"], starting: ["info", "Starting"], cordoned: ["warn", "Cordoned"], draining: ["warn", "Draining"], unwell: ["bad", "Unwell"], away: ["bad", "Away"] };

/** Whether this server refuses or does not offer what was asked. @param {import("../data.js").Load<any>} load */
export const isRefused = load => !load.value && [401, 403, 404, 501].includes(load.error?.status ?? 0);

/** @param {any} host */
const nameOf = host => host.name ?? host.id;

/** @param {any} host */
const stateOf = host => pill(...(STATES[host.state] ?? /** @type {[import("../ui.js").Kind, string]} */ (["off", host.state])));

/** Templates of which no container waits ready, although some should. @param {any} host */
const drained = host => host.state === "ready" ? (host.pools ?? []).filter((/** @type {any} */ pool) => pool.parked === 0 && pool.min > 0).map((/** @type {any} */ pool) => pool.template) : [];

/** What is wrong with hosts, and what follows from it. @param {any[]} hosts */
export function worries(hosts) {
  const away = hosts.filter(host => host.state === "away");
  const dry = hosts.filter(host => drained(host).length);
  const full = hosts.filter(host => host.slots && host.sandboxes >= host.slots);
  return html`${away.length ? inset("bad", html`${away.map(nameOf).join(", ")} ${away.length > 1 ? "do" : "does"} not answer. Their sandboxes cannot be reached, and are lost if they stay away.`) : ""}
    ${dry.length ? inset("warn", html`No container waits ready on ${dry.map(nameOf).join(", ")}. Creates take about 0.2 s there until there are some again.`) : ""}
    ${full.length ? inset("warn", html`${full.map(nameOf).join(", ")} ${full.length > 1 ? "have" : "has"} no free slot. Creates go to other hosts, or wait.`) : ""}`;
}

/** @param {import("../ui.js").Kind} kind @param {unknown} text */
const inset = (kind, text) => html`<div class="inset">${note(kind, text)}</div>`;

/** @type {import("../ui.js").Column<any>[]} */
const COLUMNS = [
  { name: "Host", cell: host => html`<span class="hostname">${nameOf(host)}</span>${host.name ? html`<span class="mono muted small second">${host.id}</span>` : ""}` },
  { name: "State", cell: stateOf },
  { name: "Sandboxes", kind: "num", cell: host => host.slots === undefined ? "–" : html`${count(host.sandboxes)} <span class="muted">of ${count(host.slots)}</span>` },
  { name: "Memory", kind: "num", wide: true, cell: host => host.memory_used === undefined ? "–" : html`<span class=${host.memory_used > MEMORY_WARNING ? "worry" : null}>${Math.round(host.memory_used * 100)} %</span>` },
  { name: "Ready", kind: "num", wide: true, cell: host => host.pools ? html`<span class=${drained(host).length ? "worry" : null} title=${host.pools.map((/** @type {any} */ pool) => `${pool.parked} ${pool.template}`).join(", ")}>${host.pools.reduce((/** @type {number} */ sum, /** @type {any} */ pool) => sum + pool.parked, 0)}</span>` : "–" }
];

/** @param {any[]} hosts */
export const hostTable = hosts => hosts.length ? table("Hosts", COLUMNS, hosts, host => host.id) : empty("There are no hosts.", "No worker has joined, so sandboxes cannot be created.");

/** @param {import("../data.js").Page} page */
export default function open(page) {
  const hosts = load(page, signal => api("/v1/hosts", { signal }), POLL_MS);
  /** @type {import("../api.js").ApiError | undefined} */
  let refusal;

  /** @param {any} host @param {"cordon" | "uncordon" | "drain"} action */
  const send = (host, action) => api(`/v1/hosts/${host.id}/${action}`, { method: "POST" });

  /** @param {any} host @param {"cordon" | "uncordon"} action */
  async function change(host, action) {
    refusal = undefined;
    try {
      await send(host, action);
      say(action === "cordon" ? "It gets no new sandboxes" : "It is in service again");
      await hosts.again();
    } catch (error) {
      refusal = /** @type {any} */ (error);
    }

    update();
  }

  /** @param {any} host */
  async function drain(host) {
    const stay = host.sandboxes ?? 0;
    const isDone = await sure({
      title: `Drain ${nameOf(host)}`, action: "Drain",
      text: html`It gets no new sandboxes, and the containers that wait ready are removed. ${stay ? html`<b>${count(stay)} ${stay === 1 ? "sandbox stays" : "sandboxes stay"}</b> there until ${stay === 1 ? "it ends" : "they end"}.` : "It has no sandboxes, so it can be stopped at once."}`,
      run: () => send(host, "drain")
    });
    if (isDone) hosts.again();
  }

  /** @param {any} host @param {string} name @param {() => unknown} run @param {string} [kind] */
  const button = (host, name, run, kind = "ghost") => html`<button class=${kind} @click=${run}>${name}<span class="sr"> ${nameOf(host)}</span></button>`;

  /** @type {import("../ui.js").Column<any>[]} */
  const columns = [...COLUMNS,
    { name: "Waiting creates", kind: "num", wide: true, cell: host => host.waiting === undefined ? "–" : count(host.waiting) },
    { name: "Version", wide: true, cell: host => host.version ?? "–" },
    { name: "Seen", wide: true, cell: host => ago(host.last_seen) },
    { name: "Actions", kind: "actions", cell: host => host.state === "away" ? "" : ["cordoned", "draining"].includes(host.state) ? button(host, "Uncordon", () => change(host, "uncordon"))
      : html`${button(host, "Cordon", () => change(host, "cordon"))}${button(host, "Drain", () => drain(host), "danger ghost")}` }
  ];

  /** @param {any} host @returns {[string, string][]} */
  const missing = host => Object.entries(host.isolation ?? {}).filter(([, state]) => state !== "ok").map(([layer, state]) => /** @type {[string, string]} */ ([layer, host.isolation_notes?.[layer] ?? state]));

  return () => html`${head("Hosts")}${refusal ? failed(refusal) : ""}
    ${whole(hosts, value => html`<div class="stack">${value.hosts.filter((/** @type {any} */ host) => host.problem).map((/** @type {any} */ host) => note("bad", html`${nameOf(host)}: ${host.problem}`))}
      <section class="card"><div class="cardhead"><h2>All hosts</h2><span class="muted small">${value.hosts.length ? html`Measured ${ago(hosts.at)}` : ""}</span></div>${worries(value.hosts)}
        ${value.hosts.length ? table("Hosts", columns, value.hosts, host => host.id) : empty("There are no hosts.", "No worker has joined, so sandboxes cannot be created.")}</section>
      ${value.hosts.some((/** @type {any} */ host) => missing(host).length) ? card("Isolation", html`<ul class="feed">${value.hosts.filter((/** @type {any} */ host) => missing(host).length).map((/** @type {any} */ host) =>
        html`<li><b>${nameOf(host)}</b>${missing(host).map(([layer, text]) => html`<span class="small"><span class="mono">${layer}</span> <span class="muted">${text}</span></span>`)}</li>`)}</ul>`) : ""}</div>`)}`;
}
