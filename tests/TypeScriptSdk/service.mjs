// The service that the tests talk to: the embedded process, started when the first test asks for it.
import { execFileSync, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { createServer } from 'node:net'

const repository = new URL('../../', import.meta.url).pathname
const START_SECONDS = 60
// Waits for the end of a process, which stays as a zombie while its parent waits for this.
const STOP = 'kill -TERM $1; for i in $(seq 350); do grep -qs "^State:[[:space:]]*[^Z[:space:]]" /proc/$1/status || exit 0; sleep 0.1; done; kill -KILL $1'
// At least 32 characters, as administrators' keys must have.
export const ADMIN_KEY = 'admin-key-of-the-typescript-tests-00'
let started, startedWithKeys
let services = 0

/** The address of the service. `PODFLARE_TEST_SERVICE` names one that runs already. */
export function service () {
  if (process.env.PODFLARE_TEST_SERVICE) return Promise.resolve(process.env.PODFLARE_TEST_SERVICE)
  started ??= start()
  return started
}

/** The address of a service that requires keys. `ADMIN_KEY` is an administrator's. */
export function serviceWithKeys () {
  startedWithKeys ??= start({ PODFLARE_ADMIN_KEYS: `ops:${ADMIN_KEY}` })
  return startedWithKeys
}

/**
 * Starts a service of its own, which ends with this process.
 *
 * @param {object|function(number): object} settings its variables, or what makes them from its port
 * @param {string} [authority] the PEM text of the authority of its certificate; without it the service speaks plain HTTP
 */
export async function start (settings = {}, authority) {
  // Short, because a unix socket's path ends at 107 bytes.
  const folder = mkdtempSync('/tmp/pfts.')
  const port = await freePort()
  const cluster = `${process.env.PODFLARE_TEST_CLUSTER || `test-${process.pid}`}-ts${services++ || ''}`
  const log = openSync(`${folder}/log`, 'w')
  const child = spawn('dotnet', [`${repository}artifacts/bin/Frontend/release/Podflare.Frontend.dll`], {
    env: { ...process.env, ...(typeof settings === 'function' ? settings(port) : settings), PODFLARE_HOSTD_ADDR: `127.0.0.1:${port}`, Podflare__RunFolder: folder, Podflare__ClusterId: cluster },
    cwd: folder,
    stdio: ['ignore', log, log]
  })
  // It would keep the tests from ending. It is stopped when this process ends, because hooks of the runner end in the order in which files load.
  child.unref()
  process.once('exit', () => {
    execFileSync('sh', ['-c', STOP, 'stop', String(child.pid)])
    const left = execFileSync('docker', ['ps', '-aq', '--filter', `label=podflare.cluster=${cluster}`], { encoding: 'utf8' }).split('\n').filter(Boolean)
    if (left.length > 0) execFileSync('docker', ['rm', '-fv', ...left], { stdio: 'ignore' })
    rmSync(folder, { recursive: true, force: true })
  })
  const url = `${authority ? 'https' : 'http'}://127.0.0.1:${port}`
  for (let waited = 0; waited < START_SECONDS; waited += 0.1) {
    if (child.exitCode !== null) break
    if (await isReady(url, authority)) return url
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  throw new Error(`the service is not ready: ${readFileSync(`${folder}/log`, 'utf8').slice(-4000)}`)
}

function isReady (url, authority) {
  return new Promise(resolve => {
    (authority ? https : http).get(`${url}/readyz`, { ca: authority, agent: false }, answer => resolve(answer.resume().statusCode === 200)).on('error', () => resolve(false))
  })
}

// Below the ports of outgoing connections, of which other tests could take it before the service listens.
async function freePort () {
  for (;;) {
    const port = randomInt(20_000, 32_000)
    const server = createServer()
    const isFree = await new Promise(resolve => server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true)))
    if (!isFree) continue
    await new Promise(resolve => server.close(resolve))
    return port
  }
}
