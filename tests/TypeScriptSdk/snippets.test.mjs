// The README's snippets compile, and run against a service.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { ADMIN_KEY, service, serviceWithKeys } from './service.mjs'

const run = promisify(execFile)
const client = new URL('../../clients/typescript/', import.meta.url).pathname
const page = readFileSync(new URL('../../docs/start/typescript.md', import.meta.url), 'utf8')
const blocks = (text, language) => [...text.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))].map(match => match[1])
const start = blocks(page, 'ts')
const snippets = [...blocks(readFileSync(`${client}README.md`, 'utf8'), 'ts'), ...start]

test('the snippets of the README and of the first page compile and run', async t => {
  // Inside the package's folder, so that the compiler finds its dependencies.
  const folder = `${client}node_modules/.snippets/`
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(`${folder}node_modules/@podflare`, { recursive: true })
  symlinkSync(client, `${folder}node_modules/@podflare/selfhosted`)
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(`${folder}package.json`, '{"type":"module"}')
  snippets.forEach((text, index) => writeFileSync(`${folder}snippet${index}.ts`, text))
  const files = snippets.map((_, index) => `snippet${index}.ts`)
  const compilerOptions = { strict: true, target: 'es2022', lib: ['es2023', 'esnext.disposable', 'dom'], module: 'nodenext', types: [], skipLibCheck: true }
  writeFileSync(`${folder}tsconfig.json`, JSON.stringify({ compilerOptions, files }))
  await run(`${client}node_modules/.bin/tsc`, ['-p', folder]).catch(e => assert.fail(e.stdout))
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

test('Deno and Bun run the same program', async () => {
  const env = { ...process.env, PODFLARE_HOSTD_URL: await service(), DENO_NO_UPDATE_CHECK: '1' }
  const program = new URL('smoke.mjs', import.meta.url).pathname
  for (const [name, ...args] of [['deno', 'run', '--allow-net', '--allow-env', '--allow-read'], ['bun', 'run']]) {
    const { stdout } = await run(`${client}node_modules/.bin/${name}`, [...args, program], { env, timeout: 60_000 })
    assert.equal(stdout.trim(), 'ok', name)
  }
})
