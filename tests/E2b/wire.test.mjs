// Calls that the published clients for JavaScript do not make, as those for Python and older ones do.
import { Sandbox } from 'e2b'
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { MOUNT, options, until } from './client.mjs'
import { service } from '../TypeScriptSdk/service.mjs'

const END = 2
let sandbox, url
before(async () => {
  url = await service() + MOUNT
  sandbox = await Sandbox.create({ ...await options(), envs: { GREETING: 'a=b\nc' } })
})
after(() => sandbox.kill())

const headers = () => ({ 'E2b-Sandbox-Id': sandbox.sandboxId, 'E2b-Sandbox-Port': '49983', 'X-Access-Token': sandbox.envdAccessToken })

async function call (method, message) {
  const answer = await fetch(`${url}/${method}`, { method: 'POST', headers: { ...headers(), 'content-type': 'application/json' }, body: JSON.stringify(message) })
  return { status: answer.status, body: await answer.json() }
}

/** The messages of a stream with their flags, up to its end. */
async function stream (method, message, more = {}) {
  const json = Buffer.from(JSON.stringify(message))
  const head = Buffer.alloc(5)
  head.writeUInt32BE(json.length, 1)
  const answer = await fetch(`${url}/${method}`, { method: 'POST', headers: { ...headers(), ...more, 'content-type': 'application/connect+json' }, body: Buffer.concat([head, json]) })
  const bytes = Buffer.from(await answer.arrayBuffer())
  const messages = []
  for (let at = 0; at < bytes.length; at += 5 + bytes.readUInt32BE(at + 1)) messages.push([bytes[at], JSON.parse(bytes.subarray(at + 5, at + 5 + bytes.readUInt32BE(at + 1)))])
  return messages
}

test('a watcher that is polled reports each change once, until it is removed', async () => {
  await sandbox.files.makeDir('polled/below')
  const { body: { watcherId } } = await call('filesystem.Filesystem/CreateWatcher', { path: 'polled', recursive: true })
  const seen = []
  const poll = async () => {
    const { status, body } = await call('filesystem.Filesystem/GetWatcherEvents', { watcherId })
    assert.equal(status, 200)
    seen.push(...(body.events ?? []).map(event => `${event.type.replace('EVENT_TYPE_', '')} ${event.name}`))
  }
  await poll()
  assert.deepEqual(seen, [])
  await sandbox.commands.run('echo 1 > polled/below/a; mv polled/below/a polled/b; chmod 600 polled/b; rm polled/b')
  await until(async () => { await poll(); return seen.includes('REMOVE b') })
  assert.ok(seen.includes('WRITE below/a'))
  for (const one of ['CREATE below/a', 'RENAME below/a', 'CREATE b', 'CHMOD b', 'REMOVE b']) assert.equal(seen.filter(other => other === one).length, 1, `${one} in ${seen}`)
  await poll()
  assert.equal(seen.filter(one => one === 'REMOVE b').length, 1)

  assert.equal((await call('filesystem.Filesystem/RemoveWatcher', { watcherId })).status, 200)
  await until(async () => (await call('filesystem.Filesystem/GetWatcherEvents', { watcherId })).body.code === 'not_found')
})

test('what cannot be watched is refused', async () => {
  await sandbox.files.write('a-file', 'x')
  assert.deepEqual((await call('filesystem.Filesystem/CreateWatcher', { path: 'nowhere' })).body.code, 'not_found')
  assert.deepEqual((await call('filesystem.Filesystem/CreateWatcher', { path: 'a-file' })).body.code, 'invalid_argument')
  // Of no run, and of one that is no watcher.
  for (const watcherId of ['x', `run_${'0'.repeat(32)}.L2hvbWU`]) assert.equal((await call('filesystem.Filesystem/GetWatcherEvents', { watcherId })).status, 404)
})

test('the time that a client allows ends its stream, and not a process that it has only connected to', async () => {
  const { pid } = await sandbox.commands.run('sleep 50', { background: true })
  const messages = await stream('process.Process/Connect', { process: { pid } }, { 'connect-timeout-ms': '300' })
  assert.deepEqual(messages.map(([flags, message]) => [flags, message.error?.code]), [[0, undefined], [END, 'deadline_exceeded']])
  assert.deepEqual(messages[0][1], { event: { start: { pid } } })
  const watched = await stream('filesystem.Filesystem/WatchDir', { path: '/tmp' }, { 'connect-timeout-ms': '300' })
  assert.deepEqual(watched.map(([flags, message]) => [flags, message.error?.code ?? message]), [[0, { start: {} }], [END, 'deadline_exceeded']])
  assert.ok((await sandbox.commands.list()).some(process => process.pid === pid))
  await sandbox.commands.kill(pid)
})

test('a process is found by its tag', async () => {
  const started = stream('process.Process/Start', { process: { cmd: '/bin/cat' }, tag: 'mine' })
  const [mine] = await until(async () => { const found = (await call('process.Process/List', {})).body.processes?.filter(one => one.tag === 'mine'); return found?.length && found })
  assert.deepEqual(mine.config, { cmd: '/bin/cat', args: [], cwd: '/home/user' })
  const process = { tag: 'mine' }
  assert.equal((await call('process.Process/SendInput', { process, input: { stdin: Buffer.from('ü\n').toString('base64') } })).status, 200)
  assert.equal((await call('process.Process/SendSignal', { process, signal: 15 })).status, 200)
  const messages = (await started).map(([, message]) => message.event ?? message)
  assert.deepEqual(messages.slice(1), [{ data: { stdout: Buffer.from('ü\n').toString('base64') } }, { end: { exited: false, status: 'signal: terminated', exitCode: -1, error: 'signal: terminated' } }, {}])
  assert.equal((await call('process.Process/SendSignal', { process, signal: 15 })).status, 404)
})

test('the service of the sandbox reports use and variables', async () => {
  const read = async path => (await fetch(url + path, { headers: headers() })).json()
  const sample = await read('/metrics')
  assert.ok(sample.mem_used > 0 && sample.mem_total === 512 * 1024 * 1024 && sample.cpu_count === 1 && Math.abs(sample.ts - Date.now() / 1000) < 60)
  const variables = await read('/envs')
  assert.deepEqual([variables.GREETING, variables.HOME], ['a=b\nc', '/home/user'])
})
