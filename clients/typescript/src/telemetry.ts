import type { Http } from './http.js'
import { telemetryDestination, type TelemetryDestination, type TelemetrySignal } from './operationModels.js'
import { get } from './requests.js'

type Fields = Record<string, unknown>

const TELEMETRY = '/v1/telemetry'

export interface TelemetryOptions {
  /** Headers of every request, such as a key. The server stores them encrypted. */
  headers?: Readonly<Record<string, string>> | undefined
  /** Default: all. */
  signals?: readonly TelemetrySignal[] | undefined
  /** Whether code and output are sent as well, without secrets. */
  captureContent?: boolean | undefined
  /** Regular expressions whose matches are replaced in code and output. */
  redact?: readonly string[] | undefined
}

/** Where the telemetry of the tenant goes. All methods need a key with the scope `keys`; without it they reject with InsufficientScopeError. */
export class Telemetry {
  /** @internal */
  constructor (private readonly http: Http) {}

  /**
   * Sets or replaces the destination: it gets the spans of the tenant's runs, and what programs in its sandboxes send.
   *
   * `endpoint`: the https address of an OTLP/HTTP receiver, without `/v1/traces`. Rejects with InvalidRequestError, and NotOfferedError on a server
   * without a key for secrets.
   */
  async set (endpoint: string, { headers, signals, captureContent, redact }: TelemetryOptions = {}): Promise<TelemetryDestination> {
    const json = { endpoint, headers, signals, capture_content: captureContent, redact }
    return telemetryDestination(await this.http.json<Fields>({ method: 'PUT', target: TELEMETRY, headers: this.http.trace(), json }, 'set the destination of telemetry'))
  }

  /** The destination, without the values of its headers, and what was sent there. */
  async get (): Promise<TelemetryDestination> {
    return telemetryDestination(await this.http.json<Fields>(get(TELEMETRY, this.http.trace()), 'describe the destination of telemetry'))
  }

  /** Sends one span. `outcome`: a status code, `timeout`, `connect`, `address_refused`, `sealed`, or `none` without a destination. */
  async test (): Promise<{ outcome: string, ms: number }> {
    return await this.http.json<{ outcome: string, ms: number }>({ method: 'POST', target: `${TELEMETRY}/test`, headers: this.http.trace() }, 'test the destination of telemetry')
  }

  /** Removes the destination. Repeating it is harmless. */
  async remove (): Promise<void> {
    await this.http.json({ method: 'DELETE', target: TELEMETRY, headers: this.http.trace() }, 'remove the destination of telemetry')
  }
}
