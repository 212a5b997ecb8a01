// The programs of the guide run as they are, with the variables that it names.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { service } from '../TypeScriptSdk/service.mjs'
import { MOUNT } from './client.mjs'

const run = promisify(execFile)
const guide = readFileSync(new URL('../../docs/guides/moving-from-e2b.md', import.meta.url), 'utf8')
const programs = [...guide.matchAll(/```js\n(.*?)```/gs)].map(match => match[1])

test('the programs of the guide run', async t => {
  const url = await service() + MOUNT
  const expected = ['6\n3\n\n', 'user\n/home/user\n\n']
  assert.equal(programs.length, expected.length)
  for (const [index, program] of programs.entries()) {
    // In this folder, so that the packages are found.
    const file = new URL(`guide-${process.pid}-${index}.mjs`, import.meta.url).pathname
    t.after(() => rmSync(file, { force: true }))
    writeFileSync(file, program)
    const { stdout } = await run(process.execPath, [file], { env: { ...process.env, E2B_API_URL: url, E2B_SANDBOX_URL: url, E2B_API_KEY: 'your-key' }, timeout: 60_000 })
    assert.equal(stdout, expected[index])
  }
})
