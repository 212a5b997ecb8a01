import { keyInfo, newKey, type KeyInfo, type KeyState, type NewKey, type Scope } from './administrationModels.js'
import type { Http } from './http.js'
import { get, identifier, withQuery } from './requests.js'

type Fields = Record<string, unknown>

const KEYS = '/v1/keys'

/** API keys. All methods but `current` need a key with the scope `keys`, and for another tenant `admin`; without it they reject with InsufficientScopeError. */
export class Keys {
  /** @internal */
  constructor (private readonly http: Http) {}

  /**
   * Creates a key. Only the result has its `secret`.
   *
   * `scopes`: what it allows, by default `sandboxes`. A key cannot grant a scope that it does not have; one with `admin` can grant all.
   * `expiresInSeconds`: its life. Default: it does not expire. `tenant`: another tenant. It is not repeated if the answer is lost: revoke the key
   * that nobody has then. Rejects with KeyQuotaExceededError if the tenant has as many keys as it may have.
   */
  async create (name: string, options: { scopes?: readonly Scope[], expiresInSeconds?: number, tenant?: string } = {}): Promise<NewKey> {
    const { scopes = ['sandboxes'], expiresInSeconds, tenant } = options
    const json = { name, scopes, expires_in_seconds: expiresInSeconds, tenant }
    return newKey(await this.http.json<Fields>({ method: 'POST', target: KEYS, headers: this.http.trace(), json, isRepeatable: false }, 'create the key'))
  }

  /** The keys of a tenant: those of the server's environment, then the others, newest first. Ended keys are listed for 90 days. */
  async * list (options: { tenant?: string, state?: KeyState, pageSize?: number } = {}): AsyncGenerator<KeyInfo, void, undefined> {
    for (let cursor: string | undefined; ;) {
      const target = withQuery(KEYS, { tenant: options.tenant, state: options.state, limit: options.pageSize, cursor })
      const page = await this.http.json<{ keys: Fields[], next_cursor?: string | null }>(get(target, this.http.trace()), 'list the keys')
      yield * page.keys.map(keyInfo)
      if (!page.next_cursor || page.next_cursor === cursor) return
      cursor = page.next_cursor
    }
  }

  /** Describes a key. Rejects with KeyNotFoundError. */
  async get (keyId: string): Promise<KeyInfo> {
    return keyInfo(await this.http.json<Fields>(get(pathOf(keyId), this.http.trace()), 'describe the key'))
  }

  /** Describes the key of this client. Every key may do this. Rejects with KeyNotFoundError on a server without authentication. */
  async current (): Promise<KeyInfo> {
    return keyInfo(await this.http.json<Fields>(get(`${KEYS}/current`, this.http.trace()), 'describe the key of this client'))
  }

  /**
   * Changes a key. What is absent stays as it is. A key can only reduce its own rights. `expiresInSeconds`: its life from now.
   * Rejects with KeyNotFoundError, and KeyFromEnvironmentError for a key of the server's environment.
   */
  async update (keyId: string, changes: { name?: string, scopes?: readonly Scope[], expiresInSeconds?: number }): Promise<KeyInfo> {
    const json = { name: changes.name, scopes: changes.scopes, expires_in_seconds: changes.expiresInSeconds }
    return keyInfo(await this.http.json<Fields>({ method: 'PATCH', target: pathOf(keyId), headers: this.http.trace(), json }, 'change the key'))
  }

  /**
   * Replaces a key by a new one with the same rights and length of life. Only the result has its `secret`. `overlapSeconds`: how long the old key
   * still works, 0 to 30 days, by default 24 hours. It is not repeated if the answer is lost. Rejects with KeyNotFoundError and KeyFromEnvironmentError.
   */
  async rotate (keyId: string, { overlapSeconds }: { overlapSeconds?: number } = {}): Promise<NewKey> {
    const request = { method: 'POST', target: `${pathOf(keyId)}/rotate`, headers: this.http.trace(), json: { overlap_seconds: overlapSeconds }, isRepeatable: false }
    return newKey(await this.http.json<Fields>(request, 'rotate the key'))
  }

  /**
   * Ends a key: every server refuses it about a second later, and aborts its open streams. Repeating it is harmless.
   * Rejects with KeyNotFoundError and KeyFromEnvironmentError.
   */
  async revoke (keyId: string): Promise<void> {
    await this.http.json({ method: 'DELETE', target: pathOf(keyId), headers: this.http.trace() }, 'revoke the key')
  }
}

function pathOf (keyId: string): string {
  // A secret does not belong into an address, which is logged on its way.
  if (keyId.startsWith('pf_live_')) throw new RangeError('keyId must be the id of a key, not its secret')
  return `${KEYS}/${identifier('keyId', keyId, 'key_')}`
}
