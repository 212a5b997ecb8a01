// Compares a call of run_python with the same code over the HTTP API, in alternate rounds, and measures what waiting calls cost:
//
//   node bench/mcp.mjs URL [PID]
//
// URL is a running service without keys, PID its process. Only ratios and differences mean something on a machine that does other work.
import { Agent, request } from 'node:http'
import { readFileSync } from 'node:fs'

const [url, pid] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true, maxSockets: 600 })
const ROUNDS = 30
const CALLS = 20
const WAITING = 500
const SANDBOXES = 10
const REVISION = '2026-07-28'
const PREFIX = 'io.modelcontextprotocol/'

function post (path, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, url), { method: 'POST', agent, headers: { 'content-type': 'application/json', ...headers } }, answer => {
      let text = ''
      answer.setEncoding('utf8').on('data', part => { text += part }).on('end', () => answer.statusCode < 300 ? resolve(text) : reject(new Error(text))).on('error', reject)
    })
    sent.on('error', reject)
    sent.end(JSON.stringify(body))
  })
}

const call = (name, args) => post(
  '/mcp',
  { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args, _meta: { [`${PREFIX}protocolVersion`]: REVISION, [`${PREFIX}clientInfo`]: { name: 'bench', version: '1' }, [`${PREFIX}clientCapabilities`]: {} } } },
  { accept: 'application/json, text/event-stream', 'mcp-protocol-version': REVISION, 'mcp-method': 'tools/call', 'mcp-name': name, ...(args.sandbox_id && { 'mcp-param-sandbox-id': args.sandbox_id }) })

const result = text => JSON.parse(text.split('\n').findLast(line => line.startsWith('data: ') || line.startsWith('{')).replace(/^data: /, '')).result
const create = async () => JSON.parse(await post('/v1/sandboxes', {})).id
const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024

async function time (act) {
  const times = []
  for (let i = 0; i < CALLS; i++) {
    const began = process.hrtime.bigint()
    await act()
    times.push(Number(process.hrtime.bigint() - began) / 1e6)
  }
  return times
}

const quantile = (times, q) => times.toSorted((a, b) => a - b)[Math.floor(times.length * q)]
const show = (name, times) => console.log(`${name.padEnd(24)} n ${times.length}  min ${quantile(times, 0).toFixed(2)}  p50 ${quantile(times, 0.5).toFixed(2)}  p95 ${quantile(times, 0.95).toFixed(2)} ms`)

const id = await create()
const exec = () => post(`/v1/sandboxes/${id}/exec`, { code: 'print(1)' })
const tool = () => call('run_python', { code: 'print(1)', sandbox_id: id })
if (!/1\n/.test(result(await tool()).content[0].text)) throw new Error('the tool does not work')
for (let i = 0; i < 20; i++) await time(exec), await time(tool)
const [native, mcp] = [[], []]
for (let i = 0; i < ROUNDS; i++) {
  native.push(...await time(exec))
  mcp.push(...await time(tool))
}
show('POST …/exec print(1)', native)
show('run_python print(1)', mcp)
console.log(`difference of the medians ${(quantile(mcp, 0.5) - quantile(native, 0.5)).toFixed(2)} ms`)

if (pid) {
  const ids = await Promise.all(Array.from({ length: SANDBOXES }, create))
  const runs = await Promise.all(ids.map(async sandbox => result(await call('run_bash', { command: 'sleep 60', sandbox_id: sandbox, wait_seconds: 0 })).structuredContent))
  const before = rss()
  const waiting = Array.from({ length: WAITING }, (_, i) => runs[i % SANDBOXES]).map(run => call('read_run', { sandbox_id: run.sandbox_id, run_id: run.run_id, wait_seconds: 20 }))
  await new Promise(resolve => setTimeout(resolve, 10_000))
  console.log(`${WAITING} waiting calls: ${(rss() - before).toFixed(0)} MiB more, ${((rss() - before) * 1024 / WAITING).toFixed(0)} KiB each`)
  await Promise.all(waiting)
  await Promise.all(ids.map(sandbox => call('delete_sandbox', { sandbox_id: sandbox })))
}

await call('delete_sandbox', { sandbox_id: id })
agent.destroy()
