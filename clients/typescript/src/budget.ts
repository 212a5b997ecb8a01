import type { PodflareError } from './errors.js'
import { ApiError } from './errors.js'
import { isWorthRepeating } from './problems.js'
import type { RetryPolicy } from './settings.js'

/** A number of attempts, and the delays between them. */
export class Budget {
  private used = 0
  private since = now()

  /** `seconds` limits how long attempts go on; without it, the policy's number of retries limits them. */
  constructor (private readonly policy: RetryPolicy, private readonly seconds?: number) {}

  reset (): void {
    this.used = 0
    this.since = now()
  }

  /** Waits before the next attempt, never less than the server asks for. Throws the problem if no attempt is left. */
  async pause (problem: PodflareError, signal?: AbortSignal): Promise<void> {
    if (problem instanceof ApiError && !isWorthRepeating(problem)) throw problem
    const { retries, firstDelaySeconds, maxDelaySeconds, maxRetryAfterSeconds } = this.policy
    const isSpent = this.seconds === undefined ? this.used >= retries : (now() - this.since) / 1000 >= this.seconds
    const retryAfter = problem.retryAfter ?? 0
    if (isSpent || retryAfter > maxRetryAfterSeconds) throw problem
    const delay = Math.min(maxDelaySeconds, firstDelaySeconds * 2 ** Math.min(this.used, 30))
    this.used++
    // Clients that were disconnected together must not return together.
    await sleep(1000 * (retryAfter + delay * (0.5 + Math.random() / 2)), signal)
  }
}

/** Waits. Rejects with the reason of the signal when that is aborted. */
export async function sleep (milliseconds: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted()
  await new Promise<void>((resolve, reject) => {
    const stop = () => { clearTimeout(timer); reject(signal!.reason) }
    const timer = setTimeout(() => { signal?.removeEventListener('abort', stop); resolve() }, milliseconds)
    signal?.addEventListener('abort', stop, { once: true })
  })
}

function now (): number {
  return performance.now()
}
