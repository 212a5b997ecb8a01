// The snippets of the README and of the guides compile, and run against a service.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { ADMIN_KEY, service, serviceWithKeys } from './service.mjs'

const run = promisify(execFile)
const client = new URL('../../clients/typescript/', import.meta.url).pathname
const guides = new URL('../../docs/guides/', import.meta.url).pathname
const page = new URL('../../docs/start/typescript.md', import.meta.url).pathname
const start = blocks(page, 'ts')
const snippets = [...blocks(`${client}README.md`, 'ts'), ...start]

// A model that calls the tool of the guide once, and repeats what it got. It takes the place of the provider's package.
const MODEL = `
import { MockLanguageModelV3 } from 'ai/test'
export const openai = () => new MockLanguageModelV3({
  doGenerate: async ({ prompt }) => {
    const result = prompt.at(-1).role === 'tool' ? prompt.at(-1).content[0].output.value[0].text.trim() : undefined
    return {
      content: [result === undefined
        ? { type: 'tool-call', toolCallId: 'call_1', toolName: 'run_python', input: JSON.stringify({ code: 'print(sum(range(101)))' }) }
        : { type: 'text', text: \`The code printed \${result}.\` }],
      finishReason: { unified: result === undefined ? 'tool-calls' : 'stop', raw: undefined },
      usage: { inputTokens: {}, outputTokens: {} },
      warnings: []
    }
  }
})
`

test('the snippets of the README and of the first page compile and run', async t => {
  const { folder, files } = await compile(t, snippets)
  const open = { ...process.env, PODFLARE_HOSTD_URL: await service() }
  const withKeys = { ...process.env, PODFLARE_HOSTD_URL: await serviceWithKeys(), PODFLARE_API_KEY: ADMIN_KEY }
  for (const [index, file] of files.entries()) {
    const env = snippets[index].includes('client.tenants') ? withKeys : open
    const { stdout } = await run(process.execPath, [`${folder}${file.replace('.ts', '.js')}`], { env, timeout: 60_000 })
    assert.notEqual(stdout, '', file)
    if (start.includes(snippets[index])) assert.equal(stdout, blocks(page, 'text')[start.indexOf(snippets[index])])
  }
  assert.ok(files.length >= 6)
})

test('the agents of the guides compile and run', async t => {
  const programs = ['ai-sdk', 'computesdk'].flatMap(name => blocks(`${guides}${name}.md`, 'ts'))
  assert.equal(programs.length, 2)
  const { folder, files } = await compile(t, programs)
  for (const file of files) {
    const { stdout } = await run(process.execPath, [`${folder}${file.replace('.ts', '.js')}`], { env: { ...process.env, PODFLARE_HOSTD_URL: await service() }, timeout: 60_000 })
    assert.equal(stdout, 'The code printed 5050.\n', file)
  }
})

test('Deno and Bun run the same program', async () => {
  const env = { ...process.env, PODFLARE_HOSTD_URL: await service(), DENO_NO_UPDATE_CHECK: '1' }
  const program = new URL('smoke.mjs', import.meta.url).pathname
  for (const [name, ...args] of [['deno', 'run', '--allow-net', '--allow-env', '--allow-read'], ['bun', 'run']]) {
    const { stdout } = await run(`${client}node_modules/.bin/${name}`, [...args, program], { env, timeout: 60_000 })
    assert.equal(stdout.trim(), 'ok', name)
  }
})

function blocks (file, language) {
  return [...readFileSync(file, 'utf8').matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))].map(match => match[1])
}

async function compile (t, programs) {
  // Inside the package's folder, so that the compiler finds its dependencies.
  const folder = `${client}node_modules/.snippets/`
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(`${folder}node_modules/@podflare`, { recursive: true })
  symlinkSync(client, `${folder}node_modules/@podflare/selfhosted`)
  mkdirSync(`${folder}node_modules/@ai-sdk/openai`, { recursive: true })
  writeFileSync(`${folder}node_modules/@ai-sdk/openai/package.json`, '{"type":"module","exports":{".":{"types":"./index.d.ts","default":"./index.js"}}}')
  writeFileSync(`${folder}node_modules/@ai-sdk/openai/index.js`, MODEL)
  writeFileSync(`${folder}node_modules/@ai-sdk/openai/index.d.ts`, "import type { LanguageModel } from 'ai'\nexport declare function openai (model: string): LanguageModel\n")
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(`${folder}package.json`, '{"type":"module"}')
  const files = programs.map((text, index) => {
    writeFileSync(`${folder}snippet${index}.ts`, text)
    return `snippet${index}.ts`
  })
  const compilerOptions = { strict: true, target: 'es2022', lib: ['es2023', 'esnext.disposable', 'dom'], module: 'nodenext', types: [], skipLibCheck: true }
  writeFileSync(`${folder}tsconfig.json`, JSON.stringify({ compilerOptions, files }))
  await run(`${client}node_modules/.bin/tsc`, ['-p', folder]).catch(e => assert.fail(e.stdout))
  return { folder, files }
}
