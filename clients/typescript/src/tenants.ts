import { limitFields, tenantInfo, type TenantInfo, type TenantLimits } from './administrationModels.js'
import type { Http } from './http.js'
import { sandboxInfo, type SandboxInfo } from './models.js'
import { get, identifier, withQuery } from './requests.js'

type Fields = Record<string, unknown>

const TENANTS = '/v1/tenants'

/** Tenants. All methods but `current` need a key with the scope `admin`; without it they reject with InsufficientScopeError. */
export class Tenants {
  /** @internal */
  constructor (private readonly http: Http) {}

  /**
   * Creates a tenant. `tenantId`: 1 to 64 letters, digits, `-`, `_` or `.`. `limits`: what differs from the server's defaults. It is not repeated if
   * the answer is lost. Rejects with TenantExistsError if the id is used, or was used.
   */
  async create (tenantId: string, { name, limits }: { name?: string, limits?: TenantLimits } = {}): Promise<TenantInfo> {
    const json = { id: tenantId, name, limits: limitFields(limits) }
    return tenantInfo(await this.http.json<Fields>({ method: 'POST', target: TENANTS, headers: this.http.trace(), json, isRepeatable: false }, 'create the tenant'))
  }

  /** All tenants, in the order of their ids. */
  async * list ({ pageSize }: { pageSize?: number } = {}): AsyncGenerator<TenantInfo, void, undefined> {
    for (let cursor: string | undefined; ;) {
      const target = withQuery(TENANTS, { limit: pageSize, cursor })
      const page = await this.http.json<{ tenants: Fields[], next_cursor?: string | null }>(get(target, this.http.trace()), 'list the tenants')
      yield * page.tenants.map(tenantInfo)
      if (!page.next_cursor || page.next_cursor === cursor) return
      cursor = page.next_cursor
    }
  }

  /** Describes a tenant, with the limits that were set for it. Rejects with TenantNotFoundError. */
  async get (tenantId: string): Promise<TenantInfo> {
    return tenantInfo(await this.http.json<Fields>(get(pathOf(tenantId), this.http.trace()), 'describe the tenant'))
  }

  /** Describes the tenant of this client's key, with the limits that are in effect and what it has in use. Every key may do this. */
  async current (): Promise<TenantInfo> {
    return tenantInfo(await this.http.json<Fields>(get(`${TENANTS}/current`, this.http.trace()), 'describe the tenant of this client'))
  }

  /**
   * Changes a tenant. What is absent stays as it is, and so does a limit that `limits` does not have. `state`: `suspended` refuses all keys of the
   * tenant, `active` accepts them again. `endSandboxes`: true also ends its sandboxes, with `suspended`. Rejects with TenantNotFoundError.
   */
  async update (tenantId: string, changes: { name?: string, limits?: TenantLimits, state?: 'active' | 'suspended', endSandboxes?: boolean }): Promise<TenantInfo> {
    if (changes.endSandboxes === true && changes.state !== 'suspended') throw new RangeError("endSandboxes: true needs state: 'suspended'")
    const json = { name: changes.name, limits: limitFields(changes.limits), state: changes.state, end_sandboxes: changes.endSandboxes }
    return tenantInfo(await this.http.json<Fields>({ method: 'PATCH', target: pathOf(tenantId), headers: this.http.trace(), json }, 'change the tenant'))
  }

  /** Deletes a tenant for good: its keys end at once, its sandboxes shortly after. Usage and audit log remain. Rejects with TenantNotFoundError. */
  async delete (tenantId: string): Promise<void> {
    await this.http.json({ method: 'DELETE', target: pathOf(tenantId), headers: this.http.trace() }, 'delete the tenant')
  }

  /** The sandboxes of a tenant, without what the tenant has put into them. Rejects with TenantNotFoundError. */
  async * listSandboxes (tenantId: string, options: { state?: 'ready' | 'ending' | 'ended' | 'lost', pageSize?: number } = {}): AsyncGenerator<SandboxInfo, void, undefined> {
    for (let cursor: string | undefined; ;) {
      const target = withQuery(`${pathOf(tenantId)}/sandboxes`, { state: options.state, limit: options.pageSize, cursor })
      const page = await this.http.json<{ sandboxes: Fields[], next_cursor?: string | null }>(get(target, this.http.trace()), 'list the sandboxes of the tenant')
      yield * page.sandboxes.map(sandboxInfo)
      if (!page.next_cursor || page.next_cursor === cursor) return
      cursor = page.next_cursor
    }
  }

  /** Ends a sandbox of a tenant. Rejects with TenantNotFoundError and SandboxNotFoundError. */
  async deleteSandbox (tenantId: string, sandboxId: string): Promise<void> {
    const target = `${pathOf(tenantId)}/sandboxes/${identifier('sandboxId', sandboxId, 'sbx_')}`
    await this.http.json({ method: 'DELETE', target, headers: this.http.trace() }, 'end the sandbox of the tenant')
  }
}

function pathOf (tenantId: string): string {
  return `${TENANTS}/${identifier('tenantId', tenantId, 'acme')}`
}
