// @ts-check
// Events of the feed: in words, and the newest ones of them.
import { api } from "../api.js";
import { live, load } from "../data.js";
import { duration } from "../texts.js";
import { id, pill } from "../ui.js";
import { html, update } from "../view.js";

/** What a server can tell of, as in docs/webhooks.md. */
export const TYPES = ["sandbox.created", "sandbox.ended", "sandbox.lost", "run.started", "run.ended"];

/** @typedef {import("../api.js").RunEvent} FeedEvent */

/** @type {Record<string, [import("../ui.js").Kind, string]>} */
const WORDS = {
  "sandbox.created": ["good", "Sandbox created"], "sandbox.ended": ["off", "Sandbox ended"], "sandbox.lost": ["bad", "Sandbox lost"], "run.started": ["info", "Run started"], "run.ended": ["good", "Run ended"]
};

/** @param {FeedEvent} event */
export function eventPill({ type, data }) {
  const [kind, word] = WORDS[type] ?? ["off", type];
  return type === "run.ended" && data.exit_code !== 0 ? pill(data.reason === "interrupted" || data.reason === "timeout" ? "warn" : "bad", "Run failed") : pill(kind, word);
}

/** @type {Record<string, string>} */
const REASONS = { deleted: "deleted", expired: "its lifetime ended", idle: "idle for too long", lost: "its host or container is gone", stuck: "it no longer answered", oom: "no memory left" };

/** @param {FeedEvent} event */
export const whatOf = ({ type, data }) => type === "run.ended" ? html`exit ${data.exit_code}${data.reason ? html` (${data.reason})` : ""}, ${duration(data.duration_ms)}`
  : type === "run.started" ? data.language ?? "" : type === "sandbox.created" ? data.metadata?.name ?? data.template : REASONS[data.reason] ?? data.reason ?? "";

/** @param {FeedEvent} event */
export const sandboxOf = event => id(event.sandbox_id, `/console/sandboxes/${event.sandbox_id}`);

/** @param {FeedEvent} event */
export const runOf = event => event.run_id ? id(event.run_id, `/console/sandboxes/${event.sandbox_id}/runs/${event.run_id}`) : "";

/**
 * The newest events, newest first, and those that come.
 * @param {{ signal: AbortSignal }} page @param {string} types separated by commas; empty for all @param {number} most
 */
export function happenings(page, types, most) {
  const { list, add, begin } = eventList(page, signal => newest(types, most, signal), most);
  const state = { list, connection: /** @type {import("../api.js").StreamState["kind"]} */ ("waiting") };
  live(page, types ? { types } : {}, add, kind => {
    if (kind === "live" && state.connection !== "live") begin();
    state.connection = kind;
  });
  return state;
}

/**
 * Events, newest first: those of an answer, and those that come.
 * @param {{ signal: AbortSignal }} page @param {(signal: AbortSignal) => Promise<FeedEvent[]>} ask newest first @param {number} most
 */
export function eventList(page, ask, most) {
  // An answer that was on its way while they came may not have them.
  /** @type {FeedEvent[]} */
  let came = [];
  /** @param {FeedEvent[]} answer */
  const join = answer => {
    const known = new Set(answer.map(event => event.seq));
    return came.filter(event => !known.has(event.seq)).concat(answer).slice(0, most);
  };
  const list = load(page, async signal => join(await ask(signal)));
  return {
    list,
    /** @param {FeedEvent[]} events oldest first */
    add(events) {
      came = [...events].reverse().concat(came).slice(0, most);
      if (list.value) list.value = join(list.value);
      update();
    },
    /** The connection is there: what happened before is in the answer to what is asked now. */
    begin() {
      came = [];
      list.again();
    }
  };
}

/** @param {string} types @param {number} most @param {AbortSignal} signal @returns {Promise<FeedEvent[]>} */
async function newest(types, most, signal) {
  const filter = types ? `&types=${encodeURIComponent(types)}` : "";
  /** @type {FeedEvent[]} */
  let events = [];
  let after = types ? 0 : await before(most, signal);
  for (;;) {
    const page = await api(`/v1/events?after=${after}&limit=1000${filter}`, { signal });
    events = events.concat(page.events).slice(-most);
    if (page.next_after === after || page.events.length === 0 && !types) return events.reverse();
    after = page.next_after;
  }
}

/** The number after which there are so many events, or all that are kept. @param {number} most @param {AbortSignal} signal */
async function before(most, signal) {
  const oldest = (await api("/v1/events?after=0&limit=1", { signal })).events[0];
  if (!oldest) return 0;
  // Pages of a rare type are small.
  for (let after = oldest.seq - 1; ;) {
    const page = await api(`/v1/events?after=${after}&types=sandbox.lost&limit=1000`, { signal });
    if (page.next_after === after) return Math.max(oldest.seq - 1, after - most);
    after = page.next_after;
  }
}
