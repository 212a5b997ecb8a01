import type { Http } from './http.js'
import { get, identifier } from './requests.js'
import { newWebhook, webhookDelivery, webhookInfo, type NewWebhook, type WebhookDelivery, type WebhookInfo } from './webhookModels.js'

type Fields = Record<string, unknown>

const WEBHOOKS = '/v1/webhooks'

/** Calls that tell a tenant's own programs of events. All methods need a key with the scope `keys`; without it they reject with InsufficientScopeError. */
export class Webhooks {
  /** @internal */
  constructor (private readonly http: Http) {}

  /**
   * Creates a webhook. Only the result has its `secret`.
   *
   * `url`: an https address of the public internet. `events`: types of events, or groups such as `run.*`; `*` for all. It is not repeated if the answer
   * is lost: delete the webhook whose secret nobody has then. Rejects with AddressRefusedError, WebhookQuotaExceededError, and NotOfferedError on a
   * server without a key for secrets.
   */
  async create (url: string, events: readonly string[], { description }: { description?: string } = {}): Promise<NewWebhook> {
    const request = { method: 'POST', target: WEBHOOKS, headers: this.http.trace(), json: { url, events, description }, isRepeatable: false }
    return newWebhook(await this.http.json<Fields>(request, 'create the webhook'))
  }

  /** The webhooks of the tenant, oldest first. */
  async list (): Promise<WebhookInfo[]> {
    return (await this.http.json<{ webhooks: Fields[] }>(get(WEBHOOKS, this.http.trace()), 'list the webhooks')).webhooks.map(webhookInfo)
  }

  /** Describes a webhook. Rejects with WebhookNotFoundError. */
  async get (webhookId: string): Promise<WebhookInfo> {
    return webhookInfo(await this.http.json<Fields>(get(pathOf(webhookId), this.http.trace()), 'describe the webhook'))
  }

  /**
   * Changes a webhook. What is absent stays as it is. One that becomes active again is called with what waited and with what came meanwhile.
   * Rejects with WebhookNotFoundError and AddressRefusedError.
   */
  async update (webhookId: string, changes: { url?: string, events?: readonly string[], description?: string, state?: 'active' | 'disabled' }): Promise<WebhookInfo> {
    return webhookInfo(await this.http.json<Fields>({ method: 'PATCH', target: pathOf(webhookId), headers: this.http.trace(), json: changes }, 'change the webhook'))
  }

  /** Draws a new secret; for 24 hours the old one signs too. It is not repeated if the answer is lost. Rejects with WebhookNotFoundError. */
  async rotate (webhookId: string): Promise<NewWebhook> {
    const request = { method: 'POST', target: `${pathOf(webhookId)}/rotate`, headers: this.http.trace(), isRepeatable: false }
    return newWebhook(await this.http.json<Fields>(request, 'replace the secret of the webhook'))
  }

  /** Deletes a webhook. What waits for it is not sent any more. Rejects with WebhookNotFoundError. */
  async delete (webhookId: string): Promise<void> {
    await this.http.json({ method: 'DELETE', target: pathOf(webhookId), headers: this.http.trace() }, 'delete the webhook')
  }

  /** Sends one message of the type `webhook.test`. `deliveries` shows what came of it. Rejects with WebhookNotFoundError and WebhookDisabledError. */
  async test (webhookId: string): Promise<void> {
    await this.http.json({ method: 'POST', target: `${pathOf(webhookId)}/test`, headers: this.http.trace() }, 'test the webhook')
  }

  /** What waits to be sent, and the last 100 that do not wait, newest first. Rejects with WebhookNotFoundError. */
  async deliveries (webhookId: string): Promise<WebhookDelivery[]> {
    const found = await this.http.json<{ deliveries: Fields[] }>(get(`${pathOf(webhookId)}/deliveries`, this.http.trace()), 'list the deliveries')
    return found.deliveries.map(webhookDelivery)
  }

  /** Delivers an event once more, with the same `webhook-id`. Rejects with WebhookNotFoundError, DeliveryNotFoundError, EventsEvictedError and WebhookDisabledError. */
  async replay (webhookId: string, eventSeq: number): Promise<void> {
    await this.http.json({ method: 'POST', target: `${pathOf(webhookId)}/deliveries/${eventSeq}/replay`, headers: this.http.trace() }, 'repeat the delivery')
  }
}

function pathOf (webhookId: string): string {
  return `${WEBHOOKS}/${identifier('webhookId', webhookId, 'whk_')}`
}
