// Compares the dialect of E2B with the native API, in alternate rounds, and measures what it costs the service:
//
//   node bench/e2b.mjs URL [PID]
//
// URL is a running service without keys that has the template e2b, PID its process. The packages of tests/E2b must be installed (tests/E2b/prepare).
// Only ratios and differences mean something on a machine that does other work.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'

const { Sandbox } = await import(new URL('../tests/E2b/node_modules/@e2b/code-interpreter/dist/index.mjs', import.meta.url))

const [url, pid] = process.argv.slice(2)
const mount = `${url}/compat/e2b`
const options = { apiUrl: mount, sandboxUrl: mount, apiKey: 'any', template: 'e2b' }
const agent = new Agent({ keepAlive: true, maxSockets: 2_000 })
const ROUNDS = 30
const CALLS = 20
const FILE_BYTES = 100 * 1000 * 1000
const FILE_ROUNDS = 6
const ABORTS = 20
const STREAMS = 1_000
const STREAM_SANDBOXES = 20
const CROWD = 100
const MOST_MS = 0.3
const LEAST_RATE = 0.9
const MOST_ABORT_MS = 300
const missed = []

function open (path, { method = 'POST', headers = {}, body } = {}) {
  const sent = request(new URL(path, url), { method, agent, headers })
  const answer = new Promise((resolve, reject) => sent.on('response', resolve).on('error', reject))
  sent.end(body)
  return { sent, answer }
}

async function read (path, options) {
  const answer = await open(path, options).answer
  let bytes = 0
  const parts = []
  for await (const part of answer) {
    bytes += part.length
    if (bytes < 1e6) parts.push(part)
  }
  if (answer.statusCode >= 300) throw new Error(`${path}: ${answer.statusCode} ${Buffer.concat(parts)}`)
  return { bytes, text: () => Buffer.concat(parts).toString() }
}

const json = value => ({ headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) })

async function time (act, count = CALLS) {
  const times = []
  for (let i = 0; i < count; i++) {
    const began = process.hrtime.bigint()
    await act()
    times.push(Number(process.hrtime.bigint() - began) / 1e6)
  }
  return times
}

const quantile = (times, q) => times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * q))]
const show = (name, times) => console.log(`${name.padEnd(44)} n ${String(times.length).padStart(4)}  min ${quantile(times, 0).toFixed(2)}  p50 ${quantile(times, 0.5).toFixed(2)}  p95 ${quantile(times, 0.95).toFixed(2)} ms`)

function judge (what, met) {
  console.log(`  ${what}: ${met ? 'met' : 'NOT MET'}`)
  if (!met) missed.push(what)
}

/** Both in alternate rounds, after a time in which they are compiled. */
async function compare (floorName, floor, name, act) {
  for (let i = 0; i < 15; i++) await time(floor), await time(act)
  const [floors, times] = [[], []]
  for (let i = 0; i < ROUNDS; i++) {
    floors.push(...await time(floor))
    times.push(...await time(act))
  }
  show(floorName, floors)
  show(name, times)
  return quantile(times, 0.5) - quantile(floors, 0.5)
}

const memory = () => pid ? Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024 : NaN

/** The most that the process holds while something happens, beyond what it held before. */
async function growth (act) {
  const before = memory()
  let most = before
  const timer = setInterval(() => { most = Math.max(most, memory()) }, 10)
  await act()
  clearInterval(timer)
  return most - before
}

const sandbox = await Sandbox.create('e2b', options)
const native = sandbox.sandboxId.replace(/^sbx_?/, 'sbx_')
const tokens = { 'E2b-Sandbox-Id': sandbox.sandboxId, 'X-Access-Token': sandbox.envdAccessToken ?? '', 'E2B-Traffic-Access-Token': sandbox.trafficAccessToken ?? '' }
const at = (port, more) => ({ ...tokens, 'E2b-Sandbox-Port': String(port), ...more })

function envelope (message) {
  const text = Buffer.from(JSON.stringify(message))
  const head = Buffer.alloc(5)
  head.writeUInt32BE(text.length, 1)
  return Buffer.concat([head, text])
}

const stream = (method, message) => ({ headers: at(49983, { 'content-type': 'application/connect+json', 'keepalive-ping-interval': '50' }), body: envelope(message) })

console.log('== Code')
const exec = () => read(`/v1/sandboxes/${native}/exec`, json({ code: 'print(1)' }))
const execute = () => read('/compat/e2b/execute', { headers: at(49999, { 'content-type': 'application/json' }), body: '{"code":"print(1)"}' })
if (!(await execute()).text().includes('"text":"1')) throw new Error('/execute does not work')
const codeCost = await compare('native exec print(1)', exec, '/execute print(1)', execute)
judge(`/execute costs ${codeCost.toFixed(2)} ms more, ${MOST_MS} at most`, codeCost <= MOST_MS)
show('runCode of the client', await time(() => sandbox.runCode('print(1)'), 200))

console.log('== Commands')
const command = ['/bin/bash', '-l', '-c', 'echo 1']
const nativeCommand = () => read(`/v1/sandboxes/${native}/exec`, json({ argv: command, cwd: '/home/user', encoding: 'base64', stdin: true }))
const start = () => read('/compat/e2b/process.Process/Start', stream('Start', { process: { cmd: command[0], args: command.slice(1) }, stdin: true }))
if (!(await start()).text().includes('MQo=')) throw new Error('Start does not work')
const commandCost = await compare('native exec of a process', nativeCommand, 'process.Process/Start', start)
judge(`a command costs ${commandCost.toFixed(2)} ms more, ${MOST_MS} at most`, commandCost <= MOST_MS)
show('commands.run of the client', await time(() => sandbox.commands.run('echo 1'), 100))

console.log(`== Files of ${FILE_BYTES / 1e6} MB`)
const content = randomBytes(FILE_BYTES)
const binary = { 'content-type': 'application/octet-stream', 'content-length': String(FILE_BYTES) }
const transfers = {
  up: [
    () => read(`/v1/sandboxes/${native}/files/home/user/big`, { method: 'PUT', headers: binary, body: content }),
    () => read('/compat/e2b/files?path=/home/user/big', { headers: at(49983, binary), body: content })
  ],
  down: [
    () => read(`/v1/sandboxes/${native}/files/home/user/big`, { method: 'GET' }),
    () => read('/compat/e2b/files?path=/home/user/big', { method: 'GET', headers: at(49983) })
  ]
}
for (const [direction, [floor, act]] of Object.entries(transfers)) {
  await floor()
  await act()
  const [floors, times] = [[], []]
  let [nativeGrowth, e2bGrowth] = [0, 0]
  for (let i = 0; i < FILE_ROUNDS; i++) {
    nativeGrowth = Math.max(nativeGrowth, await growth(async () => floors.push(...await time(floor, 1))))
    e2bGrowth = Math.max(e2bGrowth, await growth(async () => times.push(...await time(act, 1))))
  }
  show(`native, ${direction}`, floors)
  show(`E2B, ${direction}`, times)
  const rate = quantile(floors, 0.5) / quantile(times, 0.5)
  judge(`${direction}: ${(100 * rate).toFixed(0)} % of the native rate, ${100 * LEAST_RATE} % at least`, rate >= LEAST_RATE)
  if (pid) console.log(`  the service grew by at most ${e2bGrowth.toFixed(0)} MiB, native ${nativeGrowth.toFixed(0)} MiB`)
}
await sandbox.files.remove('/home/user/big')

console.log('== A client that gives up')
const aborts = []
for (let i = 0; i < ABORTS; i++) {
  const { sent, answer } = open('/compat/e2b/execute', { headers: at(49999, { 'content-type': 'application/json' }), body: JSON.stringify({ code: 'import time\nprint(1, flush=True)\nwhile True: time.sleep(0.01)' }) })
  const response = await answer
  response.on('error', () => {})
  await new Promise(resolve => response.on('data', data => { if (data.includes('stdout')) resolve() }))
  const began = process.hrtime.bigint()
  sent.destroy()
  await execute()
  aborts.push(Number(process.hrtime.bigint() - began) / 1e6)
}
show('from the abort to the end of the next run', aborts)
judge(`p50 ${quantile(aborts, 0.5).toFixed(0)} ms, ${MOST_ABORT_MS} at most`, quantile(aborts, 0.5) <= MOST_ABORT_MS)

console.log(`== ${STREAMS} open streams`)
const boxes = await Promise.all(Array.from({ length: STREAM_SANDBOXES }, () => Sandbox.create('e2b', options)))
const processes = await Promise.all(boxes.map(async box => ({ box, pid: (await box.commands.run('sleep 600', { background: true })).pid })))
const grew = await growth(async () => {
  const opened = Array.from({ length: STREAMS }, async (_, i) => {
    const { box, pid } = processes[i % processes.length]
    const { headers, body } = stream('Connect', { process: { pid } })
    const one = open('/compat/e2b/process.Process/Connect', { headers: { ...headers, 'E2b-Sandbox-Id': box.sandboxId, 'X-Access-Token': box.envdAccessToken ?? '' }, body })
    const response = await one.answer
    await new Promise((resolve, reject) => response.once('data', data => data.includes('start') ? resolve() : reject(new Error(data.toString('latin1')))).once('error', reject))
    return one.sent
  })
  const sent = await Promise.all(opened)
  show('/execute beside them (floor: above)', await time(execute, 200))
  for (const one of sent) one.on('error', () => {}).destroy()
})
if (pid) console.log(`  the service grew by ${grew.toFixed(0)} MiB, ${(grew * 1024 / STREAMS).toFixed(0)} KiB for each`)
await Promise.all(boxes.map(box => box.kill()))

console.log('== A life: create, runCode, kill')
async function live () {
  const one = await Sandbox.create('e2b', options)
  if ((await one.runCode('1 + 1')).text !== '2') throw new Error('a wrong result')
  await one.kill()
}
async function liveNatively () {
  const { id } = JSON.parse((await read('/v1/sandboxes', json({ template: 'e2b' }))).text())
  if (!(await read(`/v1/sandboxes/${id}/exec`, json({ code: '1 + 1', display: 'last' }))).text().includes('2')) throw new Error('a wrong result')
  await read(`/v1/sandboxes/${id}`, { method: 'DELETE' })
}
const [nativeLives, lives] = [[], []]
await time(live, 3)
for (let i = 0; i < 15; i++) {
  nativeLives.push(...await time(liveNatively, 1))
  lives.push(...await time(live, 1))
}
show('native, alone', nativeLives)
show('alone', lives)
let refused = 0
async function insist () {
  for (;;) {
    try {
      return await live()
    } catch (e) {
      // The client does not repeat a create that found no room.
      if (e.statusCode !== 503) throw e
      refused++
    }
  }
}
const crowd = []
await Promise.all(Array.from({ length: CROWD }, async () => crowd.push(...await time(insist, 1))))
show(`${CROWD} at once (${refused} repeated for want of room)`, crowd)

await sandbox.kill()
agent.destroy()
console.log(missed.length === 0 ? 'All targets are met.' : `Not met: ${missed.join('; ')}`)
process.exit(missed.length === 0 ? 0 : 1)
