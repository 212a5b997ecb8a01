// @ts-check
import { whole } from "../data.js";
import { exact } from "../texts.js";
import { ago, empty, head, light, table } from "../ui.js";
import { html } from "../view.js";
import { eventPill, happenings, runOf, sandboxOf, TYPES, whatOf } from "./happened.js";

export const title = "Activity";

const MOST = 500;

/** @type {Record<string, string>} */
const CHOICES = { "": "Everything", "sandbox.*": "Sandboxes", "run.*": "Runs", ...Object.fromEntries(TYPES.map(type => [type, type])) };

/** @type {import("../ui.js").Column<import("./happened.js").FeedEvent>[]} */
const COLUMNS = [
  { name: "What", cell: eventPill },
  { name: "Sandbox", cell: sandboxOf },
  { name: "Run", cell: runOf, wide: true },
  { name: "Details", cell: event => html`<span class="muted message">${whatOf(event)}</span>`, wide: true },
  { name: "When", cell: event => html`<span title=${exact(event.ts)}>${ago(event.ts)}</span>` }
];

/** @param {import("../data.js").Page} page */
export default function open(page) {
  let leave = new AbortController();
  let events = read();

  function read() {
    leave = new AbortController();
    return happenings({ signal: AbortSignal.any([page.signal, leave.signal]) }, page.query.get("types") ?? "", MOST);
  }

  function pick(/** @type {string} */ types) {
    leave.abort();
    page.setQuery({ types: types || null });
    events = read();
  }

  return () => {
    const types = page.query.get("types") ?? "";
    return html`${head("Activity", { state: light(events.connection === "live" ? "live" : events.connection === "refused" ? "refused" : "waiting") })}
      <section class="card"><div class="cardhead"><label class="row choice">Show <select @change=${(/** @type {any} */ event) => pick(event.target.value)}>${Object.entries(CHOICES).map(([value, name]) =>
        html`<option value=${value} .selected=${value === types}>${name}</option>`)}</select></label><span class="muted small">The newest ${MOST} of the last 24 hours</span></div>
      ${whole(events.list, value => value.length ? table("Activity", COLUMNS, value, event => event.seq)
        : types ? empty("Nothing of this kind has happened.", "", html`<button @click=${() => pick("")}>Show everything</button>`)
          : empty("Nothing has happened in the last 24 hours.", "Sandboxes and runs appear here as they begin and end.", html`<a class="button" href="/console/sandboxes">Sandboxes</a>`))}</section>`;
  };
}
