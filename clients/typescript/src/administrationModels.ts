import { text, texts, type Fields } from './fields.js'

export type Scope = 'read' | 'sandboxes' | 'keys' | 'metrics:read' | 'admin'
export type KeyState = 'active' | 'expired' | 'revoked'
export type UsageGroup = 'day' | 'key' | 'tenant'

/** An API key, without its secret. Times are in RFC 3339. `raw` is the complete answer. */
export interface KeyInfo {
  /** `key_…`, or `env_…` for a key of the server's environment, which cannot be changed. */
  readonly id: string
  readonly name: string
  readonly tenant: string
  /** What the key allows. */
  readonly scopes: ReadonlyArray<Scope | (string & {})>
  readonly state: KeyState | (string & {})
  /** The first 12 characters of the secret. */
  readonly prefix: string | undefined
  readonly createdAt: string | undefined
  /** The id of the key that created it. */
  readonly createdBy: string | undefined
  /** `undefined` if it does not expire. */
  readonly expiresAt: string | undefined
  /** Accurate to about a minute. */
  readonly lastUsedAt: string | undefined
  /** The id of the key that this one was rotated from. */
  readonly replaces: string | undefined
  readonly raw: Readonly<Fields>
}

/** A key that was just created, with its secret. */
export interface NewKey extends KeyInfo {
  /** The API key itself. The server shows it only once, and `raw` does not contain it. It is not enumerable, so it does not get into logs. */
  readonly secret: string
}

/** The limits of a tenant. `null` stands for the server's default; in a change, a limit that is absent stays as it is. */
export interface TenantLimits {
  /** Requests in a second, on average. */
  requestsPerSecond?: number | null | undefined
  /** Requests that may arrive at once. */
  requestBurst?: number | null | undefined
  /** Creates of sandboxes in a second, on average. */
  createsPerSecond?: number | null | undefined
  /** Creates that may arrive at once. */
  createBurst?: number | null | undefined
  /** Sandboxes at a time. */
  sandboxes?: number | null | undefined
  /** The sum of the memory limits of the sandboxes, in MiB. */
  memoryMib?: number | null | undefined
  /** Runs that are executed at the same time. */
  running?: number | null | undefined
  /** The longest lifetime of a sandbox, in seconds. */
  lifetimeSeconds?: number | null | undefined
  /** The longest idle timeout of a sandbox, in seconds. */
  idleSeconds?: number | null | undefined
  /** Bytes of stored events. Beyond them, the oldest ended runs lose their events. */
  outputBytes?: number | null | undefined
  /** The largest file that can be uploaded, in bytes. */
  fileBytes?: number | null | undefined
  /** Transfers of files at the same time. */
  transfers?: number | null | undefined
  /** Requests with a body of more than 1 MiB at the same time. */
  largeBodies?: number | null | undefined
  /** The only hosts that sandboxes can reach. `null`: as the server allows. */
  egressHosts?: readonly string[] | null | undefined
}

/** A tenant as the server describes it. `raw` is the complete answer. */
export interface TenantInfo {
  readonly id: string
  readonly name: string
  readonly state: 'active' | 'suspended' | 'deleted' | (string & {})
  /** As they were set; with `current`, as they are in effect. */
  readonly limits: Readonly<TenantLimits>
  readonly createdAt: string | undefined
  /** What it has in use; only with `current`, and only if the tenant has limits. */
  readonly inUse: { readonly sandboxes: number, readonly running: number, readonly memoryMib: number } | undefined
  readonly raw: Readonly<Fields>
}

/** What was used by one group: a day, a tenant, a key, or a combination of them. What is not grouped by is `undefined`. */
export interface UsageRow {
  /** In UTC, such as `2026-11-29`. */
  readonly day: string | undefined
  readonly tenant: string | undefined
  /** The id of the key; `undefined` also for callers without a key. */
  readonly key: string | undefined
  readonly keyName: string | undefined
  /** Sandboxes that were created. */
  readonly sandboxes: number
  /** How long sandboxes lived. */
  readonly sandboxSeconds: number
  /** The CPU time of their processes. */
  readonly cpuSeconds: number
  /** Memory limit times lifetime, in GiB × s. */
  readonly memoryGibSeconds: number
  /** Runs that ended. */
  readonly runs: number
  /** Bytes of the events of those runs. */
  readonly bytesOut: number
}

/** What was used in a range of days. */
export interface UsageReport {
  readonly firstDay: string
  /** The last day, included. */
  readonly lastDay: string
  /** In the order of days, tenants and keys. */
  readonly rows: readonly UsageRow[]
  readonly total: UsageRow
  readonly asOf: string | undefined
}

/** One entry of an audit log. `raw` is the complete entry, over which its hash is computed. */
export interface AuditEntry {
  /** Entries of a tenant are numbered without gaps, from 1. */
  readonly seq: number
  readonly id: string
  readonly at: string
  readonly tenant: string
  /** Such as `key.create` or `sandbox.end`. */
  readonly action: string
  readonly actorType: string | undefined
  /** The id of the key that acted, or the subject of a token. */
  readonly actorId: string | undefined
  readonly targetType: string | undefined
  readonly targetId: string | undefined
  /** Why a sandbox ended. */
  readonly reason: string | undefined
  /** The address from which the request came. */
  readonly address: string | undefined
  readonly userAgent: string | undefined
  readonly traceId: string | undefined
  /** By field: the value before and the value after. */
  readonly changes: Readonly<Fields>
  /** The hash of the entry before. */
  readonly prev: string
  readonly hash: string
  readonly raw: Readonly<Fields>
}

/** @internal */ export function keyInfo (body: Fields): KeyInfo {
  return {
    id: String(body['id']),
    name: text(body, 'name') ?? '',
    tenant: text(body, 'tenant') ?? '',
    scopes: texts(body, 'scopes'),
    state: text(body, 'state') ?? '',
    prefix: text(body, 'prefix'),
    createdAt: text(body, 'created_at'),
    createdBy: text(body, 'created_by'),
    expiresAt: text(body, 'expires_at'),
    lastUsedAt: text(body, 'last_used_at'),
    replaces: text(body, 'replaces'),
    raw: body
  }
}

/** @internal */ export function newKey (body: Fields): NewKey {
  const { key, ...described } = body
  return Object.defineProperty(keyInfo(described), 'secret', { value: String(key), enumerable: false }) as NewKey
}

/** @internal */ export function tenantInfo (body: Fields): TenantInfo {
  const use = object(body, 'in_use')
  return {
    id: String(body['id']),
    name: text(body, 'name') ?? '',
    state: text(body, 'state') ?? '',
    limits: Object.fromEntries(Object.entries(object(body, 'limits') ?? {}).map(([name, value]) => [camel(name), value])),
    createdAt: text(body, 'created_at'),
    inUse: use && { sandboxes: count(use, 'sandboxes'), running: count(use, 'running'), memoryMib: count(use, 'memory_mib') },
    raw: body
  }
}

/** Limits as the server reads them. A `null` sets a limit back to the server's default, so it is sent. @internal */
export function limitFields (limits: TenantLimits | undefined): Fields | undefined {
  return limits && Object.fromEntries(Object.entries(limits).map(([name, value]) => [name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`), value]))
}

/** @internal */ export function usageReport (body: Fields): UsageReport {
  return {
    firstDay: String(body['from']),
    lastDay: String(body['to']),
    rows: (body['rows'] as Fields[]).map(usageRow),
    total: usageRow(body['total'] as Fields),
    asOf: text(body, 'as_of')
  }
}

function usageRow (body: Fields): UsageRow {
  return {
    day: text(body, 'day'),
    tenant: text(body, 'tenant'),
    key: text(body, 'key'),
    keyName: text(body, 'key_name'),
    sandboxes: count(body, 'sandboxes'),
    sandboxSeconds: count(body, 'sandbox_seconds'),
    cpuSeconds: count(body, 'cpu_seconds'),
    memoryGibSeconds: count(body, 'memory_gib_seconds'),
    runs: count(body, 'runs'),
    bytesOut: count(body, 'bytes_out')
  }
}

/** @internal */ export function auditEntry (body: Fields): AuditEntry {
  const [actor, target, source] = ['actor', 'target', 'source'].map(name => object(body, name) ?? {}) as [Fields, Fields, Fields]
  return {
    seq: count(body, 'seq'),
    id: text(body, 'id') ?? '',
    at: String(body['at']),
    tenant: text(body, 'tenant') ?? '',
    action: String(body['action']),
    actorType: text(actor, 'type'),
    actorId: text(actor, 'id'),
    targetType: text(target, 'type'),
    targetId: text(target, 'id'),
    reason: text(body, 'reason'),
    address: text(source, 'address'),
    userAgent: text(source, 'user_agent'),
    traceId: text(body, 'trace_id'),
    changes: object(body, 'changes') ?? {},
    prev: text(body, 'prev') ?? '',
    hash: text(body, 'hash') ?? '',
    raw: body
  }
}

function camel (name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

function count (body: Fields, name: string): number {
  const value = body[name]
  return typeof value === 'number' ? value : 0
}

function object (body: Fields, name: string): Fields | undefined {
  const value = body[name]
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Fields : undefined
}
