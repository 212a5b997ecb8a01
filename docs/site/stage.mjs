// Copies the pages into pages/, where VitePress reads them, and turns links between files into links between pages.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { httpApi } from './http-api.mjs'
import { pages, repository, resolveLink, sidebar, title, unlisted } from './pages.mjs'

const to = join(repository, 'docs/site/pages')
// Where the sources can be read, such as https://example.com/owner/podflare; without it, links to sources are plain text.
const sources = process.env.PODFLARE_REPOSITORY_URL?.replace(/\/$/, '')
execFileSync('python3', [join(repository, 'eng/make-sdk-reference.py')], { stdio: 'inherit' })
const map = pages()
const folders = new Map([['docs', '/'], ['docs/README.md', '/'], ['docs/errors', '/errors/'], ['docs/guides', '/guides/'], ['docs/decisions', '/decisions/']])

function link(file, text, target) {
  const resolved = resolveLink(file, target)
  if (!resolved) return `[${text}](${target})`
  const anchor = resolved.anchor ? `#${resolved.anchor}` : ''
  if (map.has(resolved.target)) {
    const page = relative(dirname(map.get(file)), map.get(resolved.target))
    return `[${text}](${page.startsWith('.') ? page : `./${page}`}${anchor})`
  }
  const path = resolved.target.replace(/\/$/, '')
  if (folders.has(path)) return `[${text}](${folders.get(path)}${anchor})`
  return sources ? `[${text}](${sources}/blob/main/${resolved.target}${anchor})` : text
}

function image(file, text, target) {
  const resolved = resolveLink(file, target)
  return resolved?.target.startsWith('docs/') ? `![${text}](/${resolved.target.slice('docs/'.length)})` : `![${text}](${target})`
}

// Outside blocks and spans of code: links, and what Vue would take for a template.
function convert(file, text) {
  return text.split(/(^```[\s\S]*?^```[^\n]*$)/m).map((part, index) => index % 2 ? part : part
    .replace(/!\[([^\]]*)\]\(([^)\s]+)\)/g, (_, text, target) => image(file, text, target))
    .replace(/(?<!!)\[((?:[^\][]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g, (_, text, target) => link(file, text, target))
    .replace(/\b(src|srcset)="(?!https?:)(?:\.\/)?(?:docs\/)?([^"]+)"/g, '$1="/$2"')).join('')
}

function write(page, text) {
  mkdirSync(dirname(join(to, page)), { recursive: true })
  writeFileSync(join(to, page), text)
}

function list(folder, heading, description) {
  const names = readdirSync(join(repository, 'docs', folder)).filter(name => name.endsWith('.md')).sort()
  return `# ${heading}\n\n${description}\n\n${names.map(name => `- [${title(`docs/${folder}/${name}`)}](./${name})`).join('\n')}\n`
}

rmSync(to, { recursive: true, force: true })
const left = unlisted()
if (left.length) throw new Error(`No entry of the sidebar leads to ${left.join(', ')}: add it to docs/site/pages.mjs.`)
for (const [file, page] of map) write(page, convert(file, readFileSync(join(repository, file), 'utf8')))
write('guides/index.md', list('guides', 'Guides', 'Each guide solves one task.'))
write('decisions/index.md', list('decisions', 'Decisions', 'Why things are as they are: the choices that a newcomer would question.'))
write('reference/http-api.md', httpApi())
write('index.md', readFileSync(join(repository, 'docs/site/home.md'), 'utf8'))

// Files that pages show.
mkdirSync(join(to, 'public'), { recursive: true })
cpSync(join(repository, 'docs/images'), join(to, 'public/images'), { recursive: true })
for (const name of readdirSync(join(repository, 'docs')).filter(name => name.endsWith('.svg'))) cpSync(join(repository, 'docs', name), join(to, 'public', name))
cpSync(join(repository, 'src/Look/logo.svg'), join(to, 'public/logo.svg'))
cpSync(join(repository, 'docs/reference/openapi.json'), join(to, 'public/openapi.json'))

// llms.txt: the table of contents for language models (llmstxt.org), and llms-full.txt: all pages but decisions and errors in one file.
const lines = ['# Podflare', '', '> Self-hosted code sandboxes for AI agents: run Python and bash, stream the output, and resume a broken stream without losing or repeating an event.', '']
const full = []
for (const section of sidebar()) {
  lines.push(`## ${section.text}`, '')
  for (const { text, link: path, items } of section.items) {
    if (path) lines.push(`- [${text}](${path}${path.endsWith('/') ? 'index' : ''}.md)`)
    if (items) continue
    full.push(readFileSync(join(to, `${path}.md`), 'utf8'))
  }
  lines.push('')
}
writeFileSync(join(to, 'public/llms.txt'), lines.join('\n'))
writeFileSync(join(to, 'public/llms-full.txt'), full.join('\n\n'))
// The Markdown of each page is served beside it.
for (const path of readdirSync(to, { recursive: true, encoding: 'utf8' }).filter(path => path.endsWith('.md'))) {
  const copy = join(to, 'public', path)
  mkdirSync(dirname(copy), { recursive: true })
  cpSync(join(to, path), copy)
}
