// The control plane, as the published clients use it.
import { Sandbox } from '@e2b/code-interpreter'
import { NotFoundError, SandboxError, SandboxNotFoundError } from 'e2b'
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { start } from '../TypeScriptSdk/service.mjs'
import { options, optionsOf, until } from './client.mjs'

test('a sandbox is created, shown, listed, connected to and ended', async () => {
  const opts = await options()
  const mark = randomUUID()
  const sandbox = await Sandbox.create({ ...opts, timeoutMs: 60_000, metadata: { mark, 'a&b=c': 'ü %' }, envs: { GREETING: 'hi' } })
  const info = await sandbox.getInfo()
  assert.equal(info.sandboxId, sandbox.sandboxId)
  assert.equal(info.templateId, 'e2b')
  assert.equal(info.state, 'running')
  assert.deepEqual(info.metadata, { mark, 'a&b=c': 'ü %' })
  assert.ok(info.endAt - info.startedAt <= 60_000)
  assert.ok(info.memoryMB === 512 && info.cpuCount === 1)
  const found = await Sandbox.list({ ...opts, query: { metadata: { 'a&b=c': 'ü %', mark }, state: ['running'] } }).nextItems()
  assert.deepEqual(found.map(one => one.sandboxId), [sandbox.sandboxId])
  assert.deepEqual(await Sandbox.list({ ...opts, query: { metadata: { mark: 'other' } } }).nextItems(), [])
  const connected = await Sandbox.connect(sandbox.sandboxId, { ...opts, timeoutMs: 1_000 })
  assert.equal((await connected.commands.run('echo $GREETING')).stdout, 'hi\n')
  // Connecting never shortens.
  assert.deepEqual((await connected.getInfo()).endAt, info.endAt)
  await sandbox.setTimeout(600_000)
  assert.ok((await sandbox.getInfo()).endAt > info.endAt)
  assert.equal(await sandbox.isRunning(), true)
  assert.equal(await sandbox.kill(), true)
  assert.equal(await sandbox.isRunning(), false)
  assert.equal(await sandbox.kill(), false)
  await assert.rejects(sandbox.getInfo(), SandboxNotFoundError)
  await assert.rejects(Sandbox.connect(sandbox.sandboxId, opts), SandboxNotFoundError)
})

test('a list has pages, in both orders', async () => {
  const opts = await options()
  const mark = randomUUID()
  const ids = []
  for (let i = 0; i < 3; i++) ids.push((await Sandbox.create({ ...opts, metadata: { mark } })).sandboxId)
  for (const [order, expected] of [['asc', ids], ['desc', ids.toReversed()]]) {
    const pages = Sandbox.list({ ...opts, limit: 2, order, query: { metadata: { mark } } })
    const found = []
    while (pages.hasNext) found.push(...await pages.nextItems())
    assert.deepEqual(found.map(one => one.sandboxId), expected)
  }
  await Promise.all(ids.map(id => Sandbox.kill(id, opts)))
})

test('the timeout ends a sandbox', async () => {
  const opts = await options()
  const sandbox = await Sandbox.create({ ...opts, timeoutMs: 60_000 })
  await sandbox.setTimeout(1_000)
  await until(async () => !await sandbox.isRunning())
  await assert.rejects(sandbox.commands.run('true'), NotFoundError)
})

test('samples of what a sandbox uses', async () => {
  const sandbox = await Sandbox.create(await options())
  const [sample] = await until(async () => { const all = await sandbox.getMetrics(); return all.length > 0 && all })
  assert.equal(sample.memTotal, 512 * 1024 * 1024)
  assert.ok(sample.memUsed > 0 && sample.memUsed < sample.memTotal)
  await sandbox.kill()
})

test('unknown templates, and what is not supported', async () => {
  const opts = await options()
  await assert.rejects(Sandbox.create('no-such-template', opts), /404: template 'no-such-template' not found/)
  const sandbox = await Sandbox.create('base', opts)
  for (const call of [() => sandbox.pause(), () => sandbox.createSnapshot(), () => sandbox.updateNetwork({ denyOut: ['0.0.0.0/0'] })]) {
    await assert.rejects(call(), e => e instanceof SandboxError && e.statusCode === 501 && /not supported/.test(e.message))
  }
  await sandbox.kill()
  await assert.rejects(Sandbox.create({ ...opts, lifecycle: { onTimeout: 'pause' } }), /501: pausing is not supported/)
})

test('with API keys: tokens open their own sandbox alone, and tenants do not see each other', async () => {
  const url = await start({ PODFLARE_API_KEYS: 'acme:a-key-of-acme-0000,other:a-key-of-other-0000' })
  const opts = optionsOf(url, 'a-key-of-acme-0000')
  const [one, two] = await Promise.all([Sandbox.create(opts), Sandbox.create(opts)])
  assert.equal((await one.runCode('1 + 1')).text, '2')
  assert.equal((await one.commands.run('echo a')).stdout, 'a\n')
  await one.files.write('a.txt', 'x')
  const stolen = new Sandbox({ ...opts, sandboxId: two.sandboxId, envdVersion: '0.5.7', envdAccessToken: one.envdAccessToken, trafficAccessToken: one.trafficAccessToken })
  await assert.rejects(stolen.commands.run('true'), /unauthenticated/)
  await assert.rejects(stolen.runCode('1'), /401/)
  await assert.rejects(stolen.files.read('a.txt'), { name: 'AuthenticationError' })
  await assert.rejects(Sandbox.connect(one.sandboxId, optionsOf(url, 'a-key-of-other-0000')), SandboxNotFoundError)
  await assert.rejects(Sandbox.create(optionsOf(url, 'wrong')), { name: 'AuthenticationError' })
  await Promise.all([one.kill(), two.kill()])
})
