// Fails if a link between pages, or to an anchor of one, leads nowhere. Needs no package; `npm run build` also renders every page.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { repository } from './pages.mjs'
import { slug } from './slug.mjs'

const folder = join(repository, 'docs/site/pages')
const withoutCode = text => text.replace(/^(```|~~~)[\s\S]*?^\1[^\n]*$/gm, '')
const anchors = new Map()

function anchorsOf(page) {
  if (anchors.has(page)) return anchors.get(page)
  const found = new Set()
  for (const [, heading] of withoutCode(readFileSync(join(folder, page), 'utf8')).matchAll(/^#{1,6} +(.+?)\s*$/gm)) {
    const named = heading.match(/\{#([\w-]+)\}$/)
    const base = named ? named[1] : slug(heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1'))
    let name = base
    for (let count = 1; found.has(name); count++) name = `${base}-${count}`
    found.add(name)
  }
  anchors.set(page, found)
  return found
}

const problems = []
for (const page of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(path => path.endsWith('.md') && !path.startsWith('public'))) {
  const text = withoutCode(readFileSync(join(folder, page), 'utf8')).replace(/`[^`\n]*`/g, '')
  for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)/gm)) {
    if (!target || /^[a-z]+:/i.test(target)) continue
    const [path, anchor] = target.split('#')
    let file = path === '' ? page : path.startsWith('/') ? path.slice(1) : normalize(join(dirname(page), path))
    if (path.startsWith('/') && existsSync(join(folder, 'public', file)) && file) continue
    if (file === '' || file.endsWith('/')) file += 'index.md'
    if (!file.endsWith('.md')) file += '.md'
    if (!existsSync(join(folder, file))) problems.push(`${page}: ${target} leads to no page`)
    else if (anchor && !anchorsOf(file).has(anchor)) problems.push(`${page}: ${target} leads to no heading`)
  }
}

for (const problem of problems) console.error(problem)
process.exitCode = problems.length ? 1 : 0
