// @ts-check
import { api, ApiError, key } from "../api.js";
import { load, pages, whole } from "../data.js";
import { copy, dialog, save, say, sure } from "../dialogs.js";
import { bytes } from "../texts.js";
import { ago, empty, failed, table } from "../ui.js";
import { each, html, update } from "../view.js";

const HOME = "/root";
const MOST_ENTRIES = 5_000;
const LARGEST = 256 << 20;

/** @param {string} path */
const encode = path => path.split("/").map(encodeURIComponent).join("/");

/** The files of a sandbox. @param {import("../data.js").Page} page @param {string} sandbox */
export function filesTab(page, sandbox) {
  const route = `/v1/sandboxes/${sandbox}/files`;
  const folder = () => page.query.get("path") ?? HOME;
  const at = (/** @type {string} */ name) => `${folder() === "/" ? "" : folder()}/${name}`;
  /** @type {import("../data.js").Load<any> | undefined} */
  let list;
  let shown = "";
  let isOver = false;
  let busy = "";
  /** @type {ApiError | undefined} */
  let error;

  function entries() {
    if (shown !== folder() || !list) {
      shown = folder();
      error = undefined;
      list = load(page, async signal => {
        const { items, isWhole } = await pages(`${route}?path=${encodeURIComponent(shown)}`, "files", MOST_ENTRIES, signal);
        return { isWhole, items: items.sort((a, b) => Number(b.type === "directory") - Number(a.type === "directory")) };
      });
    }

    return list;
  }

  /** @param {() => Promise<unknown>} act @param {string} what */
  async function tell(act, what) {
    busy = what;
    error = undefined;
    update();
    try {
      await act();
    } catch (refusal) {
      error = inWords(/** @type {ApiError} */ (refusal));
    }

    busy = "";
    await list?.again();
  }

  /** @param {FileList | null | undefined} files */
  async function upload(files) {
    const known = new Set(list?.value?.items.map((/** @type {any} */ item) => item.name));
    for (const file of files ?? []) {
      const put = () => api(`${route}${encode(at(file.name))}`, { method: "PUT", raw: file, untimed: true });
      if (known.has(file.name)) {
        if (!await sure({ title: "Replace file", text: html`There is already a file <b>${file.name}</b> in this folder.`, action: "Replace", run: put })) continue;
        await list?.again();
      } else await tell(put, `Uploading ${file.name}, ${bytes(file.size)}`);
      if (!error) say(`${file.name} is uploaded`);
    }
  }

  /** @param {any} file */
  async function download(file) {
    const address = `${route}${encode(at(file.name))}`;
    if (file.size > LARGEST) {
      const command = `curl -o ${JSON.stringify(file.name)}${key.get() ? ' -H "Authorization: Bearer $PODFLARE_API_KEY"' : ""} "${location.origin}${address}"`;
      await dialog("Large file", close => html`<p>Browsers keep a file that is sent with a key in memory. This one has ${bytes(file.size)}, so please use curl:</p>
        <form @submit=${(/** @type {Event} */ event) => { event.preventDefault(); close(); }}><pre class="code" tabindex="0">${command}</pre><div class="actions"><button type="button" @click=${() => copy(command)}>Copy</button><button class="primary">Close</button></div></form>`);
      return;
    }

    await tell(async () => save(await api(address, { as: "blob", untimed: true }), file.name), `Downloading ${file.name}`);
  }

  /** @param {any} file */
  async function remove(file) {
    const isFolder = file.type === "directory";
    const isDone = await sure({
      title: isFolder ? "Delete folder" : "Delete file", text: html`<b>${at(file.name)}</b>${isFolder ? " and everything in it" : ""} is deleted for good.`, action: "Delete",
      run: () => api(`${route}${encode(at(file.name))}${isFolder ? "?recursive=true" : ""}`, { method: "DELETE" })
    });
    if (isDone) await list?.again();
  }

  const goTo = (/** @type {string} */ path) => page.setQuery({ path: path === HOME ? null : path });

  /** @type {import("../ui.js").Column<any>[]} */
  const columns = [
    { name: "Name", cell: file => file.name === undefined ? html`<span class="mono muted">${nameOf(file)}</span>` : file.type === "directory" ? html`<button class="entry" @click=${() => goTo(at(file.name))}>${file.name}/</button>` : html`<span class="mono">${file.name}</span>${file.target ? html`<span class="muted"> → ${file.target}</span>` : ""}` },
    { name: "Size", cell: file => file.type === "directory" ? "" : bytes(file.size), kind: "num" },
    { name: "Mode", cell: file => html`<span class="mono">${file.mode}</span>`, wide: true },
    { name: "Changed", cell: file => ago(file.modified_at), wide: true },
    { name: "Actions", kind: "actions", cell: file => file.name === undefined ? "" : html`${file.type === "file" ? html`<button class="ghost" @click=${() => download(file)}>Download<span class="sr"> ${file.name}</span></button>` : ""}
      <button class="danger ghost" @click=${() => remove(file)}>Delete<span class="sr"> ${file.name}</span></button>` }
  ];

  return () => {
    const parts = folder().split("/").filter(Boolean);
    const loaded = entries();
    return html`<section class=${`card drop${isOver ? " over" : ""}`} @dragover=${(/** @type {DragEvent} */ event) => { event.preventDefault(); isOver = true; }} @dragleave=${() => { isOver = false; }}
      @drop=${(/** @type {DragEvent} */ event) => { event.preventDefault(); isOver = false; return upload(event.dataTransfer?.files); }}>
      <div class="cardhead"><h2 class="sr">Files</h2><nav class="path mono" aria-label="Folder"><button class="entry" @click=${() => goTo("/")}>/</button>${each(parts, (_, i) => i, (part, i) => html`<button class="entry" aria-current=${i === parts.length - 1 ? "location" : null} @click=${() => goTo(`/${parts.slice(0, i + 1).join("/")}`)}>${part}</button><span aria-hidden="true">/</span>`)}</nav>
      <div class="row">${busy ? html`<span class="muted" role="status">${busy}…</span>` : ""}<label class="button file">Upload<input type="file" class="sr" multiple @change=${async (/** @type {any} */ event) => { await upload(event.target.files); event.target.value = ""; }}></label></div></div>
      ${error ? html`<div class="pad">${failed(error)}</div>` : ""}
      ${loaded.error && loaded.value === undefined ? html`<div class="pad">${failed(inWords(loaded.error), loaded.again)}</div>` : whole(loaded, ({ items, isWhole }) => items.length
        ? html`${table(`Files in ${folder()}`, columns, items, file => file.name ?? file.name_b64)}${isWhole ? "" : html`<p class="pad muted">This folder has more than ${MOST_ENTRIES} entries.</p>`}`
        : empty("This folder is empty.", "Drop files here, or upload them with the button above."))}</section>`;
  };
}

/** A name that is not UTF-8 can be shown, but not asked for. @param {any} file */
const nameOf = file => new TextDecoder().decode(Uint8Array.from(atob(file.name_b64), c => c.charCodeAt(0)));

/** @param {ApiError} error */
function inWords(error) {
  /** @type {Record<number, string>} */
  const words = { 404: "There is no such file or folder in this sandbox", 409: "This is a folder or a device, not a file", 413: "The file is larger than this server accepts", 507: "The sandbox has no room left for this file; what was there before is unchanged" };
  return words[error.status] ? new ApiError(error.status, { ...error.problem, error: words[error.status] }) : error;
}
