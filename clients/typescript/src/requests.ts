import type { Request } from './http.js'
import { encodePath, pathFields } from './paths.js'
import type { ToolResult } from './tools.js'

/** The id of the run that has the output of ended runs. */
export const BACKGROUND = 'background'

type Trace = Record<string, string>
type Query = Record<string, string | number | undefined>
type Fields = Record<string, unknown>

/** A request that the server carries out once for each key. */
export function postOnce (target: string, json: Fields, trace: Trace, key: string | undefined): Request {
  // The first attempt has a key too: if its answer is lost, a retry must not create a second sandbox or run the code twice.
  return { method: 'POST', target, json, headers: { ...trace, 'idempotency-key': keyOf(key) } }
}

export function get (target: string, headers: Trace): Request {
  return { method: 'GET', target, headers }
}

export function withQuery (path: string, query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined)
  return given.length === 0 ? path : `${path}?${given.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`).join('&')}`
}

export function sandboxPath (sandboxId: string): string {
  return `/v1/sandboxes/${identifier('sandboxId', sandboxId, 'sbx_')}`
}

export function runPath (sandboxId: string, runId: string): string {
  return `${sandboxPath(sandboxId)}/runs/${identifier('runId', runId, 'run_')}`
}

export function contextPath (sandboxId: string, contextId: string): string {
  return `${sandboxPath(sandboxId)}/contexts/${identifier('context', contextId, 'python')}`
}

export function filePath (sandboxId: string, path: string): string {
  const encoded = encodePath(path)
  if (encoded === '/') throw new RangeError('path must name a file')
  return `${sandboxPath(sandboxId)}/files${encoded}`
}

/** The target of a file operation. Its path is a part of the query, as bytes. */
export function fileOperation (sandboxId: string, name: string, path?: string, query: Query = {}): string {
  const target = withQuery(`${sandboxPath(sandboxId)}/fs/${name}`, query)
  return path === undefined ? target : `${target}${target.includes('?') ? '&' : '?'}path=${encodePath(path)}`
}

export function readEvents (sandboxId: string, runId: string, after: number, options: { heartbeat?: number, trace: Trace, follow?: boolean }): Request {
  const { heartbeat, trace, follow = true } = options
  const query = { after, follow: follow ? 'true' : undefined, heartbeat: follow ? heartbeat : undefined }
  return get(withQuery(`${runPath(sandboxId, runId)}/events`, query), trace)
}

export function getRunTrace (sandboxId: string, runId: string, trace: Trace): Request {
  return get(`${runPath(sandboxId, runId)}/trace`, trace)
}

export function getRun (sandboxId: string, runId: string, trace: Trace): Request {
  return get(runPath(sandboxId, runId), trace)
}

export function interruptRun (sandboxId: string, runId: string, headers: Trace): Request {
  return { method: 'POST', target: `${runPath(sandboxId, runId)}/interrupt`, headers }
}

export function signalRun (sandboxId: string, runId: string, name: string, scope: string, headers: Trace): Request {
  const signal = name.toUpperCase()
  const json = { signal: signal.startsWith('SIG') ? signal : `SIG${signal}`, scope }
  return { method: 'POST', target: `${runPath(sandboxId, runId)}/signal`, headers, json, isRepeatable: false }
}

export function writeStdin (sandboxId: string, runId: string, data: string, eof: boolean, offset: number, headers: Trace): Request {
  // With its offset a repeated request is recognized, so it may be sent again.
  return { method: 'POST', target: `${runPath(sandboxId, runId)}/stdin`, headers, json: { data_b64: data, eof: eof || undefined, offset } }
}

export function answerToolCalls (sandboxId: string, runId: string, results: readonly ToolResult[], headers: Trace): Request {
  // The first answer to a call counts, so it may be sent again.
  return { method: 'POST', target: `${runPath(sandboxId, runId)}/tool_results`, headers, json: { results } }
}

export function resizeRun (sandboxId: string, runId: string, cols: number, rows: number, headers: Trace): Request {
  return { method: 'POST', target: `${runPath(sandboxId, runId)}/resize`, headers, json: { cols, rows } }
}

export function transfer (operation: 'move' | 'copy', sandboxId: string, from: string, to: string, options: Fields, headers: Trace): Request {
  return {
    method: 'POST',
    target: fileOperation(sandboxId, operation),
    headers,
    json: { ...pathFields('from', from), ...pathFields('to', to), ...options },
    // A repeated move would not find the source, and would look like a failure.
    isRepeatable: operation === 'copy' && options['overwrite'] === true
  }
}

function keyOf (key: string | undefined): string {
  if (key === undefined) return crypto.randomUUID()
  if (!/^[!-~]{1,255}$/.test(key)) throw new RangeError('idempotencyKey must be 1 to 255 visible ASCII characters')
  return key
}

export function identifier (name: string, value: string, example: string): string {
  // "." and ".." would name another route.
  if (typeof value !== 'string' || /^\.*$/.test(value) || value.includes('://')) {
    throw new RangeError(`${name} must be an id such as ${example}, not ${JSON.stringify(value)}`)
  }
  return encodeURIComponent(value)
}
