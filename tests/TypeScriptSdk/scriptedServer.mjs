// A server that answers runs as a test says.
import { createServer } from 'node:http'
import { Client, Sandbox } from '../../clients/typescript/dist/index.js'

const EXIT = '{"type":"exit","data":0,"seq":1,"ts":1}\n'

export class ScriptedServer {
  /** What follows, one answer for each request: status, headers, body, or `cut` to reset the connection after the body. */
  answers = []
  /** The requests that were answered: method, url, headers, body. */
  requests = []

  /** Starts one that ends with the test. */
  static async start (t) {
    const scripted = new ScriptedServer()
    scripted.server = createServer((request, response) => scripted.#answer(request, response))
    await new Promise(resolve => scripted.server.listen(0, '127.0.0.1', resolve))
    t.after(() => scripted.#close())
    return scripted
  }

  get url () {
    return `http://127.0.0.1:${this.server.address().port}`
  }

  /** A sandbox that nobody created, whose client does not wait between attempts. */
  async sandbox (options = {}) {
    const retry = { firstDelaySeconds: 0.001, maxDelaySeconds: 0.002, ...options.retry }
    return new Sandbox(new Client({ baseUrl: this.url, ...options, retry }), 'sbx_1', false)
  }

  async #close () {
    this.server.closeAllConnections()
    await new Promise(resolve => this.server.close(resolve))
  }

  async #answer (request, response) {
    let body = ''
    for await (const piece of request) body += piece
    this.requests.push({ method: request.method, url: request.url, headers: request.headers, body })
    const answer = this.answers.shift() ?? { body: EXIT }
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/x-ndjson', 'podflare-run-id': 'run_1', ...answer.headers })
    if (answer.cut || answer.hang) {
      response.write(answer.body ?? '')
      // The bytes must be on their way before the reset.
      if (answer.cut) setImmediate(() => setTimeout(() => response.destroy(), 5))
    } else {
      response.end(answer.body ?? '')
    }
  }
}
