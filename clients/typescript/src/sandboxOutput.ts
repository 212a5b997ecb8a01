import { Budget } from './budget.js'
import { PodflareError, StreamEndedError } from './errors.js'
import { Cursor, LineSplitter, parseEvent } from './eventLines.js'
import type { Event } from './events.js'
import type { Http } from './http.js'
import { BACKGROUND, get, readEvents, sandboxPath } from './requests.js'

/** The background output of a sandbox: what there is, or with `follow` until the sandbox ends. */
export async function * readBackground (http: Http, sandboxId: string, after: number, follow: boolean): AsyncGenerator<Event, void, undefined> {
  const { retry, heartbeatSeconds } = http.settings
  const cursor = new Cursor(after)
  const budget = new Budget(retry, retry.resumeSeconds)
  const doing = 'read the background output'
  for (;;) {
    let problem: PodflareError
    try {
      const connection = await http.open(readEvents(sandboxId, BACKGROUND, cursor.after, { heartbeat: heartbeatSeconds, trace: http.trace(), follow }), doing)
      try {
        cursor.runId = connection.headers.get('podflare-run-id') ?? BACKGROUND
        const splitter = new LineSplitter()
        for (let piece = await connection.read(doing); piece !== undefined; piece = await connection.read(doing)) {
          const taken = cursor.take(splitter.feed(piece))
          if (taken.events.length > 0) budget.reset()
          yield * taken.events
          if (taken.problem !== undefined) throw taken.problem
          if (cursor.hasExit) return
        }
      } finally {
        connection.close()
      }
      if (!follow) return
      problem = new StreamEndedError('the background output ended without its exit')
    } catch (e) {
      if (!(e instanceof PodflareError)) throw e
      if (after === 0 && cursor.after === 0 && e.oldestSeq) {
        // A caller that asks for all events gets those that are still stored.
        cursor.after = e.oldestSeq - 1
        continue
      }
      problem = e
    }
    problem.lastSeq = cursor.after
    await budget.pause(problem)
  }
}

/** The last events of a sandbox over all its runs. Events that were returned before a reconnection are skipped. */
export async function * readReplay (http: Http, sandboxId: string): AsyncGenerator<Event, void, undefined> {
  const { retry } = http.settings
  const budget = new Budget(retry)
  const seen = new Map<string | undefined, number>()
  const doing = 'read the replay'
  for (;;) {
    try {
      const connection = await http.open(get(`${sandboxPath(sandboxId)}/replay`, http.trace()), doing)
      try {
        const splitter = new LineSplitter()
        for (let piece = await connection.read(doing); piece !== undefined; piece = await connection.read(doing)) {
          for (const line of splitter.feed(piece)) {
            const event = parseEvent(line, undefined)
            if (event === undefined || event.seq <= (seen.get(event.runId) ?? 0)) continue
            seen.set(event.runId, event.seq)
            budget.reset()
            yield event
          }
        }
        return
      } finally {
        connection.close()
      }
    } catch (e) {
      if (!(e instanceof PodflareError)) throw e
      await budget.pause(e)
    }
  }
}
