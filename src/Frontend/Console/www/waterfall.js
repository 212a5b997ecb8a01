// @ts-check
/**
 * A trace as bars over time: a tree of buttons, of which only those in sight exist.
 *
 *   const waterfall = new Waterfall();      waterfall.element goes into a page
 *   waterfall.set(trace);                   OTLP's JSON; what is folded, picked and scrolled stays
 *   waterfall.picked                        the span whose details the page shows
 */

import { duration } from "./texts.js";
import { update } from "./view.js";

/** @typedef {{ id: string, parent: string, name: string, start: number, end: number, isOurs: boolean, service: string, scope: string, isError: boolean, message: string, attributes: [string, string][], events: any[], links: any[], kids: Span[], depth: number, hue: string }} Span */

const ROW = 28;
const SPARE = 10;
const DEEPEST = 64;
const HUES = 6;
const OURS = "Podflare";
/** The server gives this namespace to all that comes out of a sandbox. */
const CODE = "podflare.sandbox";

/** The text of an attribute's value. @param {any} value @returns {string} */
export function valueOf(value) {
  if (!value) return "";
  if (value.arrayValue) return `[${(value.arrayValue.values ?? []).map(valueOf).join(", ")}]`;
  if (value.kvlistValue) return `{${(value.kvlistValue.values ?? []).map((/** @type {any} */ pair) => `${pair.key}: ${valueOf(pair.value)}`).join(", ")}}`;
  return String(value.stringValue ?? value.intValue ?? value.doubleValue ?? value.boolValue ?? value.bytesValue ?? "");
}

/** @param {any[] | undefined} attributes @returns {[string, string][]} */
export const pairsOf = attributes => (attributes ?? []).map(({ key, value }) => [key, valueOf(value)]);

/** Milliseconds, with the fraction that doubles keep. @param {string} nanoseconds */
const ms = nanoseconds => Number(BigInt(nanoseconds ?? 0) / 1_000n) / 1_000;

/** Spans in the order of a tree. A span whose parent is not there is a root. @param {any} trace @returns {Span[]} */
export function spansOf(trace) {
  /** @type {Span[]} */
  const spans = [];
  for (const { resource, scopeSpans } of trace?.resourceSpans ?? []) {
    const about = Object.fromEntries(pairsOf(resource?.attributes));
    const service = about["service.name"] ?? "";
    for (const { scope, spans: some } of scopeSpans ?? []) {
      for (const span of some ?? []) {
        spans.push({
          id: span.spanId, parent: span.parentSpanId ?? "", name: span.name ?? "", start: ms(span.startTimeUnixNano), end: Math.max(ms(span.startTimeUnixNano), ms(span.endTimeUnixNano)),
          isOurs: (scope?.name ?? "").startsWith(OURS) && about["service.namespace"] !== CODE, service, scope: scope?.name ?? "", isError: span.status?.code === 2, message: span.status?.message ?? "",
          attributes: pairsOf(span.attributes), events: span.events ?? [], links: span.links ?? [], kids: [], depth: 0, hue: ""
        });
      }
    }
  }

  const known = new Map(spans.map(span => [span.id, span]));
  const roots = spans.filter(span => {
    const parent = known.get(span.parent);
    if (!parent || parent === span) return true;
    parent.kids.push(span);
    return false;
  });
  const groups = [...new Set(spans.filter(span => !span.isOurs).map(span => `${span.service}/${span.scope}`))];
  /** @type {Span[]} */
  const ordered = [];
  const walk = (/** @type {Span[]} */ some, /** @type {number} */ depth) => {
    if (depth > DEEPEST) return;
    for (const span of some.sort((a, b) => a.start - b.start)) {
      span.depth = depth;
      span.hue = span.isOurs ? "var(--span-ours)" : `var(--span-${groups.indexOf(`${span.service}/${span.scope}`) % HUES + 1})`;
      ordered.push(span);
      walk(span.kids, depth + 1);
    }
  };
  walk(roots, 0);
  return ordered;
}

export class Waterfall {
  constructor() {
    /** @type {Span[]} */
    this.all = [];
    /** Those whose parents are all unfolded. @type {Span[]} */
    this.rows = [];
    this.from = 0;
    this.width = 1;
    /** @type {Set<string>} */
    this.folded = new Set();
    /** @type {Span | undefined} */
    this.picked = undefined;
    this.focused = 0;
    this.due = 0;
    /** @type {Map<string, HTMLButtonElement>} */
    this.buttons = new Map();
    this.element = document.createElement("div");
    this.element.className = "wf";
    this.axis = this.element.appendChild(document.createElement("div"));
    this.axis.className = "axis";
    this.axis.setAttribute("aria-hidden", "true");
    this.tree = this.element.appendChild(document.createElement("div"));
    this.tree.setAttribute("role", "tree");
    this.tree.setAttribute("aria-label", "Spans");
    this.element.addEventListener("scroll", () => this.ask(), { passive: true });
    this.tree.addEventListener("keydown", event => this.onKey(event));
    new ResizeObserver(() => this.ask()).observe(this.element);
  }

  /** @param {any} trace */
  set(trace) {
    this.all = spansOf(trace);
    this.from = this.all.reduce((least, span) => Math.min(least, span.start), Infinity);
    this.width = Math.max(this.all.reduce((most, span) => Math.max(most, span.end), 0) - this.from, 0.001);
    this.picked = this.all.find(span => span.id === this.picked?.id);
    this.axis.replaceChildren(text("span", `${this.all.length} span${this.all.length === 1 ? "" : "s"}`), ticks(this.width));
    this.arrange();
  }

  arrange() {
    let foldedAt = Infinity;
    this.rows = this.all.filter(span => {
      if (span.depth > foldedAt) return false;
      foldedAt = this.folded.has(span.id) ? span.depth : Infinity;
      return true;
    });
    this.focused = Math.min(this.focused, Math.max(0, this.rows.length - 1));
    this.tree.style.height = `${this.rows.length * ROW}px`;
    for (const button of this.buttons.values()) button.dataset.stale = "";
    this.ask();
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    const span = this.rows[this.focused];
    /** @type {Record<string, number>} */
    const moves = { ArrowDown: this.focused + 1, ArrowUp: this.focused - 1, Home: 0, End: this.rows.length - 1 };
    if (event.key in moves) this.focus(Math.max(0, Math.min(this.rows.length - 1, moves[event.key])));
    else if (event.key === "ArrowLeft" && span.kids.length && !this.folded.has(span.id)) this.fold(span, true);
    else if (event.key === "ArrowLeft") this.focus(Math.max(0, this.rows.findIndex(({ id }) => id === span.parent)));
    else if (event.key === "ArrowRight" && this.folded.has(span.id)) this.fold(span, false);
    else if (event.key === "ArrowRight" && span.kids.length) this.focus(this.focused + 1);
    else return;
    event.preventDefault();
  }

  /** @param {Span} span @param {boolean} isFolded */
  fold(span, isFolded) {
    if (isFolded) this.folded.add(span.id); else this.folded.delete(span.id);
    this.arrange();
  }

  /** @param {number} at */
  focus(at) {
    this.focused = at;
    const top = this.axis.offsetHeight + at * ROW;
    const { element } = this;
    if (top - this.axis.offsetHeight < element.scrollTop) element.scrollTop = top - this.axis.offsetHeight;
    else if (top + ROW > element.scrollTop + element.clientHeight) element.scrollTop = top + ROW - element.clientHeight;
    this.draw();
    this.buttons.get(this.rows[at]?.id)?.focus({ preventScroll: true });
  }

  /** @param {Span} span */
  pick(span) {
    this.picked = this.picked?.id === span.id ? undefined : span;
    for (const button of this.buttons.values()) button.dataset.stale = "";
    this.ask();
    update();
  }

  ask() {
    this.due ||= requestAnimationFrame(() => this.draw());
  }

  draw() {
    cancelAnimationFrame(this.due);
    this.due = 0;
    const top = this.element.scrollTop;
    const from = Math.max(0, Math.floor(top / ROW) - SPARE);
    const to = Math.min(this.rows.length, Math.ceil((top + this.element.clientHeight) / ROW) + SPARE);
    /** @type {Set<string>} */
    const wanted = new Set();
    for (let i = from; i < to; i++) wanted.add(this.show(i));
    // It would lose the focus.
    if (this.rows.length) wanted.add(this.show(this.focused));
    for (const [id, button] of this.buttons) {
      if (wanted.has(id)) continue;
      button.remove();
      this.buttons.delete(id);
    }
  }

  /** @param {number} at */
  show(at) {
    const span = this.rows[at];
    let button = this.buttons.get(span.id);
    if (!button) {
      button = document.createElement("button");
      button.className = "span";
      button.setAttribute("role", "treeitem");
      this.buttons.set(span.id, button);
      // In the order of the tree, for the keyboard and for screen readers.
      const next = this.rows.slice(at + 1, at + 60).map(({ id }) => this.buttons.get(id)).find(other => other);
      this.tree.insertBefore(button, next ?? null);
      button.dataset.stale = "";
    }

    button.style.transform = `translateY(${at * ROW}px)`;
    button.tabIndex = at === this.focused ? 0 : -1;
    if (button.dataset.stale === undefined) return span.id;
    delete button.dataset.stale;
    button.onclick = () => { this.focused = this.rows.indexOf(span); this.pick(span); };
    button.style.setProperty("--depth", String(Math.min(span.depth, 12)));
    button.style.setProperty("--hue", span.hue);
    const set = (/** @type {string} */ name, /** @type {unknown} */ value) => button.setAttribute(name, String(value));
    set("aria-level", span.depth + 1);
    set("aria-setsize", this.rows.length);
    set("aria-posinset", at + 1);
    set("aria-selected", this.picked?.id === span.id);
    if (span.kids.length) set("aria-expanded", !this.folded.has(span.id));
    button.replaceChildren(this.nameOf(span), this.barOf(span));
    return span.id;
  }

  /** @param {Span} span */
  nameOf(span) {
    const name = text("span", "", "name");
    if (span.kids.length) {
      const mark = text("i", "", this.folded.has(span.id) ? "fold shut" : "fold");
      mark.addEventListener("click", event => { event.stopPropagation(); this.fold(span, !this.folded.has(span.id)); });
      name.append(mark);
    }

    if (span.isError) name.append(text("em", "●"));
    // The name of a control has to contain what is seen, so words are added and nothing is replaced.
    name.append(text("span", span.name, "label"), text("span", `, starts at ${duration(span.start - this.from)}${span.isError ? ", failed" : ""}${span.isOurs ? "" : ", from the code"}, took `, "sr"));
    name.title = span.name;
    return name;
  }

  /** @param {Span} span */
  barOf(span) {
    const track = text("span", "", "track");
    const left = (span.start - this.from) / this.width * 100;
    const width = Math.max((span.end - span.start) / this.width * 100, 0.15);
    const bar = text("span", "", span.isError ? "bar failed" : "bar");
    Object.assign(bar.style, { left: `${left}%`, width: `${width}%` });
    const label = text("span", duration(span.end - span.start), "took");
    // Right of the bar; where that would leave the page inside, or left of a short one.
    if (left + width < 86) label.style.left = `${left + width}%`;
    else if (width > 12) {
      label.classList.add("inside");
      label.style.right = `${Math.max(0, 100 - left - width)}%`;
    } else label.style.right = `${100 - left}%`;
    track.append(bar, label);
    return track;
  }
}

/** @param {string} name @param {string} content @param {string} [className] */
function text(name, content, className = "") {
  return Object.assign(document.createElement(name), { textContent: content, className });
}

/** @param {number} width */
function ticks(width) {
  const row = text("div", "");
  row.append(...[0, 0.25, 0.5, 0.75, 1].map(part => text("span", part ? duration(width * part) : "0")));
  return row;
}
