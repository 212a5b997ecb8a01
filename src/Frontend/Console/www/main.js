// @ts-check
const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const info = await (await fetch("/v1/info")).json();
main.append(Object.assign(document.createElement("h1"), { textContent: `Podflare ${info.version}` }));
