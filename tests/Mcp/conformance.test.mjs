// The scenarios of the protocol's conformance tests that a server without the test's own tools can pass.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { service, start } from '../TypeScriptSdk/service.mjs'

const run = promisify(execFile)
const packages = new URL('../../artifacts/conformance/node_modules/', import.meta.url).pathname

// All other scenarios of version 0.1.16 call tools, prompts and resources that only the test's own server has (test_simple_text, test://static-text, …),
// or test what the server does not offer: completions, elicitation, sampling, resources and prompts.
const SCENARIOS = ['server-initialize', 'ping', 'logging-set-level', 'tools-list', 'dns-rebinding-protection']
// It checks nothing where the server keeps no session, as is the default.
const WITH_SESSION = ['server-sse-multiple-streams']

test('the server passes the conformance tests', async t => {
  await pass(t, await service(), SCENARIOS)
})

test('a server with sessions passes those of sessions', async t => {
  await pass(t, await start({ Podflare__Mcp__Sessions: 'StatefulForInitializeClients' }), WITH_SESSION)
})

async function pass (t, url, scenarios) {
  const folder = mkdtempSync('/tmp/pfmcp.')
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const scenario of scenarios) {
    const args = [`${packages}@modelcontextprotocol/conformance/dist/index.js`, 'server', '--url', `${url}/mcp`, '--scenario', scenario]
    // It writes its results into the current folder.
    const { stdout } = await run(`${packages}.bin/node`, args, { cwd: folder, timeout: 60_000 }).catch(e => assert.fail(`${scenario}: ${e.stdout}${e.stderr}`))
    const [, passed, all] = stdout.match(/Passed: (\d+)\/(\d+), 0 failed/) ?? assert.fail(`${scenario}: ${stdout}`)
    assert.equal(passed, all, scenario)
    assert.ok(Number(passed) > 0, scenario)
  }
}
