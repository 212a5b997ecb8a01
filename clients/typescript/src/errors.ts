/** What an error carries besides its message. */
export interface ErrorDetails {
  code?: string | undefined
  status?: number | undefined
  traceId?: string | undefined
  retryAfter?: number | undefined
  oldestSeq?: number | undefined
  offset?: number | undefined
  endedReason?: string | undefined
  errors?: Readonly<Record<string, readonly string[]>> | undefined
  cause?: unknown
}

/** @internal */
export const brandOf = (name: string) => Symbol.for(`podflare.${name}`)

/**
 * The base class of all errors of this package. Wrong arguments throw `TypeError` or `RangeError` instead, before anything is sent.
 *
 * `instanceof` also works across two copies of this package in one program.
 */
export class PodflareError extends Error {
  /** @internal */
  static readonly brand: symbol = brandOf('PodflareError')

  /** The error code of the API, such as `sandbox_not_found`. */
  readonly code: string | undefined
  /** The HTTP status; `undefined` if there was no answer. */
  readonly status: number | undefined
  /** The trace under which the server's logs have details, 32 hex digits. */
  readonly traceId: string | undefined
  /** Seconds after which the same request may succeed. */
  readonly retryAfter: number | undefined
  /** The oldest event that can still be read, with `events_evicted`. */
  readonly oldestSeq: number | undefined
  /** The bytes that were accepted of a run's standard input, with `stdin_offset` and `stdin_full`. */
  readonly offset: number | undefined
  /** Why the sandbox has ended, with `sandbox_ended`. */
  readonly endedReason: string | undefined
  /** What is wrong, by field of the request. */
  readonly errors: Readonly<Record<string, readonly string[]>>
  /** The run whose events were being read. */
  runId: string | undefined
  /** The last event of that run that was delivered. Reading can continue after it. */
  lastSeq: number | undefined

  constructor (message: string, details: ErrorDetails = {}) {
    const fields = Object.entries(details.errors ?? {}).map(([field, texts]) => `; ${field}: ${texts.join(', ')}`).join('')
    const known = [details.code && `code=${details.code}`, details.traceId && `trace_id=${details.traceId}`].filter(Boolean).join(', ')
    super(message + fields + (known && ` (${known})`), details.cause === undefined ? undefined : { cause: details.cause })
    this.code = details.code
    this.status = details.status
    this.traceId = details.traceId
    this.retryAfter = details.retryAfter
    this.oldestSeq = details.oldestSeq
    this.offset = details.offset
    this.endedReason = details.endedReason
    this.errors = details.errors ?? {}
    // The name of the class itself would be changed by minifiers.
    this.name = new.target.brand.description!.slice('podflare.'.length)
    for (let kind: typeof PodflareError = new.target; kind.brand !== undefined; kind = Object.getPrototypeOf(kind)) {
      Object.defineProperty(this, kind.brand, { value: true })
    }
  }

  static override [Symbol.hasInstance] (value: unknown): boolean {
    return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[this.brand] === true
  }
}

/** The server could not be reached, or the connection broke, and retrying did not help. */
export class ConnectionFailedError extends PodflareError {
  /** @internal */ static override readonly brand = brandOf('ConnectionFailedError')
}

/** The client was used after it had been closed. */
export class ClientClosedError extends PodflareError {
  /** @internal */ static override readonly brand = brandOf('ClientClosedError')
}

/** The server's answer does not follow the API: for example, an event is missing. */
export class ProtocolError extends PodflareError {
  /** @internal */ static override readonly brand = brandOf('ProtocolError')
}

/** The run's events ended without its exit, repeatedly. The run may still be running: its end is unknown. */
export class StreamEndedError extends PodflareError {
  /** @internal */ static override readonly brand = brandOf('StreamEndedError')
}

/** The server refused the request. */
export class ApiError extends PodflareError {
  /** @internal */ static override readonly brand = brandOf('ApiError')
}
