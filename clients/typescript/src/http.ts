import { Budget } from './budget.js'
import { ClientClosedError, ConnectionFailedError, PodflareError, ProtocolError } from './errors.js'
import { errorOf } from './problems.js'
import type { Settings } from './settings.js'
import { traceHeaders, type TraceSource } from './trace.js'

/** One call of the API, which can be sent repeatedly. */
export interface Request {
  readonly method: string
  /** Path and query below the server's address, encoded. */
  readonly target: string
  readonly headers?: Record<string, string>
  readonly body?: BodyInit
  /** Sent as JSON, without fields that are undefined. */
  readonly json?: Record<string, unknown>
  /** False if it must not be sent again unless the first one certainly had no effect. Default: true. */
  readonly isRepeatable?: boolean
}

/** Sends requests. */
export class Http {
  private readonly closing = new AbortController()

  constructor (readonly settings: Settings) {}

  /** The headers for the trace of a call that begins now. */
  trace (argument?: TraceSource): Record<string, string> {
    return traceHeaders(argument, this.settings.traceparent)
  }

  /** Sends a request until it is answered, and returns its successful answer as JSON, or `undefined` if it has no body. */
  async json<T> (request: Request, doing: string, signal?: AbortSignal): Promise<T> {
    return await this.repeat(request, signal, async () => {
      const connection = await this.open(request, doing, signal)
      const text = await connection.text(doing)
      try {
        return (text === '' ? undefined : JSON.parse(text)) as T
      } catch (e) {
        throw new ProtocolError(`could not ${doing}: the server sent an answer that is not JSON`, { cause: e })
      }
    })
  }

  /** Sends a request until it is answered, and returns the successful answer, whose body has not been read. */
  async stream (request: Request, doing: string, signal?: AbortSignal): Promise<Connection> {
    return await this.repeat(request, signal, () => this.open(request, doing, signal))
  }

  /** Sends a request once. Throws for an answer that is not a success. */
  async open (request: Request, doing: string, signal?: AbortSignal): Promise<Connection> {
    if (this.closing.signal.aborted) throw new ClientClosedError('the client is closed')
    signal?.throwIfAborted()
    const { base, apiKey, fetch, headersTimeoutSeconds, readTimeoutSeconds } = this.settings
    const cut = new AbortController()
    const leave = () => cut.abort(signal?.aborted ? signal.reason : new ClientClosedError('the client is closed'))
    signal?.addEventListener('abort', leave, { once: true })
    this.closing.signal.addEventListener('abort', leave, { once: true })
    const release = () => {
      signal?.removeEventListener('abort', leave)
      this.closing.signal.removeEventListener('abort', leave)
    }
    const timer = setTimeout(() => cut.abort(new Error(`no answer within ${headersTimeoutSeconds} s`)), 1000 * headersTimeoutSeconds)
    try {
      const response = await fetch(base + request.target, {
        method: request.method,
        headers: {
          // No compression: lines must not wait in a decompressor.
          'accept-encoding': 'identity',
          ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
          ...(request.json === undefined ? {} : { 'content-type': 'application/json' }),
          ...request.headers
        },
        signal: cut.signal,
        redirect: 'error',
        ...bodyOf(request)
      })
      clearTimeout(timer)
      const connection = new Connection(response, cut, release, readTimeoutSeconds, base)
      if (response.ok) return connection
      throw errorOf(response.status, response.headers, await connection.text(doing), Date.now())
    } catch (e) {
      clearTimeout(timer)
      release()
      throw this.failure(e, doing, cut, signal)
    }
  }

  close (): void {
    this.closing.abort()
  }

  private async repeat<T> (request: Request, signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T> {
    const budget = new Budget(this.settings.retry)
    for (;;) {
      try {
        return await attempt()
      } catch (e) {
        if (!(e instanceof PodflareError) || e instanceof ProtocolError) throw e
        // Fetch does not tell whether a request has arrived.
        if (request.isRepeatable === false && e instanceof ConnectionFailedError) throw e
        await budget.pause(e, signal)
      }
    }
  }

  private failure (e: unknown, doing: string, cut: AbortController, signal: AbortSignal | undefined): unknown {
    if (e instanceof PodflareError) return e
    if (signal?.aborted) return signal.reason
    if (this.closing.signal.aborted) return new ClientClosedError('the client is closed')
    return connectionFailure(cut.signal.aborted ? cut.signal.reason : e, doing, this.settings.base)
  }
}

/** An answer whose body is being read. */
export class Connection {
  private readonly reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined
  // When the pending read began; undefined while nothing is read, because a slow reader is no reason to cut.
  private waitingSince: number | undefined
  private watch: ReturnType<typeof setTimeout> | undefined

  constructor (
    private readonly response: Response,
    private readonly cut: AbortController,
    private readonly release: () => void,
    private readonly readTimeoutSeconds: number,
    private readonly base: string
  ) {
    this.reader = response.body?.getReader() as typeof this.reader
  }

  get headers (): Headers {
    return this.response.headers
  }

  /** The next bytes, or `undefined` at the end. */
  async read (doing: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    this.waitingSince = performance.now()
    // One timer watches all reads, because a timer for each would cost more than reading does.
    this.watch ??= this.checkAfter(this.readTimeoutSeconds)
    try {
      const { done, value } = await this.reader?.read() ?? { done: true, value: undefined }
      this.waitingSince = undefined
      if (!done) return value
      this.close()
      return undefined
    } catch (e) {
      this.close()
      const reason: unknown = this.cut.signal.aborted ? this.cut.signal.reason : e
      // A program that leaves gets its own reason.
      throw reason instanceof PodflareError || (this.cut.signal.aborted && !(reason instanceof SilenceError))
        ? reason
        : connectionFailure(reason, doing, this.base)
    }
  }

  async text (doing: string): Promise<string> {
    const decoder = new TextDecoder()
    let text = ''
    for (let piece = await this.read(doing); piece !== undefined; piece = await this.read(doing)) text += decoder.decode(piece, { stream: true })
    return text + decoder.decode()
  }

  /** Ends the connection. Repeating it is harmless. */
  close (): void {
    clearTimeout(this.watch)
    this.release()
    this.reader?.cancel().catch(() => { /* It is already broken. */ })
  }

  private readonly check = () => {
    this.watch = undefined
    // The next read starts it again. A connection that was left without `close` must not keep the program alive.
    if (this.waitingSince === undefined) return
    const silent = (performance.now() - this.waitingSince) / 1000
    if (silent >= this.readTimeoutSeconds) this.cut.abort(new SilenceError(`nothing was received for ${this.readTimeoutSeconds} s`))
    else this.watch = this.checkAfter(this.readTimeoutSeconds - silent)
  }

  private checkAfter (seconds: number): ReturnType<typeof setTimeout> {
    const timer = setTimeout(this.check, 1000 * seconds)
    // While a read is pending, its socket keeps the program alive. In browsers and in Deno timers are numbers.
    ;(timer as { unref?: () => void }).unref?.()
    return timer
  }
}

class SilenceError extends Error {}

function connectionFailure (cause: unknown, doing: string, base: string): ConnectionFailedError {
  // Node's fetch says only "fetch failed", and has what happened in its cause.
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  const text = inner instanceof Error ? inner.message || (inner as { code?: string }).code || inner.name : String(inner)
  return new ConnectionFailedError(`could not ${doing} at ${base}: ${text}`, { cause })
}

function bodyOf (request: Request): { body?: BodyInit, duplex?: 'half' } {
  if (request.json !== undefined) return { body: JSON.stringify(request.json) }
  if (request.body === undefined) return {}
  // Fetch requires it for streams.
  return request.body instanceof ReadableStream ? { body: request.body, duplex: 'half' } : { body: request.body }
}
