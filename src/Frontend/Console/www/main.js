// @ts-check
// The frame around all pages: rail, addresses, keys of the keyboard, theme, and the API key.
import { api, ApiError, key, session } from "./api.js";
import { dialog } from "./dialogs.js";
import { bones, failed, icon, note } from "./ui.js";
import { each, html, mount, update } from "./view.js";

/** @typedef {{ name: string, title: string, route: string, letter: string, isMore?: boolean, needsKey?: boolean }} Entry */

const BASE = "/console";
const THEME = "podflare.theme";
const VERSION_MS = 60_000;
const CHORD_MS = 1_200;

/** The rail. A page whose route the server refuses or does not offer is left out; needsKey: a server without keys refuses it to everybody. @type {Entry[]} */
const ENTRIES = [
  { name: "overview", title: "Overview", route: "", letter: "o" },
  { name: "sandboxes", title: "Sandboxes", route: "", letter: "s" },
  { name: "activity", title: "Activity", route: "/v1/events?limit=1", letter: "a" },
  { name: "hosts", title: "Hosts", route: "/v1/hosts", letter: "h" },
  { name: "webhooks", title: "Webhooks", route: "/v1/webhooks", letter: "w", isMore: true, needsKey: true },
  { name: "keys", title: "Keys", route: "/v1/keys?limit=1", letter: "k", isMore: true, needsKey: true }
];

const main = /** @type {HTMLElement} */ (document.getElementById("main"));

/** @type {any} */
let info = {};
/** The version of these files is that of the server when they were loaded. */
let version = "";
/** @type {Set<string>} */
let hidden = new Set(ENTRIES.filter(entry => entry.route).map(entry => entry.name));
let current = "";
/** @type {{ view: () => unknown, leave: AbortController } | undefined} */
let visit;
let visits = 0;
let isMoreOpen = false;

// ---- Addresses

/** @param {string} path */
function split(path) {
  const parts = path.slice(BASE.length).split("/").filter(Boolean).map(part => decodeURIComponent(part));
  const [name = "overview", id, runs, run] = parts;
  if (name === "sandboxes" && id) return runs === "runs" && run ? { page: "run", entry: name, path: [id, run] } : { page: "sandbox", entry: name, path: [id] };
  return { page: name, entry: name, path: parts.slice(1) };
}

async function show() {
  const number = ++visits;
  visit?.leave.abort();
  const leave = new AbortController();
  const { page, entry, path } = split(location.pathname);
  current = entry;
  isMoreOpen = false;
  visit = { view: () => bones(6), leave };
  update();
  const isKnown = ["sandbox", "run"].includes(page) || ENTRIES.some(({ name }) => name === page);
  try {
    if (!isKnown) throw new ApiError(404, { error: "There is no such page", code: "not_found" });
    const module = await import(`./pages/${page}.js`);
    if (number !== visits) return;
    const title = (/** @type {string} */ text) => { document.title = `${text} · Podflare`; };
    title(module.title);
    const view = module.default({
      path, title, go, signal: leave.signal, info, query: new URLSearchParams(location.search),
      setQuery(/** @type {Record<string, string | null>} */ change) {
        for (const [name, value] of Object.entries(change)) if (value === null) this.query.delete(name); else this.query.set(name, value);
        history.replaceState(history.state, "", location.pathname + (this.query.size ? `?${this.query}` : ""));
        update();
      }
    });
    visit = { view, leave };
  } catch (error) {
    if (number !== visits) return;
    document.title = "Podflare console";
    const problem = error instanceof ApiError ? error : new ApiError(0, { error: `This page could not be loaded: ${error}`, code: "console" });
    visit = { view: () => html`<h1>${isKnown ? "Something went wrong" : "Not found"}</h1><div class="stack">${failed(problem, isKnown ? show : undefined)}<p><a href="/console/">Overview</a></p></div>`, leave };
  }

  update();
}

/** Goes to a page of the console. @param {string} address */
function go(address) {
  if (address !== location.pathname + location.search) history.pushState(null, "", address);
  show();
  scrollTo(0, 0);
  main.focus({ preventScroll: true });
}

addEventListener("popstate", show);
addEventListener("click", event => {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  if (link.target || link.hasAttribute("download") || link.origin !== location.origin || !`${link.pathname}/`.startsWith(`${BASE}/`) || link.hash) return;
  event.preventDefault();
  go(link.pathname + link.search);
});

// ---- Theme

const themes = ["system", "light", "dark"];
const theme = () => localStorage.getItem(THEME) ?? "system";
function applyTheme() {
  if (theme() === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme();
}

function switchTheme() {
  const next = themes[(themes.indexOf(theme()) + 1) % themes.length];
  if (next === "system") localStorage.removeItem(THEME);
  else localStorage.setItem(THEME, next);
  applyTheme();
}

applyTheme();

// ---- The API key

/** @type {Promise<unknown> | undefined} */
let asking;

function askForKey() {
  asking ??= dialog("API key", close => html`<form @submit=${(/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    key.set(String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get("key")).trim());
    close(true);
  }}><p>This server needs a key. It stays in this tab, and is sent to this server only.</p>${key.get() ? note("bad", "The server does not accept the key of this tab.") : ""}
    <label>Key <input name="key" type="password" autocomplete="off" spellcheck="false" required></label>
    <div class="actions"><button type="button" @click=${() => close(false)}>Cancel</button><button class="primary">Continue</button></div></form>`).then(entered => {
    asking = undefined;
    if (entered) begin();
  });
}

function forgetKey() {
  key.set("");
  begin();
}

session.addEventListener("unauthorized", askForKey);

// ---- The server

async function begin() {
  try {
    info = await api("/v1/info");
    version ||= info.version;
  } catch {
    // The pages say that the server does not answer.
  }

  show();
  // Needed before a rail is right; a page can be read before.
  await Promise.all(ENTRIES.filter(entry => entry.route).map(async entry => {
    try {
      if (info.auth === "keys" ? !key.get() : entry.needsKey) return;
      await api(entry.route, { as: "response" });
      hidden.delete(entry.name);
    } catch (error) {
      if (error instanceof ApiError && [403, 404, 501].includes(error.status)) hidden.add(entry.name);
    }
  }));
  update();
}

async function checkVersion() {
  if (document.hidden) return;
  try {
    info = await api("/v1/info");
    version ||= info.version;
    update();
  } catch {
    // Asked again later.
  }
}

setInterval(checkVersion, VERSION_MS);
document.addEventListener("visibilitychange", checkVersion);

// ---- The keyboard

/** @type {[string, string][]} */
const KEYS = [
  ["g o", "Overview"], ["g s", "Sandboxes"], ["g a", "Activity"], ["g h", "Hosts"], ["g w", "Webhooks"], ["g k", "Keys"],
  ["/", "Filter or search"], ["Ctrl Enter", "Run the code"], ["Escape", "Close a dialog"], ["?", "This list"]
];
let chord = 0;

addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
  if (event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]")) return;
  if (event.key === "?") return void listKeys();
  if (event.key === "/") {
    const field = /** @type {HTMLElement | null} */ (main.querySelector("input[type=search]"));
    if (field) { event.preventDefault(); field.focus(); }
  } else if (event.key === "g") chord = Date.now();
  else if (Date.now() - chord < CHORD_MS) {
    const entry = ENTRIES.find(({ letter, name }) => letter === event.key && !hidden.has(name));
    chord = 0;
    if (entry) go(addressOf(entry));
  }
});

const listKeys = () => dialog("Keyboard", close => html`<dl class="facts keys">${KEYS.map(([keys, what]) => html`<dt>${keys.split(" ").map(name => html`<kbd>${name}</kbd> `)}</dt><dd>${what}</dd>`)}</dl>
  <form method="dialog"><div class="actions"><button class="primary" type="button" @click=${() => close()}>Close</button></div></form>`);

// ---- What is drawn

/** @param {Entry} entry */
const addressOf = entry => entry.name === "overview" ? `${BASE}/` : `${BASE}/${entry.name}`;

/** @param {Entry} entry */
const link = entry => html`<li class=${entry.isMore ? "extra" : null}><a href=${addressOf(entry)} aria-current=${current === entry.name ? "page" : null}>${icon(entry.name)}${entry.title}</a></li>`;

const others = () => html`<a href=${info.links?.docs ?? "/docs"}>API reference</a>${info.status_url ? html`<a href=${info.status_url}>Status</a>` : ""}
  <button class="ghost" @click=${listKeys}>Keyboard <kbd>?</kbd></button>
  <button class="ghost" @click=${switchTheme}>${icon({ system: "system", light: "sun", dark: "moon" }[theme()] ?? "system")}Theme: ${theme()}</button>
  ${info.auth === "keys" ? key.get() ? html`<button class="ghost" @click=${forgetKey}>Forget the key</button>` : html`<button class="ghost" @click=${askForKey}>Enter a key</button>` : ""}
  ${version ? html`<span class="muted version">Version ${version}</span>` : ""}`;

const shown = () => ENTRIES.filter(entry => !hidden.has(entry.name));

mount(/** @type {HTMLElement} */ (document.getElementById("rail")), () => html`<a class="brand" href="/"><img src="/console/look/logo.svg" alt="" width="24" height="24">Podflare</a>
  <nav aria-label="Pages"><ul>${each(shown(), entry => entry.name, link)}
    <li class="more"><button aria-expanded=${String(isMoreOpen)} aria-controls="sheet" @click=${() => { isMoreOpen = !isMoreOpen; }}>${icon("more")}More</button></li></ul></nav>
  <div class="foot">${others()}</div>
  <nav class="sheet" id="sheet" aria-label="More" hidden=${!isMoreOpen}><ul>${each(shown().filter(entry => entry.isMore), entry => entry.name, entry => html`<li><a href=${addressOf(entry)} aria-current=${current === entry.name ? "page" : null}>${icon(entry.name)}${entry.title}</a></li>`)}</ul>${others()}</nav>`);

mount(main, () => html`${version && info.version !== version
  ? html`<div class="note info spread row" role="status">The server has been upgraded to version ${info.version}. <button @click=${() => location.reload()}>Reload</button></div>` : ""}
  ${each(visit ? [visit] : [], one => one, one => one.view())}`);

begin();
