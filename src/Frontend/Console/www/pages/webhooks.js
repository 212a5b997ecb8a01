// @ts-check
import { api } from "../api.js";
import { load, whole } from "../data.js";
import { dialog, say, sure } from "../dialogs.js";
import { count, duration } from "../texts.js";
import { ago, card, empty, facts, failed, head, note, pill, table } from "../ui.js";
import { html, update } from "../view.js";
import { TYPES } from "./happened.js";
import { showSecret } from "./secret.js";

export const title = "Webhooks";

const POLL_MS = 5_000;
const MOST = 16;

const SIGNED = "Calls are signed with it, as Standard Webhooks says. The receiver checks the header webhook-signature.";

/** @param {any} webhook */
const stateOf = webhook => webhook.state === "active" ? pill(webhook.pending ? "warn" : "good", webhook.pending ? `Active, ${count(webhook.pending)} waiting` : "Active") : pill("off", "Disabled");

/** @param {import("../data.js").Page} page */
export default function open(page) {
  return page.path[0] ? one(page, page.path[0]) : all(page);
}

/** @param {import("../data.js").Page} page */
function all(page) {
  const webhooks = load(page, signal => api("/v1/webhooks", { signal }), POLL_MS);

  async function add() {
    const made = await change(null);
    if (!made) return;
    webhooks.again();
    await showSecret("Webhook added", made.secret, SIGNED);
    page.go(`/console/webhooks/${made.id}`);
  }

  const button = (/** @type {string | null} */ kind) => html`<button class=${kind} @click=${add}>Add webhook</button>`;

  /** @type {import("../ui.js").Column<any>[]} */
  const columns = [
    { name: "Address", cell: webhook => html`<a class="message" href=${`/console/webhooks/${webhook.id}`}>${webhook.url}</a>${webhook.description ? html`<div class="muted small">${webhook.description}</div>` : ""}` },
    { name: "State", cell: stateOf },
    { name: "Events", wide: true, cell: webhook => webhook.events.map((/** @type {string} */ type) => html`<span class="tag">${type}</span> `) },
    { name: "Added", wide: true, cell: webhook => ago(webhook.created_at) }
  ];

  return () => html`${head("Webhooks", { actions: button("primary") })}
    <section class="card"><div class="cardhead"><h2>Receivers</h2><span class="muted small">${webhooks.value ? `${webhooks.value.webhooks.length} of at most ${MOST}` : ""}</span></div>
    ${whole(webhooks, value => value.webhooks.length ? table("Webhooks", columns, value.webhooks, webhook => webhook.id)
      : empty("There are no webhooks.", "The server calls an address of yours for each event, signed, and again until it is received.", button(null)))}</section>`;
}

/** @param {import("../data.js").Page} page @param {string} id */
function one(page, id) {
  const route = `/v1/webhooks/${encodeURIComponent(id)}`;
  const webhook = load(page, signal => api(route, { signal }), POLL_MS);
  const deliveries = load(page, signal => api(`${route}/deliveries`, { signal }), POLL_MS);
  /** @type {import("../api.js").ApiError | undefined} */
  let refusal;

  /** @param {() => Promise<unknown>} action @param {string} [said] */
  async function run(action, said) {
    refusal = undefined;
    try {
      await action();
      if (said) say(said);
      await Promise.all([webhook.again(), deliveries.again()]);
    } catch (error) {
      refusal = /** @type {any} */ (error);
    }

    update();
  }

  const rotate = () => sure({
    title: "Draw a new secret", action: "Draw a new secret", text: "For 24 hours, calls are signed with the old secret as well.",
    run: async () => { drawn = await api(`${route}/rotate`, { method: "POST" }); }
  }).then(isDone => isDone && showSecret("New secret", drawn.secret, SIGNED));
  /** @type {any} */
  let drawn;

  const remove = () => sure({
    title: "Remove webhook", action: "Remove webhook", text: html`<span class="message"><b>${webhook.value?.url}</b></span> is no longer called, and what waits for it is dropped.`, run: () => api(route, { method: "DELETE" })
  }).then(isDone => { if (isDone) page.go("/console/webhooks"); });

  /** @param {any} value */
  const actions = value => html`<button @click=${() => run(() => api(`${route}/test`, { method: "POST" }), "A test call is on its way")}>Send a test</button>
    <button @click=${async () => { if (await change(value)) run(async () => {}); }}>Edit</button>
    ${value.state === "active" ? html`<button @click=${() => run(() => api(route, { method: "PATCH", body: { state: "disabled" } }), "It is no longer called")}>Disable</button>`
      : html`<button @click=${() => run(() => api(route, { method: "PATCH", body: { state: "active" } }), "It is called again")}>Enable</button>`}
    <button @click=${rotate}>New secret</button><button class="danger" @click=${remove}>Remove</button>`;

  /** @type {Record<string, import("../ui.js").Kind>} */
  const kinds = { delivered: "good", sent: "good", pending: "info", waiting: "info", failed: "bad" };

  /** @type {import("../ui.js").Column<any>[]} */
  const columns = [
    { name: "Event", cell: delivery => html`${delivery.type}${delivery.event_seq === null ? "" : html`<span class="muted small second">${delivery.event_seq}</span>`}` },
    { name: "State", cell: delivery => pill(kinds[delivery.state] ?? "off", delivery.state[0].toUpperCase() + delivery.state.slice(1)) },
    { name: "Attempts", wide: true, cell: delivery => html`<ol class="attempts">${delivery.attempts.map((/** @type {any} */ attempt) => html`<li><span class="mono">${attempt.outcome}</span> <span class="muted">${ago(attempt.ts)}, ${duration(attempt.ms)}</span></li>`)}${
      delivery.next_at ? html`<li class="muted">next ${ago(delivery.next_at)}</li>` : ""}</ol>` },
    { name: "Actions", kind: "actions", cell: delivery => delivery.event_seq === null ? "" : html`<button class="ghost" @click=${() => run(() => api(`${route}/deliveries/${delivery.event_seq}/replay`, { method: "POST" }), "It is sent again")}>Send again<span class="sr"> ${delivery.type} ${delivery.event_seq}</span></button>` }
  ];

  return () => html`${head("Webhook", { crumbs: html`<a href="/console/webhooks">Webhooks</a>`, state: webhook.value ? stateOf(webhook.value) : "", below: html`<p class="mono muted whole">${id}</p>`, actions: webhook.value ? actions(webhook.value) : "" })}
    <div class="stack">${refusal ? failed(refusal) : ""}
    ${whole(webhook, value => html`${value.disabled_because ? note("bad", html`It is disabled: ${value.disabled_because}. When you enable it, it is called with what the feed still has.`) : ""}
      ${card("Receiver", facts([["Address", value.url], ["Description", value.description || undefined], ["Events", value.events.map((/** @type {string} */ type) => html`<span class="tag">${type}</span> `)], ["Added", ago(value.created_at)],
        ["Waiting", count(value.pending)], ["Skipped", value.skipped ? html`${count(value.skipped)} events left the feed before their turn` : undefined]]), { pad: true })}
      ${card("Deliveries", whole(deliveries, list => list.deliveries.length ? table("Deliveries", columns, list.deliveries, delivery => delivery.event_id) : empty("Nothing has been sent yet.", "Send a test, or start a run.")))}`)}</div>`;
}

/** Asks for the fields of a new webhook, or of one that exists. @param {any} webhook @returns {Promise<any>} what the server answered, or nothing */
function change(webhook) {
  /** @type {import("../api.js").ApiError | undefined} */
  let error;
  let isBusy = false;
  const chosen = (/** @type {string} */ type) => webhook ? webhook.events.some((/** @type {string} */ pattern) => pattern === type || pattern === "*" || pattern === `${type.split(".")[0]}.*`) : type !== "run.started";
  return dialog(webhook ? "Edit webhook" : "Add webhook", close => html`<form @submit=${async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    isBusy = true;
    error = undefined;
    update();
    try {
      close(await api(webhook ? `/v1/webhooks/${webhook.id}` : "/v1/webhooks", { method: webhook ? "PATCH" : "POST", body: { url: form.get("url"), events: form.getAll("events"), description: form.get("description") } }));
    } catch (refused) {
      error = /** @type {any} */ (refused);
    }

    isBusy = false;
  }}><label>Address <input name="url" type="url" required maxlength="1000" placeholder="https://example.com/podflare" value=${webhook?.url ?? ""}><span class="hint">Only https addresses of the public internet are called</span></label>
    <fieldset><legend>Events</legend>${TYPES.map(type => html`<label class="check"><input type="checkbox" name="events" value=${type} checked=${chosen(type)}>${type}</label>`)}</fieldset>
    <label>Description <input name="description" maxlength="256" autocomplete="off" value=${webhook?.description ?? ""}></label>
    ${error ? failed(error) : ""}<div class="actions"><button type="button" @click=${() => close()}>Cancel</button><button class="primary" disabled=${isBusy}>${webhook ? "Save" : "Add"}</button></div></form>`);
}
