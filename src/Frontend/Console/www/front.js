// @ts-check
// The front page: first code, with the address of this server.

/** @typedef {{ name: string, code: string, hint: string }} Snippet */

const element = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** What to run for a first output. @param {string} address @param {boolean} key Whether the server needs an API key. @returns {Snippet[]} */
export function snippets(address, key) {
  const header = key ? ` -H "$A"` : "";
  const hint = key ? " The API key is read from the variable PODFLARE_API_KEY." : "";
  return [
    {
      name: "curl",
      code: `# Create a sandbox, then run code in it.
${key ? `A="Authorization: Bearer $PODFLARE_API_KEY"\n` : ""}S=$(curl -sS ${address}/v1/sandboxes${header} --json '{}' | grep -o 'sbx_[0-9a-f]*')
curl -sSN ${address}/v1/sandboxes/$S/exec${header} --json '{"code":"for i in range(3): print(i)"}'`,
      hint: `Needs curl 7.82 or newer.${hint}`,
    },
    {
      name: "Python",
      code: `from podflare import Sandbox

with Sandbox(host="${address}") as sandbox:
    for event in sandbox.run_code_stream("for i in range(3): print(i)"):
        if event.type == "stdout":
            print(event.seq, event.data, end="")`,
      hint: `In a clone of the repository: pip install ./clients/python.${hint}`,
    },
    {
      name: "C#",
      code: `using Podflare;

using var client = new PodflareClient(new PodflareClientOptions { BaseAddress = new Uri("${address}") });
await using var sandbox = await client.CreateSandboxAsync();
await foreach (var e in sandbox.RunStreamAsync("for i in range(3): print(i)"))
{
    if (e is StdoutEvent stdout) Console.Write($"{e.Seq} {stdout.Data}");
}`,
      hint: `In a clone of the repository: add a reference to src/Client.${hint}`,
    },
    {
      name: "TypeScript",
      code: `import { Sandbox } from '@podflare/selfhosted'

const sandbox = await Sandbox.create({ baseUrl: '${address}' })
for await (const event of sandbox.runCodeStream('for i in range(3): print(i)')) {
  if (event.type === 'stdout') console.log(event.seq, event.data.trimEnd())
}
await sandbox.close()`,
      hint: `In a clone of the repository: npm install ./clients/typescript.${hint}`,
    },
  ];
}

/** The configuration of an MCP client. @param {string} address @param {boolean} key @returns {Snippet} */
export function mcpSnippet(address, key) {
  const server = { type: "http", url: `${address}/mcp`, ...(key ? { headers: { Authorization: "Bearer ${PODFLARE_API_KEY}" } } : {}) };
  return { name: "MCP", code: JSON.stringify({ mcpServers: { podflare: server } }, null, 2), hint: "For Claude Code, Cursor and other MCP clients: .mcp.json in the folder of a project." };
}

/** Shows code with comments, strings and keywords in colors. @param {HTMLElement} box @param {string} code */
function show(box, code) {
  const tokens = /(#.*|\/\/ .*)|("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|\b(from|import|with|as|for|in|if|using|var|new|await|async|foreach|is|const|of)\b/g;
  const parts = [];
  let at = 0;
  for (const match of code.matchAll(tokens)) {
    parts.push(code.slice(at, match.index), Object.assign(document.createElement("span"), { className: match[1] ? "c" : match[2] ? "s" : "k", textContent: match[0] }));
    at = match.index + match[0].length;
  }
  box.replaceChildren(...parts, code.slice(at));
}

/** @param {Snippet[]} all */
function showTabs(all) {
  const [list, copy] = [/** @type {HTMLElement} */ (document.querySelector("[role=tablist]")), element("copy")];
  let current = all[0];
  const tabs = all.map((snippet, number) => {
    const tab = document.createElement("button");
    Object.assign(tab, { type: "button", role: "tab", id: `tab-${number}`, textContent: snippet.name, onclick: () => select(number) });
    tab.setAttribute("aria-controls", "panel");
    return tab;
  });
  const select = (/** @type {number} */ number) => {
    current = all[number];
    for (const [i, tab] of tabs.entries()) {
      tab.setAttribute("aria-selected", String(i === number));
      tab.tabIndex = i === number ? 0 : -1;
    }
    element("panel").setAttribute("aria-labelledby", tabs[number].id);
    show(element("code"), current.code);
    element("hint").textContent = current.hint;
    copy.textContent = "Copy";
  };
  list.replaceChildren(...tabs);
  list.onkeydown = event => {
    const from = tabs.findIndex(tab => tab === document.activeElement);
    const to = { ArrowRight: from + 1, ArrowLeft: from - 1, Home: 0, End: -1 }[event.key];
    if (from < 0 || to === undefined) return;
    event.preventDefault();
    const number = (to + tabs.length) % tabs.length;
    select(number);
    tabs[number].focus();
  };
  copy.onclick = async () => {
    copy.textContent = (await copyText(current.code)) ? "Copied" : "Press Ctrl+C";
    setTimeout(() => (copy.textContent = "Copy"), 1500);
  };
  select(0);
  /** @type {HTMLElement} */ (document.querySelector(".quick")).hidden = false;
}

/** @param {string} text */
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Pages without HTTPS have no clipboard, except on the machine itself. The reader can copy the selection.
    getSelection()?.selectAllChildren(element("code"));
    return false;
  }
}

const theme = localStorage.getItem("podflare.theme");
if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;

/** @type {{ version?: string, auth?: string, region?: string | null, status_url?: string | null, features?: string[] }} */
const info = await fetch("/v1/info").then(answer => (answer.ok ? answer.json() : {}), () => ({}));
const key = info.auth === "keys";
showTabs([...snippets(location.origin, key), ...(info.features?.includes("mcp") ? [mcpSnippet(location.origin, key)] : [])]);
if (info.status_url) Object.assign(element("status"), { href: info.status_url, hidden: false });
element("about").textContent = info.version
  ? [`Podflare ${info.version}`, info.region, key ? "An API key is needed" : "No API key is needed"].filter(Boolean).join(" · ")
  : "The server does not answer at the moment.";
