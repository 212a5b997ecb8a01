// @ts-check
import { api } from "../api.js";
import { live, load, pages, whole } from "../data.js";
import { dialog, sure } from "../dialogs.js";
import { ago, card, empty, failed, head, id, light, pill, table } from "../ui.js";
import { html, update } from "../view.js";

export const title = "Sandboxes";

const POLL_MS = 3_000;
const MOST = 1_000;
const GATHER_MS = 250;

/** @type {Record<string, import("../ui.js").Kind>} */
const KINDS = { ready: "good", ending: "info", ended: "off", lost: "bad" };

/** @param {any} sandbox */
export const stateOf = sandbox => pill(KINDS[sandbox.state] ?? "off", sandbox.state[0].toUpperCase() + sandbox.state.slice(1));

/** @param {import("../data.js").Page} page */
export default function open(page) {
  /** @type {import("../api.js").StreamState["kind"]} */
  let connection = "waiting";
  let filter = page.query.get("filter") ?? "";
  const all = () => page.query.get("ended") === "1";
  const list = load(page, async signal => {
    const { items, isWhole } = await pages("/v1/sandboxes", "sandboxes", MOST, signal);
    const open = items.filter(({ state }) => state !== "ended" && state !== "lost");
    return { isWhole, items: all() ? [...open, ...await endedOf(new Set(open.map(sandbox => sandbox.id)), signal)] : open };
  }, () => connection === "live" ? 0 : POLL_MS);
  let gathering = 0;
  const soon = () => { gathering ||= setTimeout(() => { gathering = 0; list.again(); }, GATHER_MS); };
  live(page, { types: "sandbox.*" }, soon, kind => {
    if (kind === "live" && connection !== "live") soon();
    connection = kind;
    if (kind !== "live") list.again();
  });

  async function create() {
    const made = await newSandbox();
    if (made) page.go(`/console/sandboxes/${made.id}`);
  }

  /** @param {any} sandbox */
  const matches = sandbox => `${sandbox.id} ${sandbox.template} ${Object.entries(sandbox.metadata).flat().join(" ")}`.toLowerCase().includes(filter.trim().toLowerCase());

  /** @type {import("../ui.js").Column<any>[]} */
  const columns = [
    { name: "Sandbox", cell: sandbox => html`${sandbox.metadata.name ? html`<a href=${`/console/sandboxes/${sandbox.id}`}>${sandbox.metadata.name}</a> <span class="second">${id(sandbox.id)}</span>` : id(sandbox.id, `/console/sandboxes/${sandbox.id}`)}` },
    { name: "State", cell: stateOf },
    { name: "Template", cell: sandbox => sandbox.template, wide: true },
    { name: "Created", cell: sandbox => ago(sandbox.created_at), wide: true },
    { name: "Expires", cell: sandbox => sandbox.ended_at ? html`<span class="muted">${sandbox.ended_reason ?? "ended"} ${ago(sandbox.ended_at)}</span>` : ago(sandbox.expires_at) },
    { name: "Actions", kind: "actions", cell: sandbox => sandbox.state === "ready" ? html`<button class="danger ghost" @click=${() => remove(sandbox, list.again)}>Delete<span class="sr"> ${sandbox.metadata.name ?? sandbox.id}</span></button>` : "", wide: true }
  ];

  return () => html`${head("Sandboxes", { state: light(connection === "live" ? "live" : "off", connection === "live" ? "Live" : "Every 3 s"), actions: html`<button class="primary" @click=${create}>New sandbox</button>` })}
    <section class="card"><div class="cardhead"><input type="search" class="filter" aria-label="Filter sandboxes" placeholder="Filter by id, template or metadata" .value=${filter}
      @input=${(/** @type {any} */ event) => { filter = event.target.value; }}><label class="check"><input type="checkbox" .checked=${all()} @change=${(/** @type {any} */ event) => {
        page.setQuery({ ended: event.target.checked ? "1" : null });
        list.again();
      }}>Ended</label></div>
    ${whole(list, ({ items, isWhole }) => {
      const rows = items.filter(matches);
      if (!items.length) return empty(all() ? "There were no sandboxes in the last 24 hours." : "No sandbox is running.", "A sandbox is ready within milliseconds, and keeps its variables and files from run to run.", html`<button class="primary" @click=${create}>New sandbox</button>`);
      if (!rows.length) return empty(`No sandbox matches “${filter}”.`, "", html`<button @click=${() => { filter = ""; }}>Clear the filter</button>`);
      return html`${table("Sandboxes", columns, rows, sandbox => sandbox.id)}${isWhole ? "" : html`<p class="pad muted">These are the newest ${MOST}.</p>`}`;
    })}</section>`;
}

/** Those that have ended in the last 24 hours, newest first, from what the server remembers of them. @param {Set<string>} open @param {AbortSignal} signal */
async function endedOf(open, signal) {
  /** @type {Map<string, any>} */
  const known = new Map();
  for (let after = 0; ;) {
    const { events, next_after: next } = await api(`/v1/events?types=sandbox.*&limit=1000&after=${after}`, { signal });
    for (const { type, sandbox_id: id, ts, data } of events) {
      const sandbox = known.get(id) ?? { id, state: "", template: "", metadata: {} };
      known.set(id, sandbox);
      if (type === "sandbox.created") Object.assign(sandbox, { template: data.template, metadata: data.metadata ?? {}, created_at: ts });
      else Object.assign(sandbox, { state: type === "sandbox.lost" ? "lost" : "ended", ended_at: ts, ended_reason: data.reason });
    }

    if (next === after) return [...known.values()].filter(({ id, state }) => state && !open.has(id)).reverse().slice(0, MOST);
    after = next;
  }
}

/** @param {any} sandbox @param {() => unknown} [then] */
export async function remove(sandbox, then) {
  const name = sandbox.metadata.name ?? sandbox.id;
  const isDone = await sure({
    title: "Delete sandbox", text: html`Everything in <b>${name}</b> is lost: its variables, its files, and the runs that have not ended. This cannot be undone.`, action: "Delete sandbox",
    run: () => api(`/v1/sandboxes/${sandbox.id}`, { method: "DELETE" })
  });
  if (isDone) then?.();
}

/** @returns {Promise<any>} the new sandbox, or nothing */
export async function newSandbox() {
  const leave = new AbortController();
  const templates = load(leave, signal => api("/v1/templates", { signal }));
  /** @type {import("../api.js").ApiError | undefined} */
  let error;
  let isBusy = false;
  const made = await dialog("New sandbox", close => html`<form @submit=${async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const hours = Number(form.get("hours"));
    isBusy = true;
    error = undefined;
    update();
    try {
      close(await api("/v1/sandboxes", { method: "POST", body: {
        template: form.get("template"), ...(form.get("name") ? { metadata: { name: form.get("name") } } : {}), ...(hours ? { timeout_seconds: hours * 3600 } : {}) } }));
    } catch (refusal) {
      error = /** @type {any} */ (refusal);
    }

    isBusy = false;
  }}>${whole(templates, value => html`<label>Template <select name="template">${value.templates.map((/** @type {any} */ template) =>
      html`<option value=${template.name} .selected=${template.default}>${template.name} (${template.memory_mib} MiB, ${template.cpus} CPU${template.cpus === 1 ? "" : "s"})</option>`)}</select></label>`)}
    <label>Name <input name="name" maxlength="512" autocomplete="off" placeholder="research agent"><span class="hint">Kept as metadata.name</span></label>
    <label>Lifetime <select name="hours"><option value="">The server’s default</option><option value="1">1 hour</option><option value="8">8 hours</option><option value="24">24 hours</option><option value="168">7 days</option></select></label>
    ${error ? failed(error) : ""}
    <div class="actions"><button type="button" @click=${() => close()}>Cancel</button><button class="primary" disabled=${isBusy || !templates.value}>${isBusy ? "Creating…" : "Create"}</button></div></form>`);
  leave.abort();
  return made;
}
