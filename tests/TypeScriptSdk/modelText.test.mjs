// The text for a model, against the vectors that all clients share.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Sandbox } from '../../clients/typescript/dist/index.js'
import { ScriptedServer } from './scriptedServer.mjs'

const { vectors } = JSON.parse(readFileSync(new URL('../../clients/vectors/for_model.json', import.meta.url), 'utf8'))

test('the text for a model is that of the other clients', async t => {
  const server = await ScriptedServer.start(t)
  for (const vector of vectors) {
    server.answers = [{ headers: { 'podflare-run-id': 'run_1', ...vector.headers }, body: vector.events.map(event => `${JSON.stringify(event)}\n`).join('') }]
    const sandbox = await server.sandbox(vector.max_result_chars === null ? {} : { maxResultChars: vector.max_result_chars })
    const result = await sandbox.runCode('…', { timeoutSeconds: vector.timeout_seconds ?? undefined })
    assert.equal(result.forModel(vector.max_chars), vector.expected, vector.name)
  }
  assert.ok(vectors.length > 10)
})

test('a limit that leaves no room is refused', async t => {
  const server = await ScriptedServer.start(t)
  server.answers = [{ body: '{"type":"exit","data":0,"seq":1,"ts":1}\n' }]
  const result = await (await server.sandbox()).runCode('1')
  assert.throws(() => result.forModel(255), RangeError)
  assert.equal(Sandbox.name, 'Sandbox')
})
