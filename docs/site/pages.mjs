// Which pages the site has, from which files of the repository, and how they are ordered in the sidebar.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const repository = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const docs = join(repository, 'docs')

// Pages outside docs/: file in the repository, page of the site.
const others = {
  'clients/python/README.md': 'sdk/python.md',
  'clients/typescript/README.md': 'sdk/typescript.md',
  'src/Client/README.md': 'sdk/dotnet.md',
  'src/Guest/README.md': 'inside/guest.md',
  'deploy/helm/podflare/README.md': 'kubernetes.md',
  'deploy/systemd/README.md': 'plain-hosts.md',
  'SECURITY.md': 'security-policy.md',
  'CONTRIBUTING.md': 'contributing.md',
  'CODE_OF_CONDUCT.md': 'code-of-conduct.md',
  'CHANGELOG.md': 'changelog.md'
}

const isPage = path => path.endsWith('.md') && !path.startsWith('site/') && path !== 'README.md'

/** The pages: file in the repository by page of the site. */
export function pages() {
  const own = readdirSync(docs, { recursive: true, encoding: 'utf8' }).filter(isPage).map(path => [`docs/${path}`, path.replace(/README\.md$/, 'index.md')])
  const found = Object.entries(others).filter(([file]) => statSync(join(repository, file), { throwIfNoEntry: false }))
  return new Map([...own, ...found, ['README.md', 'overview.md']])
}

/** The text of a page's first heading. */
export function title(file) {
  const heading = readFileSync(join(repository, file), 'utf8').match(/^# (.+)$/m)
  if (!heading) throw new Error(`${file} has no heading.`)
  return heading[1].replaceAll('`', '')
}

const byTitle = folder => {
  const files = readdirSync(join(docs, folder)).filter(name => name.endsWith('.md') && name !== 'README.md')
  return files.map(name => ({ text: title(`docs/${folder}/${name}`), link: `/${folder}/${name.slice(0, -3)}` }))
}

const of = (...links) => links.map(([text, link]) => ({ text, link }))

/** The sidebar. New files of docs/guides, docs/errors and docs/decisions appear by themselves. */
export function sidebar() {
  const known = new Set([...pages().values()].map(page => `/${page.replace(/(\bindex)?\.md$/, '')}`))
  const sections = [
    { text: 'Start', items: [
      ...of(['Overview', '/overview'], ['curl', '/start/curl'], ['Python', '/start/python'], ['C#', '/start/csharp'], ['TypeScript', '/start/typescript'],
        ['Assistants (MCP)', '/start/mcp'], ['Command line', '/start/command-line'], ['Comparison', '/comparison'])
    ] },
    { text: 'Guides', items: [...byTitle('guides'), ...of(['Runs over HTTP', '/runs'], ['Templates and packages', '/templates'], ['Events and webhooks', '/webhooks'], ['Console', '/console'])]
      .sort((a, b) => a.text.localeCompare(b.text)) },
    { text: 'Operate', items: of(['Plain hosts', '/plain-hosts'], ['Kubernetes', '/kubernetes'], ['Configuration', '/configuration'], ['Tenants and API keys', '/tenants'], ['Limits', '/limits'],
      ['Network access', '/egress'], ['TLS and reverse proxies', '/reverse-proxy'], ['Security of a deployment', '/security'], ['Threat model', '/threat-model'], ['Security policy', '/security-policy'],
      ['Sizing', '/sizing'], ['Upgrading', '/UPGRADING'], ['Backup', '/backup'], ['Traces, logs and metrics', '/TELEMETRY'], ['Monitoring and alerts', '/monitoring'],
      ['Troubleshooting', '/troubleshooting'], ['Status page', '/STATUSPAGE'], ['Usage and audit log', '/usage-and-audit']) },
    { text: 'Reference', items: [
      ...of(['HTTP API', '/reference/http-api'], ['Events', '/reference/events'], ['Command line', '/reference/cli'], ['Python SDK', '/sdk/python'], ['Python classes', '/reference/python'],
        ['TypeScript SDK', '/sdk/typescript'], ['TypeScript classes', '/reference/typescript'], ['.NET SDK', '/sdk/dotnet'], ['.NET classes', '/reference/dotnet'], ['Changelog', '/changelog']),
      { text: 'Errors', link: '/errors/', collapsed: true, items: byTitle('errors') }
    ] },
    { text: 'Inside', items: [
      ...of(['Architecture', '/ARCHITECTURE'], ['Reliability', '/RELIABILITY'], ['Performance', '/PERFORMANCE'], ['Scale', '/SCALE'], ['The guest', '/inside/guest'], ['Glossary', '/GLOSSARY'], ['Contributing', '/contributing'], ['Code of conduct', '/code-of-conduct']),
      { text: 'Decisions', collapsed: true, items: byTitle('decisions') }
    ] }
  ]
  for (const section of sections) section.items = section.items.filter(({ link, items }) => items || known.has(link))
  return sections.map(section => ({ ...section, collapsed: false }))
}

/** The pages that no entry of the sidebar leads to. */
export function unlisted() {
  const links = new Set()
  const walk = items => items.forEach(({ link, items }) => { links.add(link); walk(items ?? []) })
  walk(sidebar())
  return [...pages()].filter(([, page]) => !links.has(`/${page.replace(/(\bindex)?\.md$/, '')}`)).map(([file]) => file)
}

/** What `link` in `file` leads to: a page, another file of the repository, or null for another site. */
export function resolveLink(file, link) {
  const [path, anchor] = link.split('#')
  if (/^[a-z]+:|^\/\//i.test(link) || !path) return null
  const target = relative(repository, resolve(repository, dirname(file), path))
  return { target, anchor }
}
