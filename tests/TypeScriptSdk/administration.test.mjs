// Keys, tenants, usage and the audit log: the requests, and a real service that requires keys.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import {
  AuthenticationError, Client, ConnectionFailedError, InsufficientScopeError, KeyFromEnvironmentError, KeyNotFoundError, MissingApiKeyError, Sandbox, SandboxNotFoundError,
  TenantExistsError, TenantNotFoundError, TenantSuspendedError
} from '../../clients/typescript/dist/index.js'
import { ScriptedServer } from './scriptedServer.mjs'
import { ADMIN_KEY, serviceWithKeys } from './service.mjs'

const KEY = { id: 'key_1', name: 'ci', tenant: 'acme', scopes: ['read'], prefix: 'pf_live_Ab3f', state: 'active', created_at: '2026-11-30T12:00:00Z', created_by: 'env_1', expires_at: null, last_used_at: null, replaces: null }
const json = body => ({ headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
const noRetry = { firstDelaySeconds: 0.001, maxDelaySeconds: 0.002 }
const collect = async items => { const all = []; for await (const item of items) all.push(item); return all }

/** A client of a scripted server, and what it was sent. */
async function scripted (t, ...answers) {
  const server = await ScriptedServer.start(t)
  server.answers = answers
  return { server, client: new Client({ baseUrl: server.url, retry: noRetry }), sent: () => server.requests.map(({ method, url, body }) => [method, url, body === '' ? undefined : JSON.parse(body)]) }
}

test('the requests about keys', async t => {
  const { client, sent } = await scripted(t, json({ ...KEY, key: 'pf_live_secret' }), json({ keys: [KEY], next_cursor: 'c' }), json({ keys: [{ ...KEY, id: 'key_2' }], next_cursor: null }), json(KEY), json(KEY), json(KEY), json({ ...KEY, key: 'pf_live_new' }), { status: 204 })
  const made = await client.keys.create('ci', { scopes: ['read'], expiresInSeconds: 60, tenant: 'acme' })
  assert.deepEqual((await collect(client.keys.list({ tenant: 'acme', state: 'active', pageSize: 1 }))).map(key => key.id), ['key_1', 'key_2'])
  assert.equal((await client.keys.get('key_1')).createdBy, 'env_1')
  await client.keys.current()
  await client.keys.update('key_1', { scopes: ['read'], expiresInSeconds: 1 })
  assert.equal((await client.keys.rotate('key_1', { overlapSeconds: 0 })).secret, 'pf_live_new')
  await client.keys.revoke('key_1')

  assert.equal(made.secret, 'pf_live_secret')
  assert.doesNotMatch(JSON.stringify(made), /pf_live_secret/)
  assert.deepEqual(sent(), [
    ['POST', '/v1/keys', { name: 'ci', scopes: ['read'], expires_in_seconds: 60, tenant: 'acme' }],
    ['GET', '/v1/keys?tenant=acme&state=active&limit=1', undefined],
    ['GET', '/v1/keys?tenant=acme&state=active&limit=1&cursor=c', undefined],
    ['GET', '/v1/keys/key_1', undefined],
    ['GET', '/v1/keys/current', undefined],
    ['PATCH', '/v1/keys/key_1', { scopes: ['read'], expires_in_seconds: 1 }],
    ['POST', '/v1/keys/key_1/rotate', { overlap_seconds: 0 }],
    ['DELETE', '/v1/keys/key_1', undefined]
  ])
})

test('the requests about tenants, usage and the audit log', async t => {
  const tenant = { id: 'acme', name: 'Acme', state: 'active', limits: { sandboxes: 50, memory_mib: null, egress_hosts: ['a.example'] }, created_at: '2026-11-30T12:00:00Z', in_use: { sandboxes: 1, running: 0, memory_mib: 512 } }
  const row = { sandboxes: 1, sandbox_seconds: 2.5, cpu_seconds: 0.5, memory_gib_seconds: 1.25, runs: 3, bytes_out: 4 }
  const entry = { seq: 1, id: 'aud_1', at: '2026-11-30T12:00:00Z', tenant: 'acme', action: 'key.revoke', actor: { type: 'key', id: 'key_1' }, target: { type: 'key', id: 'key_2' }, source: { address: '192.0.2.1', user_agent: 'x' }, changes: {}, prev: 'p', hash: 'h' }
  const { client, sent } = await scripted(
    t, json(tenant), json(tenant), json(tenant), { status: 202 }, json({ tenants: [tenant], next_cursor: null }), json({ sandboxes: [{ id: 'sbx_1', state: 'ready' }], next_cursor: null }), { status: 204 },
    json({ from: '2026-11-01', to: '2026-11-30', rows: [{ ...row, day: '2026-11-30', key: 'key_1', key_name: 'ci' }], total: row, as_of: '2026-11-30T12:00:00Z' }), json({ entries: [entry], next_cursor: null }))
  await client.tenants.create('acme', { name: 'Acme', limits: { sandboxes: 50, memoryMib: null, egressHosts: ['a.example'] } })
  await client.tenants.update('acme', { state: 'suspended', endSandboxes: true })
  const current = await client.tenants.current()
  await client.tenants.delete('acme')
  await collect(client.tenants.list())
  assert.equal((await collect(client.tenants.listSandboxes('acme', { state: 'ready' })))[0].id, 'sbx_1')
  await client.tenants.deleteSandbox('acme', 'sbx_1')
  const usage = await client.usage({ firstDay: '2026-11-01', groupBy: ['day', 'key'], tenant: '*' })
  const [audited] = await collect(client.listAuditEntries({ since: new Date(0), action: 'key.revoke', actor: 'key_1', tenant: '_server' }))

  assert.deepEqual(current.limits, { sandboxes: 50, memoryMib: null, egressHosts: ['a.example'] })
  assert.deepEqual(current.inUse, { sandboxes: 1, running: 0, memoryMib: 512 })
  assert.deepEqual([usage.rows[0].keyName, usage.rows[0].sandboxSeconds, usage.total.bytesOut, usage.total.day], ['ci', 2.5, 4, undefined])
  assert.deepEqual([audited.actorId, audited.targetId, audited.address, audited.hash], ['key_1', 'key_2', '192.0.2.1', 'h'])
  assert.deepEqual(sent(), [
    ['POST', '/v1/tenants', { id: 'acme', name: 'Acme', limits: { sandboxes: 50, memory_mib: null, egress_hosts: ['a.example'] } }],
    ['PATCH', '/v1/tenants/acme', { state: 'suspended', end_sandboxes: true }],
    ['GET', '/v1/tenants/current', undefined],
    ['DELETE', '/v1/tenants/acme', undefined],
    ['GET', '/v1/tenants', undefined],
    ['GET', '/v1/tenants/acme/sandboxes?state=ready', undefined],
    ['DELETE', '/v1/tenants/acme/sandboxes/sbx_1', undefined],
    ['GET', '/v1/usage?from=2026-11-01&group_by=day%2Ckey&tenant=*&format=json', undefined],
    ['GET', '/v1/audit?from=1970-01-01T00%3A00%3A00.000Z&action=key.revoke&actor=key_1&tenant=_server', undefined]
  ])
})

test('a create and a rotation whose answers are lost are not repeated', async t => {
  const cut = { body: '{', cut: true }
  for (const act of [client => client.keys.create('ci'), client => client.keys.rotate('key_1'), client => client.tenants.create('acme')]) {
    const { server, client } = await scripted(t, cut, json({ ...KEY, key: 'pf_live_other' }))
    await assert.rejects(act(client), ConnectionFailedError)
    assert.equal(server.requests.length, 1)
  }
})

test('mistakes are found before a request', async t => {
  const { server, client } = await scripted(t)
  await assert.rejects(client.keys.get('pf_live_0123456789'), RangeError)
  await assert.rejects(client.keys.revoke('..'), RangeError)
  await assert.rejects(client.tenants.get(''), RangeError)
  await assert.rejects(client.tenants.update('acme', { endSandboxes: true }), RangeError)
  assert.equal(server.requests.length, 0)
})

test('keys and tenants of a service', async () => {
  const baseUrl = await serviceWithKeys()
  const admin = new Client({ baseUrl, apiKey: ADMIN_KEY })
  const id = `t-${randomBytes(6).toString('hex')}`
  const tenant = await admin.tenants.create(id, { name: 'Acme', limits: { sandboxes: 2 } })
  assert.deepEqual([tenant.id, tenant.state, tenant.limits.sandboxes], [id, 'active', 2])
  await assert.rejects(admin.tenants.create(id), TenantExistsError)
  await assert.rejects(admin.tenants.get('nobody'), TenantNotFoundError)
  await assert.rejects(new Client({ baseUrl }).keys.current(), MissingApiKeyError)

  const made = await admin.keys.create('ci', { scopes: ['sandboxes', 'keys'], tenant: id, expiresInSeconds: 3600 })
  const user = new Client({ baseUrl, apiKey: made.secret })
  assert.deepEqual([(await user.keys.current()).id, (await user.tenants.current()).limits.sandboxes], [made.id, 2])
  await assert.rejects(user.tenants.get(id), InsufficientScopeError)
  await assert.rejects(user.keys.get('key_000000000000000000000000'), KeyNotFoundError)
  const environment = (await collect(admin.keys.list())).find(key => key.id.startsWith('env_'))
  await assert.rejects(admin.keys.update(environment.id, { name: 'other' }), KeyFromEnvironmentError)
  const rotated = await user.keys.rotate(made.id, { overlapSeconds: 600 })
  assert.deepEqual([rotated.replaces, rotated.scopes.toSorted()], [made.id, ['keys', 'sandboxes']])
  assert.equal((await user.keys.update(rotated.id, { name: 'renamed' })).name, 'renamed')

  const sandbox = await Sandbox.create({ client: user })
  await sandbox.runCode('print(1)')
  assert.deepEqual((await collect(admin.tenants.listSandboxes(id, { state: 'ready' }))).map(info => info.id), [sandbox.id])
  await admin.tenants.deleteSandbox(id, sandbox.id)
  await assert.rejects(admin.tenants.deleteSandbox(id, `sbx_${'0'.repeat(32)}`), SandboxNotFoundError)
  const usage = await user.usage({ groupBy: ['key'] })
  assert.deepEqual([usage.total.sandboxes, usage.total.runs, usage.rows[0].key], [1, 1, made.id])

  await user.keys.revoke(rotated.id)
  await until(async () => (await collect(user.listAuditEntries({ action: 'key.revoke' }))).some(entry => entry.targetId === rotated.id))
  await until(() => refuses(new Client({ baseUrl, apiKey: rotated.secret }).keys.current(), AuthenticationError))
  await admin.tenants.update(id, { state: 'suspended' })
  await until(() => refuses(user.keys.current(), TenantSuspendedError))
  await admin.tenants.delete(id)
  assert.equal((await admin.tenants.get(id)).state, 'deleted')
})

async function refuses (promise, kind) {
  try {
    await promise
    return false
  } catch (e) {
    if (e instanceof kind) return true
    throw e
  }
}

async function until (condition) {
  for (let left = 200; left > 0; left--) {
    if (await condition()) return
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  assert.fail('not within 20 s')
}
