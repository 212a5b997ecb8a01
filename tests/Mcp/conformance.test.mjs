// The scenarios of the protocol's conformance tests that a server without the test's own tools can pass.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { service } from '../TypeScriptSdk/service.mjs'

const run = promisify(execFile)
const packages = new URL('../../artifacts/conformance/node_modules/', import.meta.url).pathname

// All other scenarios of version 0.1.16 call tools, prompts and resources that only the test's own server has (test_simple_text, test://static-text, …),
// or test what the server does not offer: completions, elicitation, sampling, resources and prompts.
const SCENARIOS = ['server-initialize', 'ping', 'logging-set-level', 'tools-list', 'dns-rebinding-protection', 'server-sse-multiple-streams']

test('the server passes the conformance tests', async t => {
  const folder = mkdtempSync('/tmp/pfmcp.')
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const url = `${await service()}/mcp`
  for (const scenario of SCENARIOS) {
    const args = [`${packages}@modelcontextprotocol/conformance/dist/index.js`, 'server', '--url', url, '--scenario', scenario]
    // It writes its results into the current folder.
    const { stdout } = await run(`${packages}.bin/node`, args, { cwd: folder, timeout: 60_000 }).catch(e => assert.fail(`${scenario}: ${e.stdout}${e.stderr}`))
    const [, passed, all] = stdout.match(/Passed: (\d+)\/(\d+), 0 failed/) ?? assert.fail(`${scenario}: ${stdout}`)
    assert.equal(passed, all, scenario)
    assert.ok(Number(passed) > 0, scenario)
  }
})
