// @ts-check
/** What answers an action of the reader: dialogs, messages, copies and downloads. */

import { failed, icon } from "./ui.js";
import { html, mount, update } from "./view.js";

/** @typedef {import("./api.js").ApiError} ApiError */

/** Says something for a moment, to everybody. @param {string} text */
export function say(text) {
  const place = document.getElementById("said");
  if (!place) return;
  place.textContent = text;
  place.hidden = false;
  clearTimeout(said);
  said = setTimeout(() => { place.hidden = true; place.textContent = ""; }, 4_000);
}
let said = 0;

/** @param {string} text @param {string} [what] what is said afterwards */
export async function copy(text, what = "Copied") {
  try {
    // Only in secure contexts; a frontend on the own network has plain HTTP.
    await navigator.clipboard.writeText(text);
  } catch {
    const field = Object.assign(document.createElement("textarea"), { value: text });
    (document.querySelector("dialog[open]") ?? document.body).append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }

  say(what);
}

/** @param {string} name what the button says @param {() => string} text */
export const copyButton = (name, text) => html`<button @click=${() => copy(text())}>${icon("copy")}${name}</button>`;

/** Gives bytes to the reader as a file. @param {Blob} blob @param {string} name */
export function save(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

let dialogs = 0;

/**
 * Opens a dialog. Escape and close() end it, and the focus returns to where it was.
 * @param {string} title @param {(close: (result?: any) => void) => unknown} view drawn like a page; a <form> with a row of class "actions" last
 * @returns {Promise<any>} what close was called with
 */
export function dialog(title, view) {
  const element = document.createElement("dialog");
  const name = `dialog-${++dialogs}`;
  element.setAttribute("aria-labelledby", name);
  document.body.append(element);
  /** @type {any} */
  let result;
  const close = (/** @type {any} */ value) => { result = value; element.close(); };
  const drop = mount(element, () => html`<h2 id=${name}>${title}</h2>${view(close)}`);
  element.showModal();
  return new Promise(done => element.addEventListener("close", () => {
    drop();
    element.remove();
    done(result);
  }));
}

/** Asks before something that cannot be undone. @param {{ title: string, text: unknown, action: string, run: () => Promise<unknown> }} what @returns {Promise<boolean>} whether it was done */
export async function sure({ title, text, action, run }) {
  /** @type {ApiError | undefined} */
  let error;
  let isBusy = false;
  return await dialog(title, close => html`<form @submit=${async (/** @type {Event} */ event) => {
    event.preventDefault();
    isBusy = true;
    update();
    try {
      await run();
      close(true);
    } catch (refusal) {
      error = /** @type {ApiError} */ (refusal);
    }

    isBusy = false;
  }}><p>${text}</p>${error ? failed(error) : ""}<div class="actions"><button type="button" @click=${() => close(false)}>Cancel</button><button class="danger" disabled=${isBusy}>${action}</button></div></form>`) === true;
}
