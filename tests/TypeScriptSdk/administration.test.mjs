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

test('the requests about webhooks, events and telemetry', async t => {
  const webhook = { id: 'whk_1', url: 'https://example.com/hook', events: ['run.ended'], description: '', state: 'active', disabled_because: null, pending: 2, skipped: 0 }
  const event = seq => ({ seq, id: `evt_${seq}`, type: 'run.ended', ts: 7, sandbox_id: 'sbx_1', run_id: 'run_1', data: { exit_code: 0 } })
  const delivery = { event_id: 'evt_1', event_seq: 812, type: 'run.ended', state: 'pending', attempts: [{ ts: '2026-11-30T12:00:00Z', outcome: '503', ms: 12.4 }], next_at: null }
  const destination = { endpoint: 'https://otlp.example.com', header_names: ['x-api-key'], signals: ['traces'], capture_content: true, redact: [], sent: 812, dropped: 0, last_error: null, warnings: ['one is late'] }
  const { client, sent } = await scripted(
    t, json({ ...webhook, secret: 'whsec_x' }), json({ webhooks: [webhook] }), json(webhook), json(webhook), json({ ...webhook, secret: 'whsec_y' }), { status: 202 }, json({ deliveries: [delivery] }), { status: 202 }, { status: 204 },
    json({ events: [event(1), event(2)], next_after: 2 }), json({ events: [], next_after: 8 }), json({ events: [], next_after: 8 }), json({ events: [], next_after: 8 }), json({ events: [event(9)], next_after: 9 }),
    json(destination), json(destination), json({ outcome: '200', ms: 41.3 }), { status: 204 })
  const made = await client.webhooks.create('https://example.com/hook', ['run.ended'], { description: 'mine' })
  assert.equal(made.secret, 'whsec_x')
  assert.doesNotMatch(JSON.stringify(made), /whsec_x/)
  assert.equal((await client.webhooks.list())[0].pending, 2)
  assert.equal((await client.webhooks.get('whk_1')).disabledBecause, undefined)
  await client.webhooks.update('whk_1', { state: 'active' })
  assert.equal((await client.webhooks.rotate('whk_1')).secret, 'whsec_y')
  await client.webhooks.test('whk_1')
  assert.deepEqual((await client.webhooks.deliveries('whk_1'))[0].attempts, [{ ts: '2026-11-30T12:00:00Z', outcome: '503', ms: 12.4 }])
  await client.webhooks.replay('whk_1', 812)
  await client.webhooks.delete('whk_1')
  assert.deepEqual((await collect(client.listEvents({ types: ['run.ended', 'sandbox.*'] }))).map(told => [told.seq, told.data.exit_code]), [[1, 0], [2, 0]])
  for await (const told of client.followEvents({ after: 8 })) {
    assert.deepEqual([told.seq, told.at.getTime(), told.runId], [9, 7, 'run_1'])
    break
  }
  const set = await client.telemetry.set('https://otlp.example.com', { headers: { 'x-api-key': 'secret' }, signals: ['traces'], captureContent: true, redact: ['[0-9]{16}'] })
  assert.deepEqual([set.headerNames, set.captureContent, set.warnings], [['x-api-key'], true, ['one is late']])
  assert.equal((await client.telemetry.get()).sent, 812)
  assert.deepEqual(await client.telemetry.test(), { outcome: '200', ms: 41.3 })
  await client.telemetry.remove()

  assert.deepEqual(sent(), [
    ['POST', '/v1/webhooks', { url: 'https://example.com/hook', events: ['run.ended'], description: 'mine' }],
    ['GET', '/v1/webhooks', undefined],
    ['GET', '/v1/webhooks/whk_1', undefined],
    ['PATCH', '/v1/webhooks/whk_1', { state: 'active' }],
    ['POST', '/v1/webhooks/whk_1/rotate', undefined],
    ['POST', '/v1/webhooks/whk_1/test', undefined],
    ['GET', '/v1/webhooks/whk_1/deliveries', undefined],
    ['POST', '/v1/webhooks/whk_1/deliveries/812/replay', undefined],
    ['DELETE', '/v1/webhooks/whk_1', undefined],
    ['GET', '/v1/events?after=0&types=run.ended%2Csandbox.*', undefined],
    ['GET', '/v1/events?after=2&types=run.ended%2Csandbox.*', undefined],
    ['GET', '/v1/events?after=8&types=run.ended%2Csandbox.*', undefined],
    ['GET', '/v1/events?after=8&wait=20', undefined],
    ['GET', '/v1/events?after=8&wait=20', undefined],
    ['PUT', '/v1/telemetry', { endpoint: 'https://otlp.example.com', headers: { 'x-api-key': 'secret' }, signals: ['traces'], capture_content: true, redact: ['[0-9]{16}'] }],
    ['GET', '/v1/telemetry', undefined],
    ['POST', '/v1/telemetry/test', undefined],
    ['DELETE', '/v1/telemetry', undefined]
  ])
})

test('the requests about hosts, the overview, the server and the log of a sandbox', async t => {
  const line = { ts: '2026-11-30T12:00:00.000Z', level: 'info', message: 'Created sandbox.', source: 'worker', run_id: null, trace_id: 'ab' }
  const { client, sent } = await scripted(
    t, json({ hosts: [{ id: '0c5e1f2a', state: 'ready', sandboxes: 12 }, { id: '00000002', state: 'away' }] }), json({ id: '0c5e1f2a', state: 'cordoned' }), json({ id: '0c5e1f2a', state: 'ready' }), json({ id: '0c5e1f2a', state: 'draining' }),
    json({ complete: true, sandboxes: { running: 3, by_template: { default: 3 } }, runs: { active: 2, queued: 1 }, minutes: [{ ts: 60_000, creates: 0, runs: 31, errors: 1, create_ms: { p50: 1.5, p95: 2 }, run_ms: null }] }),
    json({ version: '0.9.0', auth: 'keys', features: ['run_usage'], status_url: null }), json({ id: 'sbx_1', state: 'ready' }), json({ logs: [line], next_after: 1, dropped: 0 }), json({ logs: [], next_after: 1, dropped: 0 }))
  assert.deepEqual((await client.hosts.list()).map(host => [host.state, host.sandboxes]), [['ready', 12], ['away', undefined]])
  assert.deepEqual([(await client.hosts.cordon('0c5e1f2a')).state, (await client.hosts.uncordon('0c5e1f2a')).state, (await client.hosts.drain('0c5e1f2a')).state], ['cordoned', 'ready', 'draining'])
  const overview = await client.overview()
  assert.deepEqual([overview.sandboxes, overview.activeRuns, overview.minutes[0].runs, overview.minutes[0].createMsP50, overview.minutes[0].runMsP50], [{ default: 3 }, 2, 31, 1.5, undefined])
  const server = await client.serverInfo()
  assert.deepEqual([server.version, server.auth, server.features, server.statusUrl], ['0.9.0', 'keys', ['run_usage'], undefined])
  const sandbox = await Sandbox.connect('sbx_1', { client })
  assert.deepEqual((await collect(sandbox.logs())).map(told => [told.message, told.source, told.runId, told.traceId]), [['Created sandbox.', 'worker', undefined, 'ab']])
  await assert.rejects(async () => await client.hosts.drain('..'), RangeError)
  assert.deepEqual(sent().map(([method, url]) => `${method} ${url}`), [
    'GET /v1/hosts', 'POST /v1/hosts/0c5e1f2a/cordon', 'POST /v1/hosts/0c5e1f2a/uncordon', 'POST /v1/hosts/0c5e1f2a/drain', 'GET /v1/overview', 'GET /v1/info', 'GET /v1/sandboxes/sbx_1', 'GET /v1/sandboxes/sbx_1/logs?after=0', 'GET /v1/sandboxes/sbx_1/logs?after=1'
  ])
})
