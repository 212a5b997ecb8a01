// Tasks, and a server that is stopped while it has calls.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startCluster } from '../TypeScriptSdk/cluster.mjs'
import { newClient, send, textOf, until } from './clients.mjs'

let cluster, url, frontends

before(async () => {
  cluster = await startCluster('mcp')
  ;({ url, frontends } = cluster)
})

after(() => cluster?.stop())

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
  cluster.kill('frontend1')
  await lost

  // The first attempt may use a connection to the one that died.
  const client = await until(() => newClient(url).catch(() => null))
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
