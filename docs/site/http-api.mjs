// The page about the HTTP API, from the server's own OpenAPI description.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from './pages.mjs'

const description = JSON.parse(readFileSync(join(repository, 'docs/reference/openapi.json'), 'utf8'))
const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete']

const at = reference => reference.slice(2).split('/').reduce((value, key) => value[key.replaceAll('~1', '/').replaceAll('~0', '~')], description)
const resolved = value => value?.$ref ? at(value.$ref) : value
const cell = text => String(text ?? '').replaceAll('\n', ' ').replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('{{', '&#123;&#123;')

function type(schema) {
  if (!schema) return ''
  if (schema.$ref) return `[${schema.$ref.split('/').pop()}](#schema-${schema.$ref.split('/').pop().toLowerCase()})`
  const many = schema.oneOf ?? schema.anyOf ?? schema.allOf
  if (many) return many.map(type).join(' or ')
  if (schema.enum) return schema.enum.map(value => `\`${value}\``).join(', ')
  if (schema.const !== undefined) return `\`${schema.const}\``
  if (schema.type === 'array') return `array of ${type(schema.items) || 'any'}`
  const types = [schema.type ?? 'any'].flat().join(' or ')
  const limits = [['minimum', 'from'], ['maximum', 'to'], ['maxLength', 'at most, characters:'], ['maxItems', 'at most, items:']].filter(([key]) => schema[key] !== undefined)
  return [types, ...limits.map(([key, word]) => `${word} ${schema[key]}`)].join(', ')
}

const rows = (heads, lines) => lines.length ? `| ${heads.join(' | ')} |\n|${heads.map(() => '---').join('|')}|\n${lines.map(line => `| ${line.join(' | ')} |`).join('\n')}\n\n` : ''

function properties(schema) {
  const parts = [schema, ...(schema.allOf ?? [])].map(resolved)
  const required = new Set(parts.flatMap(part => part.required ?? []))
  return parts.flatMap(part => Object.entries(part.properties ?? {})).map(([name, value]) =>
    [`\`${name}\`${required.has(name) ? ' (required)' : ''}`, type(value).replaceAll('|', '\\|'), cell(value.description ?? resolved(value).description)])
}

function operation(path, method, shared, { summary, description, parameters = [], requestBody, responses }) {
  const all = [...(shared ?? []), ...parameters].map(resolved)
  const body = resolved(requestBody)
  let text = `### ${cell(summary ?? `${method.toUpperCase()} ${path}`)}\n\n\`${method.toUpperCase()} ${path}\`\n\n${description ? `${cell(description)}\n\n` : ''}`
  text += rows(['parameter', 'in', 'type', 'meaning'], all.map(one => [`\`${one.name}\`${one.required ? ' (required)' : ''}`, one.in, type(one.schema).replaceAll('|', '\\|'), cell(one.description)]))
  for (const [media, { schema }] of Object.entries(body?.content ?? {})) text += `Body: \`${media}\`, ${type(schema)}\n\n`
  text += rows(['response', 'content', 'meaning'], Object.entries(responses).map(([status, value]) => {
    const response = resolved(value)
    return [status, Object.entries(response.content ?? {}).map(([media, { schema }]) => `\`${media}\`${schema ? ` ${type(schema).replaceAll('|', '\\|')}` : ''}`).join('<br>'), cell(response.description)]
  }))
  return text
}

export function httpApi() {
  const groups = new Map((description.tags ?? []).map(({ name, description }) => [name, { description, text: '' }]))
  for (const [path, item] of Object.entries(description.paths)) {
    for (const method of METHODS.filter(method => item[method])) {
      const tag = item[method].tags?.[0] ?? 'Other'
      if (!groups.has(tag)) groups.set(tag, { text: '' })
      groups.get(tag).text += operation(path, method, item.parameters, item[method])
    }
  }
  let text = `# HTTP API\n\nThis page is made from the server's own description. The same description is at \`/openapi/v1.json\` of every server, and <a href="../openapi.json" target="_blank">here</a>. Every server also has interactive pages, at \`/docs\`.\n\n`
  for (const [name, group] of groups) if (group.text) text += `## ${name}\n\n${group.description ? `${cell(group.description)}\n\n` : ''}${group.text}`
  text += '## Schemas\n\n'
  for (const [name, schema] of Object.entries(description.components?.schemas ?? {})) {
    const list = properties(schema)
    text += `### ${name} {#schema-${name.toLowerCase()}}\n\n${schema.description ? `${cell(schema.description)}\n\n` : ''}${list.length ? rows(['field', 'type', 'meaning'], list) : `${type(schema)}\n\n`}`
  }
  return text
}
