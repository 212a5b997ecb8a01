import { Budget } from './budget.js'
import { PodflareError, ProtocolError, StreamEndedError } from './errors.js'
import { Cursor, LineSplitter } from './eventLines.js'
import type { Event } from './events.js'
import type { Connection, Http, Request } from './http.js'
import { mayHaveArrived } from './problems.js'
import type { RunFacts } from './result.js'

/** What is known of a run while its events are read. */
export class RunState implements RunFacts {
  traceId: string | undefined
  replRestarted = false
  wasReplayed = false
  warnings: readonly string[] = []
  /** The start was sent, and no answer ruled out that it arrived. */
  mayHaveStarted = false
  /** How often the server has begun to send the run's events. */
  connections = 0

  constructor (
    public runId: string | undefined,
    /** The request that starts it; undefined for a run that was started elsewhere. */
    readonly start: Request | undefined
  ) {}

  accept (headers: Headers): void {
    this.connections++
    this.runId ??= headers.get('podflare-run-id') ?? undefined
    this.traceId = headers.get('podflare-trace-id') ?? this.traceId
    this.replRestarted ||= headers.get('podflare-repl-restarted') === '1'
    this.wasReplayed ||= headers.get('idempotent-replayed') === 'true'
    const note = headers.get('podflare-warning')
    // The server joins them; a reconnection repeats them.
    if (note) this.warnings = note.split('; ')
  }
}

/**
 * Reads a run's events, each once and in order, up to the exit, over as many connections as it takes. Until the run is accepted its start is
 * repeated, which its idempotency key makes safe; from then on only reading is repeated.
 */
export class RunReader {
  private readonly cursor: Cursor
  private budget: Budget
  private connection: Connection | undefined
  private connecting: Promise<Connection> | undefined
  private splitter = new LineSplitter()
  // What went wrong after the events that were returned last.
  private pending: PodflareError | undefined
  private isClosed = false

  constructor (
    private readonly http: Http,
    readonly state: RunState,
    private readonly resume: (runId: string, after: number) => Request,
    after: number,
    private readonly signal: AbortSignal | undefined
  ) {
    this.cursor = new Cursor(after, state.runId)
    const { retry } = http.settings
    this.budget = state.runId === undefined ? new Budget(retry) : new Budget(retry, retry.resumeSeconds)
  }

  get lastSeq (): number {
    return this.cursor.after
  }

  get hasExit (): boolean {
    return this.cursor.hasExit
  }

  /** Returns when the server has accepted the run. */
  async open (): Promise<void> {
    while (this.state.runId === undefined && !this.isClosed) {
      try {
        await this.connectOnce()
      } catch (e) {
        await this.pause(e)
      }
    }
  }

  /** Closes the connection of a run that goes on. The next event opens another one. */
  rest (): void {
    this.connection?.close()
    this.connection = undefined
  }

  /** The next events, or `undefined` after the exit or after `close`. */
  async next (): Promise<Event[] | undefined> {
    while (!this.cursor.hasExit && !this.isClosed) {
      try {
        if (this.pending !== undefined) throw this.pending
        const connection = this.connection ?? await this.connectOnce()
        const piece = await connection.read('read the run')
        if (piece === undefined) throw new StreamEndedError("the run's events ended without its exit")
        const before = this.cursor.after
        const { events, problem } = this.cursor.take(this.splitter.feed(piece))
        if (this.cursor.after > before) this.budget.reset()
        this.pending = problem
        if (this.cursor.hasExit) {
          // A connection whose answer was read to its end can be used again.
          await connection.read('read the run').catch(() => undefined)
          this.rest()
        }
        if (events.length > 0) return events
      } catch (e) {
        await this.pause(e)
      }
    }
    return undefined
  }

  /** Stops reading. The run continues. */
  close (): void {
    this.isClosed = true
    this.rest()
  }

  /** A writer may wait for the start while a reader reads. Both must get the same connection, or nobody would close the other one. */
  private async connectOnce (): Promise<Connection> {
    this.connecting ??= this.connect().finally(() => { this.connecting = undefined })
    return await this.connecting
  }

  private async connect (): Promise<Connection> {
    const { state, cursor } = this
    if (state.runId === undefined) {
      // Should the caller leave while the answer is awaited, the run may exist.
      const before = state.mayHaveStarted
      state.mayHaveStarted = true
      try {
        this.connection = await this.http.open(state.start!, 'start the run', this.signal)
      } catch (e) {
        if (e instanceof PodflareError) state.mayHaveStarted = before || mayHaveArrived(e)
        throw e
      }
    } else {
      this.connection = await this.http.open(this.resume(state.runId, cursor.after), 'read the run', this.signal)
    }
    this.splitter = new LineSplitter()
    if (state.runId === undefined) {
      const { retry } = this.http.settings
      this.budget = new Budget(retry, retry.resumeSeconds)
    }
    state.accept(this.connection.headers)
    // Without an id, repeating the start could start another run.
    if (state.runId === undefined) throw this.place(new ProtocolError("the server's answer has no run id"))
    cursor.runId = state.runId
    return this.connection
  }

  private async pause (problem: unknown): Promise<void> {
    this.rest()
    this.pending = undefined
    if (this.isClosed) return
    if (!(problem instanceof PodflareError) || (problem instanceof ProtocolError && this.state.runId === undefined)) throw problem
    await this.budget.pause(this.place(problem), this.signal)
  }

  private place (problem: PodflareError): PodflareError {
    problem.runId = this.state.runId
    problem.lastSeq = this.cursor.after
    return problem
  }
}
