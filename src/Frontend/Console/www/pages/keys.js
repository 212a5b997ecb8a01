// @ts-check
import { api, now } from "../api.js";
import { load, pages, whole } from "../data.js";
import { dialog, save, sure } from "../dialogs.js";
import { bytes, count, duration } from "../texts.js";
import { ago, card, empty, failed, head, pill, table, tabs, tiles } from "../ui.js";
import { each, html, update } from "../view.js";
import { showSecret } from "./secret.js";

export const title = "Keys";

const MOST = 1_000;
const DAY_MS = 86_400_000;
const HOURS = 3_600;

/** What a key may do, from docs/tenants.md. @type {[string, string][]} */
const SCOPES = [["sandboxes", "create and use sandboxes; includes read"], ["read", "look at sandboxes, runs and files"], ["keys", "manage keys and webhooks"], ["metrics:read", "read /metrics"], ["admin", "manage tenants and hosts; includes keys"]];

/** @type {Record<string, import("../ui.js").Kind>} */
const KINDS = { active: "good", expired: "off", revoked: "bad" };

/** @param {any} key */
const isFromEnvironment = key => key.created_at === null;

/** @param {import("../data.js").Page} page */
export default function open(page) {
  const tab = () => page.query.get("tab") === "usage" ? "usage" : "keys";
  const [keys, usage] = [keysTab(page), usageTab(page)];
  return () => html`${head(tab() === "usage" ? "Usage" : "Keys", { actions: tab() === "keys" ? keys.button("primary") : "" })}
    ${tabs("Keys and usage", [{ id: "keys", name: "Keys" }, { id: "usage", name: "Usage" }], tab(), name => page.setQuery({ tab: name === "keys" ? null : name }), each([tab()], name => name, name => name === "usage" ? usage() : keys.view()))}`;
}

/** @param {import("../data.js").Page} page */
function keysTab(page) {
  const list = load(page, signal => pages("/v1/keys", "keys", MOST, signal));

  async function create() {
    const made = await newKey();
    if (!made) return;
    list.again();
    await showSecret("Key created", made.key, html`The key <b>${made.name}</b>. Programs read it from the variable PODFLARE_API_KEY.`);
  }

  /** @param {any} key */
  async function rotate(key) {
    /** @type {any} */
    let made;
    const isDone = await sure({
      title: "Rotate key", action: "Rotate", text: html`A new key with the same rights replaces <b>${key.name}</b>, which still works for 24 hours.`,
      run: async () => { made = await api(`/v1/keys/${key.id}/rotate`, { method: "POST", body: {} }); }
    });
    if (!isDone) return;
    list.again();
    await showSecret("New key", made.key, html`It replaces <b>${key.name}</b>.`);
  }

  /** @param {any} key */
  async function revoke(key) {
    if (await sure({
      title: "Revoke key", action: "Revoke", text: html`Every server refuses <b>${key.name}</b> within seconds, and cuts the streams that are open with it. This cannot be undone.`, run: () => api(`/v1/keys/${key.id}`, { method: "DELETE" })
    })) list.again();
  }

  /** @param {string | null} kind */
  const button = kind => html`<button class=${kind} @click=${create}>Create key</button>`;

  /** @type {import("../ui.js").Column<any>[]} */
  const columns = [
    { name: "Name", cell: key => html`${key.name} <div class="muted small mono">${key.prefix ? `${key.prefix}…` : key.id}</div>` },
    { name: "State", cell: key => pill(KINDS[key.state] ?? "off", key.state[0].toUpperCase() + key.state.slice(1)) },
    { name: "Scopes", wide: true, cell: key => key.scopes.map((/** @type {string} */ scope) => html`<span class="tag">${scope}</span> `) },
    { name: "Last used", wide: true, cell: key => ago(key.last_used_at) },
    { name: "Expires", wide: true, cell: key => key.expires_at ? ago(key.expires_at) : html`<span class="muted">never</span>` },
    { name: "Actions", kind: "actions", cell: key => isFromEnvironment(key) ? html`<span class="muted small" title="Set in the environment of the server, so it cannot be changed here">read only</span>`
      : key.state === "active" ? html`<button class="ghost" @click=${() => rotate(key)}>Rotate<span class="sr"> ${key.name}</span></button><button class="ghost danger" @click=${() => revoke(key)}>Revoke<span class="sr"> ${key.name}</span></button>` : "" }
  ];

  return {
    button,
    view: () => html`<section class="card">${whole(list, ({ items }) => items.length ? table("Keys", columns, items, key => key.id) : empty("There are no keys.", "Programs send a key with each call.", button(null)))}</section>`
  };
}

/** @returns {Promise<any>} the new key with its secret, or nothing */
function newKey() {
  /** @type {import("../api.js").ApiError | undefined} */
  let error;
  let isBusy = false;
  return dialog("Create key", close => html`<form @submit=${async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const days = Number(form.get("days"));
    isBusy = true;
    error = undefined;
    update();
    try {
      close(await api("/v1/keys", { method: "POST", body: { name: form.get("name"), scopes: form.getAll("scopes"), ...(days ? { expires_in_seconds: days * 24 * HOURS } : {}) } }));
    } catch (refused) {
      error = /** @type {any} */ (refused);
    }

    isBusy = false;
  }}><label>Name <input name="name" required maxlength="128" autocomplete="off" placeholder="research agent"></label>
    <fieldset><legend>Scopes</legend>${SCOPES.map(([scope, what]) => html`<label class="check"><input type="checkbox" name="scopes" value=${scope} checked=${scope === "sandboxes"}><span>${scope} <span class="muted">${what}</span></span></label>`)}</fieldset>
    <label>Expires <select name="days"><option value="">Never</option><option value="7">In 7 days</option><option value="30">In 30 days</option><option value="90">In 90 days</option><option value="365">In a year</option></select></label>
    ${error ? failed(error) : ""}<div class="actions"><button type="button" @click=${() => close()}>Cancel</button><button class="primary" disabled=${isBusy}>Create</button></div></form>`);
}

/** @param {import("../data.js").Page} page */
function usageTab(page) {
  let days = 30;
  const day = (/** @type {number} */ ms) => new Date(ms).toISOString().slice(0, 10);
  const address = () => `/v1/usage?group_by=day,key&from=${day(now() - (days - 1) * DAY_MS)}&to=${day(now())}`;
  const usage = load(page, signal => api(address(), { signal }));
  /** @type {import("../api.js").ApiError | undefined} */
  let error;

  async function download() {
    error = undefined;
    try {
      save(await api(`${address()}&format=csv`, { as: "blob" }), `podflare-usage-${day(now())}.csv`);
    } catch (refused) {
      error = /** @type {any} */ (refused);
    }
  }

  const seconds = (/** @type {number} */ value) => duration(value * 1000);

  /** @type {import("../ui.js").Column<any>[]} */
  const columns = [
    { name: "Day", cell: row => row.day },
    { name: "Key", cell: row => row.key_name ?? row.key ?? html`<span class="muted">without a key</span>` },
    { name: "Runs", kind: "num", cell: row => count(row.runs) },
    { name: "Sandboxes", kind: "num", wide: true, cell: row => count(row.sandboxes) },
    { name: "Lived", kind: "num", wide: true, cell: row => seconds(row.sandbox_seconds) },
    { name: "CPU", kind: "num", cell: row => seconds(row.cpu_seconds) },
    { name: "Output", kind: "num", wide: true, cell: row => bytes(row.bytes_out) }
  ];

  return () => whole(usage, value => html`<div class="stack">${tiles([
    { label: "Sandboxes", value: count(value.total.sandboxes) }, { label: "Runs", value: count(value.total.runs) }, { label: "Lived", value: seconds(value.total.sandbox_seconds) },
    { label: "CPU", value: seconds(value.total.cpu_seconds) }, { label: "Memory", value: count(Math.round(value.total.memory_gib_seconds / HOURS * 10) / 10), unit: "GiB h" }, { label: "Output", value: bytes(value.total.bytes_out) }
  ])}${error ? failed(error) : ""}
    ${card("Per day and key", value.rows.length ? table("Usage per day and key", columns, [...value.rows].reverse(), row => `${row.day} ${row.key}`) : empty("Nothing was used in these days."), {
      actions: html`<label class="row choice">Last <select @change=${(/** @type {any} */ event) => { days = Number(event.target.value); usage.again(); }}>${[7, 30, 90].map(n => html`<option value=${n} .selected=${n === days}>${n} days</option>`)}</select></label>
        <button @click=${download}>Download CSV</button>` })}
    <p class="muted small">As of ${ago(value.as_of)}. Days are those of UTC.</p></div>`);
}
