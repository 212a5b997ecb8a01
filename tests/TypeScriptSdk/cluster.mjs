// A real cluster, for tests of what a client sees when one of its processes dies.
import { execFileSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'

const repository = new URL('../../', import.meta.url).pathname

/**
 * Starts two workers and two frontends behind one address, which sends each connection to a frontend that listens.
 *
 * @param {string} name distinguishes the cluster from those of other tests
 */
export async function startCluster (name, settings = {}) {
  // Short, because a unix socket's path ends at 107 bytes.
  const folder = mkdtempSync('/tmp/pfcl.')
  const id = `${process.env.PODFLARE_TEST_CLUSTER || `test-${process.pid}`}-${name}`
  // Below the ports of outgoing connections, with room for all of the cluster.
  const port = 20_000 + randomInt(400) * 30
  const frontends = [port + 1, port + 2]
  let [next, preferred] = [0, null]
  const run = (what, env = {}, ...words) =>
    execFileSync(`${repository}eng/cluster.sh`, [what, ...words], { env: { ...process.env, ...env, PODFLARE_CLUSTER_DIR: folder }, stdio: 'inherit' })

  function forward (socket, tries) {
    const target = connect(tries === 0 && preferred ? preferred : frontends[next++ % frontends.length], '127.0.0.1')
    let isConnected = false
    target.on('connect', () => {
      isConnected = true
      socket.pipe(target).pipe(socket)
    })
    target.on('error', () => isConnected || tries > 5 ? socket.destroy() : forward(socket, tries + 1))
    socket.on('error', () => target.destroy())
  }

  run('up', { ...settings, PODFLARE_CLUSTER_PORT: String(port), PODFLARE_CLUSTER_ID: id, PODFLARE_SKIP_SETUP: '1' })
  const proxy = createServer(socket => forward(socket, 0))
  await new Promise(resolve => proxy.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${proxy.address().port}`,
    frontends,
    id,
    /** Sends new connections to one frontend while it listens, so that a test knows which process serves its client. */
    prefer: port => { preferred = port },
    /** Sends SIGKILL to a process, which is then started again. */
    kill: process => run('kill', {}, process, 'KILL'),
    stop: () => {
      proxy.close()
      run('down')
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
