import { auditEntry, usageReport, type AuditEntry, type UsageGroup, type UsageReport } from './administrationModels.js'
import { NotFoundError } from './apiErrors.js'
import { Hosts } from './hosts.js'
import { Http } from './http.js'
import { Keys } from './keys.js'
import { sandboxInfo, templateInfo, type SandboxInfo, type TemplateInfo } from './models.js'
import { overviewOf, serverInfo, type Overview, type ServerInfo } from './operationModels.js'
import { get, postOnce, sandboxPath, withQuery } from './requests.js'
import { settingsOf, type ClientOptions } from './settings.js'
import { Telemetry } from './telemetry.js'
import { Tenants } from './tenants.js'
import { traceHeaders, type TraceSource } from './trace.js'
import { feedEvent, type FeedEvent } from './webhookModels.js'
import { Webhooks } from './webhooks.js'

// Shorter than what proxies allow a response to take.
const WAIT_SECONDS = 20

type Body = Record<string, unknown>

/** What a sandbox is created with. */
export interface CreateOptions {
  /** The name of the image. Default: the server's default template. */
  template?: string | undefined
  /** The longest lifetime. Default: 24 hours. */
  timeoutSeconds?: number | undefined
  /** The longest time without a run or a file call. Default: 30 minutes. */
  idleTimeoutSeconds?: number | undefined
  /** Memory in MiB. */
  ramMib?: number | undefined
  /** Disk in GiB. */
  rootfsGb?: number | undefined
  /** Whether the sandbox can reach the internet; or the only hosts that it can reach with HTTPS, such as `{ allow: ["api.example.com"] }`. */
  egress?: boolean | { readonly allow: readonly string[] } | undefined
  /** Up to 32 pairs to find the sandbox by. */
  metadata?: Record<string, string> | undefined
  /** Environment variables of all its runs. */
  env?: Record<string, string> | undefined
  /** `false` keeps the code and output of all its runs from the tenant's telemetry destination. */
  captureContent?: false | undefined
  /** The trace that everything in this sandbox belongs to (W3C Trace Context). */
  traceparent?: TraceSource | undefined
  /** The server creates one sandbox for each key. Default: a new one for each call. */
  idempotencyKey?: string | undefined
  signal?: AbortSignal | undefined
}

export interface ListOptions {
  state?: 'ready' | 'ending' | 'ended' | 'lost' | undefined
  /** Only those that have these pairs. */
  metadata?: Record<string, string> | undefined
  /** Sandboxes in one request; the server's default is 100, its maximum 1,000. */
  pageSize?: number | undefined
}

export interface UsageOptions {
  /** A day such as `2026-11-01`, in UTC. Default: 30 days up to the last day. */
  firstDay?: string | undefined
  /** The last day, included; at most 400 days in all. Default: today. */
  lastDay?: string | undefined
  /** What rows are grouped by. Default: day and key. */
  groupBy?: readonly UsageGroup[] | undefined
  /** Another tenant, or `*` for all; needs the scope `admin`. */
  tenant?: string | undefined
}

export interface AuditOptions {
  since?: Date | undefined
  /** Only entries before this. */
  until?: Date | undefined
  /** Only this action, such as `key.revoke`. */
  action?: string | undefined
  /** Only acts of the key with this id. */
  actor?: string | undefined
  /** Another tenant, or `_server`; needs the scope `admin`. */
  tenant?: string | undefined
  /** Entries in one request, at most 1,000. */
  pageSize?: number | undefined
}

export interface EventOptions {
  /** The `seq` after which to begin. Default: 0, the oldest event that is kept. */
  after?: number | undefined
  /** Only these types; `run.*` selects all events of runs. */
  types?: readonly string[] | undefined
  sandboxId?: string | undefined
}

/** A connection to a Podflare server, to be shared by sandboxes. */
export class Client {
  /** @internal */
  readonly http: Http

  /** @throws RangeError for an option that cannot be used. */
  constructor (options: ClientOptions = {}) {
    this.http = new Http(settingsOf(options))
  }

  /** The server's address. */
  get baseUrl (): string {
    return this.http.settings.base
  }

  /** Creates a sandbox. See `Sandbox.create`. */
  async createSandbox (options: CreateOptions = {}): Promise<SandboxInfo> {
    const json = {
      template: options.template,
      timeout_seconds: options.timeoutSeconds,
      idle_timeout_seconds: options.idleTimeoutSeconds,
      ram_mib: options.ramMib,
      rootfs_gb: options.rootfsGb,
      egress: options.egress,
      metadata: options.metadata,
      env: options.env,
      capture_content: options.captureContent,
      // In the body, it is the trace of all runs of the sandbox that have none of their own.
      ...(options.traceparent === undefined ? {} : traceHeaders(options.traceparent, undefined))
    }
    const request = postOnce('/v1/sandboxes', json, this.http.trace(options.traceparent), options.idempotencyKey)
    return sandboxInfo(await this.http.json<Body>(request, 'create the sandbox', options.signal))
  }

  /** Describes a sandbox. It works for a day after the sandbox's end. */
  async getSandbox (id: string): Promise<SandboxInfo> {
    return sandboxInfo(await this.http.json<Body>(get(sandboxPath(id), this.http.trace()), 'describe the sandbox'))
  }

  /** All sandboxes of this API key. Further pages are requested as they are needed. */
  async * listSandboxes (options: ListOptions = {}): AsyncGenerator<SandboxInfo, void, undefined> {
    const metadata = Object.fromEntries(Object.entries(options.metadata ?? {}).map(([name, value]) => [`metadata.${name}`, value]))
    for (let cursor: string | undefined; ;) {
      const target = withQuery('/v1/sandboxes', { state: options.state, limit: options.pageSize, cursor, ...metadata })
      const page = await this.http.json<{ sandboxes: Body[], next_cursor?: string | null }>(get(target, this.http.trace()), 'list the sandboxes')
      yield * page.sandboxes.map(sandboxInfo)
      if (!page.next_cursor || page.next_cursor === cursor) return
      cursor = page.next_cursor
    }
  }

  /** Ends a sandbox. Repeating it is harmless. */
  async deleteSandbox (id: string): Promise<void> {
    try {
      await this.http.json({ method: 'DELETE', target: sandboxPath(id), headers: this.http.trace() }, 'delete the sandbox')
    } catch (e) {
      if (!(e instanceof NotFoundError)) throw e
    }
  }

  /** The templates that a sandbox can be created from, as this server knows them. */
  async listTemplates (): Promise<TemplateInfo[]> {
    const found = await this.http.json<{ templates: Body[] }>(get('/v1/templates', this.http.trace()), 'list the templates')
    return found.templates.map(templateInfo)
  }

  /** The API keys of a tenant. */
  get keys (): Keys {
    return new Keys(this.http)
  }

  /** The tenants of the server, for administrators. */
  get tenants (): Tenants {
    return new Tenants(this.http)
  }

  /** The webhooks of the tenant. */
  get webhooks (): Webhooks {
    return new Webhooks(this.http)
  }

  /** Where the telemetry of the tenant goes. */
  get telemetry (): Telemetry {
    return new Telemetry(this.http)
  }

  /** The hosts of the cluster, for administrators. */
  get hosts (): Hosts {
    return new Hosts(this.http)
  }

  /** What the tenant does now, and did in the last hour. Needs the scope `read`. */
  async overview (): Promise<Overview> {
    return overviewOf(await this.http.json<Body>(get('/v1/overview', this.http.trace()), 'describe what happens now'))
  }

  /** Describes the server. No API key is needed. */
  async serverInfo (): Promise<ServerInfo> {
    return serverInfo(await this.http.json<Body>(get('/v1/info', this.http.trace()), 'describe the server'))
  }

  /** What happened to the tenant's sandboxes and runs, oldest first. Rejects with EventsEvictedError if the event after `after` is no longer kept. */
  listEvents (options: EventOptions = {}): AsyncGenerator<FeedEvent, void, undefined> {
    return this.readEvents(options, undefined)
  }

  /** As `listEvents`, and waits for further events until the caller stops. */
  followEvents (options: EventOptions = {}): AsyncGenerator<FeedEvent, void, undefined> {
    return this.readEvents(options, WAIT_SECONDS)
  }

  /**
   * What was used, by day in UTC and by API key. Needs the scope `read`, and for other tenants `admin`. Rejects with InsufficientScopeError and
   * TenantNotFoundError.
   */
  async usage (options: UsageOptions = {}): Promise<UsageReport> {
    const query = { from: options.firstDay, to: options.lastDay, group_by: options.groupBy?.join(','), tenant: options.tenant, format: 'json' }
    return usageReport(await this.http.json<Body>(get(withQuery('/v1/usage', query), this.http.trace()), 'report the usage'))
  }

  /** The audit log, newest first. Needs the scope `keys`, and for another tenant `admin`. Further pages are requested as they are needed. */
  async * listAuditEntries (options: AuditOptions = {}): AsyncGenerator<AuditEntry, void, undefined> {
    const { since, until, action, actor, tenant, pageSize } = options
    for (let cursor: string | undefined; ;) {
      const target = withQuery('/v1/audit', { from: since?.toISOString(), to: until?.toISOString(), action, actor, tenant, limit: pageSize, cursor })
      const page = await this.http.json<{ entries: Body[], next_cursor?: string | null }>(get(target, this.http.trace()), 'read the audit log')
      yield * page.entries.map(auditEntry)
      if (!page.next_cursor || page.next_cursor === cursor) return
      cursor = page.next_cursor
    }
  }

  /** Rejects if the server does not answer. */
  async checkHealth (): Promise<void> {
    const connection = await this.http.stream(get('/v1/healthz', {}), 'ask for the health')
    await connection.text('ask for the health')
  }

  private async * readEvents ({ after = 0, types, sandboxId }: EventOptions, wait: number | undefined): AsyncGenerator<FeedEvent, void, undefined> {
    for (let next = after; ;) {
      const target = withQuery('/v1/events', { after: next, types: types?.join(','), sandbox: sandboxId, wait })
      const page = await this.http.json<{ events: Body[], next_after: number }>(get(target, this.http.trace()), 'list the events')
      yield * page.events.map(feedEvent)
      // A page with a filter may be empty although more events follow.
      if (wait === undefined && page.next_after === next) return
      next = page.next_after
    }
  }

  /** Ends all connections of this client. Sandboxes and their runs continue. */
  close (): void {
    this.http.close()
  }
}
