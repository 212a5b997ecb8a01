import { number, text, texts, type Fields } from './fields.js'
import { pathOf } from './paths.js'

/** A sandbox as the server describes it. Times are in RFC 3339. `raw` is the complete answer. */
export interface SandboxInfo {
  readonly id: string
  readonly state: 'ready' | 'ending' | 'ended' | 'lost' | (string & {})
  readonly template: string | undefined
  readonly metadata: Readonly<Record<string, string>>
  readonly createdAt: string | undefined
  readonly expiresAt: string | undefined
  readonly endedAt: string | undefined
  /** `deleted`, `expired` or `idle`. */
  readonly endedReason: string | undefined
  readonly idleTimeoutSeconds: number | undefined
  /** Whether the sandbox can reach the internet. */
  readonly egress: boolean | undefined
  /** The hosts that the sandbox can reach by name; empty if it reaches none by name. */
  readonly egressAllow: readonly string[]
  /** The names of the environment variables that the sandbox was created with, at most 100. The server never shows their values. */
  readonly envNames: readonly string[]
  /** The trace that the sandbox belongs to, if it was created with a `traceparent`. */
  readonly traceId: string | undefined
  readonly region: string | undefined
  readonly endpoint: string | undefined
  /** What the server changed in the request, reduced to a limit, or does not offer. */
  readonly warnings: readonly string[]
  readonly raw: Readonly<Fields>
}

/** A template that a sandbox can be created from, with its limits. */
export interface TemplateInfo {
  readonly name: string
  /** Whether it is used when a request does not name one. */
  readonly default: boolean
  /** Memory of a sandbox that does not request any, in MiB. */
  readonly memoryMib: number | undefined
  /** The most that `ramMib` can request, in MiB. */
  readonly maxMemoryMib: number | undefined
  /** CPUs of a sandbox; may be a fraction. */
  readonly cpus: number | undefined
  /** The largest number of processes and threads. */
  readonly pids: number | undefined
  /** Python modules that are imported before the first run. */
  readonly preload: readonly string[]
}

/** A run as the server describes it. Times are in RFC 3339. `raw` is the complete answer. */
export interface RunInfo {
  readonly id: string
  readonly state: 'queued' | 'running' | 'ended' | (string & {})
  /** `code`, `process`, `watch` or `background`. */
  readonly kind: string | undefined
  /** `undefined` until the run has ended. */
  readonly exitCode: number | undefined
  readonly reason: string | undefined
  /** The signal that ended the process, such as `SIGTERM`. */
  readonly signal: string | undefined
  /** The end of this run destroyed the variables, as far as the server reports it. */
  readonly stateLost: boolean
  /** The oldest event that is kept. */
  readonly firstSeq: number | undefined
  readonly lastSeq: number
  readonly createdAt: string | undefined
  readonly startedAt: string | undefined
  readonly endedAt: string | undefined
  readonly traceId: string | undefined
  readonly language: string | undefined
  readonly context: string | undefined
  readonly tag: string | undefined
  readonly timeoutSeconds: number | undefined
  /** The number of this run among the Python runs of its context, from 1. */
  readonly executionCount: number | undefined
  /** Bytes that were accepted of its standard input; `undefined` if it has none. */
  readonly stdinOffset: number | undefined
  /** The process id in the sandbox, while the process runs. */
  readonly pid: number | undefined
  /** The program and its arguments, while the process runs. */
  readonly argv: readonly string[]
  /** The folder in which the process started, while it runs. */
  readonly cwd: string | undefined
  /** The variables of earlier runs are gone, because the Python process had died before this run. */
  readonly replRestarted: boolean
  /** What the sandbox used while the run executed; `undefined` until the run has ended, and if the server does not know it. */
  readonly usage: RunUsage | undefined
  /** Ids of the tool calls that wait for an answer; `undefined` for a run without tools, after its end, and if the server does not know them yet. */
  readonly openToolCalls: readonly string[] | undefined
  readonly raw: Readonly<Fields>
}

/** What the sandbox used while a run executed. Runs that execute at the same time share it. A figure that the server does not know is `undefined`. */
export interface RunUsage {
  readonly cpuSeconds: number | undefined
  /** How long the CPU limit stopped the sandbox. */
  readonly throttledSeconds: number | undefined
  /** The most memory, including files in `/root` and `/tmp`. */
  readonly memoryPeakBytes: number | undefined
  /** The most processes and threads, including Podflare's own. */
  readonly processesPeak: number | undefined
  /** What the home directory held at the end. */
  readonly diskUsedBytes: number | undefined
  /** Processes that were killed because the memory was full. */
  readonly oomKills: number | undefined
}

/** What a sandbox uses over time. `raw` is the complete answer. */
export interface SandboxMetrics {
  /** The time between two points from now on. */
  readonly intervalSeconds: number
  /** The most that the sandbox can use. `undefined` for what the server does not know. */
  readonly limits: { readonly cpus: number | undefined, readonly memoryBytes: number | undefined, readonly processes: number | undefined, readonly diskBytes: number | undefined }
  /** The oldest first. */
  readonly points: readonly MetricsPoint[]
  readonly raw: Readonly<Fields>
}

/** What a sandbox used at one moment. A figure that the server does not know is `undefined`. */
export interface MetricsPoint {
  readonly at: Date
  /** CPUs that were used on average since the point before; `undefined` for the first point. */
  readonly cpu: number | undefined
  /** CPU time in all. */
  readonly cpuSeconds: number
  /** Memory, including files in `/root` and `/tmp`. */
  readonly memoryBytes: number | undefined
  readonly memoryPeakBytes: number | undefined
  /** What the home directory holds. */
  readonly diskBytes: number | undefined
  readonly processes: number | undefined
  readonly oomKills: number | undefined
  /** How long in all the CPU limit stopped the sandbox. */
  readonly throttledSeconds: number | undefined
}

/** A context as the server describes it. `raw` is the complete answer. */
export interface ContextInfo {
  readonly id: string
  readonly language: string | undefined
  /** The folder in which it started. */
  readonly cwd: string | undefined
  readonly state: 'idle' | 'busy' | 'starting' | (string & {}) | undefined
  /** The id of the run that it executes. */
  readonly run: string | undefined
  /** How many runs wait for it. */
  readonly queued: number
  readonly executionCount: number
  readonly raw: Readonly<Fields>
}

/** A file or folder. `raw` is the complete entry. */
export interface FileInfo {
  /** Bytes that are not UTF-8 are U+DC80 to U+DCFF, here and in `path` and `target`. */
  readonly name: string
  /** The absolute path. */
  readonly path: string | undefined
  readonly type: 'file' | 'directory' | 'symlink' | 'other' | (string & {})
  /** In bytes. */
  readonly size: number | undefined
  /** RFC 3339. */
  readonly modifiedAt: string | undefined
  /** The permissions in octal, such as `"0644"`. */
  readonly mode: string | undefined
  readonly owner: string | undefined
  readonly group: string | undefined
  /** Where a link leads to. */
  readonly target: string | undefined
  /** Changes with the content. */
  readonly etag: string | undefined
  readonly raw: Readonly<Fields>
}

/** Spans as OpenTelemetry's OTLP has them, in its JSON encoding. */
export interface TracesData {
  readonly resourceSpans: ReadonlyArray<Record<string, unknown>>
}

/** @internal */
export interface RunInfoBody { stdin_offset?: number }

/** @internal */ export function sandboxInfo (body: Fields): SandboxInfo {
  return {
    id: String(body['id']),
    state: text(body, 'state') ?? '',
    template: text(body, 'template'),
    metadata: (body['metadata'] ?? {}) as Record<string, string>,
    createdAt: text(body, 'created_at'),
    expiresAt: text(body, 'expires_at'),
    endedAt: text(body, 'ended_at'),
    endedReason: text(body, 'ended_reason'),
    idleTimeoutSeconds: number(body, 'idle_timeout_seconds'),
    egress: typeof body['egress'] === 'boolean' ? body['egress'] : undefined,
    egressAllow: texts(body, 'egress_allow'),
    envNames: texts(body, 'env_names'),
    traceId: text(body, 'trace_id'),
    region: text(body, 'region'),
    endpoint: text(body, 'endpoint'),
    warnings: texts(body, 'warnings'),
    raw: body
  }
}

/** @internal */ export function templateInfo (body: Fields): TemplateInfo {
  return {
    name: String(body['name']),
    default: body['default'] === true,
    memoryMib: number(body, 'memory_mib'),
    maxMemoryMib: number(body, 'max_memory_mib'),
    cpus: number(body, 'cpus'),
    pids: number(body, 'pids'),
    preload: texts(body, 'preload')
  }
}

/** @internal */ export function runInfo (body: Fields): RunInfo {
  return {
    id: String(body['id']),
    state: text(body, 'state') ?? '',
    kind: text(body, 'kind'),
    exitCode: number(body, 'exit_code'),
    reason: text(body, 'reason'),
    signal: text(body, 'signal'),
    stateLost: body['state_lost'] === true,
    firstSeq: number(body, 'first_seq'),
    lastSeq: number(body, 'last_seq') ?? 0,
    createdAt: text(body, 'created_at'),
    startedAt: text(body, 'started_at'),
    endedAt: text(body, 'ended_at'),
    traceId: text(body, 'trace_id'),
    language: text(body, 'language'),
    context: text(body, 'context'),
    tag: text(body, 'tag'),
    timeoutSeconds: number(body, 'timeout_seconds'),
    executionCount: number(body, 'execution_count'),
    stdinOffset: number(body, 'stdin_offset'),
    pid: number(body, 'pid'),
    argv: texts(body, 'argv'),
    cwd: text(body, 'cwd'),
    replRestarted: body['repl_restarted'] === true,
    usage: body['usage'] === null || body['usage'] === undefined ? undefined : runUsage(body['usage'] as Fields),
    openToolCalls: Array.isArray(body['open_tool_calls']) ? texts(body, 'open_tool_calls') : undefined,
    raw: body
  }
}

function runUsage (body: Fields): RunUsage {
  return {
    cpuSeconds: number(body, 'cpu_seconds'),
    throttledSeconds: number(body, 'throttled_seconds'),
    memoryPeakBytes: number(body, 'memory_peak_bytes'),
    processesPeak: number(body, 'processes_peak'),
    diskUsedBytes: number(body, 'disk_used_bytes'),
    oomKills: number(body, 'oom_kills')
  }
}

/** @internal */ export function sandboxMetrics (body: Fields): SandboxMetrics {
  const limits = body['limits'] as Fields
  return {
    intervalSeconds: number(body, 'interval_seconds') ?? 0,
    limits: { cpus: number(limits, 'cpus'), memoryBytes: number(limits, 'memory_bytes'), processes: number(limits, 'processes'), diskBytes: number(limits, 'disk_bytes') },
    points: (body['points'] as Fields[]).map(metricsPoint),
    raw: body
  }
}

function metricsPoint (body: Fields): MetricsPoint {
  return {
    at: new Date(number(body, 'ts') ?? 0),
    cpu: number(body, 'cpu'),
    cpuSeconds: number(body, 'cpu_seconds') ?? 0,
    memoryBytes: number(body, 'memory_bytes'),
    memoryPeakBytes: number(body, 'memory_peak_bytes'),
    diskBytes: number(body, 'disk_bytes'),
    processes: number(body, 'processes'),
    oomKills: number(body, 'oom_kills'),
    throttledSeconds: number(body, 'throttled_seconds')
  }
}

/** @internal */ export function contextInfo (body: Fields): ContextInfo {
  return {
    id: String(body['id']),
    language: text(body, 'language'),
    cwd: text(body, 'cwd'),
    state: text(body, 'state'),
    run: text(body, 'run'),
    queued: number(body, 'queued') ?? 0,
    executionCount: number(body, 'execution_count') ?? 0,
    raw: body
  }
}

/** @internal */ export function fileInfo (body: Fields): FileInfo {
  return {
    name: pathOf(body, 'name') ?? '',
    path: pathOf(body),
    type: text(body, 'type') ?? 'file',
    size: number(body, 'size'),
    modifiedAt: text(body, 'modified_at'),
    mode: text(body, 'mode'),
    owner: text(body, 'owner'),
    group: text(body, 'group'),
    target: pathOf(body, 'target'),
    etag: text(body, 'etag'),
    raw: body
  }
}
