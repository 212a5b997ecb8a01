import { number, text, texts, type Fields } from './fields.js'

/** A host of the cluster. A host that is away has only `id`, `state` and `lastSeen`. `raw` is the complete answer, with pools and isolation. */
export interface HostInfo {
  readonly id: string
  readonly state: 'ready' | 'starting' | 'cordoned' | 'draining' | 'unwell' | 'away' | (string & {})
  readonly name: string | undefined
  /** Why it is unwell. */
  readonly problem: string | undefined
  readonly sandboxes: number | undefined
  /** The most sandboxes that it accepts. */
  readonly slots: number | undefined
  /** Creates that wait for room. */
  readonly waiting: number | undefined
  /** The part of its memory that is promised to sandboxes, from 0 to 1. */
  readonly memoryUsed: number | undefined
  readonly version: string | undefined
  readonly lastSeen: string | undefined
  readonly raw: Readonly<Fields>
}

/** What a tenant did within one minute. A time is `undefined` if there was nothing to measure; it is right within a sixth. */
export interface OverviewMinute {
  /** Its beginning. */
  readonly at: Date
  readonly creates: number
  /** Runs of code and processes that ended. */
  readonly runs: number
  /** Those of them whose exit code was not 0. */
  readonly errors: number
  readonly createMsP50: number | undefined
  readonly createMsP95: number | undefined
  readonly runMsP50: number | undefined
  readonly runMsP95: number | undefined
}

/** What a tenant does now, and did in the last hour. */
export interface Overview {
  /** False while a host does not answer: its part is missing. */
  readonly complete: boolean
  /** The number of living sandboxes by template. */
  readonly sandboxes: Readonly<Record<string, number>>
  readonly activeRuns: number
  readonly queuedRuns: number
  /** 60, the oldest first. */
  readonly minutes: readonly OverviewMinute[]
}

/** A server as it describes itself to everybody. `raw` is the complete answer. */
export interface ServerInfo {
  readonly version: string
  /** `keys` if callers need an API key or a token. */
  readonly auth: 'keys' | 'none' | (string & {})
  readonly region: string | undefined
  readonly publicUrl: string | undefined
  readonly statusUrl: string | undefined
  /** Parts of the API that this server offers, where not every version or server does. */
  readonly features: readonly string[]
  /** The address of a trace in the tracing backend, with `{trace_id}`. */
  readonly traceLink: string | undefined
  readonly raw: Readonly<Fields>
}

/** A line of the service's log about a sandbox. */
export interface LogLine {
  readonly ts: string
  readonly level: 'info' | 'warn' | 'error' | 'critical' | (string & {})
  readonly message: string
  readonly source: 'worker' | 'frontend' | (string & {})
  readonly runId: string | undefined
  readonly traceId: string | undefined
}

export type TelemetrySignal = 'traces' | 'logs' | 'metrics'

/** The tenant's own OpenTelemetry backend, and what the live workers have sent there since they use it. */
export interface TelemetryDestination {
  /** `undefined` if the tenant has no destination. */
  readonly endpoint: string | undefined
  /** Their values are never shown. */
  readonly headerNames: readonly string[]
  readonly signals: ReadonlyArray<TelemetrySignal | (string & {})>
  /** Whether code and output are sent as well. */
  readonly captureContent: boolean
  readonly redact: readonly string[]
  readonly updatedAt: string | undefined
  /** Spans, log records and metrics that it has accepted. */
  readonly sent: number
  /** Those that it did not accept, or that were too many. */
  readonly dropped: number
  /** A status code, `timeout`, `connect` or `address_refused`. */
  readonly lastError: string | undefined
  readonly lastErrorAt: string | undefined
  readonly lastSuccessAt: string | undefined
  /** After a change: what is not as it should be. */
  readonly warnings: readonly string[]
}

/** @internal */ export function hostInfo (body: Fields): HostInfo {
  return {
    id: String(body['id']),
    state: text(body, 'state') ?? '',
    name: text(body, 'name'),
    problem: text(body, 'problem'),
    sandboxes: number(body, 'sandboxes'),
    slots: number(body, 'slots'),
    waiting: number(body, 'waiting'),
    memoryUsed: number(body, 'memory_used'),
    version: text(body, 'version'),
    lastSeen: text(body, 'last_seen'),
    raw: body
  }
}

/** @internal */ export function overviewOf (body: Fields): Overview {
  const [sandboxes, runs] = [body['sandboxes'] as Fields, body['runs'] as Fields]
  return {
    complete: body['complete'] === true,
    sandboxes: (sandboxes['by_template'] ?? {}) as Record<string, number>,
    activeRuns: number(runs, 'active') ?? 0,
    queuedRuns: number(runs, 'queued') ?? 0,
    minutes: (body['minutes'] as Fields[]).map(overviewMinute)
  }
}

function overviewMinute (body: Fields): OverviewMinute {
  const [create, run] = [(body['create_ms'] ?? {}) as Fields, (body['run_ms'] ?? {}) as Fields]
  return {
    at: new Date(number(body, 'ts') ?? 0),
    creates: number(body, 'creates') ?? 0,
    runs: number(body, 'runs') ?? 0,
    errors: number(body, 'errors') ?? 0,
    createMsP50: number(create, 'p50'),
    createMsP95: number(create, 'p95'),
    runMsP50: number(run, 'p50'),
    runMsP95: number(run, 'p95')
  }
}

/** @internal */ export function serverInfo (body: Fields): ServerInfo {
  return {
    version: text(body, 'version') ?? '',
    auth: text(body, 'auth') ?? '',
    region: text(body, 'region'),
    publicUrl: text(body, 'public_url'),
    statusUrl: text(body, 'status_url'),
    features: texts(body, 'features'),
    traceLink: text(body, 'trace_link'),
    raw: body
  }
}

/** @internal */ export function logLine (body: Fields): LogLine {
  return {
    ts: text(body, 'ts') ?? '',
    level: text(body, 'level') ?? '',
    message: text(body, 'message') ?? '',
    source: text(body, 'source') ?? '',
    runId: text(body, 'run_id'),
    traceId: text(body, 'trace_id')
  }
}

/** @internal */ export function telemetryDestination (body: Fields): TelemetryDestination {
  return {
    endpoint: text(body, 'endpoint'),
    headerNames: texts(body, 'header_names'),
    signals: texts(body, 'signals'),
    captureContent: body['capture_content'] === true,
    redact: texts(body, 'redact'),
    updatedAt: text(body, 'updated_at'),
    sent: number(body, 'sent') ?? 0,
    dropped: number(body, 'dropped') ?? 0,
    lastError: text(body, 'last_error'),
    lastErrorAt: text(body, 'last_error_at'),
    lastSuccessAt: text(body, 'last_success_at'),
    warnings: texts(body, 'warnings')
  }
}
