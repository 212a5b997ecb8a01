import { bytesOfBase64 } from './base64.js'
import { ProtocolError } from './errors.js'
import { ResultEvent, type CodeError, type Event } from './events.js'
import { pathOf } from './paths.js'

type Fields = Record<string, unknown>

/**
 * Parses one line. Returns `undefined` for an empty line, which only keeps the connection alive, and for an event of an unknown type without
 * `seq`. Throws `ProtocolError` for a line that is not an event.
 */
export function parseEvent (line: string, runId: string | undefined): Event | undefined {
  if (line === '' || line.trim() === '') return undefined
  let fields: Fields
  try {
    fields = JSON.parse(line) as Fields
  } catch (e) {
    throw wrong('a line that is not JSON', line, e)
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) throw wrong('a line that is not an event', line)
  const { type, seq, ts } = fields
  const parse = typeof type === 'string' && Object.hasOwn(PARSERS, type) ? PARSERS[type] : undefined
  if (!Number.isInteger(seq)) {
    if (parse === undefined) return undefined
    throw wrong('an event without seq', line)
  }
  // Other keys are ignored: they belong to newer servers.
  const base = {
    seq: seq as number,
    ts: Number.isInteger(ts) ? ts as number : 0,
    runId: fields['run'] === undefined ? runId : textOf(fields, 'run')
  }
  if (parse === undefined) return { type: 'unknown', raw: fields, ...base }
  try {
    return parse(fields, base)
  } catch (e) {
    throw wrong('an event whose data is of the wrong type', line, e)
  }
}

interface Base { seq: number, ts: number, runId: string | undefined }

const PARSERS: Readonly<Record<string, (fields: Fields, base: Base) => Event>> = {
  stdout: (fields, base) => ({ type: 'stdout', data: outputOf(fields), origin: textOf(fields, 'from'), ...base }),
  stderr: (fields, base) => ({ type: 'stderr', data: outputOf(fields), origin: textOf(fields, 'from'), ...base }),
  result: (fields, { seq, ts, runId }) =>
    new ResultEvent(objectOf(fields['data']), seq, ts, runId, fields['main'] === true, sizesOf(fields['omitted']), textsOf(fields['truncated'])),
  input_request: (fields, base) => ({ type: 'input_request', data: stringOf(fields['data']), password: fields['password'] === true, ...base }),
  tool_request: (fields, base) => {
    const data = objectOf(fields['data'])
    const given = data['arguments']
    const args = typeof given === 'object' && given !== null && !Array.isArray(given) ? given as Fields : undefined
    return { type: 'tool_request', callId: stringOf(data['call_id']), name: textOf(data, 'name') ?? '', arguments: args, traceparent: textOf(data, 'traceparent'), ...base }
  },
  tool_response: (fields, base) => {
    const data = objectOf(fields['data'])
    return { type: 'tool_response', callId: stringOf(data['call_id']), ok: data['ok'] === true, reason: textOf(data, 'reason'), ...base }
  },
  start: (fields, base) => ({ type: 'start', data: wholeOf(fields['data']), ...base }),
  pty: (fields, base) => ({ type: 'pty', data: bytesOfBase64(stringOf(fields['data'])), ...base }),
  file: (fields, base) => {
    const data = objectOf(fields['data'])
    return {
      type: 'file', path: stringOf(pathOf(data)), change: stringOf(data['change']), kind: textOf(data, 'kind'), movedFrom: pathOf(data, 'from'), ...base
    }
  },
  dropped: (fields, base) => ({ type: 'dropped', data: wholeOf(fields['data']), ...base }),
  exit: (fields, base) => ({
    type: 'exit',
    code: wholeOf(fields['data']),
    reason: textOf(fields, 'reason'),
    error: errorOf(fields['error']),
    stateLost: fields['state_lost'] === true,
    signal: textOf(fields, 'signal'),
    ...base
  })
}

function outputOf (fields: Fields): string {
  const data = stringOf(fields['data'])
  return fields['encoding'] === 'base64' ? new TextDecoder().decode(bytesOfBase64(data)) : data
}

function errorOf (error: unknown): CodeError | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { name, value, traceback } = error as Fields
  const lines = Array.isArray(traceback) ? traceback.filter(part => typeof part === 'string').join('') : traceback
  return {
    name: typeof name === 'string' ? name : '',
    value: typeof value === 'string' ? value : '',
    traceback: typeof lines === 'string' ? lines : undefined
  }
}

function stringOf (value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('not a string')
  return value
}

function wholeOf (value: unknown): number {
  if (!Number.isInteger(value)) throw new TypeError('not a whole number')
  return value as number
}

function objectOf (value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('not an object')
  return value as Fields
}

function textOf (fields: Fields, name: string): string | undefined {
  const value = fields[name]
  return typeof value === 'string' ? value : undefined
}

function sizesOf (value: unknown): Record<string, number> {
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(Object.entries(value).filter(([, size]) => Number.isInteger(size))) as Record<string, number>
}

function textsOf (value: unknown): string[] {
  return Array.isArray(value) ? value.filter(item => typeof item === 'string') : []
}

function wrong (what: string, line: string, cause?: unknown): ProtocolError {
  return new ProtocolError(`the server sent ${what}: ${JSON.stringify(line.slice(0, 120))}`, { cause })
}

/** Splits bytes into lines, in time proportional to their number, however they arrive and however long a line is. Only `\n` ends a line. */
export class LineSplitter {
  private readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  private open: string[] = []

  /** Returns the lines that are now complete, without their newlines. Text after the last one is kept until its line is complete. */
  feed (bytes: Uint8Array): string[] {
    // A newline is never a part of a longer character in UTF-8, but a character may be split over two pieces.
    const lines = this.decoder.decode(bytes, { stream: true }).split('\n')
    if (lines.length === 1) {
      if (lines[0] !== '') this.open.push(lines[0]!)
      return []
    }
    if (this.open.length > 0) {
      lines[0] = this.open.join('') + lines[0]!
      this.open = []
    }
    const rest = lines.pop()!
    if (rest !== '') this.open.push(rest)
    return lines
  }
}

/** The position of a reader in a run. It delivers each event once and in order, whatever is sent again after a reconnection. */
export class Cursor {
  hasExit = false

  constructor (public after: number, public runId?: string) {}

  /** Returns the new events, and the error after them if there was one. */
  take (lines: readonly string[]): { events: Event[], problem?: ProtocolError } {
    const events: Event[] = []
    for (const line of lines) {
      let event: Event | undefined
      try {
        event = parseEvent(line, this.runId)
      } catch (e) {
        if (e instanceof ProtocolError) return { events, problem: e }
        throw e
      }
      if (event === undefined) continue
      // The server repeats the exit for a reader that has already passed it.
      if (event.seq <= this.after && event.type !== 'exit') continue
      if (event.seq > this.after + 1) return { events, problem: new ProtocolError(`the server skipped events: ${event.seq} follows ${this.after}`) }
      this.after = Math.max(this.after, event.seq)
      events.push(event)
      if (event.type === 'exit') {
        this.hasExit = true
        break
      }
    }
    return { events }
  }
}
