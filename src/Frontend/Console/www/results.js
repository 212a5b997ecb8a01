// @ts-check
// Rich results of a run. They come from code that nobody has checked, so nothing of them becomes a part of the page.
import { save } from "./dialogs.js";
import { bytes } from "./texts.js";
import { html } from "./view.js";

const MOST_BYTES = 1 << 20;
const IMAGES = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml"];
const ROW_PX = 30;
const LOWEST_PX = 64;
const HIGHEST_PX = 480;
// They would fetch, move or run something, which the frame's rights and the policy forbid as well.
const REMOVED = "script, style, link, meta, base, iframe, frame, object, embed, form, portal, template, noscript";

/** @param {import("./api.js").RunEvent} event @param {number} cell @returns {unknown} */
export function resultOf(event, cell) {
  const data = event.data;
  const text = typeof data["text/plain"] === "string" ? data["text/plain"] : "";
  const picture = IMAGES.find(type => typeof data[type] === "string");
  const isLarge = (/** @type {unknown} */ value) => JSON.stringify(value).length > MOST_BYTES * 1.4;
  const left = [...Object.entries(event.omitted ?? {}).map(([type, size]) => `${type} of ${bytes(Number(size))} was left out, because it is too large`)];
  /** @type {unknown} */
  let shown;
  if (picture && !isLarge(data[picture])) shown = image(picture, data[picture], text, event.seq);
  else if (typeof data["text/html"] === "string" && !isLarge(data["text/html"])) shown = frame(data["text/html"], cell);
  else if (data["application/json"] !== undefined && !isLarge(data["application/json"])) shown = pre(JSON.stringify(data["application/json"], null, 2), cell);
  else shown = pre(text || String(data["text/markdown"] ?? data["text/latex"] ?? Object.keys(data).join(", ")), cell);
  return html`<div class="result">${shown}${left.map(words => html`<p class="muted small">${words}.</p>`)}</div>`;
}

/** @param {string} text @param {number} cell */
const pre = (text, cell) => html`<pre class="out" tabindex="0" role="region" aria-label=${`Result of cell ${cell}`}>${text.slice(0, MOST_BYTES)}</pre>`;

/** @param {string} type @param {string} data base64, or the source of an SVG @param {string} text @param {number} seq */
function image(type, data, text, seq) {
  /** @type {Blob} */
  let blob;
  try {
    blob = type === "image/svg+xml" ? new Blob([data], { type }) : new Blob([Uint8Array.from(atob(data), c => c.charCodeAt(0))], { type });
  } catch {
    return html`<p class="muted">An image of type ${type} that cannot be read.</p>`;
  }

  // An SVG in an <img> neither runs scripts nor fetches anything.
  const picture = Object.assign(new Image(), { src: URL.createObjectURL(blob), alt: text.split("\n")[0] || "Image" });
  const broken = document.createElement("p");
  broken.className = "muted";
  broken.textContent = `An image of type ${type} that cannot be shown.`;
  picture.onerror = () => picture.replaceWith(broken);
  const extension = type.slice(6).replace("svg+xml", "svg");
  return html`<figure>${wrap(picture)}<button class="ghost" @click=${() => save(blob, `result-${seq}.${extension}`)}>Download<span class="sr"> image</span></button></figure>`;
}

/** Around an element that replaces itself. @param {HTMLElement} element */
function wrap(element) {
  const around = document.createElement("div");
  around.append(element);
  return around;
}

/** @param {string} source @param {number} cell */
function frame(source, cell) {
  const parsed = new DOMParser().parseFromString(source, "text/html");
  for (const element of parsed.querySelectorAll(REMOVED)) element.remove();
  for (const element of parsed.querySelectorAll("[style], [border]")) for (const name of ["style", "border"]) element.removeAttribute(name);
  const rows = parsed.querySelectorAll("tr").length;
  const element = document.createElement("iframe");
  // No right at all: no scripts, no forms, and an origin of its own.
  element.setAttribute("sandbox", "");
  element.title = `HTML result of cell ${cell}`;
  element.style.height = `${rows ? Math.min(HIGHEST_PX, rows * ROW_PX + 24) : Math.max(LOWEST_PX, Math.min(HIGHEST_PX, source.length / 8))}px`;
  const theme = document.documentElement.dataset.theme;
  const links = ["look/tokens.css", "result.css"].map(path => `<link rel="stylesheet" href="${location.origin}/console/${path}">`).join("");
  element.srcdoc = `<!doctype html><html lang="en"${theme ? ` data-theme="${theme}"` : ""}><head><meta charset="utf-8"><title>Result</title>${links}</head><body>${parsed.body.innerHTML}</body></html>`;
  return element;
}
