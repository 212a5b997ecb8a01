// What the published clients see when processes of a real cluster die: never a success that is none.
import { Sandbox } from '@e2b/code-interpreter'
import { NotFoundError } from 'e2b'
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, before, test } from 'node:test'
import { startCluster } from '../TypeScriptSdk/cluster.mjs'
import { optionsOf, until } from './client.mjs'

const LINES = 60
const NUMBERS = Array.from({ length: LINES }, (_, i) => `${i}\n`).join('')
const COUNT = `import time\nfor i in range(${LINES}):\n    print(i, flush=True)\n    time.sleep(0.1)\nkept = i`
const SHELL = `for i in $(seq 0 ${LINES - 1}); do echo $i; sleep 0.1; done; exit 3`
let cluster

before(async () => {
  cluster = await startCluster('e2b')
  cluster.prefer(cluster.frontends[0])
})
after(() => cluster?.stop())

const create = () => Sandbox.create(optionsOf(cluster.url))

/** Starts something that writes, and waits until it has. */
async function begun (start) {
  let noteOutput
  const hasOutput = new Promise(resolve => { noteOutput = resolve })
  const running = start(() => noteOutput())
  running.catch(() => {})
  await Promise.race([hasOutput, running])
  return { running }
}

test('code and commands outlive their worker, and nothing of them is lost', async () => {
  const [one, two] = [await create(), await create()]
  const [code, command] = await Promise.all([begun(onStdout => one.runCode(COUNT, { onStdout })), begun(onStdout => two.commands.run(SHELL, { onStdout }))])
  cluster.kill('worker1')
  cluster.kill('worker2')
  const execution = await code.running
  assert.deepEqual([execution.error, execution.logs.stdout.join('')], [undefined, NUMBERS])
  await assert.rejects(command.running, e => e.exitCode === 3 && e.stdout === NUMBERS)
  assert.equal((await one.runCode('kept')).text, String(LINES - 1))
  assert.equal((await two.commands.run('echo still here')).stdout, 'still here\n')
  await Promise.all([one.kill(), two.kill()])
})

test('code whose frontend dies fails at its client, is interrupted, and leaves its variables', async () => {
  const sandbox = await create()
  await sandbox.runCode('before = 1')
  const { running } = await begun(onStdout => sandbox.runCode(COUNT.replace('range(60)', 'range(6000)'), { onStdout }))
  const failed = assert.rejects(running)
  cluster.kill('frontend1')
  await failed
  assert.equal(await sandbox.isRunning(), true)
  // It need not wait for the ten minutes of the other one.
  const after = await sandbox.runCode('(before, "kept" in globals())')
  assert.equal(after.text, '(1, False)')
  await sandbox.kill()
})

test('a command whose frontend dies fails at its client, and can be connected to again', async () => {
  // The first one is back.
  await until(() => fetch(`http://127.0.0.1:${cluster.frontends[0]}/readyz`).then(answer => answer.ok, () => false))
  const sandbox = await create()
  const handle = await sandbox.commands.run(SHELL, { background: true })
  const waiting = handle.wait()
  const failed = assert.rejects(waiting, e => e.exitCode === undefined)
  await until(() => handle.stdout.includes('0\n'))
  cluster.kill('frontend1')
  await failed
  await assert.rejects((await sandbox.commands.connect(handle.pid)).wait(), e => e.exitCode === 3 && e.stdout === NUMBERS)
  await sandbox.kill()
})

test('a sandbox whose container dies is reported as killed, by code and by commands', async () => {
  for (const run of [(sandbox, onStdout) => sandbox.runCode(COUNT, { onStdout }), (sandbox, onStdout) => sandbox.commands.run(SHELL, { onStdout })]) {
    const sandbox = await create()
    const { running } = await begun(onStdout => run(sandbox, onStdout))
    const failed = assert.rejects(running, e => e.name === 'TimeoutError' && /sandbox/.test(e.message))
    const native = sandbox.sandboxId.replace(/^sbx_?/, 'sbx_')
    const [container] = execFileSync('docker', ['ps', '-q', '--filter', `label=podflare.sandbox=${native}`], { encoding: 'utf8' }).split('\n')
    execFileSync('docker', ['kill', container], { stdio: 'ignore' })
    await failed
    assert.equal(await sandbox.isRunning(), false)
    await assert.rejects(sandbox.commands.run('true'), NotFoundError)
  }
})
