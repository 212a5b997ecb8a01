// @ts-check
import { copyButton, dialog } from "../dialogs.js";
import { note } from "../ui.js";
import { html } from "../view.js";

/** Shows a secret that the server returns only once. @param {string} title @param {string} secret @param {unknown} what what it is for */
export const showSecret = (title, secret, what) => dialog(title, close => html`<div class="stack secret"><p>${what}</p>${note("warn", "It is shown only now. Keep it where secrets are kept.")}
  <pre class="code" tabindex="0" role="region" aria-label="Secret">${secret}</pre>
  <div class="actions">${copyButton("Copy", () => secret)}<button class="primary" @click=${() => close()}>Done</button></div></div>`);
