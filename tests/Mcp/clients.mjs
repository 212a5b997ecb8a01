// Clients of the MCP SDKs for JavaScript, and requests without one.
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const packages = '../../artifacts/mcp/node_modules/@modelcontextprotocol'
const repository = new URL('../../', import.meta.url).pathname
const { Client: OldClient } = require(`${packages}/sdk/dist/cjs/client/index.js`)
const { StreamableHTTPClientTransport: OldHttp } = require(`${packages}/sdk/dist/cjs/client/streamableHttp.js`)
const { StdioClientTransport: OldStdio } = require(`${packages}/sdk/dist/cjs/client/stdio.js`)
const { Client: NewClient, StreamableHTTPClientTransport: NewHttp } = require(`${packages}/client/dist/index.cjs`)
const { StdioClientTransport: NewStdio } = require(`${packages}/client/dist/stdio.cjs`)

export const REVISION = '2026-07-28'
const PREFIX = 'io.modelcontextprotocol/'
const IDENTITY = { name: 'podflare-tests', version: '1' }

/** Connects each kind of client to a server, one after the other. */
export async function * everyClient (baseUrl) {
  for (const connect of [oldClient, newClient, oldStdioClient, newStdioClient]) {
    const client = await connect(baseUrl)
    yield [connect.name, client]
    await client.close()
  }
}

export const oldClient = baseUrl => connected(new OldClient(IDENTITY), new OldHttp(new URL('/mcp', baseUrl)))

export const newClient = baseUrl => connected(newOne(), new NewHttp(new URL('/mcp', baseUrl)))

export const oldStdioClient = (baseUrl, ...words) => connected(new OldClient(IDENTITY), new OldStdio(command(baseUrl, words)))

export const newStdioClient = (baseUrl, ...words) => connected(newOne(), new NewStdio(command(baseUrl, words)))

/** The text that a model gets. */
export const textOf = result => result.content[0].text

/** Sends a request of the newest revision as tasks need it, which no SDK for JavaScript does yet. */
export async function send (baseUrl, method, params, { tasks = true, key, headers, signal } = {}) {
  const meta = {
    [`${PREFIX}protocolVersion`]: REVISION,
    [`${PREFIX}clientInfo`]: IDENTITY,
    [`${PREFIX}clientCapabilities`]: tasks ? { extensions: { [`${PREFIX}tasks`]: {} } } : {},
    ...(key && { 'dev.podflare/idempotency-key': key })
  }
  const name = params.name ?? params.taskId
  const response = await fetch(new URL('/mcp', baseUrl), {
    method: 'POST',
    signal,
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': REVISION,
      'mcp-method': method,
      ...(name && { 'mcp-name': name }),
      ...(params.arguments?.sandbox_id && { 'mcp-param-sandbox-id': params.arguments.sandbox_id }),
      ...headers
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } })
  })
  const text = await response.text()
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return JSON.parse(text)
  return text.split('\n').filter(line => line.startsWith('data: ')).map(line => JSON.parse(line.slice(6))).findLast(message => message.id === 1)
}

/** Waits for a condition. */
export async function until (condition, seconds = 30) {
  for (let left = seconds * 10; left > 0; left--) {
    const found = await condition()
    if (found) return found
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  throw new Error('the condition did not come true')
}

// A pinned revision fails where the server falls back to an older one.
const newOne = () => new NewClient(IDENTITY, { versionNegotiation: { mode: { pin: REVISION } } })

// Clients learn from the list which arguments they have to send as headers, too.
async function connected (client, transport) {
  await client.connect(transport)
  await client.listTools()
  return client
}

const command = (baseUrl, words) => ({
  command: 'dotnet',
  args: [`${repository}artifacts/bin/Cli/release/podflare.dll`, 'mcp', ...words],
  env: { ...process.env, PODFLARE_HOSTD_URL: baseUrl }
})
