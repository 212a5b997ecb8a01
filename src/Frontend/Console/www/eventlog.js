// @ts-check
/**
 * The events of a run, one row each. Only the rows in sight exist, so a million of them cost what fifty do.
 *
 *   const log = new EventLog("Output");     log.element goes into a page
 *   log.add(events); log.clear();           drawn once per frame
 *   log.find("loss"); log.next(1);          the browser's own search cannot see rows that do not exist
 *   log.text();                             what the run has written
 */

import { update } from "./view.js";

/** @typedef {import("./api.js").RunEvent} RunEvent */

export const ROW = 20;
const SPARE = 12;
// Browsers cannot show anything that is much higher than 33 million pixels.
const MOST = 1_500_000;
const DROPPED_AT_ONCE = 100_000;
const COLORS = /\x1b\[([0-9;]*)m/;
// Escape sequences besides colors, of which a log has no use, and control characters.
const CONTROLS = /\x1b\[[0-9;?]*[ -/]*[@-ln-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-Z\\^_]|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]/g;

/** What an event says, in one line. @param {RunEvent} event @returns {string} */
export function textOf(event) {
  switch (event.type) {
    case "exit": return `exit ${event.data}${event.reason ? ` (${event.reason})` : ""}`;
    case "result": return String(event.data["text/plain"] ?? Object.keys(event.data).join(", ")).split("\n")[0];
    case "start": return event.data ? `process ${event.data} has started` : "started";
    case "input_request": return `input requested: ${event.data}`;
    case "file": return `${event.data.change} ${event.data.path ?? ""}`;
    case "pty": return new TextDecoder().decode(Uint8Array.from(atob(event.data), c => c.charCodeAt(0)));
    case "dropped": return `${event.data} bytes were dropped`;
    default: return typeof event.data === "string" ? event.data : JSON.stringify(event.data);
  }
}

/** Puts a text into an element, with the colors 0 to 15 of its escape sequences as classes. @param {HTMLElement} element @param {string} text */
export function showText(element, text) {
  if (!text.includes("\x1b")) {
    element.textContent = text.replace(CONTROLS, "");
    return;
  }

  element.textContent = "";
  let classes = "";
  text.replace(CONTROLS, "").split(COLORS).forEach((piece, i) => {
    if (i % 2) classes = colorOf(piece, classes);
    else if (piece) {
      const span = document.createElement("span");
      span.className = classes;
      span.textContent = piece;
      element.append(span);
    }
  });
}

/** @param {string} codes @param {string} before */
function colorOf(codes, before) {
  let [color, bold] = [/ansi-\d+/.exec(before)?.[0] ?? "", before.includes("bold") ? "bold" : ""];
  const numbers = (codes || "0").split(";").map(Number);
  for (let i = 0; i < numbers.length; i++) {
    const code = numbers[i];
    if (code === 0) color = bold = "";
    else if (code === 1) bold = "bold";
    else if (code === 22) bold = "";
    else if (code === 39) color = "";
    else if (code >= 30 && code <= 37) color = `ansi-${code - 30}`;
    else if (code >= 90 && code <= 97) color = `ansi-${code - 82}`;
    // Colors of 256 and of 24 bits: their own numbers must not be read as others.
    else if (code === 38 || code === 48) {
      if (code === 38 && numbers[i + 1] === 5 && numbers[i + 2] < 16) color = `ansi-${numbers[i + 2]}`;
      i += numbers[i + 1] === 2 ? 4 : 2;
    }
  }

  return `${color} ${bold}`.trim();
}

export class EventLog {
  /** @param {string} label */
  constructor(label) {
    /** @type {RunEvent[]} */
    this.rows = [];
    this.dropped = 0;
    this.isFollowing = true;
    this.isPlain = false;
    this.query = "";
    /** Rows that match, and which of them is shown. @type {number[]} */
    this.hits = [];
    this.hit = -1;
    /** @type {(HTMLElement & { event?: RunEvent, query?: string })[]} */
    this.pool = [];
    this.due = 0;
    this.element = document.createElement("div");
    this.element.className = "log";
    this.element.tabIndex = 0;
    this.element.setAttribute("role", "log");
    this.element.setAttribute("aria-live", "off");
    this.element.setAttribute("aria-label", label);
    this.sizer = this.element.appendChild(document.createElement("div"));
    this.sizer.className = "sizer";
    this.element.addEventListener("scroll", () => {
      const isAtEnd = this.element.scrollTop + this.element.clientHeight >= this.element.scrollHeight - ROW * 2;
      // Growing also scrolls, but only after a drawing has asked for the end.
      if (isAtEnd !== this.isFollowing && (isAtEnd || this.element.scrollTop < this.asked - ROW)) {
        this.isFollowing = isAtEnd;
        update();
      }

      this.ask();
    }, { passive: true });
    this.asked = 0;
    new ResizeObserver(() => this.ask()).observe(this.element);
  }

  /** @param {RunEvent[]} events */
  add(events) {
    for (const event of events) this.rows.push(event);
    if (this.rows.length > MOST) {
      this.dropped += DROPPED_AT_ONCE;
      this.rows.splice(0, DROPPED_AT_ONCE);
    }

    this.ask();
    update();
  }

  clear() {
    this.rows = [];
    this.dropped = 0;
    this.isFollowing = true;
    this.find(this.query);
    this.ask();
  }

  follow() {
    this.isFollowing = true;
    this.ask();
  }

  /** @param {boolean} isPlain without numbers and times */
  setPlain(isPlain) {
    this.isPlain = isPlain;
    this.element.classList.toggle("plain", isPlain);
  }

  /** @param {string} query */
  find(query) {
    this.query = query.toLowerCase();
    this.hits = [];
    if (this.query) this.rows.forEach((event, i) => { if (textOf(event).toLowerCase().includes(this.query)) this.hits.push(i); });
    this.hit = -1;
    if (this.hits.length) this.next(1);
    this.ask();
  }

  /** @param {1 | -1} step */
  next(step) {
    if (!this.hits.length) return;
    this.hit = (this.hit + step + this.hits.length) % this.hits.length;
    this.isFollowing = false;
    this.element.scrollTop = Math.max(0, this.hits[this.hit] * ROW - this.element.clientHeight / 2);
    this.ask();
  }

  /** What the run has written, as it has. */
  text() {
    return this.rows.filter(({ type }) => type === "stdout" || type === "stderr" || type === "pty").map(textOf).join("");
  }

  ask() {
    this.due ||= requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.due = 0;
    const { element, rows, pool } = this;
    const height = rows.length * ROW;
    if (this.sizer.style.height !== `${height}px`) this.sizer.style.height = `${height}px`;
    if (this.isFollowing) {
      element.scrollTop = element.scrollHeight;
      this.asked = element.scrollTop;
    }

    const from = Math.max(0, Math.floor(element.scrollTop / ROW) - SPARE);
    const to = Math.min(rows.length, Math.ceil((element.scrollTop + element.clientHeight) / ROW) + SPARE);
    for (let i = from; i < to; i++) {
      const row = pool[i - from] ??= this.newRow();
      row.style.transform = `translateY(${i * ROW}px)`;
      row.hidden = false;
      row.classList.toggle("current", i === this.hits[this.hit]);
      if (row.event !== rows[i] || row.query !== this.query) this.fill(row, rows[i]);
    }

    for (let k = to - from; k < pool.length; k++) pool[k].hidden = true;
  }

  newRow() {
    const row = document.createElement("div");
    row.className = "line";
    row.append(...["seq", "ts", ""].map(name => Object.assign(document.createElement("span"), { className: name })));
    return this.sizer.appendChild(row);
  }

  /** @param {HTMLElement & { event?: RunEvent, query?: string }} row @param {RunEvent} event */
  fill(row, event) {
    row.event = event;
    row.query = this.query;
    const [seq, time, text] = /** @type {HTMLElement[]} */ ([...row.children]);
    seq.textContent = String(event.seq);
    // A time of an exact moment: that of the reader's zone would not fit to logs and traces.
    time.textContent = new Date(event.ts).toISOString().slice(11, 23);
    const content = textOf(event).replace(/\r?\n$/, "");
    showText(text, content);
    text.className = `text ${event.type}`;
    row.classList.toggle("hit", this.query !== "" && content.toLowerCase().includes(this.query));
  }
}
