import type { TraceSource } from './trace.js'

/** @internal */ export const DEFAULT_BASE_URL = 'http://127.0.0.1:7070'

/** How often requests are retried, and after which time. Only requests that are safe to repeat are retried. */
export interface RetryPolicy {
  /** Retries of a request that got no answer, or a temporary refusal (429, 502, 503, 504). Default: 4. */
  retries: number
  /** How long a broken stream is resumed without a new event, in seconds. Default: 120. */
  resumeSeconds: number
  /** The delay before the first retry, in seconds. It doubles with each attempt; up to half of it is random. Default: 0.1. */
  firstDelaySeconds: number
  /** The longest delay in seconds, unless the server asks for a longer one. Default: 5. */
  maxDelaySeconds: number
  /** If the server asks for a longer delay than this, the error is thrown at once, with `retryAfter`. Default: 60. */
  maxRetryAfterSeconds: number
}

/** Where a client connects to, with which key, and how long it waits. */
export interface ClientOptions {
  /** The server's address. Default: the variable `PODFLARE_HOSTD_URL`, else `http://127.0.0.1:7070`. */
  baseUrl?: string | undefined
  /** Default: the variable `PODFLARE_API_KEY`, else none. */
  apiKey?: string | undefined
  /** The `fetch` to use. Default: the global one. */
  fetch?: typeof fetch | undefined
  /** The trace that everything belongs to that is done outside a span. Default: the variable `PODFLARE_TRACEPARENT`. */
  traceparent?: TraceSource | undefined
  /** The longest wait for the headers of an answer, in seconds. Default: 30. */
  headersTimeoutSeconds?: number | undefined
  /** The longest wait for the next byte of an answer, in seconds. It does not limit how long code may run. Default: 60. */
  readTimeoutSeconds?: number | undefined
  retry?: Partial<RetryPolicy> | undefined
  /** The most output that a result keeps, in UTF-16 code units. Default: 128 Mi. */
  maxResultChars?: number | undefined
}

/** @internal */
export interface Settings {
  readonly base: string
  readonly apiKey: string | undefined
  readonly fetch: typeof fetch
  readonly traceparent: TraceSource | undefined
  readonly headersTimeoutSeconds: number
  readonly readTimeoutSeconds: number
  readonly heartbeatSeconds: number
  readonly retry: RetryPolicy
  readonly maxResultChars: number
}

// A string has at most 512 Mi code units in V8.
const MAX_RESULT_CHARS = 128 * 1024 * 1024

/** Checks the options and fills in the environment. @internal */
export function settingsOf (options: ClientOptions): Settings {
  const readTimeoutSeconds = positive('readTimeoutSeconds', options.readTimeoutSeconds ?? 60)
  const retry = {
    retries: 4, resumeSeconds: 120, firstDelaySeconds: 0.1, maxDelaySeconds: 5, maxRetryAfterSeconds: 60, ...options.retry
  }
  for (const [name, value] of Object.entries(retry)) notNegative(`retry.${name}`, value)
  return {
    base: baseOf(options.baseUrl),
    apiKey: keyOf(options.apiKey),
    // Browsers refuse a fetch that was taken off the window.
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    traceparent: options.traceparent ?? environment('PODFLARE_TRACEPARENT'),
    headersTimeoutSeconds: positive('headersTimeoutSeconds', options.headersTimeoutSeconds ?? 30),
    readTimeoutSeconds,
    // The interval at which the server sends an empty line while a run is silent, so that a dead connection is noticed.
    heartbeatSeconds: Math.max(1, Math.min(15, Math.floor(readTimeoutSeconds / 2))),
    retry,
    maxResultChars: notNegative('maxResultChars', options.maxResultChars ?? MAX_RESULT_CHARS)
  }
}

function baseOf (argument: string | undefined): string {
  const name = argument ? 'baseUrl' : 'PODFLARE_HOSTD_URL'
  const text = (argument || environment('PODFLARE_HOSTD_URL') || DEFAULT_BASE_URL).trim()
  if (text.startsWith('pf_live_')) throw new RangeError(`${name} must be an address such as ${DEFAULT_BASE_URL}, not an API key: use apiKey`)
  let url: URL
  try {
    url = new URL(text.includes('://') ? text : `http://${text}`)
  } catch {
    throw new RangeError(`${name} must be an address such as ${DEFAULT_BASE_URL}, not ${JSON.stringify(text)}`)
  }
  if (!['http:', 'https:'].includes(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new RangeError(`${name} must be an address such as ${DEFAULT_BASE_URL}, not ${JSON.stringify(text)}`)
  }
  if (url.username !== '' || url.password !== '') throw new RangeError(`${name} must not contain a user name or password: use apiKey`)
  // Addresses as other tools write them: with the mount for the vendor's client, or with the version of the API.
  return url.origin + url.pathname.replace(/\/+$/, '').replace(/\/v1$/, '').replace(/\/compat\/podflare$/, '')
}

function keyOf (argument: string | undefined): string | undefined {
  const key = (argument || environment('PODFLARE_API_KEY'))?.trim()
  if (!key) return undefined
  if (!/^[!-~]+$/.test(key)) throw new RangeError('apiKey must be visible ASCII characters without spaces')
  if (key.includes('://')) throw new RangeError('apiKey must be an API key, not an address: use baseUrl')
  return key
}

function environment (name: string): string | undefined {
  // Browsers have no process.
  const found = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env?.[name]
  return found || undefined
}

function positive (name: string, value: number): number {
  if (typeof value !== 'number' || !(value > 0)) throw new RangeError(`${name} must be a positive number, not ${String(value)}`)
  return value
}

function notNegative (name: string, value: number): number {
  if (typeof value !== 'number' || !(value >= 0)) throw new RangeError(`${name} must be a number that is not negative, not ${String(value)}`)
  return value
}
