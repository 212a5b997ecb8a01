// @ts-check
/** What pages show: answers of the server that stay up to date. */

import { api, ApiError, feed, now } from "./api.js";
import { sentence } from "./texts.js";
import { ago, bones, failed, note } from "./ui.js";
import { html, update } from "./view.js";

/**
 * One visit of a page. `path` has the parts of the address after the page's name, `info` is the answer of /v1/info, and `signal` is aborted when the reader leaves.
 * @typedef {{ path: string[], query: URLSearchParams, setQuery: (change: Record<string, string | null>) => void, title: (text: string) => void, go: (address: string) => void, info: any, signal: AbortSignal }} Page
 */

/**
 * @template T
 * @typedef {{ value: T | undefined, error: ApiError | undefined, at: number, busy: boolean, again: () => Promise<void> }} Load
 */

/**
 * @template T
 * @param {{ signal: AbortSignal }} page
 * @param {(signal: AbortSignal) => Promise<T>} ask
 * @param {number | (() => number)} [every] milliseconds between the end of a call and the next one; 0 for once
 * @returns {Load<T>}
 */
export function load(page, ask, every = 0) {
  let timer = 0;
  let isWanted = false;
  /** @type {Load<T>} */
  const state = { value: undefined, error: undefined, at: 0, busy: false, again };

  async function again() {
    if (page.signal.aborted) return;
    // A call that has begun may have seen what was before a change.
    if (state.busy) { isWanted = true; return; }
    clearTimeout(timer);
    state.busy = true;
    isWanted = false;
    try {
      state.value = await ask(page.signal);
      state.error = undefined;
      state.at = now();
    } catch (error) {
      if (page.signal.aborted) return;
      if (!(error instanceof ApiError)) console.error(error);
      state.error = error instanceof ApiError ? error : new ApiError(0, { error: String(error), code: "console" });
    }

    state.busy = false;
    if (page.signal.aborted) return;
    update();
    if (isWanted) return again();
    plan();
  }

  function plan() {
    const pause = typeof every === "function" ? every() : every;
    if (pause) timer = setTimeout(() => { if (!document.hidden) again(); }, Math.max(pause, (state.error?.retryAfter ?? 0) * 1000));
  }

  const onShown = () => { if (!document.hidden && (typeof every === "function" ? every() : every)) again(); };
  document.addEventListener("visibilitychange", onShown, { signal: page.signal });
  page.signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  again();
  return state;
}

/**
 * Tells of events as they happen, while the tab is seen: browsers allow few connections to a server.
 * @param {{ signal: AbortSignal }} page @param {{ types?: string, sandbox?: string }} query @param {(events: import("./api.js").RunEvent[]) => void} on @param {(kind: import("./api.js").StreamState["kind"]) => void} state
 */
export function live(page, query, on, state) {
  /** @type {AbortController | undefined} */
  let reading;
  const change = () => {
    if (document.hidden) {
      reading?.abort();
      reading = undefined;
    } else if (!reading) {
      reading = new AbortController();
      feed(query, on, ({ kind }) => { state(kind); update(); }, AbortSignal.any([page.signal, reading.signal])).catch(() => state("refused"));
    }
  };
  document.addEventListener("visibilitychange", change, { signal: page.signal });
  change();
}

/**
 * The three states besides full: loading, failed, and old while it cannot be renewed.
 * @template T @param {Load<T>} load @param {(value: T) => unknown} draw @param {unknown} [waiting] what is shown meanwhile
 */
export function whole(load, draw, waiting = bones(4)) {
  if (load.value === undefined) return load.error ? failed(load.error, load.again) : waiting;
  return html`${load.error ? stale(load) : ""}${draw(load.value)}`;
}

/** @param {Load<any>} load */
const stale = load => note("warn", html`${sentence(load.error?.message ?? "")} These figures are from ${ago(load.at)}. <button class="ghost" @click=${load.again}>Try again</button>`);

/** Reads a page of a list and those that follow, at most `most` items. @param {string} path @param {string} name of the list in the answer @param {number} most @param {AbortSignal} [signal] */
export async function pages(path, name, most, signal) {
  /** @type {any[]} */
  const items = [];
  for (let cursor = ""; ;) {
    const page = await api(`${path}${path.includes("?") ? "&" : "?"}limit=${Math.min(most, 1000)}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`, { signal });
    items.push(...page[name]);
    if (!page.next_cursor || items.length >= most) return { items, isWhole: !page.next_cursor };
    cursor = page.next_cursor;
  }
}
