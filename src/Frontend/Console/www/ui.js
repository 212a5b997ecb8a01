// @ts-check
/**
 * The parts that pages are made of. A page is a module in pages/ with two exports:
 *
 *   export const title = "Hosts";
 *   export default function open(page) {
 *     const hosts = load(page, signal => api("/v1/hosts", { signal }), 5_000);
 *     return () => html`${head("Hosts")} ${whole(hosts, value => html`…`)}`;
 *   }
 *
 * `open` is called once per visit, what it returns is called for each drawing. `page` is described in data.js.
 *
 * data.js      load(page, ask, every) → { value, error, at, again() }: keeps the last value while the next call fails; polls rest in hidden tabs
 *              live(page, { types }, on, state): events as they happen
 *              whole(load, draw) draws bones, then the value, with a note while it cannot be renewed
 * ui.js        head pill tiles spark card table tabs note light empty facts failed bones id ago icon
 * dialogs.js   dialog(title, close => html`…`), sure({ title, text, action }), say("Copied"), copyButton, save
 * texts.js     duration(ms) bytes(n) count(n) exact(ts) cut(id)
 * Each of them is described where it is.
 */

import { now } from "./api.js";
import { cut, exact, moment, rough, sentence } from "./texts.js";
import { each, html, svg, update } from "./view.js";

/** @typedef {import("./api.js").ApiError} ApiError */

/** A relative time with the exact one as title. It is drawn anew by itself. @param {number | string | null | undefined} when */
export function ago(when) {
  if (when === null || when === undefined) return html`<span class="muted">never</span>`;
  const ms = now() - moment(when);
  const text = Math.abs(ms) < 1_500 ? "now" : ms > 0 ? `${rough(ms)} ago` : `in ${rough(-ms)}`;
  return html`<time datetime=${new Date(moment(when)).toISOString()} title=${exact(when)}>${text}</time>`;
}

// Relative times grow old.
setInterval(() => { if (!document.hidden) update(); }, 5_000);

/** An id: short to see, whole as title and when it is copied. @param {string} text @param {string} [href] */
export const id = (text, href) => href ? html`<a class="mono id" href=${href} title=${text}>${cut(text)}</a>` : html`<span class="mono id" title=${text}>${cut(text)}</span>`;

/** @type {Record<string, unknown>} */
const SHAPES = {
  good: svg`<path d="M6 0a6 6 0 1 0 0 12A6 6 0 0 0 6 0ZM5.2 8.8 2.6 6.2l1-1 1.6 1.6 3.2-3.2 1 1Z" />`,
  bad: svg`<path fill-rule="evenodd" d="M3.5 0h5L12 3.5v5L8.5 12h-5L0 8.5v-5ZM4.3 3.3l-1 1L5 6 3.3 7.7l1 1L6 7l1.7 1.7 1-1L7 6l1.7-1.7-1-1L6 5Z" />`,
  warn: svg`<path fill-rule="evenodd" d="M6 .5 12 11.5H0ZM5.3 4.2v3.6h1.4V4.2Zm0 4.4V10h1.4V8.6Z" />`,
  info: svg`<path d="M2 .8v10.4L11 6Z" />`,
  off: svg`<path fill-rule="evenodd" d="M6 0a6 6 0 1 1 0 12A6 6 0 0 1 6 0Zm0 1.8a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4Z" />`
};

/** @typedef {"good" | "warn" | "bad" | "info" | "off"} Kind */

/** A state: shape and word. @param {Kind} kind @param {unknown} word */
export const pill = (kind, word) => html`<span class="pill ${kind}"><svg viewBox="0 0 12 12" aria-hidden="true">${SHAPES[kind]}</svg>${word}</span>`;

/** @param {Kind} kind @param {unknown} text */
export const note = (kind, text) => html`<div class="note ${kind}" role="status">${text}</div>`;

/** @type {Record<string, [string, string]>} */
const LIGHTS = { live: ["live", "Live"], waiting: ["wait", "Reconnecting"], complete: ["", "Complete"], refused: ["", "Stopped"], off: ["", "Not connected"] };

/** The state of a connection. @param {"live" | "waiting" | "complete" | "refused" | "off"} state @param {string} [text] instead of its word */
export const light = (state, text) => html`<span class="conn ${LIGHTS[state][0]}" role="status"><i></i>${text ?? LIGHTS[state][1]}</span>`;

/** @param {unknown} title @param {{ crumbs?: unknown, state?: unknown, actions?: unknown, below?: unknown }} [more] */
export const head = (title, { crumbs, state, actions, below } = {}) => html`<div class="head"><div class="headtext">${crumbs ? html`<p class="crumbs">${crumbs}</p>` : ""}
  <div class="row"><h1>${title}</h1>${state}</div>${below}</div>${actions ? html`<div class="row">${actions}</div>` : ""}</div>`;

/** @param {unknown} title @param {unknown} body @param {{ actions?: unknown, pad?: boolean }} [more] */
export const card = (title, body, { actions, pad = false } = {}) =>
  html`<section class="card"><div class="cardhead"><h2>${title}</h2>${actions ? html`<div class="row">${actions}</div>` : ""}</div><div class=${pad ? "pad" : "cardbody"}>${body}</div></section>`;

/** @typedef {{ label: string, value: unknown, unit?: unknown, below?: unknown, points?: (number | null)[], limit?: number, mark?: number, title?: string }} Tile */

/** Figures with sparklines. @param {Tile[]} items below: a line under the figure; points, limit, mark: see spark */
export const tiles = items => html`<dl class="tiles">${each(items, item => item.label, item => html`<div class="card tile" title=${item.title}><dt>${item.label}</dt><dd>${item.value}${item.unit === undefined ? "" : html` <small>${item.unit}</small>`}</dd>${
  item.below === undefined ? "" : html`<dd class="below"><small>${item.below}</small></dd>`}${item.points ? html`<dd class="sparkline" aria-hidden="true">${spark(item.points, item)}</dd>` : ""}</div>`)}</dl>`;

const SPARK_WIDTH = 120;
const SPARK_HEIGHT = 44;

/** A line over time. @param {(number | null)[]} points @param {{ limit?: number, mark?: number }} [more] limit: where the axis ends; mark: a dashed line */
export function spark(points, { limit, mark } = {}) {
  const known = /** @type {number[]} */ (points.filter(point => point !== null));
  if (known.length < 2) return html`<svg class="spark" viewBox="0 0 120 44"></svg>`;
  const top = limit ?? (Math.max(...known) || 1);
  const y = (/** @type {number} */ value) => (SPARK_HEIGHT - 2 - Math.min(value / top, 1) * (SPARK_HEIGHT - 6)).toFixed(1);
  const x = (/** @type {number} */ i) => (i * SPARK_WIDTH / (points.length - 1)).toFixed(1);
  let line = "";
  points.forEach((point, i) => { if (point !== null) line += `${line && points[i - 1] !== null ? "L" : "M"}${x(i)} ${y(point)}`; });
  const area = points.includes(null) ? "" : `${line}L${SPARK_WIDTH} ${SPARK_HEIGHT}L0 ${SPARK_HEIGHT}Z`;
  return html`<svg class="spark" viewBox="0 0 120 44" preserveAspectRatio="none"><path class="area" d=${area} /><path d=${line} />${mark === undefined ? "" : svg`<path class="limit" d=${`M0 ${y(mark)}H${SPARK_WIDTH}`} />`}</svg>`;
}

/**
 * @template T
 * @typedef {{ name: string, cell: (row: T) => unknown, kind?: "num" | "actions", wide?: boolean }} Column wide: left out on phones
 */

/** @template T @param {string} caption what it lists, for screen readers @param {Column<T>[]} columns @param {readonly T[]} rows @param {(row: T) => unknown} keyOf */
export const table = (caption, columns, rows, keyOf) => html`<div class="scroll" role="region" aria-label=${caption} tabindex="0"><table><caption class="sr">${caption}</caption>
  <thead><tr>${columns.map(column => html`<th scope="col" class=${classOf(column)}>${column.kind === "actions" ? html`<span class="sr">${column.name}</span>` : column.name}</th>`)}</tr></thead>
  <tbody>${each(rows, keyOf, row => html`<tr>${columns.map(column => html`<td class=${classOf(column)}>${column.cell(row)}</td>`)}</tr>`)}</tbody></table></div>`;

/** @param {Column<any>} column */
const classOf = column => `${column.kind ?? ""}${column.wide ? " wide" : ""}`.trim() || null;

/** @param {[unknown, unknown][]} pairs those without a value are left out */
export const facts = pairs => html`<dl class="facts">${pairs.filter(([, value]) => value !== undefined).map(([name, value]) => html`<dt>${name}</dt><dd>${value ?? html`<span class="muted">none</span>`}</dd>`)}</dl>`;

/** @param {string} title a sentence @param {unknown} [text] @param {unknown} [action] the one useful action */
export const empty = (title, text, action) => html`<div class="empty"><p class="title">${title}</p>${text ? html`<p>${text}</p>` : ""}${action ? html`<div class="row">${action}</div>` : ""}</div>`;

/**
 * Tabs with the panel of the current one. Arrow keys move.
 * @param {string} label @param {{ id: string, name: string }[]} items @param {string} current @param {(id: string) => void} pick @param {unknown} panel
 */
export function tabs(label, items, current, pick, panel) {
  const onKey = (/** @type {KeyboardEvent} */ event) => {
    const at = items.findIndex(item => item.id === current);
    /** @type {Record<string, number>} */
    const moves = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: items.length - 1 };
    if (!(event.key in moves)) return;
    event.preventDefault();
    const next = items[(moves[event.key] + items.length) % items.length];
    document.getElementById(`tab-${next.id}`)?.focus();
    pick(next.id);
  };
  return html`<div class="tabs" role="tablist" aria-label=${label} @keydown=${onKey}>${each(items, item => item.id, item => html`<button role="tab" id=${`tab-${item.id}`} aria-selected=${String(item.id === current)}
    aria-controls="panel" tabindex=${item.id === current ? 0 : -1} @click=${() => pick(item.id)}>${item.name}</button>`)}</div>
    <div class="panel" role="tabpanel" id="panel" aria-labelledby=${`tab-${current}`}>${panel}</div>`;
}

/** @type {Record<string, string>} */
const ICONS = {
  overview: "M3 3h7v7H3zM14 3h7v7h-7zM3 14h7v7H3zM14 14h7v7h-7z",
  sandboxes: "M12 2.5 20.5 7v10L12 21.5 3.5 17V7ZM3.5 7 12 11.5 20.5 7M12 11.5v10",
  activity: "M2.5 12h4.5l3-8 4.5 16 3-8h4",
  hosts: "M3 4h18v7H3zM3 13h18v7H3zM7 7.5h.01M7 16.5h.01",
  webhooks: "M10 13a5 5 0 0 0 7.5.5l3-3a5 5 0 0 0-7-7L12 5M14 11a5 5 0 0 0-7.5-.5l-3 3a5 5 0 0 0 7 7L12 19",
  keys: "M15 9a5 5 0 1 0-4 4.9L13.5 16.4V19H16v2.5h5.5V17l-6.6-6.6M8.5 8.5h.01",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6 19 19M5 19l1.4-1.4M17.6 6.4 19 5",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z",
  system: "M3 4h18v12H3zM8 20h8M12 16v4"
};

/** @param {string} name one of ICONS */
export const icon = name => html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${ICONS[name]} /></svg>`;

/** What went wrong, in the server's words, with what helps to find the reason. @param {ApiError} error @param {(() => unknown) | undefined} [again] */
export const failed = (error, again) => html`<div class="note bad problem" role="alert"><p>${sentence(error.message)}${error.retryAfter ? ` Try again in ${error.retryAfter} s.` : ""}</p>
  <p class="mono small">${error.code}${error.trace ? html` · trace ${error.trace}` : ""}</p>${again ? html`<button @click=${again}>Try again</button>` : ""}</div>`;

/** @param {number} rows */
export const bones = rows => html`<div class="bones" role="status"><span class="sr">Loading</span>${Array.from({ length: rows }, (_, i) => html`<span class="bone" style=${{ width: `${92 - (i * 37) % 50}%` }}></span>`)}</div>`;
