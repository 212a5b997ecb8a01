// How events are read: resumption, order, retries, errors, cancellation.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { ConnectionFailedError, EventsEvictedError, InvalidRequestError, NoCapacityError, PodflareError, ProtocolError } from '../../clients/typescript/dist/index.js'
import { ScriptedServer } from './scriptedServer.mjs'

const line = (seq, type = 'stdout', data = `${seq}\n`, more = {}) => `${JSON.stringify({ type, data, seq, ts: seq, ...more })}\n`
const ended = async child => { const [status, signal] = await once(child, 'exit'); return { status, signal } }
const exit = seq => line(seq, 'exit', 0)

test('a cut at any byte loses, repeats and reorders nothing', async t => {
  const server = await ScriptedServer.start(t)
  const all = line(1) + line(2, 'stdout', 'é€😀\n') + line(3, 'stderr') + exit(4)
  const bytes = Buffer.from(all)
  for (let at = 0; at < bytes.length; at += 3) {
    server.requests = []
    const rest = after => [line(1), line(2, 'stdout', 'é€😀\n'), line(3, 'stderr'), exit(4)].slice(after).join('')
    const whole = bytes.subarray(0, at).toString().split('\n').length - 1
    server.answers = [{ body: bytes.subarray(0, at), cut: true }, { body: rest(whole) }]
    const run = (await server.sandbox()).runCodeStream('…')
    const seqs = []
    for await (const event of run) seqs.push(event.seq)
    assert.deepEqual(seqs, [1, 2, 3, 4], `cut at ${at}`)
    const result = await run.result()
    assert.equal(result.stdout, '1\né€😀\n')
    assert.equal(result.stderr, '3\n')
    assert.match(server.requests[1].url, new RegExp(`/runs/run_1/events\\?after=${whole}&follow=true&heartbeat=15$`))
  }
})

test('events that come twice are delivered once', async t => {
  const server = await ScriptedServer.start(t)
  server.answers = [{ body: line(1) + line(2), cut: true }, { body: line(1) + line(2) + line(3) + exit(4) }]
  assert.equal((await (await server.sandbox()).runCode('…')).stdout, '1\n2\n3\n')
})

test('a missing event is an error, and what came before it was delivered', async t => {
  const server = await ScriptedServer.start(t)
  server.answers = Array.from({ length: 5 }, () => ({ body: line(1) + line(3) + exit(4) }))
  const run = (await server.sandbox({ retry: { resumeSeconds: 0 } })).runCodeStream('…')
  const seqs = []
  const problem = await assert.rejects(async () => { for await (const event of run) seqs.push(event.seq) }, e => {
    assert.ok(e instanceof ProtocolError, String(e))
    assert.equal(e.lastSeq, 1)
    assert.equal(e.runId, 'run_1')
    return true
  })
  assert.equal(problem, undefined)
  assert.deepEqual(seqs, [1])
})

test('evicted events are an error that says where to go on', async t => {
  const server = await ScriptedServer.start(t)
  server.answers = [{ body: line(1), cut: true }, { status: 410, body: '{"error":"gone","code":"events_evicted","oldest_seq":7}' }]
  await assert.rejects((await server.sandbox()).runCode('…'), e => e instanceof EventsEvictedError && e.oldestSeq === 7 && e.lastSeq === 1)
})

test('a refusal that may pass is repeated with the same key, another is not', async t => {
  const server = await ScriptedServer.start(t)
  server.answers = [{ status: 503, body: '{"error":"full","code":"no_capacity"}' }, { cut: true, status: 200, headers: {}, body: '' }, { body: exit(1) }]
  const sandbox = await server.sandbox()
  await sandbox.runCode('…')
  assert.equal(server.requests[0].headers['idempotency-key'], server.requests[1].headers['idempotency-key'])

  server.requests = []
  server.answers = [{ status: 400, body: '{"error":"bad","code":"invalid_request","errors":{"timeout_seconds":["must be positive"]}}' }]
  await assert.rejects(sandbox.runCode('…', { timeoutSeconds: -1 }), e => e instanceof InvalidRequestError && e.errors.timeout_seconds[0] === 'must be positive' && /timeout_seconds/.test(e.message))
  assert.equal(server.requests.length, 1)

  server.answers = Array.from({ length: 9 }, () => ({ status: 503, headers: { 'retry-after': '3600' }, body: '{"error":"full","code":"no_capacity"}' }))
  await assert.rejects(sandbox.runCode('…'), e => e instanceof NoCapacityError && e.retryAfter === 3600)
})

test('an unknown event type is passed on', async t => {
  const server = await ScriptedServer.start(t)
  server.answers = [{ body: line(1, 'hologram', { a: 1 }) + exit(2) }]
  const events = []
  for await (const event of (await server.sandbox()).runCodeStream('…')) events.push(event)
  assert.deepEqual(events.map(event => event.type), ['unknown', 'exit'])
  assert.equal(events[0].raw.type, 'hologram')
})

test('a server that cannot be reached is named', async () => {
  const { Client, Sandbox } = await import('../../clients/typescript/dist/index.js')
  const sandbox = new Sandbox(new Client({ baseUrl: 'http://127.0.0.1:9', retry: { retries: 0 } }), 'sbx_1', false)
  await assert.rejects(sandbox.runCode('1'), e => e instanceof ConnectionFailedError && /http:\/\/127\.0\.0\.1:9/.test(e.message))
})

test('a silent connection is cut and resumed', async t => {
  const server = await ScriptedServer.start(t)
  server.answers = [{ body: line(1), hang: true }, { body: line(2) + exit(3) }]
  assert.equal((await (await server.sandbox({ readTimeoutSeconds: 0.2 })).runCode('…')).stdout, '1\n2\n')
})

test('a slow reader is not cut', async t => {
  const server = await ScriptedServer.start(t)
  server.answers = [{ body: line(1) + line(2) + exit(3) }]
  let seen = 0
  for await (const event of (await server.sandbox({ readTimeoutSeconds: 0.1 })).runCodeStream('…')) {
    seen++
    // Longer than the limit for a silent connection: this is the program's own time.
    if (event.seq === 1) await new Promise(resolve => setTimeout(resolve, 300))
  }
  assert.equal(seen, 3)
  assert.equal(server.requests.length, 1)
})

test('a writer and a reader that begin together start one run over one connection', async t => {
  const server = await ScriptedServer.start(t)
  server.answers = [{ body: line(1), hang: true }, { status: 200, body: '{"stdin_offset":3}' }]
  const run = (await server.sandbox({ readTimeoutSeconds: 1 })).runCodeStream('…')
  const reading = run.result()
  await run.send('abc')
  await reading
  assert.deepEqual(server.requests.map(request => `${request.method} ${request.url.split('?')[0].split('/').at(-1)}`), ['POST exec', 'POST stdin', 'GET events'])
})

test('a stream that was left does not keep the program alive', async t => {
  const server = await ScriptedServer.start(t)
  server.answers = [{ body: line(1) }]
  const program = `
    import { Client, Sandbox } from '${new URL('../../clients/typescript/dist/index.js', import.meta.url)}'
    for await (const event of new Sandbox(new Client({ baseUrl: '${server.url}' }), 'sbx_1', false).runCodeStream('…')) break`
  const { status, signal } = await ended(spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit', timeout: 20_000 }))
  assert.deepEqual([status, signal], [0, null])
})

test('aborting interrupts the run, waits for its end, and rejects with the reason', async t => {
  const server = await ScriptedServer.start(t)
  const sandbox = await server.sandbox()
  const controller = new AbortController()
  const reason = new Error('mine')
  server.answers = [{ body: line(1), hang: true }, { status: 202, body: '{}' }]
  const onStdout = () => { controller.abort(reason) }
  const started = performance.now()
  await assert.rejects(sandbox.runCode('…', { signal: controller.signal, onStdout }), e => e === reason)
  assert.match(server.requests[1].url, /\/runs\/run_1\/interrupt$/)
  assert.ok(performance.now() - started < 8_000)
})

test('an aborted signal sends nothing', async t => {
  const server = await ScriptedServer.start(t)
  await assert.rejects((await server.sandbox()).runCode('…', { signal: AbortSignal.abort(new Error('early')) }), /early/)
  assert.equal(server.requests.length, 0)
})

test('a callback that throws interrupts the run', async t => {
  const server = await ScriptedServer.start(t)
  server.answers = [{ body: line(1), hang: true }, { status: 202, body: '{}' }]
  await assert.rejects((await server.sandbox()).runCode('…', { onStdout () { throw new Error('mine') } }), /mine/)
  assert.match(server.requests[1].url, /interrupt$/)
})

test('listeners of a signal do not pile up', async t => {
  const server = await ScriptedServer.start(t)
  const sandbox = await server.sandbox()
  const { signal } = new AbortController()
  let listeners = 0
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  signal.addEventListener = (...all) => { listeners++; add(...all) }
  signal.removeEventListener = (...all) => { listeners--; remove(...all) }
  for (let i = 0; i < 20; i++) await sandbox.runCode('…', { signal })
  assert.ok(listeners <= 0, `${listeners} are left`)
})

test('wrong arguments are refused before anything is sent', async t => {
  const server = await ScriptedServer.start(t)
  const sandbox = await server.sandbox()
  await assert.rejects(sandbox.runCode(1), TypeError)
  await assert.rejects(sandbox.runCode('1', { context: 'a', fresh: true }), RangeError)
  await assert.rejects(sandbox.runCode('1', { idempotencyKey: 'with space' }), RangeError)
  await assert.rejects(sandbox.runCode('1', { traceparent: '00-zz' }), RangeError)
  await assert.rejects(sandbox.getRun('..'), RangeError)
  assert.throws(() => sandbox.files.watch(''), RangeError)
  assert.equal(server.requests.length, 0)
})

test('errors of another copy of this package are recognized', async () => {
  const copy = await import('../../clients/typescript/dist/errors.js?copy')
  const problem = new copy.ProtocolError('x')
  assert.ok(problem instanceof ProtocolError)
  assert.ok(problem instanceof PodflareError)
  assert.ok(!(problem instanceof NoCapacityError))
  assert.equal(problem.name, 'ProtocolError')
})
