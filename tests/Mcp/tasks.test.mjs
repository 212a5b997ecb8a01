// Tasks, and a server that is stopped while it has calls.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, connect } from 'node:net'
import { after, before, test } from 'node:test'
import { newClient, send, textOf, until } from './clients.mjs'

const repository = new URL('../../', import.meta.url).pathname
// Short, because a unix socket's path ends at 107 bytes.
const folder = mkdtempSync('/tmp/pfmcp.')
const frontends = []
let proxy, url, next = 0

// Two frontends behind one address, which sends each connection to another one that listens.
before(async () => {
  const port = 20_000 + process.pid % 400 * 100
  frontends.push(port + 1, port + 2)
  cluster('up', { PODFLARE_CLUSTER_PORT: String(port), PODFLARE_CLUSTER_ID: `${process.env.PODFLARE_TEST_CLUSTER || `test-${process.pid}`}-mcp`, PODFLARE_SKIP_SETUP: '1' })
  proxy = createServer(socket => forward(socket, 0))
  await new Promise(resolve => proxy.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${proxy.address().port}`
})

after(() => {
  proxy?.close()
  cluster('down')
  rmSync(folder, { recursive: true, force: true })
})

test('a long run is a task, whichever frontend is asked', async () => {
  const { result: task } = await send(url, 'tools/call', { name: 'run_python', arguments: { code: 'import time; time.sleep(2); print("done")', wait_seconds: 0 } })
  assert.deepEqual([task.resultType, task.status, task.pollIntervalMs], ['task', 'working', 1000])
  const seen = new Set()
  const done = await until(async () => {
    const { result } = await send(url, 'tasks/get', { taskId: task.taskId }, { headers: { connection: 'close' } })
    seen.add(result.status)
    return result.status === 'completed' && result
  })
  assert.deepEqual([...seen], ['working', 'completed'])
  assert.match(textOf(done.result), /^done\n\[sandbox_id sbx_/)
  for (const port of frontends) assert.equal((await send(`http://127.0.0.1:${port}`, 'tasks/get', { taskId: task.taskId })).result.status, 'completed')
})

test('a task is cancelled on the other frontend', async () => {
  const { result: task } = await send(`http://127.0.0.1:${frontends[0]}`, 'tools/call', { name: 'run_python', arguments: { code: 'while True: pass', wait_seconds: 1 } })
  await send(`http://127.0.0.1:${frontends[1]}`, 'tasks/cancel', { taskId: task.taskId })
  await until(async () => (await send(url, 'tasks/get', { taskId: task.taskId })).result.status === 'cancelled')
  assert.equal((await send(url, 'tasks/cancel', { taskId: task.taskId })).result.resultType, 'complete')
})

test('a frontend that dies takes no run with it', async () => {
  const { result: task } = await send(url, 'tools/call', { name: 'run_python', arguments: { code: 'import time\nfor i in range(80):\n    print(i, flush=True)\n    time.sleep(0.1)', wait_seconds: 0 } })
  const [sandbox, run] = task.taskId.split(':')
  // Waits on the one that dies, and repeats its call with the same key as a client that lost its answer does.
  const waiting = send(`http://127.0.0.1:${frontends[0]}`, 'tools/call', { name: 'run_python', arguments: { code: 'import time; time.sleep(3); 42', sandbox_id: sandbox } }, { key: 'one', tasks: false })
  const lost = assert.rejects(waiting)
  await until(async () => (await send(`http://127.0.0.1:${frontends[1]}`, 'tasks/get', { taskId: task.taskId })).result.status === 'working')
  cluster('kill', {}, 'frontend1', 'KILL')
  await lost

  const client = await newClient(url)
  const read = await client.callTool({ name: 'read_run', arguments: { sandbox_id: sandbox, run_id: run, after: 0 } })
  assert.equal(read.structuredContent.stdout, Array.from({ length: 80 }, (_, i) => `${i}\n`).join(''))
  assert.equal(read.structuredContent.exit_code, 0)
  const { result: again } = await send(url, 'tools/call', { name: 'run_python', arguments: { code: 'import time; time.sleep(3); 42', sandbox_id: sandbox } }, { key: 'one', tasks: false })
  assert.match(textOf(again), /^42\n/)
  assert.equal((await send(url, 'tasks/get', { taskId: task.taskId })).result.status, 'completed')
  await client.close()
})

test('a sandbox that ends while a run is read ends the run', async () => {
  const client = await newClient(url)
  const started = await client.callTool({ name: 'run_python', arguments: { code: 'import time; time.sleep(600)', wait_seconds: 0 } })
  const { sandbox_id: sandbox, run_id: run } = started.structuredContent
  const reading = client.callTool({ name: 'read_run', arguments: { sandbox_id: sandbox, run_id: run, wait_seconds: 45 } })
  await client.callTool({ name: 'delete_sandbox', arguments: { sandbox_id: sandbox } })

  const read = await reading
  assert.ok(read.isError)
  assert.match(textOf(read), /\[killed.*\]\n\[sandbox_id|^sandbox_ended: /)
  assert.equal((await send(url, 'tasks/get', { taskId: `${sandbox}:${run}` })).result.status, 'completed')
  await client.close()
})

test('a task that nobody has is unknown', async () => {
  const { error } = await send(url, 'tasks/get', { taskId: `sbx_${'0'.repeat(32)}:run_${'0'.repeat(32)}` })
  assert.equal(error.code, -32602)
})

function forward (socket, tries) {
  const target = connect(frontends[next++ % frontends.length], '127.0.0.1')
  let isConnected = false
  target.on('connect', () => {
    isConnected = true
    socket.pipe(target).pipe(socket)
  })
  target.on('error', () => isConnected || tries > 5 ? socket.destroy() : forward(socket, tries + 1))
  socket.on('error', () => target.destroy())
}

function cluster (what, env = {}, ...words) {
  execFileSync(`${repository}eng/cluster.sh`, [what, ...words], { env: { ...process.env, ...env, PODFLARE_CLUSTER_DIR: folder }, stdio: 'inherit' })
}
