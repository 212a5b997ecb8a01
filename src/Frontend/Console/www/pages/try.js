// @ts-check
import { api, exec } from "../api.js";
import { showText } from "../eventlog.js";
import { say } from "../dialogs.js";
import { bytes, duration } from "../texts.js";
import { failed, light, note, pill } from "../ui.js";
import { each, html, update } from "../view.js";
import { resultOf } from "../results.js";

const SHOWN_CHARACTERS = 240_000;
const MOST_CELLS = 50;

/** @typedef {{ number: number, code: string, language: string, run: string, output: HTMLElement, characters: number, isCut: boolean, results: unknown[], prompt: { text: string, isPassword: boolean } | undefined,
 *   connection: import("../api.js").StreamState, exit: import("../api.js").RunEvent | undefined, began: number, took: number, error: import("../api.js").ApiError | undefined }} Cell */

/** Cells of each sandbox, as long as this tab lives. @type {Map<string, Cell[]>} */
const notebooks = new Map();

/** Runs code and shows what it does. @param {import("../data.js").Page} page @param {string} sandbox */
export function tryIt(page, sandbox) {
  const cells = notebooks.get(sandbox) ?? [];
  notebooks.set(sandbox, cells);
  let code = "";
  let language = "python";

  function run() {
    if (!code.trim()) return;
    const cell = newCell((cells[cells.length - 1]?.number ?? 0) + 1, code, language);
    cells.push(cell);
    if (cells.length > MOST_CELLS) cells.shift();
    code = "";
    start(sandbox, cell);
    requestAnimationFrame(() => requestAnimationFrame(() => document.getElementById("code")?.scrollIntoView({ block: "nearest" })));
  }

  const onKey = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    run();
  };

  return () => html`<div class="cells">${each(cells, cell => cell.number, cell => view(sandbox, cell))}</div>
    <form class="card prompt" @submit=${(/** @type {Event} */ event) => { event.preventDefault(); run(); }}>
      <label class="sr" for="code">Code</label><textarea id="code" rows="5" spellcheck="false" autocapitalize="off" autocomplete="off" placeholder=${language === "python" ? "print(1 + 1)" : "ls -la"} .value=${code}
        @input=${(/** @type {any} */ event) => { code = event.target.value; }} @keydown=${onKey}></textarea>
      <div class="row spread"><p class="muted small">${cells.length ? "Cells are kept in this tab only; the server does not store code." : html`Variables and files stay from run to run. <kbd>Ctrl</kbd> <kbd>Enter</kbd> runs.`}</p>
        <div class="row"><select class="language" aria-label="Language" @change=${(/** @type {any} */ event) => { language = event.target.value; }}>${["python", "bash"].map(name => html`<option value=${name} .selected=${name === language}>${name}</option>`)}</select>
        <button class="primary">Run</button></div></div></form>`;
}

/** @param {number} number @param {string} code @param {string} language @returns {Cell} */
function newCell(number, code, language) {
  const output = document.createElement("pre");
  output.className = "out";
  output.tabIndex = 0;
  output.setAttribute("role", "region");
  output.setAttribute("aria-label", `Output of cell ${number}`);
  return { number, code, language, run: "", output, characters: 0, isCut: false, results: [], prompt: undefined, connection: { kind: "waiting", after: 0 }, exit: undefined, began: performance.now(), took: 0, error: undefined };
}

/** Continues when the page is left, because its cell still exists. @param {string} sandbox @param {Cell} cell */
async function start(sandbox, cell) {
  try {
    await exec(sandbox, { code: cell.code, language: cell.language, ...(cell.language === "python" ? { stdin: true } : {}) }, events => { take(cell, events); update(); }, state => {
      cell.connection = state;
      if (state.kind === "live" && state.run) cell.run = state.run;
      if (state.kind === "refused") cell.error = state.error;
      update();
    }, new AbortController().signal);
  } catch (error) {
    cell.error = /** @type {any} */ (error);
    update();
  }
}

/** @param {Cell} cell @param {import("../api.js").RunEvent[]} events */
function take(cell, events) {
  const isAtEnd = cell.output.scrollTop + cell.output.clientHeight >= cell.output.scrollHeight - 40;
  const isPageAtEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 60;
  for (const event of events) {
    if (event.type === "exit") {
      cell.exit = event;
      cell.took = performance.now() - cell.began;
      cell.prompt = undefined;
    } else if (event.type === "input_request") cell.prompt = { text: event.data, isPassword: event.password };
    else if (event.type === "result") cell.results.push(resultOf(event, cell.number));
    else if (typeof event.data === "string" && (event.type === "stdout" || event.type === "stderr")) write(cell, event.type, event.data);
  }

  requestAnimationFrame(() => requestAnimationFrame(() => {
    if (isAtEnd) cell.output.scrollTop = cell.output.scrollHeight;
    if (isPageAtEnd) scrollTo(0, document.documentElement.scrollHeight);
  }));
}

/** @param {Cell} cell @param {string} kind @param {string} text */
function write(cell, kind, text) {
  if (cell.isCut) return;
  cell.characters += text.length;
  if (cell.characters > SHOWN_CHARACTERS) {
    cell.isCut = true;
    return;
  }

  const last = /** @type {HTMLElement | null} */ (cell.output.lastElementChild);
  const isPlain = !text.includes("\x1b");
  // One element for many lines.
  if (last?.className === kind && isPlain && last.lastChild instanceof Text && last.childNodes.length === 1) {
    const clean = document.createElement("span");
    showText(clean, text);
    last.lastChild.appendData(clean.textContent ?? "");
    return;
  }

  const piece = document.createElement("span");
  piece.className = kind;
  showText(piece, text);
  if (piece.hasChildNodes()) cell.output.append(piece);
}

/** @param {string} sandbox @param {Cell} cell */
function view(sandbox, cell) {
  const address = `/console/sandboxes/${sandbox}/runs/${cell.run}`;
  const isOpen = !cell.exit && !cell.error;
  const interrupt = () => api(`/v1/sandboxes/${sandbox}/runs/${cell.run}/interrupt`, { method: "POST" }).catch(error => say(error.message));
  const answer = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const field = /** @type {HTMLInputElement} */ (/** @type {HTMLFormElement} */ (event.target).elements.namedItem("answer"));
    const text = field.value;
    const asked = cell.prompt;
    // The next question may come before the answer to this call.
    cell.prompt = undefined;
    write(cell, "typed", `${asked?.text ?? ""}${asked?.isPassword ? "•".repeat(8) : text}\n`);
    try {
      await api(`/v1/sandboxes/${sandbox}/runs/${cell.run}/stdin`, { method: "POST", body: { data: `${text}\n` } });
    } catch (error) {
      cell.prompt = asked;
      say(/** @type {Error} */ (error).message);
    }
  };
  return html`<article class="cell" aria-label=${`Cell ${cell.number}`}><header><span class="row"><span class="mono">[${cell.number}]</span> ${cell.language}</span><span class="row">
      ${cell.error ? pill("bad", "Not run") : cell.exit ? html`${exitOf(cell.exit)} <span>${duration(cell.took)}</span>` : cell.run ? pill("info", "Running") : pill("off", "Starting")}
      ${isOpen && cell.connection.kind === "waiting" && cell.run ? light("waiting", `Reconnecting after event ${cell.connection.after}`) : ""}
      ${isOpen && cell.run ? html`<button class="danger ghost" @click=${interrupt}>Interrupt</button>` : ""}
      ${cell.run ? html`<a href=${address}>Open run<span class="sr"> of cell ${cell.number}</span></a>` : ""}</span></header>
    <pre class="source" tabindex="0" role="region" aria-label=${`Code of cell ${cell.number}`}>${cell.code}</pre>
    ${cell.output.hasChildNodes() ? cell.output : ""}
    ${cell.isCut ? html`<div class="inset">${note("info", html`A cell shows ${bytes(SHOWN_CHARACTERS)} of output. <a href=${address}>The run has all of it</a>.`)}</div>` : ""}
    ${each(cell.results, result => result, result => result)}
    ${cell.prompt ? html`<form class="row answer" @submit=${answer}><label class="row"><span class="mono">${cell.prompt.text || "Input"}</span> <input name="answer" type=${cell.prompt.isPassword ? "password" : "text"} autocomplete="off" ref=${(/** @type {HTMLElement} */ field) => requestAnimationFrame(() => field.focus())}></label><button>Send</button></form>` : ""}
    ${cell.error ? html`<div class="inset">${failed(cell.error)}</div>` : ""}
    ${cell.exit?.state_lost ? html`<div class="inset">${note("warn", "The variables are lost; the next run starts with a new interpreter.")}</div>` : ""}</article>`;
}

/** @param {import("../api.js").RunEvent} event */
const exitOf = event => event.data === 0 ? pill("good", "Exit 0") : pill(event.reason === "interrupted" ? "warn" : "bad", event.reason ? `${event.reason[0].toUpperCase()}${event.reason.slice(1)} (${event.data})` : `Exit ${event.data}`);
