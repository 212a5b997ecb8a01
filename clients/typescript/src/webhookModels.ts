import { number, text, texts, type Fields } from './fields.js'

/** Something that happened to a sandbox or one of its runs. */
export interface FeedEvent {
  /** Events of a tenant are numbered without gaps. */
  readonly seq: number
  /** Webhooks send it as `webhook-id`. */
  readonly id: string
  readonly type: 'sandbox.created' | 'sandbox.ended' | 'sandbox.lost' | 'run.started' | 'run.ended' | (string & {})
  readonly at: Date
  readonly sandboxId: string
  readonly runId: string | undefined
  /** More about it. It never has code or output. */
  readonly data: Readonly<Fields>
}

/** A webhook, without its secret. `raw` is the complete answer. */
export interface WebhookInfo {
  readonly id: string
  readonly url: string
  /** Types of events, or groups such as `run.*`. */
  readonly events: readonly string[]
  readonly description: string
  readonly state: 'active' | 'disabled' | (string & {})
  readonly disabledBecause: string | undefined
  readonly createdAt: string | undefined
  /** Events that wait for their next attempt. */
  readonly pending: number
  /** Events that had left the feed before they could be sent. */
  readonly skipped: number
  readonly raw: Readonly<Fields>
}

/** A webhook that was just created, or whose secret was just replaced. */
export interface NewWebhook extends WebhookInfo {
  /** Signs the calls. The server shows it only once, and `raw` does not contain it. It is not enumerable, so it does not get into logs. */
  readonly secret: string
}

export interface WebhookAttempt {
  readonly ts: string | undefined
  /** The status code of the response, or `timeout`, `connect` or `address_refused`. */
  readonly outcome: string
  readonly ms: number | undefined
}

/** One event on its way to a webhook. */
export interface WebhookDelivery {
  readonly eventId: string
  /** `undefined` for a test, which is no event. */
  readonly eventSeq: number | undefined
  readonly type: string
  readonly state: 'pending' | 'delivered' | 'failed' | (string & {})
  readonly attempts: readonly WebhookAttempt[]
  readonly nextAt: string | undefined
}

/** @internal */ export function feedEvent (body: Fields): FeedEvent {
  return {
    seq: number(body, 'seq') ?? 0,
    id: text(body, 'id') ?? '',
    type: text(body, 'type') ?? '',
    at: new Date(number(body, 'ts') ?? 0),
    sandboxId: text(body, 'sandbox_id') ?? '',
    runId: text(body, 'run_id'),
    data: (body['data'] ?? {}) as Fields
  }
}

/** @internal */ export function webhookInfo (body: Fields): WebhookInfo {
  return {
    id: String(body['id']),
    url: text(body, 'url') ?? '',
    events: texts(body, 'events'),
    description: text(body, 'description') ?? '',
    state: text(body, 'state') ?? '',
    disabledBecause: text(body, 'disabled_because'),
    createdAt: text(body, 'created_at'),
    pending: number(body, 'pending') ?? 0,
    skipped: number(body, 'skipped') ?? 0,
    raw: body
  }
}

/** @internal */ export function newWebhook (body: Fields): NewWebhook {
  const { secret, ...rest } = body
  return Object.defineProperty(webhookInfo(rest), 'secret', { value: String(secret), enumerable: false }) as NewWebhook
}

/** @internal */ export function webhookDelivery (body: Fields): WebhookDelivery {
  return {
    eventId: text(body, 'event_id') ?? '',
    eventSeq: number(body, 'event_seq'),
    type: text(body, 'type') ?? '',
    state: text(body, 'state') ?? '',
    attempts: ((body['attempts'] ?? []) as Fields[]).map(attempt => ({ ts: text(attempt, 'ts'), outcome: text(attempt, 'outcome') ?? '', ms: number(attempt, 'ms') })),
    nextAt: text(body, 'next_at')
  }
}
