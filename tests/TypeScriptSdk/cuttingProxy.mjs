// A TCP proxy that resets each connection after so many bytes of answers.
import { connect, createServer } from 'node:net'

export class CuttingProxy {
  cuts = 0

  static async start (t, target, bytes) {
    const proxy = new CuttingProxy()
    const { hostname, port } = new URL(target)
    proxy.server = createServer(client => {
      const server = connect(port, hostname)
      let left = bytes
      const close = () => { client.destroy(); server.destroy() }
      client.on('error', close).on('close', close).pipe(server)
      server.on('error', close).on('close', () => client.end())
      server.on('data', data => {
        client.write(data.subarray(0, left))
        left -= data.length
        if (left > 0) return
        proxy.cuts++
        server.destroy()
        client.end(() => client.destroy())
      })
    })
    await new Promise(resolve => proxy.server.listen(0, '127.0.0.1', resolve))
    proxy.url = `http://127.0.0.1:${proxy.server.address().port}`
    t.after(() => new Promise(resolve => proxy.server.close(resolve)))
    return proxy
  }
}
